/**
 * What the screens ask of the store, answered by a thread that has it open for reading.
 * Promises: one question after the other; nothing here writes.
 */
import { existsSync, statSync } from 'node:fs';
import { digestPage } from '../digest/page.ts';
import { importedRows } from '../digest/sections.ts';
import type { SessionUid } from '../domain/ids.ts';
import { collectGarbage } from '../domain/pacer.ts';
import { plainLine } from '../domain/text.ts';
import { fileOfPath } from '../files/file-names.ts';
import { awayMount } from '../files/mounts.ts';
import { matchingIds, numbersOf, sessionsByIds, titlesPage, untriedSessions } from '../store/browse.ts';
import type { ReadableDb } from '../store/connection.ts';
import {
  dataVersion,
  digestsOf,
  filesOf,
  findSession,
  findSweep,
  listSweeps,
  sourcesOf,
} from '../store/read.ts';
import { expectBucket } from '../store/remote/receipts.ts';
import { sessionsAtRisk } from '../store/scans.ts';
import { readDigest } from '../store/whole-digest.ts';
import type { Report } from '../sweep/report.ts';
import { storedReport } from '../sweep/stored-report.ts';
import type { OwnFile, ReadLine, StoreReads } from '../tui/ports.ts';
import type { Context } from './context.ts';
import { formatTime } from './format.ts';
import { limitsPage } from './limits-page.ts';
import { brokenAt, reportParts } from './report.ts';
import { reportedIn } from './report-sessions.ts';
import { transcriptPiece } from './transcript-piece.ts';

/** The same questions, answered at once, but for the one that is loaded when it is first asked. */
export type Answers = {
  readonly [Name in keyof StoreReads]: (
    ...asked: Parameters<StoreReads[Name]>
  ) => Name extends 'planRestore' ? ReturnType<StoreReads[Name]> : Awaited<ReturnType<StoreReads[Name]>>;
};

/** Numbers of a connection say nothing to another one: a thread that comes after this one must not seem to have seen the same. */
const VERSIONS_FROM = Math.floor(Math.random() * 2 ** 40);

const DAMAGED_REPORT: ReadLine = {
  text: 'The report of this sweep is damaged. Its evictions are in `session-memory history`.',
  tone: 'plain',
};

export async function answersOf(context: Context, db: ReadableDb): Promise<Answers> {
  const { limits, remote } = context.settings;
  // Each connection has to know: what is shown is what a sweep would do.
  if (remote !== null) expectBucket(db);
  const { growthOf, readView } = await import('../tui/live.ts');
  const { loadList } = await import('../tui/load-list.ts');
  const lines = (report: Report, columns: number): readonly ReadLine[] =>
    reportParts(report, limits, reportedIn(db, report))
      .flatMap((one) => brokenAt(columns, one))
      .map(({ text, isId }) => (isId ? { text, tone: 'dim', isDetail: true } : { text, tone: 'plain' }));
  return {
    view: (now, seen) => {
      const version = VERSIONS_FROM + dataVersion(db);
      if (version === seen?.version && now.slice(0, 16) === seen.minute) return null;
      return { ...readView(db, limits, now), version };
    },
    growth: (now) => growthOf(db, now),
    catalogue: (nowMs) => {
      const list = loadList(db, { limits, goesMs: sessionsAtRisk(db), nowMs });
      // What it was made of goes before other threads begin to need memory.
      collectGarbage();
      return list;
    },
    titles: (fromId, toId) => titlesPage(db, fromId, toId),
    matching: (words, fromId, toId) => matchingIds(db, words, fromId, toId),
    numbers: (uids) => {
      const ids = numbersOf(db, uids);
      const rows = sessionsByIds(db, ids);
      return ids.flatMap((id) => {
        const uid = rows.get(id)?.uid;
        return uid === undefined ? [] : [{ id, uid }];
      });
    },
    untried: (most) => untriedSessions(db, most),
    rows: (ids) => sessionsByIds(db, ids),
    digest: (uid, columns) => digestLines(db, uid, columns),
    ownFiles: (uids) => new Map(uids.map((uid) => [uid, ownFile(db, uid)])),
    raw: (uid, asked, columns) => transcriptPiece(db, uid, asked, columns),
    sweeps: (most) => listSweeps(db, most),
    reportOf: (sweepId, columns) => {
      const json = findSweep(db, sweepId)?.report ?? null;
      if (json === null) return null;
      const report = storedReport(json);
      return report === null ? [DAMAGED_REPORT] : lines(report, columns);
    },
    limitsPage: (columns) => limitsPage(context.settings, existsSync(context.settings.configPath), columns),
    planRestore: async (uid, way) => {
      const { restorePlan } = await import('./screen-restore.ts');
      return restorePlan(context, db, uid, way);
    },
  };
}

/** What the screens show of a session's digests; a stranger's says so first. */
export function digestLines(db: ReadableDb, uid: SessionUid, columns: number): readonly string[] {
  const session = findSession(db, uid);
  const imported = importedRows(session?.origin ?? null);
  const digests = digestsOf(db, uid);
  if (digests.length === 0) {
    const why = session?.analyzeError ?? null;
    const told = imported.map((row) => plainLine(row.join('  ')));
    return [...told, why === null ? 'No digest yet.' : `No digest: ${why}`];
  }
  return digests.flatMap((stored, i) => [
    ...(i > 0 ? ['', `An older digest, of what was evicted before (${formatTime(stored.madeAt)}):`] : []),
    ...(stored.complete ? [] : ['A partial digest: it was made of what could be read.']),
    ...digestPage(readDigest(uid, stored.json), columns, undefined, imported).trimEnd().split('\n'),
  ]);
}

function ownFile(db: ReadableDb, uid: SessionUid): OwnFile {
  const main = filesOf(db, uid).find((file) => file.role === 'main');
  const paths = sourcesOf(db, uid).filter(({ fileId }) => fileId === main?.fileId);
  if (main === undefined || paths.length === 0) return 'unknown';
  if (paths.some(({ path }) => awayMount(path) !== null)) return 'unknown';
  // Whether a database that is there still has the session only a look into it could tell.
  if (paths.some(({ path }) => fileOfPath(path) !== path && existsSync(fileOfPath(path)))) return 'unknown';
  const sizes = paths.flatMap(({ path }) => (existsSync(path) ? [statSync(path).size] : []));
  if (sizes.length === 0) return 'gone';
  return sizes.includes(main.rawBytes) ? 'there' : 'changed';
}
