/**
 * Keeps what an agent wrote, as a home for the tests.
 * Promises: the folder of the run, that of the programs and the machine's name stand nowhere in it, in names and contents: another of the same length stands there, so that no byte
 * moves; a database is a copy at rest.
 */
import { Database } from 'bun:sqlite';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

/** What is larger is a program or a cache, not a transcript. */
const FILE_BYTES_MAX = 20 * 1024 * 1024;
const NAME_MIN = 6;
const SQLITE = 'SQLite format 3\0';

/** `folder`: of the run; `roots`: the agent's folders in its home; `programs`: where the agents are installed. */
export function recordHome(folder: string, roots: readonly string[], programs: string, to: string): void {
  const home = join(folder, 'home');
  const words = wordsOf(folder, programs);
  const files = roots.flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name)),
  );
  for (const path of files.filter(isTranscript)) {
    const target = neutral(Buffer.from(relative(home, path)), words).toString();
    const content = neutral(contentOf(path), words);
    mkdirSync(dirname(join(to, target)), { recursive: true });
    writeFileSync(join(to, target), content);
    if (isDatabase(content)) reindex(join(to, target));
  }
}

type Words = readonly (readonly [string, string])[];

/** What tells of this machine, and what stands there instead. A name that is short would be found where it is none. */
function wordsOf(folder: string, programs: string): Words {
  const name = hostname();
  return [
    [folder, '/home/dev/agents'],
    [programs, '/opt/agents'],
    ...(name.length < NAME_MIN ? [] : [[name, 'machine'] as const]),
  ];
}

function isTranscript(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  // What SQLite has beside a database is part of the copy at rest.
  return stats?.isFile() === true && stats.size <= FILE_BYTES_MAX && !/-(?:wal|shm)$/.test(path);
}

const isDatabase = (content: Buffer) => content.subarray(0, SQLITE.length).toString('latin1') === SQLITE;

function contentOf(path: string): Buffer {
  const content = readFileSync(path);
  if (!isDatabase(content)) return content;
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-record-'));
  const db = new Database(path, { readonly: true });
  try {
    const copy = join(folder, 'copy');
    db.query('VACUUM INTO ?').run(copy);
    return readFileSync(copy);
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
}

/** Other bytes stand in the order of an index now. */
function reindex(path: string): void {
  const db = new Database(path);
  try {
    db.run('REINDEX');
  } finally {
    db.close();
  }
}

/** Also where a folder is part of a name, as agents write a path into one: with a dash for each stroke. */
export function neutral(content: Buffer, words: Words): Buffer {
  const dashed = (path: string) => path.replaceAll('/', '-');
  return words.reduce((so, [word, instead]) => {
    const other = instead.padEnd(word.length, '0').slice(0, word.length);
    return replaced(replaced(so, word, other), dashed(word), dashed(other));
  }, content);
}

function replaced(content: Buffer, from: string, to: string): Buffer {
  const copy = Buffer.from(content);
  for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from, at + 1)) copy.write(to, at);
  return copy;
}
