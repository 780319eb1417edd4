/**
 * A program that takes its terminal and then has everybody else write to it, for `own-terminal.test.ts`. What it draws itself
 * begins with FRAME; at the end it prints what it heard, one line each, behind HEARD.
 * Its arguments: `descriptors`, `no-file` where the nameless file cannot be made, or `streams` for a system that refuses
 * descriptors; the folder of that file.
 */
import { writeSync } from 'node:fs';
import { openDescriptors } from '../../src/cli/descriptors.ts';
import { OwnTerminal } from '../../src/cli/own-terminal.ts';

const [how, tempFolder = ''] = process.argv.slice(2);
const isWhole = how === 'descriptors';
const { stdout, stderr } = process;
const own = await OwnTerminal.take(
  { stdout, stderr, console, tempFolder },
  how === 'streams' ? openDescriptors(['no-such-library']) : openDescriptors(),
);

const heard: string[] = [];
let onLine: () => void = () => undefined;
own.onHeard = (lines) => {
  heard.push(...lines);
  onLine();
};

async function hear(word: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  onLine = () => {
    if (heard.some((line) => line.includes(word))) resolve();
  };
  onLine();
  await promise;
}

own.screen.write('FRAME 1\r\n');
for (const name of ['log', 'info', 'debug', 'warn', 'error', 'trace'] as const)
  console[name](`noise of console.${name}`);
stdout.write('noise of process.stdout\n');
await new Promise<void>((resolve) => stderr.write('noise of process.stderr\n', () => resolve()));
process.emitWarning('noise of a warning');
setTimeout(() => undefined, -5);
if (isWhole) {
  writeSync(1, 'noise at descriptor 1\n');
  writeSync(2, 'noise at descriptor 2\n');
  await Bun.write(Bun.stderr, 'noise of Bun.stderr\n');
  const source = `
    console.log('noise of a thread on stdout'); console.error('noise of a thread on stderr');
    process.stderr.write('noise of a thread by its stream\\n'); setTimeout(() => undefined, -7);`;
  const thread = new Worker(URL.createObjectURL(new Blob([source])));
  Bun.spawnSync(['sh', '-c', 'echo noise of a child; echo noise of a child on stderr >&2'], {
    stdout: 'inherit',
    stderr: 'inherit',
  });
  await hear('-7 is a negative number');
  thread.terminate();
}
if (how === 'no-file') {
  writeSync(2, 'noise that is lost\n');
  Bun.spawnSync(['sh', '-c', 'echo noise that is lost >&2'], { stderr: 'inherit' });
}
process.emitWarning('the last noise');
await hear('the last noise');
own.screen.write(`FRAME 2 ${own.screen.columns}x${own.screen.rows}\r\n`);
own.screen.on('resize', () => own.screen.write(`FRAME 3 ${own.screen.columns}x${own.screen.rows}\r\n`));
if (isWhole) await new Promise<void>((resolve) => own.screen.once('resize', () => resolve()));
for (const line of own.release()) console.log(`HEARD ${line}`);
console.error('AFTER stderr');
stdout.write('AFTER stdout\n');
process.exit(0);
