/** A process that dies at any named point costs nothing: see scripts/torture/kills.ts for what is held after each death. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tortureBinary } from '../../scripts/torture/binary.ts';
import { Stage } from '../../scripts/torture/kills.ts';
import { SCENES } from '../../scripts/torture/kills-scenes.ts';
import { randomOf } from '../../scripts/torture/random.ts';
import { SEED } from '../support/seed.ts';

const folder = mkdtempSync(join(tmpdir(), 'session-memory-kills-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(SCENES.map((scene) => [scene.name, scene] as const))(
  'a death in the middle of %s',
  (_, scene) => {
    test('leaves a store that verifies, whole sessions, and a rerun that ends as if nothing had been', async () => {
      using stage = await Stage.of(scene, folder, await tortureBinary());
      for (const point of scene.isLarge === true ? scene.points.slice(0, 1) : scene.points) {
        const { harm, failures } = await stage.disturb({ point: `${point}:1` }, null);
        expect(harm, `${point} was passed, and the process died there`).toBe(1);
        expect(failures).toEqual([]);
      }
      if (scene.isLarge === true) return;
      const random = randomOf(SEED);
      const { harm, failures } = await stage.disturb({ point: `*:${1 + random.below(6)}` }, random);
      expect(harm, 'it died, and maybe again while it recovered').toBeGreaterThan(0);
      expect(failures).toEqual([]);
    }, 60_000);
  },
);

test('a release has no point at which it can be killed', () => {
  const release = Bun.env['SESSION_MEMORY_BIN'];
  if (release === undefined) return console.log('skipped: no release was built (SESSION_MEMORY_BIN)');
  expect(readFileSync(release).includes('SESSION_MEMORY_KILL_AT')).toBe(false);
});
