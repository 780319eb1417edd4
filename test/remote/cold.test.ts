/** With a bucket nothing is lost by eviction: what goes is there first, read back, and what is not there stays, whatever asks for it. */
import { expect, test } from 'bun:test';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import * as schemas from '../../src/cli/schemas.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { censusOf, isEvictable, withOnlySafe } from '../../src/policy/census.ts';
import { planSweep } from '../../src/policy/plan.ts';
import { forgetSession } from '../../src/store/forget.ts';
import { openWritable } from '../../src/store/open.ts';
import { findSession } from '../../src/store/read.ts';
import { mirrored } from '../../src/store/remote/mirror.ts';
import { hasBucket, isInBucket } from '../../src/store/remote/receipts.ts';
import { rebuild } from '../../src/store/repair/rebuild.ts';
import { census } from '../../src/store/usage.ts';
import { evictCovered } from '../../src/store/write-sweep.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { card, daysAgo, NOW } from '../support/memory-store.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { id, Machine, uid } from '../support/remote-machine.ts';
import { RemoteWorld } from '../support/remote-world.ts';

const LONG = 120_000;
const TIGHT = ['--yes', '--soft-cap', '0', '--hard-cap', '0'];

test(
  'a sweep under tight caps evicts what is in the bucket, and every byte of it comes back on another machine',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    using desktop = await Machine.joined(model, 'desktop');
    for (const n of [1, 2, 3]) laptop.write(n, `number ${n}`);
    const run = schemas.maintainSchema.parse(
      (await laptop.ok('maintain', '--yes', '--soft-cap', '0', '--hard-cap', '1MiB', '--json')).json(),
    );
    expect(run.sweeps.flatMap((one) => [...one.backstop_evicted, ...one.budget_evicted]).length).toBe(3);
    const texts = [1, 2, 3].map((n) => readFileSync(join(laptop.home, claudePath(id(n))), 'utf8'));
    rmSync(join(laptop.home, '.claude'), { recursive: true });
    const { events } = schemas.historySchema.parse((await laptop.ok('history', '--json')).json());
    const gone = events.filter(({ kind }) => kind === 'evicted');
    expect(gone.map(({ reason }) => reason.endsWith('; its bytes are in the bucket'))).toEqual([
      true,
      true,
      true,
    ]);
    await desktop.sync();
    for (const [i, text] of texts.entries()) {
      for (const machine of [laptop, desktop])
        expect((await machine.ok('show', id(i + 1), '--raw')).out).toBe(text);
      await desktop.ok('restore', id(i + 1));
      expect(readFileSync(join(desktop.home, claudePath(id(i + 1))), 'utf8')).toBe(text);
    }
  },
  LONG,
);

test(
  'where the bucket cannot be reached nothing goes that is not there yet: exit 4 over the hard cap',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    laptop.write(1, 'is there');
    await laptop.ok('ingest');
    await laptop.sync();
    laptop.write(2, 'is not');
    laptop.put(claudePath(id(3)), '\u0001 unreadable\n');
    await laptop.ok('ingest');
    laptop.env = { ...laptop.env, SESSION_MEMORY_REMOTE_ENDPOINT: 'http://127.0.0.1:9' };
    const planned = await laptop.report('sweep', '--dry-run', '--soft-cap', '0', '--hard-cap', '0');
    expect(planned.plan.worst_case_data_loss).toEqual([]);
    const swept = await laptop.report('sweep', ...TIGHT);
    expect([swept.code, swept.over_hard_cap, swept.lost_data]).toEqual([4, true, false]);
    expect([...swept.backstop_evicted, ...swept.budget_evicted]).toEqual([uid(1)] as SessionUid[]);
    expect(swept.warnings.join('\n')).toContain('2 session(s) stay until their bytes are in the bucket');
    expect(swept.warnings.join('\n')).toContain('nothing is lost');
    const byHand = await laptop.run('evict', id(2), '--yes');
    expect(byHand.out + byHand.err).toContain('not in the bucket yet');
    expect((await laptop.listed()).filter(({ state }) => state === 'evicted')).toHaveLength(1);
    // Left, it is a store like any other again.
    expect((await laptop.ok('remote', 'leave')).out).toContain('evictions are final again');
    expect((await laptop.report('sweep', ...TIGHT)).code).toBe(3);
  },
  LONG,
);

test(
  'the database refuses an eviction without a receipt, and one of an older state is none',
  async () => {
    using model = await ModelBucket.started();
    using machine = new RemoteWorld(model, 'one');
    const u = uid(1) as SessionUid;
    machine.put(claudePath(id(1)), promptLine(id(1), 'one'));
    await machine.ingest();
    const event = () =>
      machine.db.run(
        `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason)
       SELECT $now, 'evicted', id, session_uid, raw_generation, raw_bytes, stored_bytes, 'a bug' FROM sessions`,
        { now: machine.now },
      );
    expect(event).toThrow('not in the bucket yet');
    await machine.sync();
    expect(isInBucket(machine.db, u)).toBe(true);
    machine.put(claudePath(id(1)), promptLine(id(1), 'one') + promptLine(id(1), 'two'));
    await machine.ingest();
    expect(isInBucket(machine.db, u)).toBe(false);
    expect(event).toThrow('not in the bucket yet');
    const now = findSession(machine.db, u);
    const victim = { uid: u, generation: now?.generation ?? 0, storedBytes: 1, reason: 'test' };
    const by = { sweepId: null, at: machine.now, untilUsageBytes: null };
    expect(evictCovered(machine.db, [victim], by)[0]).toMatchObject({ kind: 'skipped' });
    await machine.sync();
    expect(evictCovered(machine.db, [victim], by)[0]).toMatchObject({ kind: 'evicted' });
    expect(await machine.fetch(u)).toBe(promptLine(id(1), 'one') + promptLine(id(1), 'two'));
  },
  LONG,
);

test(
  'a file that was cut since it was uploaded is not there as it is',
  async () => {
    using model = await ModelBucket.started();
    using machine = new RemoteWorld(model, 'one');
    machine.put(claudePath(id(1)), promptLine(id(1), 'one') + promptLine(id(1), 'two'));
    await machine.ingest();
    await machine.sync();
    machine.put(claudePath(id(1)), promptLine(id(1), 'one'));
    await machine.ingest();
    expect(isInBucket(machine.db, uid(1) as SessionUid)).toBe(false);
    await machine.sync();
    expect(isInBucket(machine.db, uid(1) as SessionUid)).toBe(true);
  },
  LONG,
);

test('a plan of a store with a bucket never names what is not safe, loses nothing, and is the plain plan where all is safe', () => {
  const cards = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      age: fc.constantFrom(1, 60),
      analyzed: fc.boolean(),
      pinned: fc.boolean(),
      bytes: fc.constantFrom(0, 10, 40),
      safe: fc.boolean(),
    }),
    { selector: ({ name }) => name },
  );
  const caps = fc.constantFrom(0, 20, 50, 1000);
  fc.assert(
    fc.property(cards, caps, caps, fc.boolean(), (drawn, soft, more, dataLoss) => {
      const limits = {
        rawSoftCapBytes: soft,
        rawHardCapBytes: soft + more,
        rawMaxAgeDays: 45,
        distilledCapBytes: 1000,
      };
      const made = drawn.map(({ name, age, analyzed, pinned, bytes }) =>
        card(name, {
          endedAt: daysAgo(age),
          analyzedAt: analyzed ? daysAgo(age) : null,
          pinned,
          storedBytes: bytes,
        }),
      );
      const safe = new Set(drawn.filter((one) => one.safe).map(({ name }) => `test:${name}`));
      const census = () => censusOf(made, 0, NOW);
      const flags = { analyze: true, dataLoss };
      const plan = planSweep(
        withOnlySafe(census(), ({ uid: u }) => safe.has(u)),
        limits,
        flags,
        NOW,
      );
      for (const { card: victim } of plan.passes.flatMap(({ victims }) => victims))
        expect(safe.has(victim.uid)).toBe(true);
      expect(plan.worstCaseDataLoss).toEqual([]);
      const all = planSweep(
        withOnlySafe(census(), () => true),
        limits,
        flags,
        NOW,
      );
      const plain = planSweep(census(), limits, flags, NOW);
      expect(all.passes.filter(({ pass }) => pass !== 'bucket')).toEqual([...plain.passes]);
      // Whom a store without a bucket would lose at worst, this one leaves to it; and where they are not enough all the same.
      const atWorst = planSweep(census(), limits, { analyze: true, dataLoss: true }, NOW).worstCaseDataLoss;
      const left = all.passes.find(({ pass }) => pass === 'bucket')?.victims ?? [];
      if (!plain.insufficient)
        expect(left.map(({ card: one }) => one.uid)).toEqual(atWorst.map(({ card: one }) => one.uid));
      expect(all.toAnalyze).toEqual(plain.toAnalyze);
      expect([...withOnlySafe(census(), () => false).evictable()].filter(isEvictable)).toEqual([]);
    }),
  );
});

test(
  'a bucket that is gone, emptied or another one lets nothing go by its old receipts, and is filled again when it is back',
  async () => {
    using model = await ModelBucket.started();
    using machine = new RemoteWorld(model, 'one');
    const u = uid(1) as SessionUid;
    machine.put(claudePath(id(1)), promptLine(id(1), 'one'));
    await machine.ingest();
    const format = Buffer.from(model.bytes('format'));
    const other = JSON.stringify({ format: 'session-memory remote', version: 1, bucket: 'c1'.repeat(16) });
    const holdsOnly = (text: string) => () => {
      model.objects.clear();
      model.put('format', Buffer.from(text));
    };
    const ways: readonly (readonly [string, () => void])[] = [
      ['any more', () => model.objects.clear()],
      [
        'NoSuchBucket',
        () => {
          model.fault = () => ({ kind: 'status', status: 404, code: 'NoSuchBucket' });
        },
      ],
      ['another bucket than', holdsOnly(other)],
      ['foreign', holdsOnly('<html>')],
    ];
    for (const [told, spoil] of ways) {
      await machine.sync();
      expect(isInBucket(machine.db, u), told).toBe(true);
      spoil();
      await expect(machine.sync()).rejects.toThrow(told);
      expect(isInBucket(machine.db, u), told).toBe(false);
      model.fault = () => null;
      model.put('format', format);
    }
    await machine.sync();
    expect(isInBucket(machine.db, u)).toBe(true);
    expect(await machine.fetch(u)).toBe(promptLine(id(1), 'one'));
    // A service that fails says nothing of what lies in it.
    model.fault = () => ({ kind: 'status', status: 403, code: 'AccessDenied' });
    await expect(machine.sync()).rejects.toThrow('AccessDenied');
    expect(isInBucket(machine.db, u)).toBe(true);
  },
  LONG,
);

test(
  'what the bucket has lost since it was read back goes by no sweep and no hand; where it cannot be looked, the receipt stands',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    for (const n of [1, 2]) laptop.write(n, `session ${n}`);
    await laptop.ok('ingest');
    await laptop.sync();
    const kept = new Map(model.objects);
    for (const name of model.names('some/packs/')) model.objects.delete(name);
    expect((await laptop.ok('evict', id(1), '--yes')).out).toContain('Evicted 0 sessions');
    await laptop.sync();
    for (const name of model.names('some/packs/')) model.objects.delete(name);
    expect((await laptop.report('sweep', ...TIGHT)).budget_evicted).toEqual([]);
    for (const [name, object] of kept) model.objects.set(name, object);
    await laptop.sync();
    model.fault = () => ({ kind: 'reset' });
    expect((await laptop.report('sweep', ...TIGHT)).budget_evicted).toHaveLength(2);
  },
  LONG,
);

test(
  'a store that was set back to before a collection counts no pack that is gone',
  async () => {
    using model = await ModelBucket.started();
    using machine = new RemoteWorld(model, 'one');
    for (const n of [1, 2]) machine.put(claudePath(id(n)), promptLine(id(n), `number ${n}`));
    await machine.ingest();
    await machine.sync();
    const image = machine.image();
    forgetSession(machine.db, uid(1) as SessionUid, machine.now);
    expect((await machine.collect()).purged).toBeGreaterThan(0);
    machine.setBack(image);
    await machine.sync();
    expect((await machine.verified()).findings).toEqual([]);
    machine.evict(uid(2));
    expect(await machine.fetch(uid(2))).toBe(promptLine(id(2), 'number 2'));
  },
  LONG,
);

test(
  'a session with a file that would not come back is uploaded whole, told of once, and goes from here by no sweep',
  async () => {
    using model = await ModelBucket.started();
    using machine = new RemoteWorld(model, 'one');
    const u = uid(1) as SessionUid;
    machine.put(claudePath(id(1)), promptLine(id(1), 'one'));
    machine.put(
      claudePath(id(1)).replace('.jsonl', '/subagents/agent-a1.jsonl'),
      promptLine(id(1), 'of a subagent'),
    );
    await machine.ingest();
    expect(machine.db.all('SELECT id FROM files')).toHaveLength(2);
    const { uploaded } = await machine.sync();
    expect(uploaded.problems.map(({ problem }) => problem).join()).toContain('it stays here too');
    expect(uploaded.rawBytes).toBe(
      machine.db.get<{ n: number }>('SELECT sum(raw_bytes) AS n FROM segments')?.n ?? 0,
    );
    expect(isInBucket(machine.db, u)).toBe(false);
    const generation = findSession(machine.db, u)?.generation ?? 0;
    const victim = { uid: u, generation, storedBytes: 1, reason: 'test' };
    const by = { sweepId: null, at: machine.now, untilUsageBytes: null };
    expect(evictCovered(machine.db, [victim], by)[0]).toMatchObject({ kind: 'skipped' });
    expect((await machine.sync()).uploaded.problems).toEqual([]);
  },
  LONG,
);

test(
  'a store that was written anew of its rows is still of its bucket, and has back what it had evicted',
  async () => {
    using model = await ModelBucket.started();
    using machine = new RemoteWorld(model, 'one');
    using other = new RemoteWorld(model, 'other');
    other.put(claudePath(id(3)), promptLine(id(3), 'elsewhere'));
    await other.ingest();
    await other.sync();
    for (const n of [1, 2]) machine.put(claudePath(id(n)), promptLine(id(n), `number ${n}`));
    await machine.ingest();
    await machine.sync();
    machine.evict(uid(1));
    await machine.sync();
    const into = join(machine.folder, 'rebuilt.db');
    rebuild(machine.db.path, into);
    machine.db.close();
    Object.assign(machine, { db: openWritable(into) });
    expect([hasBucket(machine.db), isInBucket(machine.db, uid(2) as SessionUid)]).toEqual([true, false]);
    expect([...census(machine.db, machine.now).evictable()]).toEqual([]);
    const { read } = await machine.sync();
    expect(read.problems).toEqual([]);
    expect(isInBucket(machine.db, uid(2) as SessionUid)).toBe(true);
    for (const n of [1, 2]) expect(await machine.fetch(uid(n))).toBe(promptLine(id(n), `number ${n}`));
    expect([...mirrored(machine.db).keys()]).toEqual([uid(3)] as SessionUid[]);
  },
  LONG,
);

test(
  'where a bucket is configured that the store has not joined, nothing goes, whatever asks for it',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    const store = ['--store', join(laptop.folder, 'another.db')];
    laptop.write(1, 'is nowhere else');
    await laptop.ok('ingest', ...store);
    const swept = await laptop.report('sweep', ...TIGHT, ...store);
    expect([swept.code, swept.lost_data, swept.bytes_freed]).toEqual([4, false, 0]);
    expect(swept.warnings.join()).toContain('until their bytes are in the bucket');
    const planned = await laptop.report('sweep', '--dry-run', '--soft-cap', '0', '--hard-cap', '0', ...store);
    expect(planned.plan.passes.flatMap(({ victims }) => victims)).toEqual([]);
    await laptop.run('maintain', ...TIGHT, ...store);
    const byHand = await laptop.run('evict', id(1), '--yes', ...store);
    expect(byHand.out + byHand.err).toContain('not in the bucket yet');
    expect((await laptop.ok('show', id(1), '--raw', ...store)).out).toContain('is nowhere else');
  },
  LONG,
);

test(
  'who leaves a bucket has the table that was written taken out; while one stands there nothing goes',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    const config = (await laptop.ok('config', 'path')).out.trim();
    const [before, own] = [readFileSync(config, 'utf8'), '[ingest]\nexclude = []\n'];
    writeFileSync(config, `${before}\n# mine\n`);
    expect((await laptop.ok('remote', 'leave')).out).toContain('nothing is evicted: take it out');
    laptop.write(1, 'one');
    await laptop.ok('ingest');
    expect((await laptop.report('sweep', ...TIGHT)).bytes_freed).toBe(0);
    writeFileSync(config, own);
    await laptop.setUp('add');
    expect(readFileSync(config, 'utf8')).not.toBe(own);
    expect((await laptop.ok('remote', 'leave')).out).toContain('evictions are final again');
    expect(readFileSync(config, 'utf8')).toBe(own);
  },
  LONG,
);

test(
  'maintain looks whether the packs are there still before anything goes: where they have run out nothing does',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    laptop.write(1, 'one');
    await laptop.ok('ingest');
    await laptop.sync();
    for (const name of model.names('some/packs/')) model.objects.delete(name);
    const lowered = ['maintain', '--yes', '--soft-cap', '0', '--hard-cap', '1MiB'];
    const run = await laptop.run(...lowered);
    expect([run.code, run.err.includes('the bucket has lost the bytes of 1 session')]).toEqual([1, true]);
    expect((await laptop.listed()).map(({ state }) => state)).toEqual(['analyzed']);
    await laptop.ok(...lowered);
    expect((await laptop.listed()).map(({ state }) => state)).toEqual(['evicted']);
    expect((await laptop.ok('show', id(1), '--raw')).out).toContain('one');
  },
  LONG,
);

test(
  'what two machines have put there is had back where the packs of one of them are lost',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    laptop.write(1, 'one');
    await laptop.ok('ingest');
    await laptop.sync();
    const lost = model.names('some/packs/');
    using desktop = await Machine.joined(model, 'desktop');
    desktop.write(1, 'one');
    await desktop.ok('ingest');
    await desktop.sync();
    await laptop.sync();
    await laptop.ok('evict', id(1), '--yes');
    for (const name of lost) model.objects.delete(name);
    const shown = await laptop.ok('show', id(1), '--raw');
    expect(shown.out).toBe(promptLine(id(1), 'one', '2026-05-01T00:00:00.000Z'));
    expect(shown.err).toContain('another one is whole');
    for (const name of model.names('some/packs/')) model.objects.delete(name);
    expect((await laptop.run('show', id(1), '--raw')).code).not.toBe(0);
  },
  LONG,
);

test(
  'a session of which bytes are missing here has no receipt',
  async () => {
    using model = await ModelBucket.started();
    using machine = new RemoteWorld(model, 'one');
    for (const n of [1, 2]) machine.put(claudePath(id(n)), promptLine(id(n), `number ${n}`));
    await machine.ingest();
    for (const { name } of machine.db.all<{ name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'segments'",
    ))
      machine.db.exec(`DROP TRIGGER "${name}"`);
    machine.db.run(
      'DELETE FROM segments WHERE session_id = (SELECT id FROM sessions WHERE session_uid = $uid)',
      {
        uid: uid(1),
      },
    );
    const { uploaded } = await machine.sync();
    expect(uploaded.problems.map(({ problem }) => problem).join()).toContain('missing in the store');
    expect([1, 2].map((n) => isInBucket(machine.db, uid(n) as SessionUid))).toEqual([false, true]);
  },
  LONG,
);

test(
  'a digest that has rotted here keeps nothing back of what other machines tell',
  async () => {
    using model = await ModelBucket.started();
    using laptop = new RemoteWorld(model, 'laptop');
    using desktop = new RemoteWorld(model, 'desktop');
    for (const machine of [laptop, desktop]) {
      machine.put(claudePath(id(1)), promptLine(id(1), 'on both'));
      await machine.ingest();
    }
    laptop.put(claudePath(id(2)), promptLine(id(2), 'of the laptop alone'));
    await laptop.ingest();
    await laptop.sync();
    for (const rotten of ['{"prompts', 'null']) {
      desktop.db.run('UPDATE digests SET json = $rotten, bytes = length($rotten) WHERE session_id = 1', {
        rotten,
      });
      desktop.db.run('DELETE FROM remote_machines');
      await desktop.sync();
      expect(findSession(desktop.db, uid(2) as SessionUid)).not.toBeNull();
    }
  },
  LONG,
);
