/**
 * The master key of a bucket: made once, wrapped with age for a passphrase or for recipients, and kept on each machine in a file of its
 * owner's own.
 * Promises: whatever is lost, `age -d` opens a wrapped key with nothing of ours (docs/many-machines.md has the steps).
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { fail, messageOf } from '../domain/errors.ts';
import { readPlain } from '../files/plain-file.ts';
import { makeOwn, openOwn } from '../store/own-files.ts';
import { isId } from './layout.ts';
import { MASTER_BYTES } from './seal.ts';

/** A bucket's id and its key. */
export interface BucketKey {
  readonly bucket: string;
  readonly master: Uint8Array;
}

/** What a key is wrapped for, or opened with. */
export type Lock =
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  | {
      readonly kind: 'file';
      readonly identities: readonly string[];
      readonly recipients: readonly string[];
      readonly path: string;
    };

const TEXT = /^session-memory remote 1\nbucket ([0-9a-f]{32})\nkey ([0-9a-f]{64})\n$/;
export const WRAPPED_BYTES_MAX = 64 * 1024;

function textOf({ bucket, master }: BucketKey): string {
  return `session-memory remote 1\nbucket ${bucket}\nkey ${Buffer.from(master).toString('hex')}\n`;
}

function keyIn(text: string): BucketKey | null {
  const [, bucket, hex] = TEXT.exec(text) ?? [];
  if (bucket === undefined || hex === undefined) return null;
  return { bucket, master: Buffer.from(hex, 'hex') };
}

export function newMaster(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(MASTER_BYTES));
}

/** An age file, as text. */
export async function wrapped(key: BucketKey, lock: Lock): Promise<Uint8Array> {
  const { Encrypter, armor, identityToRecipient } = await import('age-encryption');
  const age = new Encrypter();
  if (lock.kind === 'passphrase') age.setPassphrase(lock.passphrase);
  else {
    const own = await Promise.all(lock.identities.map((identity) => identityToRecipient(identity)));
    for (const recipient of new Set([...own, ...lock.recipients])) age.addRecipient(recipient);
  }
  return Buffer.from(armor.encode(await age.encrypt(textOf(key))));
}

/** Null: it is wrapped for others, or the passphrase is another one. */
export async function unwrapped(file: Uint8Array, lock: Lock): Promise<BucketKey | null> {
  const { Decrypter, armor } = await import('age-encryption');
  const age = new Decrypter();
  if (lock.kind === 'passphrase') age.addPassphrase(lock.passphrase);
  else for (const identity of lock.identities) age.addIdentity(identity);
  try {
    return keyIn(await age.decrypt(armor.decode(Buffer.from(file).toString()), 'text'));
  } catch {
    // The library throws for a wrong key as for a file that is none of age's: neither opens.
    return null;
  }
}

/** Bytes of the text that is wrapped: an id of a bucket and a key, in hex. */
const TEXT_BYTES = 133;
/** What age puts before and behind it: a nonce and a tag. */
const AROUND_BYTES = 16 + 16;

/** Why nobody can open it, as far as that is seen without a key; null: it has the form of one. */
export async function wrappedProblem(file: Uint8Array): Promise<string | null> {
  const { armor } = await import('age-encryption');
  let bytes: Buffer;
  try {
    bytes = Buffer.from(armor.decode(Buffer.from(file).toString()));
  } catch {
    return 'it is cut off, changed or foreign: no file of age';
  }
  const [head = ''] =
    /^age-encryption\.org\/v1\n(?:.*\n)*?--- [\w+/]{43}\n/.exec(bytes.toString('latin1')) ?? [];
  const isWhole = head !== '' && bytes.length - head.length === TEXT_BYTES + AROUND_BYTES;
  return isWhole ? null : 'it is cut off, changed or foreign: no key of a bucket is in it';
}

/** A file of age's keys: identities (`AGE-SECRET-KEY-…`) and recipients (`age1…`), one a line. */
export function lockOfFile(path: string): Lock {
  let text: string;
  try {
    text = readPlain(path, WRAPPED_BYTES_MAX).toString();
  } catch (thrown) {
    throw fail(
      'usage',
      `cannot read the key file ${path}: ${messageOf(thrown)}`,
      'Make one: `age-keygen -o FILE`.',
    );
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const identities = lines.filter((line) => /^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+$/.test(line));
  const recipients = lines.filter((line) => /^age1[0-9a-z]+$/.test(line));
  if (identities.length + recipients.length > 0) return { kind: 'file', identities, recipients, path };
  throw fail('usage', `${path} holds no key of age's`, 'Make one: `age-keygen -o FILE`.');
}

/** Where a machine keeps the key, so that nobody needs to be asked: beside its store. */
export function keyPath(storePath: string): string {
  return `${storePath}.remote-key`;
}

/** Replaces one that is there at once or not at all: it may be the last that this machine has of a bucket. */
export function keepKey(storePath: string, key: BucketKey): void {
  const path = keyPath(storePath);
  const beside = besideOf(path);
  rmSync(beside, { force: true });
  try {
    makeOwn(beside);
    const handle = openOwn(beside, constants.O_WRONLY);
    try {
      writeFileSync(handle, textOf(key));
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(beside, path);
  } catch (thrown) {
    rmSync(beside, { force: true });
    throw thrown;
  }
}

/** Also one that was being written when the program was killed. */
export function dropKey(storePath: string): void {
  const path = keyPath(storePath);
  for (const one of [path, besideOf(path)]) rmSync(one, { force: true });
}

function besideOf(path: string): string {
  return `${path}.new`;
}

export function keptKey(storePath: string): BucketKey {
  const path = keyPath(storePath);
  const missing = (why: string) =>
    fail(
      'config',
      `the key of the bucket is not on this machine: ${path} ${why}`,
      'Run `session-memory remote add`.',
    );
  let handle: number;
  try {
    handle = openOwn(path);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')
      throw missing('is not there');
    throw thrown;
  }
  try {
    const bytes = Buffer.alloc(Math.min(fstatSync(handle).size, WRAPPED_BYTES_MAX));
    const key = keyIn(bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, 0)).toString());
    if (key === null || !isId(key.bucket)) throw missing('is damaged');
    return key;
  } finally {
    closeSync(handle);
  }
}
