/**
 * `remote init` and `remote add`: a bucket is made ready, or joined.
 * Promises: nothing is written on this machine before the bucket has said yes; a configuration that is there keeps every byte.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, type ExitCode, fail, messageOf } from '../../domain/errors.ts';
import { addressText, type BucketAddress } from '../../remote/address.ts';
import { areInEnvironment, endpointOf, regionOf } from '../../remote/credentials.ts';
import {
  type BucketKey,
  dropKey,
  keepKey,
  keptKey,
  keyPath,
  type Lock,
  lockOfFile,
} from '../../remote/keys.ts';
import { newId } from '../../remote/layout.ts';
import { joinedKey, makeBucket } from '../../remote/setup.ts';
import { openWritable } from '../../store/open.ts';
import { countBucketOnly } from '../../store/remote/receipts.ts';
import { joinBucket, leaveBucket, remoteState } from '../../store/remote/state.ts';
import { obstacle, readText, writeText } from '../../unattended/disk.ts';
import { addressOf, clientOf, machineName, notConfigured } from '../bucket-of.ts';
import type { RemoteSettings } from '../config.ts';
import { type Context, canAsk, printJson, textFlag } from '../context.ts';
import { plural } from '../format.ts';

const PASSPHRASE = 'SESSION_MEMORY_REMOTE_PASSPHRASE';
/** Shorter ones are found by trying. */
const PASSPHRASE_CHARS_MIN = 8;

export async function initRemote(context: Context): Promise<ExitCode> {
  const remote = named(context);
  mustTakeTable(context.settings);
  const address = addressOf(remote, context);
  const client = clientOf(context, address);
  const lock = await lockOf(context, true);
  const key = await makeBucket(client, lock);
  if (client.keepsVersions === true)
    context.io.err(
      'warning: the bucket keeps versions: what is forgotten or collected stays there, sealed, until you or a rule of the bucket remove earlier versions\n',
    );
  return settled(context, remote, address, key, true);
}

export async function addRemote(context: Context): Promise<ExitCode> {
  const remote = named(context);
  mustTakeTable(context.settings);
  const address = addressOf(remote, context);
  const client = clientOf(context, address);
  const lock = await lockOf(context, false);
  const key = await joinedKey(client, lock, keptOrNone(context.settings.storePath));
  return settled(context, remote, address, key, false);
}

/** Whatever is wrong with a key that is kept here: a new one is about to take its place. */
function keptOrNone(storePath: string): BucketKey | null {
  try {
    return keptKey(storePath);
  } catch {
    return null;
  }
}

/** The bucket keeps what it has; this store goes on without. */
export async function leaveRemote(context: Context): Promise<ExitCode> {
  const { storePath, configPath } = context.settings;
  using db = openWritable(storePath);
  const state = remoteState(db);
  if (state === null)
    throw fail(
      'usage',
      'this store has joined no bucket',
      context.settings.remote === null
        ? 'There is nothing to leave.'
        : `[remote] stands in ${configPath} all the same: take it out there.`,
    );
  const alone = countBucketOnly(db);
  leaveBucket(db);
  dropKey(storePath);
  const isOut = withoutTable(configPath, context.settings.remote);
  const then = isOut
    ? 'evictions are final again, and nothing is fetched any more'
    : `while [remote] stands in ${configPath} nothing is evicted: take it out, and evictions are final again`;
  if (alone > 0)
    context.io.err(
      `warning: ${plural(alone, 'un-analyzed session')} ${alone === 1 ? 'lies' : 'lie'} in the bucket only: nothing is fetched of ${alone === 1 ? 'it' : 'them'} until \`session-memory remote add\` joins it again\n`,
    );
  if (context.json) printJson<'remote'>(context.io, { version: 1, left: state.bucket });
  else context.io.out(`Left the bucket: ${then}. What is in it stays there.\n`);
  return EXIT.done;
}

/** A table as `writeConfig` writes it, at the end of a file, with the line before it. */
const WRITTEN = /(?:^|(?<=\n)\n?)\[remote\]\n(?:(?:url|endpoint|region|path_style|name) = [^\n]*\n)+$/;

/** Takes out what `init` or `add` wrote, where it still stands as it was written; false where a table is left, which is for its owner. */
function withoutTable(path: string, remote: RemoteSettings | null): boolean {
  if (remote === null) return true;
  try {
    const before = readText(path) ?? '';
    if (!WRITTEN.test(before)) return false;
    writeText(path, before.replace(WRITTEN, ''));
    return true;
  } catch {
    // Whatever keeps it from being changed: the store has left, and the person is told what is to be done.
    return false;
  }
}

/** What the call names, else what is configured. */
function named({ args, flags, settings, host }: Context): RemoteSettings {
  const { remote } = settings;
  const [, url] = args;
  if (url === undefined && remote === null) throw notConfigured();
  if (url !== undefined && remote !== null && remote.url !== url)
    throw fail(
      'exists',
      `another bucket is configured: ${remote.url}`,
      'A store belongs to one bucket: run `session-memory remote leave` first, or use another --store and --config.',
    );
  return {
    url: url ?? remote?.url ?? '',
    // What the environment says is written down: a schedule has another one.
    endpoint: textFlag(flags, 'endpoint') ?? remote?.endpoint ?? (remote === null ? endpointOf(host) : null),
    region: textFlag(flags, 'region') ?? remote?.region ?? (remote === null ? regionOf(host) : null),
    pathStyle: flags['pathStyle'] === true ? true : (remote?.pathStyle ?? null),
    name: textFlag(flags, 'name') ?? remote?.name ?? null,
  };
}

async function lockOf(context: Context, isNew: boolean): Promise<Lock> {
  const file = textFlag(context.flags, 'keyFile');
  if (file !== null) return lockOfFile(file);
  const given = context.host.env[PASSPHRASE] ?? '';
  const passphrase = given !== '' ? given : await asked(context, isNew);
  if (isNew && passphrase.length < PASSPHRASE_CHARS_MIN)
    throw fail(
      'usage',
      `the passphrase has less than ${PASSPHRASE_CHARS_MIN} characters`,
      'Take a longer one: several words.',
    );
  return { kind: 'passphrase', passphrase };
}

async function asked(context: Context, isNew: boolean): Promise<string> {
  if (!canAsk(context))
    throw fail(
      'consent_needed',
      "the bucket's key needs a passphrase or a key file",
      `Set ${PASSPHRASE}, or give --key-file FILE (made by \`age-keygen -o FILE\`). Without it nobody can read the bucket, you neither: keep it elsewhere too.`,
    );
  const isHidden = (await context.launch(['stty', '-echo'], null)) === 0;
  try {
    const first = await typed(context, isNew ? 'A new passphrase: ' : 'The passphrase: ', isHidden);
    if (isNew && (await typed(context, 'The same once more: ', isHidden)) !== first)
      throw fail('usage', 'the two are not the same', 'Run it again; nothing was made.');
    return first;
  } finally {
    if (isHidden) await context.launch(['stty', 'echo'], null);
  }
}

async function typed({ ask, io }: Context, question: string, isHidden: boolean): Promise<string> {
  const line = await ask(question);
  if (isHidden) io.err('\n');
  if (line === null) throw fail('interrupted', 'interrupted; nothing was changed', 'Run it again.');
  return line;
}

function settled(
  context: Context,
  remote: RemoteSettings,
  address: BucketAddress,
  key: BucketKey,
  created: boolean,
): ExitCode {
  const { storePath, configPath } = context.settings;
  using db = openWritable(storePath);
  const machine = newId();
  joinBucket(db, key.bucket, machine);
  keepKey(storePath, key);
  const isWritten = writeConfig(configPath, remote);
  const name = machineName({ settings: { ...context.settings, remote } });
  if (context.json)
    printJson<'remote'>(context.io, {
      version: 1,
      created,
      url: remote.url,
      bucket: key.bucket,
      machine: remoteState(db)?.machine ?? machine,
      name,
      key_file: keyPath(storePath),
      config: configPath,
      config_written: isWritten,
    });
  else
    context.io.out(
      [
        `${addressText(address)} is ${created ? 'ready' : 'joined'}; this machine is called ${name} there.`,
        isWritten ? `Added [remote] to ${configPath}.` : `[remote] stands in ${configPath} already.`,
        `Its key is kept in ${keyPath(storePath)}. Keep the passphrase or the key file elsewhere too: nobody can read the bucket without.`,
        ...(areInEnvironment(context.host)
          ? [
              'The credentials come from the environment: a schedule does not have it, so `maintain` needs them in ~/.aws/credentials.',
            ]
          : []),
        'Next: `session-memory remote sync`; `maintain` does it from now on.',
        '',
      ].join('\n'),
    );
  return EXIT.done;
}

/** A table at the end of a file is always one of the whole file. */
const TABLE = /^[ \t]*(?:\[\s*remote\s*\]|remote\s*[.=])/m;

/** Known before a bucket is made ready that nothing here would then name. */
function mustTakeTable({ configPath }: Context['settings']): void {
  const { before, why } = configured(configPath);
  if (why === null || TABLE.test(before)) return;
  throw fail(
    'io',
    `[remote] cannot be written into ${configPath}: ${why}`,
    'Mend that, or give another --config. Nothing was made.',
  );
}

function configured(path: string): { readonly before: string; readonly why: string | null } {
  try {
    return { before: readText(path) ?? '', why: obstacle(path) };
  } catch (thrown) {
    return { before: '', why: messageOf(thrown) };
  }
}

/** False: there is such a table already. What stands in the file keeps every byte; it takes all of the table or none of it. */
function writeConfig(path: string, remote: RemoteSettings): boolean {
  const before = readText(path) ?? '';
  if (TABLE.test(before)) return false;
  const text = JSON.stringify;
  const lines = [
    '[remote]',
    `url = ${text(remote.url)}`,
    ...(remote.endpoint === null ? [] : [`endpoint = ${text(remote.endpoint)}`]),
    ...(remote.region === null ? [] : [`region = ${text(remote.region)}`]),
    ...(remote.pathStyle === null ? [] : [`path_style = ${remote.pathStyle}`]),
    ...(remote.name === null ? [] : [`name = ${text(remote.name)}`]),
  ];
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const gap = before === '' ? '' : before.endsWith('\n') ? '\n' : '\n\n';
  writeText(path, `${before}${gap}${lines.join('\n')}\n`);
  return true;
}
