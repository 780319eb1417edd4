/**
 * Files of an older tree that stand for rows which a database lacks: those that are there, and those that were stored when they were.
 * Promises: a file that has gone since it was stored is told as it was; a row that has come in its place takes it. Memory is bounded.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileTree, ForeignRows, OlderFile, OlderTree } from '../../domain/contained.ts';
import { Spool } from '../spool.ts';
import { fileLine, fileOfLine, type Stand, type Stands, wholeLines } from './row-lines.ts';

/** What distinguishes a set of such files: how many they are, and a hash of their names, sizes and times. */
export function setOfFiles(tree: FileTree, files: readonly OlderFile[]): string {
  if (files.length === 0) return '';
  const stats = files.map(({ relPath }) => `${relPath} ${tree.stat(relPath)}`).sort();
  return `~${files.length}.${Bun.hash(stats.join('\n')).toString(36)}`;
}

const WITH_FILES = /^(.*?)(?:~(\d+)\.([0-9a-z]+))?:$/s;

/**
 * The stat of a session of which it is known how it was: files that went away change nothing of what is stored, so the set that was there
 * stays in it.
 */
export function statKeeping(now: string, known: string | null): string {
  const [, rows, count = '0'] = WITH_FILES.exec(now) ?? [];
  const [, , before = '0', hash = ''] = WITH_FILES.exec(known ?? '') ?? [];
  return rows === undefined || Number(before) <= Number(count) ? now : `${rows}~${before}.${hash}:`;
}

/** Whether files may have been stored of a session that is known by this stat; it may also be known by another path. */
export function mayHaveFiles(known: string | null): boolean {
  return known === null || known.includes('~');
}

/** Those of one session. `stored`: what the store has of it. What is held for it goes with `using`. */
export class StandingFiles implements Stands, Disposable {
  readonly #spool = new Spool(join(tmpdir(), `session-memory-${crypto.randomUUID()}`));
  readonly #byPlace = new Map<string, Stand[]>();
  readonly #rest = new Map<string, Stand[]>();
  readonly #keys = new Set<string>();

  constructor(db: ForeignRows, tree: FileTree, older: OlderTree, id: string, stored: Iterable<Uint8Array>) {
    const found = [...(older.missing(db, tree, id).get(id) ?? [])];
    const lines = new Map(found.map((file) => [file.relPath, () => fileLine(tree, file.relPath) ?? '']));
    for (const line of wholeLines(stored)) {
      const relPath = fileOfLine(line);
      const file = relPath === null || lines.has(relPath) ? null : older.fileOf(relPath);
      if (file === null || older.hasRow(db, file)) continue;
      const bytes = this.#spool.add(Buffer.from(line));
      lines.set(file.relPath, () => `${Buffer.from(bytes()).toString('utf8')}\n`);
      found.push(file);
    }
    for (const { table, key } of found) this.#keys.add(`${table} ${key}`);
    for (const file of found.sort((a, b) => (a.relPath < b.relPath ? -1 : 1))) {
      const { table, key, parent, relPath } = file;
      const stand = { key, line: lines.get(relPath) ?? (() => '') };
      const isHeld = parent === null || this.#hasAbove(db, older, file);
      const place = isHeld ? this.#byPlace : this.#rest;
      const at = isHeld ? `${table} ${parent}` : table;
      const beside = place.get(at);
      if (beside === undefined) place.set(at, [stand]);
      else beside.push(stand);
    }
  }

  /** Whether what a part hangs on is there, as a row or as a file. */
  #hasAbove(db: ForeignRows, older: OlderTree, { parent, relPath }: OlderFile): boolean {
    const above = { relPath, table: older.hangOn, key: parent ?? '', parent: null };
    return this.has(above.table, above.key) || older.hasRow(db, above);
  }

  of(table: string, parent: string | null): readonly Stand[] {
    return this.#byPlace.get(`${table} ${parent}`) ?? [];
  }

  rest(table: string): readonly Stand[] {
    return this.#rest.get(table) ?? [];
  }

  has(table: string, key: string): boolean {
    return this.#keys.has(`${table} ${key}`);
  }

  [Symbol.dispose](): void {
    this.#spool[Symbol.dispose]();
  }
}
