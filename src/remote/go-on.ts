/**
 * An upload of a large session that did not come to its commit goes on where it stopped.
 * Promises: what is left of it in the bucket is used again only once it was read back and each piece has its hash, and for so short a time
 * that no collector takes it; whatever else is wrong with it, it is uploaded again. Nothing counts before the commit.
 */
import { FailureError } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { Iso } from '../domain/time.ts';
import type { WritableDb } from '../store/connection.ts';
import { dropSent, noteSent, type SentPiece, type StoredPiece } from '../store/remote/upload.ts';
import { sha256 } from '../store/segments.ts';
import type { Bucket } from './bucket.ts';
import { partOf } from './pack.ts';
import { Packs } from './packs.ts';

/** Pieces of large sessions, noted once the pack that holds them was read back. */
export class SentPieces {
  readonly #db: WritableDb;
  readonly #now: () => Iso;
  readonly #waiting = new Map<string, { readonly uid: SessionUid; readonly pieces: StoredPiece[] }[]>();

  constructor({ db, now }: { readonly db: WritableDb; readonly now: () => Iso }) {
    this.#db = db;
    this.#now = now;
  }

  /** It was put into a pack that is not full yet, or on its way. */
  add(uid: SessionUid, piece: StoredPiece): void {
    const sessions = this.#waiting.get(piece.pack) ?? [];
    this.#waiting.set(piece.pack, sessions);
    const own = sessions.find((one) => one.uid === uid);
    if (own === undefined) sessions.push({ uid, pieces: [piece] });
    else own.pieces.push(piece);
  }

  sent(pack: string): void {
    for (const { uid, pieces } of this.#waiting.get(pack) ?? []) noteSent(this.#db, uid, pieces, this.#now());
    this.#waiting.delete(pack);
    killPoint('remote.sent');
  }
}

export interface GoingOn {
  readonly db: WritableDb;
  readonly bucket: Bucket;
  readonly now: () => Iso;
  /** What was sent longer ago may be gone in a moment. */
  readonly agoMsMax: number;
}

/** Those of the pieces that are proven to be in the bucket, and since when the oldest of them is there. */
export async function provenOf(
  { db, bucket, now, agoMsMax }: GoingOn,
  uid: SessionUid,
  sent: readonly SentPiece[],
  passed: (bytes: number) => void,
): Promise<{ readonly pieces: StoredPiece[]; readonly agoMs: number }> {
  const packs = new Packs(bucket);
  const proven: StoredPiece[] = [];
  let agoMs = 0;
  const byPack = [...Map.groupBy(sent, ({ pack }) => pack)];
  const isYoung = ([, [piece]]: (typeof byPack)[number]) => {
    const ago = Date.parse(now()) - Date.parse(piece?.sentAt ?? '');
    return ago >= 0 && ago < agoMsMax;
  };
  packs.expect(
    byPack.filter(isYoung).map(([id, pieces]) => ({
      id,
      bytes: pieces.reduce((sum, { raw_bytes }) => sum + raw_bytes, 0),
    })),
  );
  for (const one of byPack) {
    const [pack, pieces] = one;
    if (!isYoung(one) || !(await holds(packs, pack, pieces))) {
      dropSent(db, uid, pack);
      continue;
    }
    proven.push(...pieces);
    agoMs = Math.max(agoMs, Date.parse(now()) - Date.parse(pieces[0]?.sentAt ?? ''));
    passed(pieces.reduce((sum, { raw_bytes }) => sum + raw_bytes, 0));
  }
  return { pieces: proven, agoMs };
}

async function holds(packs: Packs, pack: string, pieces: readonly SentPiece[]): Promise<boolean> {
  try {
    const plain = await packs.get(pack);
    return pieces.every(({ sha256: hash, at, raw_bytes: bytes }) => {
      const part = partOf(plain, { pack, at, bytes });
      return Buffer.from(sha256(part)).toString('hex') === hash;
    });
  } catch (thrown) {
    // It is gone, or another one: then it is sent again.
    if (thrown instanceof FailureError && ['not_found', 'corrupt'].includes(thrown.failure.code))
      return false;
    throw thrown;
  }
}
