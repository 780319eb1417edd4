/**
 * A session as the policy, the tables and the people see it.
 * Promises: byte counts are named by what they count: raw (as the agent wrote), stored (compressed), digest.
 */
import type { AgentId, SessionUid } from './ids.ts';
import type { Iso } from './time.ts';

export const SESSION_STATES = ['analyzed', 'unanalyzed', 'evicted'] as const;
export type SessionState = (typeof SESSION_STATES)[number];

/** What belongs to a session besides its main transcript; only `main` and `subagent` are read by a digest. */
export const FILE_ROLES = ['main', 'subagent', 'tool-result', 'meta', 'orphaned', 'sidecar'] as const;
export type FileRole = (typeof FILE_ROLES)[number];

/** How an agent has a file on the disk; what is stored are its plain bytes. */
export const FILE_PACKINGS = ['plain', 'zstd', 'gzip'] as const;
export type FilePacking = (typeof FILE_PACKINGS)[number];

/** How a file is packed, as its name says. */
export function packingByName(name: string): FilePacking {
  return name.endsWith('.zst') ? 'zstd' : name.endsWith('.gz') ? 'gzip' : 'plain';
}

/** What the policy needs to know of one session. */
export interface SessionCard {
  readonly uid: SessionUid;
  readonly agent: AgentId;
  readonly project: string | null;
  readonly title: string | null;
  readonly startedAt: Iso | null;
  readonly endedAt: Iso | null;
  readonly ingestedAt: Iso | null;
  /** Set exactly while a digest covers every stored byte. */
  readonly analyzedAt: Iso | null;
  readonly evictedAt: Iso | null;
  readonly pinned: boolean;
  /** Raised by every segment stored; names the content that a plan, a digest or an event stands for. */
  readonly generation: number;
  readonly rawBytes: number;
  readonly storedBytes: number;
}

/** A whole row, for `list` and `show`. */
export interface SessionRow extends SessionCard {
  /** The agent's own id, as it wrote it: it may hold anything, and several sessions may bear it. */
  readonly nativeId: string;
  readonly branch: string | null;
  readonly parentUid: SessionUid | null;
  readonly digestAt: Iso | null;
  readonly digestBytes: number;
  readonly state: SessionState;
  /** Why the last analysis failed, null where it did not. */
  readonly analyzeError: string | null;
  readonly fileCount: number;
  /** The archive of a stranger that it came from; null: this machine, or an archive that a person vouched for. */
  readonly origin: string | null;
  /** What the machine is called that alone has it and tells of it in the bucket; absent: this one has, or had, its bytes. */
  readonly machine?: string;
  /** Its bytes are not here, and the bucket has them. */
  readonly isInBucket?: true;
}

/** One file of a session, as stored or as its tombstone remembers it. */
export interface SessionFile {
  readonly fileId: number;
  readonly role: FileRole;
  /** Its name within the session, the same wherever the agent moves the session's folder; `main` for the transcript. */
  readonly key: string;
  /** Where it was under the agent's root when last seen, `/` between parts. */
  readonly relPath: string;
  readonly rawBytes: number;
  readonly storedBytes: number;
  /** Hex of the plain bytes of the present version; null while not yet computed. */
  readonly sha256: string | null;
  /** Bytes that the agent has removed from it and the store still has. */
  readonly removedBytes: number;
  readonly segmentCount: number;
}

/** What a session's row says in words that came from outside. */
export interface KeptWords {
  readonly project: string | null;
  readonly title: string | null;
  readonly branch: string | null;
  readonly analyze_error: string | null;
}
