/** What a machine joins a bucket by: it is made once, never over what is there, and can be made again by whoever has joined. */
import { expect, test } from 'bun:test';
import { generateX25519Identity } from 'age-encryption';
import { type Lock, unwrapped } from '../../src/remote/keys.ts';
import { joinedKey, makeBucket } from '../../src/remote/setup.ts';
import { ModelBucket } from '../support/model-bucket.ts';
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
  expect(await joinedKey(client, LOCK, made)).toEqual(made);
  expect(await unwrapped(model.bytes(model.names('keys/')[0] ?? ''), LOCK)).toEqual(made);
});
