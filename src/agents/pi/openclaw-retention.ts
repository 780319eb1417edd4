/**
 * When OpenClaw lets go of its own sessions.
 * Promises: pure. Source: OpenClaw 2026.5.28 (files: what is old is renamed to `.deleted.<time>`, and after as long again removed) and 2026.9.6
 * (a database: what is old is only marked as archived, and removed where no person spoke: what a subagent, a schedule or a hook began).
 */
import type { AgentRetention, Cleanup, KeptSession, RootFiles } from '../../domain/retention.ts';
import { KEEPS_ALL } from '../../domain/retention.ts';
import { DAY_MS } from '../../domain/time.ts';
import { isRecord, type JsonRecord, recordAt, textAt } from '../kit/json-lines.ts';

const AGE_MS_DEFAULT = 30 * DAY_MS;
const MS_OF_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };
const LIST = 'sessions.json';

export const openClawRetention: AgentRetention = { cleanup };

function cleanup(files: RootFiles): Cleanup {
  const rules = recordAt(recordAt(json5(files.text('openclaw.json')), 'session'), 'maintenance');
  if (rules['mode'] === 'warn') return KEEPS_ALL;
  const ageMs = spanMs(rules['pruneAfter'] ?? rules['pruneDays']) ?? AGE_MS_DEFAULT;
  const reset = rules['resetArchiveRetention'];
  const periods: Periods = { ageMs, resetMs: reset === false ? null : (spanMs(reset) ?? ageMs) };
  // Since 2026.9 there is no list of sessions beside them.
  const hasFiles = files.changedMs(`agents/main/sessions/${LIST}`) !== null;
  return {
    days: hasFiles ? ageMs / DAY_MS : null,
    goesMs: (session) => goesMs(session, periods, files),
  };
}

interface Periods {
  readonly ageMs: number;
  /** Null: what was reset stays. */
  readonly resetMs: number | null;
}

function goesMs(session: KeptSession, { ageMs, resetMs }: Periods, files: RootFiles): number | null {
  const [, folder = '', kind, stamp = ''] =
    /^(agents\/[^/]+\/sessions\/)[^/]+?\.jsonl(?:\.(deleted|reset|bak)\.([^/]*?)(?:\.zst)?)?$/s.exec(
      session.relPath,
    ) ?? [];
  if (session.isRows) {
    const { keptAs, changedMs } = session;
    return keptAs !== null && isOfNobody(keptAs) ? (session.endedMs() ?? changedMs) + ageMs : null;
  }
  if (folder === '') return null;
  if (kind !== undefined) {
    const keptMs = { deleted: ageMs, reset: resetMs }[kind] ?? null;
    return keptMs === null ? null : stampMs(stamp, session.changedMs) + keptMs;
  }
  const list = files.text(`${folder}${LIST}`);
  // A list too long to be read counts as one that names it.
  if (list === null) return files.changedMs(`${folder}${LIST}`) === null ? null : session.changedMs + ageMs;
  const named = Object.entries(json5(list)).find(
    ([, entry]) => isRecord(entry) && entry['sessionId'] === session.nativeId,
  );
  const [key, entry] = named ?? ['', null];
  if (!isRecord(entry) || typeof entry['updatedAt'] !== 'number' || isKept(key, entry)) return null;
  return entry['updatedAt'] + ageMs;
}

/** Of a conversation with many, or in a thread, nothing goes by age. */
function isKept(key: string, entry: JsonRecord): boolean {
  if (isOfNobody(key)) return false;
  const rest = partOf(key);
  const kind = textAt(entry, 'chatType') ?? textAt(recordAt(entry, 'origin'), 'chatType') ?? '';
  return (
    ['group', 'channel', 'thread'].includes(kind) ||
    /:(?:thread|topic):[^:]+$/.test(rest) ||
    /^[^:]+:(?:group|channel):/.test(rest)
  );
}

/** Whether a program began it. */
function isOfNobody(key: string): boolean {
  return /^(?:subagent|acp|acp-bridge|cron|hook|node):|^explicit:model-run-[0-9a-f-]{36}$|(?:^|:)heartbeat(?:$|:)/.test(
    partOf(key),
  );
}

/** What stands behind the agent's name in a key. */
function partOf(key: string): string {
  return (/^agent:[^:]+:(.*)$/s.exec(key)?.[1] ?? key).toLowerCase();
}

/** Days where a number has no unit. Null where it is no span of time. */
function spanMs(value: unknown): number | null {
  const text = typeof value === 'number' || typeof value === 'string' ? `${value}`.trim().toLowerCase() : '';
  const single = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  if (single !== null) return Number(single[1]) * (MS_OF_UNIT[single[2] ?? 'd'] ?? DAY_MS);
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) return null;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  return parts.reduce((sum, [, count, unit = 'd']) => sum + Number(count) * (MS_OF_UNIT[unit] ?? DAY_MS), 0);
}

/** When a file was renamed, as its name says: a time with dashes for colons. */
function stampMs(stamp: string, changedMs: number): number {
  const ms = Date.parse(stamp.replace(/T(\d\d)-(\d\d)-(\d\d)/, 'T$1:$2:$3'));
  return Number.isNaN(ms) ? changedMs : ms;
}

function json5(text: string | null): JsonRecord {
  try {
    const value: unknown = text === null ? null : Bun.JSON5.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    // What cannot be read counts as not there: the defaults hold.
    return {};
  }
}
