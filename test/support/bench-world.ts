/** A throw-away home and store for tests that ingest: real files, the real store, a clock that is set by hand. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Host } from '../../src/domain/agent.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Clock, Iso } from '../../src/domain/time.ts';
import type { Preparer } from '../../src/ingest/fast-path/prepare.ts';
import { type IngestOptions, type IngestReport, ingest } from '../../src/ingest/ingest.ts';
import { rememberSessions } from '../../src/ingest/remember.ts';
import type { WritableDb } from '../../src/store/connection.ts';
import { openWritable } from '../../src/store/open.ts';
import { digestsOf, filesOf, findSession } from '../../src/store/read.ts';
import { fileChunks, removedChunks } from '../../src/store/segments.ts';
import { evictCovered, loseByHand } from '../../src/store/write-sweep.ts';

/** A store as it is made, by the first world of a file. */
let made: Uint8Array | null = null;

/** A copy of that: making one flushes each step to the disk, ten times what it costs to open, and is tested by itself. */
function newStore(path: string): WritableDb {
  if (made === null) {
    openWritable(path).close();
    made = readFileSync(path);
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, made, { mode: 0o600 });
  return openWritable(path);
}

export class World implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'session-memory-'));
  readonly home = join(this.folder, 'home');
  /** What the owner of the made-up machine has set lies below it. */
  readonly systemRoot = join(this.folder, 'system');
  readonly db: WritableDb = newStore(join(this.folder, 'store', 's.db'));
  now = '2026-06-01T00:00:00.000Z' as Iso;
  readonly clock: Clock = { now: () => this.now, monotonicMs: () => performance.now(), isSet: true };

  /** Makes new sessions ready, as the program's threads do; null: everything goes the long way. */
  preparer: Preparer | null = null;
  /** Makes no session ready ahead, whatever is asked for. */
  isLongWay = false;

  /** Done once, after what there is was listed and before any of it is opened. */
  meanwhile: (() => void) | null = null;

  get host(): Host {
    return { homeDir: this.home, env: {}, platform: 'linux', systemRoot: this.systemRoot };
  }

  /** Writes a file below the home folder and returns its path. */
  put(relPath: string, content: string | Uint8Array): string {
    const path = join(this.home, relPath);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  ingest(options: Partial<IngestOptions> = {}, signal = new AbortController().signal): Promise<IngestReport> {
    return ingest(
      {
        db: this.db,
        host: this.host,
        clock: this.clock,
        analyze: { db: this.db, clock: this.clock, external: null, host: this.host },
        preparer: this.isLongWay ? null : () => this.preparer,
        progress: ({ kind }) => {
          if (kind !== 'scanned') return;
          this.meanwhile?.();
          this.meanwhile = null;
        },
        signal,
      },
      {
        paths: [],
        agent: null,
        since: null,
        project: null,
        exclude: [],
        full: false,
        dryRun: false,
        analyze: true,
        hardCapBytes: 6 * 1024 ** 3,
        ...options,
      },
    );
  }

  /** The stored bytes of one file of a session. */
  stored(uid: string, key = 'main'): Buffer {
    const file = filesOf(this.db, uid as SessionUid).find((candidate) => candidate.key === key);
    if (file === undefined) throw new Error(`no file ${key} in ${uid}`);
    return Buffer.concat(
      [...fileChunks(this.db, uid as SessionUid, file)].map((chunk) => Buffer.from(chunk)),
    );
  }

  /** The last digest of a session, as stored. */
  digestJson(uid: string): string {
    return digestsOf(this.db, uid as SessionUid).at(-1)?.json ?? 'null';
  }

  removed(uid: string, key = 'main'): string {
    const file = filesOf(this.db, uid as SessionUid).find((candidate) => candidate.key === key);
    if (file === undefined) throw new Error(`no file ${key} in ${uid}`);
    return Buffer.concat(
      [...removedChunks(this.db, uid as SessionUid, file)].map((chunk) => Buffer.from(chunk)),
    ).toString();
  }

  /** Evicts an analyzed session as a sweep does, which notes before what it is known again by. */
  async sweepAway(uid: string): Promise<void> {
    await rememberSessions(this, [uid as SessionUid]);
    this.evict(uid);
  }

  /** The eviction alone. */
  evict(uid: string): void {
    const card = findSession(this.db, uid as SessionUid);
    if (card === null) throw new Error(`no session ${uid}`);
    const [outcome] = evictCovered(
      this.db,
      [{ uid: card.uid, generation: card.generation, storedBytes: card.storedBytes, reason: 'test' }],
      { sweepId: 'test', at: this.now, untilUsageBytes: null },
    );
    if (outcome?.kind !== 'evicted') throw new Error(`not evicted: ${JSON.stringify(outcome)}`);
  }

  /** Whatever it holds, without an analysis. */
  lose(uid: string): void {
    const card = findSession(this.db, uid as SessionUid);
    if (card === null) throw new Error(`no session ${uid}`);
    const outcome = loseByHand(
      this.db,
      { uid: card.uid, generation: card.generation, storedBytes: card.storedBytes, reason: 'test' },
      this.now,
    );
    if (outcome.kind !== 'evicted') throw new Error(`not evicted: ${JSON.stringify(outcome)}`);
  }

  [Symbol.dispose](): void {
    this.db.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A made-up Claude Code record of a human prompt. */
export function promptLine(sessionId: string, text: string, at = '2026-05-01T10:00:00.000Z'): string {
  return `${JSON.stringify({
    parentUuid: null,
    isSidechain: false,
    userType: 'external',
    cwd: '/home/me/project',
    sessionId,
    version: '2.1.0',
    gitBranch: 'main',
    type: 'user',
    message: { role: 'user', content: text },
    uuid: Bun.hash(text + at).toString(16),
    timestamp: at,
  })}\n`;
}

export const claudePath = (id: string, project = '-home-me-project') =>
  `.claude/projects/${project}/${id}.jsonl`;
