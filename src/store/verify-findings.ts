/** What `verify` finds, and what would mend it. */
import type { SegmentMeta } from './segments.ts';

/**
 * What a finding asks for: `segment` new bytes, `hash` a look at the file, `index` and `books` a count anew, `search` an index of the digests anew,
 * `version` that a row of what a file was goes, `rebuild` a new file.
 */
export type Cure = 'segment' | 'hash' | 'index' | 'books' | 'digest' | 'search' | 'version' | 'rebuild';

export interface VerifyFinding {
  readonly session_uid: string | null;
  readonly file: string | null;
  readonly problem: string;
}

export interface Finding extends VerifyFinding {
  readonly cure: Cure;
  /** For the cures `segment` and `hash`: the bytes of the file's log that cannot be had. */
  readonly place: DamagedPlace | null;
  /** For the cure `version`. */
  readonly version?: { readonly id: number; readonly fileId: number };
}

export interface DamagedPlace {
  readonly fileId: number;
  readonly logOffset: number;
  readonly rawBytes: number;
  /** Null where no segment holds these bytes any more. */
  readonly segment: SegmentMeta | null;
}
