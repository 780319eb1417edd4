/**
 * The bucket that the configuration names, with the key that this machine keeps. Loaded only where there is one.
 * Promises: without `remote.url` nothing in here is reached, and nothing uses a network.
 */
import { hostname } from 'node:os';
import { agentById } from '../agents/registry.ts';
import { type FailureError, fail } from '../domain/errors.ts';
import { plainLine } from '../domain/text.ts';
import { type BucketAddress, bucketAddress } from '../remote/address.ts';
import { Bucket } from '../remote/bucket.ts';
import { BucketClient, WAITS, type Waits } from '../remote/client.ts';
import { findCredentials, regionOf } from '../remote/credentials.ts';
import { keptKey } from '../remote/keys.ts';
import { proxyFor } from '../remote/proxy.ts';
import { masterKey } from '../remote/seal.ts';
import type { SyncDeps } from '../remote/sync.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { remoteState } from '../store/remote/state.ts';
import type { RemoteSettings } from './config.ts';
import type { Context } from './context.ts';
import type { ProgressLine } from './io.ts';

export function addressOf(remote: RemoteSettings, { host }: Pick<Context, 'host'>): BucketAddress {
  return bucketAddress({ ...remote, region: remote.region ?? regionOf(host) });
}

export function clientOf(
  { host, signal }: Pick<Context, 'host' | 'signal'>,
  address: BucketAddress,
  waits: Waits = WAITS,
): BucketClient {
  const proxy = proxyFor(host.env, address.endpoint);
  return new BucketClient(address, findCredentials(host), { signal, waits, proxy });
}

export function notConfigured(): FailureError {
  return fail(
    'config',
    'no bucket is configured',
    'Make one ready with `session-memory remote init s3://BUCKET/PREFIX`, or join one with `remote add`.',
  );
}

/** The bucket of this store. Fails where the key or the store is of another one. */
export async function bucketOf(context: Context, db: ReadableDb, waits: Waits = WAITS): Promise<Bucket> {
  const { remote, storePath } = context.settings;
  if (remote === null) throw notConfigured();
  const client = clientOf(context, addressOf(remote, context), waits);
  const { bucket, master } = keptKey(storePath);
  if (remoteState(db)?.bucket !== bucket)
    throw fail('config', `this store has not joined ${remote.url} yet`, 'Run `session-memory remote add`.');
  return new Bucket(client, await masterKey(master));
}

const NAME_CHARS_MAX = 60;

/** What this machine is called on the others. */
export function machineName({ settings }: Pick<Context, 'settings'>): string {
  const name = plainLine(settings.remote?.name ?? hostname().split('.')[0] ?? '').trim();
  return name.slice(0, NAME_CHARS_MAX) || 'unnamed';
}

export function syncDeps(context: Context, db: WritableDb, bucket: Bucket, line: ProgressLine): SyncDeps {
  const { host, clock, signal } = context;
  return {
    db,
    bucket,
    name: machineName(context),
    program: context.version,
    now: () => clock.now(),
    signal,
    formatOf: (agent) => agentById(agent, host),
    progress: ({ session, sessions, bytes }) =>
      line.work('upload', { count: session, total: sessions, bytes }),
    reading: (machine, done, total) => line.show(`read ${plainLine(machine)} ${done + 1}/${total}`),
  };
}
