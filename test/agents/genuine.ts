/**
 * Genuine recordings of one agent, ingested from their places in a copy of its home, held against what a second, small
 * reader finds in the raw bytes: prompts, files written or edited, commands.
 */
import { expect } from 'bun:test';
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../src/domain/digest.ts';
import { digestsOf, filesOf, listSessions } from '../../src/store/read.ts';
import { agentRootOf } from '../../src/store/read-sources.ts';
import { World } from '../support/bench-world.ts';

export const CORPUS = join(import.meta.dir, '../../../shared/corpus');

/** What a reader of a test finds in one file. */
export interface Said {
  readonly prompts: readonly string[];
  readonly written: readonly string[];
  readonly commands: readonly string[];
}

/** True where the folder of recordings is there; else says what is left out. */
export function hasRecordings(folder: string): boolean {
  const there = existsSync(join(CORPUS, folder));
  if (!there) console.log(`skipped: no recordings in ../shared/corpus/${folder}`);
  return there;
}

/** `folder`: below `corpus/home`, put at the same place of a home. Returns how much was found, so that a test can say it was not nothing. */
export async function heldAgainst(
  agent: string,
  folder: string,
  read: (bytes: Buffer, path: string) => Said | null,
) {
  using world = new World();
  cpSync(join(CORPUS, 'home', folder), join(world.home, folder), { recursive: true, mode: 0 });
  return await held(world, agent, read);
}

/** Recordings that lie below `corpus/other` by themselves: `place` says where in a home the agent would have put the nth one. */
export async function heldInPlaces(
  agent: string,
  folder: string,
  place: (n: number, name: string) => string | null,
  read: (bytes: Buffer, path: string) => Said | null,
) {
  using world = new World();
  const names = readdirSync(join(CORPUS, 'other', folder)).sort();
  for (const [n, name] of names.entries()) {
    const relPath = place(n, name);
    if (relPath !== null) world.put(relPath, readFileSync(join(CORPUS, 'other', folder, name)));
  }
  return await held(world, agent, read);
}

async function held(world: World, agent: string, read: (bytes: Buffer, path: string) => Said | null) {
  const report = await world.ingest();
  expect(report.warnings).toEqual([]);
  const counts = { sessions: 0, files: 0, prompts: 0, written: 0, commands: 0 };
  for (const row of listSessions(world.db)) {
    if (row.agent !== agent) continue;
    counts.sessions++;
    expect([row.uid, row.analyzeError]).toEqual([row.uid, null]);
    const digest: Digest = JSON.parse(digestsOf(world.db, row.uid).at(-1)?.json ?? 'null');
    for (const file of filesOf(world.db, row.uid)) {
      const bytes = readFileSync(join(agentRootOf(world.db, row.uid) ?? '', file.relPath));
      expect(world.stored(row.uid, file.key).equals(bytes)).toBe(true);
      counts.files++;
      const said = read(bytes, file.relPath);
      if (said === null) continue;
      expect({ uid: row.uid, ...missing(said, digest) }).toEqual({
        uid: row.uid,
        prompts: [],
        written: [],
        commands: [],
      });
      counts.prompts += said.prompts.length;
      counts.written += said.written.length;
      counts.commands += said.commands.length;
    }
  }
  return counts;
}

/** Files below a folder of the corpus whose names end so. */
export function countFiles(folder: string, ends: readonly string[]): number {
  const all = readdirSync(join(CORPUS, folder), { recursive: true }).map(String);
  return all.filter(
    (name) => ends.some((end) => name.endsWith(end)) && statSync(join(CORPUS, folder, name)).isFile(),
  ).length;
}

/** A digest may cut long texts: their beginnings must stand in it. */
const CHARS = 60;
const begins = (text: string) => text.trim().slice(0, CHARS).trimEnd();

function missing(said: Said, digest: Digest): Said {
  const lacks = (wanted: readonly string[], found: readonly string[]) => {
    const heads = new Set(found.map(begins));
    return wanted.map(begins).filter((text) => !heads.has(text));
  };
  const touched = [...digest.files.written, ...digest.files.edited];
  return {
    prompts: lacks(
      said.prompts,
      digest.prompts.map(({ text }) => text),
    ),
    written: said.written.filter((path) => !touched.some((one) => one === path || one.endsWith(`/${path}`))),
    commands: lacks(
      said.commands,
      digest.commands.map(({ command }) => command),
    ),
  };
}
