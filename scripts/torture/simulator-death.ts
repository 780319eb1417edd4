/** How a run of the simulator dies, and small sums over what it leaves. */
import type { Fact } from './simulator-facts.ts';
import type { Told, Written } from './simulator-model.ts';

export class Death {
  /** Where it died. */
  at: string | null = null;
  #left: number;

  constructor(killAt: number | null) {
    this.#left = killAt ?? Number.POSITIVE_INFINITY;
  }

  /** Who is dead passes no point any more: whatever catches the first error gets nothing written. */
  pass(name: string): void {
    this.#left -= 1;
    if (this.#left > 0) return;
    this.at ??= name;
    throw new Error(`dead at ${name}`);
  }
}

export function usageOf(facts: ReadonlyMap<string, Fact>): number {
  return [...facts.values()].reduce((sum, one) => sum + (one.evictedAt === null ? one.storedBytes : 0), 0);
}

export function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((uid, i) => uid === b[i]);
}

export function nothing(): Written {
  return { content: null, taken: null, perhaps: [], lines: new Set() };
}

/** The store has seen what is there now, to its end. */
export function taken(file: Written): void {
  const { content } = file;
  if (content === null) return;
  file.taken = content;
  file.perhaps.length = 0;
  for (const line of content.toString('latin1').split(/(?<=\n)/))
    if (line.endsWith('\n')) file.lines.add(Buffer.from(line, 'latin1').toString('utf8'));
}

/** Whether the agent has of a session what it had when it was evicted; of what it has not any more there is no telling. */
export function isUnchanged(one: Told, [main, beside]: readonly [Buffer, Buffer | null]): boolean {
  const isSame = one.beside.content === null || beside?.equals(one.beside.content) === true;
  return one.content?.equals(main) === true && isSame;
}

export function unpacked(bytes: Uint8Array): Buffer | null {
  try {
    return Buffer.from(Bun.zstdDecompressSync(bytes));
  } catch {
    // Half a file: it is not what was asked for, and told as such.
    return Buffer.alloc(0);
  }
}
