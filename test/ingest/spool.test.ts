// What waits in a file does not wait in memory too: of a huge session all pieces pass through here.

import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Spool } from '../../src/files/spool.ts';

const PIECE_BYTES = 4 * 1024 * 1024;

/** Adds a piece of that byte; the bytes themselves are out of reach afterwards. */
function add(spool: Spool, byte: number): { again: () => Uint8Array; seen: WeakRef<Uint8Array> } {
  const piece = new Uint8Array(PIECE_BYTES).fill(byte);
  return { again: spool.add(piece), seen: new WeakRef(piece) };
}

test('pieces beyond what is held in memory are let go, and come again as they were', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-spool-'));
  try {
    using spool = new Spool(join(folder, 'x'));
    const pieces = [...Array(12).keys()].map((byte) => add(spool, byte));
    // Another turn of the loop, since the last one still knows what it made.
    await new Promise((resolve) => setImmediate(resolve));
    Bun.gc(true);
    // A piece or two may still stand on the stack.
    expect(pieces.slice(4).filter(({ seen }) => seen.deref() !== undefined).length).toBeLessThanOrEqual(2);
    for (const [byte, { again }] of pieces.entries()) {
      const piece = again();
      expect([piece.length, piece[0], piece.at(-1)]).toEqual([PIECE_BYTES, byte, byte]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
