/** `remote verify`, and `verify --remote`: everything in the bucket read back; exit 1 and the list where anything is wrong. */
import { EXIT, type ExitCode, fail } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import type { Bucket } from '../../remote/bucket.ts';
import { makeFormat } from '../../remote/setup.ts';
import { type Verified, verifyBucket } from '../../remote/verify.ts';
import { openReadable, openWritable } from '../../store/open.ts';
import { dropUploadedOf, machines, remoteState, setHead } from '../../store/remote/state.ts';
import { bucketOf } from '../bucket-of.ts';
import { type Context, printJson } from '../context.ts';
import { formatBytes, plural } from '../format.ts';
import { ProgressLine } from '../io.ts';
import { remoteLock } from '../remote-lock.ts';
import { anotherSyncs } from '../remote-sync.ts';

export async function verifyRemote(context: Context): Promise<ExitCode> {
  const isRepair = context.flags['repair'] === true;
  const line = new ProgressLine(context.io);
  let verified: Verified;
  let own: string;
  let id: string;
  let bucket: Bucket;
  {
    using db = openReadable(context.settings.storePath);
    bucket = await bucketOf(context, db);
    const state = remoteState(db);
    if (state === null)
      throw fail('config', 'this store has not joined a bucket', 'Run `session-memory remote add`.');
    own = state.machine;
    id = state.bucket;
    const read = new Map([[own, state.next], ...machines(db).map((one) => [one.machine, one.read] as const)]);
    const last = [...machines(db), state].flatMap(({ machine, last: hash }) =>
      hash === null ? [] : [[machine, hash] as const],
    );
    verified = await verifyBucket({
      last: new Map(last),
      bucket,
      id: state.bucket,
      read,
      signal: context.signal,
      progress: (done, total) => line.show(`verify the bucket ${done + 1}/${total}`),
    });
    line.clear();
  }
  const hit = verified.hit.filter(({ machine }) => machine === own).map(({ uid }) => uid);
  const isTornLog = verified.holes.has(own);
  if (isRepair && verified.isFormatLost && !context.signal.aborted) await makeFormat(bucket.client, id);
  if (isRepair && (hit.length > 0 || isTornLog) && !context.signal.aborted) {
    using db = openWritable(context.settings.storePath);
    // An upload that is under way would note as uploaded again what is dropped here.
    const lock = await remoteLock(db.path, context.signal);
    if (lock === null) throw anotherSyncs();
    try {
      dropUploadedOf(db, hit);
      // The next sync looks at all of this machine's log then.
      if (isTornLog) setHead(db, null);
    } finally {
      lock.release();
    }
  }
  tell(context, verified, isRepair ? { sessions: hit.length, isTornLog } : null);
  if (context.signal.aborted) return EXIT.interrupted;
  return verified.findings.length > 0 ? EXIT.failed : EXIT.done;
}

interface Again {
  readonly sessions: number;
  /** Commits of this machine are missing: what they told of is told again. */
  readonly isTornLog: boolean;
}

/** `again`: what the next sync uploads again; null: no repair was asked for. */
function tell({ io, json, signal }: Context, verified: Verified, again: Again | null): void {
  const { findings, objects, bytes, sessions, pieces, unnamed, hit } = verified;
  const ok = findings.length === 0;
  if (json) {
    printJson<'remote'>(io, {
      version: 1,
      ok,
      interrupted: signal.aborted,
      objects,
      bytes,
      sessions,
      pieces,
      unnamed,
      findings,
      not_whole: [...new Set(hit.map(({ uid }) => uid))],
      uploaded_again: again?.sessions ?? 0,
    });
    return;
  }
  for (const { object, session_uid: uid, problem } of findings)
    io.out(`${plainLine(`${object}: ${uid === null ? '' : `${uid}: `}${problem}`)}\n`);
  for (const uid of new Set(hit.map((one) => one.uid)))
    io.out(`${plainLine(uid)} cannot be had back whole from the bucket\n`);
  const read = `${plural(objects, 'object')}, ${formatBytes(bytes)}: ${plural(sessions, 'session')} and ${plural(pieces, 'piece')} read back`;
  const loose = unnamed.length > 0 ? `; ${plural(unnamed.length, 'pack')} that nothing names` : '';
  if (ok) io.out(`All is well in the bucket: ${read}${loose}.\n`);
  else if (again === null)
    io.out(
      `${plural(findings.length, 'finding')}. \`session-memory remote verify --repair\` has what this machine still has uploaded again.\n`,
    );
  else io.out(`${plural(findings.length, 'finding')}; ${repairText(verified, again)}\n`);
}

function repairText({ isFormatLost, holes }: Verified, { sessions, isTornLog }: Again): string {
  const others = holes.size - Number(isTornLog);
  const done = [
    ...(isFormatLost ? ['`format` was made again.'] : []),
    ...(isTornLog
      ? [
          'the next `remote sync` uploads again what this machine still has, and tells again where the rest lies.',
        ]
      : []),
    ...(sessions > 0 && !isTornLog
      ? [`the next \`remote sync\` uploads ${plural(sessions, 'session')} again.`]
      : []),
    ...(others > 0
      ? [`commits of ${plural(others, 'other machine')} are missing: run \`remote verify --repair\` there.`]
      : []),
  ];
  return done.length > 0 ? done.join(' ') : 'this machine has nothing that could be put there again.';
}
