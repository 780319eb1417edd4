/**
 * The first look into a transcript: its head and its tail.
 * Promises: reads a bounded piece of a file, of any size; what it tells is bounded too.
 */
import type { AgentFormat, Peek } from '../domain/agent.ts';
import { messageOf } from '../domain/errors.ts';
import { headAndTail, SourceFile } from './source.ts';
import type { WalkedFile } from './walk.ts';

/** What an agent makes of a file's first and last bytes; null where it cannot be read or is not the agent's. */
export async function peekFile(
  agent: AgentFormat,
  file: WalkedFile,
  encoding: 'plain' | 'zstd',
  warn: (text: string) => void,
): Promise<Peek | null> {
  try {
    using source = new SourceFile(file.path, encoding, file.within);
    const early = earlyPeek(agent, source);
    if (early !== null) return bounded(early);
    const { head, tail } = await headAndTail(source);
    const peek = agent.peek(head, tail);
    return peek === null ? null : bounded(peek);
  } catch (thrown) {
    warn(`cannot read ${file.path}: ${messageOf(thrown)}`);
    return null;
  }
}

/** Nearly every transcript tells all in its first lines; the others are read further. */
const EARLY_HEAD_BYTES = 24 * 1024;
const EARLY_TAIL_BYTES = 64 * 1024;
/** Used again for each file: memory for the first look at thousands of them would cost more than the look. */
const scratch = new Uint8Array(EARLY_HEAD_BYTES + EARLY_TAIL_BYTES);

/** What the first look tells; null where it does not tell all. A short file is looked at whole. */
function earlyPeek(agent: AgentFormat, source: SourceFile): Peek | null {
  if (source.encoding !== 'plain') return null;
  if (source.sizeBytes < scratch.length) {
    const all = scratch.subarray(0, source.sizeBytes);
    return source.readInto(all, 0) === all.length ? agent.peek(all, all.subarray(-EARLY_TAIL_BYTES)) : null;
  }
  const head = scratch.subarray(0, EARLY_HEAD_BYTES);
  const tail = scratch.subarray(EARLY_HEAD_BYTES);
  const whole =
    source.readInto(head, 0) === head.length &&
    source.readInto(tail, source.sizeBytes - tail.length) === tail.length;
  const peek = whole ? agent.peek(head, tail) : null;
  if (peek === null) return null;
  const { nativeId, project, title, startedAt, endedAt } = peek;
  return [nativeId, project, title, startedAt, endedAt].includes(null) ? null : peek;
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

function hashText(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
}
