/**
 * The digest: what stays of a session for good.
 * Promises: plain data, the same bytes give the same digest.
 */
import type { digestSchema } from './digest.schema.ts';
import type { Shape } from './shapes.ts';

/** Raised when the same bytes would give another digest. */
export const DIGEST_VERSION = 5;
/** No digest is larger, in bytes of UTF-8 JSON. */
export const DIGEST_BYTES_MAX = 64 * 1024;

export type Digest = Shape<typeof digestSchema>;
export type DigestPrompt = Digest['prompts'][number];
export type DigestCommand = Digest['commands'][number];
export type DigestSubagent = Digest['subagents'][number];
export type DigestCommit = Digest['commits'][number];
