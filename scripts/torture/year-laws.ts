/** What must hold at the end of every month of a year that nobody looked at. */
import { Database } from 'bun:sqlite';
import { existsSync, statSync } from 'node:fs';
import { brokenLaws, liveFilesOf } from './store-laws.ts';

export interface SeenSession {
  readonly id: string;
  readonly bornDay: number;
  /** What the agent has; null: it has deleted it. */
  content: string | null;
  /** What was there when a run last went through; null: none has. */
  seen: string | null;
}

const MIB = 1024 ** 2;
/** Of Tier 1's hard cap, of all digests with their index, and of what the file may have free. */
const HARD_CAP_BYTES = 600 * 1024;
const DIGESTS_FACTOR = 2;
const FREE_BYTES = 8 * MIB;
/** Another program on the machine may slow a run down, growth goes on and on. */
const SLOWER_MAX = 2;
const NOISE_MS = 60;
const PATIENCE_MS = 20_000;

/** `cpuMs`: by month, of runs that nothing disturbed. */
export function brokenMonth(
  store: string,
  sessions: Iterable<SeenSession>,
  cpuMs: readonly (readonly number[])[],
): string[] {
  return [...brokenLaws(store), ...lost(store, [...sessions]), ...tooLarge(store), ...tooSlow(cpuMs)];
}

interface Row {
  readonly session_uid: string;
  readonly evicted_at: string | null;
  readonly analyzed_at: string | null;
  readonly losses: number;
  readonly digests: number;
}

/** Nothing is lost, and every digest is there. */
function lost(store: string, sessions: readonly SeenSession[]): string[] {
  using db = new Database(store, { readonly: true });
  const rows = db
    .query<Row, []>(
      `SELECT session_uid, evicted_at, analyzed_at,
         (SELECT count(*) FROM events e WHERE e.session_id = s.id AND kind = 'data_loss') AS losses,
         (SELECT count(*) FROM digests d WHERE d.session_id = s.id AND complete = 1) AS digests FROM sessions s`,
    )
    .all();
  const byUid = new Map(rows.map((row) => [row.session_uid, row]));
  const live = new Map([...liveFilesOf(store).values()].map(({ relPath, bytes }) => [relPath, bytes]));
  const broken = rows.flatMap((row) => [
    ...(row.losses > 0 ? [`${row.session_uid} was lost`] : []),
    ...(row.digests === 0 ? [`${row.session_uid} has no digest`] : []),
    ...(row.evicted_at === null && row.analyzed_at === null ? [`${row.session_uid} is not analyzed`] : []),
  ]);
  for (const { id, seen } of sessions) {
    if (seen === null) continue;
    const row = byUid.get(`claude-code:${id}`);
    if (row === undefined) broken.push(`${id} was seen and is not known`);
    else if (row.evicted_at === null) {
      const stored = Buffer.from(live.get(`projects/-p/${id}.jsonl`) ?? '');
      if (!stored.subarray(0, Buffer.byteLength(seen)).equals(Buffer.from(seen)))
        broken.push(`${id}: what is stored is not what was seen`);
    }
  }
  if (rows.length > sessions.length) broken.push(`${rows.length} sessions of ${sessions.length}`);
  return broken;
}

function tooLarge(store: string): string[] {
  using db = new Database(store, { readonly: true });
  const { bytes } = db
    .query<{ bytes: number }, []>('SELECT coalesce(sum(length(json)), 0) AS bytes FROM digests')
    .get() ?? { bytes: 0 };
  const most = HARD_CAP_BYTES + bytes * DIGESTS_FACTOR + FREE_BYTES;
  const size = statSync(store).size;
  return size <= most ? [] : [`the store takes ${size} bytes, and may take ${most}`];
}

/** The first month has little to look at yet: the second is what others are held against. */
function tooSlow(cpuMs: readonly (readonly number[])[]): string[] {
  const [, second, ...later] = cpuMs.map((all) => Math.min(...all));
  const last = later.at(-1);
  if (second === undefined || last === undefined || last <= second * SLOWER_MAX + NOISE_MS) return [];
  return [`a run takes ${Math.round(last)} ms of CPU, and took ${Math.round(second)} in the second month`];
}

/** What hooks left to processes of their own is done: the last of them has put the log away. */
export async function untilQuiet(store: string): Promise<void> {
  for (const began = performance.now(); existsSync(`${store}-wal`); await Bun.sleep(20))
    if (performance.now() - began > PATIENCE_MS) throw new Error('a process still has the store open');
}
