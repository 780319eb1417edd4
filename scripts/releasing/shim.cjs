#!/usr/bin/env node
'use strict';
// What npm calls `session-memory`: it finds the executable of this platform and becomes it. Where Node cannot become another
// program (before 22.15, and on Windows) it starts it, hands on signals, and ends as it ended.

const { spawn } = require('node:child_process');
const { accessSync, chmodSync, closeSync, constants, openSync } = require('node:fs');
const os = require('node:os');

function platform() {
  if (process.platform !== 'linux') return `${process.platform}-${process.arch}`;
  // Without this a report asks the network for the names of open connections.
  if (process.report) process.report.excludeNetwork = true;
  const glibc = process.report?.getReport().header.glibcVersionRuntime;
  return `linux-${process.arch}${glibc === undefined ? '-musl' : ''}`;
}

function findProgram() {
  const name = `@session-memory/${platform()}`;
  try {
    return require.resolve(`${name}/bin/session-memory${process.platform === 'win32' ? '.exe' : ''}`);
  } catch {
    console.error(
      `session-memory: the package ${name} is not installed, which holds the program for this system`,
    );
    console.error(
      '  Install it anew, with optional packages: npm install --global --include=optional session-memory',
    );
    process.exit(1);
  }
}

/** Some installers take the mode away; a call that fails inside `execve` would end this process without a word. */
function makeExecutable(file) {
  if (process.platform === 'win32') return;
  try {
    accessSync(file, constants.X_OK);
  } catch {
    try {
      chmodSync(file, 0o755);
    } catch (error) {
      console.error(`session-memory: ${file} cannot be run: ${error.message}`);
      process.exit(1);
    }
  }
}

/** On a terminal ctrl-c reaches the program by itself; a second one would tell it to stop at once. */
function hasTerminal() {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return process.platform === 'win32';
  }
}

function start(file, words) {
  const onTerminal = hasTerminal();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  // Before the program starts: one that came in between would end this process and leave the program alone.
  for (const name of signals) {
    process.on(name, () => {
      if (name !== 'SIGINT' || !onTerminal) child.kill(name);
    });
  }
  const child = spawn(file, words, { stdio: 'inherit' });
  child.on('error', (error) => {
    console.error(`session-memory: ${file} cannot be run: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    // Whoever waits for us is to see the same end.
    for (const name of signals) process.removeAllListeners(name);
    process.exitCode = 128 + (os.constants.signals[signal] ?? 0);
    process.kill(process.pid, signal);
  });
}

const file = findProgram();
const words = process.argv.slice(2);
makeExecutable(file);
if (process.platform !== 'win32' && typeof process.execve === 'function') {
  process.execve(file, [file, ...words], process.env);
} else start(file, words);
