/** `search` as it is typed: blocks, colours, JSON held to its schema, and what is said where nothing is found. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Home, id, uid } from '../support/home.ts';

/** 1 live, 2 evicted, 3 lost, 5 without a digest; 4 is pinned. */
async function shelf(): Promise<Home> {
  const home = new Home();
  const put = (n: number, text: string) =>
    home.write(claudePath(id(n)), promptLine(id(n), text, `2026-05-0${n}T00:00:00.000Z`));
  put(1, 'Mend the walrus feeder in src/walrus/feed-er.ts');
  put(2, 'Paint the walrus pool');
  put(4, 'Count the otters');
  expect((await home.run(['ingest'])).code).toBe(0);
  put(3, 'Teach the walrus to sing');
  put(5, 'Not digested yet');
  expect((await home.run(['ingest', '--no-analyze'])).code).toBe(0);
  expect((await home.run(['evict', id(2), '--yes'])).code).toBe(0);
  expect((await home.run(['evict', id(3), '--data-loss', '--yes'])).code).toBe(3);
  return home;
}

async function searched(home: Home, ...args: string[]) {
  const { out, code } = await home.run(['search', ...args, '--json']);
  expect(code).toBe(0);
  return schemas.searchSchema.parse(JSON.parse(out));
}

describe('search', () => {
  test('finds live, evicted and lost sessions, and says which is which', async () => {
    using home = await shelf();
    const { hits } = await searched(home, 'walrus');
    const states = Object.fromEntries(hits.map(({ session, raw }) => [session.session_uid, raw]));
    expect(states).toEqual({ [uid(1)]: 'live', [uid(2)]: 'evicted', [uid(3)]: 'data_loss' });
    const { out } = await home.run(['search', 'walrus']);
    for (const word of ['raw stored', 'raw evicted 2026-05-10', 'raw lost 2026-05-10'])
      expect(out).toContain(word);
  });

  test('prints a block a hit: title, id, project, time, lines', async () => {
    using home = await shelf();
    const { out, err } = await home.run(['search', 'src/walrus/feed-er.ts']);
    expect(err).toBe('');
    expect(out).toBe(
      `Mend the walrus feeder in src/walrus/feed-er.ts
${uid(1)}  /home/me/project  2026-05-01 00:00 UTC  raw stored
`,
    );
  });

  test('marks the words where colour is wanted', async () => {
    using home = await shelf();
    const { out } = await home.run(['search', 'otters', '--color', 'always']);
    expect(out).toContain('Count the \u001b[1m\u001b[31motters\u001b[39m\u001b[22m');
  });

  test('takes filters alone and together', async () => {
    using home = await shelf();
    const uids = async (...args: string[]) =>
      (await searched(home, ...args)).hits.map(({ session }) => session.session_uid).sort();
    expect(await uids('walrus', '--since', '2026-05-02')).toEqual([uid(2), uid(3)]);
    expect(await uids('walrus', '--until', '2026-05-02')).toEqual([uid(1)]);
    expect(await uids('walrus', '--project', 'nowhere')).toEqual([]);
    expect(await uids('walrus', '--limit', '1')).toHaveLength(1);
    expect((await searched(home, 'walrus', '--limit', '1')).has_more).toBe(true);
  });

  test('takes filters within the words', async () => {
    using home = await shelf();
    const uids = async (...args: string[]) =>
      (await searched(home, ...args)).hits.map(({ session }) => session.session_uid).sort();
    expect(await uids('walrus', 'since:2026-05-02')).toEqual([uid(2), uid(3)]);
    expect(await uids('walrus until:2026-05-02')).toEqual([uid(1)]);
    expect(await uids('walrus', 'project:nowhere')).toEqual([]);
    expect(await uids('walrus', 'agent:claude-code', 'project:/home/me')).toHaveLength(3);
    expect((await searched(home, 'walrus', 'since:2026-05-02')).query).toBe('walrus since:2026-05-02');
    const { code, err } = await home.run(['search', 'walrus', 'project:a', '--project', 'b']);
    expect([code, err]).toEqual([2, expect.stringContaining('project is asked for twice: a and b')]);
  });

  test('leaves out what has a word behind a minus', async () => {
    using home = await shelf();
    const uids = async (...args: string[]) =>
      (await searched(home, ...args)).hits.map(({ session }) => session.session_uid).sort();
    expect(await uids('walrus', '-pool')).toEqual([uid(1), uid(3)]);
    expect(await uids('walrus -pool -sing')).toEqual([uid(1)]);
    const { code, err } = await home.run(['search', 'walrus', '-json']);
    expect([code, err], 'a flag with one minus is a mistake, no word').toEqual([
      2,
      expect.stringContaining('-j'),
    ]);
  });

  test('takes an argument with blanks among others for a phrase', async () => {
    using home = await shelf();
    const { hits, relaxed } = await searched(home, 'the pool', 'walrus');
    expect(relaxed, 'no such phrase: its words').toBe(true);
    expect(hits[0]?.session.session_uid).toBe(uid(2));
    expect((await searched(home, 'walrus pool', 'paint')).relaxed).toBe(false);
  });
});

describe('what is said of the words', () => {
  test('side by side in no session: that these have all of them, only where they do', async () => {
    using home = await shelf();
    const said = async (text: string) => (await home.run(['search', text])).err.split('\n')[0] ?? '';
    expect(await said('"pool walrus"')).toBe(
      'No session has these words side by side; these have all of them.',
    );
    const some = '; these have them apart, or some of them: a line `without` names what one lacks.';
    expect(await said('"pool walrus sing"')).toBe(`No session has these words side by side${some}`);
    expect(await said('"pool walrus zebra"')).toBe(`No session has these words side by side${some}`);
  });

  test('left out: as it was typed, and a near one as it stands in a session, not by its stem', async () => {
    using home = await shelf();
    const { err } = await home.run(['search', 'walrus Zebra ÉLÉPHANTQ']);
    expect(err).toBe('Left out, as no session has them: Zebra, ÉLÉPHANTQ.\n');
    const { err: near } = await home.run(['search', 'WLARUS pool']);
    expect(near).toBe('No session has WLARUS; these have walrus.\n');
  });
});

describe('nothing found', () => {
  test('is no failure: says so, and what cannot be searched', async () => {
    using home = await shelf();
    const { code, out } = await home.run(['search', 'quicksort']);
    expect(code).toBe(0);
    expect(out).toBe(
      `No session has quicksort.
1 session without a digest cannot be searched: \`session-memory analyze\` makes them.
`,
    );
  });

  test('for a typing error: what was meant is looked for, and it is said', async () => {
    using home = await shelf();
    const { out, err } = await home.run(['search', 'wlarus']);
    expect(err).toBe('No session has wlarus; these have walrus.\n');
    expect(out.match(/^claude-code:/gm)).toHaveLength(3);
    const { meant, suggestion } = await searched(home, 'wlarus');
    expect({ meant, suggestion }).toEqual({
      meant: [{ typed: 'wlarus', word: 'walrus' }],
      suggestion: 'walrus',
    });
  });

  test('of one of the words: the others are looked for, and it is said', async () => {
    using home = await shelf();
    const { out, err } = await home.run(['search', 'walrus', 'quicksort']);
    expect(err).toBe('Left out, as no session has it: quicksort.\n');
    expect(out.match(/^claude-code:/gm)).toHaveLength(3);
    expect(out).not.toContain('without');
  });

  test('of all words in one session: the nearest, each with what it lacks', async () => {
    using home = await shelf();
    const { out } = await home.run(['search', 'walrus', 'otters']);
    expect(out).toStartWith(`Count the otters\n${uid(4)}`);
    expect(out).toContain('  without       walrus\n');
    expect((await searched(home, 'walrus', 'otters')).hits.at(-1)?.missing).toEqual(['otters']);
  });

  test.each(['"', '*', '-', 'AND', 'NEAR('])('of %p says so', async (text) => {
    using home = await shelf();
    const { code, out } = await home.run(['search', '--', text]);
    expect(code).toBe(0);
    expect(out).toMatch(/^(Nothing to look for in|No session has) /);
  });

  test('of a text that nobody types by hand: no page of it comes back', async () => {
    using home = await shelf();
    const { code, out, err } = await home.run(['search', `${'wlarus '.repeat(1500)}`]);
    expect(code).toBe(0);
    expect(out.match(/^claude-code:/gm)).toHaveLength(3);
    expect(err.length).toBeLessThan(100);
  });

  test('of at most none is wrong usage', async () => {
    using home = await shelf();
    expect((await home.run(['search', 'walrus', '--limit', '0'])).code).toBe(2);
  });

  test('of nothing at all is wrong usage', async () => {
    using home = await shelf();
    const { code, err } = await home.run(['search']);
    expect(code).toBe(2);
    expect(err).toContain('Give words');
  });

  test('in no store at all', async () => {
    using home = new Home();
    expect((await home.run(['search', 'x'])).out).toBe('No session has x.\n');
  });
});

test('what another program wrote is indexed before the search', async () => {
  using home = await shelf();
  const bare = new Database(home.store);
  const json = JSON.stringify({ title: 'Count the penguins' });
  bare.run(
    `UPDATE digests SET json = ?, bytes = length(?), sha256 = NULL WHERE session_id =
       (SELECT id FROM sessions WHERE session_uid = ?)`,
    [json, json, uid(4)],
  );
  bare.close();
  const { hits, not_indexed } = await searched(home, 'penguins');
  expect([hits.length, not_indexed]).toEqual([1, 0]);
});

test('a damaged index is named, with the way out', async () => {
  using home = await shelf();
  const bare = new Database(home.store);
  bare.run('DROP TABLE search');
  bare.close();
  const { code, err } = await home.run(['search', 'walrus']);
  expect(code).toBe(1);
  expect(err).toContain('the search index is damaged');
  expect(err).toContain('verify --repair');
  expect((await home.run(['list'])).code, 'nothing else minds').toBe(0);
  expect((await home.run(['verify'])).code).toBe(1);
  expect((await home.run(['verify', '--repair'])).out).toContain('Make the search index anew');
  expect((await searched(home, 'walrus')).hits).toHaveLength(3);
});
