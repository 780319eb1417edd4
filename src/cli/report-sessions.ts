/**
 * Whom a report is about, as a person knows them: by project, the title and the size first. Ids are there for who asks.
 * Promises: every text is made plain; a long list is cut, with its count.
 */
import type { SessionUid } from '../domain/ids.ts';
import { cutText, plainLine } from '../domain/text.ts';
import { numbersOf, sessionsByIds } from '../store/browse.ts';
import type { ReadableDb } from '../store/connection.ts';
import { listEvents } from '../store/read.ts';
import { allEvicted, type Report } from '../sweep/report.ts';
import { formatBytes, formatCount, plural } from './format.ts';

export interface ReportedSession {
  readonly uid: SessionUid;
  readonly title: string | null;
  readonly project: string | null;
  /** What was stored of it when it went; null: not known. */
  readonly storedBytes: number | null;
}

export type Reported = ReadonlyMap<SessionUid, ReportedSession>;

/** So many projects of a pass, and so many sessions of each, are told; the others are counted. */
const PROJECTS_TOLD = 8;
const SESSIONS_TOLD = 5;
const TITLE_CHARS_MAX = 100;

export function reportedIn(db: ReadableDb, report: Report): Reported {
  const uids = [
    ...new Set([
      ...allEvicted(report),
      ...report.overflow_analyzed,
      ...report.overflow_data_loss,
      ...report.skipped.map(({ session_uid: uid }) => uid),
    ]),
  ];
  if (uids.length === 0) return new Map();
  const bytes = new Map(
    report.sweep_id === ''
      ? []
      : listEvents(db, { sweepId: report.sweep_id }).map((row) => [row.session_uid, row.stored_bytes]),
  );
  const known = [...sessionsByIds(db, numbersOf(db, uids)).values()].map(
    ({ uid, title, project, storedBytes, state }): [SessionUid, ReportedSession] => [
      uid,
      {
        uid,
        title,
        project,
        storedBytes: bytes.get(uid) ?? (state === 'evicted' ? null : storedBytes),
      },
    ],
  );
  return new Map(known);
}

export interface ReportLine {
  readonly text: string;
  /** An id, which is shown to who asks for it. */
  readonly isId: boolean;
}

/** Of one pass, under its head; projects with the most bytes first. */
export function sessionLines(uids: readonly SessionUid[], reported: Reported): ReportLine[] {
  const all = uids.map((uid) => reported.get(uid) ?? { uid, title: null, project: null, storedBytes: null });
  const groups = [...Map.groupBy(all, ({ project }) => nameOf(project))]
    .map(([name, sessions]) => ({ name, sessions, bytes: bytesOf(sessions) }))
    .sort((a, b) => b.bytes - a.bytes || b.sessions.length - a.sessions.length);
  const told = groups.slice(0, PROJECTS_TOLD);
  const others = groups.slice(PROJECTS_TOLD);
  return [
    ...told.flatMap(({ name, sessions, bytes }) => [
      plain(`  ${name}: ${plural(sessions.length, 'session')}${bytes > 0 ? `, ${formatBytes(bytes)}` : ''}`),
      ...someOf(sessions),
    ]),
    ...(others.length === 0
      ? []
      : [
          plain(
            `  … and ${plural(others.length, 'project')} more: ${plural(sessionsIn(others), 'session')}, ${formatBytes(others.reduce((sum, { bytes }) => sum + bytes, 0))}`,
          ),
        ]),
  ];
}

function someOf(sessions: readonly ReportedSession[]): ReportLine[] {
  const largest = sessions.toSorted((a, b) => (b.storedBytes ?? 0) - (a.storedBytes ?? 0));
  const left = largest.slice(SESSIONS_TOLD);
  return [
    ...largest.slice(0, SESSIONS_TOLD).flatMap((one) => [
      plain(`    ${sizeOf(one)}  ${titleOf(one)}`),
      // A session without a title goes by its id already.
      ...(one.title === null ? [] : [{ text: `               ${plainLine(one.uid)}`, isId: true }]),
    ]),
    ...(left.length === 0
      ? []
      : [plain(`    … and ${formatCount(left.length)} more, ${formatBytes(bytesOf(left))}`)]),
  ];
}

export function titleOf({ title, uid }: ReportedSession): string {
  return cutText(plainLine(title ?? '') || plainLine(uid), TITLE_CHARS_MAX);
}

function sizeOf({ storedBytes }: ReportedSession): string {
  return (storedBytes === null ? '' : formatBytes(storedBytes)).padStart(9);
}

function nameOf(project: string | null): string {
  return plainLine((project ?? '').split(/[\\/]/).findLast((part) => part !== '') ?? '') || 'no project';
}

function bytesOf(sessions: readonly ReportedSession[]): number {
  return sessions.reduce((sum, { storedBytes }) => sum + (storedBytes ?? 0), 0);
}

function sessionsIn(groups: readonly { readonly sessions: readonly ReportedSession[] }[]): number {
  return groups.reduce((sum, { sessions }) => sum + sessions.length, 0);
}

function plain(text: string): ReportLine {
  return { text, isId: false };
}
