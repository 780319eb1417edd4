// Homes as agents left them, shortened, below `test/fixtures/recorded`: what is told of their sessions.

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../src/domain/digest.ts';
import { filesOf, listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';

export interface Told {
  readonly title: string | null;
  readonly files: readonly string[];
  readonly digest: Digest | null;
  readonly project: string | null;
}

/** Ingests a recorded home; by the own id of each session. */
export async function toldOf(name: string): Promise<ReadonlyMap<string, Told>> {
  using world = new World();
  cpSync(join(import.meta.dir, '../fixtures/recorded', name), world.home, { recursive: true });
  await world.ingest();
  return toldIn(world);
}

export function toldIn(world: World): ReadonlyMap<string, Told> {
  return new Map(
    listSessions(world.db).map(({ uid, nativeId, title, project }) => [
      nativeId,
      {
        title,
        project,
        files: filesOf(world.db, uid).map(({ key }) => key),
        digest: JSON.parse(world.digestJson(uid)),
      },
    ]),
  );
}

/** What a session ran, with how it ended, and the files that it changed. */
export function doneIn(told: Told | undefined) {
  const digest = told?.digest;
  return {
    commands: digest?.commands.map(({ command, exit }) => [command, exit]),
    written: digest?.files.written,
    edited: digest?.files.edited,
  };
}

/** Input from no cache, from one, output, and of that the reasoning. */
export function tokensIn(told: Told | undefined) {
  const { input, cacheRead, output, reasoning } = told?.digest?.tokens ?? {};
  return [input, cacheRead, output, reasoning];
}
