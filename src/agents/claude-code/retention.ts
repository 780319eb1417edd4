/**
 * When Claude Code deletes its own transcripts.
 * Promises: pure. As version 2.1.332 was seen to do it, run against files of many ages with each of these settings.
 */
import type { AgentRetention, Cleanup, KeptSession, RootFiles } from '../../domain/retention.ts';
import { KEEPS_ALL } from '../../domain/retention.ts';
import { DAY_MS } from '../../domain/time.ts';
import { linesWithin, parseRecord, textAt } from '../kit/json-lines.ts';

const DAYS_DEFAULT = 30;
/** Claude's desktop programs: what one of them began, or wrote to last, has a period of its own. */
const DESKTOP: ReadonlySet<string> = new Set([
  ...['claude-desktop', 'claude-desktop-3p', 'local-agent', 'local_agent'],
]);

export const claudeRetention: AgentRetention = { cleanup };

function cleanup(files: RootFiles): Cleanup {
  const text = files.text('settings.json');
  const settings = text === null || text.trim() === '' ? {} : parseRecord(text.replace(/^\uFEFF/, ''));
  // It deletes nothing while its settings cannot be read, or a period in them is none: 0 is none.
  if (settings === null) return KEEPS_ALL;
  const days = periodOf(settings['cleanupPeriodDays'], DAYS_DEFAULT, 1);
  const desktopDays = periodOf(settings['desktopSessionCleanupPeriodDays'], 0, 0);
  if (days === null || desktopDays === null) return KEEPS_ALL;
  const lastMs = files.changedMs('.last-cleanup');
  return {
    days,
    ...(lastMs === null ? {} : { notBeforeMs: lastMs + DAY_MS }),
    goesMs: (session, untilMs) => goesMs(session, untilMs, { days, desktopDays, files }),
  };
}

/** Null where it is no period. */
function periodOf(value: unknown, absent: number, least: number): number | null {
  if (value === undefined) return absent;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least ? value : null;
}

interface Periods {
  readonly days: number;
  /** The longest that a desktop program's transcripts are kept; 0: for good. */
  readonly desktopDays: number;
  readonly files: RootFiles;
}

function goesMs(session: KeptSession, untilMs: number, { days, desktopDays, files }: Periods): number | null {
  const plainMs = session.changedMs + days * DAY_MS;
  if (plainMs > untilMs) return plainMs;
  const latestMs =
    desktopDays === 0 ? Number.POSITIVE_INFINITY : session.changedMs + Math.max(days, desktopDays) * DAY_MS;
  const markMs = releasedMs(session.relPath, files);
  if (markMs !== null) return Math.min(latestMs, Math.max(plainMs, markMs + days * DAY_MS));
  if (!isOfDesktop(session)) return plainMs;
  return Number.isFinite(latestMs) ? latestMs : null;
}

/** When the desktop program let go of a transcript: one that it deleted counts as let go long ago. Null: it did not. */
function releasedMs(relPath: string, files: RootFiles): number | null {
  const path = relPath.replace(/\.jsonl$/, '.desktop-released.json');
  const mark = path === relPath ? null : files.text(path);
  const reason = mark === null ? null : textAt(parseRecord(mark) ?? {}, 'reason');
  if (reason === 'delete') return Number.NEGATIVE_INFINITY;
  return reason === 'archive' ? files.changedMs(path) : null;
}

function isOfDesktop(session: KeptSession): boolean {
  const ends = session.ends();
  if (ends === null) return false;
  return [entrypointsIn(ends.head).next().value, [...entrypointsIn(ends.tail)].at(-1)].some(
    (entrypoint) => typeof entrypoint === 'string' && DESKTOP.has(entrypoint),
  );
}

function* entrypointsIn(bytes: Uint8Array): Generator<string> {
  for (const line of linesWithin(bytes)) {
    if (line.indexOf('"entrypoint"') < 0) continue;
    const named = textAt(parseRecord(line.toString()) ?? {}, 'entrypoint');
    if (named !== null) yield named;
  }
}
