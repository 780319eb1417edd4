/**
 * What files say, noted while their bytes are still there: how an evicted session is known again that its agent has written anew.
 * It is done when a session goes, not when it comes: it costs a look at each line, and of what an ingest stores most stays for weeks.
 * Promises: a stop is heard between two segments. Never: fails, but where the disk is full; a version of which nothing is noted is
 * known again by its bytes alone.
 */
import { agentById } from '../agents/registry.ts';
import type { AgentFormat, Host } from '../domain/agent.ts';
import type { ContentForm } from '../domain/content.ts';
import { FailureError } from '../domain/errors.ts';
import { agentOf, type SessionUid } from '../domain/ids.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { hasContent, noteContent } from '../store/contents.ts';
import { filesOf } from '../store/read.ts';
import { isDiskFull } from '../store/room.ts';
import type { StoredFile } from '../store/rows.ts';
import { fileChunks } from '../store/segments.ts';
import { hashFiles } from '../store/write-digests.ts';
import { type ContentHash, hashContent, rememberedForm } from './content/content.ts';

export interface RememberDeps {
  readonly db: WritableDb;
  readonly host: Host;
}

/** Sessions that are about to be evicted. `no_room`: the disk is full, and the rest of them have nothing noted. */
export async function rememberSessions(
  { db, host }: RememberDeps,
  uids: readonly SessionUid[],
  signal?: AbortSignal,
): Promise<'no_room' | undefined> {
  try {
    for (const uid of uids) {
      const agent = agentById(agentOf(uid), host);
      // Most agents write nothing anew: of theirs no session is looked at.
      if (agent?.content?.isRemembered === true) await rememberSession(db, uid, agent, signal);
    }
    return undefined;
  } catch (thrown) {
    if (isDiskFull(thrown)) return 'no_room';
    throw thrown;
  }
}

/** A session whose bytes are in `from` for a moment, and that `db` knows as evicted: its agent is about to find it here, and may write it anew. */
export async function rememberFetched(
  { from, db, host }: RememberDeps & { readonly from: ReadableDb },
  uid: SessionUid,
  signal?: AbortSignal,
): Promise<void> {
  const agent = agentById(agentOf(uid), host);
  if (agent?.content?.isRemembered === true) await noteFiles({ from, db }, uid, agent, signal);
}

async function rememberSession(
  db: WritableDb,
  uid: SessionUid,
  agent: AgentFormat,
  signal: AbortSignal | undefined,
): Promise<void> {
  hashFiles(db, uid);
  await noteFiles({ from: db, db }, uid, agent, signal);
}

async function noteFiles(
  { from, db }: { readonly from: ReadableDb; readonly db: WritableDb },
  uid: SessionUid,
  agent: AgentFormat,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const file of filesOf(from, uid)) {
    const form = rememberedForm(agent, file.key);
    if (form === null || file.gone || file.sha256 === null || signal?.aborted === true) continue;
    const of = new Uint8Array(Buffer.from(file.sha256, 'hex'));
    if (hasContent(db, of)) continue;
    const content = await contentOf(from, uid, file, form, signal);
    if (content !== null) noteContent(db, of, content);
  }
}

async function contentOf(
  db: ReadableDb,
  uid: SessionUid,
  file: StoredFile,
  form: ContentForm,
  signal: AbortSignal | undefined,
): Promise<ContentHash | null> {
  try {
    return await hashContent(form, interruptible(fileChunks(db, uid, file), signal));
  } catch (thrown) {
    // Damaged, which `verify` names; or told to stop, and then nothing more is evicted.
    if (thrown instanceof FailureError || signal?.aborted === true) return null;
    throw thrown;
  }
}

/** Keys and signals are heard between two segments. */
async function* interruptible(chunks: Iterable<Uint8Array>, signal: AbortSignal | undefined) {
  for (const chunk of chunks) {
    signal?.throwIfAborted();
    yield chunk;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
