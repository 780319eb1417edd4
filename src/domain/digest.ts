/**
 * The digest: what stays of a session for good.
 * Promises: plain data, the same bytes give the same digest; `schema.ts` of the command line has its zod twin.
 */

import type { Todo, Tokens } from './facts.ts';
import type { AgentId, SessionUid } from './ids.ts';
import type { Iso } from './time.ts';

/** Raised when the same bytes would give another digest. */
export const DIGEST_VERSION = 5;
/** No digest is larger, in bytes of UTF-8 JSON. */
export const DIGEST_BYTES_MAX = 64 * 1024;

export interface DigestPrompt {
  readonly at: Iso | null;
  readonly text: string;
  /** Characters that were cut off, absent where none were. */
  readonly cut?: number;
  /** Repeated history of a fork or a resume. */
  readonly copied?: true;
}

export interface DigestCommand {
  readonly command: string;
  /** Exit status of the last run; null where the agent did not tell. */
  readonly exit: number | null;
  readonly failed?: true;
  /** How often it ran, absent for once. */
  readonly times?: number;
  readonly cut?: number;
}

export interface DigestFiles {
  readonly read: readonly string[];
  readonly written: readonly string[];
  readonly edited: readonly string[];
}

export interface DigestSubagent {
  readonly id: string;
  readonly kind?: string;
  readonly task?: string;
  readonly result?: string;
}

export interface DigestCommit {
  readonly sha?: string;
  readonly branch?: string;
  readonly message: string;
}

export interface Digest {
  readonly version: number;
  readonly session_uid: SessionUid;
  readonly agent: AgentId;
  readonly title: string | null;
  readonly project: string | null;
  readonly branches: readonly string[];
  readonly agent_version: string | null;
  readonly started_at: Iso | null;
  readonly ended_at: Iso | null;
  readonly parent: string | null;
  readonly prompts: readonly DigestPrompt[];
  /** The last answer. */
  readonly outcome: string | null;
  /** The answers that ended the turns before the last one, as far as there is room; absent where there are none. */
  readonly replies?: readonly string[];
  readonly files: DigestFiles;
  readonly commands: readonly DigestCommand[];
  readonly errors: readonly string[];
  readonly commits: readonly DigestCommit[];
  readonly pull_requests: readonly string[];
  readonly plans: readonly string[];
  readonly todos: readonly Todo[];
  readonly compactions: readonly string[];
  readonly subagents: readonly DigestSubagent[];
  readonly tools: Readonly<Record<string, number>>;
  readonly models: readonly string[];
  readonly tokens: Tokens;
  /** Lines read by kind; `unknown` names record types that no reader knew. */
  readonly records: {
    readonly read: number;
    readonly unreadable: number;
    readonly unknown: Readonly<Record<string, number>>;
  };
  /** How many of what was left out to keep the size, by field; absent where nothing was. */
  readonly omitted?: Readonly<Record<string, number>>;
  /** Secrets replaced by `[redacted: KIND]`. */
  readonly redacted: number;
  /** What the external analyzer wrote, sanitised, redacted and bounded. */
  readonly summary?: string;
  /** True for what could be made of a session that was lost without a full analysis. */
  readonly partial?: true;
}
