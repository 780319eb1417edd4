/**
 * What comes for good out of an archive, without secrets: whoever wrote it, this program of an older version included, may have let some
 * through.
 * Promises: no digest and no word of a session's row comes in before it was looked at; what holds no secret comes as it is, to the
 * byte, so that the same again is nothing new. Never: touches raw bytes.
 */
import { redactTexts } from '../digest/redact.ts';
import { redactKeptDigest, redactWords } from '../digest/redact-kept.ts';
import type { ArchivedDigest, ArchivedEvent, Incoming } from '../store/archived.ts';
import { presentDigest } from '../store/import/rows.ts';

export async function withoutSecrets(session: Incoming, trusted: boolean): Promise<Incoming> {
  const titles = new Map<string, string>();
  const digests: ArchivedDigest[] = [];
  for (const digest of trusted ? session.digests : strangersDigests(session)) {
    const json = await redactKeptDigest(digest.json, titles);
    digests.push(json === null ? digest : { ...digest, json });
  }
  const meta = await redactWords(session.meta, titles);
  return { ...session, meta: { ...meta, events: await cleanEvents(meta.events) }, digests };
}

/** Why something was lost may quote an analyzer. */
async function cleanEvents(events: readonly ArchivedEvent[]): Promise<readonly ArchivedEvent[]> {
  const clean = await redactTexts(
    events.map(({ reason }) => ({ text: reason, charsMax: Number.POSITIVE_INFINITY })),
  );
  return events.map((event, i) => ({ ...event, reason: clean[i]?.text ?? event.reason }));
}

/** Of a stranger's only the digest of what was evicted there is ever taken: nobody looks through all the others. */
function strangersDigests(session: Incoming): readonly ArchivedDigest[] {
  const present = session.meta.evicted_at === null ? null : presentDigest(session);
  return present === null ? [] : [present];
}
