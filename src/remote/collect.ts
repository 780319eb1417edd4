/**
 * What nobody needs goes from the bucket: packs that nothing names since a week, and what was forgotten, at once.
 * Promises: nothing goes that any machine's newest records name, or that an upload may be about to name; where the bucket is not whole as
 * it is read nothing goes at all; nothing in a store depends on whether this ever runs.
 */
import { fail } from '../domain/errors.ts';
import {
  dropTainted,
  namedPacks,
  noteUnnamed,
  ownInTainted,
  taintedPacks,
  unnamedSince,
} from '../store/remote/collect.ts';
import { dropUploadedOf, goneMachines, machines, remoteState, setHead } from '../store/remote/state.ts';
import { commitName, LOG, objectNamed, packName } from './layout.ts';
import { toCollect } from './plan.ts';
import { type ReadReport, readMachine } from './read.ts';
import { type SyncDeps, sync } from './sync.ts';
import { takeOver } from './take-over.ts';
import { moveAway } from './upload.ts';

export interface Collected {
  /** Names of packs that went. */
  readonly removed: readonly string[];
  /** Of those, the ones that held something of what was forgotten. */
  readonly purged: number;
  /** Nothing names them, for less than a week so far. */
  readonly waiting: number;
  /** The bucket keeps versions: what went is there still as an earlier one, sealed. */
  readonly kept_versions: boolean;
  /** They hold something of what was forgotten, and sessions of other machines that are not gone: those have to do it too. */
  readonly others: number;
}

export async function collect(deps: SyncDeps): Promise<Collected> {
  const { db, bucket } = deps;
  await wholeSync(deps);
  const tainted = taintedPacks(db);
  const own = ownInTainted(db, tainted);
  if (own.length > 0) {
    await moveAway(
      deps,
      own.filter(({ isLive }) => !isLive).map(({ uid }) => uid),
    );
    dropUploadedOf(
      db,
      own.map(({ uid }) => uid),
    );
    await wholeSync(deps);
  }
  for (const gone of goneMachines(db)) await takeOver(deps, gone, tainted);
  const there = await unneededThere(deps, tainted);
  // Whoever has committed since the list was begun may name one of them.
  await wholeSync(deps);
  const [named, since] = [namedPacks(db), unnamedSince(db)];
  const seen = there.map((pack) => ({ pack, unnamedSinceMs: msOf(since.get(pack)) }));
  const { collect: old, waiting } = toCollect(seen, named, Date.parse(deps.now()));
  const purged = waiting.filter((pack) => tainted.has(pack));
  const going = [...old, ...purged];
  for (const pack of going) await bucket.client.remove(packName(pack));
  noteUnnamed(
    db,
    waiting.filter((pack) => !tainted.has(pack)),
    deps.now(),
  );
  const left = new Set(there.filter((pack) => !going.includes(pack)));
  dropTainted(
    db,
    [...tainted].filter((pack) => !left.has(pack)),
  );
  return {
    removed: going.map(packName),
    purged: going.filter((pack) => tainted.has(pack)).length,
    kept_versions: going.length > 0 && bucket.client.keepsVersions === true,
    waiting: waiting.length - purged.length,
    others: [...tainted].filter((pack) => left.has(pack)).length,
  };
}

/** So many are looked at in one run; the next one goes on. */
const UNNEEDED_MAX = 100_000;

/** Packs that nothing known so far names, and those that hold something of what was forgotten. */
async function unneededThere({ db, bucket }: SyncDeps, tainted: ReadonlySet<string>): Promise<string[]> {
  const named = namedPacks(db);
  const packs: string[] = [];
  for await (const pack of bucket.packs()) {
    const isUnneeded = !named.has(pack) && packs.length < UNNEEDED_MAX;
    if (isUnneeded || tainted.has(pack)) packs.push(pack);
  }
  return packs;
}

/**
 * A run that ended between its commit and its head has put what no head tells of: the logs themselves say what there is. And what a lost
 * commit named, nothing names that can be read.
 */
async function readHeadless(deps: SyncDeps, report: ReadReport): Promise<void> {
  const { db, bucket, now, signal } = deps;
  const known = new Map(machines(db).map((one) => [one.machine, one]));
  const own = remoteState(db);
  const readOf = (machine: string) => (machine === own?.machine ? own.next : (known.get(machine)?.read ?? 0));
  const logs = new Map(
    [...known.keys(), ...(own === null ? [] : [own.machine])].map((one) => [one, new Log()]),
  );
  for await (const { name } of bucket.list(LOG)) {
    const { machine = null, number = null } = objectNamed(name) ?? {};
    if (machine === null || number === null) continue;
    const log = logs.get(machine) ?? new Log();
    logs.set(machine, log);
    log.pass(number);
  }
  await mustBeWhole(deps, logs, readOf, report);
  for (const [machine, { end }] of logs) {
    if (end <= readOf(machine)) continue;
    if (machine === own?.machine) {
      // A copy of this store has written it: the next upload meets it, and goes on under another id.
      report.problems.push({
        object: commitName(machine, end - 1),
        problem: 'this machine did not write it',
      });
      continue;
    }
    const head = known.get(machine)?.head ?? null;
    await readMachine({ db, bucket, now, signal, progress: deps.reading }, machine, head, report);
  }
}

/** Numbers of one log, rising; each is passed once. */
class Log {
  end = 0;
  /** The first number that is not there; null: all are. */
  firstMissing: number | null = null;

  pass(number: number): void {
    if (number > this.end) this.firstMissing ??= this.end;
    this.end = number + 1;
  }
}

/** Of a machine that a person says is gone nobody can put again what is lost. */
async function mustBeWhole(
  { db, bucket }: SyncDeps,
  logs: ReadonlyMap<string, Log>,
  readOf: (machine: string) => number,
  report: ReadReport,
): Promise<void> {
  const gone = new Set(goneMachines(db).map(({ machine }) => machine));
  const own = remoteState(db)?.machine;
  for (const [machine, { end, firstMissing }] of logs) {
    if (gone.has(machine)) continue;
    const told = Math.max(readOf(machine), (await bucket.headOrNone(machine)) ?? 0);
    // Whoever has committed since the list was read has told of it by its head.
    const isLater = end < told && (await bucket.numbers(machine, end)).at(0) === end;
    const missing = firstMissing ?? (end < told && !isLater ? end : null);
    if (missing === null) continue;
    // The next meeting looks at all of its own log, and puts again what is lost.
    if (machine === own) setHead(db, null);
    const name = machines(db).find((one) => one.machine === machine)?.name;
    report.problems.push({
      object: commitName(machine, missing),
      problem: `a commit of ${machine === own ? 'this machine' : (name ?? 'another machine')} is missing from the bucket`,
    });
  }
}

function msOf(time: string | undefined): number | null {
  return time === undefined ? null : Date.parse(time);
}

/** What cannot be read may name anything. */
async function wholeSync(deps: SyncDeps): Promise<void> {
  const { read, uploaded } = await sync(deps);
  await readHeadless(deps, read);
  const [problem] = [...read.problems, ...uploaded.problems];
  if (problem === undefined) return;
  throw fail(
    'failed',
    `the bucket is not whole as it is read, so nothing is collected: ${'object' in problem ? `${problem.object}: ` : ''}${problem.problem}`,
    '`session-memory verify --remote` lists all that is wrong; `remote sync` puts again what this machine has lost there, and of a machine that is gone for good `remote forget --machine NAME` says so.',
  );
}
