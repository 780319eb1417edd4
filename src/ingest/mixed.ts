/**
 * Sessions in which an older version of this program has put one transcript in the place of another: two that bear one id, the first of
 * which had been deleted when the second was met. Nothing is lost then, but what is shown is another conversation than what began.
 * Promises: changes nothing; says so only of what can be told: the log begins with words of a person that no version of the file has,
 * not a record of it is in the present one, and that begins with other words.
 */

import { agentById } from '../agents/registry.ts';
import type { AgentFormat, Host } from '../domain/agent.ts';
import type { SessionUid } from '../domain/ids.ts';
import { TooLong } from '../files/line-cutter.ts';
import type { ReadableDb } from '../store/connection.ts';
import { filesOf } from '../store/read.ts';
import type { Extent, StoredFile } from '../store/rows.ts';
import { fileChunks, removedRanges, segmentsOf } from '../store/segments.ts';
import { sessionsWrittenAnew, versionsOf } from '../store/versions.ts';
import { cuttingOf, recordsIn } from './content/records.ts';

export interface Mixed {
  readonly uid: SessionUid;
  /** The first words of what was stored first. */
  readonly begins: string;
  /** The first words of what is shown now. */
  readonly shows: string;
}

/** Bytes from whose beginning a title is told. */
const HEAD_BYTES = 256 * 1024;

export function* mixedSessions(db: ReadableDb, host: Pick<Host, 'agents'>): Generator<Mixed> {
  // Only a file that was written anew has ranges; whose log is whole in its present version is spared.
  for (const { uid, agent } of sessionsWrittenAnew(db)) {
    const format = agentById(agent, host);
    if (format === null || format.growth === 'rows') continue;
    const found = db.snapshot(() => mixedIn(db, uid, format));
    if (found !== null) yield found;
  }
}

function mixedIn(db: ReadableDb, uid: SessionUid, agent: AgentFormat): Mixed | null {
  const main = filesOf(db, uid).find(({ role, gone }) => role === 'main' && !gone);
  if (main === undefined || main.rawBytes === 0 || agent.isDocument?.(main.key) === true) return null;
  const [first] = removedRanges(main);
  if (first?.[0] !== 0) return null;
  const isFirst = (extents: readonly Extent[]) => extents.some(([offset]) => offset === 0);
  if (versionsOf(db, uid).some(({ fileId, extents }) => fileId === main.fileId && isFirst(extents)))
    return null;
  // What took its place was stored by itself. Where only a beginning was left out, the rest was stored with it.
  if (!segmentsOf(db, uid, main.fileId).some(({ log_offset }) => log_offset === first[1])) return null;
  const began: StoredFile = { ...main, extents: [first], rawBytes: first[1], sha256: null };
  const [begins, shows] = [began, main].map((file) => titleOf(db, uid, file, agent));
  if (begins == null || shows == null || begins === shows) return null;
  return sharesNothing(db, uid, agent, began, main) ? { uid, begins, shows } : null;
}

function titleOf(db: ReadableDb, uid: SessionUid, file: StoredFile, agent: AgentFormat): string | null {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of fileChunks(db, uid, file)) {
    parts.push(chunk.slice(0, HEAD_BYTES - bytes));
    bytes += parts.at(-1)?.length ?? 0;
    if (bytes >= HEAD_BYTES) break;
  }
  const head = Buffer.concat(parts);
  return agent.peek(head, head)?.title ?? null;
}

/** Whether no record that one of two files has is said in the other. */
function sharesNothing(
  db: ReadableDb,
  uid: SessionUid,
  agent: AgentFormat,
  began: StoredFile,
  now: StoredFile,
): boolean {
  const cutting = cuttingOf(agent, now.key);
  try {
    const said = new Set<number | bigint>();
    for (const { says } of recordsIn(fileChunks(db, uid, began), cutting)) said.add(Bun.hash(says));
    for (const { says } of recordsIn(fileChunks(db, uid, now), cutting))
      if (said.has(Bun.hash(says))) return false;
    return true;
  } catch (thrown) {
    // What cannot be taken apart cannot be told.
    if (thrown instanceof TooLong) return false;
    throw thrown;
  }
}
