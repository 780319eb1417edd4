/**
 * What a machine that is gone has left beside something that was forgotten: put elsewhere in its name, so that the packs can go.
 * Promises: nothing of its sessions is lost or changed; what is written counts once it was read back and its commit is there; a machine
 * that comes back all the same finds that another one has written under its id, and goes on under an id of its own.
 */
import { fail } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import {
  eachRecord,
  isOf,
  type KnownMachine,
  noteMachine,
  putRecord,
  type RemoteRecord,
  type StoredPlace,
} from '../store/remote/state.ts';
import type { Bucket } from './bucket.ts';
import type { CommittedSession } from './commit.ts';
import { piecesIn, sessionAt } from './fetch.ts';
import { commitName, newId } from './layout.ts';
import { PackBuilder, type PackPlace, RECORDS_PLAIN_BYTES } from './pack.ts';
import { type PackedPiece, recordsOf } from './records.ts';
import type { SyncDeps } from './sync.ts';
import { inTheirOrder, tooLate, UNDER_WAY_MS_MAX } from './upload.ts';

/** Returns its sessions that lie elsewhere now. `tainted`: packs that hold something of what was forgotten. */
export async function takeOver(
  deps: SyncDeps,
  gone: KnownMachine,
  tainted: ReadonlySet<string>,
): Promise<SessionUid[]> {
  const { db, bucket, now } = deps;
  const own = [...eachRecord(db)].filter((record) => isOf(gone.machine, record));
  const lying = new Set(
    own.filter((record) => packsOf(record).some((pack) => tainted.has(pack))).map(({ uid }) => uid),
  );
  if (lying.size === 0) return [];
  const moving = new Moving(bucket);
  const startedMs = Date.now();
  const sessions: CommittedSession[] = [];
  // All states of each: who reads takes the last for the present.
  for (const record of inTheirOrder(own.filter(({ uid }) => lying.has(uid)))) {
    if (deps.signal.aborted)
      throw fail('interrupted', 'interrupted', 'What was moved so far counts for nothing.');
    sessions.push(...(await moving.move(record)));
  }
  await moving.close();
  if (Date.now() - startedMs > UNDER_WAY_MS_MAX) throw tooLate();
  const { machine, name, read: number } = gone;
  const sealed = await bucket.sealedCommit({ machine, name, number, at: now(), sessions, forgotten: [] });
  if ((await bucket.client.create(commitName(machine, number), sealed)) === 'exists')
    throw fail(
      'busy',
      `${name} has written to the bucket just now: it is not gone`,
      'Run `session-memory remote gc` on it. Nothing was changed.',
    );
  const head = await bucket.putHead(machine, number + 1);
  db.writeTransaction(() => {
    for (const { raw_bytes: rawBytes, covers_from: coversFrom, ...session } of sessions)
      putRecord(db, { ...session, machine, number, rawBytes, coversFrom });
    noteMachine(db, { machine, name, read: number + 1, head });
  });
  return [...lying];
}

function packsOf({ records, bytes }: RemoteRecord): string[] {
  return [records.pack, ...(bytes === null ? [] : [bytes.records.pack, ...bytes.packs])];
}

/** Packs that are filled one after the other; each is read back before the next is begun. */
class Moving {
  readonly #bucket: Bucket;
  #bytes = new PackBuilder(newId());
  #records = new PackBuilder(newId());

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Its newest state that had bytes, and where its rows are newer those behind it: who reads them takes the later for the present. */
  async move({ uid, generation, records, bytes }: RemoteRecord): Promise<CommittedSession[]> {
    const moved: CommittedSession[] = [];
    if (bytes !== null) {
      const state = { generation: bytes.generation, raw_bytes: bytes.raw_bytes };
      moved.push({ uid, ...state, ...(await this.#moved(uid, bytes.records)) });
      if (bytes.records.pack === records.pack && bytes.records.at === records.at) return moved;
    }
    const rows = await this.#moved(uid, records);
    moved.push({ uid, generation, records: rows.records, packs: null, raw_bytes: 0 });
    return moved;
  }

  async #moved(
    uid: SessionUid,
    place: StoredPlace,
  ): Promise<Pick<CommittedSession, 'records' | 'packs' | 'covers_from'>> {
    const { meta, digests, pieces } = await sessionAt(this.#bucket, place, uid);
    const moved: PackedPiece[] = [];
    for await (const { piece, plain } of piecesIn(this.#bucket, uid, pieces))
      moved.push({ ...piece, place: await this.#put(plain) });
    const lines = recordsOf({ meta, digests, pieces: moved });
    return {
      records: await this.#putRecords(lines),
      packs: [...new Set(moved.map((one) => one.place.pack))],
      covers_from: meta.covers_from,
    };
  }

  async #put(plain: Uint8Array): Promise<PackPlace> {
    if (this.#bytes.isFullFor(plain.length, 0)) {
      await this.#send(this.#bytes);
      this.#bytes = new PackBuilder(newId());
    }
    return this.#bytes.add(plain);
  }

  async #putRecords(lines: Uint8Array): Promise<PackPlace> {
    if (this.#records.bytes > 0 && this.#records.bytes + lines.length > RECORDS_PLAIN_BYTES) {
      await this.#send(this.#records);
      this.#records = new PackBuilder(newId());
    }
    return this.#records.add(lines);
  }

  async #send(pack: PackBuilder): Promise<void> {
    if (pack.bytes === 0) return;
    await this.#bucket.putPack(pack.id, await this.#bucket.sealedPack(pack.id, pack.plain, pack.effort));
  }

  async close(): Promise<void> {
    await this.#send(this.#bytes);
    await this.#send(this.#records);
  }
}
