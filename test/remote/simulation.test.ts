/**
 * Several machines and one bucket through whatever may happen: runs that are killed at any point, services that fail, answers that are lost,
 * a store that is set back to an older day, copies of a store. What was promised is held against what is there afterwards.
 */
import { expect, test } from 'bun:test';
import { randomOf } from '../../scripts/torture/random.ts';
import { FailureError } from '../../src/domain/errors.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { armKillPoints } from '../../src/domain/kill-point.ts';
import { forgetSession, forgottenUids } from '../../src/store/forget.ts';
import { findSession, listSessions } from '../../src/store/read.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { type Fault, ModelBucket } from '../support/model-bucket.ts';
import { RemoteWorld } from '../support/remote-world.ts';

const id = (n: number) => `a00000${String(n).padStart(2, '0')}-0000-4000-8000-000000000000`;
const uid = (n: number) => `claude-code:${id(n)}`;

/** Names in a page of a list: lists have to be read to their end. */
const PAGE = 3;

class Killed extends Error {}

const FAULTS: readonly Fault[] = [
  { kind: 'status', status: 503, code: 'SlowDown' },
  { kind: 'status', status: 500, code: 'InternalError' },
  { kind: 'reset' },
  { kind: 'lost' },
  { kind: 'half' },
];

/** One run that may be killed, or meet a service that fails; what it leaves is what a process leaves. */
async function roughSync(machine: RemoteWorld, next: (n: number) => number): Promise<void> {
  let left = next(2) === 0 ? next(60) : -1;
  machine.model.fault = () => (next(4) === 0 ? (FAULTS[next(FAULTS.length)] ?? null) : null);
  armKillPoints(() => {
    left -= 1;
    if (left === 0) throw new Killed();
  });
  try {
    if (next(4) > 0) await machine.sync();
    else {
      machine.later(next(10));
      await machine.collect();
    }
  } catch (thrown) {
    // What was left half done by another machine may be missing for a while: then nothing is collected.
    const isFailure =
      thrown instanceof FailureError && ['unreachable', 'failed'].includes(thrown.failure.code);
    if (!(thrown instanceof Killed) && !isFailure) throw thrown;
  } finally {
    armKillPoints(null);
    machine.model.fault = () => null;
  }
}

const textOf = (n: number, lines: number) =>
  Array.from({ length: lines }, (_, i) => promptLine(id(n), `session ${n} step ${i}`)).join('');

async function history(seed: number): Promise<void> {
  const { below: next } = randomOf(seed);
  using model = await ModelBucket.started('model', PAGE);
  const names = ['one', 'two', 'three'];
  const all = names.map((name) => new RemoteWorld(model, name));
  const images = new Map<RemoteWorld, string>();
  /** How many lines the owner of each session has written, and who that is. */
  const lines = new Map<number, { owner: RemoteWorld; lines: number }>();
  const forgotten = new Set<number>();
  try {
    for (let step = 0; step < 25; step += 1) {
      const machine = all[next(all.length)] as RemoteWorld;
      const act = next(10);
      if (act < 3 && lines.size < 8) {
        lines.set(lines.size, { owner: machine, lines: 1 });
        machine.put(claudePath(id(lines.size - 1)), textOf(lines.size - 1, 1));
        await machine.ingest();
      } else if (act < 5) {
        const n = next(Math.max(1, lines.size));
        const one = lines.get(n);
        if (one === undefined || forgotten.has(n)) continue;
        one.lines += 1 + next(3);
        one.owner.put(claudePath(id(n)), textOf(n, one.lines));
        await one.owner.ingest();
      } else if (act < 8) await roughSync(machine, next);
      else if (act === 8) {
        const n = next(Math.max(1, lines.size));
        const there = findSession(machine.db, uid(n) as SessionUid);
        if (there === null || next(3) > 0) continue;
        if (forgetSession(machine.db, uid(n) as SessionUid, machine.now)) forgotten.add(n);
      } else if (images.has(machine)) {
        machine.setBack(images.get(machine) ?? '');
        await machine.ingest();
      } else images.set(machine, machine.image());
    }
    for (let round = 0; round < 3; round += 1)
      for (const machine of all) {
        await machine.ingest();
        const { read, uploaded } = await machine.sync();
        expect([read.problems, uploaded.problems], `seed ${seed}`).toEqual([[], []]);
      }
    await laws(seed, all, lines, forgotten);
  } finally {
    for (const machine of all) machine[Symbol.dispose]();
  }
}

async function laws(
  seed: number,
  all: readonly RemoteWorld[],
  lines: ReadonlyMap<number, { owner: RemoteWorld; lines: number }>,
  forgotten: ReadonlySet<number>,
): Promise<void> {
  const about = `seed ${seed}`;
  // A store that was set back before it had told of it knows nothing of what was forgotten there.
  const isForgotten = (n: number) => all.some(({ db }) => forgottenUids(db).has(uid(n) as SessionUid));
  for (const machine of all) {
    const rows = new Map(listSessions(machine.db, {}).map((row) => [row.uid as string, row]));
    for (const [n, { lines: count }] of lines) {
      if (isForgotten(n)) {
        expect(
          forgottenUids(machine.db).has(uid(n) as SessionUid),
          `${about}: ${n} is forgotten on ${machine.name}`,
        ).toBe(true);
        expect(await machine.fetch(uid(n)), about).toBe('not in the bucket');
        continue;
      }
      expect(rows.has(uid(n)), `${about}: ${machine.name} knows ${n}`).toBe(true);
      expect(await machine.fetch(uid(n)), `${about}: ${n} from ${machine.name}`).toBe(textOf(n, count));
    }
    const pages = Math.ceil(machine.model.names('heads/').length / PAGE);
    expect((await machine.sync()).requests, `${about}: nothing is new`).toBe(pages);
  }
  expect((await (all[0] as RemoteWorld).verified()).findings, about).toEqual([]);
  for (const [name, { body }] of (all[0] as RemoteWorld).model.objects)
    expect(body.includes('step'), `${about}: a word in ${name}`).toBe(false);
  expect(forgotten.size).toBeGreaterThanOrEqual(0);
}

const SEEDS = Number(Bun.env['REMOTE_SEEDS'] ?? '6');
const FIRST = Number(Bun.env['REMOTE_SEED'] ?? '1');

test(`through ${SEEDS} histories no byte is missing that was stored, all machines come to know the same, and what is forgotten is gone`, async () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) await history(seed);
}, 300_000);
