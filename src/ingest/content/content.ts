/**
 * A transcript by its content: whether two versions say the same, and a hash by which an evicted one is known again.
 * Promises: memory is bounded by a line, or by a hash a line where the order of lines is no content. Whatever is not proven to
 * be the same is different, and loses nothing.
 * Never: holds lines of text for people to be records; only agents with a `ContentForm` are compared so.
 */
import { isUtf8 } from 'node:buffer';
import type { AgentLayout, AgentRecords } from '../../domain/agent.ts';
import {
  ALL_MEMBERS,
  type ContentForm,
  type ContentReader,
  type ContentRecord,
  canonicalText,
  exactRecord,
} from '../../domain/content.ts';
import { eachLine, linesOfChunks, linesOfStream, TooLong } from '../../files/line-cutter.ts';

/** A line above it is not taken apart. */
const LINE_BYTES_MAX = 16 * 1024 * 1024;
/** So many hashes of lines are held at most. */
const LINES_HELD_MAX = 1_000_000;

/** What of an agent is asked here. */
type ContentAgent = Pick<AgentLayout, 'isDocument'> & Pick<AgentRecords, 'content'>;

/** How an agent's file of that key is compared; null: by its bytes alone. */
export function contentFormOf(agent: ContentAgent, key: string): ContentForm | null {
  return agent.isDocument?.(key) === true ? null : (agent.content ?? null);
}

/** The form by which an evicted session is known again; null where nothing of its content is kept. */
export function rememberedForm(agent: ContentAgent, key: string): ContentForm | null {
  const form = contentFormOf(agent, key);
  return form?.isRemembered === true ? form : null;
}

/** Before the bytes of a line that is no record. */
const UNREAD = 'bytes ';

/** Whether a line of which this is the content is no record. */
export function isUnread(content: string): boolean {
  return content.startsWith(UNREAD);
}

/** What a line says, as a text that is equal for equal content; null where it says nothing. Throws where it is too long to tell. */
export function contentOfLine(line: Uint8Array, read: ContentReader): string | null {
  if (line.length > LINE_BYTES_MAX) throw new TooLong('a line is too long to be taken apart');
  const bytes = trimmed(line);
  if (bytes.length === 0) return null;
  const record = bytes[0] === 0x7b && isUtf8(bytes) ? exactRecord(bytes.toString('utf8')) : null;
  // Of what is no record every byte counts, the one before the line's end too.
  if (record === null) return `${UNREAD}${Buffer.from(line).toString('latin1').replace(/\n$/, '')}`;
  try {
    const content = read(record);
    return content === null ? null : canonicalText(content);
  } catch (thrown) {
    // Brackets within brackets, thousands deep: no agent's.
    if (thrown instanceof RangeError) throw new TooLong('a record is nested too deep', { cause: thrown });
    throw thrown;
  }
}

/** Without white space around it, of which a record is independent, and the mark of byte order that editors of Windows put first. */
function trimmed(line: Uint8Array): Buffer {
  let start = line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? 3 : 0;
  let end = line.length;
  while (end > start && isBlank(line[end - 1])) end--;
  while (start < end && isBlank(line[start])) start++;
  return Buffer.from(line.buffer, line.byteOffset + start, end - start);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Whether there is nothing but NULs of a crash and white space: lines or a document of nothing else are none. */
export function isNothing(chunks: Iterable<Uint8Array>): boolean {
  for (const chunk of chunks) if (!isPadding(chunk)) return false;
  return true;
}

/** The same of a piece. */
export function isPadding(chunk: Uint8Array): boolean {
  return chunk.every((byte) => byte === 0 || isBlank(byte));
}

/** How the content of a source stands to that of a stored version. */
export type ContentComparison = 'same' | 'grown' | 'shorter' | 'different';

/** Both from a line's start; `from` says whether it is the first line. */
export async function compareContent(
  form: ContentForm,
  stored: Iterable<Uint8Array>,
  source: AsyncIterable<Uint8Array>,
  from: 'start' | 'later',
): Promise<ContentComparison> {
  const ours = contentsOfChunks(form, stored, from);
  const theirs = contentsOfStream(form, source, from);
  try {
    return form.isOrdered ? await inOrder(ours, theirs) : await asSets(ours, theirs);
  } catch (thrown) {
    if (thrown instanceof TooLong) return 'different';
    throw thrown;
  } finally {
    ours.return(undefined);
    await theirs.return(undefined);
  }
}

function* contentsOfChunks(
  form: ContentForm,
  chunks: Iterable<Uint8Array>,
  from: 'start' | 'later',
): Generator<string, undefined, undefined> {
  const read = form.reader(from);
  for (const line of linesOfChunks(chunks)) {
    const content = contentOfLine(line, read);
    if (content !== null) yield content;
  }
}

async function* contentsOfStream(
  form: ContentForm,
  chunks: AsyncIterable<Uint8Array>,
  from: 'start' | 'later',
): AsyncGenerator<string, undefined, undefined> {
  const read = form.reader(from);
  for await (const line of linesOfStream(chunks)) {
    const content = contentOfLine(line, read);
    if (content !== null) yield content;
  }
}

async function inOrder(ours: Iterator<string>, theirs: AsyncIterator<string>): Promise<ContentComparison> {
  for (;;) {
    const [mine, other] = [ours.next(), await theirs.next()];
    if (mine.done === true) return other.done === true ? 'same' : 'grown';
    if (other.done === true) return 'shorter';
    if (mine.value !== other.value) return 'different';
  }
}

async function asSets(ours: Iterable<string>, theirs: AsyncIterable<string>): Promise<ContentComparison> {
  const counts = new Map<string, number>();
  for (const content of ours) {
    const key = hashOf(content);
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (counts.size > LINES_HELD_MAX) return 'different';
  }
  let more = 0;
  for await (const content of theirs) {
    const key = hashOf(content);
    const left = counts.get(key) ?? 0;
    if (left === 0) more++;
    else if (left === 1) counts.delete(key);
    else counts.set(key, left - 1);
  }
  if (counts.size === 0) return more === 0 ? 'same' : 'grown';
  return more === 0 ? 'shorter' : 'different';
}

function hashOf(content: string): string {
  return new Bun.CryptoHasher('sha256').update(content).digest('base64');
}

/**
 * Whether a source that says the same as what is stored holds anything beside its content that is not stored: settings and counters, say,
 * that are other ones. White space and the order of keys are nothing; nor is what the agent itself wrote in a new form of its own.
 */
export async function bringsMore(
  form: ContentForm,
  stored: () => Iterable<Uint8Array>,
  source: () => AsyncIterable<Uint8Array>,
): Promise<boolean> {
  if (form.isOwnForm !== undefined) {
    const [before, after] = [await firstRecord(stored()), await firstRecord(source())];
    if (before !== null && after !== null && form.isOwnForm(before, after)) return false;
  }
  return (await compareContent(ALL_MEMBERS, stored(), source(), 'start')) !== 'same';
}

async function firstRecord(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<ContentRecord | null> {
  for await (const line of linesOfStream(chunks)) {
    const record = exactRecord(Buffer.from(line).toString('utf8'));
    if (record !== null) return record;
  }
  return null;
}

/** Whether two versions have a line in common that `counts`. What is too long to be told is no proof. */
export async function sharesContent(
  form: ContentForm,
  stored: Iterable<Uint8Array>,
  source: AsyncIterable<Uint8Array>,
  counts: (record: ContentRecord) => boolean,
): Promise<boolean> {
  const counted: ContentForm = {
    ...form,
    reader: (from) => {
      const read = form.reader(from);
      return (record) => (counts(record) ? read(record) : null);
    },
  };
  const theirs = contentsOfStream(counted, source, 'start');
  try {
    const ours = new Set<string>();
    for (const content of contentsOfChunks(counted, stored, 'start')) {
      if (ours.size === LINES_HELD_MAX) break;
      ours.add(hashOf(content));
    }
    for await (const content of theirs) if (ours.has(hashOf(content))) return true;
    return false;
  } catch (thrown) {
    if (thrown instanceof TooLong) return false;
    throw thrown;
  } finally {
    await theirs.return(undefined);
  }
}

/** The content of a whole file version. */
export interface ContentHash {
  /** Lines that say something. */
  readonly records: number;
  readonly sha256: Uint8Array;
}

/** Of an ordered content also the hashes of its beginnings, by the counts of lines that were asked for. */
export type MarkedHash = ContentHash & { readonly at: ReadonlyMap<number, Uint8Array> };

/**
 * The hash of a file's content; null where it cannot be told. `marks`: counts of lines after which the hash so far is wanted too;
 * where the order is no content, only that of all lines is one.
 */
export async function hashContent(
  form: ContentForm,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  marks: ReadonlySet<number> = new Set(),
): Promise<MarkedHash | null> {
  const hash = new ContentHasher(form.isOrdered, marks);
  const read = form.reader('start');
  const add = (line: Uint8Array) => {
    const content = contentOfLine(line, read);
    if (content !== null) hash.add(content);
  };
  try {
    await eachLine(chunks, add);
  } catch (thrown) {
    if (thrown instanceof TooLong) return null;
    throw thrown;
  }
  return hash.end();
}

class ContentHasher {
  readonly #isOrdered: boolean;
  readonly #marks: ReadonlySet<number>;
  readonly #hasher = new Bun.CryptoHasher('sha256');
  readonly #at = new Map<number, Uint8Array>();
  readonly #unordered: string[] = [];
  #records = 0;

  constructor(isOrdered: boolean, marks: ReadonlySet<number>) {
    this.#isOrdered = isOrdered;
    this.#marks = marks;
  }

  /** Throws `TooLong` where there are too many. */
  add(content: string): void {
    this.#records += 1;
    if (!this.#isOrdered) {
      this.#unordered.push(hashOf(content));
      if (this.#unordered.length > LINES_HELD_MAX) throw new TooLong('too many lines to be put in order');
      return;
    }
    this.#hasher.update(content);
    this.#hasher.update('\n');
    if (this.#marks.has(this.#records)) this.#at.set(this.#records, this.#hasher.copy().digest());
  }

  end(): MarkedHash {
    for (const hash of this.#unordered.sort()) this.#hasher.update(`${hash}\n`);
    return { records: this.#records, sha256: this.#hasher.digest(), at: this.#at };
  }
}
