/**
 * Hostile archives: genuine ones, changed at any byte and in any value, imported in this process, hundreds a round.
 * Promises: each law is held after every archive; a failure names the mutation, which with the seed gives the same archive again.
 */
import { readdirSync } from 'node:fs';
import { digestOf } from '../../src/archive/digests.ts';
import { exportStream } from '../../src/archive/export.ts';
import { importStream } from '../../src/archive/import.ts';
import { FailureError } from '../../src/domain/errors.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { analyzeSession } from '../../src/ingest/analyze.ts';
import { exportable } from '../../src/store/export.ts';
import { forgetSession, listForgotten } from '../../src/store/forget.ts';
import { filesOf, findSession, sessionIdOf } from '../../src/store/read.ts';
import { logChunks } from '../../src/store/segments.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { setPinned } from '../../src/store/write-raw.ts';
import { claudePath, promptLine, World } from '../../test/support/bench-world.ts';
import { archiveOf, digestJson, inPieces, type Piece, piecesOf, session } from './forged-archive.ts';
import { type Mutation, mutated, mutation } from './import-mutations.ts';
import type { Outcome, Part, Round } from './part.ts';
import { randomOf } from './random.ts';

/** Archives of one round; each round has a store of its own. */
const ARCHIVES = 400;
/** An honest import takes less; what a few bytes may become is bounded by records of 16 MiB. */
const MEMORY_BYTES_MAX = 256 * 1024 * 1024;
const NOW = '2026-06-02T00:00:00.000Z' as Iso;

const id = (n: number) => `f0000000-0000-4000-8000-00000000000${n}`;
const uid = (n: number) => `claude-code:${id(n)}` as SessionUid;
const say = (n: number, ...words: string[]) =>
  words.map((word) => promptLine(id(n), `${word} ${n}`)).join('');
/** Sessions that are here; the archives have some of them too. */
const OWN = [1, 2, 3, 4, 5];

const importPart: Part = {
  name: 'import',
  about:
    'Imports genuine archives changed at any byte and in any value: nothing here is worse, nothing crashes.',
  unavailable: async () => null,
  round: ({ seed, log }: Round) => importRound(seed, ARCHIVES, log),
};

export { importPart };

/** `count` archives of strangers, and half as many that a person vouches for. */
export async function importRound(
  seed: number,
  count: number,
  log: (text: string) => void = () => undefined,
): Promise<Outcome> {
  const pieces = await genuine();
  const strangers = await hostileRound(pieces, seed, count, false);
  const own = await hostileRound(pieces, seed + 1, Math.ceil(count / 2), true);
  log(`${strangers.harm} archives of strangers, ${own.harm} of one's own`);
  return {
    harm: strangers.harm + own.harm,
    checks: strangers.checks + own.checks,
    failures: [...strangers.failures, ...own.failures],
  };
}

async function hostileRound(
  pieces: readonly Piece[],
  seed: number,
  count: number,
  trusted: boolean,
): Promise<Outcome> {
  const random = randomOf(seed);
  using world = await here();
  const before = whatIs(world);
  const failures: string[] = [];
  const rssBefore = process.memoryUsage.rss();
  const grew = () => process.memoryUsage.rss() - rssBefore > MEMORY_BYTES_MAX;
  let checks = 0;
  for (let n = 0; n < count && failures.length === 0; n += 1) {
    const how = mutation(random);
    const problems = await problemsOf(world, before, mutated(pieces, how), trusted);
    checks += 1;
    if (grew()) {
      // What is only not collected yet is no growth.
      Bun.gc(true);
      if (grew()) problems.push('the memory grows');
    }
    for (const problem of problems) failures.push(`${told(how, seed, trusted)}: ${problem}`);
  }
  for (const problem of afterAll(world)) failures.push(`seed ${seed}, after ${checks}: ${problem}`);
  return { harm: checks, checks, failures };
}

const told = (how: Mutation, seed: number, trusted: boolean) =>
  `seed ${seed}, ${trusted ? 'trusted' : "a stranger's"}, ${JSON.stringify(how)}`;

async function problemsOf(
  world: World,
  before: Known,
  archive: Uint8Array,
  trusted: boolean,
): Promise<string[]> {
  try {
    await imported(world, archive, trusted);
  } catch (thrown) {
    const isRefusal =
      thrown instanceof FailureError && ['usage', 'newer_store'].includes(thrown.failure.code);
    if (!isRefusal) return [`it throws ${thrown}`];
  }
  return trusted ? lostBytes(world, before) : changedRows(world, before);
}

function imported(world: World, archive: Uint8Array, trusted: boolean) {
  const { db, clock, host } = world;
  const signal = new AbortController().signal;
  return importStream(
    {
      read: db,
      write: db,
      trusted,
      origin: 'in.smx',
      hardCapBytes: 1e9,
      signal,
      now: () => NOW,
      progress: () => undefined,
      analyze: async (each) => (await analyzeSession({ db, clock, host, external: null }, each, signal)).ok,
    },
    inPieces(archive),
  );
}

interface Known {
  readonly rows: string;
  readonly logs: ReadonlyMap<SessionUid, readonly string[]>;
}

function whatIs(world: World): Known {
  return { rows: ownRows(world), logs: new Map(OWN.map((n) => [uid(n), linesOf(world, uid(n))])) };
}

/** Every row of the sessions that were here before. */
function ownRows({ db }: World): string {
  const ids = JSON.stringify(OWN.map((n) => sessionIdOf(db, uid(n))));
  const of = ['files', 'segments', 'versions', 'digests', 'tombstones', 'events', 'sources'];
  const rows = of.map((table) =>
    db.all(`SELECT * FROM ${table} WHERE session_id IN (SELECT value FROM json_each($ids)) ORDER BY 1`, {
      ids,
    }),
  );
  const sessions = db.all('SELECT * FROM sessions WHERE id IN (SELECT value FROM json_each($ids))', { ids });
  return JSON.stringify([...rows, sessions, db.all('SELECT * FROM forgotten')]);
}

function linesOf({ db }: World, of: SessionUid): string[] {
  return filesOf(db, of)
    .filter(({ gone }) => !gone)
    .flatMap((file) =>
      Buffer.concat([...logChunks(db, of, file)].map((each) => Buffer.from(each)))
        .toString()
        .split('\n'),
    );
}

/** A stranger's: not a row of what is here may be another, and what has come is marked. */
function changedRows(world: World, before: Known): string[] {
  const problems: string[] = [];
  if (ownRows(world) !== before.rows) problems.push('a session that is here has changed');
  const strangers = world.db.all<{ uid: string; pinned: number; origin: string | null }>(
    'SELECT session_uid AS uid, pinned, origin FROM sessions',
  );
  for (const { uid: each, pinned, origin } of strangers)
    if (!OWN.some((n) => uid(n) === each) && (origin !== 'in.smx' || pinned === 1))
      problems.push(`${each} is not marked as a stranger's`);
  return problems;
}

/** One's own: every line that was here is here, or an eviction had let it go before; a pin stays. */
function lostBytes(world: World, before: Known): string[] {
  const problems: string[] = [];
  for (const [each, lines] of before.logs) {
    const now = new Set(linesOf(world, each));
    if (lines.some((line) => !now.has(line))) problems.push(`${each} has lost a line`);
  }
  if (findSession(world.db, uid(4))?.pinned !== true) problems.push('a pin is gone');
  return problems;
}

/** What would take too long after each: every byte of the store, every digest, every place that could have been written to. */
function afterAll(world: World): string[] {
  const problems = verify(
    world.db,
    () => undefined,
    () => false,
  ).findings.map(({ problem }) => `verify: ${problem}`);
  for (const { json } of world.db.all<{ json: string }>('SELECT json FROM digests'))
    if (digestOf(json) === null) problems.push(`a digest is of a wrong form: ${json.slice(0, 80)}`);
  const evictable = world.db.all<{ uid: string }>(
    `SELECT session_uid AS uid FROM sessions s WHERE evicted_at IS NULL AND analyzed_at IS NOT NULL AND NOT EXISTS
       (SELECT 1 FROM digests d WHERE d.session_id = s.id AND d.generation = s.raw_generation AND d.origin IS NULL)`,
  );
  for (const one of evictable) problems.push(`${one.uid} could go for a stranger's digest`);
  const names = readdirSync(world.folder, { recursive: true, encoding: 'utf8' });
  for (const name of names)
    if (!/^(?:home|store)(?:$|\/\.claude|\/s\.db)/.test(name)) problems.push(`it wrote ${name}`);
  return problems;
}

/** 1 analyzed, 2 not, 3 evicted, 4 pinned, 5 written anew; of a stranger 9, a digest alone. */
async function here(): Promise<World> {
  const world = new World();
  world.now = '2026-06-01T00:00:00.000Z' as Iso;
  for (const n of [1, 3, 4, 5]) world.put(claudePath(id(n)), say(n, 'alpha', 'beta'));
  await world.ingest();
  world.put(claudePath(id(5)), say(5, 'alpha', 'gamma'));
  world.put(claudePath(id(2)), say(2, 'alpha'));
  await world.ingest({ analyze: false });
  world.evict(uid(3));
  setPinned(world.db, sessionIdOf(world.db, uid(4)), true, world.now);
  await imported(world, archiveOf(digestAlone(9)), false);
  return world;
}

const digestAlone = (n: number) =>
  session({ uid: uid(n), files: {}, evicted: true, digest: digestJson(uid(n), ['strange']) });

/**
 * Of another machine: 1 longer, 2 something else, 3 live, 4 the same; 6 and 7 new, one with a sidecar, one evicted; 8 forgotten; 9 evicted;
 * 0 of a stranger, a digest alone.
 */
async function genuine(): Promise<Piece[]> {
  using world = new World();
  world.put(claudePath(id(1)), say(1, 'alpha', 'beta', 'gamma'));
  for (const n of [2, 3, 4, 6, 7, 8, 9])
    world.put(claudePath(id(n)), say(n, n === 2 ? 'xi' : 'alpha', 'beta'));
  world.put(`.claude/projects/-home-me-project/${id(6)}/tool-results/r.txt`, 'spilled');
  await world.ingest();
  world.put(claudePath(id(6)), say(6, 'alpha', 'delta'));
  await world.ingest();
  for (const n of [7, 9]) world.evict(uid(n));
  await imported(world, archiveOf(digestAlone(0)), false);
  forgetSession(world.db, uid(8), world.now);
  const report = {
    sessions: 0,
    live: 0,
    forgotten: 0,
    raw_bytes: 0,
    failed: [],
    left_out: [],
    interrupted: false,
  };
  const options = {
    uids: exportable(world.db),
    forgotten: listForgotten(world.db),
    now: NOW,
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  return piecesOf(Buffer.concat(await Array.fromAsync(exportStream(world.db, options, report))));
}
