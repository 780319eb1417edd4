/**
 * A session that alone exceeds the hard cap: digested from its source, recorded as evicted.
 * Promises: no byte of it is stored; where no digest can be made it is left alone, named in a warning.
 */

import { makeDigest } from '../digest/digest.ts';
import { toldAs } from '../domain/agent.ts';
import { DIGEST_VERSION } from '../domain/digest.ts';
import { messageOf } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import { type Clock, type Iso, plausibleTime } from '../domain/time.ts';
import { openSource } from '../files/contained/contained.ts';
import type { WritableDb } from '../store/connection.ts';
import { noteContent } from '../store/contents.ts';
import { isDiskFull } from '../store/room.ts';
import { describeSession } from '../store/write-raw.ts';
import { recordDigestOnly } from '../store/write-return.ts';
import { hashContent, rememberedForm } from './content/content.ts';
import type { FoundFile, FoundSession } from './discover/discover.ts';
import { ensureRow, mark, newFile } from './store-session.ts';

/** `continues`: it was evicted before, and begins with what was; its new digest then covers the old one. */
export async function digestOnly(
  deps: { readonly db: WritableDb; readonly clock: Clock },
  found: FoundSession,
  continues: boolean,
  warn: (text: string) => void,
): Promise<boolean> {
  const now = deps.clock.now();
  const hashed: Awaited<ReturnType<typeof hashedFile>>[] = [];
  try {
    for (const file of found.files) hashed.push(await hashedFile(file));
    const made = await makeDigest({
      uid: found.uid,
      agent: found.agent,
      rawBytes: hashed.reduce((bytes, file) => bytes + file.rawBytes, 0),
      now,
      peekTitle: found.peek?.title ?? null,
      peekProject: found.peek?.project ?? null,
      files: found.files.flatMap((file) => {
        const { key } = file.class;
        const role = toldAs(found.agent, file.class.role, key);
        return role === null ? [] : [{ role, key, chunks: chunksOf(file), ...documentOf(file) }];
      }),
    });
    if (!made.ok) {
      warn(
        `${found.uid} alone exceeds the hard cap and cannot be digested (${made.why}): it was left where it is`,
      );
      return false;
    }
    record(deps.db, found, { made, hashed, continues, now });
    return true;
  } catch (thrown) {
    if (isDiskFull(thrown)) throw thrown;
    warn(`could not digest ${found.uid}: ${messageOf(thrown)}`);
    return false;
  }
}

interface MadeDigest {
  readonly made: Extract<Awaited<ReturnType<typeof makeDigest>>, { readonly ok: true }>;
  readonly hashed: readonly Awaited<ReturnType<typeof hashedFile>>[];
  readonly continues: boolean;
  readonly now: Iso;
}

/** In one transaction: half of it would be a session that is neither stored nor evicted, and waits for ever. */
function record(db: WritableDb, found: FoundSession, { made, hashed, continues, now }: MadeDigest): void {
  const { digest, json } = made;
  db.writeTransaction(() => {
    const sessionId = ensureRow(db, found, now);
    killPoint('digest-only.session-made');
    describeSession(db, sessionId, {
      project: digest.project,
      title: digest.title,
      branch: digest.branches.at(-1) ?? null,
      parentUid: null,
      startedAt: plausibleTime(digest.started_at, now),
      endedAt: plausibleTime(digest.ended_at, now),
    });
    recordDigestOnly(db, {
      sessionId,
      uid: found.uid,
      at: now,
      version: DIGEST_VERSION,
      json,
      reason: 'alone it exceeds the hard cap; its digest stays',
      continues,
      files: hashed.map(({ role, key, relPath, encoding, rawBytes, sha256 }) => ({
        role,
        key,
        relPath,
        encoding,
        rawBytes,
        sha256,
      })),
    });
    for (const { sha256, content } of hashed) if (content !== null) noteContent(db, sha256, content);
    killPoint('digest-only.recorded');
    for (const { found: file, rawBytes, stat } of hashed) {
      const seen = { path: file.path, agent: file.agent.id, stat, takenBytes: rawBytes, holdsAll: true };
      mark(db, sessionId, { ...seen, headSha256: null, tailSha256: null }, null);
    }
  });
}

/** Nothing of it was ever stored: nothing was removed from it. */
function documentOf(file: FoundFile) {
  return file.agent.isDocument?.(file.class.key) === true
    ? { document: { present: chunksOf(file), removed: [] } }
    : {};
}

async function* chunksOf(file: FoundFile): AsyncGenerator<Uint8Array> {
  using source = openSource(file);
  yield* source.chunks();
}

async function hashedFile(file: FoundFile) {
  using source = openSource(file);
  const hasher = new Bun.CryptoHasher('sha256');
  let rawBytes = 0;
  for await (const chunk of source.chunks()) {
    hasher.update(chunk);
    rawBytes += chunk.length;
  }
  const form = rememberedForm(file.agent, file.class.key);
  return {
    ...newFile(file),
    content: form === null ? null : await hashContent(form, source.chunks()),
    rawBytes,
    sha256: hasher.digest() as Uint8Array,
    found: file,
    stat: source.stat,
  };
}
