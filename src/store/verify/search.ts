/**
 * The search index against the digests it is made of.
 * Promises: changes nothing; an index that is only behind is none of its findings.
 */
import { messageOf } from '../../domain/errors.ts';
import type { ReadableDb } from '../connection.ts';
import { WITH_DIGEST } from '../search/documents.ts';
import type { Diagnosis } from './findings.ts';

export function searchFindings(db: ReadableDb): Diagnosis[] {
  const problem = problemOf(db);
  return problem === null
    ? []
    : [
        {
          session_uid: null,
          file: null,
          problem: `the search index: ${problem}`,
          cure: 'search',
          place: null,
        },
      ];
}

function problemOf(db: ReadableDb): string | null {
  try {
    // The list of sizes names every session of the index: a plain table, unlike the index itself.
    const row = db.get<{ missing: number; extra: number }>(
      `SELECT (SELECT count(*) FROM (${WITH_DIGEST}) d WHERE NOT EXISTS
                (SELECT 1 FROM search_docsize WHERE id = d.session_id) AND NOT EXISTS
                (SELECT 1 FROM search_pending WHERE session_id = d.session_id)) AS missing,
              (SELECT count(*) FROM search_docsize s WHERE NOT EXISTS (SELECT 1 FROM digests WHERE session_id = s.id)
                 AND NOT EXISTS (SELECT 1 FROM remote_digests WHERE session_id = s.id)
                 AND NOT EXISTS (SELECT 1 FROM search_pending WHERE session_id = s.id)) AS extra`,
    );
    if ((row?.missing ?? 0) > 0) return `it lacks ${row?.missing} sessions with a digest`;
    if ((row?.extra ?? 0) > 0) return `it has ${row?.extra} sessions without a digest`;
    db.all(`SELECT rowid, rank FROM search WHERE search MATCH '"a" *' ORDER BY rank LIMIT 1`);
    return null;
  } catch (thrown) {
    return messageOf(thrown);
  }
}
