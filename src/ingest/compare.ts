/**
 * How a file on disk stands to the version that the store has: the same, grown, cut off, or rewritten.
 * Promises: compares bytes, not hashes; memory is bounded by a chunk of each side.
 */

export interface Comparison {
  readonly kind: 'same' | 'grown' | 'shorter' | 'different';
  /** Bytes from the start that are equal. */
  readonly commonBytes: number;
  /** Where the line begins in which the first difference lies; at most `commonBytes`. */
  readonly lineStartBytes: number;
}

export async function compare(
  source: AsyncIterable<Uint8Array>,
  stored: Iterable<Uint8Array>,
): Promise<Comparison> {
  const theirs = source[Symbol.asyncIterator]();
  const ours = stored[Symbol.iterator]();
  let a: Uint8Array = new Uint8Array(0);
  let b: Uint8Array = new Uint8Array(0);
  let common = 0;
  let lineStart = 0;
  const at = (kind: Comparison['kind']): Comparison => ({
    kind,
    commonBytes: common,
    lineStartBytes: lineStart,
  });
  try {
    for (;;) {
      if (a.length === 0) a = await nextAsync(theirs);
      if (b.length === 0) b = next(ours);
      if (a.length === 0 || b.length === 0) {
        if (a.length === 0 && b.length === 0) return at('same');
        return at(a.length === 0 ? 'shorter' : 'grown');
      }
      const length = Math.min(a.length, b.length);
      const equal = equalBytes(a, b, length);
      const newline = equal === 0 ? -1 : a.lastIndexOf(10, equal - 1);
      if (newline >= 0) lineStart = common + newline + 1;
      common += equal;
      if (equal < length) return at('different');
      a = a.subarray(length);
      b = b.subarray(length);
    }
  } finally {
    await theirs.return?.();
    ours.return?.();
  }
}

async function nextAsync(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  for (;;) {
    const step = await iterator.next();
    if (step.done === true) return new Uint8Array(0);
    if (step.value.length > 0) return step.value;
  }
}

function next(iterator: Iterator<Uint8Array>): Uint8Array {
  for (;;) {
    const step = iterator.next();
    if (step.done === true) return new Uint8Array(0);
    if (step.value.length > 0) return step.value;
  }
}

/** How many of the first `length` bytes are equal; whole blocks are compared natively. */
function equalBytes(a: Uint8Array, b: Uint8Array, length: number): number {
  if (Buffer.compare(a.subarray(0, length), b.subarray(0, length)) === 0) return length;
  let low = 0;
  let high = length;
  while (high - low > 64) {
    const middle = (low + high) >> 1;
    if (Buffer.compare(a.subarray(low, middle), b.subarray(low, middle)) === 0) low = middle;
    else high = middle;
  }
  while (low < high && a[low] === b[low]) low += 1;
  return low;
}
