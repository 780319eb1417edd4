/**
 * When Claude Code deletes its own transcripts.
 * Promises: pure. As version 2.1.332 was seen to do it, run against files of many ages with each of these settings.
 */
import type {
  AgentRetention,
  Cleanup,
  KeptSession,
  MachineFiles,
  RootFiles,
} from '../../domain/retention.ts';
import { KEEPS_ALL } from '../../domain/retention.ts';
import { DAY_MS } from '../../domain/time.ts';
import { type JsonRecord, linesFromEnd, linesWithin, parseRecord, textAt } from '../kit/json-lines.ts';

const DAYS_DEFAULT = 30;
const DESKTOP_DAYS = 'desktopSessionCleanupPeriodDays';
/** Where a machine's owner puts settings, as of 2.1.332. */
const MANAGED_IN = {
  linux: '/etc/claude-code',
  darwin: '/Library/Application Support/ClaudeCode',
  win32: 'C:/Program Files/ClaudeCode',
} as const;
/** Claude's desktop programs: what one of them began, or wrote to last, has a period of its own. */
const DESKTOP: ReadonlySet<string> = new Set([
  ...['claude-desktop', 'claude-desktop-3p', 'local-agent', 'local_agent'],
]);

export const claudeRetention: AgentRetention = { cleanup };

function cleanup(files: RootFiles): Cleanup {
  const user = settingsIn(files.text('settings.json'));
  const managed = managedSettings(files.machine);
  // It deletes nothing while settings cannot be read, or a period in them is none: 0 is none.
  if (user === null || managed === null) return KEEPS_ALL;
  const ruled = periodOf(managed['cleanupPeriodDays'], undefined, 1);
  const own = periodOf(user['cleanupPeriodDays'], DAYS_DEFAULT, 1);
  const ownDesktop = periodOf(user[DESKTOP_DAYS], 0, 0);
  if (own === null || ownDesktop === null) return KEEPS_ALL;
  const days = ruled ?? Math.min(own, ...projectPeriods(files.machine, own));
  // Where the owner rules over the one period, what desktop programs wrote goes by it too.
  const desktopDays = ruled ?? periodOf(managed[DESKTOP_DAYS], ownDesktop, 0) ?? ownDesktop;
  const lastMs = files.changedMs('.last-cleanup');
  return {
    days,
    ...(lastMs === null ? {} : { notBeforeMs: lastMs + DAY_MS }),
    goesMs: (session, untilMs) => goesMs(session, untilMs, { days, desktopDays, files }),
  };
}

/** Null where they cannot be read. */
function settingsIn(text: string | null): JsonRecord | null {
  return text === null || text.trim() === '' ? {} : parseRecord(text.replace(/^\uFEFF/, ''));
}

/** What the machine's owner set, which no one else's settings change; null where it cannot be read, and Claude Code does not start. */
function managedSettings(machine: MachineFiles | undefined): JsonRecord | null {
  if (machine === undefined) return {};
  const folder = machine.systemRoot + MANAGED_IN[machine.platform];
  const texts = [
    machine.text(`${folder}/managed-settings.json`),
    ...machine
      .names(`${folder}/managed-settings.d`)
      .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
      .map((name) => machine.text(`${folder}/managed-settings.d/${name}`)),
  ];
  const settings = texts.map(settingsIn);
  return settings.every((each) => each !== null) ? Object.assign({}, ...settings) : null;
}

/**
 * A start in a project deletes everybody's transcripts by the settings of that project: its local ones first, then those that it shares, then
 * the person's. Where they cannot be read, a start there deletes nothing.
 */
function* projectPeriods(machine: MachineFiles | undefined, own: number): Generator<number> {
  for (const project of machine?.projects ?? []) {
    const [shared, local] = ['settings.json', 'settings.local.json'].map((name) =>
      settingsIn(machine?.text(`${project}/.claude/${name}`) ?? null),
    );
    if (shared == null || local == null) continue;
    const days = periodOf({ ...shared, ...local }['cleanupPeriodDays'], own, 1);
    if (days !== null) yield days;
  }
}

/** Null where it is no period. */
function periodOf<T>(value: unknown, absent: T, least: number): number | T | null {
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

/** By who began it, or who wrote to it last. */
function isOfDesktop(session: KeptSession): boolean {
  const ends = session.ends();
  if (ends === null) return false;
  return (
    isDesktop(firstEntrypoint(linesWithin(ends.head))) || isDesktop(firstEntrypoint(linesFromEnd(ends.tail)))
  );
}

function isDesktop(entrypoint: string | null): boolean {
  return entrypoint !== null && DESKTOP.has(entrypoint);
}

/** The first that lines tell, in the order in which they come. */
function firstEntrypoint(lines: Iterable<Buffer>): string | null {
  for (const line of lines) {
    if (line.indexOf('"entrypoint"') < 0) continue;
    const named = textAt(parseRecord(line.toString()) ?? {}, 'entrypoint');
    if (named !== null) return named;
  }
  return null;
}
