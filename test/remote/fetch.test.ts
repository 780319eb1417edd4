/** What is fetched: whole or not at all, put where this machine's agent looks, and nothing left of it afterwards. */
import { expect, test } from 'bun:test';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import type { z } from 'zod';
import { spoolFor } from '../../src/archive/import.ts';
import * as schemas from '../../src/cli/schemas.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { armKillPoints } from '../../src/domain/kill-point.ts';
import { bytesOf, fetched } from '../../src/remote/fetch.ts';
import { packName } from '../../src/remote/layout.ts';
import { openPassing, openPassingRows } from '../../src/store/passing.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { type Asked, type Fault, ModelBucket } from '../support/model-bucket.ts';
import { Program } from '../support/program.ts';
import { evicted, filesIn, id, longText, Machine, uid } from '../support/remote-machine.ts';
import { bucketIn, RemoteWorld } from '../support/remote-world.ts';

const LONG = 120_000;
const isPack = ({ method, key }: Asked) => method === 'GET' && key.includes('packs/');
const several = (out: string): z.output<typeof schemas.restoreSeveralSchema> =>
  schemas.restoreSeveralSchema.parse(JSON.parse(out));

/** Session 1 here and in the bucket. */
async function uploaded(model: ModelBucket, text: string): Promise<RemoteWorld> {
  const laptop = new RemoteWorld(model, 'laptop');
  laptop.put(claudePath(id(1)), text);
  await laptop.ingest();
  await laptop.sync();
  return laptop;
}

const FAULTS: readonly Fault[] = [
  { kind: 'status', status: 500, code: 'InternalError' },
  { kind: 'status', status: 503, code: 'SlowDown' },
  { kind: 'reset' },
  { kind: 'half' },
];

test(
  'a service that fails once for each pack gives the bytes all the same, one that goes on failing gives none',
  async () => {
    using model = await ModelBucket.started();
    const text = longText(1, 9_000_000);
    using laptop = await uploaded(model, text);
    expect(model.names('packs/').length).toBe(3);
    for (const fault of FAULTS) {
      const met = new Set<string>();
      model.fault = (asked) => {
        if (!isPack(asked) || met.has(asked.key)) return null;
        met.add(asked.key);
        return fault;
      };
      expect(await laptop.fetch(uid(1)), JSON.stringify(fault)).toBe(text);
      expect(met.size).toBe(model.names('packs/').length);
      // The last pack only: what came before is whole, and is not taken either.
      const last = [...met].at(-1);
      model.fault = (asked) => (asked.key === last ? fault : null);
      await expect(laptop.fetch(uid(1))).rejects.toThrow('cannot be reached');
    }
  },
  LONG,
);

test(
  'packs of one size that are exchanged, or cut at a piece, are named and nothing is taken',
  async () => {
    using model = await ModelBucket.started();
    const text = longText(1, 9_000_000);
    using laptop = await uploaded(model, text);
    const packs = model.names('packs/').sort((a, b) => model.bytes(b).length - model.bytes(a).length);
    const [one = '', two = ''] = packs;
    const [first, second] = [model.bytes(one), model.bytes(two)];
    model.put(one, second);
    model.put(two, first);
    await expect(laptop.fetch(uid(1))).rejects.toThrow('another object was put in its place');
    model.put(two, second);
    for (const wrong of [
      first.subarray(0, first.length - 1),
      first.subarray(0, 200),
      Buffer.concat([first, second]),
    ]) {
      model.put(one, wrong);
      await expect(laptop.fetch(uid(1))).rejects.toThrow(/cannot be used|larger than it can be/);
    }
    model.put(one, first);
    expect(await laptop.fetch(uid(1))).toBe(text);
  },
  LONG,
);

test(
  'a pack that was sealed as it should be and holds other bytes than were recorded is named, in one piece and in several',
  async () => {
    using model = await ModelBucket.started();
    using laptop = new RemoteWorld(model, 'laptop');
    const texts = [promptLine(id(1), 'one piece'), longText(2, 9_000_000)];
    for (const [i, text] of texts.entries()) {
      laptop.put(claudePath(id(i + 1)), text);
      await laptop.ingest();
      await laptop.sync();
    }
    const bucket = bucketIn(model);
    for (const [i, text] of texts.entries()) {
      const [state] = bytesOf(laptop.db, uid(i + 1) as SessionUid);
      const pack = state?.packs?.at(-1) ?? '';
      const whole = model.bytes(packName(pack));
      const plain = Buffer.from((await bucket.pack(pack)) ?? []);
      plain.writeUInt8(plain.readUInt8(5) ^ 1, 5);
      model.put(packName(pack), await bucket.sealedPack(pack, plain, 'little'));
      const told = await laptop.fetch(uid(i + 1)).catch((thrown: Error) => thrown.message);
      expect(told).toContain('does not have the hash that was recorded');
      model.put(packName(pack), whole);
      expect(await laptop.fetch(uid(i + 1))).toBe(text);
    }
  },
  LONG,
);

test(
  'whatever byte of what a fetch reads is changed, cut off or added, it is told and nothing is taken',
  async () => {
    using model = await ModelBucket.started();
    const text = longText(1, 300_000);
    using laptop = await uploaded(model, text);
    const packs = model.names('packs/');
    const states = bytesOf(laptop.db, uid(1) as SessionUid);
    using spool = spoolFor({ read: laptop.db });
    const arrivals = () =>
      Array.fromAsync(
        fetched(bucketIn(model), uid(1) as SessionUid, states, { spool, progress: () => undefined }),
      );
    const draws = fc.record({
      pack: fc.constantFrom(...packs),
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      how: fc.constantFrom('changed', 'cut', 'added', 'doubled'),
      bit: fc.nat(7),
    });
    await fc.assert(
      fc.asyncProperty(draws, async ({ pack, at, how, bit }) => {
        const whole = model.bytes(pack);
        const place = Math.floor(at * whole.length);
        const changed = Buffer.from(whole);
        changed.writeUInt8(changed.readUInt8(place) ^ (1 << bit), place);
        const wrong = {
          changed,
          cut: whole.subarray(0, place),
          doubled: Buffer.concat([whole, whole]),
          added: Buffer.concat([whole.subarray(0, place), Buffer.from([bit]), whole.subarray(place)]),
        };
        model.put(pack, wrong[how]);
        try {
          await expect(arrivals()).rejects.toThrow(`${pack} in the bucket`);
          await expect(laptop.fetch(uid(1))).rejects.toThrow(`${pack} in the bucket`);
        } finally {
          model.put(pack, whole);
        }
      }),
      { numRuns: 60 },
    );
    expect(await laptop.fetch(uid(1))).toBe(text);
  },
  LONG,
);

test(
  'what is fetched has no file of its own while it is used, and what a kill left goes with the next fetch',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await evicted(model, longText(1, 500_000));
    const folder = dirname(laptop.store);
    const before = readdirSync(folder).sort();
    const left = (n: number) => `${laptop.store}.fetch-0000000${n}-0000-4000-8000-000000000000`;
    for (const n of [1, 2]) writeFileSync(left(n), 'of a run that was killed');
    const old = new Date(Date.now() - 3_600_000);
    utimesSync(left(1), old, old);
    let seen: string[] = [];
    model.gate = (asked) => {
      if (isPack(asked)) seen = readdirSync(folder).sort();
      return null;
    };
    await laptop.ok('show', id(1), '--raw');
    // The other one is of this minute: a run may just have made it.
    expect(seen).toEqual([...before, left(2).slice(folder.length + 1)].sort());
    expect(readdirSync(folder).sort()).toEqual(seen);
  },
  LONG,
);

test('a kill leaves nothing of where a session is fetched to, not while that is being made either', () => {
  using machine = new Program();
  mkdirSync(dirname(machine.store));
  const seen: string[] = [];
  armKillPoints((name) => {
    if (name.startsWith('migrate')) seen.push(name, ...readdirSync(dirname(machine.store)));
  });
  try {
    openPassing(machine.store).close();
  } finally {
    armKillPoints(null);
  }
  // Windows deletes no open file.
  if (process.platform !== 'win32') expect([...new Set(seen)]).toEqual(['migrate.applied']);
});

test('the rows of what is fetched need no room that a disk which is nearly full does not have', () => {
  using machine = new Program();
  mkdirSync(dirname(machine.store));
  const db = openPassingRows(machine.store);
  const pages = db.get<{ bytes: number }>(
    'SELECT c.page_count * s.page_size AS bytes FROM pragma_page_count c, pragma_page_size s',
  );
  db.close();
  expect(pages?.bytes).toBeLessThan(1024 * 1024);
});

test(
  'a signal in the middle of a fetch or a sync ends it at once, and nothing is taken',
  async () => {
    using model = await ModelBucket.started();
    const text = longText(1, 9_000_000);
    using laptop = await evicted(model, text);
    laptop.put(claudePath(id(2)), longText(2, 9_000_000));
    await laptop.ok('ingest');
    const to = join(laptop.folder, 'to');
    for (const [signal, method, args] of [
      ['SIGINT', 'GET', ['restore', id(1), '--to', to]],
      ['SIGTERM', 'PUT', ['remote', 'sync']],
    ] as const) {
      let packs = 0;
      const { promise: reached, resolve } = Promise.withResolvers<void>();
      model.gate = (asked) => {
        if (asked.method !== method || !asked.key.includes('packs/')) return null;
        packs += 1;
        if (packs < 3) return null;
        resolve();
        return new Promise(() => undefined);
      };
      const child = laptop.start(...args);
      await reached;
      child.kill(signal);
      expect(await child.exited).toBe(130);
      expect(existsSync(to)).toBe(false);
    }
    model.gate = () => null;
    const { uploaded, problems } = await laptop.sync();
    expect([uploaded.sessions.includes(uid(2)), problems]).toEqual([true, []]);
    expect(Buffer.from((await laptop.ok('show', id(1), '--raw')).bytes).toString()).toBe(text);
  },
  LONG,
);

test(
  'two fetches at once, beside a sweep and a sync, each give all bytes',
  async () => {
    using model = await ModelBucket.started();
    const text = longText(1, 5_000_000);
    using laptop = await evicted(model, text);
    laptop.write(2, 'to be swept meanwhile');
    await laptop.ok('ingest');
    await laptop.sync();
    const to = [1, 2].map((n) => join(laptop.folder, `to-${n}`));
    const told = await Promise.all([
      ...to.map((folder) => laptop.ok('restore', id(1), '--to', folder)),
      laptop.ok('show', id(1), '--raw'),
      laptop.ok('sweep', '--yes', '--soft-cap', '0', '--hard-cap', '0'),
      laptop.run('remote', 'sync'),
    ]);
    // The sweep asks the bucket too, and of two that do so at once one is told.
    expect([0, 1]).toContain(told[4]?.code ?? -1);
    if (told[4]?.code === 1) expect(told[4].err).toContain('another run is speaking to the bucket');
    for (const folder of to) {
      const [name = ''] = filesIn(folder);
      expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
    }
    expect(Buffer.from(told[2]?.bytes ?? []).toString()).toBe(text);
    expect((await laptop.ok('show', id(2), '--raw')).out).toContain('to be swept meanwhile');
  },
  LONG,
);

test(
  'several sessions at once are had from here and from the bucket, and one that is lost there keeps no other',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    using desktop = await Machine.joined(model, 'desktop');
    for (const n of [1, 2]) {
      laptop.write(n, `of the laptop ${n}`);
      await laptop.ok('ingest');
      // Each in packs of its own.
      await laptop.sync();
    }
    desktop.write(3, 'of the desktop');
    await desktop.ok('ingest');
    rmSync(join(desktop.home, '.claude'), { recursive: true });
    await desktop.sync();
    const would = several((await desktop.ok('restore', id(1), id(3), '--dry-run', '--json')).out);
    expect(would.restored.map((one) => one.session_uid).sort()).toEqual([uid(1), uid(3)]);
    expect(existsSync(join(desktop.home, '.claude'))).toBe(false);
    const both = await desktop.ok('restore', id(1), id(3), id(2), '--json');
    expect(
      several(both.out)
        .restored.map(({ session_uid }) => session_uid)
        .sort(),
    ).toEqual([uid(1), uid(2), uid(3)]);
    for (const n of [1, 2])
      expect(readFileSync(join(desktop.home, claudePath(id(n))), 'utf8')).toContain(`of the laptop ${n}`);
    expect(readFileSync(join(desktop.home, claudePath(id(3))), 'utf8')).toContain('of the desktop');

    rmSync(join(desktop.home, '.claude'), { recursive: true });
    const first = model.takeLog();
    expect(first.length).toBeGreaterThan(0);
    await desktop.ok('show', id(1), '--raw');
    const [, lost = ''] = model.takeLog().filter((line) => line.startsWith('GET some/packs/'));
    model.objects.delete(lost.slice('GET '.length));
    const told = await desktop.run('restore', id(1), id(3), id(2), '--json');
    expect(told.code).toBe(1);
    expect(several(told.out).failed.map(({ session_uid }) => session_uid)).toEqual([uid(1)]);
    expect(existsSync(join(desktop.home, claudePath(id(1))))).toBe(false);
    expect(existsSync(join(desktop.home, claudePath(id(2))))).toBe(true);
  },
  LONG,
);

test(
  'what is fetched goes to the folder where the agent was met here, or to the first one that is configured',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    using desktop = await Machine.joined(model, 'desktop');
    for (const { home } of [laptop, desktop])
      appendFileSync(
        join(home, '.config/session-memory/config.toml'),
        `\n[agents.claude-code]\nroots = ["${join(home, 'box/.claude')}"]\n`,
      );
    const relPath = claudePath(id(1)).replace('.claude', 'box/.claude');
    const path = laptop.put(relPath, promptLine(id(1), 'in a container'));
    await laptop.ok('ingest');
    await laptop.sync();
    await laptop.ok('evict', id(1), '--yes');
    rmSync(path);
    // The usual folder is there too.
    mkdirSync(join(laptop.home, '.claude/projects'), { recursive: true });
    const told = await laptop.ok('restore', id(1));
    expect(readFileSync(path, 'utf8')).toContain('in a container');
    // It is this machine's own: its folder is nobody's word.
    expect(told.out).not.toContain('came with an archive');

    await desktop.sync();
    // Only the configured folder is there.
    mkdirSync(join(desktop.home, 'box/.claude/projects'), { recursive: true });
    await desktop.ok('restore', id(1));
    expect(readFileSync(join(desktop.home, relPath), 'utf8')).toContain('in a container');
  },
  LONG,
);

test(
  'what no agent takes back is put beside the store, and stays there',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    const name = 'src/one/.aider.chat.history.md';
    const chat = '\n# aider chat started at 2026-05-01 10:00:00\n\n#### say something\n\nsomething\n';
    mkdirSync(join(laptop.home, 'src/one/.git'), { recursive: true });
    const path = laptop.put(name, chat);
    await laptop.ok('ingest', path);
    await laptop.sync();
    const [session] = await laptop.listed();
    await laptop.ok('evict', session?.session_uid ?? '', '--yes');
    await laptop.ok('restore', session?.session_uid ?? '');
    const folder = join(dirname(laptop.store), 'restored');
    expect(filesIn(folder)).toHaveLength(1);
    expect(readFileSync(join(folder, filesIn(folder)[0] ?? ''), 'utf8')).toBe(chat);
  },
  LONG,
);

test(
  'work that another machine went on with in a folder of its own comes back to the folder that it has here',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    using desktop = await Machine.joined(model, 'desktop');
    const first = promptLine(id(1), 'begun on the laptop');
    const path = laptop.put(claudePath(id(1)), first);
    await laptop.ok('ingest');
    await laptop.sync();
    await laptop.ok('evict', id(1), '--yes');
    rmSync(path);
    await desktop.sync();
    const other = join(desktop.home, 'other');
    mkdirSync(other);
    const { files } = JSON.parse((await desktop.ok('restore', id(1), '--project', other, '--json')).out);
    const second = promptLine(id(1), 'gone on with on the desktop', '2026-05-03T00:00:00.000Z');
    appendFileSync(files[0], second.replace('/home/me/project', other));
    await desktop.ok('ingest');
    await desktop.sync();
    await laptop.sync();
    const restored = JSON.parse((await laptop.ok('restore', id(1), '--json')).out);
    expect([restored.files, restored.resume.cwd]).toEqual([[path], '/home/me/project']);
    expect(readFileSync(path, 'utf8')).toBe(first + second.replace('/home/me/project', other));
  },
  LONG,
);

test(
  'what was fetched here and is then written anew by its agent is no other session',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    using desktop = await Machine.joined(model, 'desktop');
    const at = '2026-05-01T10:00:00.000Z';
    const meta = { id: id(1), timestamp: at, cwd: '/srv/forge', originator: 'codex_cli_rs', source: 'cli' };
    const said = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'done' }] };
    const records = [
      { timestamp: at, type: 'session_meta', payload: { ...meta, cli_version: '0.130.0' } },
      { timestamp: at, type: 'event_msg', payload: { type: 'user_message', message: 'do it' } },
      { timestamp: at, type: 'response_item', payload: said },
    ];
    const lines = (all: readonly object[]) => all.map((one) => `${JSON.stringify(one)}\n`).join('');
    const relPath = `.codex/sessions/2026/05/01/rollout-2026-05-01T10-00-00-${id(1)}.jsonl`;
    laptop.put(relPath, lines(records));
    await laptop.ok('ingest');
    await laptop.sync();
    await desktop.sync();
    await desktop.ok('restore', id(1));
    // As Codex does it by itself when its version changes.
    desktop.put(relPath, lines(records.map((one, ordinal) => ({ ordinal, ...one }))));
    await desktop.ok('ingest');
    expect((await desktop.listed()).map(({ session_uid, state }) => [session_uid, state])).toEqual([
      [`codex:${id(1)}`, 'evicted'],
    ]);
  },
  LONG,
);
