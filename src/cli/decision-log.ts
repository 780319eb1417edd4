/**
 * The file that `SESSION_MEMORY_LOG` names: what was decided, in which call, when and why.
 * Promises: lines of several processes never mix, for each is one write at the file's end; nobody else reads a new one; a log that cannot
 * be written changes nothing of what is done.
 */
import { constants, openSync, writeSync } from 'node:fs';
import { listenToDecisions } from '../domain/decisions.ts';
import { messageOf } from '../domain/errors.ts';
import { plainLine } from '../domain/text.ts';

/** Listens from now on; what is wrong with the file, as a sentence, else null. */
export function startDecisionLog(path: string): string | null {
  let handle: number;
  try {
    handle = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
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
