/**
 * Asks the index what is typed, and brings it up to date in between, a few sessions at a time.
 * Promises: asks only once typing rests; an answer tells to which words it belongs; no piece of work is long enough to be felt.
 */
import type { ReadableDb } from '../store/connection.ts';
import { type SearchResult, search } from '../store/search.ts';

/** Someone who types on does not want the hits of half a word. */
const REST_MS = 60;
/** More than anyone looks through; the words are changed instead. */
const HITS_MAX = 50;
const SNIPPET_UNITS = 150;
/** With fewer letters a beginning is that of too many words. */
const BEGUN_LETTERS_MIN = 3;

type Answer = (typed: string, result: SearchResult | null) => void;

export class Searcher {
  readonly #db: ReadableDb;
  /** Indexes a few sessions; returns how many it did. */
  readonly #indexMore: () => number;
  readonly #answer: Answer;
  readonly #failed: (thrown: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #typed = '';
  #isIndexing = false;
  #isOver = false;

  constructor(db: ReadableDb, indexMore: () => number, answer: Answer, failed: (thrown: unknown) => void) {
    this.#db = db;
    this.#indexMore = indexMore;
    this.#answer = answer;
    this.#failed = failed;
  }

  ask(typed: string): void {
    this.#typed = typed;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), REST_MS);
    if (!this.#isIndexing) void this.#index();
  }

  forget(): void {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #tell(): void {
    this.#timer = null;
    const typed = this.#typed;
    try {
      this.#answer(typed, typed.trim() === '' ? null : resultOf(this.#db, typed));
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  async #index(): Promise<void> {
    this.#isIndexing = true;
    try {
      let all = 0;
      for (let count = -1; count !== 0 && !this.#isOver; ) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        count = this.#isOver ? 0 : this.#indexMore();
        all += count;
      }
      if (all > 0 && !this.#isOver) this.#tell();
    } catch (thrown) {
      // A store that another process holds, a damaged index: what is indexed can be searched all the same.
      this.#failed(thrown);
    } finally {
      this.#isIndexing = false;
    }
  }
}

function resultOf(db: ReadableDb, typed: string): SearchResult {
  const ask = (text: string) =>
    search(db, { text, limit: HITS_MAX, lineUnits: SNIPPET_UNITS, isQuick: true });
  const begun = withBegun(typed);
  const result = ask(begun);
  // What may have been meant is told of the words as they stand.
  return begun === typed || result.hits.length > 0 ? result : ask(typed);
}

/** The last word is not all typed yet. */
export function withBegun(typed: string): string {
  const last = /[\p{L}\p{N}]+$/u.exec(typed)?.[0] ?? '';
  return [...last].length < BEGUN_LETTERS_MIN ? typed : `${typed}*`;
}
