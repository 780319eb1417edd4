/** What the store has of a session's files while they are taken. */
import type { StoredFile } from '../store/rows.ts';
import { liveFiles, type TakeContext } from './take-file.ts';

/**
 * The live stored files of a session by their keys, read once: to look at all of them for each would make a session of
 * thousands of files take hours. A key is looked up once; what it leads to may be changed by that, so all is read anew
 * where the same key comes again.
 */
export class StoredFiles {
  readonly #context: TakeContext;
  #byKey: Map<string, StoredFile> | null = null;
  readonly #asked = new Set<string>();

  constructor(context: TakeContext) {
    this.#context = context;
  }

  of(key: string): StoredFile | null {
    if (this.#asked.has(key)) this.forget();
    this.#asked.add(key);
    this.#byKey ??= liveFiles(this.#context);
    return this.#byKey.get(key) ?? null;
  }

  forget(): void {
    this.#byKey = null;
    this.#asked.clear();
  }
}
