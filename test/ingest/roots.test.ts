/** A transcript claims its project's folder: what follows of it. */
import { expect, test } from 'bun:test';
import { AGENTS } from '../../src/agents/registry.ts';
import { isFolder, withProjects } from '../../src/ingest/discover/roots.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

test('a project that a transcript claims is looked for only on this machine, never over the network', async () => {
  using world = new World();
  const claimed = ['/home/me/here', '//evil/share', '\\\\evil\\share', '/net/evil/x', 'relative', ''];
  for (const [n, project] of claimed.entries()) {
    const id = `8c81680${n}-0000-4000-8000-000000000000`;
    world.put(claudePath(id), promptLine(id, 'hi').replace('/home/me/project', project));
  }
  await world.ingest();
  expect(withProjects(world.host, world.db, AGENTS).projects).toEqual(['/home/me/here']);
});

test('what can be no path is no folder', () => {
  expect(isFolder(`/${'y'.repeat(60_000)}`)).toBe(false);
  expect(isFolder('/a\0b')).toBe(false);
});
