/** Archives of a few KiB that would be large: none takes much more memory than an honest one, or time without end. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  archiveOf,
  type Piece,
  type Row,
  session,
  WHEN,
  written,
} from '../../scripts/torture/forged-archive.ts';
import { importSchema } from '../../src/cli/schemas.by-hand.ts';
import { promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

const ID = 'b0000000-0000-4000-8000-000000000001';
const UID = `claude-code:${ID}`;
const MIB = 1024 * 1024;
/** More than an honest archive takes; the rest is what the collector leaves lying. */
const MORE_BYTES = 96 * MIB;

/** One zstd frame that repeats a byte, by blocks of one byte each: 36 KiB for a GiB. */
function repeated(bytes: number): Uint8Array {
  const step = 128 * 1024;
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0x58, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64LE(BigInt(bytes), 6);
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes; at += step) {
    const block = Buffer.alloc(4);
    block.writeUIntLE(((at + step >= bytes ? 1 : 0) | 2 | (Math.min(step, bytes - at) << 3)) >>> 0, 0, 3);
    block.writeUInt8(0x20, 3);
    blocks.push(block);
  }
  return Buffer.concat([head, ...blocks]);
}

const row = (value: object): Piece => ({ kind: 'line', value });
const text = (value: string): Piece => ({ kind: 'text', text: value });
const good = session({ uid: UID, files: { main: promptLine(ID, 'good') } });
const bad = (more: Row) =>
  session({ uid: `${UID.slice(0, -1)}2`, files: { main: promptLine(ID, 'bad') }, row: more });
const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));
const hash = 'a'.repeat(64);
const file = (i: number) => ({
  role: 'sidecar',
  key: `k${i}`,
  rel_path: `k${i}`,
  encoding: 'plain',
  raw_bytes: 0,
  log_bytes: 0,
  extents: null,
  sha256: null,
  gone: false,
});

/** A segment that is said to hold one byte, and what stands there instead. */
function bomb(data: Uint8Array): Piece[] {
  const pieces = bad({});
  return pieces.map((piece) => {
    if (piece.kind === 'bytes') return { kind: 'bytes', data };
    const isSegment = piece.kind === 'line' && (piece.value as { record: string }).record === 'segment';
    if (!isSegment) return piece;
    return row({
      record: 'segment',
      key: 'main',
      log_offset: 0,
      raw_bytes: 1,
      stored_bytes: data.length,
      sha256: hash,
    });
  });
}

/** Headers that each claim 16 MiB of what follows, in what they claim. */
function headersInHeaders(): Uint8Array {
  const header = Buffer.alloc(52);
  Buffer.from('5d2a4d182c000000534d7831', 'hex').copy(header);
  header.writeUInt32LE(1, 12);
  header.writeUInt32LE(16 * MIB, 16);
  const all = Buffer.alloc(52 * 400_000);
  for (let at = 0; at < all.length; at += 52) header.copy(all, at);
  return all;
}

const ARCHIVES: Readonly<Record<string, () => Uint8Array>> = {
  'a second frame behind a segment': () =>
    archiveOf(bomb(Buffer.concat([Bun.zstdCompressSync('x'), repeated(1024 * MIB)])), good),
  'a segment that becomes a GiB': () => archiveOf(bomb(repeated(1024 * MIB)), good),
  'a segment that says less than it holds': () => {
    const data = Buffer.from(repeated(1024 * MIB));
    data.writeBigUInt64LE(1n, 6);
    return archiveOf(bomb(data), good);
  },
  'a line that becomes a GiB': () => {
    // The frame of a line, around the bytes of another.
    const [kind] = [1];
    const framed = Buffer.from(written([{ kind: 'bytes', data: repeated(1024 * MIB) }]));
    framed.writeUInt32LE(kind, 12);
    return Buffer.concat([archiveOf(good).subarray(0, -60), framed]);
  },
  'lists within lists': () => archiveOf([text('['.repeat(8 * MIB))], good),
  'objects within objects': () => archiveOf([text('{"a":'.repeat(2 * MIB))], good),
  'millions of ranges': () =>
    archiveOf([text(`{"record":"session","files":[{"extents":[${'[0,1],'.repeat(2 * MIB)}[0,1]]}]}`)], good),
  'millions of members': () => archiveOf([text(`{${times(900_000, (i) => `"k${i}":1`).join(',')}}`)], good),
  'a million files in one session': () => archiveOf(bad({ files: times(60_000, file) }), good),
  'a line without end': () => archiveOf([text(`{"record":"session","title":"${'x'.repeat(40 * MIB)}`)], good),
  'a header of many sessions': () =>
    written([
      row({ record: 'header', format: 'session-memory export', version: 1, made_at: WHEN, sessions: 1e9 }),
      ...good,
      row({ record: 'end', sessions: 1e9 }),
    ]),
  'names of a million sessions': () =>
    archiveOf(
      times(300, (n) =>
        row({
          record: 'contents',
          session_uids: times(3000, (i) => `claude-code:${'n'.repeat(200)}-${n}-${i}`),
        }),
      ),
      good,
    ),
  'many tiny records': () =>
    archiveOf(
      times(60_000, (i) => row({ record: 'forgotten', session_uid: `claude-code:f${i}`, at: WHEN })),
      good,
    ),
  'ends of sessions that never began': () =>
    archiveOf(
      times(60_000, (i) => row({ record: 'session_end', session_uid: `claude-code:e${i}` })),
      good,
    ),
  'a generation that would be counted up': () => archiveOf(bad({ raw_generation: 10_000_000 }), good),
  'headers within headers': () => Buffer.concat([archiveOf(good), headersInHeaders()]),
};

/** The largest resident size so far; 0 where the system does not tell. */
function residentPeakBytes(pid: number): number {
  try {
    const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib ?? 0) * 1024;
  } catch {
    // It has just ended, or this is no Linux.
    return 0;
  }
}

async function measured(archive: Uint8Array): Promise<{ bytes: number; added: number; code: number }> {
  using program = new Program();
  await Bun.write(join(program.folder, 'in.smx'), archive);
  const child = program.start('import', join(program.folder, 'in.smx'), '--json');
  const told = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  let bytes = 0;
  // What the system tells at the end would count this test's own memory too: a child begins with its parent's peak.
  while (child.exitCode === null) {
    bytes = Math.max(bytes, residentPeakBytes(child.pid));
    await Bun.sleep(2);
  }
  const [out, err] = await told;
  expect(err).not.toContain('bug');
  const report = importSchema.parse(JSON.parse(out));
  return { bytes, added: report.added.length, code: await child.exited };
}

const honest = measured(archiveOf(good));

test.each(Object.keys(ARCHIVES))(
  '%s: in bounded memory, and the good session comes in',
  async (name) => {
    const base = await honest;
    expect(base).toMatchObject({ added: 1, code: 0 });
    const { bytes, added } = await measured(ARCHIVES[name]?.() ?? new Uint8Array());
    expect(added).toBeGreaterThanOrEqual(1);
    expect(bytes - base.bytes, `${Math.round((bytes - base.bytes) / MIB)} MiB more`).toBeLessThan(MORE_BYTES);
  },
  60_000,
);
