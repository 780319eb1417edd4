// Archives whose bytes depend on nothing but their files: no clock, no owner, no order of a folder.
// Formats: POSIX.1-1988 ustar, and PKWARE's APPNOTE.TXT 4.3.2 ff. for zip.

import { deflateRawSync, gzipSync } from 'node:zlib';

export interface Entry {
  /** With forward slashes, below 100 bytes. */
  path: string;
  bytes: Uint8Array;
  executable: boolean;
}

/** 1980-01-01, the earliest time that a zip can name: seconds for tar, DOS date for zip. */
const MTIME_S = 315_532_800;
const DOS_DATE = (1 << 5) | 1;
const BLOCK_BYTES = 512;
const COMPRESSION_LEVEL = 9;

interface TarOptions {
  /** Of gzip, 1 to 9. */
  level?: number;
  /** Names each folder before what lies in it: dpkg makes no folder that is not named. */
  folders?: boolean;
}

/** A gzipped ustar archive of `entries` in their given order. */
export function tarGz(
  entries: Entry[],
  { level = COMPRESSION_LEVEL, folders = false }: TarOptions = {},
): Uint8Array {
  const parts = [
    ...(folders ? foldersOf(entries).map(folderHeader) : []),
    ...entries.flatMap((entry) => [tarHeader(entry), entry.bytes, padding(entry.bytes.length)]),
  ];
  // Two empty blocks end it.
  const tar = Buffer.concat([...parts, Buffer.alloc(2 * BLOCK_BYTES)]);
  const packed = gzipSync(tar, { level });
  // The header's last byte names the system it was made on.
  packed[9] = 255;
  return packed;
}

/** A zip archive of `entries` in their given order. */
export function zip(entries: Entry[], level = COMPRESSION_LEVEL): Uint8Array {
  const locals: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { path, bytes, executable } of entries) {
    const name = Buffer.from(path);
    const packed = deflateRawSync(bytes, { level });
    // Needs 2.0, UTF-8 name, deflated, midnight, the date, CRC, sizes, name length, no extra field.
    const common = [
      ...[u16(20), u16(0x800), u16(8), u16(0), u16(DOS_DATE)],
      ...[u32(Bun.hash.crc32(bytes)), u32(packed.length), u32(bytes.length), u16(name.length), u16(0)],
    ];
    const local = Buffer.concat([u32(0x04034b50), ...common, name, packed]);
    locals.push(local);
    directory.push(
      Buffer.concat([
        // Made by version 2.0 on Unix (3), so that the mode in the external attributes counts.
        ...[u32(0x02014b50), u16((3 << 8) | 20), ...common],
        ...[u16(0), u16(0), u16(0), u32(((executable ? 0o100755 : 0o100644) << 16) >>> 0), u32(offset), name],
      ]),
    );
    offset += local.length;
  }
  const directoryBytes = directory.reduce((sum, part) => sum + part.length, 0);
  const end = [
    ...[u32(0x06054b50), u16(0), u16(0), u16(entries.length), u16(entries.length)],
    ...[u32(directoryBytes), u32(offset), u16(0)],
  ];
  return Buffer.concat([...locals, ...directory, ...end]);
}

/** `./`, `./usr/`, `./usr/bin/`, each once and before what lies in it. */
function foldersOf(entries: Entry[]): string[] {
  const above = entries.flatMap(({ path }) =>
    [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1)),
  );
  return [...new Set(above)].sort();
}

function folderHeader(path: string): Buffer {
  return tarHeader({ path, bytes: new Uint8Array(), executable: true }, '5');
}

function tarHeader({ path, bytes, executable }: Entry, kind: '0' | '5' = '0'): Buffer {
  if (Buffer.byteLength(path) > 99) throw new Error(`${path} is too long a name for an archive`);
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(path, 0);
  header.write(octal(executable ? 0o755 : 0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(bytes.length, 11), 124);
  header.write(octal(MTIME_S, 11), 136);
  header.write(kind, 156);
  header.write('ustar\x0000', 257, 'latin1');
  // The checksum is taken with spaces in its own place.
  header.write(' '.repeat(8), 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)} `, 148);
  return header;
}

function padding(bytes: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES);
}

function u16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16LE(value);
  return buffer;
}

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}
