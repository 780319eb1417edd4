/** Without a bucket nothing uses a network, whatever else would lead to one; with one, maintain meets it, and goes on without. */
import { expect, test } from 'bun:test';
import * as schemas from '../../src/cli/schemas.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { id, Machine, uid } from '../support/remote-machine.ts';

const LONG = 120_000;
const MAINTAIN = ['maintain', '--yes', '--no-data-loss'];

test(
  'without remote.url no command speaks to anybody, with credentials and proxies in the environment too',
  async () => {
    using model = await ModelBucket.started();
    using home = new Machine(model, 'laptop');
    const proxies = Object.fromEntries(
      ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy'].map((name) => [
        name,
        model.endpoint,
      ]),
    );
    home.env = {
      ...home.env,
      ...proxies,
      SESSION_MEMORY_REMOTE_ENDPOINT: model.endpoint,
      AWS_ENDPOINT_URL: model.endpoint,
    };
    home.write(1, 'one');
    home.write(2, 'two');
    const commands = [
      ['ingest'],
      ['status'],
      ['agents'],
      ['list'],
      ['show', id(1), '--raw'],
      ['search', 'one'],
      ['related', id(1)],
      ['evict', id(1), '--yes'],
      ['restore', id(2)],
      ['restore', id(1)],
      ['show', id(1), '--raw'],
      ['sweep', '--yes', '--no-data-loss', '--soft-cap', '0', '--hard-cap', '0'],
      MAINTAIN,
      ['verify'],
      ['doctor'],
      ['config'],
      ['export', '--all', `${home.folder}/all.smx`],
      ['forget', id(2), '--yes'],
      ['history'],
      ['remote', 'status'],
      ['remote', 'sync'],
      ['verify', '--remote'],
    ];
    for (const command of commands) await home.run(...command);
    expect(model.takeLog()).toEqual([]);
    expect((await home.ok('remote', 'status')).out).toContain('nothing uses a network');
    const told = await home.run('remote', 'sync');
    expect([told.code, told.err]).toEqual([2, expect.stringContaining('no bucket is configured')]);
  },
  LONG,
);

test(
  'maintain meets the bucket, and tells once where it cannot be reached',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    using desktop = await Machine.joined(model, 'desktop');
    laptop.write(1, 'one');
    const run = schemas.maintainSchema.parse((await laptop.ok(...MAINTAIN, '--json')).json());
    expect(run.remote?.map(({ uploaded, problems }) => [uploaded, problems])).toEqual([[1, []]]);
    expect((await desktop.ok(...MAINTAIN)).out).toContain(
      'Bucket: 0 sessions uploaded, 1 of other machines read.',
    );
    expect((await desktop.listed()).map(({ session_uid }) => session_uid) as string[]).toEqual([uid(1)]);
    laptop.write(2, 'two');
    laptop.env = { ...laptop.env, SESSION_MEMORY_REMOTE_ENDPOINT: 'http://127.0.0.1:9' };
    const away = await laptop.run(...MAINTAIN, '--quiet');
    expect([away.code, away.out]).toEqual([1, '']);
    expect(away.err.match(/cannot be reached/g)).toHaveLength(1);
    expect((await laptop.listed()).length).toBe(2);
  },
  LONG,
);

test(
  'requests go by the proxy that the environment names',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    laptop.write(1, 'one');
    await laptop.ok('ingest');
    // A proxy is asked for whole addresses; the model takes them as its own.
    laptop.env = {
      ...laptop.env,
      HTTP_PROXY: model.endpoint,
      SESSION_MEMORY_REMOTE_ENDPOINT: 'http://bucket.invalid',
    };
    expect((await laptop.sync()).uploaded.sessions as string[]).toEqual([uid(1)]);
  },
  LONG,
);

test(
  'where a proxy is in the way it is named, with the variable that names it and without its password',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    const { env } = laptop;
    const answers: Record<string, () => Response> = {
      login: () => new Response('<html>', { status: 407 }),
      blocked: () => new Response('<html>', { status: 403 }),
      portal: () => new Response('<html>log in</html>'),
      moved: () => new Response(null, { status: 302, headers: { location: 'http://portal.invalid/' } }),
    };
    let how = '';
    using proxy = Bun.serve({ port: 0, fetch: () => answers[how]?.() ?? new Response() });
    const address = `127.0.0.1:${proxy.port}`;
    for (how of Object.keys(answers)) {
      laptop.env = { ...env, HTTP_PROXY: `http://me:s3cretword@${address}`, NO_PROXY: '' };
      const told = await laptop.run('remote', 'sync');
      expect([how, told.code]).toEqual([how, 1]);
      expect(told.err).toContain(`http://${address} of HTTP_PROXY`);
      expect(told.err).toContain(how === 'login' ? 'NAME:PASSWORD' : 'NO_PROXY');
      expect(told.err + told.out).not.toContain('s3cretword');
      // As its hint says.
      laptop.env = { ...laptop.env, NO_PROXY: '127.0.0.1' };
      await laptop.ok('remote', 'sync');
    }
  },
  LONG,
);
