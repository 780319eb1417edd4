/**
 * A home full of hostile transcripts, ingested by the modules in this process, changed, ingested again, listed, restored.
 * Promises: writes only below its own folder, and looks whether the program did. Answers with sentences, one a broken law.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { agentById } from '../../src/agents/registry.ts';
import type { Clock, Iso } from '../../src/domain/time.ts';
import { type IngestReport, ingest } from '../../src/ingest/ingest.ts';
import type { WritableDb } from '../../src/store/connection.ts';
import { openWritable } from '../../src/store/open.ts';
import { filesOf, listSessions } from '../../src/store/read.ts';
import { KnownSources } from '../../src/store/read-sources.ts';
import { fileChunks, logChunks } from '../../src/store/segments.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { runIn } from '../../test/support/runtime.ts';
import { hostileIn } from './hostile-laws.ts';

/** A file of the home: where, and its bytes at each of the ingests; null: not there. */
export interface HostileFile {
  readonly relPath: string;
  readonly versions: readonly (Uint8Array | null)[];
}

const NOW = '2026-11-23T12:00:00.000Z' as Iso;
/** What progress writes before a line of its own. */
const CLEAR_LINE = '\r\u001b[2K';
const CLOCK: Clock = { now: () => NOW, monotonicMs: () => performance.now(), isSet: true };

export async function brokenByHome(folder: string, files: readonly HostileFile[]): Promise<string[]> {
  const home = join(folder, 'home');
  const store = join(folder, 'data', 's.db');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(folder, 'canary'), 'mine');
  const broken: string[] = [];
  const versions = Math.max(...files.map((file) => file.versions.length));
  for (let round = 0; round < versions; round += 1) {
    for (const file of files) put(join(home, file.relPath), file.versions[round] ?? null);
    using db = openWritable(store);
    const report = await ingested(db, home);
    const before = (path: string) =>
      files.find((file) => join(home, file.relPath) === path)?.versions[round - 1] ?? null;
    broken.push(...lost(db, home, report, before));
    // What the cheap proof of an append cannot see, a full look does.
    const full = await ingested(db, home, true);
    broken.push(...lost(db, home, full, () => null), ...forgotten(db, home, files, round), ...damaged(db));
    const again = await ingested(db, home);
    if (again.raw_bytes_added !== 0)
      broken.push(`nothing had changed, and ${again.raw_bytes_added} bytes were added`);
  }
  broken.push(...(await actingOnTerminals(folder, store)), ...(await wronglyRestored(folder, store)));
  return [...broken, ...written(folder)];
}

function put(path: string, bytes: Uint8Array | null): void {
  if (bytes === null) return rmSync(path, { force: true });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

function ingested(db: WritableDb, home: string, full = false): Promise<IngestReport> {
  const host = { homeDir: home, env: {}, platform: 'linux' } as const;
  return ingest(
    {
      db,
      host,
      clock: CLOCK,
      analyze: { db, clock: CLOCK, external: null, host },
      progress: () => undefined,
      signal: new AbortController().signal,
    },
    {
      paths: [],
      agent: null,
      since: null,
      project: null,
      exclude: [],
      full,
      dryRun: false,
      analyze: true,
      hardCapBytes: 2 ** 40,
    },
  );
}

/** True where a file looks like what it was with something appended: its first 4 KiB and the last 64 KiB of what was. */
function passesForAppend(before: Uint8Array, now: Uint8Array): boolean {
  if (now.length <= before.length) return false;
  const same = (from: number, to: number) =>
    Buffer.compare(before.subarray(from, to), now.subarray(from, to)) === 0;
  return same(0, Math.min(4096, before.length)) && same(Math.max(0, before.length - 65_536), before.length);
}

/** Files of the home that are not in the store byte for byte, and that no warning names. `before`: their last version. */
function lost(
  db: WritableDb,
  home: string,
  report: IngestReport,
  before: (path: string) => Uint8Array | null,
): string[] {
  const known = new KnownSources(db);
  return filesBelow(home).flatMap((path) => {
    const relPath = relative(home, path).split('/');
    const agent = agentById(relPath[0] === '.codex' ? 'codex' : 'claude-code');
    const fileClass = agent?.classify(relPath.slice(1).join('/')) ?? null;
    if (fileClass === null || fileClass.encoding === 'zstd') return [];
    const source = known.of(path);
    if (source === null) {
      return report.warnings.some((warning) => warning.includes(path))
        ? []
        : [`not stored, and not named: ${path}`];
    }
    const stored = storedBytes(db, source.uid, source.key);
    if (stored === null) return [`known, and no file of ${source.uid}: ${path}`];
    const bytes = readFileSync(path);
    const earlier = before(path);
    if (earlier !== null && passesForAppend(earlier, bytes)) return [];
    return holds(stored, bytes) ? [] : [`other bytes are stored: ${path}`];
  });
}

/**
 * Whether all of a file is stored: a copy that ends sooner is held in the longer one, and a record that was written anew says the same
 * with other white space at the end of its line.
 */
function holds(stored: Buffer, bytes: Buffer): boolean {
  if (Buffer.compare(stored.subarray(0, bytes.length), bytes) === 0) return true;
  const [ours, theirs] = [linesOf(stored), linesOf(bytes)];
  return theirs.every((line, n) => line === ours[n]);
}

/** Lines as latin1, but for blank ones; a record without what ends a line on Windows. */
function linesOf(bytes: Buffer): string[] {
  return bytes
    .toString('latin1')
    .split('\n')
    .map((line) => (isRecord(line) ? line.replace(/\r+$/, '') : line))
    .filter((line) => line.trim() !== '');
}

function isRecord(line: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(line, 'latin1').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function storedBytes(db: WritableDb, uid: Parameters<typeof filesOf>[1], key: string | null): Buffer | null {
  const file = filesOf(db, uid).find((each) => each.key === key && !each.gone);
  return file === undefined
    ? null
    : Buffer.concat([...fileChunks(db, uid, file)].map((chunk) => Buffer.from(chunk)));
}

/** Lines that an earlier version had, and that are in no log any more. */
function forgotten(db: WritableDb, home: string, files: readonly HostileFile[], round: number): string[] {
  if (round === 0) return [];
  const logs = listSessions(db).flatMap(({ uid }) =>
    filesOf(db, uid).map((file) =>
      Buffer.concat([...logChunks(db, uid, file)].map((chunk) => Buffer.from(chunk))),
    ),
  );
  const known = new KnownSources(db);
  return files.flatMap((file) => {
    const before = Buffer.from(file.versions[round - 1] ?? []);
    if (known.statOf(join(home, file.relPath)) === null) return [];
    for (let from = 0; from < before.length; ) {
      const newline = before.indexOf(10, from);
      const to = newline < 0 ? before.length : newline;
      const line = before.subarray(from, to);
      const [said = ''] = linesOf(line);
      if (said !== '' && !logs.some((log) => log.includes(Buffer.from(said, 'latin1'))))
        return [`a line that was removed is gone: ${file.relPath}`];
      from = to + 1;
    }
    return [];
  });
}

function damaged(db: WritableDb): string[] {
  const { findings } = verify(
    db,
    () => undefined,
    () => false,
  );
  return findings.map((finding) => `verify: ${JSON.stringify(finding)}`);
}

/** Every command that shows something of a transcript, on a terminal and as JSON. */
async function actingOnTerminals(folder: string, store: string): Promise<string[]> {
  const broken: string[] = [];
  const { out } = await runIn(folder, ['--store', store, 'list', '--json']);
  const uids = [...out.matchAll(/"session_uid": "([^"]+)"/g)].map((match) => match[1] ?? '');
  const calls = [
    ['list'],
    ['status'],
    ['history'],
    ['verify'],
    ['sweep', '--dry-run', '--soft-cap', '0', '--hard-cap', '0'],
  ];
  for (const uid of uids) calls.push(['show', uid], ['show', uid, '--files']);
  for (const call of calls.flatMap((one) => [one, [...one, '--json']])) {
    for (const tty of [true, false]) {
      const told = await runIn(folder, ['--store', store, '--color', 'never', ...call], { tty, columns: 80 });
      const acts = [...hostileIn(told.out), ...hostileIn(told.err.replaceAll(CLEAR_LINE, ''))];
      if (acts.length > 0) broken.push(`${call.join(' ')} acts on a terminal: ${acts.slice(0, 5).join(' ')}`);
      if (/unexpected:/.test(told.out + told.err)) broken.push(`${call.join(' ')}: ${told.out}${told.err}`);
    }
  }
  return broken;
}

/** What `restore --to` gives back is what the store holds; and nothing of it lies elsewhere (see `written`). */
async function wronglyRestored(folder: string, store: string): Promise<string[]> {
  const broken: string[] = [];
  const db = openWritable(store);
  try {
    for (const { uid, state } of listSessions(db)) {
      if (state === 'evicted') continue;
      const to = join(folder, 'to', Bun.hash(uid).toString(36));
      const told = await runIn(folder, [
        '--store',
        store,
        'restore',
        uid,
        '--version',
        'present',
        '--to',
        to,
      ]);
      if (told.code !== 0) {
        if (!/refused to write outside|two files of/.test(told.err))
          broken.push(`restore ${uid}: ${told.err}`);
        continue;
      }
      const there = filesBelow(to).map((path) => Bun.SHA256.hash(readFileSync(path), 'hex'));
      const wanted = filesOf(db, uid)
        .filter((file) => !file.gone)
        .map((file) =>
          Bun.SHA256.hash(Buffer.concat([...fileChunks(db, uid, file)].map((c) => Buffer.from(c))), 'hex'),
        );
      if (there.sort().join() !== wanted.sort().join()) broken.push(`restore ${uid} gave other bytes`);
    }
  } finally {
    db.close();
  }
  return broken;
}

/** Anything in the folder that neither this round nor the program's own places account for. */
function written(folder: string): string[] {
  const strangers = readdirSync(folder).filter((name) => !['home', 'data', 'to', 'canary'].includes(name));
  const own = readdirSync(join(folder, 'data')).filter(
    (name) => !/^s\.db(-wal|-shm|\.reserve|\.sweep-lock)?$/.test(name),
  );
  const canary =
    readFileSync(join(folder, 'canary'), 'utf8') === 'mine' ? [] : ['the canary was written over'];
  return [...[...strangers, ...own].map((name) => `written outside: ${name}`), ...canary];
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => lstatSync(path).isFile());
}
