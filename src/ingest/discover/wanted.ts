/**
 * Which found sessions an ingest takes, and what leaves out the others.
 * Promises: what is about to be stored is known by its project first, as far as any of its records tells it.
 */
import type { Host } from '../../domain/agent.ts';
import { ANALYZER_FOLDER, isOfAnalyzer } from '../../domain/analyzing.ts';
import type { Iso } from '../../domain/time.ts';
import { realPathOrNull } from '../../files/within.ts';
import type { ReadableDb, WritableDb } from '../../store/connection.ts';
import { noteMatches } from '../../store/exclude-matches.ts';
import { findSession } from '../../store/read.ts';
import { endByFiles, type FoundSession } from './discover.ts';
import { excludeRules } from './exclude.ts';
import { projectOf } from './project-of.ts';
import { leftOutBy, type Selection } from './select.ts';

export interface Wanting extends Selection {
  /** Projects or paths never stored. */
  readonly exclude: readonly string[];
  readonly dryRun: boolean;
}

export interface Wanted {
  readonly wanted: readonly FoundSession[];
  /** In the user's own words, with how many sessions each left out. */
  readonly leftOut: { rule: string; sessions: number }[];
  readonly warnings: readonly string[];
}

/** The sessions that no flag and no pattern leaves out. */
export async function wantedOf(
  db: WritableDb,
  options: Wanting,
  host: Host,
  sessions: readonly FoundSession[],
  now: Iso,
): Promise<Wanted> {
  const rules = excludeRules(options.exclude, host, realPathOrNull);
  const leftOut = new Map<string, number>();
  const matched = new Set<string>();
  const wanted: FoundSession[] = [];
  const isAll = options.exclude.length === 0 && options.since === null && options.project === null;
  for (const session of isAll ? takenAtOnce(sessions, wanted) : sessions) {
    const project = options.exclude.length === 0 ? null : await projectFor(db, session);
    const known = project ?? session.peek?.project ?? null;
    const left = isLeftBehind(session, known)
      ? { rule: 'being the analyzer’s own', pattern: null }
      : leftOutBy(options.since === null ? session : withEnd(session, now), known, options, rules);
    if (left === null) wanted.push(session);
    else leftOut.set(left.rule, (leftOut.get(left.rule) ?? 0) + 1);
    if (left !== null && left.pattern !== null) matched.add(left.pattern);
  }
  if (!options.dryRun) noteMatches(db, [...matched], now);
  return {
    wanted,
    leftOut: [...leftOut].map(([rule, count]) => ({ rule, sessions: count })),
    warnings: rules.idle.map(
      ({ pattern, why }) =>
        `ingest.exclude: ${pattern} can match nothing: ${why}; write a whole path, ~/… or a name`,
    ),
  };
}

/** Where no rule asks anything, nearly all are wanted; those that are left are looked at one by one. */
function takenAtOnce(sessions: readonly FoundSession[], wanted: FoundSession[]): readonly FoundSession[] {
  const isPlain = (session: FoundSession) => !isLeftBehind(session, session.peek?.project ?? null);
  const others: FoundSession[] = [];
  for (const session of sessions) (isPlain(session) ? wanted : others).push(session);
  return others;
}

/** A session that is left as it is was not asked when it ended. */
function withEnd(session: FoundSession, now: Iso): FoundSession {
  return { ...session, endedAt: session.endedAt ?? endByFiles(session, now) };
}

/** The transcript of an agent that was asked for a summary: stored, it would be summarised in its turn. */
function isLeftBehind({ files }: FoundSession, project: string | null): boolean {
  if (project !== null) return isOfAnalyzer(project, []);
  return files.some(({ relPath }) => relPath.includes(ANALYZER_FOLDER) && isOfAnalyzer(null, [relPath]));
}

/** A pattern that is held against nothing lets a session pass: where head and tail do not tell its project, it is read on. */
async function projectFor(db: ReadableDb, session: FoundSession): Promise<string | null> {
  const { uid, peek, files, isChanged } = session;
  if (peek?.project != null) return peek.project;
  const stored = findSession(db, uid)?.project ?? null;
  if (stored !== null || !isChanged) return stored;
  // Of several transcripts of one session, or of subagents whose parent is gone, one alone may tell it.
  for (const role of ['main', 'subagent'] as const) {
    for (const file of files.filter((each) => each.class.role === role)) {
      const project = await projectOf(file);
      if (project !== null) return project;
    }
  }
  return null;
}
