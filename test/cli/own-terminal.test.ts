/** While the screens are up nothing but the screens gets to the terminal, whoever writes and by whatever way. */
import { describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDescriptors } from '../../src/cli/descriptors.ts';
import { Overheard } from '../../src/cli/overheard.ts';

const NOISY = join(import.meta.dir, '..', 'support', 'noisy.ts');

/** Everything that the terminal got, a line each, and what was left in the folder. */
async function run(how: 'descriptors' | 'no-file' | 'streams', folder: string) {
  let raw = '';
  const child = Bun.spawn([process.execPath, NOISY, how, folder], {
    env: { PATH: Bun.env['PATH'] ?? '', TERM: 'xterm-256color', LANG: 'C.UTF-8' },
    terminal: {
      cols: 90,
      rows: 20,
      data: (terminal, data) => {
        raw += Buffer.from(data).toString('utf8');
        if (raw.includes('FRAME 2') && !raw.includes('FRAME 3')) terminal.resize(70, 30);
      },
    },
  });
  const code = await child.exited;
  child.terminal?.close();
  // Colours, and the sequence that nobody sees.
  const lines = Bun.stripANSI(raw)
    .split(/[\r\n]+/)
    .filter((line) => line !== '');
  const end = lines.findIndex((line) => line.startsWith('HEARD') || line.startsWith('AFTER'));
  return {
    code,
    meanwhile: lines.slice(0, end),
    after: lines.slice(end).filter((line) => line.startsWith('AFTER')),
    heard: lines.filter((line) => line.startsWith('HEARD')).map((line) => line.replace('HEARD ', '')),
  };
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-own-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const BY_MAIN = [
  ...['log', 'info', 'debug', 'warn', 'error', 'trace'].map((name) => `noise of console.${name}`),
  'noise of process.stdout',
  'noise of process.stderr',
  'noise of a warning',
  '-5 is a negative number',
  'the last noise',
];
const BY_OTHERS = [
  'noise at descriptor 1',
  'noise at descriptor 2',
  'noise of Bun.stderr',
  'noise of a thread on stdout',
  'noise of a thread on stderr',
  'noise of a thread by its stream',
  '-7 is a negative number',
  'noise of a child',
  'noise of a child on stderr',
];
const missing = (heard: readonly string[], wanted: readonly string[]) =>
  wanted.filter((word) => !heard.some((line) => line.includes(word)));

const withDescriptors = test.skipIf(openDescriptors() === null);
if (openDescriptors() === null) console.log('skipped: this system does not let its descriptors be copied');

describe('a terminal of our own', () => {
  withDescriptors('keeps off what the process, its threads, the runtime and its children write', async () => {
    await inFolder(async (folder) => {
      const { code, meanwhile, heard, after } = await run('descriptors', folder);
      expect(meanwhile).toEqual(['FRAME 1', 'FRAME 2 90x20', 'FRAME 3 70x30']);
      expect(missing(heard, [...BY_MAIN, ...BY_OTHERS])).toEqual([]);
      expect(after, 'and gives all back').toEqual(['AFTER stderr', 'AFTER stdout']);
      expect([code, readdirSync(folder)]).toEqual([0, []]);
    });
  });

  withDescriptors('keeps it off where its file cannot be made, on a full disk say', async () => {
    const { meanwhile, heard } = await run('no-file', '/dev/null/nowhere');
    expect(meanwhile).toEqual(['FRAME 1', 'FRAME 2 90x20']);
    expect(missing(heard, BY_MAIN)).toEqual([]);
  });

  test('keeps off what the process itself writes where descriptors cannot be copied', async () => {
    await inFolder(async (folder) => {
      const { code, meanwhile, heard, after } = await run('streams', folder);
      expect(meanwhile).toEqual(['FRAME 1', 'FRAME 2 90x20']);
      expect(missing(heard, BY_MAIN)).toEqual([]);
      expect(after).toEqual(['AFTER stderr', 'AFTER stdout']);
      expect(code).toBe(0);
    });
  });
});

describe('what was overheard', () => {
  test('is made plain, and a line that comes a thousand times stands once', () => {
    const overheard = new Overheard();
    for (let n = 0; n < 1000; n += 1) overheard.add('\x1b[31mthe same\x1b[2J\x07 again\n');
    expect(overheard.add('\n\r\n \x1b[H')).toEqual([]);
    expect(overheard.lines()).toEqual(['the same again  (1,000 times)']);
  });

  test('does not grow without end', () => {
    const overheard = new Overheard();
    for (let n = 0; n < 5000; n += 1) overheard.add(`line ${n} ${'x'.repeat(2000)}\n`);
    const lines = overheard.lines();
    expect(lines.length).toBe(201);
    expect(lines.join('').length).toBeLessThan(250_000);
    expect(lines.at(-1)).toBe('… and 4,800 lines more');
  });
});
