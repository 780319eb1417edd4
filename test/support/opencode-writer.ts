/**
 * A program that writes to opencode's database without a pause, for tests: each transaction brings all of a session from one
 * state to the next. `bun opencode-writer.ts PATH wal|delete|stop`; `stop`: one transaction in a log, and then it waits.
 */
import { Database } from 'bun:sqlite';

const [path = '', mode = 'wal'] = process.argv.slice(2);
const db = new Database(path);
db.run(`PRAGMA journal_mode = ${mode === 'delete' ? 'DELETE' : 'WAL'}`);
db.run('PRAGMA busy_timeout = 5000');
db.run('PRAGMA wal_autocheckpoint = 20');
const at = 1777629600000;
for (let state = 1; ; state++) {
  const began = performance.now();
  db.run('BEGIN IMMEDIATE');
  db.query('UPDATE part SET data = ?, time_updated = ?').run(
    JSON.stringify({ type: 'text', text: `state ${state} ${'x'.repeat(state % 900)}` }),
    at + state,
  );
  db.query(
    'INSERT INTO part (id, message_id, session_id, time_created, time_updated, data) SELECT ?, id, session_id, ?, ?, ? FROM message ORDER BY id DESC LIMIT 1',
  ).run(
    `zz${String(state).padStart(9, '0')}`,
    at,
    at + state,
    JSON.stringify({ type: 'text', text: `state ${state} ` }),
  );
  db.query('DELETE FROM part WHERE id = ?').run(`zz${String(state - 40).padStart(9, '0')}`);
  db.query('UPDATE session SET title = ?, time_updated = ?').run(`state ${state} `, at + state);
  db.run('COMMIT');
  // As long again it shows what it wrote: with a journal, whoever reads would find the file locked for nearly all of the time.
  const shownAt = performance.now();
  while (mode === 'delete' && performance.now() - shownAt < shownAt - began)
    db.query('SELECT count(*) FROM part WHERE data > ?').get('');
  if (state === 3) console.log('ready');
  if (mode === 'stop' && state === 3) await Bun.sleep(600_000);
}
