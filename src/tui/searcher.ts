/**
 * Asks the index what is typed, and has it brought up to date in between, a few sessions at a time.
 * Promises: asks only once typing rests; an answer tells to which words it belongs; no key waits for one.
 */
import type { SearchResult } from '../store/search/search.ts';
import type { Services } from './ports.ts';

/** Someone who types on does not want the hits of half a word. */
const REST_MS = 60;
/** More than anyone looks through; the words are changed instead. */
const HITS_MAX = 200;
/** In front of the id of a session: what is like it is asked for. */
const LIKE = 'like:';
const SNIPPET_UNITS = 150;
/** With fewer letters a beginning is that of too many words. */
const BEGUN_LETTERS_MIN = 3;

/** What is asked, as an answer names it, and what was found. */
type OnFound = (asked: string, result: SearchResult) => void;

export class Searcher {
  readonly #services: Pick<Services, 'search' | 'indexMore' | 'related'>;
  readonly #answer: OnFound;
  readonly #failed: (thrown: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #typed = '';
  #isIndexing = false;
  #isOver = false;

  constructor(
    services: Pick<Services, 'search' | 'indexMore' | 'related'>,
    answer: OnFound,
    failed: (thrown: unknown) => void,
  ) {
    this.#services = services;
    this.#answer = answer;
    this.#failed = failed;
  }

  ask(typed: string): void {
    this.#typed = typed;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tell(), REST_MS);
    if (!this.#isIndexing) void this.#index();
  }

  forget(): void {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #tell(): Promise<void> {
    this.#timer = null;
    const typed = this.#typed;
    try {
      if (typed.trim() === '') return;
      const result = typed.startsWith(LIKE)
        ? await this.#services.related(typed.slice(LIKE.length))
        : await this.#resultOf(typed);
      if (!this.#isOver) this.#answer(typed, result);
    } catch (thrown) {
      // What was let go at the end answers nobody.
      if (!this.#isOver) this.#failed(thrown);
    }
  }

  async #resultOf(typed: string): Promise<SearchResult> {
    const ask = (text: string) => this.#services.search({ text, limit: HITS_MAX, lineUnits: SNIPPET_UNITS });
    const begun = withBegun(typed);
    const result = await ask(begun);
    const isFound = result.hits.length > 0 && result.leftOut.length === 0;
    if (begun === typed || isFound || typed !== this.#typed) return result;
    // What may have been meant is told of the words as they stand.
    const asTyped = await ask(typed);
    return result.hits.length === 0 || asTyped.meant.length > 0 ? asTyped : result;
  }

  async #index(): Promise<void> {
    this.#isIndexing = true;
    try {
      let all = 0;
      for (let count = -1; count !== 0 && !this.#isOver; ) {
        count = await this.#services.indexMore();
        all += count;
      }
      if (all > 0 && !this.#isOver) await this.#tell();
    } catch (thrown) {
      // A store that another process holds, a damaged index: what is indexed can be searched all the same.
      if (!this.#isOver) this.#failed(thrown);
    } finally {
      this.#isIndexing = false;
    }
  }
}

/** The last word is not all typed yet. */
export function withBegun(typed: string): string {
  const last = /[\p{L}\p{N}]+$/u.exec(typed)?.[0] ?? '';
  return [...last].length < BEGUN_LETTERS_MIN ? typed : `${typed}*`;
}
