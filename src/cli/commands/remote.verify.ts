/** `remote verify`, and `verify --remote`: everything in the bucket read back; exit 1 and the list where anything is wrong. */
import { EXIT, type ExitCode, fail } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { type Verified, verifyBucket } from '../../remote/verify.ts';
import { takeRemoteLock } from '../../store/lock.ts';
import { openReadable, openWritable } from '../../store/open.ts';
import { dropUploadedOf, machines, remoteState } from '../../store/remote/state.ts';
import { bucketOf } from '../bucket-of.ts';
import { type Context, printJson } from '../context.ts';
import { formatBytes, plural } from '../format.ts';
import { ProgressLine } from '../io.ts';
import { anotherSyncs } from '../remote-sync.ts';

export async function verifyRemote(context: Context): Promise<ExitCode> {
  const isRepair = context.flags['repair'] === true;
  const line = new ProgressLine(context.io);
  let verified: Verified;
  let own: string;
  {
    using db = openReadable(context.settings.storePath);
    const bucket = await bucketOf(context, db);
    const state = remoteState(db);
    if (state === null)
      throw fail('config', 'this store has not joined a bucket', 'Run `session-memory remote add`.');
    own = state.machine;
    const read = new Map([[own, state.next], ...machines(db).map((one) => [one.machine, one.read] as const)]);
    verified = await verifyBucket({
      ...{ bucket, read, signal: context.signal },
      progress: (done, total) => line.show(`verify the bucket ${done + 1}/${total}`),
    });
    line.clear();
  }
  const hit = verified.hit.filter(({ machine }) => machine === own).map(({ uid }) => uid);
  if (isRepair && hit.length > 0 && !context.signal.aborted) {
    using db = openWritable(context.settings.storePath);
    // An upload that is under way would note as uploaded again what is dropped here.
    const lock = takeRemoteLock(db.path);
    if (lock === null) throw anotherSyncs();
    try {
      dropUploadedOf(db, hit);
    } finally {
      lock.release();
    }
  }
  tell(context, verified, isRepair ? hit.length : null);
  if (context.signal.aborted) return EXIT.interrupted;
  return verified.findings.length > 0 ? EXIT.failed : EXIT.done;
}

/** `again`: so many are uploaded again at the next sync; null: no repair was asked for. */
function tell({ io, json, signal }: Context, verified: Verified, again: number | null): void {
  const { findings, objects, bytes, sessions, pieces, unnamed, hit } = verified;
  const ok = findings.length === 0;
  if (json) {
    printJson<'remote'>(io, {
      version: 1,
      ...{ ok, interrupted: signal.aborted, objects, bytes, sessions, pieces, unnamed, findings },
      not_whole: [...new Set(hit.map(({ uid }) => uid))],
      uploaded_again: again ?? 0,
    });
    return;
  }
  for (const { object, session_uid: uid, problem } of findings)
    io.out(`${plainLine([object, uid, problem].filter((part) => part !== null).join('  '))}\n`);
  for (const uid of new Set(hit.map((one) => one.uid)))
    io.out(`${plainLine(uid)} cannot be had back whole from the bucket\n`);
  const read = `${plural(objects, 'object')}, ${formatBytes(bytes)}: ${plural(sessions, 'session')} and ${plural(pieces, 'piece')} read back`;
  const loose = unnamed.length > 0 ? `; ${plural(unnamed.length, 'pack')} that nothing names` : '';
  if (ok) io.out(`All is well in the bucket: ${read}${loose}.\n`);
  else if (again === null)
    io.out(
      `${plural(findings.length, 'finding')}. \`session-memory remote verify --repair\` has what this machine still has uploaded again.\n`,
    );
  else
    io.out(
      `${plural(findings.length, 'finding')}; the next \`remote sync\` uploads ${plural(again, 'session')} again.\n`,
    );
}
