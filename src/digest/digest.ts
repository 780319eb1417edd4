/**
 * Makes a session's digest from its transcript, built in and deterministic.
 * Promises: the same bytes give the same digest; bounded memory; long transcripts let other work run between.
 * Never: reads a clock, a locale or a disk; passes a digest of nothing off as one that covers a session.
 */
import type { AgentIdentity, AgentRecords } from '../domain/agent.ts';
import type { Digest } from '../domain/digest.ts';
import type { DocumentPart, RecordReader, ToldRole } from '../domain/facts.ts';
import type { SessionUid } from '../domain/ids.ts';
import { collectGarbage, Pacer } from '../domain/pacer.ts';
import type { Iso } from '../domain/time.ts';
import { Collector } from './collect.ts';
import { type LineSink, LineSplitter } from './lines.ts';
import { redactDigest, redactText } from './redact.ts';
import { saidBytes } from './said-bytes.ts';
import { type Sized, shrink, targetBytes } from './shrink.ts';
import { windows } from './windows.ts';

/** Bytes read between two pauses for other work, some 10 to 30 ms. */
const PAUSE_EVERY_BYTES = 8 * 1024 * 1024;
/** A line of so many bytes may hold millions of values; several at once would be more than the memory that is promised. */
const COLLECT_AFTER_LINE_BYTES = 2 * 1024 * 1024;

export interface DigestFile {
  readonly role: ToldRole;
  readonly key: string;
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Byte offsets at which a line ends though no newline is there. */
  readonly breaks?: readonly number[];
  /** Of a file that is one JSON document: its present version and what was removed from it. `chunks` is not read then. */
  readonly document?: {
    readonly present: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
    readonly removed: Iterable<Uint8Array>;
  };
}

export interface DigestSource {
  readonly uid: SessionUid;
  readonly agent: Pick<AgentIdentity, 'id'> & Pick<AgentRecords, 'reader'>;
  /** Bytes of all files together; the digest's size is a share of it. */
  readonly rawBytes: number;
  readonly files: readonly DigestFile[];
  /** A title from outside the transcript, used where the transcript gives none. */
  readonly peekTitle?: string | null;
  /** A project from outside the transcript, likewise: a database in its folder does not name it. */
  readonly peekProject?: string | null;
  /** Only bounds which times are plausible. */
  readonly now: Iso;
  /** Looked at now and then; a transcript of endless lines takes long to read. */
  readonly signal?: AbortSignal;
}

export type DigestOutcome =
  | { readonly ok: true; readonly digest: Digest; readonly json: string }
  | { readonly ok: false; readonly why: string; readonly partial: Digest; readonly partialJson: string };

export async function makeDigest(source: DigestSource): Promise<DigestOutcome> {
  const collector = new Collector(source.now);
  const reader = source.agent.reader(collector);
  const tallies = await readAll(source.files, reader, collector, source.signal);
  const draft = collector.draft({
    uid: source.uid,
    agent: source.agent.id,
    peekTitle: source.peekTitle ?? null,
    peekProject: source.peekProject ?? null,
    linesRead: tallies.main.read + tallies.subagent.read,
    linesUnreadable: tallies.main.unreadable + tallies.subagent.unreadable,
  });
  const trouble = reader.trouble?.() ?? null;
  // It may name what stands in the transcript, and is kept with the session.
  const why = trouble === null ? whyNot(tallies, collector) : (await redactText(trouble)).text;
  const aim = targetBytes(Math.max(0, source.rawBytes - tallies.main.spare - tallies.subagent.spare));
  if (why === null) {
    const { digest, json } = await finish(draft, aim);
    return { ok: true, digest, json };
  }
  const { digest, json } = await finish({ ...draft, partial: true }, aim);
  return { ok: false, why, partial: digest, partialJson: json };
}

/** Redacts before it cuts: half a secret would not be known as one. */
async function finish(draft: Digest, aimBytes: number): Promise<Sized> {
  return shrink(await redactDigest(draft), aimBytes);
}

/** Of the files of one role: lines by how their reader got on, and facts that say what somebody said or did (`Collector.told`). */
interface DigestTally {
  read: number;
  unreadable: number;
  told: number;
  /** Bytes that white space and escapes take beyond what compact JSON would: the size of a digest is no matter of them. */
  spare: number;
}

/** The main transcript counts by itself: a session may have lost it and keep its subagents'. */
type Tallies = Readonly<Record<DigestFile['role'], DigestTally>>;

/** Tells a reader of files in turn. Throws where it is told to stop: half of a transcript makes no digest. */
export async function readAll(
  files: readonly DigestFile[],
  reader: RecordReader,
  collector: Pick<Collector, 'told'>,
  signal: AbortSignal | undefined,
): Promise<Tallies> {
  const tallies: Tallies = {
    main: { read: 0, unreadable: 0, told: 0, spare: 0 },
    subagent: { read: 0, unreadable: 0, told: 0, spare: 0 },
    beside: { read: 0, unreadable: 0, told: 0, spare: 0 },
  };
  let toldBefore = 0;
  for (const [n, file] of files.entries()) {
    // What a reader holds back of one file it tells when the next one begins, or at the end.
    reader.begin({ role: file.role, key: file.key });
    const before = files[n - 1];
    if (before !== undefined) tallies[before.role].told += collector.told - toldBefore;
    toldBefore = collector.told;
    if (file.document === undefined) await readLines(file, reader, tallies[file.role], signal);
    else await readDocument(file.document, reader, tallies[file.role]);
    if (signal?.aborted === true) throw new Error('interrupted');
  }
  reader.end();
  const last = files.at(-1);
  if (last !== undefined) tallies[last.role].told += collector.told - toldBefore;
  return tallies;
}

async function readLines(
  file: DigestFile,
  reader: RecordReader,
  tally: DigestTally,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { readsEmptyLines = false, isText = false } = reader;
  const splitter = new LineSplitter(lineCounter(reader, tally, isText), file.breaks, readsEmptyLines, isText);
  let sincePause = 0;
  const pacer = new Pacer();
  for await (const chunk of file.chunks) {
    splitter.push(chunk);
    sincePause += chunk.length;
    if (sincePause < PAUSE_EVERY_BYTES) continue;
    pacer.passed(sincePause);
    sincePause = 0;
    await Bun.sleep(0);
    if (signal?.aborted === true) throw new Error('interrupted');
  }
  splitter.end();
}

/** A document that is too large to be held is told by pieces, counted as unreadable as a whole. */
async function readDocument(
  { present, removed }: NonNullable<DigestFile['document']>,
  reader: RecordReader,
  tally: DigestTally,
): Promise<void> {
  const tell = (bytes: Uint8Array, part: DocumentPart) => {
    const { read, unreadable } = tryToRead(() => reader.part?.(bytes, part)) ?? { read: 0, unreadable: 1 };
    tally.read += read;
    tally.unreadable += unreadable;
    tally.spare += bytes.length - saidBytes(bytes);
  };
  for await (const window of windows(removed)) tell(window.bytes, 'removed');
  let isCut = false;
  for await (const { bytes, isWhole } of windows(present)) {
    tell(bytes, isWhole ? 'present' : 'piece');
    isCut ||= !isWhole;
  }
  if (isCut) tally.unreadable++;
}

function lineCounter(reader: RecordReader, tally: DigestTally, isText: boolean): LineSink {
  return {
    line: (line) => {
      // Of records, a blank line is nothing at all: neither read nor lost.
      if (!isText && isBlank(line)) return;
      if (!isText) tally.spare += line.length - saidBytes(line);
      const verdict = tryToRead(() => reader.line(line)) ?? 'unreadable';
      if (line.length > COLLECT_AFTER_LINE_BYTES) collectGarbage();
      if (verdict === 'unreadable') tally.unreadable++;
      else tally.read++;
    },
    oversized: () => {
      tally.unreadable++;
    },
  };
}

/** Undefined where it is nested so deep, thousands of brackets, that nothing can be made of it. */
function tryToRead<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

/** White space alone; NULs are none: they stand where a crash lost something. */
function isBlank(line: Uint8Array): boolean {
  const first = line[0];
  if (first !== undefined && first > 0x20) return false;
  return line.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);
}

/** Why this is no analysis; null where it is one: where somebody said or did something, and that was understood. */
function whyNot({ main, subagent, beside }: Tallies, collector: Collector): string | null {
  const [read, unreadable] = [main.read + subagent.read, main.unreadable + subagent.unreadable];
  if (read + unreadable === 0) return 'no record at all';
  if (read === 0) return `no readable record in ${lines(unreadable)}`;
  if (main.read === 0 && main.unreadable > 0)
    return `no readable record in ${lines(main.unreadable)} of the main transcript`;
  if (collector.told > beside.told) {
    const isMainLost = main.told === 0 && main.unreadable > 0;
    return isMainLost ? nothingIn(main, 0, ' of the main transcript') : null;
  }
  // `/exit` and nothing else is a session; beside what could not be read it is no reason to let that go.
  if (collector.isSteered && unreadable === 0 && collector.unknownRecords === 0) return null;
  if (collector.unknownRecords >= read) return `no known record in ${lines(read + unreadable)}`;
  return nothingIn({ read, unreadable }, collector.unknownRecords);
}

function nothingIn(
  { read, unreadable }: Pick<DigestTally, 'read' | 'unreadable'>,
  unknown: number,
  where = '',
): string {
  const lost = [
    ...(unreadable > 0 ? [`${unreadable} unreadable`] : []),
    ...(unknown > 0 ? [`${unknown} of an unknown kind`] : []),
  ];
  const found = lost.length > 0 ? ` (${lost.join(', ')})` : '';
  return `nothing that a person said or an agent did in ${lines(read + unreadable)}${where}${found}`;
}

function lines(count: number): string {
  return count === 1 ? '1 line' : `${count} lines`;
}
