/** Which exclude patterns have ever left a session out. */
import type { Iso } from '../domain/time.ts';
import type { ReadableDb, WritableDb } from './connection.ts';

/** Patterns as they were written, in the order of their text. */
export function matchedPatterns(db: ReadableDb): string[] {
  return db
    .all<{ pattern: string }>('SELECT pattern FROM exclude_matches ORDER BY pattern')
    .map(({ pattern }) => pattern);
}

/** Writes only where one matched for the first time. */
export function noteMatches(db: WritableDb, patterns: readonly string[], now: Iso): void {
  const known = new Set(matchedPatterns(db));
  const first = patterns.filter((pattern) => !known.has(pattern));
  if (first.length === 0) return;
  db.writeTransaction(() => {
    for (const pattern of first)
      db.run('INSERT INTO exclude_matches VALUES ($pattern, $now) ON CONFLICT (pattern) DO NOTHING', {
        pattern,
        now,
      });
  });
}
