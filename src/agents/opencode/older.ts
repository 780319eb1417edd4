/**
 * The tree of small files that opencode wrote before 1.2, as what stands for rows which its database lacks: the migration into it
 * may be stopped between messages and their parts, and leaves the tree where it is.
 * Promises: a row wins over a file of its id; a session that the database knows nothing of is none of it.
 * Source: opencode's `storage/json-migration.ts`, as public in 2026.
 */
import type { FileTree, ForeignRows, OlderFile, OlderTree } from '../../domain/contained.ts';

interface Placed extends OlderFile {
  /** Null where the path does not tell. */
  readonly session: string | null;
}

const TREE = /^storage\/(message|part|session)\/([^/]+)\/([^/]+)\.json$/s;
/** Before there was one `storage` for all projects. */
const OLDEST =
  /^project\/[^/]+\/storage\/session\/(?:(info)\/|(message)\/([^/]+)\/|(part)\/([^/]+)\/([^/]+)\/)([^/]+)\.json$/s;

/** The row that a file of the tree stands for; null where it is of another kind. */
function placed(relPath: string): Placed | null {
  const [, kind, folder = '', name = ''] = TREE.exec(relPath) ?? [];
  if (kind === 'message') return { relPath, table: kind, key: name, parent: null, session: folder };
  if (kind === 'part') return { relPath, table: kind, key: name, parent: folder, session: null };
  if (kind === 'session') return { relPath, table: kind, key: name, parent: null, session: name };
  const oldest = OLDEST.exec(relPath);
  if (oldest === null) return null;
  const [, , , ofMessage, , ofPart, message, key = ''] = oldest;
  if (ofMessage !== undefined) return { relPath, table: 'message', key, parent: null, session: ofMessage };
  if (message === undefined) return { relPath, table: 'session', key, parent: null, session: key };
  return { relPath, table: 'part', key, parent: message, session: ofPart ?? null };
}

export const OLDER_TREE: OlderTree = {
  hangOn: 'message',
  fileOf: placed,
  hasRow,
  missing(db, files, only) {
    const found = new Map<string, OlderFile[]>();
    const known = new Map<string, boolean>();
    const isKnown = (session: string): boolean => {
      const is = known.get(session) ?? isInDatabase(db, session);
      known.set(session, is);
      return is;
    };
    const owners = new Map<string, string>();
    const note = (session: string, file: OlderFile) => {
      if (hasRow(db, file)) return;
      const noted = found.get(session);
      if (noted === undefined) found.set(session, [file]);
      else noted.push(file);
    };
    for (const file of messagesIn(files, only)) {
      if (file.session === null || !isKnown(file.session)) continue;
      owners.set(file.key, file.session);
      note(file.session, file);
    }
    const ownerOf = (message: string) => owners.get(message) ?? sessionOfMessage(db, message);
    for (const { folder, message, session } of partFoldersIn(files, only, () =>
      messageIds(db, only, owners),
    )) {
      const owner = session ?? ownerOf(message);
      if (owner === null || (only !== null && owner !== only) || !isKnown(owner)) continue;
      for (const file of filesIn(files, folder)) note(owner, file);
    }
    for (const session of found.keys()) for (const file of sessionFiles(files, session)) note(session, file);
    return found;
  },
};

function hasRow(db: ForeignRows, { table, key }: OlderFile): boolean {
  return db.has(table, 'id') && isThere(db, `SELECT 1 AS one FROM ${table} WHERE id = $key`, key);
}

function isThere(db: ForeignRows, sql: string, key: string): boolean {
  for (const _ of db.each(`${sql} LIMIT 1`, { key })) return true;
  return false;
}

function isInDatabase(db: ForeignRows, session: string): boolean {
  if (isThere(db, 'SELECT 1 AS one FROM session WHERE id = $key', session)) return true;
  return ['message', 'part'].some(
    (table) =>
      db.has(table, 'session_id') &&
      isThere(db, `SELECT 1 AS one FROM ${table} WHERE session_id = $key`, session),
  );
}

function sessionOfMessage(db: ForeignRows, message: string): string | null {
  const [row] = db.each('SELECT session_id AS id FROM message WHERE id = $message', { message });
  return row === undefined ? null : String(row['id']);
}

function messageIds(
  db: ForeignRows,
  only: string | null,
  inTree: ReadonlyMap<string, string>,
): readonly string[] {
  const rows = only === null ? [] : db.each('SELECT id FROM message WHERE session_id = $only', { only });
  return [...new Set([...inTree.keys(), ...[...rows].map((row) => String(row['id']))])];
}

function* filesIn(files: FileTree, folder: string): Generator<Placed> {
  for (const name of files.names(folder)) {
    const file = placed(`${folder}/${name}`);
    if (file !== null) yield file;
  }
}

/** `project/<slug>/storage/session` of each project that has one. */
function oldestFolders(files: FileTree): string[] {
  return files.names('project').map((slug) => `project/${slug}/storage/session`);
}

function* messagesIn(files: FileTree, only: string | null): Generator<Placed> {
  for (const above of ['storage', ...oldestFolders(files)])
    for (const session of only === null ? files.names(`${above}/message`) : [only])
      yield* filesIn(files, `${above}/message/${session}`);
}

interface PartFolder {
  readonly folder: string;
  readonly message: string;
  readonly session: string | null;
}

function* partFoldersIn(
  files: FileTree,
  only: string | null,
  messages: () => readonly string[],
): Generator<PartFolder> {
  for (const message of only === null ? files.names('storage/part') : messages())
    yield { folder: `storage/part/${message}`, message, session: null };
  for (const above of oldestFolders(files))
    for (const session of only === null ? files.names(`${above}/part`) : [only])
      for (const message of files.names(`${above}/part/${session}`))
        yield { folder: `${above}/part/${session}/${message}`, message, session };
}

/** The file about a session, wherever its project has it. */
export function* sessionFiles(files: FileTree, session: string): Generator<Placed> {
  const folders = [
    ...files.names('storage/session').map((project) => `storage/session/${project}`),
    ...oldestFolders(files).map((above) => `${above}/info`),
  ];
  for (const folder of folders) {
    const file = placed(`${folder}/${session}.json`);
    if (file === null || files.stat(file.relPath) === null) continue;
    yield file;
    return;
  }
}
