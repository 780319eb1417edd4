/** Of two databases in one folder that have a session of the same id the later one goes on with it only where it has a row of it. */
import { describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AGENTS } from '../../src/agents/registry.ts';
import { listSessions } from '../../src/store/read.ts';
import { Bench, CWD, turn } from '../agents/bench.ts';

/** Where a second database of the agent lies. */
const SECOND: Readonly<Record<string, (relPath: string) => string>> = {
  opencode: (relPath) => relPath.replace('opencode.db', 'opencode-dev.db'),
  kilo: (relPath) => relPath.replace('kilo.db', 'kilo-dev.db'),
  hermes: (relPath) => join(dirname(relPath), 'profiles/work', 'state.db'),
};

const said = (word: string, n: number) =>
  Array.from({ length: n }, (_, i) => ({
    ...turn(i, `${word} prompt ${i}`),
    answer: `${word} answer ${i}`,
    command: `make ${word}-${i}`,
    output: `${word} made ${i}`,
    written: `${CWD}/${word}-${i}.ts`,
  }));

function put(bench: Bench, which: 'first' | 'second', word: string, n: number): string {
  const [[relPath, content] = ['', '']] = Object.entries(bench.files({ turns: said(word, n) }));
  const place = which === 'first' ? relPath : (SECOND[bench.agent.id]?.(relPath) ?? '');
  bench.putFiles({ [place]: content });
  return join(bench.root, place);
}

/** The title of each session that has the word in its stored bytes. */
const titlesOf = (bench: Bench, word: string) =>
  [...listSessions(bench.db)]
    .filter(({ uid }) => bench.stored(uid).includes(`${word} prompt`))
    .map(({ title }) => title);

describe.each(AGENTS.filter(({ id }) => id in SECOND).map((agent) => [agent.id, agent] as const))(
  '%s',
  (_, agent) => {
    test('another conversation of the same id is a session of its own, though the first one’s database is gone', async () => {
      using bench = new Bench(agent);
      const first = put(bench, 'first', 'alpha', 2);
      put(bench, 'second', 'omega', 2);
      await bench.ingest();
      const each = () => ['alpha', 'omega'].map((word) => titlesOf(bench, word));
      expect(each()).toEqual([['alpha prompt 0'], ['omega prompt 0']]);
      rmSync(first);
      put(bench, 'second', 'omega', 4);
      await bench.ingest();
      expect(each()).toEqual([['alpha prompt 0'], ['omega prompt 0']]);
    });

    test('a database that has its rows, and more, goes on with it', async () => {
      using bench = new Bench(agent);
      const first = put(bench, 'first', 'alpha', 2);
      await bench.ingest();
      rmSync(first);
      put(bench, 'second', 'alpha', 3);
      await bench.ingest();
      expect(titlesOf(bench, 'alpha')).toEqual(['alpha prompt 0']);
    });
  },
);
