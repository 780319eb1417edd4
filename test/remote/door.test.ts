/** What a machine joins a bucket by: it is made once, never over what is there, and can be made again by whoever has joined. */
import { expect, test } from 'bun:test';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity } from 'age-encryption';
import { type Lock, unwrapped } from '../../src/remote/keys.ts';
import { joinedKey, makeBucket } from '../../src/remote/setup.ts';
import { SmallDisk } from '../support/disk.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { Machine } from '../support/remote-machine.ts';
import { bucketIn } from '../support/remote-world.ts';

const LOCK: Lock = {
  kind: 'file',
  path: 'key.txt',
  recipients: [],
  identities: [await generateX25519Identity()],
};

test.each(['packs/ab/ab', 'log/', 'heads/'])(
  'no bucket is made where something lies below %p and the format is lost',
  async (begin) => {
    using model = await ModelBucket.started();
    const { client } = bucketIn(model);
    await makeBucket(client, LOCK);
    const left = `${begin}${'0'.repeat(30)}`;
    model.put(left, Buffer.from('the only copy of somebody'));
    model.objects.delete('format');
    const before = model.names();
    await expect(makeBucket(client, LOCK)).rejects.toThrow(`${left}), and no format says`);
    expect(model.names()).toEqual(before);
  },
);

test('an init that ended between the key and the format is simply done again', async () => {
  using model = await ModelBucket.started();
  const { client } = bucketIn(model);
  model.fault = ({ method, key }) => (method === 'PUT' && key === 'format' ? { kind: 'reset' } : null);
  await expect(makeBucket(client, LOCK)).rejects.toThrow('cannot be reached');
  model.fault = () => null;
  const made = await makeBucket(client, LOCK);
  expect(model.names('keys/').length).toBe(2);
  expect(await joinedKey(client, LOCK, null)).toEqual(made);
});

test('where no key is left a machine that has it wraps it once more, and only for its own bucket', async () => {
  using model = await ModelBucket.started();
  const { client } = bucketIn(model);
  const made = await makeBucket(client, LOCK);
  for (const name of model.names('keys/')) model.objects.delete(name);
  await expect(joinedKey(client, LOCK, null)).rejects.toThrow('there is none in it');
  await expect(joinedKey(client, LOCK, { ...made, bucket: 'f'.repeat(32) })).rejects.toThrow('there is none');
  for (const damaged of ['', 'foreign']) model.put(`keys/${'d'.repeat(32)}.age`, Buffer.from(damaged));
  expect(await joinedKey(client, LOCK, made)).toEqual(made);
  model.objects.delete(`keys/${'d'.repeat(32)}.age`);
  expect(await unwrapped(model.bytes(model.names('keys/')[0] ?? ''), LOCK)).toEqual(made);
});

test('a disk that is full takes all of the table in the configuration or none of it', async () => {
  using model = await ModelBucket.started();
  using disk = new SmallDisk(1);
  if (!disk.isMounted) return;
  using laptop = new Machine(model, 'laptop');
  const path = join(disk.path, 'config.toml');
  // Some of the table would still go into the file's last block.
  const before = `${'# mine'.padEnd(4060)}\n`;
  writeFileSync(path, before);
  disk.fill();
  const told = await laptop.setUp('init', '--config', path);
  expect([told.code, told.err]).toEqual([1, expect.stringContaining('The disk is full')]);
  expect(readFileSync(path, 'utf8')).toBe(before);
  expect(readdirSync(disk.path).toSorted()).toEqual(['config.toml', 'fill']);
  disk.free();
  await laptop.ok('status', '--config', path);
  expect((await laptop.setUp('add', '--config', path)).code).toBe(0);
  expect(readFileSync(path, 'utf8')).toStartWith(`${before}\n[remote]\nurl = `);
  expect((await laptop.run('remote', 'sync', '--config', path)).code).toBe(0);
}, 60_000);

test('no bucket is made where the configuration could not name it, and one that is there keeps its rights', async () => {
  using model = await ModelBucket.started();
  using laptop = new Machine(model, 'laptop');
  const path = laptop.put('config.toml', '# mine\n');
  chmodSync(path, 0o444);
  const told = await laptop.setUp('init', '--config', path);
  expect([told.code, told.err]).toEqual([1, expect.stringContaining('it is read-only')]);
  expect(model.names()).toEqual([]);
  chmodSync(path, 0o640);
  expect((await laptop.setUp('init', '--config', path)).code).toBe(0);
  expect(statSync(path).mode & 0o777).toBe(0o640);
}, 60_000);
