/**
 * All sessions by their titles. Titles are in no column of the list: they are read a piece at a time, sorted a piece at a time and
 * merged, so that no key waits.
 */
import type { Catalogue } from './catalogue.ts';
import type { StoreReads } from './ports.ts';

/** A few milliseconds each. */
const PAGE_ROWS = 2_500;
const MERGE_ROWS = 20_000;
/** Longer beginnings tell no two titles apart that a person could. */
const KEY_UNITS = 60;
/** Behind every letter: what has no title goes by its id, as it is shown. */
const UNTITLED = '\uffff';

interface Titled {
  readonly row: number;
  readonly key: string;
  readonly timeMs: number;
  readonly id: number;
}

/** Rows of the catalogue, A first; ties newest first. Null: `goesOn` was no longer so. */
export async function titleOrder(
  reads: Pick<StoreReads, 'titles'>,
  catalogue: Catalogue,
  breath: () => Promise<void>,
  goesOn: () => boolean,
): Promise<Uint32Array | null> {
  let runs: Titled[][] = [];
  for (let from = 0; from < catalogue.ids.length; from += PAGE_ROWS) {
    runs.push((await titledPage(reads, catalogue, from)).sort(before));
    if (!goesOn()) return null;
  }
  while (runs.length > 1) {
    const merged: Titled[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      const made = await mergedRuns(runs[i] ?? [], runs[i + 1] ?? [], breath);
      if (!goesOn()) return null;
      merged.push(made);
    }
    runs = merged;
  }
  return Uint32Array.from(runs[0] ?? [], ({ row }) => row);
}

async function titledPage(
  reads: Pick<StoreReads, 'titles'>,
  { ids, timesMs }: Catalogue,
  from: number,
): Promise<Titled[]> {
  const until = Math.min(ids.length, from + PAGE_ROWS);
  const titles = new Map(
    (await reads.titles(ids[from] ?? 0, ids[until - 1] ?? 0)).map(({ id, title, uid }) => [
      id,
      (title ?? UNTITLED + uid).slice(0, KEY_UNITS).toLowerCase(),
    ]),
  );
  return Array.from({ length: until - from }, (_, i) => {
    const row = from + i;
    const id = ids[row] ?? 0;
    // One that was forgotten since goes last.
    return { row, id, key: titles.get(id) ?? UNTITLED, timeMs: timesMs[row] ?? 0 };
  });
}

function before(a: Titled, b: Titled): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return b.timeMs - a.timeMs || b.id - a.id;
}

async function mergedRuns(
  one: readonly Titled[],
  other: readonly Titled[],
  breath: () => Promise<void>,
): Promise<Titled[]> {
  const made: Titled[] = [];
  let [i, j] = [0, 0];
  while (i < one.length || j < other.length) {
    const [a, b] = [one[i], other[j]];
    if (a !== undefined && (b === undefined || before(a, b) <= 0)) {
      made.push(a);
      i += 1;
    } else if (b !== undefined) {
      made.push(b);
      j += 1;
    }
    if (made.length % MERGE_ROWS === 0) await breath();
  }
  return made;
}
