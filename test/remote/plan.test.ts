/** What is uploaded, read and collected: pure decisions, by tables and small worlds. */
import { describe, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { FailureError } from '../../src/domain/errors.ts';
import { bucketAddress, objectUrl } from '../../src/remote/address.ts';
import { endpointOf, findCredentials, regionOf } from '../../src/remote/credentials.ts';
import {
  commitName,
  headName,
  keyName,
  newId,
  objectNamed,
  packName,
  probeName,
} from '../../src/remote/layout.ts';
import { COLLECT_AFTER_MS, movedHeads, planLog, toCollect, toUpload } from '../../src/remote/plan.ts';

test('only what changed since it was uploaded is uploaded', () => {
  const one = (uid: string, uploaded: string | null) => ({ uid, mark: 'now', uploaded });
  expect(
    toUpload([one('new', null), one('same', 'now'), one('changed', 'then')]).map(({ uid }) => uid),
  ).toEqual(['new', 'changed']);
});

describe('a log of numbers', () => {
  test('every number is read once, and every gap is named', () => {
    const world = fc.tuple(
      fc.uniqueArray(fc.nat({ max: 8 }), { maxLength: 8 }),
      fc.nat({ max: 8 }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(world, ([numbers, read, complete]) => {
        const sorted = [...numbers].sort((a, b) => a - b);
        const there = complete ? sorted : sorted.filter((n) => n >= read);
        const plan = planLog({ there, read }, complete);
        expect(plan.toRead).toEqual(sorted.filter((n) => n >= read));
        const end = Math.max(read, (there.at(-1) ?? -1) + 1);
        const all = Array.from({ length: end }, (_, n) => n).filter((n) => complete || n >= read);
        expect(
          [...plan.missing, ...there.filter((n) => complete || n >= read)].sort((a, b) => a - b),
        ).toEqual(all);
      }),
    );
  });

  test('a head that is another one has moved; our own is not read', () => {
    const heads = new Map([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
      ['me', '4'],
    ]);
    expect(
      movedHeads(
        heads,
        new Map([
          ['a', '1'],
          ['b', '1'],
          ['me', '0'],
        ]),
        'me',
      ),
    ).toEqual(['b', 'c']);
  });
});

test('a pack goes only once nothing has named it for a week', () => {
  const pack = fc.record({
    pack: fc.constantFrom('a', 'b', 'c', 'd'),
    ago: fc.option(fc.nat({ max: 2 * COLLECT_AFTER_MS })),
  });
  const world = fc.tuple(
    fc.uniqueArray(pack, { selector: (one) => one.pack }),
    fc.subarray(['a', 'b', 'c', 'd']),
  );
  fc.assert(
    fc.property(world, ([packs, named]) => {
      const now = 10 * COLLECT_AFTER_MS;
      const seen = packs.map(({ pack: id, ago }) => ({
        pack: id,
        unnamedSinceMs: ago === null ? null : now - ago,
      }));
      const { collect, waiting } = toCollect(seen, new Set(named), now);
      for (const { pack: id, ago } of packs) {
        const goes = !named.includes(id) && ago !== null && ago >= COLLECT_AFTER_MS;
        expect([collect.includes(id), waiting.includes(id)]).toEqual([goes, !goes && !named.includes(id)]);
      }
    }),
  );
});

test('each name is of one kind, and what is none is foreign', () => {
  const [a, b] = [newId(), newId()];
  expect(objectNamed(commitName(a, 42))).toEqual({ kind: 'commit', machine: a, number: 42, pack: null });
  expect(objectNamed(headName(b))).toEqual({ kind: 'head', machine: b, number: null, pack: null });
  expect(objectNamed(packName(a))).toEqual({ kind: 'pack', machine: null, number: null, pack: a });
  const kinds = ['format', keyName(a), packName(a), probeName()].map((name) => objectNamed(name)?.kind);
  expect(kinds).toEqual(['format', 'key', 'pack', 'probe']);
  const foreign = [
    '',
    'formats',
    `packs/zz/${a}`,
    `packs/00/${'1'.repeat(32)}`,
    `log/${a}/42`,
    `heads/${a}/x`,
    '../format',
  ];
  expect(foreign.map(objectNamed)).toEqual(foreign.map(() => null));
  expect(commitName(a, 9) < commitName(a, 10)).toBe(true);
});

describe('an address', () => {
  const of = (url: string, more = {}) =>
    bucketAddress({ url, endpoint: null, region: null, pathStyle: null, ...more });
  test.each([
    ['s3://my-bucket/a/b', {}, 'https://my-bucket.s3.us-east-1.amazonaws.com/a/b/format'],
    ['s3://my-bucket/', { region: 'eu-central-1' }, 'https://my-bucket.s3.eu-central-1.amazonaws.com/format'],
    ['s3://my.bucket', {}, 'https://s3.us-east-1.amazonaws.com/my.bucket/format'],
    ['s3://b0b', { endpoint: 'http://127.0.0.1:9000' }, 'http://127.0.0.1:9000/b0b/format'],
    ['s3://b0b/p', { endpoint: 'https://x.example', pathStyle: false }, 'https://b0b.x.example/p/format'],
  ])('%s %p', (url, more, expected) => {
    expect(objectUrl(of(url, more), 'format').href).toBe(expected);
  });
  test.each([
    'my-bucket',
    's3://',
    's3://b',
    's3://b0b/../x',
    's3://b0b//x',
    's3://b0b/a b',
    'https://b0b/x',
    's3://b0b/x?y',
  ])('%s is none', (url) => {
    expect(() => of(url)).toThrow();
  });
  test.each(['x.example', 'ftp://x', 'https://x.example/path', 'https://me@x.example'])(
    '%s is no endpoint',
    (endpoint) => {
      expect(() => of('s3://b0b', { endpoint })).toThrow('is no endpoint');
    },
  );
});

test('credentials come from the environment, or from the profile that is named', () => {
  using file = new Scratch(
    '[default]\naws_access_key_id = A\naws_secret_access_key = S=1\n; x\n[work]\naws_access_key_id=B\naws_secret_access_key=T\naws_session_token=U\n',
  );
  const env = { AWS_SHARED_CREDENTIALS_FILE: file.path };
  const found = (more: Record<string, string>) =>
    findCredentials({ env: { ...env, ...more }, homeDir: '/none' });
  expect(found({})).toEqual({ keyId: 'A', secret: 'S=1', token: null });
  expect(found({ AWS_PROFILE: 'work' })).toEqual({ keyId: 'B', secret: 'T', token: 'U' });
  expect(found({ AWS_ACCESS_KEY_ID: 'E', AWS_SECRET_ACCESS_KEY: 'F' })).toEqual({
    keyId: 'E',
    secret: 'F',
    token: null,
  });
  expect(() => found({ AWS_PROFILE: 'no' })).toThrow('[no]');
  expect(() => findCredentials({ env: {}, homeDir: '/none' })).toThrow('no credentials');
});

test('region, endpoint and keys may stand in the other of the usual files, and what is borrowed is named', () => {
  using config = new Scratch(
    '[default]\nregion = eu-central-1\n[profile work]\nendpoint_url = https://s3.example.com/\naws_access_key_id = B\naws_secret_access_key = T\n[profile sso]\nsso_session = mine\n',
  );
  const env = { AWS_CONFIG_FILE: config.path };
  const host = (more: Record<string, string> = {}) => ({ env: { ...env, ...more }, homeDir: '/none' });
  expect([regionOf(host()), endpointOf(host())]).toEqual(['eu-central-1', null]);
  expect(regionOf(host({ AWS_REGION: 'eu-west-1' }))).toBe('eu-west-1');
  const work = host({ AWS_PROFILE: 'work' });
  expect([regionOf(work), endpointOf(work)]).toEqual([null, 'https://s3.example.com']);
  expect(findCredentials(work)).toEqual({ keyId: 'B', secret: 'T', token: null });
  expect(endpointOf(host({ AWS_ENDPOINT_URL_S3: 'https://a.example' }))).toBe('https://a.example');
  const hintOf = (more: Record<string, string>) => {
    try {
      return findCredentials(host(more));
    } catch (thrown) {
      return thrown instanceof FailureError ? `${thrown.failure.message}. ${thrown.failure.hint}` : thrown;
    }
  };
  expect(hintOf({ AWS_PROFILE: 'sso' })).toContain('sso_session, which is not followed here');
  expect(hintOf({ AWS_SECRET_ACCESS_KEY: 'x' })).toContain('where AWS_ACCESS_KEY_ID is not set');
});

class Scratch implements Disposable {
  readonly path = join(tmpdir(), `session-memory-${crypto.randomUUID()}`);
  constructor(text: string) {
    writeFileSync(this.path, text);
  }
  [Symbol.dispose](): void {
    rmSync(this.path);
  }
}
