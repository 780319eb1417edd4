/**
 * Kills: the program dies by SIGKILL at every named point, at any statement, at any moment, and again while it recovers.
 * Promises: after each kill the store opens and verifies, each session is whole or a tombstone with its event, and a rerun
 * ends in the tables of an undisturbed run with no file left over; a kill that did not hit is never counted.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openWritable } from '../../src/store/open.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { Box, filesIn, type Kill } from './box.ts';
import type { Scene } from './kills-records.ts';
import { SCENES } from './kills-scenes.ts';
import type { Outcome, Part, Round } from './part.ts';
import { type Random, randomOf } from './random.ts';
import { brokenLaws, differences, liveFilesOf, tablesOf } from './store-laws.ts';

/** Kills of one scene in a round of the long form. */
const KILLS_A_ROUND = 12;
/** How often a run that recovers is killed once more. */
const AGAIN_MAX = 3;

export const kills: Part = {
  name: 'kills',
  about:
    'Kills the program at every point and moment, also while it recovers; nothing may be lost or left over.',
  unavailable: async () => (process.platform === 'win32' ? 'Windows has no SIGKILL' : null),
  round,
};

async function round({ seed, folder, binary, log }: Round): Promise<Outcome> {
  const random = randomOf(seed);
  const scene = random.pick(SCENES);
  log(scene.name);
  const stage = await Stage.of(scene, folder, binary);
  const failures: string[] = [];
  let harm = 0;
  let checks = 0;
  for (let n = 0; n < KILLS_A_ROUND; n += 1) {
    const outcome = await stage.disturb(await stage.anyKill(random), random);
    harm += outcome.harm;
    checks += outcome.checks;
    failures.push(...outcome.failures);
    if (failures.length > 0) break;
  }
  return { harm, checks, failures };
}

/** Each file with what it holds. */
function contentsIn(folder: string): string[] {
  return filesIn(folder).map((name) => `${name} ${Bun.hash(readFileSync(join(folder, name))).toString(16)}`);
}

/** A scene made ready, with what an undisturbed run of it leaves. */
export class Stage {
  readonly scene: Scene;
  readonly #box: Box;
  readonly #tables: readonly string[];
  readonly #home: readonly string[];
  readonly #tookMs: number;
  /** How many points an undisturbed run passes; null until somebody asks. */
  #passes: number | null = null;

  private constructor(scene: Scene, box: Box, tookMs: number) {
    this.scene = scene;
    this.#box = box;
    this.#tables = tablesOf(box.store);
    this.#home = contentsIn(box.home);
    this.#tookMs = tookMs;
  }

  static async of(scene: Scene, folder: string, binary: string): Promise<Stage> {
    const box = new Box(binary, join(folder, scene.name));
    await scene.prepare(box);
    box.keep(scene.writesHome === true);
    const began = performance.now();
    await box.must(scene.args, scene.codes.slice(0, 1));
    await scene.settled?.(box);
    return new Stage(scene, box, performance.now() - began);
  }

  /** A kill at any statement or point of the run, or from outside at any moment. */
  async anyKill(random: Random): Promise<Kill> {
    if (random.below(4) === 0) return { afterMs: random.below(Math.ceil(this.#tookMs)) };
    return { point: `*:${1 + random.below(await this.passes())}` };
  }

  /** Found by halves: a count that is never reached kills nothing. */
  async passes(): Promise<number> {
    if (this.#passes !== null) return this.#passes;
    let [hit, missed] = [0, 1];
    while (await this.#isHit(missed)) [hit, missed] = [missed, missed * 2];
    while (missed - hit > 1) {
      const middle = Math.floor((hit + missed) / 2);
      if (await this.#isHit(middle)) hit = middle;
      else missed = middle;
    }
    this.#passes = Math.max(1, hit);
    return this.#passes;
  }

  async #isHit(count: number): Promise<boolean> {
    this.#box.reset();
    const { killed } = await this.#box.run(this.scene.args, { point: `*:${count}` });
    if (!killed) await this.scene.settled?.(this.#box);
    return killed;
  }

  /** One kill, up to three more while the next run recovers where `random` is given, and then all that must hold. */
  async disturb(kill: Kill, random: Random | null): Promise<Outcome> {
    const box = this.#box;
    box.reset();
    const told: string[] = [];
    let harm = 0;
    let checks = 0;
    const failures: string[] = [];
    const look = () => {
      checks += 1;
      failures.push(...this.#broken());
    };
    for (let next: Kill = kill; next !== null; ) {
      told.push(JSON.stringify(next));
      const ran = await box.run(this.scene.args, next);
      if (!ran.killed) {
        await this.scene.settled?.(box);
        break;
      }
      harm += 1;
      if (this.scene.isDamaged !== true) look();
      const again = random !== null && harm <= AGAIN_MAX && random.below(2) === 0;
      next = again ? this.killWhileRecovering(random) : null;
    }
    const last = await box.run(this.scene.args);
    await this.scene.settled?.(box);
    if (last.code === null || !this.scene.codes.includes(last.code))
      failures.push(`the rerun exited ${last.code}: ${last.err}${last.out}`);
    look();
    failures.push(...this.#unlike());
    return {
      harm,
      checks,
      failures: failures.map((text) => `${this.scene.name}, killed ${told.join(', ')}: ${text}`),
    };
  }

  /** While recovering: near the start, where what was left is taken up. */
  killWhileRecovering(random: Random): Kill {
    return { point: `*:${1 + random.below(Math.max(1, this.#passes ?? 20))}` };
  }

  #broken(): string[] {
    const box = this.#box;
    try {
      const broken = brokenLaws(box.store);
      for (const [name, { relPath, bytes }] of liveFilesOf(box.store)) {
        const versions = box.versionsOf(relPath);
        const isOfOne = versions.some((version) => version.subarray(0, bytes.length).equals(bytes));
        // A file that was never in this home came with a store that was kept: its tables are compared.
        if (!isOfOne && versions.length > 0)
          broken.push(`${name}: what is stored is no beginning of what was in its file`);
      }
      const db = openWritable(box.store);
      try {
        const { findings } = verify(
          db,
          () => undefined,
          () => false,
        );
        broken.push(...findings.map((finding) => `verify: ${JSON.stringify(finding)}`));
      } finally {
        db.close();
      }
      return broken;
    } catch (thrown) {
      return [`the store cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`];
    }
  }

  #unlike(): string[] {
    const leaves = this.scene.leaves;
    const left = this.#box.leftovers().filter((name) => leaves?.test(name) !== true);
    const home = contentsIn(this.#box.home);
    return [
      ...left.map((name) => `left behind: ${name}`),
      ...differences(this.#home, home).map((name) => `the home differs: ${name}`),
      ...differences(this.#tables, tablesOf(this.#box.store)).map(
        (line) => `unlike an undisturbed run: ${line}`,
      ),
    ];
  }

  [Symbol.dispose](): void {
    rmSync(this.#box.folder, { recursive: true, force: true });
  }
}
