/**
 * What lies in another program's folder: pipes under every name that is read block nothing, whatever state its database was left in,
 * nothing is made, changed or removed there, and no file that a journal names is touched.
 */
import { describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { AGENTS } from '../../src/agents/registry.ts';
import { scanAgents } from '../../src/ingest/discover/scan.ts';
import { listSessions } from '../../src/store/read.ts';
import { Bench } from '../agents/bench.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { OpencodeWorld, putSession } from '../support/opencode-world.ts';
import { Program } from '../support/program.ts';

const UID = 'opencode:s1';
const OTHER = '11111111-1111-4111-8111-111111111111';
/** What a read that never ends must not reach. */
const BLOCKED_MS = 15_000;

function fifo(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { recursive: true, force: true });
  expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0);
}

/** Each entry with its kind, its size, its time and the hash of its bytes. */
function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const stats = lstatSync(path, { bigint: true });
      const hash = stats.isFile() ? Bun.hash(readFileSync(path)) : '';
      return `${name} ${stats.mode} ${stats.size} ${stats.isDirectory() ? '' : stats.mtimeNs} ${hash}`;
    });
}

/** Fails where `work` took so long; lets go of what waits for a pipe, so that the test ends. */
async function unblocked<T>(pipes: readonly string[], work: () => Promise<T>): Promise<T> {
  // Again and again: what was let go may open the next one.
  const script = `sleep ${BLOCKED_MS / 1000}; while :; do for f; do : 1<>"$f"; done; sleep 0.1; done`;
  const guard = Bun.spawn(['sh', '-c', script, 'sh', ...pipes], { stdout: 'ignore', stderr: 'ignore' });
  const start = performance.now();
  try {
    return await work();
  } finally {
    guard.kill();
    expect(performance.now() - start, pipes.join(' ')).toBeLessThan(BLOCKED_MS);
  }
}

/** Names that some agent's files are read beside a transcript under. */
const BESIDE = [
  ...['.project_root', 'projects.json', 'kimi.json', 'settings.json', 'session_index.jsonl', 'history.jsonl'],
  ...['workspace.json', 'state.json', 'metadata.json', 'config.toml', 'config.json', 'sessions.json'],
];

function foldersAbove(root: string, relPaths: readonly string[]): string[] {
  const folders = new Set<string>([root]);
  for (const relPath of relPaths)
    for (let at = dirname(relPath); at !== '.'; at = dirname(at)) folders.add(join(root, at));
  return [...folders];
}

describe('pipes under every name that is read', () => {
  for (const agent of AGENTS)
    test(`block nothing, and what else is there is stored: ${agent.id}`, async () => {
      const names = Object.keys(new BenchOnce(agent).names);
      const companions = names
        .filter((name) => /db$|sqlite$/.test(name))
        .flatMap((name) => ['-wal', '-shm', '-journal'].map((end) => name + end));
      for (const piped of [null, ...names, ...companions]) {
        using bench = new Bench(agent);
        bench.putFiles(bench.files({}));
        bench.put(claudePath(OTHER, '-other'), promptLine(OTHER, 'of another agent'));
        const pipes =
          piped === null
            ? foldersAbove(bench.root, names).flatMap((folder) => BESIDE.map((name) => join(folder, name)))
            : [join(bench.root, piped)];
        const free = pipes.filter((path) => piped !== null || !existsSync(path));
        for (const path of free) fifo(path);
        const before = listing(bench.home);
        await unblocked(free, async () => {
          await bench.ingest();
          await scanAgents(bench.db, bench.host, bench.clock, () => undefined);
        });
        expect(listing(bench.home), String(piped)).toEqual(before);
        const uids = [...listSessions(bench.db)].map(({ uid }) => String(uid));
        expect(uids, String(piped)).toContain(`claude-code:${OTHER}`);
        // What is read beside a transcript only adds to it.
        if (piped === null) expect(uids.length, uids.join()).toBe(2);
      }
    }, 60_000);

  test('a configuration that is a pipe is refused, and not waited for', async () => {
    using program = new Program();
    const config = join(program.home, '.config/session-memory/config.toml');
    fifo(config);
    const { code, err } = await unblocked([config], () => program.run('status'));
    expect([code, err]).toEqual([2, expect.stringContaining('not a regular file')]);
  }, 30_000);
});

class BenchOnce {
  readonly names: Readonly<Record<string, unknown>>;
  constructor(agent: (typeof AGENTS)[number]) {
    using bench = new Bench(agent);
    this.names = bench.files({});
  }
}

describe('what lies beside a database', () => {
  const strays: Readonly<Record<string, Buffer>> = {
    empty: Buffer.alloc(0),
    'of eight bytes': Buffer.from('garbage\n'),
    'of a header of zeros': Buffer.alloc(32),
    'of forty zeros': Buffer.alloc(40),
    'of a page of words': Buffer.from('no log at all\n'.repeat(400)),
  };
  for (const mode of ['DELETE', 'WAL'])
    for (const [what, bytes] of Object.entries(strays))
      for (const ends of [['-wal'], ['-shm'], ['-journal'], ['-wal', '-shm'], ['-wal', '-journal']])
        test(`of mode ${mode}, ${ends.join(' and ')} ${what}: it is read, and left as it was`, async () => {
          using world = new OpencodeWorld();
          const db = world.made(undefined, mode);
          putSession(db, 's1');
          db.close();
          for (const end of ends) writeFileSync(world.path + end, bytes);
          const before = listing(world.root);
          expect(await world.look()).toMatchObject({ sessions_new: 1, warnings: [] });
          expect(listing(world.root)).toEqual(before);
          expect(world.stored(UID).toString()).toContain('hi');
        });

  test('of a database that is a link is what lies beside the file that it leads to', async () => {
    using world = new OpencodeWorld();
    const db = world.made(undefined, 'WAL');
    putSession(db, 's1');
    const real = join(world.root, 'real', 'of-the-link.db');
    mkdirSync(dirname(real));
    for (const end of ['', '-wal', '-shm']) copyFileSync(world.path + end, real + end);
    db.close();
    rmSync(`${real}-shm`);
    rmSync(world.path);
    symlinkSync(real, world.path);
    const before = listing(world.root);
    expect(await world.look()).toMatchObject({ sessions_new: 1, warnings: [] });
    expect(listing(world.root)).toEqual(before);
    expect(world.stored(UID).toString(), 'the log was not read').toContain('hi');
    fifo(`${real}-wal`);
    const { warnings } = await unblocked([`${real}-wal`], () => world.look());
    expect(warnings.join()).toContain('of-the-link.db-wal is not a regular file');
  });

  for (const kind of ['folder', 'link'] as const)
    test(`a ${kind} under the name of its log is named, and changes nothing`, async () => {
      using world = new OpencodeWorld();
      const db = world.made();
      putSession(db, 's1');
      db.close();
      const victim = join(world.folder, 'precious');
      writeFileSync(victim, 'my only copy\n');
      if (kind === 'folder') mkdirSync(`${world.path}-wal`);
      else symlinkSync(victim, `${world.path}-wal`);
      const { warnings } = await world.look();
      expect(warnings.join()).toContain('opencode.db-wal is not a regular file');
      expect(readFileSync(victim, 'utf8')).toBe('my only copy\n');
    });
});

/** Source: https://www.sqlite.org/fileformat2.html#the_rollback_journal; written as SQLite writes it when several databases are committed at once. */
function superJournalRecord(name: string, pageBytes: number): Buffer {
  const u32 = (n: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(n >>> 0);
    return bytes;
  };
  const text = Buffer.from(name);
  const sum = text.reduce((total, byte) => total + (byte < 128 ? byte : byte - 256), 0);
  const magic = Buffer.from('d9d505f920a163d7', 'hex');
  return Buffer.concat([u32(0x40000000 / pageBytes + 1), text, u32(text.length), u32(sum), magic]);
}

describe('a journal that names a file', () => {
  /** `end`: what became of the write; the journal is that of its midst. */
  function died(world: OpencodeWorld, name: string, end: 'KILLED' | 'COMMIT' = 'KILLED'): void {
    using db = world.made();
    putSession(db, 's1', 300, 'before');
    db.run('PRAGMA cache_size = 2');
    db.run('BEGIN IMMEDIATE');
    db.run(`UPDATE part SET data = '{"type":"text","text":"half done ${'x'.repeat(3000)}"}'`);
    for (const tail of ['', '-journal']) copyFileSync(world.path + tail, join(world.folder, `left${tail}`));
    db.run(end === 'COMMIT' ? 'COMMIT' : 'ROLLBACK');
    if (end === 'COMMIT') copyFileSync(world.path, join(world.folder, 'left'));
    const { page_size } = db.query<{ page_size: number }, []>('PRAGMA page_size').get() ?? { page_size: 0 };
    db.close();
    for (const tail of ['', '-journal']) renameSync(join(world.folder, `left${tail}`), world.path + tail);
    appendFileSync(`${world.path}-journal`, superJournalRecord(name, page_size));
  }

  test('leaves a file of that name as it is, and its own write is undone', async () => {
    using world = new OpencodeWorld();
    const victim = join(world.folder, 'precious-mjABCDEF9AB');
    const content = `${join(world.folder, 'gone-journal')}\0`;
    writeFileSync(victim, content);
    died(world, victim);
    expect(await world.look()).toMatchObject({ sessions_new: 1, warnings: [] });
    expect(readFileSync(victim, 'utf8')).toBe(content);
    expect(world.stored(UID).toString()).not.toContain('half done');
  });

  test('does not wait for a pipe of that name', async () => {
    using world = new OpencodeWorld();
    const pipe = join(world.folder, 'pipe-mjABCDEF9AB');
    fifo(pipe);
    died(world, pipe);
    expect(await unblocked([pipe], () => world.look())).toMatchObject({ sessions_new: 1, warnings: [] });
    expect(world.stored(UID).toString()).not.toContain('half done');
  }, 30_000);

  test('is no journal any more where that file is gone: its write was committed', async () => {
    using world = new OpencodeWorld();
    died(world, join(world.folder, 'gone-mjABCDEF9AB'), 'COMMIT');
    const before = listing(world.root);
    expect(await world.look()).toMatchObject({ sessions_new: 1, warnings: [] });
    expect(listing(world.root)).toEqual(before);
    expect(world.stored(UID).toString()).toContain('half done');
  });
});

describe('what is larger than any agent makes it', () => {
  test('a value of 65 MiB in a database is named, is not held, and its session alone is left out', async () => {
    using world = new OpencodeWorld();
    const db = world.made();
    putSession(db, 's1');
    putSession(db, 's2');
    db.run(
      "UPDATE part SET data = zeroblob(65 * 1024 * 1024) WHERE session_id = 's2' AND message_id = 's2_2'",
    );
    db.close();
    const before = process.memoryUsage().rss;
    const { warnings } = await world.look();
    expect(warnings.join()).toContain(`part.data holds a value of ${65 * 1024 * 1024} bytes`);
    expect(world.stored(UID).toString()).toContain('hi');
    const stored = [...listSessions(world.db)].filter(({ rawBytes }) => rawBytes > 0);
    expect(stored.map(({ uid }) => String(uid))).toEqual([UID]);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  }, 30_000);

  test('lists and settings of a GiB are none, and nobody waits for them', async () => {
    for (const agent of AGENTS.filter(({ id }) => ['gemini-cli', 'kimi-cli', 'claude-code'].includes(id))) {
      using bench = new Bench(agent);
      bench.putFiles(bench.files({}));
      for (const folder of foldersAbove(bench.root, Object.keys(bench.files({}))))
        for (const name of BESIDE) {
          const path = join(folder, name);
          // What belongs to a session is stored as it is, of whatever size.
          if (existsSync(path) || bench.agent.classify(relative(bench.root, path)) !== null) continue;
          writeFileSync(path, '{');
          truncateSync(path, 1024 ** 3);
        }
      const start = performance.now();
      await bench.ingest();
      expect([...listSessions(bench.db)].length, agent.id).toBe(1);
      expect(performance.now() - start).toBeLessThan(BLOCKED_MS);
    }
  }, 60_000);
});
