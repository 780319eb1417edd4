/**
 * The first look into a transcript: its head and its tail.
 * Promises: reads a bounded piece of a file, of any size; what it tells is bounded too. Of how many bytes it makes a look follows
 * from the lines in them, so that a transcript tells the same with white space in its JSON as without.
 */

import type { AgentFormat, Peek } from '../../domain/agent.ts';
import { messageOf } from '../../domain/errors.ts';
import { HEAD_LINES, HEAD_LINES_MAX, TAIL_LINES } from '../../domain/peek.ts';
import type { FilePacking } from '../../domain/session.ts';
import { hashText } from '../../files/hash-text.ts';
import { type Source, SourceFile } from '../../files/source.ts';
import type { WalkedFile } from '../../files/walk.ts';

/**
 * What an agent makes of a file's first and last bytes; null where it cannot be read or is not the agent's. `relPath`: its place below
 * the root, where the project is to be the one that this place is for, as far as the records name it.
 */
export async function peekFile(
  agent: AgentFormat,
  file: WalkedFile,
  encoding: FilePacking,
  warn: (text: string) => void,
  relPath: string | null = null,
): Promise<Peek | null> {
  try {
    using source = new SourceFile(file.path, encoding, file.within);
    const isDocument = agent.isDocument !== undefined && !/\.jsonl(?:\.zst|\.gz)?$/.test(file.path);
    const ends = encoding !== 'plain' ? await endsOfStream(source) : endsOfFile(source);
    const peek = peekAt(agent, ends, isDocument);
    if (peek === null) return null;
    return bounded(
      relPath === null ? peek : { ...peek, project: projectAt(agent, relPath, peek.project, ends) },
    );
  } catch (thrown) {
    warn(`cannot read ${file.path}: ${messageOf(thrown)}`);
    return null;
  }
}

/** The project that the transcript's place is for, where its records name it; else the first that they name. */
function projectAt(agent: AgentFormat, relPath: string, first: string | null, ends: Ends): string | null {
  const placed = agent.placedByProject;
  if (first === null || placed === undefined || placed.isFor(relPath, first)) return first;
  try {
    const { head, tail } = ends.both(WIDE);
    return placed.projects(head, tail).findLast((project) => placed.isFor(relPath, project)) ?? first;
  } catch {
    // What cannot be read is named when it is taken.
    return first;
  }
}

/** So many bytes of a file's beginning and end. */
export interface LookSize {
  readonly headBytes: number;
  readonly tailBytes: number;
}

/** A file by its ends. */
export interface Ends {
  readonly sizeBytes: number;
  /** Of a file of no more bytes both are the whole. What it gives stands until the next call. */
  both(look: LookSize): { readonly head: Uint8Array; readonly tail: Uint8Array };
}

/** Nearly every transcript tells all in its first lines; some are read further, a few have lines of many megabytes. */
const LOOKS = [
  { headBytes: 24 * 1024, tailBytes: 64 * 1024 },
  { headBytes: 256 * 1024, tailBytes: 256 * 1024 },
  { headBytes: 16 * 1024 ** 2, tailBytes: 16 * 1024 ** 2 },
] as const;
const [EARLY, WIDE, LAST] = LOOKS;

/** Looks further until the look has all the lines that it is counted in; at a document as a whole. */
export function peekAt(agent: AgentFormat, ends: Ends, isDocument = false): Peek | null {
  for (const look of LOOKS) {
    const isWhole = ends.sizeBytes <= look.headBytes + look.tailBytes;
    if (isDocument && !isWhole && look !== LAST) continue;
    const { head, tail } = ends.both(look);
    const hasLines = isWhole || (countLines(head, HEAD_LINES) && countLastLines(tail, TAIL_LINES + 1));
    if (!hasLines && look !== LAST) continue;
    const peek = agent.peek(head, tail);
    if (isWhole || look === LAST) return peek;
    if (look === EARLY ? tellsAll(peek) : tellsEnough(peek, head)) return peek;
  }
  return null;
}

function tellsAll(peek: Peek | null): boolean {
  if (peek === null) return false;
  const { nativeId, project, title, startedAt, endedAt } = peek;
  return ![nativeId, project, title, startedAt, endedAt].includes(null);
}

/** Who begins with more than this has no more to tell; an agent that names no project or no time never does. */
function tellsEnough(peek: Peek | null, head: Uint8Array): boolean {
  return peek === null || peek.title !== null || countLines(head, HEAD_LINES_MAX);
}

/** Whether so many lines end within the bytes. */
function countLines(bytes: Uint8Array, atLeast: number): boolean {
  let at = -1;
  for (let count = 0; count < atLeast; count++) {
    at = bytes.indexOf(0x0a, at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** The same from the end, where it is seen soon. */
function countLastLines(bytes: Uint8Array, atLeast: number): boolean {
  let at = bytes.length;
  for (let count = 0; count < atLeast; count++) {
    at = at <= 0 ? -1 : bytes.lastIndexOf(0x0a, at - 1);
    if (at < 0) return false;
  }
  return true;
}

/** Used again for each file: memory for the first look at thousands of them would cost more than the look. */
const scratch = new Map<number, Uint8Array>();

/** Memory for a look of so many bytes at a file of that size; a long look takes no more than there is. */
function scratchOf(lookBytes: number, sizeBytes: number): Uint8Array {
  const widest = WIDE.headBytes + WIDE.tailBytes;
  const bytes =
    lookBytes > widest && sizeBytes > widest ? Math.min(lookBytes, sizeBytes) : Math.min(lookBytes, widest);
  const held = scratch.get(bytes) ?? new Uint8Array(bytes);
  if (bytes <= widest) scratch.set(bytes, held);
  return held;
}

function endsOfFile(source: Source): Ends {
  const read = (offset: number, bytes: number, within: Uint8Array): Uint8Array =>
    within.subarray(0, source.readInto(within.subarray(0, bytes), offset));
  return {
    sizeBytes: source.sizeBytes,
    both: ({ headBytes, tailBytes }) => {
      const within = scratchOf(headBytes + tailBytes, source.sizeBytes);
      if (source.sizeBytes <= headBytes + tailBytes) {
        const all = read(0, source.sizeBytes, within);
        return { head: all, tail: all };
      }
      return {
        head: read(0, headBytes, within.subarray(0, headBytes)),
        tail: read(source.sizeBytes - tailBytes, tailBytes, within.subarray(headBytes)),
      };
    },
  };
}

/** A compressed file is gone through once, and its ends are kept. */
async function endsOfStream(source: Source): Promise<Ends> {
  const first: Uint8Array[] = [];
  const last: Uint8Array[] = [];
  let sizeBytes = 0;
  let firstBytes = 0;
  let lastBytes = 0;
  for await (const chunk of source.chunks()) {
    sizeBytes += chunk.length;
    // All of a file that is looked at as a whole stands in the first part.
    if (firstBytes < LAST.headBytes + LAST.tailBytes) {
      first.push(chunk);
      firstBytes += chunk.length;
    }
    last.push(chunk);
    lastBytes += chunk.length;
    while (lastBytes - (last[0]?.length ?? 0) >= LAST.tailBytes) lastBytes -= last.shift()?.length ?? 0;
  }
  const [begin, end] = [Buffer.concat(first), Buffer.concat(last)];
  return {
    sizeBytes,
    both: ({ headBytes, tailBytes }) =>
      sizeBytes <= headBytes + tailBytes
        ? { head: begin, tail: begin }
        : { head: begin.subarray(0, headBytes), tail: end.subarray(-tailBytes) },
  };
}

/** An id or a path beyond it is a forger's; of thousands of sessions each is held, and each id stored. */
const NAME_CHARS_MAX = 4096;

/** What a head told, without the endless: an id becomes its hash, so that it stays distinct. */
export function bounded(peek: Peek): Peek {
  const id = (text: string | null) =>
    text === null || text.length <= NAME_CHARS_MAX ? text : `long-${hashText(text)}`;
  return {
    ...peek,
    nativeId: id(peek.nativeId),
    parentNativeId: id(peek.parentNativeId),
    project: peek.project?.slice(0, NAME_CHARS_MAX) ?? null,
    branch: peek.branch?.slice(0, NAME_CHARS_MAX) ?? null,
  };
}
