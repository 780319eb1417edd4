/** `SESSION_MEMORY_LOG`: who asks afterwards why something was stored, left or evicted finds it there. */
import { describe, expect, test } from 'bun:test';
import { lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listenToDecisions } from '../../src/domain/decisions.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Home, id, uid } from '../support/home.ts';
import { runIn } from '../support/runtime.ts';

/** Each line without its time and the name of its call. */
function decisionsIn(path: string): string[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/^\S+ [0-9a-f]{8} /, ''));
}

async function logged(home: Home, log: string, ...args: string[]) {
  try {
    return await runIn(home.path, ['--store', home.store, ...args], {
      env: { SESSION_MEMORY_NOW: '2026-05-10T00:00:00.000Z', SESSION_MEMORY_LOG: log },
    });
  } finally {
    listenToDecisions(null);
  }
}

test('says of each session why it was stored, digested, left and evicted, and how the command ended', async () => {
  using home = new Home();
  const log = join(home.path, 'decisions.log');
  home.put(1);
  await logged(home, log, 'ingest');
  const main = join(home.path, claudePath(id(1)));
  expect(decisionsIn(log)).toEqual([
    `ingest ${uid(1)} new: ${main}`,
    `ingest ${uid(1)} new`,
    `analyze ${uid(1)} digested`,
    'call ingest exit 0',
  ]);
  expect(statSync(log).mode & 0o777).toBe(0o600);
  await logged(home, log, 'sweep', '--yes', '--soft-cap', '0', '--max-age-days', 'off');
  expect(decisionsIn(log).slice(4)).toEqual([
    expect.stringMatching(
      /^sweep\/budget claude-code:\S+ usage \d+ B is over the soft cap 0 B, oldest analyzed first/,
    ),
    'call sweep exit 0',
  ]);
});

test('holds no text of a transcript, and one line a decision whatever a path is called', async () => {
  using home = new Home();
  const log = join(home.path, 'decisions.log');
  const words = 'the walrus is fed at noon';
  home.write(`.claude/projects/-a\nb/${id(1)}.jsonl`, promptLine(id(1), words));
  await logged(home, log, 'ingest');
  const text = readFileSync(log, 'utf8');
  expect(text).not.toContain(words);
  for (const line of text.trimEnd().split('\n').slice(1))
    expect(line).toMatch(/^\d{4}-\S+Z [0-9a-f]{8} (?:ingest|analyze|call) /);
});

test('that cannot be written is said, and changes nothing else', async () => {
  using home = new Home();
  home.put(1);
  const told = await logged(home, join(home.path, 'no', 'such', 'folder'), 'ingest');
  expect([told.code, told.err]).toEqual([0, expect.stringContaining('SESSION_MEMORY_LOG: ')]);
  expect(Object.values(await home.states())).toEqual(['analyzed']);
});

test('says nothing of what an analyzer of the user said, which may quote the transcript', async () => {
  using home = new Home();
  const log = join(home.path, 'decisions.log');
  home.put(1);
  await logged(home, log, 'ingest', '--analyzer', 'cat >&2; exit 1');
  expect(decisionsIn(log)).toContain(`analyze ${uid(1)} failed: \`show\` says why`);
  expect(readFileSync(log, 'utf8')).not.toContain('hello 1');
});

describe('a file that is not its own is left as it is', () => {
  test.each([
    ['a link', (path: string, other: string) => symlinkSync(other, path)],
    ['a pipe, without waiting', (path: string) => void Bun.spawnSync(['mkfifo', path])],
    ['a transcript', (path: string) => writeFileSync(path, promptLine(id(1), 'mine'))],
    ['a folder', (path: string) => mkdirSync(path)],
  ])('%s', async (_, make) => {
    using home = new Home();
    const [log, other] = [join(home.path, 'log'), join(home.path, 'other')];
    writeFileSync(other, 'of the user');
    make(log, other);
    const before = lstatSync(log).isFile() ? readFileSync(log, 'utf8') : null;
    const told = await logged(home, log, 'list');
    expect([told.code, told.err]).toEqual([
      0,
      expect.stringMatching(/^SESSION_MEMORY_LOG: .*nothing is written down\n/),
    ]);
    expect(readFileSync(other, 'utf8')).toBe('of the user');
    if (before !== null) expect(readFileSync(log, 'utf8')).toBe(before);
  });

  test('the store', async () => {
    using home = await Home.stored();
    const told = await logged(home, home.store, 'list');
    expect(told.err).toContain('is there and is no such log');
    expect((await home.run(['verify'])).code).toBe(0);
  });
});
