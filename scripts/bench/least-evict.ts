// The least that evictions of all sessions of STORE take: in transactions of a hundred an event, a mark and a tombstone for each, and its
// segments deleted. Nothing is planned, asked, looked at again, counted or refused, so it works on a store whose triggers were dropped.
import { Database } from 'bun:sqlite';

const db = new Database(process.argv[2] ?? '', { strict: true });
db.run('PRAGMA journal_mode = WAL');
db.run('PRAGMA synchronous = NORMAL');
db.run('PRAGMA secure_delete = FAST');
const ids = db.query<{ id: number }, []>('SELECT id FROM sessions ORDER BY id').all();
const event = db.prepare(
  `INSERT INTO events (at, kind, session_id, session_uid, generation, reason)
   SELECT '2026-11-01T00:00:00.000Z', 'evicted', id, session_uid, raw_generation, 'the least' FROM sessions WHERE id = $id`,
);
const tombstone = db.prepare(
  `INSERT INTO tombstones (session_id, generation, key, raw_bytes, sha256)
   SELECT session_id, 1, key, raw_bytes, sha256 FROM files WHERE session_id = $id`,
);
const mark = db.prepare("UPDATE sessions SET evicted_at = '2026-11-01T00:00:00.000Z' WHERE id = $id");
const drop = db.prepare('DELETE FROM segments WHERE session_id = $id');
const evict = db.transaction((some: readonly { id: number }[]) => {
  for (const { id } of some) for (const statement of [event, tombstone, mark, drop]) statement.run({ id });
});
for (let from = 0; from < ids.length; from += 100) evict(ids.slice(from, from + 100));
const left = db.query<{ n: number }, []>('SELECT count(*) AS n FROM segments').get();
console.log(`${ids.length} ${left?.n}`);
db.close();
