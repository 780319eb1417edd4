// The ad-hoc code signature of a 64-bit Mach-O executable: written anew, and checked by reading it back.
// Bun leaves the signature of the bare runtime in a darwin-x64 executable (oven-sh/bun#39837), whose hashes
// no longer match what was added. An ad-hoc signature names nobody; it only says what the bytes are.
// Formats: <mach-o/loader.h> (little endian) and xnu's osfmk/kern/cs_blobs.h (big endian).

import { createHash } from 'node:crypto';

const MACHO_64_MAGIC = 0xfeedfacf;
const HEADER_BYTES = 32;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;

const SUPER_BLOB_MAGIC = 0xfade0cc0;
const CODE_DIRECTORY_MAGIC = 0xfade0c02;
const SUPER_BLOB_BYTES = 12 + 8;
const CODE_DIRECTORY_BYTES = 88;
/** The first version that says where the executable segment lies. */
const CODE_DIRECTORY_VERSION = 0x20400;
/** CS_ADHOC and CS_LINKER_SIGNED: what a linker sets, so that a later `codesign` may replace it. */
const FLAGS = 0x0002_0002;
const EXECSEG_MAIN_BINARY = 1n;
const HASH_TYPE_SHA256 = 2;
const HASH_BYTES = 32;
/** Hashed in pages of 4 KiB, mapped in pages of up to 16 KiB. */
const PAGE_SHIFT = 12;
const SEGMENT_ALIGN_BYTES = 16_384;

/** Offsets of what signing reads and changes. */
interface Layout {
  /** Where the load commands of __LINKEDIT and LC_CODE_SIGNATURE begin. */
  linkeditAt: number;
  signatureCommandAt: number;
  /** The signature's own place; everything before it is hashed. */
  signatureAt: number;
  signatureBytes: number;
  linkeditFileAt: number;
  textFileAt: bigint;
  textFileBytes: bigint;
}

/**
 * A copy of `executable` with a fresh ad-hoc signature under `identifier`. Throws unless it is a little-endian
 * 64-bit Mach-O that ends with a signature, as everything Apple's linker made does.
 */
export function signAdHoc(executable: Uint8Array, identifier: string): Uint8Array {
  const layout = readLayout(executable);
  const pageCount = Math.ceil(layout.signatureAt / (1 << PAGE_SHIFT));
  const hashesAt = CODE_DIRECTORY_BYTES + Buffer.byteLength(identifier) + 1;
  const signatureBytes = align(SUPER_BLOB_BYTES + hashesAt + pageCount * HASH_BYTES, 16);

  const signed = Buffer.alloc(layout.signatureAt + signatureBytes);
  signed.set(executable.subarray(0, layout.signatureAt));
  // The commands lie in the first page: change them before it is hashed.
  const linkeditBytes = signed.length - layout.linkeditFileAt;
  signed.writeBigUInt64LE(BigInt(align(linkeditBytes, SEGMENT_ALIGN_BYTES)), layout.linkeditAt + 32);
  signed.writeBigUInt64LE(BigInt(linkeditBytes), layout.linkeditAt + 48);
  signed.writeUInt32LE(signatureBytes, layout.signatureCommandAt + 12);

  const signature = signed.subarray(layout.signatureAt);
  const directoryBytes = hashesAt + pageCount * HASH_BYTES;
  writeBigEndian(signature, 0, [
    ...[SUPER_BLOB_MAGIC, SUPER_BLOB_BYTES + directoryBytes, 1],
    // Slot 0 is the code directory.
    ...[0, SUPER_BLOB_BYTES],
  ]);
  const directory = signature.subarray(SUPER_BLOB_BYTES);
  writeBigEndian(directory, 0, [
    ...[CODE_DIRECTORY_MAGIC, directoryBytes, CODE_DIRECTORY_VERSION, FLAGS],
    ...[hashesAt, CODE_DIRECTORY_BYTES, 0, pageCount, layout.signatureAt],
  ]);
  directory.set([HASH_BYTES, HASH_TYPE_SHA256, 0, PAGE_SHIFT], 36);
  directory.writeBigUInt64BE(layout.textFileAt, 64);
  directory.writeBigUInt64BE(layout.textFileBytes, 72);
  directory.writeBigUInt64BE(EXECSEG_MAIN_BINARY, 80);
  directory.write(`${identifier}\0`, CODE_DIRECTORY_BYTES);
  for (let page = 0; page < pageCount; page++) {
    directory.set(hashOfPage(signed, page, PAGE_SHIFT, layout.signatureAt), hashesAt + page * HASH_BYTES);
  }
  return signed;
}

/**
 * How many of the executable's pages do not match its own signature: 0 is a sound one. Reads everything,
 * page size and count included, from the file, so that it also judges signatures that others made.
 */
export function countWrongPages(executable: Uint8Array): number {
  const { signatureAt, signatureBytes } = readLayout(executable);
  const signature = view(executable).subarray(signatureAt, signatureAt + signatureBytes);
  if (signature.readUInt32BE(0) !== SUPER_BLOB_MAGIC) throw new Error('the signature is no super blob');
  const directory = signature.subarray(signature.readUInt32BE(16));
  if (directory.readUInt32BE(0) !== CODE_DIRECTORY_MAGIC)
    throw new Error('the first blob is no code directory');
  const hashesAt = directory.readUInt32BE(16);
  const pageCount = directory.readUInt32BE(28);
  const codeLimit = directory.readUInt32BE(32);
  const pageShift = directory.readUInt8(39);
  if (directory.readUInt8(37) !== HASH_TYPE_SHA256) throw new Error('the hashes are not SHA-256');

  // Bytes that no page covers are as bad as a page that is wrong.
  let wrong = Math.ceil((signatureAt - codeLimit) / (1 << pageShift));
  for (let page = 0; page < pageCount; page++) {
    const at = hashesAt + page * HASH_BYTES;
    const stored = directory.subarray(at, at + HASH_BYTES);
    if (!hashOfPage(executable, page, pageShift, codeLimit).equals(stored)) wrong += 1;
  }
  return wrong;
}

function readLayout(executable: Uint8Array): Layout {
  const file = view(executable);
  if (file.readUInt32LE(0) !== MACHO_64_MAGIC) throw new Error('not a 64-bit Mach-O file');
  const found: Partial<Layout> = {};
  let at = HEADER_BYTES;
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    const command = file.readUInt32LE(at);
    if (command === LC_SEGMENT_64) {
      const name = file.toString('latin1', at + 8, at + 24).replace(/\0+$/, '');
      if (name === '__TEXT') {
        found.textFileAt = file.readBigUInt64LE(at + 40);
        found.textFileBytes = file.readBigUInt64LE(at + 48);
      }
      if (name === '__LINKEDIT') {
        found.linkeditAt = at;
        found.linkeditFileAt = Number(file.readBigUInt64LE(at + 40));
      }
    }
    if (command === LC_CODE_SIGNATURE) {
      found.signatureCommandAt = at;
      found.signatureAt = file.readUInt32LE(at + 8);
      found.signatureBytes = file.readUInt32LE(at + 12);
    }
    at += file.readUInt32LE(at + 4);
  }
  const { linkeditAt, linkeditFileAt, signatureCommandAt, signatureAt, signatureBytes } = found;
  const { textFileAt, textFileBytes } = found;
  if (textFileAt === undefined || textFileBytes === undefined) throw new Error('no __TEXT segment');
  if (linkeditAt === undefined || linkeditFileAt === undefined) throw new Error('no __LINKEDIT segment');
  if (signatureCommandAt === undefined || signatureAt === undefined || signatureBytes === undefined) {
    throw new Error('no signature to replace');
  }
  if (signatureAt + signatureBytes !== file.length)
    throw new Error('the signature is not the end of the file');
  return {
    linkeditAt,
    linkeditFileAt,
    signatureCommandAt,
    signatureAt,
    signatureBytes,
    textFileAt,
    textFileBytes,
  };
}

function hashOfPage(file: Uint8Array, page: number, pageShift: number, limit: number): Buffer {
  const start = page * 2 ** pageShift;
  const end = Math.min(start + 2 ** pageShift, limit);
  return createHash('sha256').update(file.subarray(start, end)).digest();
}

function writeBigEndian(into: Buffer, at: number, words: number[]): void {
  words.forEach((word, index) => {
    into.writeUInt32BE(word, at + index * 4);
  });
}

function align(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
