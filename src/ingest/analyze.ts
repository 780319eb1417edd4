/**
 * Analyze: the stored bytes of a session to its digest in Tier 2.
 * Promises: reads what the store has, not what the agent has now; a failure leaves the session un-analyzed and stops nothing
 * else; nothing is stored for a session that grew while it was read.
 */

import { agentById, agentsOf } from '../agents/registry.ts';
import { lossOfFacts } from '../digest/better.ts';
import { type DigestFile, type DigestOutcome, makeDigest, readAll } from '../digest/digest.ts';
import { redactDigest, redactText } from '../digest/redact.ts';
import { type AgentFormat, type Host, toldAs } from '../domain/agent.ts';
import { decided } from '../domain/decisions.ts';
import { DIGEST_VERSION, type Digest } from '../domain/digest.ts';
import { messageOf } from '../domain/errors.ts';
import type { FactSink, ToldRole } from '../domain/facts.ts';
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import { type Circumstances, isDue } from '../domain/retry.ts';
import type { SessionRow } from '../domain/session.ts';
import type { Clock, Iso } from '../domain/time.ts';
import { nameOfCommand } from '../files/hash-text.ts';
import { lastAttempt, noteFailure, noteSuccess, sessionsMadeWithout } from '../store/analyses.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { digestsOf, filesOf, findSession, sessionsDigestedBefore } from '../store/read.ts';
import { isDiskFull } from '../store/room.ts';
import type { StoredFile } from '../store/rows.ts';
import { fileChunks, logBreaks, logChunks, removedChunks, removedRanges } from '../store/segments.ts';
import { census } from '../store/usage.ts';
import { digestIn } from '../store/whole-digest.ts';
import { hashFiles, saveDigest } from '../store/write-digests.ts';
import { type AskedAnalyzer, GIVEN_UP } from './asked-analyzer.ts';
import { contentFormOf } from './content/content.ts';
import { saidOnce } from './content/once.ts';
import { rememberSessions } from './remember.ts';

/** Longer, and it is no reason but a transcript. */
const REASON_CHARS = 2000;

export interface AnalyzeDeps {
  readonly db: WritableDb;
  readonly clock: Clock;
  /** The user's own program, run after the built-in digest; null: none. */
  readonly external: { readonly command: string; readonly timeoutS: number } | null;
  readonly host: Host;
  /** The version of this program: a new one tries again what an older one could not read. */
  readonly program?: string;
  /** Of the whole run; absent: the external analyzer is asked however often it fails. */
  readonly asked?: AskedAnalyzer;
}

/** `kept`: why the digest that is there has stayed; a new one would be worse. */
export type AnalyzeResult =
  | { readonly ok: true; readonly kept?: string }
  | {
      readonly ok: false;
      readonly why: string;
      readonly noRoom?: boolean;
      /** The external analyzer is not asked any more: it says nothing of this session. */
      readonly isUntried?: true;
    };

/** Live un-analyzed sessions, in order of eviction: oldest first. `untried`: without those whose analysis failed as they are. */
export function sessionsWaiting(db: ReadableDb, now: Iso, untried = false): SessionUid[] {
  const waiting = [...census(db, now).unanalyzed()].map((card) => card.uid);
  if (!untried) return waiting;
  return waiting.filter((uid) => findSession(db, uid)?.analyzeError === null);
}

/** Those of them that are to be tried now: untried ones, and failed ones whose time has come or whose circumstances changed. */
export function sessionsDue(deps: AnalyzeDeps): SessionUid[] {
  const now = deps.clock.now();
  return [...census(deps.db, now).unanalyzed()]
    .filter(({ uid, generation }) => isDue(lastAttempt(deps.db, uid), circumstances(deps, generation), now))
    .map(({ uid }) => uid);
}

/**
 * Those that wait, and every live session whose digest an older analyzer made, another command than the present one, or the
 * program as a configuration said: it may say something else by now.
 */
export function sessionsToRenew(
  db: ReadableDb,
  now: Iso,
  host: Pick<Host, 'agents'> = {},
  external: AnalyzeDeps['external'] = null,
): SessionUid[] {
  const own = agentsOf(host).flatMap((agent) => (agent.own === undefined ? [] : [agent.id]));
  const others = external === null ? [] : sessionsMadeWithout(db, nameOfCommand(external.command));
  const uids = [...sessionsWaiting(db, now), ...sessionsDigestedBefore(db, DIGEST_VERSION, own), ...others];
  return [...new Set(uids)];
}

/** What an analysis made now depends on. */
export function circumstances(
  { external, program }: Pick<AnalyzeDeps, 'external' | 'program'>,
  generation: number,
): Circumstances {
  const analyzer = external === null ? '' : nameOfCommand(external.command);
  return { generation, analyzer, program: program ?? '' };
}

/** Makes and stores the digest of one session. */
export async function analyzeSession(
  deps: AnalyzeDeps,
  uid: SessionUid,
  signal: AbortSignal,
): Promise<AnalyzeResult> {
  const outcome = await tried(deps, uid, signal);
  // Why it failed may quote the transcript, or what an analyzer of the user's said.
  decided('analyze', uid, outcome.ok ? 'digested' : 'failed: `show` says why');
  return outcome;
}

async function tried(deps: AnalyzeDeps, uid: SessionUid, signal: AbortSignal): Promise<AnalyzeResult> {
  const session = findSession(deps.db, uid);
  if (session === null) return { ok: false, why: 'the session is not known' };
  if (session.evictedAt !== null) return { ok: false, why: 'its raw bytes were evicted' };
  const remember = (why: string) =>
    noteFailure(deps.db, uid, why, circumstances(deps, session.generation), deps.clock.now());
  const agent = agentById(session.agent, deps.host);
  if (agent === null) {
    const why = unknownAgent(session.agent);
    remember(why);
    return { ok: false, why };
  }
  if (deps.external !== null && deps.asked?.isGivenUp === true)
    return { ok: false, why: GIVEN_UP, isUntried: true };
  try {
    const outcome = await analyzed(deps, session, agent, signal);
    // A stop says nothing about the session: it is tried again.
    if (!outcome.ok && !signal.aborted) remember(outcome.why);
    return outcome;
  } catch (thrown) {
    const why = await reasonOf(thrown);
    // It says nothing about the session either, and must not let it count as one that was tried.
    if (isDiskFull(thrown)) return { ok: false, why, noRoom: true };
    if (!signal.aborted) remember(why);
    return { ok: false, why };
  }
}

/** It may have been one of the configuration, of another machine's, or of a newer version of this program. */
function unknownAgent(id: string): string {
  return `no agent ${id} is known here; where [agents.${id}] was in the configuration, put it back, then \`session-memory analyze\``;
}

async function analyzed(
  deps: AnalyzeDeps,
  session: SessionRow,
  agent: AgentFormat,
  signal: AbortSignal,
): Promise<AnalyzeResult> {
  const hashes = new Map<StoredFile, Uint8Array>();
  const made = await digestOf(deps, session, agent, hashes, signal);
  if (!made.ok) return { ok: false, why: made.why };
  let { digest, json } = made;
  // Without the secrets that an older version let through: else a name that they made one of two would seem to be lost.
  const stored = digestThere(deps, session);
  const before = stored === null ? null : await withoutSecrets(stored);
  const kept = before === null ? null : lossOfFacts(before, digest);
  if (kept !== null) {
    if (before !== null && before.redacted !== stored?.redacted)
      save(deps, session, before, JSON.stringify(before), true, hashes);
    return { ok: true, kept };
  }
  if (deps.external !== null) {
    const summary = await externalSummary(deps, session, deps.external, signal);
    if (!signal.aborted) deps.asked?.heard(summary.ok ? null : summary.why);
    if (!summary.ok) return summary;
    const { withSummary } = await import('../digest/external.ts');
    ({ digest, json } = await withSummary(digest, summary.text));
  } else if (typeof before?.summary === 'string') {
    const { withSummary } = await import('../digest/external.ts');
    // Of the same bytes, and dearly made: it stays though no analyzer is set any more.
    ({ digest, json } = await withSummary(digest, before.summary));
  }
  killPoint('analyze.digested');
  const saved = save(deps, session, digest, json, true, hashes);
  killPoint('analyze.saved');
  if (saved !== 'grown')
    noteSuccess(deps.db, session.uid, circumstances(deps, session.generation), deps.clock.now());
  return saved === 'grown' ? { ok: false, why: 'it grew while it was analyzed' } : { ok: true };
}

/** A digest of an older form may lack what is looked at: it is compared as it is. */
async function withoutSecrets(digest: Digest): Promise<Digest> {
  try {
    return await redactDigest(digest);
  } catch (thrown) {
    if (thrown instanceof TypeError) return digest;
    throw thrown;
  }
}

/** The digest of the present bytes that covers them, where there is one. */
function digestThere(deps: AnalyzeDeps, session: SessionRow): Digest | null {
  if (session.analyzedAt === null) return null;
  const stored = digestsOf(deps.db, session.uid).find(
    ({ generation, complete }) => generation === session.generation && complete,
  );
  // Damaged text is nothing to compare with: the new digest mends it.
  return stored === undefined ? null : digestIn(stored.json);
}

async function externalSummary(
  deps: AnalyzeDeps,
  session: SessionRow,
  external: { readonly command: string; readonly timeoutS: number },
  signal: AbortSignal,
): Promise<{ ok: true; text: string } | { ok: false; why: string }> {
  const main = filesOf(deps.db, session.uid).find((file) => file.role === 'main' && !file.gone);
  // Another program's process takes more to load than the rest of an analysis: only where one is asked.
  const { runExternalAnalyzer } = await import('../digest/external.ts');
  return runExternalAnalyzer({
    command: external.command,
    timeoutMs: external.timeoutS * 1000,
    transcript: main === undefined ? [] : fileChunks(deps.db, session.uid, main),
    session: { uid: session.uid, agent: session.agent, project: session.project, title: session.title },
    host: deps.host,
    signal,
  });
}

/**
 * Keeps what the built-in analyzer can make of a session that is about to be lost. Never fails, for a loss must not wait for
 * it; but where the disk is full, what could be kept was not.
 */
export async function salvageSession(deps: AnalyzeDeps, uid: SessionUid): Promise<'no_room' | undefined> {
  try {
    return await salvaged(deps, uid);
  } catch (thrown) {
    if (isDiskFull(thrown)) return 'no_room';
    throw thrown;
  }
}

/**
 * What the built-in analyzer can make of a session as it is, without keeping it: what a loss would leave. `why`: what it lacks, empty
 * where it covers all.
 */
export async function triedDigest(
  deps: AnalyzeDeps,
  uid: SessionUid,
): Promise<{ readonly digest: Digest | null; readonly why: string }> {
  const session = findSession(deps.db, uid);
  const agent = session === null ? null : agentById(session.agent, deps.host);
  if (session === null || agent === null)
    return { digest: null, why: unknownAgent(session?.agent ?? 'unknown') };
  try {
    const made = await digestOf(deps, session, agent, new Map());
    return made.ok ? { digest: made.digest, why: '' } : { digest: made.partial, why: made.why };
  } catch (thrown) {
    return { digest: null, why: await reasonOf(thrown) };
  }
}

/** Tells a sink of the present main transcript, record by record; false where there is none to read. `onRead`: so many of its bytes are read. */
export async function retellMain(
  { db, host }: Pick<AnalyzeDeps, 'db' | 'host'>,
  uid: SessionUid,
  sink: FactSink,
  signal: AbortSignal,
  onRead: (done: number, total: number) => void = () => undefined,
): Promise<boolean> {
  const session = findSession(db, uid);
  const agent = session === null ? null : agentById(session.agent, host);
  const main = filesOf(db, uid).find((file) => file.role === 'main' && !file.gone);
  if (agent === null || main === undefined) return false;
  const { key } = main;
  const chunks = watched(fileChunks(db, uid, main), (done) => onRead(done, main.rawBytes));
  const file: DigestFile =
    agent.isDocument?.(key) === true
      ? { role: 'main', key, chunks: [], document: { present: chunks, removed: [] } }
      : { role: 'main', key, chunks };
  await readAll([file], agent.reader(sink), { told: 0 }, signal);
  return true;
}

function* watched(chunks: Iterable<Uint8Array>, onRead: (done: number) => void): Generator<Uint8Array> {
  let done = 0;
  for (const chunk of chunks) {
    onRead(done);
    yield chunk;
    done += chunk.length;
  }
}

async function salvaged(deps: AnalyzeDeps, uid: SessionUid): Promise<'no_room' | undefined> {
  const session = findSession(deps.db, uid);
  if (session === null || session.evictedAt !== null) return undefined;
  hashFiles(deps.db, uid);
  if ((await rememberSessions(deps, [uid])) === 'no_room') return 'no_room';
  const agent = agentById(session.agent, deps.host);
  if (agent === null) return undefined;
  try {
    const made = await digestOf(deps, session, agent, new Map());
    const digest: Digest = { ...(made.ok ? made.digest : made.partial), partial: true };
    save(deps, session, digest, JSON.stringify(digest), false, new Map());
    killPoint('analyze.salvaged');
  } catch (thrown) {
    if (isDiskFull(thrown)) throw thrown;
    const now = deps.clock.now();
    noteFailure(deps.db, uid, await reasonOf(thrown), circumstances(deps, session.generation), now);
  }
  return undefined;
}

/** An error may quote what it could not read, and why an analysis failed is kept. */
async function reasonOf(thrown: unknown): Promise<string> {
  return (await redactText(messageOf(thrown), REASON_CHARS)).text;
}

/** The digest of all that was ever stored of a session; fills `hashes` with the present version of each file without one. */
async function digestOf(
  deps: AnalyzeDeps,
  session: SessionRow,
  agent: AgentFormat,
  hashes: Map<StoredFile, Uint8Array>,
  signal?: AbortSignal,
): Promise<DigestOutcome> {
  const files = filesOf(deps.db, session.uid).filter((file) => !file.gone);
  const sources: DigestFile[] = [];
  for (const file of files) {
    const role = toldAs(agent, file.role, file.key);
    if (role !== null) sources.push(await sourceOf(deps.db, session.uid, agent, file, role));
  }
  const made = await makeDigest({
    uid: session.uid,
    agent,
    rawBytes: session.rawBytes,
    now: deps.clock.now(),
    peekTitle: session.title,
    peekProject: session.project,
    files: sources,
    ...(signal === undefined ? {} : { signal }),
  });
  for (const file of files) if (file.sha256 === null) hashes.set(file, hashOf(deps.db, session.uid, file));
  return made;
}

/** What a digest is told of a file: all that was ever stored of it, once. */
async function sourceOf(
  db: ReadableDb,
  uid: SessionUid,
  agent: AgentFormat,
  file: StoredFile,
  role: ToldRole,
): Promise<DigestFile> {
  const { key } = file;
  if (agent.isDocument?.(key) === true) {
    const document = { present: fileChunks(db, uid, file), removed: removedChunks(db, uid, file) };
    return { role, key, chunks: [], document };
  }
  const form = contentFormOf(agent, key);
  const once = form === null || removedRanges(file).length === 0 ? null : saidOnce(db, uid, file, form);
  if (once !== null) return { role, key, chunks: once };
  return { role, key, chunks: logChunks(db, uid, file), breaks: logBreaks(file) };
}

function hashOf(db: ReadableDb, uid: SessionUid, file: StoredFile): Uint8Array {
  const hasher = new Bun.CryptoHasher('sha256');
  for (const chunk of fileChunks(db, uid, file)) hasher.update(chunk);
  return hasher.digest();
}

function save(
  deps: AnalyzeDeps,
  session: SessionRow,
  digest: Digest,
  json: string,
  complete: boolean,
  fileHashes: ReadonlyMap<StoredFile, Uint8Array>,
) {
  return saveDigest(deps.db, {
    uid: session.uid,
    generation: session.generation,
    version: DIGEST_VERSION,
    json,
    complete,
    now: deps.clock.now(),
    title: digest.title,
    project: digest.project,
    branch: digest.branches.at(-1) ?? null,
    startedAt: digest.started_at,
    endedAt: digest.ended_at,
    fileHashes,
  });
}
