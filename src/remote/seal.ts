/**
 * What leaves this machine is sealed: AES-256-GCM, a key for each object, and the object's own name in what is authenticated.
 * Promises: an object opens only under the name that it was sealed for, whole, unchanged and with this bucket's key; else it is told
 * what is wrong with it. No two sealed objects share a key, whatever is sealed twice under one name.
 *
 * `SMSEAL1\n`, length of the name (2 bytes, big endian), name, salt (32 bytes), then pieces of 4 MiB, each with its tag of 16
 * bytes; the last one may be shorter, or empty. Key: HKDF-SHA256 of the master key, with the salt and the name. Nonce: the piece's
 * number (8 bytes, big endian), then 1 in 4 bytes for the last piece, 0 for any other. All before the pieces is authenticated
 * with each of them.
 */
import { type FailureError, fail } from '../domain/errors.ts';

const MAGIC = Buffer.from('SMSEAL1\n');
const SALT_BYTES = 32;
const TAG_BYTES = 16;
export const PIECE_BYTES = 4 * 1024 * 1024;
export const MASTER_BYTES = 32;

/** The master key as the platform holds it: it is not read back out of there. */
export type MasterKey = CryptoKey;

export async function masterKey(bytes: Uint8Array): Promise<MasterKey> {
  if (bytes.length !== MASTER_BYTES) throw new Error(`a master key has ${MASTER_BYTES} bytes`);
  return crypto.subtle.importKey('raw', copyOf(bytes), 'HKDF', false, ['deriveKey']);
}

/** How many bytes an object of so many takes sealed. */
export function sealedBytes(name: string, plainBytes: number): number {
  const pieces = Math.max(1, Math.ceil(plainBytes / PIECE_BYTES));
  return headBytes(name) + plainBytes + pieces * TAG_BYTES;
}

export async function seal(master: MasterKey, name: string, plain: Uint8Array): Promise<Uint8Array> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const head = headOf(name, salt);
  const key = await objectKey(master, name, salt, 'encrypt');
  const out = new Uint8Array(sealedBytes(name, plain.length));
  out.set(head);
  let at = head.length;
  for (const { number, from, to, isLast } of pieces(plain.length)) {
    const piece = unshared(plain.subarray(from, to));
    const sealed = await crypto.subtle.encrypt(paramsOf(number, isLast, head), key, piece);
    out.set(new Uint8Array(sealed), at);
    at += sealed.byteLength;
  }
  return out;
}

/** The plain bytes. Throws a failure that names the object and what is wrong with it. */
export async function unseal(master: MasterKey, name: string, sealed: Uint8Array): Promise<Uint8Array> {
  const { head, salt, wrong } = headIn(sealed, name);
  if (wrong !== null) throw notOurs(name, wrong);
  const body = sealed.subarray(head.length);
  const full = PIECE_BYTES + TAG_BYTES;
  const count = Math.max(1, Math.ceil(body.length / full));
  const key = await objectKey(master, name, salt, 'decrypt');
  // One piece is all of it as it comes.
  const out = new Uint8Array(count === 1 ? 0 : Math.max(0, body.length - count * TAG_BYTES));
  let at = 0;
  for (let number = 0; number < count; number += 1) {
    const piece = body.subarray(number * full, (number + 1) * full);
    const plain = await opened(key, paramsOf(number, number === count - 1, head), piece);
    if (plain === null)
      throw notOurs(
        name,
        number === 0
          ? 'it was changed or cut off, or it is of another bucket'
          : 'it was changed or cut off behind its beginning',
      );
    if (count === 1) return plain;
    out.set(plain, at);
    at += plain.length;
  }
  return out;
}

async function opened(key: CryptoKey, params: PieceParams, piece: Uint8Array): Promise<Uint8Array | null> {
  if (piece.length < TAG_BYTES) return null;
  try {
    return new Uint8Array(await crypto.subtle.decrypt(params, key, unshared(piece)));
  } catch (thrown) {
    // The platform says no more than that the tag does not fit.
    if (thrown instanceof DOMException) return null;
    throw thrown;
  }
}

function headBytes(name: string): number {
  return MAGIC.length + 2 + Buffer.byteLength(name) + SALT_BYTES;
}

function headOf(name: string, salt: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = Buffer.from(name);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return copyOf(Buffer.concat([MAGIC, length, text, salt]));
}

interface Head {
  readonly head: Uint8Array<ArrayBuffer>;
  readonly salt: Uint8Array;
  /** A clause; null: it begins as it should. */
  readonly wrong: string | null;
}

function headIn(sealed: Uint8Array, name: string): Head {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const none = (wrong: string): Head => ({ head: new Uint8Array(0), salt: new Uint8Array(0), wrong });
  if (bytes.length === 0) return none('it is empty');
  const start = bytes.subarray(0, MAGIC.length);
  if (!start.equals(MAGIC.subarray(0, start.length)))
    return none('it is foreign: nothing that was sealed here');
  if (bytes.length < MAGIC.length + 2) return none('it is cut off');
  const nameBytes = bytes.readUInt16BE(MAGIC.length);
  const nameAt = MAGIC.length + 2;
  const end = nameAt + nameBytes + SALT_BYTES;
  if (bytes.length < end + TAG_BYTES) return none('it is cut off');
  const own = bytes.subarray(nameAt, nameAt + nameBytes).toString();
  if (own !== name) return none(`another object was put in its place: ${own}`);
  return { head: copyOf(bytes.subarray(0, end)), salt: bytes.subarray(end - SALT_BYTES, end), wrong: null };
}

function notOurs(name: string, wrong: string): FailureError {
  return fail(
    'corrupt',
    `${name} in the bucket cannot be used: ${wrong}`,
    'Nothing of it was taken. `session-memory verify --remote` lists all that is wrong.',
  );
}

interface PieceParams {
  readonly name: 'AES-GCM';
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly additionalData: Uint8Array<ArrayBuffer>;
  readonly tagLength: number;
}

function* pieces(bytes: number) {
  const count = Math.max(1, Math.ceil(bytes / PIECE_BYTES));
  for (let number = 0; number < count; number += 1)
    yield {
      number,
      from: number * PIECE_BYTES,
      to: Math.min(bytes, (number + 1) * PIECE_BYTES),
      isLast: number === count - 1,
    };
}

function paramsOf(number: number, isLast: boolean, head: Uint8Array<ArrayBuffer>): PieceParams {
  const iv = Buffer.alloc(12);
  iv.writeBigUInt64BE(BigInt(number));
  iv.writeUInt32BE(isLast ? 1 : 0, 8);
  return { name: 'AES-GCM', iv: copyOf(iv), additionalData: head, tagLength: TAG_BYTES * 8 };
}

async function objectKey(
  master: MasterKey,
  name: string,
  salt: Uint8Array,
  use: 'encrypt' | 'decrypt',
): Promise<CryptoKey> {
  const from = { name: 'HKDF', hash: 'SHA-256', salt: copyOf(salt), info: copyOf(Buffer.from(name)) };
  return crypto.subtle.deriveKey(from, master, { name: 'AES-GCM', length: 256 }, false, [use]);
}

/** The platform copies what it is given before it goes on; only its types ask for memory that no other thread shares. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : copyOf(bytes);
}

/** The platform wants memory that nobody shares. `Uint8Array.from` would go over a Buffer byte by byte. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
