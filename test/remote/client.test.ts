/** The client against a service that checks what it is sent and fails when told: what is written once, what is tried again, what is told. */
import { expect, test } from 'bun:test';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { FailureError } from '../../src/domain/errors.ts';
import { bucketAddress } from '../../src/remote/address.ts';
import { BucketClient, WAITS, type Waits } from '../../src/remote/client.ts';
import { byProxy, proxyFor } from '../../src/remote/proxy.ts';
import { type Fault, KEY_ID, ModelBucket, REGION, SECRET } from '../support/model-bucket.ts';

const QUICK = { ...WAITS, silenceMs: 400, firstPauseMs: 1, longestPauseMs: 4 };
const NEVER = new AbortController().signal;
const bytes = (text: string) => Buffer.from(text);

function clientOf(
  model: ModelBucket,
  more: {
    region?: string;
    secret?: string;
    prefix?: string;
    endpoint?: string;
    signal?: AbortSignal;
    waits?: Partial<Waits>;
  } = {},
) {
  const { region = REGION, secret = SECRET, prefix = '/some/prefix', signal = NEVER } = more;
  const address = bucketAddress({
    url: `s3://model${prefix}`,
    endpoint: more.endpoint ?? model.endpoint,
    region,
    pathStyle: true,
  });
  return new BucketClient(
    address,
    { keyId: KEY_ID, secret, token: null },
    { signal, waits: { ...QUICK, ...more.waits } },
  );
}

async function failureOf(work: Promise<unknown>) {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof FailureError) return thrown.failure;
    throw thrown;
  }
  throw new Error('it did not fail');
}

async function all<T>(of: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of of) list.push(one);
  return list;
}

test('what is written comes back, below the prefix, and is listed page by page', async () => {
  using model = await ModelBucket.started('model', 3);
  const client = clientOf(model);
  const names = Array.from({ length: 8 }, (_, i) => `log/m/${i}`);
  for (const name of names) expect(await client.create(name, bytes(name))).toBe('created');
  model.put('elsewhere/log/m/9', bytes('x'));
  expect((await client.get('log/m/3', 100))?.toString()).toBe('log/m/3');
  expect(await client.get('log/m/9', 100)).toBeNull();
  expect((await all(client.list('log/m/'))).map(({ name }) => name)).toEqual(names);
  expect((await all(client.list('log/m/', 'log/m/5'))).map(({ name }) => name)).toEqual(names.slice(6));
  await client.remove('log/m/3');
  await client.remove('log/m/3');
  expect(model.names('some/prefix/')).toHaveLength(7);
});

test('signatures hold for a bucket without a prefix, and for names in lists that need escaping', async () => {
  using model = await ModelBucket.started('model', 2);
  const client = clientOf(model, { prefix: '' });
  for (const name of ['a b+c', 'a&b', 'a<b']) model.put(name, bytes(name));
  expect((await all(client.list('a'))).map(({ name }) => name).sort()).toEqual(
    ['a b+c', 'a&b', 'a<b'].sort(),
  );
});

test('the name of the bucket stands in the host where the style is virtual', async () => {
  using model = await ModelBucket.started('model');
  const port = new URL(model.endpoint).port;
  const address = bucketAddress({
    url: 's3://model/p',
    endpoint: `http://localhost:${port}`,
    region: REGION,
    pathStyle: false,
  });
  const client = new BucketClient(
    address,
    { keyId: KEY_ID, secret: SECRET, token: null },
    { signal: NEVER, waits: QUICK },
  );
  expect(await client.create('x', bytes('x'))).toBe('created');
  expect(model.names()).toEqual(['p/x']);
});

test('an object that is made once is not written over, and of twenty at once one makes it', async () => {
  using model = await ModelBucket.started();
  const client = clientOf(model);
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, i) => client.create('log/1', bytes(`writer ${i}`))),
  );
  expect(made.filter((each) => each === 'created')).toHaveLength(1);
  expect(model.bytes('some/prefix/log/1').toString()).toBe(`writer ${made.indexOf('created')}`);
});

test('an object that is there and larger than the one to be made is another one, and no damage', async () => {
  using model = await ModelBucket.started();
  const client = clientOf(model);
  for (const there of ['of another, and larger', 'less']) {
    model.put('some/prefix/log/1', bytes(there));
    expect(await client.create('log/1', bytes('one of ours'))).toBe('exists');
  }
});

test('what was written is held against what is there, byte by byte, whatever fails on the way', async () => {
  using model = await ModelBucket.started();
  const client = clientOf(model);
  const there = Buffer.from(crypto.getRandomValues(new Uint8Array(40_000)));
  model.put('some/prefix/x', there);
  const faults = [null, 'half', 'reset', 'lost'] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(there.length - 1),
      fc.constantFrom('same', 'changed', 'shorter', 'longer', 'missing'),
      fc.constantFrom(...faults),
      async (at, how, fault) => {
        let isFirst = fault !== null;
        model.fault = () => {
          const given = isFirst && fault !== null ? { kind: fault } : null;
          isFirst = false;
          return given;
        };
        const changed = Buffer.from(there);
        changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
        const body = {
          same: there,
          missing: there,
          changed,
          shorter: there.subarray(0, at),
          longer: Buffer.concat([there, there.subarray(at)]),
        }[how];
        expect(await client.holds(how === 'missing' ? 'y' : 'x', body)).toBe(how === 'same');
      },
    ),
    { numRuns: 30 },
  );
});

const FAULTS: readonly Fault[] = [
  ...[500, 502, 503, 504, 429, 409].map((status) => ({ kind: 'status' as const, status, code: 'SlowDown' })),
  ...(['reset', 'lost', 'half', 'silent'] as const).map((kind) => ({ kind })),
];

test.each(FAULTS.map((fault) => [JSON.stringify(fault), fault] as const))(
  'a create that meets %s is made once, and its writer knows it',
  async (_, fault) => {
    using model = await ModelBucket.started();
    const client = clientOf(model);
    model.fault = ({ nth }) => (nth === 0 ? fault : null);
    expect(await client.create('log/1', bytes('mine'))).toBe('created');
    expect(model.bytes('some/prefix/log/1').toString()).toBe('mine');
    model.fault = ({ method, nth }) => (method === 'PUT' && nth % 2 === 0 ? fault : null);
    expect(await client.create('log/1', bytes('another'))).toBe('exists');
    expect(model.bytes('some/prefix/log/1').toString()).toBe('mine');
  },
);

test('whatever fails in whatever order, a create tells the truth and a read is whole', async () => {
  const kinds = fc.constantFrom<Fault | null>(...FAULTS.filter(({ kind }) => kind !== 'silent'), null, null);
  await fc.assert(
    fc.asyncProperty(fc.array(kinds, { maxLength: 12 }), fc.boolean(), async (faults, isTaken) => {
      using model = await ModelBucket.started();
      const client = clientOf(model);
      if (isTaken) model.put('some/prefix/log/1', bytes('of another'));
      model.fault = ({ nth }) => faults[nth] ?? null;
      const body = bytes('mine '.repeat(200));
      const told = await client.create('log/1', body).catch((thrown) => {
        if (!(thrown instanceof FailureError) || thrown.failure.code !== 'unreachable') throw thrown;
        return 'unreachable';
      });
      const isMine = model.objects.get('some/prefix/log/1')?.body.equals(body) === true;
      if (told === 'created') expect(isMine).toBe(true);
      if (told === 'exists') expect(isMine).toBe(false);
      if (isTaken) expect(isMine).toBe(false);
      model.fault = ({ nth }) => faults[nth % 13] ?? null;
      const read = await client.get('log/1', 10_000).catch(() => null);
      if (read !== null) expect(model.bytes('some/prefix/log/1').equals(Buffer.from(read))).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test('a service that stays away is named, after so many tries and no more', async () => {
  using model = await ModelBucket.started();
  const client = clientOf(model);
  model.fault = () => ({ kind: 'status', status: 503, code: 'SlowDown', retryAfter: 3600 });
  const { code, message } = await failureOf(client.get('format', 10));
  expect([code, model.takeLog().length]).toEqual(['unreachable', QUICK.tries]);
  expect(message).toContain('s3://model/some/prefix');
  expect(message).toContain('it answers 503');
  model.fault = () => ({ kind: 'silent' });
  expect((await failureOf(client.get('format', 10))).message).toContain('it does not answer');
});

test('a slow answer is waited for as long as it goes on', async () => {
  using model = await ModelBucket.started();
  const client = clientOf(model);
  model.put('some/prefix/x', Buffer.alloc(4000, 1));
  model.fault = () => ({ kind: 'slow' });
  expect((await client.get('x', 4000))?.length).toBe(4000);
  expect(model.takeLog()).toHaveLength(1);
});

test('an answer that drips for ever is given up', async () => {
  using model = await ModelBucket.started();
  const client = clientOf(model, { waits: { silenceMs: 200, slowestBytesPerS: 1e9, tries: 1 } });
  model.put('some/prefix/x', Buffer.alloc(400_000, 1));
  model.fault = () => ({ kind: 'slow' });
  expect((await failureOf(client.get('x', 400_000))).message).toContain('it does not answer');
});

test('a clock that is wrong by a day is set by the service, once', async () => {
  using model = await ModelBucket.started();
  const client = clientOf(model);
  model.skewMs = 86_400_000;
  expect(await client.create('x', bytes('x'))).toBe('created');
  expect(await client.create('y', bytes('y'))).toBe('created');
  expect(model.takeLog()).toEqual(['PUT some/prefix/x', 'PUT some/prefix/x', 'PUT some/prefix/y']);
});

test.each([
  ['SignatureDoesNotMatch', { secret: 'another' }, 'AWS_SECRET_ACCESS_KEY'],
  ['AuthorizationHeaderMalformed', { region: 'us-east-1' }, '--region'],
])('a refusal is told in its own words, at once: %s', async (code, more, hint) => {
  using model = await ModelBucket.started();
  const told = await failureOf(clientOf(model, more).create('x', bytes('x')));
  expect(told.message).toContain(code);
  expect(told.hint).toContain(hint);
  expect(model.takeLog()).toHaveLength(1);
});

test('a bucket that is not there is told, and a name that is not there is not the same', async () => {
  using model = await ModelBucket.started('other');
  const told = await failureOf(clientOf(model).get('format', 10));
  expect(told.message).toContain('NoSuchBucket');
});

test('a redirect to another host is not followed', async () => {
  let reached = 0;
  const elsewhere = createServer((_, response) => {
    reached += 1;
    response.end('stolen');
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const there = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/x`;
  const first = createServer((_, response) => response.writeHead(307, { location: there }).end());
  await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(first.address() as AddressInfo).port}`;
  const address = bucketAddress({ url: 's3://model', endpoint, region: REGION, pathStyle: true });
  const client = new BucketClient(
    address,
    { keyId: KEY_ID, secret: SECRET, token: null },
    { signal: NEVER, waits: QUICK },
  );
  expect((await failureOf(client.get('x', 10))).hint).toContain('endpoint');
  expect(reached).toBe(0);
  elsewhere.close();
  first.close();
});

test('an object that is larger than it can be is not read', async () => {
  using model = await ModelBucket.started();
  model.put('some/prefix/x', Buffer.alloc(5000));
  expect((await failureOf(clientOf(model).get('x', 4999))).code).toBe('corrupt');
});

test('a signal ends a request that waits, and one that pauses', async () => {
  for (const fault of [{ kind: 'silent' }, { kind: 'status', status: 503, code: 'SlowDown' }] as const) {
    using model = await ModelBucket.started();
    const stop = new AbortController();
    model.fault = () => {
      stop.abort();
      return fault;
    };
    expect((await failureOf(clientOf(model, { signal: stop.signal }).get('x', 10))).code).toBe('interrupted');
    expect(model.takeLog()).toHaveLength(1);
  }
});

test('where objects are locked for a time each write has its MD5, once the service has asked for it', async () => {
  using model = await ModelBucket.started();
  model.wantsMd5 = true;
  const client = clientOf(model);
  expect(await client.create('a', bytes('one'))).toBe('created');
  await client.replace('b', bytes('two'));
  expect(model.takeLog().length).toBe(3);
  expect(client.keepsVersions).toBe(false);
});

test('a bucket that keeps versions is known by its first answer to a write', async () => {
  using model = await ModelBucket.started();
  model.keepsVersions = true;
  const client = clientOf(model);
  await client.get('a', 10);
  expect(client.keepsVersions).toBeNull();
  await client.create('a', bytes('one'));
  expect(client.keepsVersions).toBe(true);
});

test.each([
  ['AccessDenied', 'needs to list, get, put and delete'],
  ['ExpiredToken', 'get a new one'],
  ['InvalidToken', 'AWS_SESSION_TOKEN'],
  ['NoSuchBucket', 'Make the bucket'],
  ['AuthorizationHeaderMalformed', 'region'],
  ['QuotaExceeded', 'full'],
])('a refusal by %s names the cause and the way out', async (code, hint) => {
  using model = await ModelBucket.started();
  model.fault = () => ({ kind: 'status', status: 403, code });
  const failure = await failureOf(clientOf(model).create('a', bytes('one')));
  expect(failure.message).toContain(`refuses PUT a (403): ${code}`);
  expect(failure.message).not.toEndWith(':');
  expect(failure.hint).toContain(hint);
});

test('what names no service is no reason to wait only', async () => {
  const address = bucketAddress({
    url: 's3://b0b',
    endpoint: 'http://127.0.0.1:9',
    region: null,
    pathStyle: true,
  });
  const client = new BucketClient(
    address,
    { keyId: KEY_ID, secret: SECRET, token: null },
    { signal: NEVER, waits: { ...QUICK, tries: 2 } },
  );
  expect((await failureOf(client.get('a', 1))).hint).toStartWith('Look at the endpoint');
});

test('an answer that is not of such a service is believed neither as a list nor as a write', async () => {
  using model = await ModelBucket.started();
  let stores = false;
  using between = Bun.serve({
    port: 0,
    fetch: async (request) => {
      const url = new URL(request.url);
      // It may pass on what it answers by itself: then the object is there, whatever it says.
      if (stores || request.method === 'GET')
        if (url.searchParams.get('list-type') === null) {
          const key = url.pathname.slice('/model/'.length);
          if (request.method === 'PUT') model.put(key, Buffer.from(await request.arrayBuffer()));
          else if (model.objects.has(key)) return new Response(model.bytes(key));
        }
      return new Response('<html>log in</html>');
    },
  });
  const client = clientOf(model, { endpoint: `http://127.0.0.1:${between.port}` });
  const listed = await failureOf(all(client.list('heads/')));
  expect([listed.code, listed.message]).toEqual(['unreachable', expect.stringContaining('LIST heads/')]);
  const put = await failureOf(client.create('log/x', bytes('x')));
  expect([put.code, put.message]).toEqual(['unreachable', expect.stringContaining('PUT log/x')]);
  stores = true;
  expect(await client.create('log/x', bytes('x'))).toBe('created');
});

test('the proxy that is named is the one that requests go by', () => {
  const endpoint = 'https://s3.example.com:9000';
  const shown = (env: Record<string, string>, to = endpoint) => proxyFor(env, to)?.shown ?? null;
  const proxy = { HTTPS_PROXY: 'http://me:pw@proxy.example.com:3128' };
  expect(shown(proxy)).toBe('http://proxy.example.com:3128');
  expect(shown(proxy, 'http://s3.example.com')).toBe(null);
  expect(shown({ https_proxy: 'other:1', ...proxy })).toBe('http://other:1');
  expect(shown({ ALL_PROXY: 'http://all:1' })).toBe('http://all:1');
  for (const none of ['*', 'example.com', '.example.com', 's3.example.com', 'a.b, s3.example.com:9000'])
    expect([none, shown({ ...proxy, NO_PROXY: none })]).toEqual([none, null]);
  for (const none of ['', 'xample.com', 'com.example', 'proxy.example.com'])
    expect([none, shown({ ...proxy, NO_PROXY: none })]).toEqual([none, 'http://proxy.example.com:3128']);
  const odd = proxyFor({ HTTPS_PROXY: 'not a url:pw@' }, endpoint);
  expect(byProxy(odd)).toBe(' by the proxy of HTTPS_PROXY, which is no address');
});
