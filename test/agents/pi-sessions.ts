/** Sessions of pi and its family, as tests write them, and what a store made of them. */
import { expect } from 'bun:test';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../src/domain/digest.ts';
import { listSessions } from '../../src/store/read.ts';
import type { World } from '../support/bench-world.ts';
import { restoreAll } from '../support/restored.ts';
import { jsonl } from './facts.ts';

/** A session of pi: what a person asked is told by its one prompt. */
export function session(id: string, prompt: string, more: object = {}): string {
  return jsonl(
    { type: 'session', version: 3, id, timestamp: '2026-05-01T10:00:00.000Z', cwd: '/srv/quay', ...more },
    entry('e1', '2026-05-01T10:00:01.000Z', { role: 'user', content: prompt }),
    entry('e2', '2026-05-01T10:00:02.000Z', {
      role: 'assistant',
      content: [{ type: 'text', text: `did ${prompt}` }],
      model: 'm',
      usage: { input: 10, output: 5, cacheRead: 0, cacheWrite: 0 },
    }),
  );
}

export const entry = (id: string, timestamp: string, message: object) => ({
  type: 'message',
  id,
  timestamp,
  message,
});
export const uids = (world: World) => [...listSessions(world.db)].map(({ uid }) => uid as string).sort();
export const digestOf = (world: World, uid: string): Digest => JSON.parse(world.digestJson(uid));

/** Removes what lies at the paths, restores all, and holds that each is there again, byte for byte. */
export async function comesBack(
  world: World,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const path of Object.keys(files)) rmSync(join(world.home, path));
  expect((await restoreAll(world, null)).failed).toEqual([]);
  for (const [path, content] of Object.entries(files))
    expect([path, readFileSync(join(world.home, path)).equals(Buffer.from(content))]).toEqual([path, true]);
}
