/**
 * Rot: bytes of a real store file flipped, zeroed, cut off, wherever they lie; then looked at, repaired, looked at again.
 * Promises: every harm is checked to have changed bytes; each broken law comes with the harm that broke it.
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, Part, Round } from './part.ts';
import { lookAt, repairAndLook } from './rot-laws.ts';
import { type Harm, harm, makeRotStore, type RotStore, regionsOf } from './rot-store.ts';

/** Harms of one round: each is looked at through every session of the store. */
const HARMS = 12;

export const rot: Part = {
  name: 'rot',
  about:
    'Flips, zeroes and cuts bytes of a store file: nothing wrong is given out, verify names what is hit, repair mends or records it.',
  unavailable: async () => null,
  round,
};

async function round({ seed, folder, log }: Round): Promise<Outcome> {
  const made = await makeRotStore(folder);
  const regions = [...regionsOf(made.store)];
  const next = randomFrom(seed);
  const failures: string[] = [];
  let hits = 0;
  let checks = 0;
  for (let i = 0; i < HARMS; i += 1) {
    const [name, places] = regions[next(regions.length)] ?? ['', []];
    const [first, length] = places[next(places.length)] ?? [0, 1];
    const kind = (['flip', 'flip', 'zero', 'zero', 'cut'] as const)[next(5)] ?? 'flip';
    const offset = first + next(length);
    const done: Harm = { kind, offset, size: kind === 'flip' ? next(8) : 1 + next(length) };
    const result = await sufferOne(made, join(folder, `harm-${i}`), done);
    hits += result.changed > 0 ? 1 : 0;
    checks += result.checks;
    failures.push(...result.broken.map((law) => `${name}, ${JSON.stringify(done)}: ${law}`));
  }
  log(`${hits} harms, ${checks} checks`);
  return { harm: hits, checks, failures };
}

/** One harm to a copy of the store, from the first look to the repair. */
export async function sufferOne(
  made: RotStore,
  folder: string,
  one: Harm,
): Promise<{
  changed: number;
  checks: number;
  broken: string[];
  lost: string[];
  code: number;
  findings: number;
}> {
  mkdirSync(folder, { recursive: true });
  const store = join(folder, 's.db');
  copyFileSync(made.store, store);
  const changed = harm(store, one);
  const damaged = { ...made, store, folder };
  const look = await lookAt(damaged);
  const after = await repairAndLook(damaged);
  rmSync(folder, { recursive: true, force: true });
  return {
    changed,
    checks: look.checks + made.truth.size,
    broken: [...look.broken, ...after.broken],
    lost: after.lost,
    code: after.code,
    findings: look.findings.length,
  };
}

/** Numbers below a bound, the same for the same seed (xorshift32, Marsaglia 2003). */
export function randomFrom(seed: number): (below: number) => number {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}
