/**
 * The file that `SESSION_MEMORY_LOG` names: what was decided, in which call, when and why.
 * Promises: lines of several processes never mix, for each is one write at the file's end; only a file of its own is written to, one that
 * it made or that begins as it does, through no link and no pipe; nobody else reads it. A log that cannot be written changes nothing of
 * what is done.
 */
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { listenToDecisions } from '../domain/decisions.ts';
import { messageOf } from '../domain/errors.ts';
import { plainLine } from '../domain/text.ts';
import { onDisk } from '../files/on-disk.ts';

/** The first line of each such file: whose it is, and how another file is told from it. */
const HEAD = '# Decisions of session-memory (SESSION_MEMORY_LOG)\n';

/** Listens from now on; what is wrong with the file, as a sentence, else null. */
export function startDecisionLog(path: string): string | null {
  let handle: number;
  try {
    handle = opened(path);
  } catch (thrown) {
    return `SESSION_MEMORY_LOG: ${messageOf(thrown)}; nothing is written down`;
  }
  const call = crypto.randomUUID().slice(0, 8);
  listenToDecisions((room, about, decision) => {
    const text = [new Date().toISOString(), call, room, about, decision].map((part) =>
      plainLine(String(part)),
    );
    try {
      writeSync(handle, `${text.join(' ')}\n`);
    } catch {
      // A full disk: what is done is more than what is said of it.
      listenToDecisions(null);
    }
  });
  return null;
}

function opened(path: string): number {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
  // Windows has no such flags, and no file that waits.
  const careful = (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);
  const handle = openSync(onDisk(path), flags | careful, 0o600);
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile()) throw new Error(`${path} is no plain file`);
    if (stats.size === 0) writeSync(handle, HEAD);
    else if (!beginsAsOurs(handle)) throw new Error(`${path} is there and is no such log`);
    return handle;
  } catch (thrown) {
    closeSync(handle);
    throw thrown;
  }
}

function beginsAsOurs(handle: number): boolean {
  const head = Buffer.alloc(HEAD.length);
  return readSync(handle, head, 0, head.length, 0) === head.length && head.toString() === HEAD;
}
