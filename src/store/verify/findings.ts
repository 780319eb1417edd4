/** What `verify` finds, and what would mend it. */
import type { SegmentMeta } from '../segments.ts';

/**
 * What a finding asks for: `segment` new bytes, `hash` a look at the file, `index` and `books` a count anew, `search` an index of the digests anew, `schema` a trigger or an index as the program makes it,
 * `version` that a row of what a file was goes, `rebuild` a new file.
 */
export type Cure =
  | 'segment'
  | 'hash'
  | 'index'
  | 'books'
  | 'digest'
  | 'search'
  | 'schema'
  | 'version'
  | 'rebuild';

export interface VerifyFinding {
  readonly session_uid: string | null;
  readonly file: string | null;
  readonly problem: string;
}

export interface Diagnosis extends VerifyFinding {
  readonly cure: Cure;
  /** For the cures `segment` and `hash`: the bytes of the file's log that cannot be had. */
  readonly place: DamagedPlace | null;
  /** For the cure `version`. */
  readonly version?: { readonly id: number; readonly fileId: number };
  /** For the cure `schema`. */
  readonly schema?: SchemaChange;
}

/** Statements that put one object of the schema right. */
export interface SchemaChange {
  readonly drop: string | null;
  readonly create: string | null;
}

export interface DamagedPlace {
  readonly fileId: number;
  readonly logOffset: number;
  readonly rawBytes: number;
  /** Null where no segment holds these bytes any more. */
  readonly segment: SegmentMeta | null;
}
