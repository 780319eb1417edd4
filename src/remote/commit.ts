/**
 * A commit: what one machine has put into the bucket since its last one. It names ids and places, and holds nothing that anybody said:
 * that lies in packs.
 * Promises: what is read was checked; a commit of another machine, or of another number, is none.
 */

import * as z from 'zod/mini';
import { opened } from '../archive/bounds.ts';
import { fail } from '../domain/errors.ts';
import { parsedJson } from '../domain/parsed.ts';
import { type Iso, parseTime } from '../domain/time.ts';
import { commitName } from './layout.ts';
import type { PackPlace } from './pack.ts';

/** Sealed. */
export const COMMIT_BYTES_MAX = 16 * 1024 * 1024;
const COMMIT_PLAIN_BYTES_MAX = 32 * 1024 * 1024;
const VERSION = 1;

export interface CommittedSession {
  readonly uid: string;
  readonly generation: number;
  /** Its rows and digests, and where its pieces lie: lines of JSON. */
  readonly records: PackPlace;
  /** The packs that hold its bytes; null: it had none when this was written, having been evicted before. */
  readonly packs: readonly string[] | null;
  readonly raw_bytes: number;
  /** Bytes that it had in an earlier generation than this are not in these: it came back as another one after it was evicted. */
  readonly covers_from?: number | undefined;
}

export interface Commit {
  readonly version: number;
  readonly machine: string;
  /** What its owner calls it. */
  readonly name: string;
  /** The version of the program that wrote it: an older one names it where it cannot read it. */
  readonly program?: string | undefined;
  readonly number: number;
  readonly at: Iso;
  readonly sessions: readonly CommittedSession[];
  readonly forgotten: readonly { readonly uid: string; readonly at: Iso }[];
  /** It stands where the bucket has lost one, and what that one told of is told of again in a later one. */
  readonly fills?: boolean | undefined;
  /** The SHA-256 of the commit before as it lies in the bucket, in hex; absent: there is none, or it is not known. */
  readonly before?: string | undefined;
}

/** One that was read, and the SHA-256 of all of it as it lies there, in hex. */
export interface CommitThere extends Commit {
  readonly sealed: string;
}

const PROGRAM_CHARS_MAX = 100;
const count = z.int().check(z.gte(0));
const id = z.string().check(z.regex(/^[0-9a-f]{32}$/));
const iso = z.pipe(
  z.string().check(z.refine((value) => parseTime(value) === value)),
  z.transform((value) => value as Iso),
);
const uid = z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,63}:[A-Za-z0-9][A-Za-z0-9._-]{0,255}$/));
const place = z.object({ pack: id, at: count, bytes: count });
const commit = z.object({
  version: z.int().check(z.gte(1)),
  machine: id,
  name: z.string().check(z.minLength(1), z.maxLength(100)),
  program: z.optional(z.string().check(z.maxLength(PROGRAM_CHARS_MAX))),
  number: count,
  at: iso,
  sessions: z.array(
    z.object({
      uid,
      generation: count,
      records: place,
      packs: z.nullable(z.array(id)),
      raw_bytes: count,
      covers_from: z.optional(count),
    }),
  ),
  forgotten: z.array(z.object({ uid, at: iso })),
  fills: z.optional(z.boolean()),
  before: z.optional(z.string().check(z.regex(/^[0-9a-f]{64}$/))),
});

export function commitBytes(value: Omit<Commit, 'version'>): Uint8Array {
  return Bun.zstdCompressSync(Buffer.from(JSON.stringify({ version: VERSION, ...value })), { level: 3 });
}

export function readCommit(data: Uint8Array, machine: string, number: number): Commit {
  const name = commitName(machine, number);
  const plain = opened(data, COMMIT_PLAIN_BYTES_MAX);
  if (typeof plain === 'string') throw damaged(name, plain);
  const value = parsedJson(Buffer.from(plain).toString());
  if (value === undefined) throw damaged(name, 'it is no JSON');
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : null;
  if (typeof version === 'number' && version > VERSION) throw newer(value);
  const parsed = commit.safeParse(value);
  if (!parsed.success)
    throw damaged(name, `it is of a wrong form: ${parsed.error.issues[0]?.path.join('.')}`);
  if (parsed.data.machine === machine && parsed.data.number === number) return parsed.data;
  throw damaged(name, 'it says that it is another one');
}

/** All that every version to come has in it, as far as it is there. */
const envelope = z.object({
  name: z.catch(z.string().check(z.maxLength(100)), 'a machine'),
  program: z.catch(z.optional(z.string().check(z.maxLength(PROGRAM_CHARS_MAX))), undefined),
});

function newer(value: unknown) {
  const { name, program } = envelope.parse(value);
  return fail(
    'newer_store',
    `${name} has a newer version of session-memory${program === undefined ? '' : ` (${program})`}, and what it writes into the bucket since cannot be read here`,
    'Update session-memory on this machine.',
  );
}

function damaged(name: string, why: string) {
  return fail('corrupt', `${name} in the bucket cannot be read: ${why}`, 'Nothing of it was taken.');
}
