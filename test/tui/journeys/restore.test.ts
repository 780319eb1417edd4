/** Journeys of a restore from the screens: elsewhere, over what differs, and on with the session in its agent. */
import { expect } from 'bun:test';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { claudePath, promptLine } from '../../support/bench-world.ts';
import { filled, id } from '../../support/filled.ts';
import { journey } from '../../support/journeys.ts';
import { Pty } from '../../support/pty.ts';

/** The first in the list: the newest. */
const NEWEST = 7;

journey('over a file that differs: told first, done with f, and what was there lies beside', async () => {
  using program = await filled();
  const path = program.put(claudePath(id(NEWEST)), promptLine(id(NEWEST), 'as it was stored'));
  await program.run('ingest');
  const stored = readFileSync(path, 'utf8');
  writeFileSync(path, promptLine(id(NEWEST), 'written since by somebody'));
  const since = readFileSync(path, 'utf8');
  // Or the dashboard would store that before anybody presses a key.
  const config = join(program.home, '.config', 'session-memory', 'config.toml');
  mkdirSync(dirname(config), { recursive: true });
  writeFileSync(config, '[ingest]\nexclude = ["/home/me/project"]\n');
  await using pty = new Pty(program, []);
  await pty.shows('By project');
  pty.type('/as it was stored');
  await pty.shows(/1 of \d+ sessions/);
  pty.type('\r');
  await pty.shows('enter digest');
  pty.type('r');
  await pty.shows('f replaces it');
  pty.type('f');
  await pty.shows('Press enter to write them.');
  await pty.shows('DIFFERS');
  expect(readFileSync(path, 'utf8'), 'nothing is written before it is said').toBe(since);
  pty.type('\r');
  await pty.shows('Wrote 1 file, byte for byte');
  expect(readFileSync(path, 'utf8')).toBe(stored);
  pty.type('\x03');
  await pty.ends();
  const beside = readdirSync(dirname(path)).map((name) => readFileSync(join(dirname(path), name), 'utf8'));
  expect(beside, 'and nothing is lost').toContain(since);
});

journey('to another folder, which is typed', async () => {
  using program = await filled();
  await using pty = new Pty(program, []);
  await pty.shows('By project');
  pty.type('b');
  await pty.shows('row 1');
  pty.type('r');
  await pty.shows('d elsewhere');
  pty.type('d');
  await pty.shows('Folder: ');
  pty.type('~/back here');
  await pty.shows('Folder: ~/back here_');
  pty.type('\r');
  await pty.shows(`to ${program.home}/back here`);
  pty.type('\r');
  await pty.shows('Wrote 1 file, byte for byte');
  expect(readdirSync(join(program.home, 'back here'))).not.toEqual([]);
  pty.type('\x03');
  await pty.ends();
});

journey(
  'R restores it, leaves the screens and starts its agent, which has the terminal to itself',
  async () => {
    using program = await filled();
    const bin = join(program.folder, 'bin');
    mkdirSync(bin);
    mkdirSync(join(program.home, 'project'), { recursive: true });
    writeFileSync(
      join(bin, 'claude'),
      '#!/bin/sh\necho "agent with $*"\nread line\necho "heard $line"\nstty -a | grep -o -- "-\\?icanon"\nexit 7\n',
    );
    chmodSync(join(bin, 'claude'), 0o755);
    const cwd = join(program.home, 'project');
    const line = promptLine(id(NEWEST), 'go on with me').replaceAll('/home/me/project', cwd);
    program.put(claudePath(id(NEWEST)), line);
    await program.run('ingest');
    await using pty = new Pty(program, [], { env: { PATH: `${bin}:${Bun.env['PATH'] ?? ''}` } });
    await pty.shows('By project');
    pty.type('/go on with me');
    await pty.shows(/1 of \d+ sessions/);
    pty.type('\r');
    await pty.shows('enter digest');
    pty.type('R');
    await pty.shows(/leave the screens and start/);
    pty.type('\r');
    await pty.until((text) => !pty.isAlternate && text.includes('agent with'), 'the agent has the terminal');
    expect(pty.scrollback()).toContain(`--resume ${id(NEWEST)}`);
    pty.type('all of this is for the agent\r');
    await pty.until(
      () => pty.scrollback().includes('heard all of this is for the agent'),
      'no letter went elsewhere',
    );
    expect(await pty.ends(), 'its exit code is the program’s').toBe(7);
  },
);
