/** Lists of any length: printed in pieces, the same as at once. */
import { describe, expect, test } from 'bun:test';
import { printJson, printJsonList } from '../../src/cli/context.ts';
import type { Io } from '../../src/cli/io.ts';
import { agentOf, type SessionUid } from '../../src/domain/ids.ts';
import { openWritable } from '../../src/store/open.ts';
import { ensureSession } from '../../src/store/write-raw.ts';
import { World } from '../support/bench-world.ts';
import { runIn } from '../support/runtime.ts';

function collecting(): { io: Io; text: () => string } {
  const out: string[] = [];
  const io: Io = {
    out: (text) => void out.push(text),
    err: () => undefined,
    outSlowly: async (text) => void out.push(text),
    outBytes: async () => undefined,
    stdinIsTty: false,
    stdoutIsTty: false,
    stderrIsTty: false,
    columns: 80,
    colour: false,
    unicode: true,
  };
  return { io, text: () => out.join('') };
}

describe('a JSON list in pieces', () => {
  const items = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ n: i, text: `line\u202e ${i}`, deep: { a: [i, null] } }));
  test.each([0, 1, 2, 20_000])('of %d items is what it is at once', async (count) => {
    const [atOnce, pieces] = [collecting(), collecting()];
    printJson(atOnce.io, { version: 1, items: items(count) } as never);
    await printJsonList(pieces.io, { version: 1 }, 'items', items(count));
    expect(pieces.text()).toBe(atOnce.text());
  });
});

test('a list of 120,000 sessions is printed: it once ended in a stack overflow', async () => {
  using world = new World();
  const path = world.db.path;
  const db = openWritable(path);
  db.writeTransaction(() => {
    for (let n = 0; n < 120_000; n += 1) {
      const id = `70000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
      const uid = `claude-code:${id}` as SessionUid;
      ensureSession(db, { uid, agent: agentOf(uid), nativeId: id, agentRoot: '/x', ingestedAt: world.now });
    }
  });
  db.close();
  const { code, out } = await runIn(world.folder, ['list', '--store', path]);
  expect(code).toBe(0);
  const lines = out.trimEnd().split('\n');
  expect(lines.length).toBe(120_001);
  expect(lines.filter((line) => line.startsWith('SESSION')).length).toBe(1);
});
