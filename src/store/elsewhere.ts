/**
 * Plain bytes that lie beside the rows of a passing store: what was fetched is not put into a database only to be read out of it a moment
 * later.
 * Promises: gives what was put there, which whoever reads it holds against its hash; what has not come yet is told so, and is no damage.
 */
import { FailureError, failure } from '../domain/errors.ts';

/** What stands in the row of a segment whose bytes lie elsewhere: a row has some. */
export const ELSEWHERE = new Uint8Array(1);

/** The bytes are asked for and were not fetched yet: whoever can fetches them, and asks again. */
export class NotHereYet extends FailureError {
  constructor() {
    super(failure('busy', 'its bytes are on their way', 'Try again.'));
  }
}

interface OfSegment {
  readonly file_id: number;
  readonly log_offset: number;
}

export class Elsewhere {
  readonly #reads = new Map<string, () => Uint8Array>();

  /** `read`: gives all bytes of the segment, in memory that whoever asked may give up. */
  put(place: OfSegment, read: () => Uint8Array): void {
    this.#reads.set(keyOf(place), read);
  }

  bytesOf(place: OfSegment): Uint8Array {
    const read = this.#reads.get(keyOf(place));
    if (read === undefined) throw new NotHereYet();
    return read();
  }

  clear(): void {
    this.#reads.clear();
  }
}

function keyOf({ file_id: file, log_offset: at }: OfSegment): string {
  return `${file}:${at}`;
}
