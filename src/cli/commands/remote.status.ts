/** `remote status`: which bucket, which machines are in it, what is there and what waits, and what it takes. */
import { EXIT, type ExitCode, FailureError } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { objectNamed } from '../../remote/layout.ts';
import { openReadable } from '../../store/open.ts';
import { countBucketOnly } from '../../store/remote/receipts.ts';
import {
  countsByMachine,
  goneMachines,
  machines,
  remoteCounts,
  remoteState,
  untold,
} from '../../store/remote/state.ts';
import { countChanged } from '../../store/remote/upload.ts';
import { bucketOf, machineName } from '../bucket-of.ts';
import { type Context, printJson } from '../context.ts';
import { formatBytes, formatCount, formatTime, plural, table } from '../format.ts';
import { tableColumns } from '../io.ts';

interface There {
  objects: number;
  bytes: number;
  packs: number;
  commits: number;
  requests: number;
}

export async function remoteStatus(context: Context): Promise<ExitCode> {
  const { io, json, settings } = context;
  if (settings.remote === null) {
    if (json) printJson<'remote'>(io, { version: 1, configured: false });
    else io.out('No bucket is configured: nothing uses a network. `session-memory remote init --help`\n');
    return EXIT.done;
  }
  using db = openReadable(settings.storePath);
  const state = remoteState(db);
  const counts = remoteCounts(db);
  const waiting = state === null ? 0 : countChanged(db);
  const others = machines(db);
  const only = countBucketOnly(db);
  const gone = new Set(goneMachines(db).map(({ machine }) => machine));
  const byMachine = countsByMachine(db);
  const of = (machine: string) => byMachine.get(machine) ?? { sessions: 0, rawBytes: 0 };
  const has = (machine: string) =>
    `${plural(of(machine).sessions, 'session')} with ${formatBytes(of(machine).rawBytes)} raw`;
  const [first, ...more] = untold(db);
  // A copied home, or one that was set back, goes by the same name.
  const names = [machineName(context), ...others.map((one) => one.name)];
  const labelOf = (called: string, machine: string) =>
    names.filter((each) => each === called).length > 1 ? `${called} (${machine.slice(0, 8)})` : called;
  const name = machineName(context);
  let there: There | string;
  try {
    there = await lookedAt(context);
  } catch (thrown) {
    if (!(thrown instanceof FailureError) || context.signal.aborted) throw thrown;
    there = `${thrown.failure.message}. ${thrown.failure.hint}`;
  }
  if (json)
    printJson<'remote'>(io, {
      version: 1,
      configured: true,
      url: settings.remote.url,
      name,
      machine: state?.machine ?? null,
      synced_at: state?.syncedAt ?? null,
      sessions: {
        in_bucket: counts.sessions,
        raw_bytes: counts.rawBytes,
        safe_here: counts.safe,
        waiting,
        bucket_only: only,
      },
      machines: others.map(({ machine, name: called, read }) => ({
        machine,
        name: called,
        commits: read,
        sessions: of(machine).sessions,
        raw_bytes: of(machine).rawBytes,
        gone: gone.has(machine),
      })),
      bucket: typeof there === 'string' ? null : there,
      problem: typeof there === 'string' ? there : null,
    });
  else {
    const rows: [string, string][] = [
      ['Bucket', settings.remote.url],
      ['This machine', `${name}: ${has(state?.machine ?? '')}, ${plural(state?.next ?? 0, 'commit')}`],
      ...others.map(({ machine, name: called, read }): [string, string] => [
        'Another',
        `${labelOf(called, machine)}: ${has(machine)}, ${plural(read, 'commit')} read${gone.has(machine) ? '; it is gone' : ''}`,
      ]),
      ['Last sync', state?.syncedAt == null ? 'never' : formatTime(state.syncedAt)],
      [
        'In the bucket',
        `${plural(counts.sessions, 'session')} with ${formatBytes(counts.rawBytes)} raw, of all machines`,
      ],
      [
        'Of this machine',
        `${formatCount(counts.safe)} live ones are there as they are; ${formatCount(waiting)} to be uploaded`,
      ],
      ...(only === 0
        ? []
        : [
            [
              'Only there',
              `${plural(only, 'un-analyzed session')} of this machine: \`session-memory analyze\` makes the digest`,
            ] satisfies [string, string],
          ]),
      ...(first === undefined
        ? []
        : [
            [
              'Not in lists',
              `${plural(more.length + 1, 'session')} of other machines without a digest, ${first} first: \`restore\` and \`show --raw\` fetch what is named`,
            ] satisfies [string, string],
          ]),
      [
        'It takes',
        typeof there === 'string'
          ? `not known: ${there}`
          : `${formatBytes(there.bytes)} in ${plural(there.objects, 'object')}: ${plural(there.packs, 'pack')}, ${plural(there.commits, 'commit')}. ${plural(there.requests, 'request')} to count it`,
      ],
      [
        'A sync asks',
        'once where nothing is new; 6 times more for a commit of this machine with two packs, 3 times for one of another machine',
      ],
    ];
    io.out(
      table(
        [{ title: '' }, { title: '', shrinks: true }],
        rows.map((row) => row.map(plainLine)),
        tableColumns(io),
      ).replace(/^\s*\n/, ''),
    );
  }
  return typeof there === 'string' ? EXIT.failed : EXIT.done;
}

/** A request for a thousand objects. */
async function lookedAt(context: Context): Promise<There> {
  using db = openReadable(context.settings.storePath);
  const bucket = await bucketOf(context, db);
  const there: There = { objects: 0, bytes: 0, packs: 0, commits: 0, requests: 0 };
  for await (const { name, bytes } of bucket.list('')) {
    const kind = objectNamed(name)?.kind;
    there.objects += 1;
    there.bytes += bytes;
    if (kind === 'pack') there.packs += 1;
    if (kind === 'commit') there.commits += 1;
  }
  return { ...there, requests: bucket.client.traffic.requests };
}
