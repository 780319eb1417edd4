/** What a store holds of sessions whose id may be borne by several: read straight off its tables, beside `simulator-facts.ts`. */
import { Database } from 'bun:sqlite';
import { type Fact, factsOf } from './simulator-facts.ts';

export interface PathFact extends Fact {
  readonly nativeId: string;
  readonly title: string | null;
  readonly project: string | null;
  /** Where its transcript would be put back, below the agent's folder. */
  readonly relPath: string | null;
  /** What its transcript was before, the oldest first. */
  readonly earlier: readonly Buffer[];
}

interface Row {
  readonly uid: string;
  readonly native_id: string;
  readonly title: string | null;
  readonly project: string | null;
  readonly rel_path: string | null;
}

export function pathFactsOf(store: string): Map<string, PathFact> {
  const facts = factsOf(store);
  if (facts.size === 0) return new Map();
  using db = new Database(store, { readonly: true });
  const rows = db
    .query<Row, []>(
      `SELECT session_uid AS uid, native_id, title, project,
         (SELECT rel_path FROM files WHERE session_id = s.id AND key = 'main') AS rel_path FROM sessions s`,
    )
    .all();
  return new Map(
    rows.flatMap(({ uid, native_id: nativeId, title, project, rel_path: relPath }) => {
      const fact = facts.get(uid);
      if (fact === undefined) return [];
      return [[uid, { ...fact, nativeId, title, project, relPath, earlier: earlierOf(db, fact) }]];
    }),
  );
}

function earlierOf(db: Database, { uid, log }: Fact): Buffer[] {
  return db
    .query<{ extents: string }, [string]>(
      `SELECT v.extents FROM versions v JOIN files f ON f.id = v.file_id JOIN sessions s ON s.id = f.session_id
       WHERE s.session_uid = ? AND f.key = 'main' ORDER BY v.number`,
    )
    .all(uid)
    .map(({ extents }) => {
      const ranges: [number, number][] = JSON.parse(extents);
      return Buffer.concat(ranges.map(([at, length]) => log.subarray(at, at + length)));
    });
}
