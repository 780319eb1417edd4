/** `related`: by files, by rare words, never the session itself, across moved projects and evicted sessions. */
import { describe, expect, test } from 'bun:test';
import * as schemas from '../../src/cli/schemas.ts';
import { findSession } from '../../src/store/read.ts';
import { related } from '../../src/store/search/related.ts';
import { World } from '../support/bench-world.ts';
import { digestUid, prompt, putDigestOf } from '../support/digests.ts';
import { Home } from '../support/home.ts';

const edited = (...paths: string[]) => ({ files: { read: [], written: [], edited: paths } });

/** 1 is the one that is asked of; the others are numbered by what they share with it. */
function shelf(): World {
  const world = new World();
  const put = (n: number, parts: Parameters<typeof putDigestOf>[2]) => putDigestOf(world.db, n, parts);
  put(1, {
    title: 'Mend the walrus feeder',
    prompts: [prompt('The feeder jams at dawn')],
    ...edited('/home/a/zoo/src/feed/chute.ts'),
  });
  put(2, { title: 'Chute again', ...edited('/elsewhere/zoo/src/feed/chute.ts') });
  put(3, { title: 'Another feeder that jams', prompts: [prompt('for the walrus')] });
  put(4, { title: 'Paint the otters', ...edited('/home/a/zoo/src/other/chute.ts') });
  for (let n = 5; n < 30; n += 1)
    put(n, { title: `Filler ${n} about nothing`, prompts: [prompt('the usual work')] });
  return world;
}

function kinOf(world: World, n: number, limit = 9) {
  const session = findSession(world.db, digestUid(n));
  if (session === null) throw new Error(`no session ${n}`);
  return related(world.db, session, { limit });
}

describe('related', () => {
  test('are sessions with the same file, wherever the project lies, and with the same rare words', () => {
    using world = shelf();
    const kin = kinOf(world, 1);
    expect(kin.map(({ session }) => session.uid).sort()).toEqual([digestUid(2), digestUid(3)]);
    const [file, words] = [2, 3].map((n) => kin.find(({ session }) => session.uid === digestUid(n)));
    expect(file?.files).toEqual(['/elsewhere/zoo/src/feed/chute.ts']);
    expect([...(words?.words ?? [])].sort()).toEqual(['feeder', 'jams', 'walrus']);
  });

  test('hold both ways, and never the session itself', () => {
    using world = shelf();
    for (const n of [1, 2, 3])
      for (const { session } of kinOf(world, n)) {
        expect(session.uid).not.toBe(digestUid(n));
        const back = kinOf(world, Number(session.uid.slice(16, 20))).map(({ session: other }) => other.uid);
        if (session.uid <= digestUid(3)) expect(back).toContain(digestUid(n));
      }
  });

  test('are none where nothing telling is shared', () => {
    using world = shelf();
    expect(kinOf(world, 4)).toEqual([]);
    putDigestOf(world.db, 40, { title: '"; DROP -x OR' });
    expect(kinOf(world, 40)).toEqual([]);
  });
});

describe('the command', () => {
  test('prints a block each; JSON as its schema has it; nothing is no failure', async () => {
    using home = new Home();
    const world = shelf();
    const { path } = world.db;
    const run = (...args: string[]) => home.run(['related', ...args, '--store', path]);
    const { out, code } = await run(digestUid(1), '--limit', '1');
    expect(code).toBe(0);
    expect(out).toMatch(/^(Chute again|Another feeder that jams)\nclaude-code:/);
    expect(out).toMatch(/\n {2}(files {2}\/elsewhere|words {2}\w+)/);
    const json = schemas.relatedSchema.parse(JSON.parse((await run(digestUid(1), '--json')).out));
    expect(json.related).toHaveLength(2);
    expect((await run(digestUid(4))).out).toBe('No other session has the same files or words.\n');
    expect((await run(digestUid(99))).code).toBe(2);
    world[Symbol.dispose]();
  });
});
