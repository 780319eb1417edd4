/** Un-analyzed sessions that the bucket alone keeps: with one nothing is ever lost to a cap, and all of it comes back. */
import { expect, test } from 'bun:test';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { findSession } from '../../src/store/read.ts';
import { COUNT_BUCKET_ONLY, countBucketOnly, isBucketOnly } from '../../src/store/remote/receipts.ts';
import { dropUploaded } from '../../src/store/remote/state.ts';
import { leaveToBucket } from '../../src/store/write-sweep.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { id, Machine, uid } from '../support/remote-machine.ts';
import { RemoteWorld } from '../support/remote-world.ts';

const LONG = 120_000;
const CAPS = ['--soft-cap', '0', '--hard-cap', '0'];
/** Each analysis fails, until it is left out. */
const FAILING = ['--analyzer', 'false'];
const UNREADABLE = '\u0001 unreadable\n';

const swept = (machine: Machine, ...args: string[]) => machine.report('sweep', '--yes', ...CAPS, ...args);

test(
  'a sweep that would have lost what no analysis can read leaves it to the bucket: shown, restored and digested later',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    using desktop = await Machine.joined(model, 'desktop');
    laptop.write(1, 'to be digested later');
    laptop.put(claudePath(id(2)), UNREADABLE);
    await laptop.ok('ingest', '--no-analyze');
    await laptop.sync();
    const plan = await laptop.ok('sweep', '--dry-run', ...CAPS);
    expect(plan.out).toContain('bucket: if usage is still above 0 B');
    const report = await swept(laptop, ...FAILING);
    expect([report.code, report.lost_data, report.over_hard_cap]).toEqual([0, false, false]);
    expect(report.bucket_evicted).toEqual([uid(1), uid(2)] as SessionUid[]);
    expect([report.overflow_data_loss, report.overflow_analyzed]).toEqual([[], []]);
    expect(report.warnings.join('\n')).toContain('2 un-analyzed session(s) now lie in the bucket only');
    rmSync(join(laptop.home, '.claude'), { recursive: true });

    const { events } = schemas.historySchema.parse((await laptop.ok('history', '--json')).json());
    expect(
      events.filter(({ kind }) => kind === 'evicted').map(({ reason }) => reason.split(': ').at(-1)),
    ).toEqual([
      'the bucket alone keeps it; its bytes are in the bucket',
      'the bucket alone keeps it; its bytes are in the bucket',
    ]);
    const status = schemas.statusSchema.parse((await laptop.ok('status', '--json')).json());
    expect(status.bucket_only).toBe(2);
    expect((await laptop.ok('status')).out).toContain('2 un-analyzed sessions in the bucket only');
    expect((await laptop.ok('show', id(2))).out).toContain('it alone has the bytes');
    expect((await laptop.ok('show', id(2), '--raw')).out).toBe(UNREADABLE);
    await laptop.ok('restore', id(2));
    expect(readFileSync(join(laptop.home, claudePath(id(2))), 'utf8')).toBe(UNREADABLE);

    const analyzed = schemas.analyzeSchema.parse((await laptop.ok('analyze', '--json')).json());
    expect([analyzed.analyzed, analyzed.failed.map((one) => one.session_uid)]).toEqual([
      [uid(1)],
      [uid(2)],
    ] as SessionUid[][]);
    const shown = await laptop.ok('show', id(1));
    expect([shown.out.includes('to be digested later'), shown.out.includes('evicted')]).toEqual([true, true]);
    expect((await laptop.listed()).map(({ state }) => state)).toEqual(['evicted', 'evicted']);
    // It failed as things are: nothing of it is fetched again for the same answer.
    const sent = model.log.length;
    expect((await laptop.ok('analyze')).out).toContain('Nothing waits to be analyzed');
    expect(model.log.length).toBe(sent);

    await laptop.sync();
    await desktop.sync();
    expect((await desktop.ok('search', 'digested', 'later')).out).toContain('laptop');
    expect((await desktop.ok('show', id(1), '--raw')).out).toBe(
      promptLine(id(1), 'to be digested later', '2026-05-01T00:00:00.000Z'),
    );
    expect((await laptop.ok('verify')).out).toContain('All is well');
  },
  LONG,
);

test(
  'without its bytes in the bucket an un-analyzed session stays, and nothing but a receipt of its present state lets it go',
  async () => {
    using model = await ModelBucket.started();
    using machine = new RemoteWorld(model, 'one');
    const u = uid(1) as SessionUid;
    machine.put(claudePath(id(1)), UNREADABLE);
    await machine.ingest();
    const victim = () => ({
      uid: u,
      generation: findSession(machine.db, u)?.generation ?? 0,
      storedBytes: 1,
      reason: 'x',
    });
    const by = { sweepId: null, at: machine.now, untilUsageBytes: null };
    const event = () =>
      machine.db.run(
        `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason)
         SELECT $now, 'evicted', id, session_uid, raw_generation, raw_bytes, stored_bytes, 'a bug' FROM sessions`,
        { now: machine.now },
      );
    expect(event).toThrow('refused');
    expect(leaveToBucket(machine.db, [victim()], by)[0]).toMatchObject({ kind: 'skipped' });
    await machine.sync();
    machine.put(claudePath(id(1)), `${UNREADABLE}${UNREADABLE}`);
    await machine.ingest();
    expect(event, 'the receipt is of before it grew').toThrow('refused');
    await machine.sync();
    dropUploaded(machine.db);
    expect(event, 'the bucket has lost it').toThrow('refused');
    await machine.sync();
    expect(leaveToBucket(machine.db, [victim()], by)[0]).toMatchObject({ kind: 'evicted' });
    expect([isBucketOnly(machine.db, u), countBucketOnly(machine.db)]).toEqual([true, 1]);
    expect(await machine.fetch(u)).toBe(`${UNREADABLE}${UNREADABLE}`);
    // Also after what is here has been told to the bucket, which then has nothing newer of it.
    await machine.sync();
    expect(await machine.fetch(u)).toBe(`${UNREADABLE}${UNREADABLE}`);
    expect((await machine.verified()).findings).toEqual([]);
    machine.db.run(
      `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json)
       SELECT id, raw_generation, covers_from, 0, 1, $now, 2, '{}' FROM sessions`,
      { now: machine.now },
    );
    const digest = (complete: number) => () =>
      machine.db.run(`UPDATE digests SET complete = ${complete}, json = '[]' WHERE session_id = 1`);
    expect(digest(0), 'what was kept of it is no worse afterwards').toThrow('refused');
    machine.db.run('DELETE FROM remote_records');
    expect(digest(1), 'a digest of bytes that nobody has').toThrow('refused');
  },
  LONG,
);

test('how many the bucket alone has is counted by an index', async () => {
  using model = await ModelBucket.started();
  using machine = new RemoteWorld(model, 'one');
  const plan = machine.db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${COUNT_BUCKET_ONLY}`);
  expect(plan.map(({ detail }) => detail)[0]).toContain('bucket_only');
});

test(
  'evict by hand takes what is in the bucket without calling it a loss, and to leave the bucket warns of it',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    laptop.put(claudePath(id(1)), UNREADABLE);
    await laptop.ok('ingest');
    const before = await laptop.run('evict', id(1), '--yes');
    expect([before.code, before.err.includes('the loss of 1 session')]).toEqual([2, true]);
    await laptop.sync();
    const told = await laptop.ok('evict', id(1), '--yes');
    expect([told.out.includes('Evicted 1 session'), told.out.includes('LOSS')]).toEqual([true, false]);
    expect((await laptop.ok('show', id(1), '--raw')).out).toBe(UNREADABLE);
    const leaves = await laptop.ok('remote', 'leave');
    expect(leaves.err).toContain('1 un-analyzed session lies in the bucket only');
    expect((await laptop.setUp('add')).code).toBe(0);
    await laptop.sync();
    expect((await laptop.ok('show', id(1), '--raw')).out).toBe(UNREADABLE);
  },
  LONG,
);

test(
  'nobody without a digest goes on an old receipt: the bucket is looked at first, and where it cannot be they stay',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    for (const n of [1, 2]) laptop.put(claudePath(id(n)), `${n} ${UNREADABLE}`);
    await laptop.ok('ingest');
    await laptop.sync();
    const states = async () => (await laptop.listed()).map(({ state }) => state);
    const both = ['unanalyzed', 'unanalyzed'] as const;
    model.fault = () => ({ kind: 'status', status: 403, code: 'AccessDenied' });
    const unseen = await swept(laptop, ...FAILING);
    expect([unseen.code, unseen.bucket_evicted, unseen.over_hard_cap]).toEqual([4, [], true]);
    expect(unseen.skipped.map(({ reason }) => reason).join()).toContain('it cannot be looked whether');
    const byHand = await laptop.run('evict', id(1), '--yes');
    expect(byHand.out + byHand.err).toContain('it cannot be looked whether');
    expect(await states()).toEqual([...both]);
    model.fault = () => null;
    // A rule of the service has taken them away by their age.
    const packs = new Map(model.names('some/packs/').map((name) => [name, model.objects.get(name)]));
    for (const name of packs.keys()) model.objects.delete(name);
    expect((await swept(laptop, ...FAILING)).bucket_evicted).toEqual([]);
    expect(await states()).toEqual([...both]);
    await laptop.sync();
    expect((await swept(laptop, ...FAILING)).bucket_evicted).toHaveLength(2);
    expect((await laptop.ok('show', id(2), '--raw')).out).toBe(`2 ${UNREADABLE}`);
  },
  LONG,
);

test(
  'what has no digest outlives its machine: another one fetches it by its id',
  async () => {
    using model = await ModelBucket.started();
    using desktop = await Machine.joined(model, 'desktop');
    {
      using laptop = await Machine.joined(model, 'laptop');
      laptop.put(claudePath(id(1)), UNREADABLE);
      await laptop.ok('ingest');
      await laptop.sync();
      await laptop.ok('evict', id(1), '--yes');
      await laptop.sync();
    }
    await desktop.sync();
    expect((await desktop.ok('remote', 'status')).out.replaceAll(/\s+/g, ' ')).toContain(`${uid(1)} first`);
    for (const named of [id(1), uid(1)])
      expect((await desktop.ok('show', named, '--raw')).out).toBe(UNREADABLE);
    await desktop.ok('restore', id(1));
    expect(readFileSync(join(desktop.home, claudePath(id(1))), 'utf8')).toBe(UNREADABLE);
    expect((await desktop.run('show', id(3), '--raw')).code).toBe(2);
  },
  LONG,
);

test(
  'maintain digests what the bucket alone has once things have changed, and does not fetch it for nothing',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    laptop.write(1, 'kept by the bucket');
    const tight = ['maintain', '--yes', ...CAPS];
    await laptop.run('maintain', '--yes', ...FAILING);
    const first = await laptop.run(...tight, ...FAILING, '--json');
    const run = schemas.maintainSchema.parse(first.json());
    expect(run.sweeps.flatMap(({ bucket_evicted: uids }) => uids)).toEqual([uid(1)] as SessionUid[]);
    const packs = () => model.log.filter((line) => line.startsWith('GET') && line.includes('packs/')).length;
    await laptop.run(...tight, ...FAILING);
    const before = packs();
    await laptop.run(...tight, ...FAILING);
    expect(packs()).toBe(before);
    await laptop.run('maintain', '--yes');
    expect((await laptop.ok('show', id(1))).out).toContain('kept by the bucket');
    expect(schemas.statusSchema.parse((await laptop.ok('status', '--json')).json()).bucket_only).toBe(0);
  },
  LONG,
);

test(
  'a session that alone exceeds the hard cap is in the bucket whole, and stays here where that cannot be reached',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    const noise = Array.from({ length: 4 }, () => crypto.randomUUID().repeat(2)).join(' ');
    const text = Array.from({ length: 40 }, (_, i) =>
      promptLine(id(1), `${i} ${crypto.randomUUID()} ${noise}`),
    ).join('');
    laptop.put(claudePath(id(1)), text);
    laptop.write(2, 'a small one');
    const tight = ['maintain', '--yes', '--soft-cap', '1KiB', '--hard-cap', '1KiB', '--json'];
    model.fault = () => ({ kind: 'status', status: 403, code: 'AccessDenied' });
    const before = await laptop.run(...tight);
    const waits = schemas.maintainSchema.parse(before.json());
    expect(before.code).toBe(1);
    expect(waits.sweeps.at(-1)?.over_hard_cap).toBe(true);
    expect(waits.problems.join('\n')).toContain('stored until the bucket has it');
    expect((await laptop.listed()).map(({ state }) => state)).toContain('analyzed');
    model.fault = () => null;
    const run = schemas.maintainSchema.parse((await laptop.ok(...tight)).json());
    expect(run.sweeps.at(-1)?.over_hard_cap).toBe(false);
    rmSync(join(laptop.home, '.claude'), { recursive: true });
    expect((await laptop.listed()).find(({ session_uid: one }) => one === uid(1))?.state).toBe('evicted');
    expect((await laptop.ok('show', id(1), '--raw')).out).toBe(text);
    expect((await laptop.ok('search', 'small')).out).toContain('a small one');
  },
  LONG,
);

test(
  'ten that cannot be fetched do not keep maintain from making the digest of another one',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    const idOf = (n: number) => `80000000-0000-4000-8000-00000000000${n.toString(16)}`;
    const stored = async (...numbers: readonly number[]) => {
      for (const n of numbers) laptop.put(claudePath(idOf(n)), promptLine(idOf(n), `number ${n}`));
      await laptop.ok('ingest', '--no-analyze');
      await laptop.sync();
    };
    await stored(...Array(10).keys());
    const packs = model.names('some/packs/');
    // The last one in every order that is known of them.
    await stored(10);
    await swept(laptop, ...FAILING);
    for (const name of packs) model.objects.delete(name);
    const waiting = async () =>
      schemas.statusSchema.parse((await laptop.ok('status', '--json')).json()).bucket_only;
    expect(await waiting()).toBe(11);
    // By lot: that it is never among ten of eleven is less likely than one in 10^20.
    for (let run = 0; run < 20 && (await waiting()) === 11; run += 1)
      await laptop.run('maintain', '--yes', ...CAPS);
    expect(await waiting()).toBe(10);
  },
  LONG,
);
