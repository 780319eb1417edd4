/**
 * When Gemini CLI deletes its own chats: at a start in their project, by the times in them.
 * Promises: pure. Source: google-gemini/gemini-cli, `sessionCleanup.ts` of version 0.61, and runs of that version.
 */
import type { AgentRetention, Cleanup, KeptSession, RootFiles } from '../../domain/retention.ts';
import { KEEPS_ALL } from '../../domain/retention.ts';
import { DAY_MS } from '../../domain/time.ts';
import { type JsonRecord, parseRecord, recordAt } from '../kit/json-lines.ts';

const DAYS_DEFAULT = 30;
const DAYS_LEAST_DEFAULT = 1;
const DAYS_OF_UNIT: Readonly<Record<string, number>> = { h: 1 / 24, d: 1, w: 7, m: 30 };
/** At its next start, whenever that is. */
const DUE_MS = 0;

export const geminiRetention: AgentRetention = { cleanup };

function cleanup(files: RootFiles): Cleanup {
  const text = files.text('settings.json');
  const settings = text === null ? null : parseRecord(withoutComments(text));
  const retention = recordAt(recordAt(settings ?? {}, 'general'), 'sessionRetention');
  const { enabled = true, maxAge, maxCount } = retention;
  // A rule that it does not understand switches all of them off.
  const isCount = maxCount === undefined || (typeof maxCount === 'number' && maxCount >= 1);
  const isAged = maxAge === undefined || Boolean(maxAge);
  const days = isAged ? daysOf(maxAge ?? `${DAYS_DEFAULT}d`) : null;
  const isRight = isAged ? days !== null && days >= leastDays(retention) : maxCount !== undefined;
  if (!enabled || !isCount || !isRight) return KEEPS_ALL;
  const most = typeof maxCount === 'number' ? maxCount : Number.POSITIVE_INFINITY;
  return {
    days,
    goesMs: (session) => {
      if (isDue(session) || session.endedLater() >= most) return DUE_MS;
      return days === null ? null : (session.endedMs() ?? session.changedMs) + days * DAY_MS;
    },
  };
}

/** A resume writes a second chat of the same id, and the next start deletes both. */
function isDue({ bearers }: KeptSession): boolean {
  return bearers.filter((relPath) => relPath.endsWith('.jsonl')).length > 1;
}

/** Null where it is no time that Gemini CLI reads. */
function daysOf(value: unknown): number | null {
  const [, count = '', unit = ''] = typeof value === 'string' ? (/^(\d+)([hdwm])$/.exec(value) ?? []) : [];
  const days = Number(count) * (DAYS_OF_UNIT[unit] ?? 0);
  return days > 0 ? days : null;
}

function leastDays({ minRetention }: JsonRecord): number {
  return daysOf(minRetention) ?? DAYS_LEAST_DEFAULT;
}

/** Gemini CLI lets its settings have comments. */
function withoutComments(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (part) =>
    part.startsWith('"') ? part : '',
  );
}
