// What a system's loader looks at before it runs a program: whether the file is for that system, and still holds ours. A file that
// was stripped, or built for another one, is found here and not by who installs it.
// Formats: elf(5), <mach-o/loader.h>, and Microsoft's "PE Format". All little endian, 64 bit.

import type { Target } from './targets.ts';

/** Bun keeps the program in a part of this name; in plain Bun it is empty, or not there. */
const PART = { elf: '.bun', macho: '__BUN', pe: '.bun' } as const;
/** Ours has some megabytes. */
const PART_BYTES_MIN = 1024 * 1024;

const ELF_MACHINE = { x64: 62, arm64: 183 } as const;
const MACHO_CPU = { x64: 0x0100_0007, arm64: 0x0100_000c } as const;
const PE_MACHINE = { x64: 0x8664, arm64: 0xaa64 } as const;
const LOADER = {
  glibc: { x64: '/lib64/ld-linux-x86-64.so.2', arm64: '/lib/ld-linux-aarch64.so.1' },
  musl: { x64: '/lib/ld-musl-x86_64.so.1', arm64: '/lib/ld-musl-aarch64.so.1' },
} as const;

/** Null: it is as this platform's loader wants it. Else what is wrong. */
export function wrongInHeader(target: Target, program: Uint8Array): string | null {
  const bytes = Buffer.from(program.buffer, program.byteOffset, program.byteLength);
  try {
    switch (target.os) {
      case 'linux':
        return wrongInElf(target, bytes);
      case 'darwin':
        return wrongInMacho(target, bytes);
      case 'win32':
        return wrongInPe(target, bytes);
      default:
        return target.os satisfies never;
    }
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return 'the file ends within its header';
  }
}

function wrongInElf({ cpu, libc = 'glibc' }: Target, bytes: Buffer): string | null {
  if (bytes.readUInt32BE(0) !== 0x7f454c46 || bytes.readUInt16BE(4) !== 0x0201) return 'it is no 64-bit ELF';
  const machine = bytes.readUInt16LE(18);
  if (machine !== ELF_MACHINE[cpu]) return `it is for machine ${machine}, not for ${cpu}`;
  const loader = elfLoader(bytes);
  if (loader !== LOADER[libc][cpu]) return `its loader is ${loader}, not ${LOADER[libc][cpu]}`;
  return wrongPart(PART.elf, elfSection(bytes, PART.elf));
}

function elfLoader(bytes: Buffer): string | null {
  const [at, size, count] = [
    Number(bytes.readBigUInt64LE(32)),
    bytes.readUInt16LE(54),
    bytes.readUInt16LE(56),
  ];
  for (let i = 0; i < count; i += 1) {
    const segment = at + i * size;
    if (bytes.readUInt32LE(segment) !== 3) continue;
    const from = Number(bytes.readBigUInt64LE(segment + 8));
    return textAt(bytes, from, Number(bytes.readBigUInt64LE(segment + 32)));
  }
  return null;
}

/** Its bytes; null: there is none of this name. */
function elfSection(bytes: Buffer, name: string): number | null {
  const [at, size, count] = [
    Number(bytes.readBigUInt64LE(40)),
    bytes.readUInt16LE(58),
    bytes.readUInt16LE(60),
  ];
  const names = Number(bytes.readBigUInt64LE(at + bytes.readUInt16LE(62) * size + 24));
  for (let i = 0; i < count; i += 1) {
    const section = at + i * size;
    if (textAt(bytes, names + bytes.readUInt32LE(section), name.length + 1) === name)
      return Number(bytes.readBigUInt64LE(section + 32));
  }
  return null;
}

function wrongInMacho({ cpu }: Target, bytes: Buffer): string | null {
  if (bytes.readUInt32LE(0) !== 0xfeedfacf) return 'it is no 64-bit Mach-O';
  const machine = bytes.readUInt32LE(4);
  if (machine !== MACHO_CPU[cpu]) return `it is for machine ${machine}, not for ${cpu}`;
  if (bytes.readUInt32LE(12) !== 2) return 'it is no program';
  let [at, signature, part] = [32, false, null as number | null];
  for (let left = bytes.readUInt32LE(16); left > 0; left -= 1) {
    const command = bytes.readUInt32LE(at);
    if (command === 0x1d) signature = true;
    if (command === 0x19 && textAt(bytes, at + 8, 16) === PART.macho)
      part = Number(bytes.readBigUInt64LE(at + 48));
    at += bytes.readUInt32LE(at + 4);
  }
  // Apple silicon kills what is not signed.
  return signature ? wrongPart(PART.macho, part) : 'it is not signed';
}

function wrongInPe({ cpu }: Target, bytes: Buffer): string | null {
  const at = bytes.readUInt32LE(60);
  if (bytes.readUInt16BE(0) !== 0x4d5a || bytes.readUInt32BE(at) !== 0x50450000) return 'it is no PE';
  const machine = bytes.readUInt16LE(at + 4);
  if (machine !== PE_MACHINE[cpu]) return `it is for machine ${machine}, not for ${cpu}`;
  const optional = at + 24;
  if (bytes.readUInt16LE(optional) !== 0x20b) return 'it is no 64-bit PE';
  if (bytes.readUInt16LE(optional + 68) !== 3) return 'it is no program for a console';
  const sections = optional + bytes.readUInt16LE(at + 20);
  for (let i = 0; i < bytes.readUInt16LE(at + 6); i += 1) {
    const section = sections + i * 40;
    if (textAt(bytes, section, 8) === PART.pe) return wrongPart(PART.pe, bytes.readUInt32LE(section + 16));
  }
  return wrongPart(PART.pe, null);
}

function wrongPart(name: string, partBytes: number | null): string | null {
  return partBytes === null || partBytes < PART_BYTES_MIN
    ? `its part ${name} has ${partBytes ?? 'no'} bytes: it is plain Bun, without the program`
    : null;
}

function textAt(bytes: Buffer, at: number, max: number): string {
  const text = bytes.toString('latin1', at, at + max);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}
