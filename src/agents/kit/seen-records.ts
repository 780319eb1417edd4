/**
 * Tells what is met for the first time: agents write a record again when it grows, when they replace all of them, and when
 * a rewritten file is read with what it was before.
 * Promises: memory is bounded; beyond it a record may count twice, never not at all.
 */
import { idKey, type JsonRecord, textAt } from './json-lines.ts';

/** About 10 MB of ids. */
const SEEN_MAX = 100_000;

export class Once {
  readonly #seen = new Set<string>();

  /** `text`: what else makes it another one, where an id may stand for what was changed. Without an id it is always new. */
  isNew(kind: string, record: JsonRecord, text = '', idField = 'id'): boolean {
    const id = textAt(record, idField);
    return id === null || this.isNewKey(`${kind} ${idKey(id)} ${text === '' ? '' : Bun.hash(text)}`);
  }

  isNewKey(key: string): boolean {
    if (this.#seen.has(key)) return false;
    if (this.#seen.size < SEEN_MAX) this.#seen.add(key);
    return true;
  }
}
