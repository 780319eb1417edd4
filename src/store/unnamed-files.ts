/** Files of agents that only records name, as they were when no transcript named them. */
import type { WritableDb } from './connection.ts';

interface Unnamed {
  readonly path: string;
  readonly stat: string;
}

/** Puts those that were met by a whole look in the place of all that were known. */
export function saveUnnamed(db: WritableDb, files: readonly Unnamed[]): void {
  const known = db.all<Unnamed>('SELECT path, stat FROM unnamed_files');
  const before = new Map(known.map(({ path, stat }) => [path, stat]));
  // Mostly there is nothing to write.
  if (files.length === before.size && files.every(({ path, stat }) => before.get(path) === stat)) return;
  db.writeTransaction(() => {
    db.run('DELETE FROM unnamed_files');
    for (const { path, stat } of files)
      db.run('INSERT OR REPLACE INTO unnamed_files (path, stat) VALUES ($path, $stat)', { path, stat });
  });
}
