/** Restores of all that a world has stored, by whatever writes the files, and what they leave. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PlannedRestore, planRestore, type Shared } from '../../src/cli/commands/restore.plan.ts';
import { type RestoreOutcomes, restoreMany } from '../../src/restore/restore.ts';
import type { Stager } from '../../src/restore/stage.ts';
import { listSessions } from '../../src/store/read.ts';
import type { World } from './bench-world.ts';

export interface RestoreOptions {
  readonly stager?: Stager | null;
  readonly signal?: AbortSignal;
  readonly force?: boolean;
  /** Whether the store is told. */
  readonly learns?: boolean;
}

/** `to`: null where the agents look. */
export async function restoreAll(
  world: World,
  to: string | null,
  options: RestoreOptions = {},
): Promise<RestoreOutcomes<PlannedRestore>> {
  const { stager = null, signal = new AbortController().signal, force = false, learns = false } = options;
  const learning = learns ? { db: world.db, now: () => world.now } : null;
  return await restoreMany(world.db, plansOf(world, to, force), learning, signal, stager);
}

function* plansOf(world: World, to: string | null, force: boolean): Generator<PlannedRestore> {
  const shared: Shared = { trees: new Map(), taken: new Map() };
  const places = { host: world.host, settings: { storePath: world.db.path } };
  for (const session of listSessions(world.db, { sort: 'project' }))
    yield planRestore(places, world.db, session, { to, force }, shared);
}

/** Each file below a folder by its path, with its rights, its size and the hash of its bytes. */
export function treeOf(folder: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const stats = lstatSync(join(folder, name));
    if (stats.isDirectory()) continue;
    const bytes = readFileSync(join(folder, name));
    files[name] = `${(stats.mode & 0o777).toString(8)} ${bytes.length} ${Bun.SHA256.hash(bytes, 'hex')}`;
  }
  return files;
}

/** What has become of each, as one may compare it. */
export function told({ restored, failed }: RestoreOutcomes<PlannedRestore>) {
  return {
    restored: restored.map(({ session, files }) => [session.uid, files.length]),
    failed: failed.map(({ one, error }) => [one.session.uid, error.failure]),
  };
}
