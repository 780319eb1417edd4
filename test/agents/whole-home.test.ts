/** One home with all agents' recordings at once: what a scan counts is what a plain walk over the same folders counts. */
import { expect, test } from 'bun:test';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { scanAgents } from '../../src/ingest/discover/scan.ts';
import { World } from '../support/bench-world.ts';
import { CORPUS } from './genuine.ts';

const HOME = join(CORPUS, 'home');
const isThere = existsSync(HOME);
if (!isThere) console.log('skipped: no home of recordings in ../shared/corpus/home');

/** The corpus holds nothing beside sessions, so each file in an agent's folder counts. */
const FOLDERS = {
  'claude-code': '.claude',
  codex: '.codex',
  'copilot-cli': '.copilot',
  'gemini-cli': '.gemini',
  pi: '.pi',
};

test.skipIf(!isThere)('the scans of a whole home agree with the files on disk, agent by agent', async () => {
  using world = new World();
  const host = { ...world.host, homeDir: HOME, env: {} };
  const scans = await scanAgents(world.db, host, world.clock, () => undefined);
  const counted = Object.fromEntries(scans.map((scan) => [scan.agent, [scan.files, scan.raw_bytes]]));
  const walked = Object.entries(FOLDERS).map(([agent, folder]): [string, number[]] => {
    const sizes = readdirSync(join(HOME, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => statSync(join(HOME, folder, name)))
      .filter((stats) => stats.isFile())
      .map((stats) => stats.size);
    return [agent, [sizes.length, sizes.reduce((sum, size) => sum + size, 0)]];
  });
  expect(counted).toEqual(Object.fromEntries(walked));
});
