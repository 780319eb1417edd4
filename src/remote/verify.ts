/**
 * A bucket read back: every object under its own name, every commit in its order, every piece against its hash.
 * Promises: changes nothing; names each object that is changed, cut, swapped, missing or foreign, and each session that it hits.
 */
import { FailureError, messageOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { sha256 } from '../store/segments.ts';
import type { Bucket } from './bucket.ts';
import type { Commit, CommitThere, CommittedSession } from './commit.ts';
import { WRAPPED_BYTES_MAX, wrappedProblem } from './keys.ts';
import { commitName, FORMAT_NAME, headName, KEYS, objectNamed, packName } from './layout.ts';
import { partOf } from './pack.ts';
import { planLog } from './plan.ts';
import { type PackedPiece, readRecords } from './records.ts';
import { bucketThere } from './setup.ts';

export interface RemoteFinding {
  readonly object: string;
  readonly session_uid: SessionUid | null;
  readonly problem: string;
}

export interface Verified {
  readonly findings: RemoteFinding[];
  objects: number;
  bytes: number;
  sessions: number;
  pieces: number;
  /** Packs that no commit names: of runs that were killed, or of one that is under way. */
  unnamed: string[];
  /** No `format`: whoever knows the bucket's id can make it again. */
  isFormatLost: boolean;
  /** Machines of which commits are missing, or others stand in their place. */
  readonly holes: Set<string>;
  /** Of which machine which sessions cannot be had back whole. */
  readonly hit: { readonly machine: string; readonly uid: SessionUid }[];
}

export interface VerifyDeps {
  readonly bucket: Bucket;
  /** Of the bucket that this store has joined. */
  readonly id: string;
  /** Of each machine the SHA-256 of the last commit of those, as it lay in the bucket; what is not known is left out. */
  readonly last?: ReadonlyMap<string, string>;
  /** How many commits of each machine this store knows of. */
  readonly read: ReadonlyMap<string, number>;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
}

/** So often at most it is looked again where others write meanwhile. */
const LOOKS_MAX = 3;

/** What is found amiss in a bucket that was another one before it was read to its end may only have come or gone meanwhile. */
export async function verifyBucket(deps: VerifyDeps): Promise<Verified> {
  for (let looks = 1; ; looks += 1) {
    const { verified, seen } = await lookedThrough(deps);
    const isAgain = verified.findings.length > 0 && looks < LOOKS_MAX && !deps.signal.aborted;
    if (!isAgain || (await seenNow(deps)) === seen) return verified;
  }
}

/** One text for all that is there, and for each version of it. */
async function seenNow({ bucket }: VerifyDeps): Promise<string> {
  const seen = new Bun.CryptoHasher('sha256');
  for await (const { name, etag } of bucket.list('')) seen.update(`${name}\n${etag}\n`);
  return seen.digest('hex');
}

async function lookedThrough(deps: VerifyDeps) {
  const verified: Verified = {
    findings: [],
    objects: 0,
    bytes: 0,
    sessions: 0,
    pieces: 0,
    unnamed: [],
    isFormatLost: false,
    holes: new Set(),
    hit: [],
  };
  const packs = new Set<string>();
  const heads: string[] = [];
  const met = { format: 0, keys: [] as string[] };
  const logs = new Map<string, number[]>([...deps.read.keys()].map((machine) => [machine, []]));
  const seen = new Bun.CryptoHasher('sha256');
  for await (const { name, bytes, etag } of deps.bucket.list('')) {
    seen.update(`${name}\n${etag}\n`);
    verified.objects += 1;
    verified.bytes += bytes;
    const found = objectNamed(name);
    if (found === null)
      verified.findings.push(finding(name, 'it is foreign: no object of session-memory has such a name'));
    else if (found.kind === 'format') met.format += 1;
    else if (found.kind === 'key') met.keys.push(name);
    else if (found.kind === 'pack') packs.add(name);
    else if (found.kind === 'head' && found.machine !== null) heads.push(found.machine);
    if (found !== null && found.machine !== null) {
      const log = logs.get(found.machine) ?? [];
      logs.set(found.machine, log);
      if (found.number !== null) log.push(found.number);
    }
  }
  await readDoor(deps, met, verified);
  const newest = await readLogs(deps, logs, verified);
  const named = await readSessions(deps, newest, packs, verified);
  verified.unnamed = [...packs].filter((name) => !named.has(name)).sort();
  await readTheRest(deps, heads, logs, verified);
  return { verified, seen: seen.digest('hex') };
}

/** What a further machine joins by, and a rescue begins with. */
async function readDoor(
  { bucket, id }: VerifyDeps,
  met: { readonly format: number; readonly keys: readonly string[] },
  verified: Verified,
): Promise<void> {
  let whole = 0;
  for (const name of met.keys) {
    const problem = await keyProblem(bucket, name);
    if (problem !== null) verified.findings.push(finding(name, problem));
    else whole += 1;
  }
  if (whole === 0)
    verified.findings.push(
      finding(
        `${KEYS}*.age`,
        'no wrapped key is in the bucket: no further machine can join. `remote add` on one that has joined puts one there again',
      ),
    );
  if (met.format === 0) {
    verified.isFormatLost = true;
    verified.findings.push(
      finding(FORMAT_NAME, 'it is missing from the bucket: no further machine can join'),
    );
    return;
  }
  try {
    if ((await bucketThere(bucket.client)) === id) return;
    verified.findings.push(
      finding(FORMAT_NAME, 'it is of another bucket than the one that this store has joined'),
    );
  } catch (thrown) {
    if (!isDamage(thrown) && !isNewer(thrown)) throw thrown;
    verified.findings.push(finding(FORMAT_NAME, messageOf(thrown)));
  }
}

async function keyProblem({ client }: Bucket, name: string): Promise<string | null> {
  try {
    const file = await client.get(name, WRAPPED_BYTES_MAX);
    return file === null ? 'it is missing from the bucket' : await wrappedProblem(file);
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    return messageOf(thrown);
  }
}

/** What nothing names may be of a run that was killed, or foreign under a name of ours; and so may a head. */
async function readTheRest(
  deps: VerifyDeps,
  heads: readonly string[],
  logs: ReadonlyMap<string, readonly number[]>,
  verified: Verified,
): Promise<void> {
  for (const name of verified.unnamed) {
    if (deps.signal.aborted) return;
    await packIn(deps, objectNamed(name)?.pack ?? '', verified);
  }
  for (const machine of heads) {
    if (deps.signal.aborted) return;
    try {
      const told = (await deps.bucket.head(machine)) ?? 0;
      const known = (logs.get(machine) ?? []).reduce(
        (end, number) => Math.max(end, number + 1),
        deps.read.get(machine) ?? 0,
      );
      if (told > known)
        verified.findings.push(
          finding(commitName(machine, told - 1), 'it is missing from the bucket: its head tells of it'),
        );
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      verified.findings.push(finding(headName(machine), messageOf(thrown)));
    }
  }
}

function finding(object: string, problem: string, uid: SessionUid | null = null): RemoteFinding {
  return { object, problem, session_uid: uid };
}

/** Of each machine the newest state of each session, and the newest that had bytes. */
type Newest = Map<string, { readonly machine: string; readonly session: CommittedSession }>;

async function readLogs(
  deps: VerifyDeps,
  logs: ReadonlyMap<string, readonly number[]>,
  verified: Verified,
): Promise<Newest> {
  const newest: Newest = new Map();
  const forgotten = new Set<string>();
  for (const [machine, there] of logs) {
    const sorted = [...there].sort((a, b) => a - b);
    const { missing } = planLog({ there: sorted, read: deps.read.get(machine) ?? 0 }, true);
    if (missing.length > 0) verified.holes.add(machine);
    for (const number of missing)
      verified.findings.push(finding(commitName(machine, number), 'it is missing from the bucket'));
    let before: CommitThere | null = null;
    for (const number of sorted) {
      if (deps.signal.aborted) return newest;
      const commit = await commitIn(deps, machine, number, verified);
      const known = number + 1 === deps.read.get(machine) ? deps.last?.get(machine) : undefined;
      if (commit !== null && known !== undefined && commit.fills !== true && known !== commit.sealed)
        replaced(machine, number, 'was written or read by this machine', verified);
      if (before !== null && commit !== null && !follows(commit, before))
        replaced(machine, number - 1, 'the next one goes on from', verified);
      before = commit;
      for (const session of commit?.sessions ?? []) {
        newest.set(`${machine} records ${session.uid}`, { machine, session });
        if (session.packs === null) continue;
        const key = `${machine} bytes ${session.uid}`;
        const before = newest.get(key);
        // What none went on from stays there beside it.
        if (before !== undefined && before.session.generation < (session.covers_from ?? 0))
          newest.set(`${key} ${before.session.generation}`, before);
        newest.set(key, { machine, session });
      }
      for (const { uid } of commit?.forgotten ?? []) forgotten.add(uid);
    }
  }
  // Whichever machine has put it there, and whenever: nothing of it needs to be there.
  return new Map([...newest].filter(([, { session }]) => !forgotten.has(session.uid)));
}

function replaced(machine: string, number: number, than: string, { findings, holes }: Verified): void {
  holes.add(machine);
  findings.push(finding(commitName(machine, number), `another commit stands in its place than ${than}`));
}

/** One that stands for a lost one is not what the next one has gone on from. */
function follows({ number, before: told }: Commit, before: CommitThere): boolean {
  return (
    before.number !== number - 1 || before.fills === true || told === undefined || told === before.sealed
  );
}

async function commitIn(
  { bucket }: VerifyDeps,
  machine: string,
  number: number,
  verified: Verified,
): Promise<CommitThere | null> {
  try {
    return await bucket.commit(machine, number);
  } catch (thrown) {
    if (!isNewer(thrown) && !isDamage(thrown)) throw thrown;
    verified.findings.push(finding(commitName(machine, number), messageOf(thrown)));
    return null;
  }
}

function isNewer(thrown: unknown): boolean {
  return thrown instanceof FailureError && thrown.failure.code === 'newer_store';
}

function isDamage(thrown: unknown): boolean {
  return thrown instanceof FailureError && thrown.failure.code === 'corrupt';
}

interface WantedPiece {
  readonly machine: string;
  readonly uid: SessionUid;
  readonly piece: PackedPiece;
}

/** Records first: they say which pieces must be where. Each pack is read once for either. Returns the names of packs that are named. */
async function readSessions(
  deps: VerifyDeps,
  newest: Newest,
  packs: ReadonlySet<string>,
  verified: Verified,
): Promise<Set<string>> {
  const named = new Set<string>();
  // One that was evicted there has two states: its rows, and the one that had bytes.
  const whole = new Set<string>();
  const states = [...new Set(newest.values())];
  const byPack = Map.groupBy(states, ({ session }) => session.records.pack);
  const wanted = new Map<string, WantedPiece[]>();
  const total = packs.size;
  let done = 0;
  const hit = (machine: string, uid: SessionUid) => {
    if (!verified.hit.some((one) => one.machine === machine && one.uid === uid))
      verified.hit.push({ machine, uid });
  };
  for (const [pack, own] of byPack) {
    if (deps.signal.aborted) return named;
    deps.progress(done, total);
    done += 1;
    named.add(packName(pack));
    const plain = await packIn(deps, pack, verified);
    for (const { machine, session } of own) {
      const uid = session.uid as SessionUid;
      const pieces = plain === null ? null : piecesIn(plain, session, verified);
      if (pieces === null) hit(machine, uid);
      if (pieces !== null) whole.add(`${machine} ${uid}`);
      for (const piece of session.packs === null ? [] : (pieces ?? []))
        wanted.set(piece.place.pack, [...(wanted.get(piece.place.pack) ?? []), { machine, uid, piece }]);
    }
  }
  verified.sessions = whole.size;
  for (const [pack, own] of wanted) {
    if (deps.signal.aborted) return named;
    deps.progress(Math.min(done, total), total);
    done += 1;
    named.add(packName(pack));
    const plain = await packIn(deps, pack, verified);
    for (const { machine, uid, piece } of own) {
      const problem = plain === null ? 'its pack cannot be read' : problemOf(plain, piece);
      if (problem === null) verified.pieces += 1;
      else {
        hit(machine, uid);
        if (plain !== null) verified.findings.push(finding(packName(pack), problem, uid));
      }
    }
  }
  return named;
}

async function packIn({ bucket }: VerifyDeps, id: string, verified: Verified): Promise<Uint8Array | null> {
  try {
    const plain = await bucket.pack(id);
    if (plain === null) verified.findings.push(finding(packName(id), 'it is missing from the bucket'));
    return plain;
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    verified.findings.push(finding(packName(id), messageOf(thrown)));
    return null;
  }
}

function piecesIn(
  plain: Uint8Array,
  session: CommittedSession,
  verified: Verified,
): readonly PackedPiece[] | null {
  const uid = session.uid as SessionUid;
  try {
    return readRecords(plain, session.records, uid).pieces;
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    verified.findings.push(finding(packName(session.records.pack), messageOf(thrown), uid));
    return null;
  }
}

function problemOf(plain: Uint8Array, { place, sha256: hash, key }: PackedPiece): string | null {
  if (place.at + place.bytes > plain.length) return `it ends before a piece of ${key}`;
  const isRight = Buffer.from(sha256(partOf(plain, place))).toString('hex') === hash;
  return isRight ? null : `a piece of ${key} does not have the hash that was recorded`;
}
