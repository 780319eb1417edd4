/**
 * What `maintain` did, run by run: who is not watched must be able to say when it ran last and how that ended.
 * Promises: runs in a row that did nothing and ended alike are one row; a run that was killed stays without an end.
 */
import type { ExitCode } from '../domain/errors.ts';
import { parsedJson } from '../domain/parsed.ts';
import type { Iso } from '../domain/time.ts';
import type { ReadableDb, WritableDb } from './connection.ts';
import { isDiskFull } from './room.ts';

/** Older ones tell nothing that the events do not. */
const KEPT_MAX = 2000;

export interface RunRow {
  readonly command: string;
  /** The first of those that are one row. */
  readonly first_at: Iso;
  /** The last of them. */
  readonly started_at: Iso;
  /** Null where it was killed, or runs now. */
  readonly finished_at: Iso | null;
  readonly times: number;
  readonly exit_code: number | null;
  readonly had_effect: boolean;
  /** What needs a person, a sentence each. */
  readonly problems: readonly string[];
}

export interface RunEnd {
  readonly finishedAt: Iso;
  readonly exitCode: ExitCode;
  readonly hadEffect: boolean;
  readonly problems: readonly string[];
}

interface RunColumns extends Omit<RunRow, 'had_effect' | 'problems'> {
  readonly id: number;
  readonly had_effect: number;
  readonly problems: string;
}

const toRun = ({ id: _, had_effect, problems, ...row }: RunColumns): RunRow => ({
  ...row,
  had_effect: had_effect === 1,
  problems: problemsIn(problems),
});

function problemsIn(json: string): readonly string[] {
  const problems = parsedJson(json);
  const isList = Array.isArray(problems) && problems.every((one) => typeof one === 'string');
  return isList ? problems : ['the list of its problems is damaged'];
}

/** Notes that a run begins; null where a full disk has no room even for that. */
export function beginRun(db: WritableDb, command: string, startedAt: Iso): number | null {
  return unlessFull(() =>
    db.writeTransaction(() => {
      const { lastInsertRowid: id } = db.run(
        `INSERT INTO runs (command, first_at, started_at, times, had_effect, problems)
         VALUES ($command, $startedAt, $startedAt, 1, 0, '[]')`,
        { command, startedAt },
      );
      db.run('DELETE FROM runs WHERE id <= $last', { last: id - KEPT_MAX });
      return id;
    }),
  );
}

/** Notes how it ended. */
export function endRun(db: WritableDb, id: number | null, end: RunEnd): void {
  if (id === null) return;
  unlessFull(() =>
    db.writeTransaction(() => {
      const told = {
        finishedAt: end.finishedAt,
        exitCode: end.exitCode,
        hadEffect: end.hadEffect ? 1 : 0,
        problems: JSON.stringify(end.problems),
      };
      db.run(
        `UPDATE runs SET finished_at = $finishedAt, exit_code = $exitCode, had_effect = $hadEffect, problems = $problems
         WHERE id = $id`,
        { id, ...told },
      );
      if (!end.hadEffect) joinBefore(db, id);
    }),
  );
}

/** Makes it one with the run before, where that did nothing either and ended alike. */
function joinBefore(db: WritableDb, id: number): void {
  const before = db.get<{ id: number; first_at: string; times: number }>(
    `SELECT b.id, b.first_at, b.times FROM runs r JOIN runs b ON b.id = (SELECT max(id) FROM runs WHERE id < r.id)
     WHERE r.id = $id AND b.command = r.command AND b.had_effect = 0 AND b.finished_at IS NOT NULL
       AND b.exit_code = r.exit_code`,
    { id },
  );
  if (before === null) return;
  db.run('DELETE FROM runs WHERE id = $id', { id: before.id });
  db.run('UPDATE runs SET first_at = $firstAt, times = times + $times WHERE id = $id', {
    id,
    firstAt: before.first_at,
    times: before.times,
  });
}

export function lastRun(db: ReadableDb): RunRow | null {
  return listRuns(db, 1)[0] ?? null;
}

/** Newest first; at most `limit`, -1: all. */
export function listRuns(db: ReadableDb, limit: number, emptyToo = true): RunRow[] {
  return db
    .all<RunColumns>(
      `SELECT * FROM runs WHERE $emptyToo = 1 OR had_effect = 1 OR exit_code IS NOT 0 ORDER BY id DESC LIMIT $limit`,
      { limit, emptyToo: emptyToo ? 1 : 0 },
    )
    .map(toRun);
}

/** What of all runs needed a person and began with these words; each once. */
export function problemsThatBegin(db: ReadableDb, words: string): string[] {
  return db
    .all<{ problem: string }>(
      `SELECT DISTINCT p.value AS problem FROM runs, json_each(runs.problems) p WHERE instr(p.value, $words) = 1`,
      { words },
    )
    .map(({ problem }) => problem);
}

/** Whether a sweep of this store has ever freed anything. */
export function hasEverSwept(db: ReadableDb): boolean {
  return db.get('SELECT 1 AS found FROM sweeps WHERE bytes_freed > 0 LIMIT 1') !== null;
}

function unlessFull<T>(work: () => T): T | null {
  try {
    return work();
  } catch (thrown) {
    if (isDiskFull(thrown)) return null;
    throw thrown;
  }
}
