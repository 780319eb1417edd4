/**
 * Whatever a person names of an agent's transcripts is that agent's: its folder at any level, a copy of it under another name, a file
 * alone. And a project that is left out is left out whichever of an agent's files tells of it, however it is met.
 */
import { describe, expect, test } from 'bun:test';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { AGENTS } from '../../src/agents/registry.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import { listSessions } from '../../src/store/read.ts';
import { Bench } from './bench.ts';

/** Their records are another's, too: only their folders tell them apart. */
const RECORDS_OF: Readonly<Record<string, string>> = {
  'roo-code': 'cline',
  omp: 'pi',
  iflow: 'claude-code',
};
const ALONE_OF: Readonly<Record<string, string>> = { ...RECORDS_OF, openclaw: 'pi', kilo: 'opencode' };
/** Such a file is told by its name and the folder around it: other documents look like it. */
const NAMELESS = ['cline', 'roo-code'];

console.log(`skipped: a transcript of ${NAMELESS.join(', ')} under another name does not say what it is`);

type Found = [uid: string, agent: string, isAnalyzed: boolean];
const found = ({ db }: Bench): Found[] =>
  [...listSessions(db)].map(({ uid, agent, analyzedAt }) => [uid, agent, analyzedAt !== null]);

/** The bench with its sample on the disk, and what a plain ingest makes of it in a store of its own. */
async function laid(agent: AgentFormat): Promise<{ bench: Bench; usual: Found[]; main: string }> {
  using plain = new Bench(agent);
  await plain.take();
  const bench = new Bench(agent);
  bench.putFiles(bench.files({}));
  const usual = found(plain);
  expect(usual).toHaveLength(1);
  return { bench, usual, main: join(bench.root, bench.main().relPath) };
}

/** Its only root is a folder of any name, by the configuration. */
class MovedBench extends Bench {
  readonly moved = join(this.home, 'any name');

  override get host() {
    const { id } = this.agent;
    const agents = Object.fromEntries(
      AGENTS.map((one) => [one.id, { enabled: true, roots: [] as string[] }]),
    );
    return { ...super.host, agents: { ...agents, [id]: { enabled: true, roots: [this.moved] } } };
  }
}

describe.each(AGENTS.map((agent) => [agent.id, agent] as const))('%s', (id, agent) => {
  test('its own folder is its own at any level, and its transcript too', async () => {
    const { bench, usual, main } = await laid(agent);
    using _ = bench;
    const levels: string[] = [main];
    for (let folder = dirname(main); folder.length >= bench.root.length; folder = dirname(folder))
      levels.push(folder);
    for (const level of levels.reverse()) {
      await bench.ingest({ paths: [level] });
      // A folder within one that holds a session is looked through for what lies in it.
      expect([level, found(bench)]).toEqual([level, usual]);
    }
  });

  test('a folder that the configuration gives it is its own, whatever it is called', async () => {
    using bench = new MovedBench(agent);
    for (const [relPath, content] of Object.entries(bench.files({})))
      bench.put(join('any name', relPath), content);
    await bench.ingest({ paths: [bench.moved] });
    const named = found(bench);
    await bench.ingest();
    expect([named, found(bench)]).toEqual([found(bench), [[expect.anything(), id, true]] as never]);
  });

  test('a copy of its folder under another name is told by what lies in it', async () => {
    const { bench } = await laid(agent);
    using _ = bench;
    const elsewhere = mkdtempSync(join(tmpdir(), 'session-memory-copy-'));
    try {
      cpSync(bench.root, join(elsewhere, 'old laptop'), { recursive: true });
      rmSync(bench.home, { recursive: true });
      mkdirSync(bench.home);
      await bench.ingest({ paths: [join(elsewhere, 'old laptop')] });
      expect(found(bench).map(([, of, analyzed]) => [of, analyzed])).toEqual([[RECORDS_OF[id] ?? id, true]]);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  test.skipIf(NAMELESS.includes(id))(
    'its transcript alone, under another name, is told by its records',
    async () => {
      const { bench, main } = await laid(agent);
      using _ = bench;
      const elsewhere = mkdtempSync(join(tmpdir(), 'session-memory-alone-'));
      try {
        const copy = join(elsewhere, `the one about boats, ${basename(main)}`);
        cpSync(main, copy);
        rmSync(bench.home, { recursive: true });
        mkdirSync(bench.home);
        await bench.ingest({ paths: [copy] });
        expect(found(bench).map(([, of, analyzed]) => [of, analyzed])).toEqual([[ALONE_OF[id] ?? id, true]]);
      } finally {
        rmSync(elsewhere, { recursive: true });
      }
    },
  );

  test('the folder of its session, wherever it lies, and the transcript in it are the same session', async () => {
    const { bench, usual, main } = await laid(agent);
    using _ = bench;
    const parts = main.split('/');
    const at = parts.findIndex((part) => part.includes(bench.sample.sessionId));
    // A file by itself, or a database.
    if (at < 0 || at === parts.length - 1) return expect(usual).toHaveLength(1);
    const elsewhere = mkdtempSync(join(tmpdir(), 'session-memory-folder-'));
    try {
      cpSync(parts.slice(0, at + 1).join('/'), join(elsewhere, 'kept', parts[at] ?? ''), { recursive: true });
      rmSync(bench.home, { recursive: true });
      mkdirSync(bench.home);
      for (const path of [join(elsewhere, 'kept', ...parts.slice(at)), elsewhere]) {
        await bench.ingest({ paths: [path] });
        const [[uid = ''] = []] = usual;
        expect(found(bench)).toEqual([[uid.replace(id, RECORDS_OF[id] ?? id), RECORDS_OF[id] ?? id, true]]);
      }
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  test('a copy of its home folder, at whatever depth below a named one, is its own', async () => {
    const { bench, usual } = await laid(agent);
    using _ = bench;
    const elsewhere = mkdtempSync(join(tmpdir(), 'session-memory-deep-'));
    try {
      cpSync(bench.home, join(elsewhere, 'backups', '2026-01', 'me'), { recursive: true });
      rmSync(bench.home, { recursive: true });
      mkdirSync(bench.home);
      await bench.ingest({ paths: [elsewhere] });
      expect(found(bench)).toEqual(usual);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  test('no flag and no path brings in a project that is left out', async () => {
    const { bench, usual } = await laid(agent);
    using _ = bench;
    if (bench.sample.gaps?.includes('project') === true) return expect(usual).toHaveLength(1);
    const ways = [{}, { full: true }, { paths: [bench.root] }, { paths: [bench.home] }, { analyze: false }];
    const patterns = [bench.cwd, `${bench.cwd}/**`, `**/${basename(bench.cwd)}`, basename(bench.cwd)];
    for (const pattern of patterns)
      for (const way of ways) {
        await bench.ingest({ ...way, exclude: [pattern] });
        expect([pattern, way, found(bench)]).toEqual([pattern, way, []]);
      }
  });
});

test('the transcripts of a folder go to nobody whose records they do not hold', async () => {
  const droid = AGENTS.find(({ id }) => id === 'droid');
  if (droid === undefined) throw new Error('no such agent');
  using bench = new Bench(droid);
  bench.putFiles(bench.files({}));
  // A layout that others know too, with nothing readable in front.
  const [project = ''] = readdirSync(join(bench.root, 'sessions'));
  writeFileSync(join(bench.root, 'sessions', project, '0000.jsonl'), 'torn\n');
  await bench.ingest({ paths: [bench.root] });
  expect(
    found(bench)
      .filter(([, , isAnalyzed]) => isAnalyzed)
      .map(([, of]) => of),
  ).toEqual(['droid']);
});
