/**
 * What a machine that is gone has left beside something that was forgotten: put elsewhere in its name, so that the packs can go.
 * Promises: nothing of its sessions is lost or changed; what is written counts once it was read back and its commit is there; a machine
 * that comes back all the same finds that another one has written under its id, and goes on under an id of its own.
 */
import { fail } from '../domain/errors.ts';
import {
  eachRecord,
  isOf,
  type KnownMachine,
  noteMachine,
  packsOf,
  putRecord,
  type RemoteRecord,
} from '../store/remote/state.ts';
import { type Bucket, hashOf } from './bucket.ts';
import type { CommittedSession } from './commit.ts';
import { Filling, movedInto } from './filling.ts';
import { commitName } from './layout.ts';
import { Sending } from './sending.ts';
import type { SyncDeps } from './sync.ts';
import { inTheirOrder, tooLate, UNDER_WAY_MS_MAX } from './upload.ts';

/** Of its sessions those that lie in such packs. `tainted`: packs that hold something of what was forgotten. */
export async function takeOver(
  deps: SyncDeps,
  gone: KnownMachine,
  tainted: ReadonlySet<string>,
): Promise<void> {
  const { db, bucket, now } = deps;
  const own = [...eachRecord(db)].filter((record) => isOf(gone.machine, record));
  const lying = new Set(
    own.filter((record) => packsOf(record).some((pack) => tainted.has(pack))).map(({ uid }) => uid),
  );
  if (lying.size === 0) return;
  const filling = new Filling(new Sending(bucket, () => undefined));
  const startedMs = Date.now();
  const sessions: CommittedSession[] = [];
  // All states of each: who reads takes the last for the present.
  for (const record of inTheirOrder(own.filter(({ uid }) => lying.has(uid)))) {
    if (deps.signal.aborted)
      throw fail('interrupted', 'interrupted', 'What was moved so far counts for nothing.');
    sessions.push(...(await moved(filling, bucket, record)));
  }
  await filling.close();
  if (Date.now() - startedMs > UNDER_WAY_MS_MAX) throw tooLate();
  const { machine, name, read: number, last } = gone;
  const before = last === null ? {} : { before: last };
  const told = { machine, name, number, at: now(), sessions, forgotten: [], ...before };
  const sealed = await bucket.sealedCommit(told);
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
    noteMachine(db, { machine, name, read: number + 1, head, last: hashOf(sealed) });
  });
}

/** Its newest state that had bytes, and where its rows are newer those behind it: who reads them takes the later for the present. */
async function moved(
  filling: Filling,
  bucket: Bucket,
  { uid, generation, records, bytes }: RemoteRecord,
): Promise<CommittedSession[]> {
  const states: CommittedSession[] = [];
  if (bytes !== null) {
    const { pieces: _pieces, ...there } = await movedInto(filling, bucket, uid, bytes.records);
    states.push({ uid, generation: bytes.generation, raw_bytes: bytes.raw_bytes, ...there });
    if (bytes.records.pack === records.pack && bytes.records.at === records.at) return states;
  }
  const rows = await movedInto(filling, bucket, uid, records);
  states.push({ uid, generation, records: rows.records, packs: null, raw_bytes: 0 });
  return states;
}
