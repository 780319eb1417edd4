/** What is sealed opens whole, under its own name, with its own key, or not at all; and a wrapped key can be had without this program. */
import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { FailureError } from '../../src/domain/errors.ts';
import { keepKey, keptKey, lockOfFile, newMaster, unwrapped, wrapped } from '../../src/remote/keys.ts';
import { newId, packName } from '../../src/remote/layout.ts';
import { masterKey, PIECE_BYTES, seal, sealedBytes, unseal } from '../../src/remote/seal.ts';

const MASTER = await masterKey(Buffer.alloc(32, 1));
const NAME = packName('ab'.repeat(16));

async function wrongOf(sealed: Uint8Array, name = NAME, master = MASTER): Promise<string> {
  try {
    await unseal(master, name, sealed);
  } catch (thrown) {
    if (thrown instanceof FailureError && thrown.failure.code === 'corrupt') return thrown.failure.message;
    throw thrown;
  }
  return 'it opened';
}

test.each([0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES])(
  '%p bytes come back, and take as many sealed as was said',
  async (length) => {
    const plain = crypto.getRandomValues(Buffer.alloc(Math.min(length, 65_536)));
    const all = Buffer.alloc(length, plain);
    const sealed = await seal(MASTER, NAME, all);
    expect(sealed.length).toBe(sealedBytes(NAME, length));
    expect(Buffer.from(await unseal(MASTER, NAME, sealed)).equals(all)).toBe(true);
  },
);

test('the same bytes under the same name are never the same sealed, and no word of them is seen', async () => {
  const plain = Buffer.from('a planted word '.repeat(100));
  const [one, two] = [await seal(MASTER, NAME, plain), await seal(MASTER, NAME, plain)];
  expect(Buffer.from(one).equals(two)).toBe(false);
  expect(Buffer.from(one).includes('planted')).toBe(false);
});

test('each attack is named: swapped, foreign, empty, of another bucket', async () => {
  const other = packName('cd'.repeat(16));
  const sealed = await seal(MASTER, NAME, Buffer.from('one'));
  expect(await wrongOf(await seal(MASTER, other, Buffer.from('two')))).toContain(
    `put in its place: ${other}`,
  );
  expect(await wrongOf(Buffer.from('<html>not found</html>'))).toContain('foreign');
  expect(await wrongOf(Buffer.alloc(0))).toContain('empty');
  expect(await wrongOf(sealed, NAME, await masterKey(Buffer.alloc(32, 2)))).toContain('of another bucket');
});

test('whatever byte is changed, and wherever it is cut or made longer, it does not open', async () => {
  const sealed = await seal(MASTER, NAME, Buffer.from('the quick brown fox'));
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Uint8Array.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(await wrongOf(changed), `byte ${at}`).not.toBe('it opened');
    expect(await wrongOf(sealed.subarray(0, at)), `cut at ${at}`).not.toBe('it opened');
  }
  expect(await wrongOf(Buffer.concat([sealed, Buffer.alloc(1)]))).not.toBe('it opened');
});

test('pieces that are left out, put twice or in another order do not open', async () => {
  const sealed = await seal(MASTER, NAME, Buffer.alloc(2 * PIECE_BYTES + 5, 3));
  const full = PIECE_BYTES + 16;
  const start = sealed.length - 2 * full - 21;
  const parts = [
    ...[sealed.subarray(start, start + full), sealed.subarray(start + full, start + 2 * full)],
    sealed.subarray(start + 2 * full),
  ];
  const orders = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(orders, async (order) => {
      const made = Buffer.concat([
        sealed.subarray(0, start),
        ...order.map((i) => parts[i] ?? Buffer.alloc(0)),
      ]);
      const isWhole = order.join() === '0,1,2';
      expect((await wrongOf(made)) === 'it opened').toBe(isWhole);
    }),
    { numRuns: 10, examples: [[[0, 1, 2]], [[0, 1]], [[0, 2]], [[1, 0, 2]]] },
  );
});

test('a key is opened by its passphrase, or by one of its identities, and by nothing else', async () => {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const key = { bucket: newId(), master: newMaster() };
  const [mine, theirs] = [await generateX25519Identity(), await generateX25519Identity()];
  const file = (identities: string[], recipients: string[] = []) =>
    ({ kind: 'file', identities, recipients, path: 'k' }) as const;
  const forFile = await wrapped(key, file([mine], [await identityToRecipient(theirs)]));
  for (const identity of [mine, theirs]) {
    const opened = await unwrapped(forFile, file([identity]));
    expect([opened?.bucket, Buffer.from(opened?.master ?? []).equals(key.master)]).toEqual([
      key.bucket,
      true,
    ]);
  }
  expect(await unwrapped(forFile, file([await generateX25519Identity()]))).toBeNull();
  const passphrase = (text: string) => ({ kind: 'passphrase', passphrase: text }) as const;
  const forPhrase = await wrapped(key, passphrase('correct horse'));
  expect((await unwrapped(forPhrase, passphrase('correct horse')))?.bucket).toBe(key.bucket);
  expect(await unwrapped(forPhrase, passphrase('correct horse '))).toBeNull();
  expect(await unwrapped(Buffer.from('no age file'), passphrase('x'))).toBeNull();
}, 60_000);

test('the key of a machine is a file of its owner alone, and what is damaged is told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-key-'));
  const store = join(folder, 's.db');
  const key = { bucket: newId(), master: newMaster() };
  expect(() => keptKey(store)).toThrow('is not there');
  keepKey(store, key);
  expect(Buffer.from(keptKey(store).master).equals(key.master)).toBe(true);
  // What could not be written whole leaves the one that is there.
  mkdirSync(`${store}.remote-key.new`);
  expect(() => keepKey(store, { ...key, master: newMaster() })).toThrow();
  expect(Buffer.from(keptKey(store).master).equals(key.master)).toBe(true);
  rmSync(`${store}.remote-key.new`, { recursive: true });
  writeFileSync(`${store}.remote-key`, 'session-memory remote 1\n');
  expect(() => keptKey(store)).toThrow('is damaged');
  expect(() => lockOfFile(join(folder, 's.db.remote-key'))).toThrow("no key of age's");
  rmSync(folder, { recursive: true });
});

test("age itself opens a wrapped key, and this program one that age's own key was made for", async () => {
  if (Bun.which('age') === null || Bun.which('age-keygen') === null)
    return console.log('not looked at: age is not installed here');
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-age-'));
  const identity = join(folder, 'key.txt');
  Bun.spawnSync(['age-keygen', '-o', identity], { stderr: 'ignore' });
  const key = { bucket: newId(), master: newMaster() };
  writeFileSync(join(folder, 'wrapped.age'), await wrapped(key, lockOfFile(identity)));
  const opened = Bun.spawnSync(['age', '-d', '-i', identity, join(folder, 'wrapped.age')]);
  expect(opened.stdout.toString()).toBe(
    `session-memory remote 1\nbucket ${key.bucket}\nkey ${Buffer.from(key.master).toString('hex')}\n`,
  );
  rmSync(folder, { recursive: true });
});
