/**
 * The copy of another program's rollback journal, made safe to undo.
 * Why: a journal may end with the name of a super-journal, the file that joins several databases to one commit. SQLite opens what that name leads
 * to, wherever that is, waits where it is a FIFO, and may remove it.
 * Source: https://www.sqlite.org/fileformat2.html#the_rollback_journal and https://www.sqlite.org/atomiccommit.html, section 5.
 */
import { closeSync, fstatSync, lstatSync, openSync, readSync, writeSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { awayMount } from '../mounts.ts';

const MAGIC = Buffer.from([0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]);
/** Behind the name: its length, the sum of its bytes, the magic number. */
const TAIL_BYTES = 16;
const NAME_BYTES_MAX = 4096;
/** SQLite takes no other name for that of a super-journal. */
const SUPER_JOURNAL = /-mj[0-9A-Fa-f]{6}9[0-9A-Fa-f]{2}$/;

/**
 * Takes the name out of the copy at `path`. False where the journal is to be left alone: its super-journal is gone, so what it
 * would undo was committed.
 */
export function ownJournal(path: string): boolean {
  const handle = openSync(path, 'r+');
  try {
    const { size } = fstatSync(handle);
    const name = superJournal(handle, size);
    if (name === null) return true;
    writeSync(handle, new Uint8Array(TAIL_BYTES), 0, TAIL_BYTES, size - TAIL_BYTES);
    return !SUPER_JOURNAL.test(name) || mayExist(name);
  } finally {
    closeSync(handle);
  }
}

/** The name that it ends with, null where it ends with none. */
function superJournal(handle: number, size: number): string | null {
  const tail = Buffer.alloc(TAIL_BYTES);
  if (size < TAIL_BYTES || readSync(handle, tail, 0, TAIL_BYTES, size - TAIL_BYTES) < TAIL_BYTES) return null;
  const length = tail.readUInt32BE(0);
  if (!tail.subarray(8).equals(MAGIC) || length === 0 || length > size - TAIL_BYTES) return null;
  // Too long for a path of any system: of no use to SQLite, and taken out with the rest.
  if (length > NAME_BYTES_MAX) return '';
  const name = Buffer.alloc(length);
  readSync(handle, name, 0, length, size - TAIL_BYTES - length);
  return name.toString();
}

function mayExist(name: string): boolean {
  try {
    if (!isAbsolute(name) || awayMount(name) !== null) return true;
    return lstatSync(name, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // It can be no path.
    return true;
  }
}
