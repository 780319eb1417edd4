// The headers of what is released: a file passes for its own platform alone, and not once the program is gone from it.

import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { wrongInHeader } from '../../scripts/releasing/headers.ts';
import { TARGETS, type Target } from '../../scripts/releasing/targets.ts';
import { targetHere } from './made.ts';

const PART_BYTES = 2 * 1024 * 1024;

/** What a loader reads of a program, and nothing else. `partBytes`: how much the part with our program says that it has. */
function made({ os, cpu, libc }: Target, partBytes = PART_BYTES): Buffer {
  const bytes = Buffer.alloc(1024);
  if (os === 'linux') {
    bytes.write('\x7fELF\x02\x01', 'latin1');
    bytes.writeUInt16LE(cpu === 'x64' ? 62 : 183, 18);
    bytes.writeBigUInt64LE(64n, 32);
    bytes.writeUInt16LE(56, 54);
    bytes.writeUInt16LE(1, 56);
    const loader = {
      glibc: { x64: '/lib64/ld-linux-x86-64.so.2', arm64: '/lib/ld-linux-aarch64.so.1' },
      musl: { x64: '/lib/ld-musl-x86_64.so.1', arm64: '/lib/ld-musl-aarch64.so.1' },
    }[libc ?? 'glibc'][cpu];
    bytes.writeUInt32LE(3, 64);
    bytes.writeBigUInt64LE(200n, 64 + 8);
    bytes.writeBigUInt64LE(BigInt(loader.length + 1), 64 + 32);
    bytes.write(loader, 200);
    bytes.writeBigUInt64LE(300n, 40);
    bytes.writeUInt16LE(64, 58);
    bytes.writeUInt16LE(2, 60);
    bytes.writeBigUInt64LE(500n, 300 + 24);
    bytes.write('\0.bun\0', 500);
    bytes.writeUInt32LE(1, 300 + 64);
    bytes.writeBigUInt64LE(BigInt(partBytes), 300 + 64 + 32);
  } else if (os === 'darwin') {
    bytes.writeUInt32LE(0xfeedfacf, 0);
    bytes.writeUInt32LE(cpu === 'x64' ? 0x01000007 : 0x0100000c, 4);
    bytes.writeUInt32LE(2, 12);
    bytes.writeUInt32LE(2, 16);
    bytes.writeUInt32LE(0x19, 32);
    bytes.writeUInt32LE(72, 36);
    bytes.write('__BUN', 40);
    bytes.writeBigUInt64LE(BigInt(partBytes), 32 + 48);
    bytes.writeUInt32LE(0x1d, 32 + 72);
    bytes.writeUInt32LE(16, 36 + 72);
  } else {
    bytes.write('MZ');
    bytes.writeUInt32LE(120, 60);
    bytes.write('PE\0\0', 120);
    bytes.writeUInt16LE(0x8664, 124);
    bytes.writeUInt16LE(1, 126);
    bytes.writeUInt16LE(240, 140);
    bytes.writeUInt16LE(0x20b, 144);
    bytes.writeUInt16LE(3, 144 + 68);
    bytes.write('.bun', 144 + 240);
    bytes.writeUInt32LE(partBytes, 144 + 240 + 16);
  }
  return bytes;
}

describe.each(TARGETS.map((target) => [target.name, target] as const))('%s', (_, target) => {
  test('passes for itself alone', () => {
    const passes = TARGETS.filter((other) => wrongInHeader(other, made(target)) === null);
    expect(passes.map(({ name }) => name)).toEqual([target.name]);
  });

  test('is found out where it is plain Bun, or cut anywhere', () => {
    expect(wrongInHeader(target, made(target, 8))).toContain('plain Bun');
    const whole = made(target);
    const end = whole.findLastIndex((byte) => byte !== 0) + 1;
    for (let bytes = 0; bytes < end - 3; bytes += 1)
      expect(wrongInHeader(target, whole.subarray(0, bytes)), `cut at ${bytes}`).not.toBeNull();
  });
});

test('a program for macOS that is not signed is found out', () => {
  const darwin = TARGETS.filter(({ os }) => os === 'darwin');
  for (const target of darwin) {
    const bytes = made(target);
    bytes.writeUInt32LE(1, 16);
    expect(wrongInHeader(target, bytes)).toBe('it is not signed');
  }
});

const BINARY = Bun.env['SESSION_MEMORY_BIN'];
const isBuilt = BINARY !== undefined && existsSync(BINARY);
if (!isBuilt)
  console.log('skipped: the headers of the built binary (SESSION_MEMORY_BIN; ./scripts/test sets it)');

test.skipIf(!isBuilt)('the real program passes, and the Bun that made it does not', () => {
  const here = targetHere();
  if (here === undefined) return console.log('skipped: nothing is released for this machine');
  expect(wrongInHeader(here, readFileSync(BINARY ?? ''))).toBeNull();
  expect(wrongInHeader(here, readFileSync(process.execPath))).toContain('plain Bun');
});
