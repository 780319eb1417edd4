/**
 * The laws of store and sweep, said once more and apart from the program: what a store must hold after each step of a history.
 * Promises: shares no code with the program; a broken law is one sentence.
 */
import type { Fact, Held } from './simulator-facts.ts';

/** A session as its agent has it, and what the store has been shown of it. */
export interface Told extends Written {
  readonly uid: string;
  /** A subagent's transcript beside the main one. */
  readonly beside: Written;
  pinned: boolean;
}

/** A transcript. */
export interface Written {
  /** On disk now; null: deleted. */
  content: Buffer | null;
  /** The last content that an ingest has seen to its end. */
  taken: Buffer | null;
  /** Contents that ingests have seen which died on the way, since `taken`. */
  readonly perhaps: Buffer[];
  /** Whole lines that the store has been given since the session came, or came back. */
  lines: Set<string>;
}

export interface Moment {
  readonly what: string;
  /** A sweep was under way; whether it might lose what has no digest. */
  readonly sweep: { readonly dataLoss: boolean } | null;
}

const DAY_MS = 86_400_000;

/** Laws that hold after every step, whatever it was and wherever it died. `before`: the facts before the step. */
export function brokenLaws(
  told: ReadonlyMap<string, Told>,
  before: ReadonlyMap<string, Fact>,
  after: ReadonlyMap<string, Fact>,
  moment: Moment,
): string[] {
  const broken: string[] = [];
  for (const [uid, fact] of after) {
    const one = told.get(uid);
    if (one === undefined) {
      broken.push(`${uid} is stored and no agent wrote it`);
      continue;
    }
    const was = before.get(uid);
    broken.push(...(fact.evictedAt === null ? liveLaws(one, fact) : evictedLaws(fact)));
    broken.push(...leavingLaws(one, was, fact, moment), ...digestLaws(was, fact));
  }
  for (const uid of before.keys()) if (!after.has(uid)) broken.push(`${uid} is not there any more`);
  return broken.map((law) => `${moment.what}: ${law}`);
}

/** What comes out is what went in, and what the agent removed is kept. */
function liveLaws(one: Told, { uid, version, log, beside }: Fact): string[] {
  return [
    ...heldLaws(one, `${uid} main`, version === null ? null : { version, log }),
    ...heldLaws(one.beside, `${uid} subagent`, beside),
  ];
}

function heldLaws(one: Written, uid: string, held: Held | null): string[] {
  if (held === null) return one.taken === null ? [] : [`${uid} is not there, and its session is live`];
  const { version, log } = held;
  const isTaken = one.taken?.equals(version) === true;
  const isPart = one.perhaps.some((content) => content.subarray(0, version.length).equals(version));
  if (!isTaken && !isPart) return [`${uid} holds ${version.length} bytes that its agent never had so`];
  const missing = [...one.lines].filter((line) => !log.includes(line));
  return missing.length === 0 ? [] : [`${uid} has lost ${missing.length} lines that it was given`];
}

/** Gone are the bytes of a session only behind a digest of all of them, or behind a recorded loss. */
export function evictedLaws({
  uid,
  generation,
  digests,
  events,
  log,
  beside,
  withoutTombstone,
}: Fact): string[] {
  const last = events.findLast(({ kind }) => kind === 'evicted' || kind === 'data_loss');
  if (last === undefined || last.generation !== generation) return [`${uid} is evicted without its event`];
  if (last.kind === 'evicted' && !digests.includes(generation))
    return [`${uid} is evicted and has no digest of what it was`];
  if (withoutTombstone > 0) return [`${uid} is evicted with a file that no tombstone remembers`];
  // The row of a file that comes back is made before its first byte.
  const bytes = log.length + (beside?.log.length ?? 0);
  return bytes > 0 ? [`${uid} is evicted and still has bytes: ${bytes}`] : [];
}

/** Who may leave, and when. */
function leavingLaws(one: Told, was: Fact | undefined, fact: Fact, { sweep }: Moment): string[] {
  if (fact.evictedAt === null || was === undefined || was.evictedAt !== null) return [];
  const { uid } = fact;
  if (sweep === null) return [`${uid} was evicted, and nobody swept`];
  if (one.pinned) return [`${uid} was evicted though it is pinned`];
  const isLoss = fact.events.at(-1)?.kind === 'data_loss';
  if (isLoss && !sweep.dataLoss) return [`${uid} was lost, and that was forbidden`];
  return [];
}

/** A digest that bytes were dropped for never goes, and a better one never gives way to a worse one. */
export function digestLaws(was: Fact | undefined, fact: Fact): string[] {
  if (was?.tellsOfBeside === true && !fact.tellsOfBeside && fact.beside === null)
    return [`${fact.uid} has neither its subagent nor a digest that tells of it any more`];
  if (was === undefined || was.evictedAt === null) return [];
  const kept = was.digests.every((generation) => fact.digests.some((other) => other >= generation));
  return kept ? [] : [`${fact.uid} has lost the digest that its bytes were dropped for`];
}

export interface Limits {
  readonly softBytes: number;
  readonly hardBytes: number;
  readonly maxAgeDays: number | 'off';
}

export interface Expected {
  readonly backstop: readonly string[];
  readonly budget: readonly string[];
  /** Usage after both; above the hard cap the overflow begins. */
  readonly usageBytes: number;
}

/** Who backstop and budget take of these sessions, in order. */
export function expectedVictims(facts: Iterable<Fact>, limits: Limits, now: string): Expected {
  const live = [...facts].filter(({ evictedAt }) => evictedAt === null);
  let usageBytes = live.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  const order = live
    .filter(({ pinned, analyzedAt }) => !pinned && analyzedAt !== null)
    .toSorted((a, b) => compare(orderKey(a), orderKey(b)));
  const { maxAgeDays } = limits;
  const isOld = ({ endedAt, startedAt, ingestedAt }: Fact): boolean => {
    const last = endedAt ?? startedAt ?? ingestedAt;
    if (maxAgeDays === 'off' || last === null) return false;
    return Date.parse(now) - Date.parse(last) > maxAgeDays * DAY_MS;
  };
  const backstop = order.filter(isOld);
  for (const { storedBytes } of backstop) usageBytes -= storedBytes;
  const budget: Fact[] = [];
  for (const fact of order.filter((one) => !isOld(one))) {
    if (usageBytes <= limits.softBytes) break;
    if (fact.storedBytes === 0) continue;
    budget.push(fact);
    usageBytes -= fact.storedBytes;
  }
  const uids = (list: readonly Fact[]) => list.map(({ uid }) => uid);
  return { backstop: uids(backstop), budget: uids(budget), usageBytes };
}

function orderKey({ analyzedAt, endedAt, ingestedAt, uid }: Fact): readonly string[] {
  return [analyzedAt ?? endedAt ?? ingestedAt ?? '', endedAt ?? '', uid];
}

function compare(a: readonly string[], b: readonly string[]): number {
  for (const [i, part] of a.entries()) {
    const other = b[i] ?? '';
    if (part !== other) return part < other ? -1 : 1;
  }
  return 0;
}
