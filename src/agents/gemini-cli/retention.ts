/**
 * When Gemini CLI deletes its own chats: at a start in their project, by the times in them.
 * Promises: pure. Source: google-gemini/gemini-cli, `sessionCleanup.ts` of version 0.61, and runs of that version.
 */
import type { AgentRetention, Cleanup, KeptSession, RootFiles } from '../../domain/retention.ts';
import { KEEPS_ALL } from '../../domain/retention.ts';
import { DAY_MS } from '../../domain/time.ts';
import { wholeDocument } from '../kit/document-agent.ts';
import { textOfParts } from '../kit/genai-contents.ts';
import { type JsonRecord, linesWithin, listAt, parseRecord, recordAt, recordsOf } from '../kit/json-lines.ts';
import { MESSAGES, messagesOfLine } from './records.ts';

const DAYS_DEFAULT = 30;
const DAYS_LEAST_DEFAULT = 1;
const DAYS_OF_UNIT: Readonly<Record<string, number>> = { h: 1 / 24, d: 1, w: 7, m: 30 };
/** At its next start, whenever that is. */
const DUE_MS = 0;
/** What stands before a first prompt is shorter: a chat with more holds a message. */
const EMPTY_BYTES_MAX = 32 * 1024;
/** What it does not take for words of a person: its own context, that of a hook, a command. */
const NO_WORDS = /^(?:$|[/?]|<session_context>|<hook_context>)/;

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
      if (isDue(session) || session.endedLater() >= most || isEmpty(session)) return DUE_MS;
      return days === null ? null : (session.endedMs() ?? session.changedMs) + days * DAY_MS;
    },
  };
}

/** A resume writes a second chat of the same id, and the next start deletes both. */
function isDue({ bearers }: KeptSession): boolean {
  return bearers.filter((relPath) => relPath.endsWith('.jsonl')).length > 1;
}

/** Without a word of a person and without an answer it cannot be gone on with: the next start deletes it, whatever its age is. */
function isEmpty(session: KeptSession): boolean {
  const ends = session.bytes > EMPTY_BYTES_MAX ? null : session.ends();
  if (ends === null) return false;
  const whole = wholeDocument(ends.head, MESSAGES);
  const messages =
    whole?.records ??
    [...linesWithin(ends.head)].flatMap((line) => recordsOf(line).records.flatMap(messagesOfLine));
  return !messages.some(isGoneOnWith);
}

function isGoneOnWith(message: JsonRecord): boolean {
  const text = textOfParts(message['content']).trim();
  if (message['type'] === 'user') return !NO_WORDS.test(text);
  const isAnswer = [text, ...listAt(message, 'toolCalls'), ...listAt(message, 'thoughts')].some(
    (part) => part !== '',
  );
  return message['type'] === 'gemini' && isAnswer;
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
