/**
 * Makes a session's digest from its transcript, built in and deterministic.
 * Promises: the same bytes give the same digest; bounded memory; long transcripts let other work run between.
 * Never: reads a clock, a locale or a disk; passes an empty digest off as one that covers a session.
 */
import type { AgentFormat } from '../domain/agent.ts';
import type { Digest } from '../domain/digest.ts';
import type { DocumentPart, RecordReader } from '../domain/facts.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { Iso } from '../domain/time.ts';
import { Collector } from './collect.ts';
import { type LineSink, LineSplitter } from './lines.ts';
import { redactDigest, redactText } from './redact.ts';
import { type Sized, shrink, targetBytes } from './shrink.ts';
import { windows } from './windows.ts';

/** Bytes read between two pauses for other work, some 10 to 30 ms. */
const PAUSE_EVERY_BYTES = 8 * 1024 * 1024;
/** Chunks lie outside the heap: nothing presses the collector while a huge transcript goes by. */
const COLLECT_EVERY_BYTES = 32 * 1024 * 1024;
/** A line of so many bytes may hold millions of values; several at once would be more than the memory that is promised. */
const COLLECT_AFTER_LINE_BYTES = 2 * 1024 * 1024;

export interface SourceFile {
  readonly role: 'main' | 'subagent';
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
  readonly agent: AgentFormat;
  /** Bytes of all files together; the digest's size is a share of it. */
  readonly rawBytes: number;
  readonly files: readonly SourceFile[];
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
  const lines = await readAll(source.files, reader, source.signal);
  reader.end();
  const draft = collector.draft({
    uid: source.uid,
    agent: source.agent.id,
    peekTitle: source.peekTitle ?? null,
    peekProject: source.peekProject ?? null,
    linesRead: lines.read,
    linesUnreadable: lines.unreadable,
  });
  const trouble = reader.trouble?.() ?? null;
  // It may name what stands in the transcript, and is kept with the session.
  const why = trouble === null ? whyNot(lines, collector.unknownRecords) : (await redactText(trouble)).text;
  const aim = targetBytes(source.rawBytes);
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

interface LineCounts {
  read: number;
  unreadable: number;
  /** Of the main transcript alone; a session may have lost it and keep its subagents'. */
  mainRead: number;
  mainUnreadable: number;
}

/** Throws where it is told to stop: half of a transcript makes no digest. */
async function readAll(
  files: readonly SourceFile[],
  reader: RecordReader,
  signal: AbortSignal | undefined,
): Promise<LineCounts> {
  const counts: LineCounts = { read: 0, unreadable: 0, mainRead: 0, mainUnreadable: 0 };
  let sincePause = 0;
  let sinceCollected = 0;
  for (const file of files) {
    if (file.document !== undefined) {
      await readDocument(file, file.document, reader, counts);
      if (signal?.aborted === true) throw new Error('interrupted');
      continue;
    }
    const counter = lineCounter(reader, counts, file.role === 'main');
    const splitter = new LineSplitter(counter, file.breaks, reader.readsEmptyLines === true);
    reader.begin({ role: file.role, key: file.key });
    for await (const chunk of file.chunks) {
      splitter.push(chunk);
      sincePause += chunk.length;
      if (sincePause < PAUSE_EVERY_BYTES) continue;
      sinceCollected += sincePause;
      sincePause = 0;
      if (sinceCollected >= COLLECT_EVERY_BYTES) {
        sinceCollected = 0;
        Bun.gc(true);
      }
      await Bun.sleep(0);
      if (signal?.aborted === true) throw new Error('interrupted');
    }
    splitter.end();
  }
  return counts;
}

/** A document that is too large to be held is told by pieces, counted as unreadable as a whole. */
async function readDocument(
  file: SourceFile,
  { present, removed }: NonNullable<SourceFile['document']>,
  reader: RecordReader,
  counts: LineCounts,
): Promise<void> {
  const tell = (bytes: Uint8Array, part: DocumentPart) => {
    const { read, unreadable } = reader.part?.(bytes, part) ?? { read: 0, unreadable: 1 };
    counts.read += read;
    counts.unreadable += unreadable;
    if (file.role === 'main') counts.mainRead += read;
    if (file.role === 'main') counts.mainUnreadable += unreadable;
  };
  reader.begin({ role: file.role, key: file.key });
  for await (const window of windows(removed)) tell(window.bytes, 'removed');
  let isCut = false;
  for await (const { bytes, isWhole } of windows(present)) {
    tell(bytes, isWhole ? 'present' : 'piece');
    isCut ||= !isWhole;
  }
  if (isCut) counts.unreadable++;
}

function lineCounter(reader: RecordReader, counts: LineCounts, main: boolean): LineSink {
  const unreadable = () => {
    counts.unreadable++;
    if (main) counts.mainUnreadable++;
  };
  return {
    line: (line) => {
      const verdict = reader.line(line);
      if (line.length > COLLECT_AFTER_LINE_BYTES) Bun.gc(true);
      if (verdict === 'unreadable') return unreadable();
      counts.read++;
      if (main) counts.mainRead++;
    },
    oversized: unreadable,
  };
}

/** Why this is no analysis; null where it is one. */
function whyNot(counts: LineCounts, unknownRecords: number): string | null {
  const { read, unreadable, mainRead, mainUnreadable } = counts;
  if (read + unreadable === 0) return 'no record at all';
  if (read === 0) return `no readable record in ${lines(unreadable)}`;
  if (mainRead === 0 && mainUnreadable > 0)
    return `no readable record in ${lines(mainUnreadable)} of the main transcript`;
  if (unknownRecords >= read) return `no known record in ${lines(read + unreadable)}`;
  return null;
}

function lines(count: number): string {
  return count === 1 ? '1 line' : `${count} lines`;
}
