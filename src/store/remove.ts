/**
 * The files of a store by their names, told apart by what would be lost with them; and taking a store away for good.
 * Promises: of what else lies in that folder nothing is named; nothing is opened, made or brought up to date by looking; a removal
 * that is killed leaves a store that is whole, or none.
 */
import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { connect } from './connection.ts';
import { storeVersion } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { storeFiles } from './place.ts';

const TAIL = '(?:-wal|-shm|-journal)?';
/** What stands behind the store's name, by what it is. */
const ENDINGS = {
  /** Rows and bytes, the locks that keep two sweeps apart, and two who speak to a bucket, and the bucket's key. */
  store: new RegExp(`^(?:|-wal|-shm|-journal|\\.(?:sweep|remote)-lock${TAIL}|\\.remote-key(?:\\.new)?)$`),
  reserve: /^\.reserve$/,
  /** How the store was before an upgrade, without the bytes. */
  copies: new RegExp(`^\\.before-v\\d+${TAIL}$`),
  /** Damaged files that a repair has put aside: they may hold what nothing else does. */
  asides: new RegExp(`^\\.damaged-\\d{8}T\\d{6,9}Z(?:-\\d+)?${TAIL}$`),
  /** What was fetched for a moment, by a run that was killed. It may be in use. */
  passing: /^\.fetch-[0-9a-f-]{36}$/,
  /** Of a repair, or a look at the disk, that was killed. */
  unfinished: new RegExp(`^(?:\\.repair(?:\\.\\w+)?${TAIL}|\\.room-[0-9a-f-]{36})$`),
} as const;

export type StoreFileKind = keyof typeof ENDINGS;

/** Paths, in the order of their names. None where the folder cannot be read. */
export function storeFilesByKind(storePath: string): Record<StoreFileKind, string[]> {
  const folder = dirname(storePath);
  const name = basename(storePath);
  const names = namesIn(folder).filter((other) => other.startsWith(name));
  const of = (kind: StoreFileKind) =>
    names
      .filter((other) => ENDINGS[kind].test(other.slice(name.length)))
      .sort()
      .map((other) => join(folder, other));
  return {
    store: of('store'),
    reserve: of('reserve'),
    copies: of('copies'),
    asides: of('asides'),
    passing: of('passing'),
    unfinished: of('unfinished'),
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export interface StoreLook {
  /** Of every state, evicted ones too. */
  readonly sessions: number;
  /** Of this program's version: what older ones have left beside it has done its work. */
  readonly isCurrent: boolean;
}

/** What a store holds, as it is. Null: it cannot be opened, or is no store that this program understands. */
export function lookAtStore(storePath: string): StoreLook | null {
  try {
    using db = connect(storePath, 'read');
    const isCurrent = storeVersion(db) === MIGRATIONS.at(-1)?.version;
    const { n } = db.get<{ n: number }>('SELECT count(*) AS n FROM sessions') ?? { n: 0 };
    return { sessions: n, isCurrent };
  } catch {
    return null;
  }
}

/**
 * Takes the store away, the log behind the file that it belongs to: where this is killed in between, SQLite throws a log without
 * its file away. The lock goes by `removeLock`, once it is let go.
 */
export function removeStoreFiles(storePath: string, others: readonly string[]): void {
  const { db, wal, shm } = storeFiles(storePath);
  for (const path of [db, wal, shm, `${db}-journal`, ...others]) rmSync(path, { force: true });
}

export function removeLock(storePath: string): void {
  const { lock } = storeFiles(storePath);
  for (const path of [lock, `${lock}-journal`]) rmSync(path, { force: true });
}
