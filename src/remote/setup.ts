/**
 * A bucket is made ready, or joined by a further machine.
 * Promises: the key lies in the bucket, wrapped, before anything says that there is a bucket; of two who make it ready at once one does;
 * a service that does not keep its word about conditions is refused, for it would let one commit write over another.
 */

import * as z from 'zod/mini';
import { fail } from '../domain/errors.ts';
import { parsedJson } from '../domain/parsed.ts';
import { addressText } from './address.ts';
import type { BucketClient } from './client.ts';
import {
  type BucketKey,
  type Lock,
  newMaster,
  unwrapped,
  WRAPPED_BYTES_MAX,
  wrapped,
  wrappedProblem,
} from './keys.ts';
import { FORMAT_NAME, HEADS, KEYS, keyName, LOG, newId, objectNamed, PACKS, probeName } from './layout.ts';

const VERSION = 1;
const FORMAT_BYTES_MAX = 4096;
const format = z.object({
  format: z.literal('session-memory remote'),
  version: z.int().check(z.gte(1)),
  bucket: z.string().check(z.regex(/^[0-9a-f]{32}$/)),
});

/** The id of the bucket that is there; null: there is none yet. */
export async function bucketThere(client: BucketClient): Promise<string | null> {
  const bytes = await client.get(FORMAT_NAME, FORMAT_BYTES_MAX);
  if (bytes === null) return null;
  const where = addressText(client.address);
  const parsed = format.safeParse(parsedJson(Buffer.from(bytes).toString()));
  if (!parsed.success)
    throw fail(
      'corrupt',
      `${FORMAT_NAME} in ${where} is foreign`,
      'Give another prefix: something else lies at this one.',
    );
  if (parsed.data.version > VERSION)
    throw fail(
      'newer_store',
      `${where} is of a newer version`,
      'Use a newer session-memory; nothing was changed.',
    );
  return parsed.data.bucket;
}

/** The id of the bucket, which must be there. */
export async function formatIn(client: BucketClient): Promise<string> {
  const id = await bucketThere(client);
  if (id !== null) return id;
  throw fail(
    'not_found',
    `there is no bucket of session-memory at ${addressText(client.address)} (any more)`,
    'Look at its address. Where machines use it, `session-memory remote verify --repair` on one of them makes it again; `remote init` makes an empty place ready.',
  );
}

export async function makeBucket(client: BucketClient, lock: Lock): Promise<BucketKey> {
  if ((await bucketThere(client)) !== null) throw isThere(client);
  await mustHoldNothing(client);
  await mustKeepConditions(client);
  const key = { bucket: newId(), master: newMaster() };
  await putKey(client, key, lock);
  if ((await makeFormat(client, key.bucket)) === 'exists') throw isThere(client);
  return key;
}

export function makeFormat(client: BucketClient, bucket: string): Promise<'created' | 'exists'> {
  const text = JSON.stringify({ format: 'session-memory remote', version: VERSION, bucket });
  return client.create(FORMAT_NAME, Buffer.from(`${text}\n`));
}

async function putKey(client: BucketClient, key: BucketKey, lock: Lock): Promise<void> {
  await client.create(keyName(newId()), await wrapped(key, lock));
}

/** What lies there without a format may be the only copies of somebody's sessions: a new bucket's collector would take them for unneeded. */
async function mustHoldNothing(client: BucketClient): Promise<void> {
  for (const folder of [HEADS, LOG, PACKS])
    for await (const { name } of client.list(folder))
      throw fail(
        'exists',
        `${addressText(client.address)} holds what machines have put there (${name}), and no ${FORMAT_NAME} says of which bucket it is`,
        'Where one of them uses it still, `session-memory remote verify --repair` there makes it again. Else give another prefix. Nothing was changed.',
      );
}

function isThere(client: BucketClient) {
  return fail(
    'exists',
    `${addressText(client.address)} is a bucket of session-memory already`,
    'Join it: `session-memory remote add`, with the same address.',
  );
}

/** Two writers of one name: the second must be told. Some services write over what is there and say that all is well. */
export async function mustKeepConditions(client: BucketClient): Promise<void> {
  const name = probeName();
  const first = await client.create(name, Buffer.from('one'));
  const second = await client.create(name, Buffer.from('two')).catch(async (thrown) => {
    await client.remove(name);
    throw thrown;
  });
  await client.remove(name);
  if (first === 'created' && second === 'exists') return;
  if (client.keepsVersions === true)
    throw fail(
      'failed',
      `${addressText(client.address)} keeps versions of objects, and its service does not hold to If-None-Match there: of two machines one would write over the other`,
      'Give a bucket without versions and without object lock.',
    );
  throw fail(
    'failed',
    `${client.address.endpoint} does not know If-None-Match: of two machines one would write over the other`,
    'Use a service that does (S3, R2, radosgw, MinIO and others). Nothing was made there.',
  );
}

/**
 * The key of a bucket, by one of its wrapped copies. `kept`: the one that this machine has already, of whatever bucket: where none is left
 * there it is wrapped once more.
 */
export async function joinedKey(
  client: BucketClient,
  lock: Lock,
  kept: BucketKey | null,
): Promise<BucketKey> {
  const bucket = await formatIn(client);
  if (lock.kind === 'file' && lock.identities.length === 0)
    throw fail(
      'usage',
      `${lock.path} holds recipients only, which open nothing`,
      'Give the file of the identity.',
    );
  let tried = 0;
  for await (const { name } of client.list(KEYS)) {
    if (objectNamed(name)?.kind !== 'key') continue;
    const file = await client.get(name, WRAPPED_BYTES_MAX);
    // One that nobody can open is none.
    if (file === null || (await wrappedProblem(file)) !== null) continue;
    tried += 1;
    const key = await unwrapped(file, lock);
    if (key !== null && key.bucket === bucket) return key;
  }
  if (tried === 0 && kept?.bucket === bucket) {
    await putKey(client, kept, lock);
    return kept;
  }
  const what =
    lock.kind === 'passphrase' ? 'the passphrase does not open' : `no identity of ${lock.path} opens`;
  throw fail(
    'failed',
    `${what} the key of ${addressText(client.address)}${tried === 0 ? ': there is none in it that is whole' : ''}`,
    'Give the passphrase or the key file that it was made with.',
  );
}
