/**
 * One full disk: a store on it, a log beside the store, so much left by other programs, sessions that arrive, and the way out.
 * Promises: what the caps allow is freed by one `maintain` or `sweep`; nothing that was stored is lost or half; what waits is
 * stored as soon as there is room. What does not hold is told, one sentence each.
 */
import { Database } from 'bun:sqlite';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SmallDisk } from '../../test/support/disk.ts';
import type { Box, Ran } from './box.ts';
import { noiseOf } from './random.ts';
import { brokenLaws, liveFilesOf } from './store-laws.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** What arrives when the disk is nearly full. */
export const SHAPES = ['many', 'large', 'rewritten'] as const;
/**
 * What lies beside the store then: no log; that of a run that was killed; one that a reader let grow; and the reader still there.
 */
export const LOGS = ['none', 'killed', 'grown', 'held'] as const;

export interface FullDisk {
  readonly freeBytes: number;
  readonly shape: (typeof SHAPES)[number];
  readonly log: (typeof LOGS)[number];
  readonly wayOut: 'maintain' | 'sweep';
}

const OLD = '2026-01-10T10:00:00.000Z';
const RECENT = '2026-06-15T10:00:00.000Z';
const OLD_SESSIONS = 60;
const idOf = (n: number) => `7d000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const pathOf = (n: number) => `.claude/projects/-p/${idOf(n)}.jsonl`;

function transcript(n: number, bytes: number, at: string, kind = ''): string {
  const count = Math.ceil(bytes / 50_000);
  return Array.from({ length: count }, (_, i) => {
    const content = noiseOf(`${n} ${kind} ${i}`, Math.min(bytes, 50_000));
    return `${JSON.stringify({
      type: 'user',
      sessionId: idOf(n),
      cwd: '/p',
      version: '2.1.0',
      gitBranch: 'main',
      message: { role: 'user', content },
      uuid: `${n}-${kind}-${i}`,
      timestamp: at,
    })}\n`;
  }).join('');
}

/** Runs it. `disk` is as new, and so is the store's place on it. */
export async function fullDiskCase(box: Box, disk: SmallDisk, given: FullDisk): Promise<string[]> {
  const failures: string[] = [];
  const expect = (holds: boolean, what: string) => {
    if (!holds) failures.push(what);
  };
  const said = ({ code, err, out }: Ran) => `exits ${code}: ${err.trim().slice(0, 500)} ${out.slice(0, 200)}`;
  const reader = await storeWithLog(box, given);
  disk.fill(given.freeBytes);
  arrive(box, given.shape);

  const ingest = await box.run(['ingest']);
  expect(
    ingest.code === 0 ||
      (ingest.code === 1 && /disk is full/.test(ingest.err) && /maintain/.test(ingest.err)),
    `ingest ${said(ingest)}`,
  );
  for (const law of lawsOf(box)) failures.push(`after the ingest: ${law}`);

  const out = await box.run([given.wayOut, '--yes', '--no-data-loss']);
  const mayWait = given.wayOut === 'maintain' && out.code === 1 && /disk is full/.test(out.err);
  expect(out.code === 0 || mayWait, `${given.wayOut} ${said(out)}`);
  expect(!/unexpected/.test(ingest.err + out.err), `a bug is told: ${ingest.err}${out.err}`);
  const left = storedOf(box).filter(({ at }) => at === OLD).length;
  expect(left === 0, `${left} old sessions are still there after ${given.wayOut}: ${out.err}`);
  reader?.close();
  const verify = await box.run(['verify']);
  expect(verify.code === 0, `verify ${said(verify)}`);

  const freeBytes = disk.freeBytes;
  const again = await box.run(['maintain', '--yes', '--no-data-loss']);
  expect(
    again.code === 0 || (again.code === 1 && /disk is full/.test(again.err)),
    `maintain again ${said(again)}`,
  );
  const roomBytes = freeBytes + sizeOf(`${box.store}.reserve`);
  // Twice, for log and file; the reserve; and what is kept free.
  if (roomBytes > 2.2 * ARRIVING_BYTES + 6 * MIB)
    expect(again.code === 0, `there is room: maintain ${said(again)}`);
  if (again.code === 1)
    expect(disk.freeBytes < 2 * LARGEST_STEP_BYTES + 3 * MIB, `${disk.freeBytes} free, and ${said(again)}`);
  for (const law of lawsOf(box)) failures.push(`after the way out: ${law}`);
  failures.push(...halfFiles(box));

  disk.free();
  const roomy = await box.run(['maintain', '--yes', '--no-data-loss']);
  expect(roomy.code === 0, `maintain with room ${said(roomy)}`);
  failures.push(...halfFiles(box), ...missing(box));
  expect(sizeOf(`${box.store}.reserve`) === 4 * MIB, 'the reserve is not whole again');
  for (const name of box.leftovers()) failures.push(`left behind: ${name}`);
  return failures;
}

const ARRIVING_BYTES = 6 * MIB;
/** What one transaction stores at most of what arrives here: it begins below 4 MiB, and a segment of 3 MiB of noise comes to that. */
const LARGEST_STEP_BYTES = 7 * MIB;

/** A store of old sessions and two recent ones, with a log beside it. Returns the reader that still holds it. */
async function storeWithLog(box: Box, { log }: FullDisk): Promise<Database | null> {
  for (let n = 0; n < OLD_SESSIONS; n += 1) box.put(pathOf(n), transcript(n, 50_000, OLD));
  for (const n of [500, 501]) box.put(pathOf(n), transcript(n, 500_000, RECENT));
  await box.must(['ingest']);
  if (log === 'none') return null;
  for (let n = 100; n < 160; n += 1) box.put(pathOf(n), transcript(n, 100_000, OLD));
  if (log === 'killed') {
    const ran = await box.run(['ingest'], { point: 'ready.batch-stored:1' });
    if (!ran.killed && ran.code !== 0) throw new Error(`the run that was to be killed: ${ran.err}`);
    return null;
  }
  const reader = new Database(box.store, { readonly: true });
  reader.run('BEGIN');
  reader.query('SELECT count(*) FROM sessions').get();
  await box.must(['ingest']);
  if (log === 'held') return reader;
  // As if the reader had been killed: its log lies there, and no process has the store open.
  const kept = join(box.folder, 'kept');
  cpSync(dirname(box.store), kept, { recursive: true });
  reader.close();
  rmSync(dirname(box.store), { recursive: true });
  cpSync(kept, dirname(box.store), { recursive: true });
  return null;
}

function arrive(box: Box, shape: FullDisk['shape']): void {
  if (shape === 'many')
    for (let n = 1000; n < 1100; n += 1) box.put(pathOf(n), transcript(n, 60_000, RECENT));
  if (shape === 'large') box.put(pathOf(2000), transcript(2000, 8 * MIB, RECENT));
  if (shape === 'rewritten')
    for (const n of [500, 501]) box.put(pathOf(n), transcript(n, 2_500_000, RECENT, 'rewritten'));
}

/** Looked at in a copy: a bare reader would find no room for its shared memory. */
function copyOf(box: Box): string {
  const folder = join(box.folder, 'look');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const end of ['', '-wal'])
    if (existsSync(box.store + end)) cpSync(box.store + end, join(folder, `s.db${end}`));
  return join(folder, 's.db');
}

function lawsOf(box: Box): string[] {
  const store = copyOf(box);
  using db = new Database(store);
  const empty = db
    .query<{ uid: string }, []>(
      'SELECT session_uid AS uid FROM sessions WHERE evicted_at IS NULL AND stored_bytes = 0',
    )
    .all();
  return [...brokenLaws(store), ...empty.map(({ uid }) => `${uid} has a row and no byte`)];
}

function storedOf(box: Box): { readonly uid: string; readonly at: string }[] {
  using db = new Database(copyOf(box));
  return db
    .query<{ uid: string; at: string }, []>(
      'SELECT session_uid AS uid, ended_at AS at FROM sessions WHERE evicted_at IS NULL AND analyzed_at IS NOT NULL',
    )
    .all();
}

/** Stored files that are no version that the agent's file ever had. A large one that is stored in part is a beginning of one. */
function halfFiles(box: Box): string[] {
  return [...liveFilesOf(copyOf(box))].flatMap(([name, { relPath, bytes }]) => {
    const isWhole = box
      .versionsOf(relPath)
      .some((version) => version.subarray(0, bytes.length).equals(bytes) && bytes.length > 0);
    return isWhole ? [] : [`${name} is nothing that its agent ever wrote`];
  });
}

/** Recent sessions that are not stored as they are now, and old ones without a trace. */
function missing(box: Box): string[] {
  const live = liveFilesOf(copyOf(box));
  const now = new Map([...live].map(([name, file]) => [name.split(' ')[0]?.split(':')[1] ?? '', file.bytes]));
  const recent = [500, 501, ...Array.from({ length: 100 }, (_, n) => 1000 + n), 2000];
  return recent.flatMap((n) => {
    const path = join(box.home, pathOf(n));
    if (!existsSync(path)) return [];
    return now.get(idOf(n))?.equals(readFileSync(path)) === true ? [] : [`${idOf(n)} is not stored as it is`];
  });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
