/**
 * Gemini CLI's records: what is a message, who wrote it, what it cost.
 * Promises: pure, and the same for a line of a `.jsonl` and a message of the older `.json`.
 */
import type { Tokens } from '../../domain/facts.ts';
import type { DocumentShape } from '../kit/document-agent.ts';
import { textOfParts } from '../kit/genai-contents.ts';
import { between, countAt, isRecord, type JsonRecord, listAt, recordAt, textAt } from '../kit/json-lines.ts';

const MESSAGE_TYPES: ReadonlySet<string> = new Set(['user', 'gemini', 'info', 'error', 'warning']);

/** The older form: one object with all messages. */
export const MESSAGES: DocumentShape = {
  recordsOf: (document) =>
    isRecord(document) && Array.isArray(document['messages']) ? document['messages'] : null,
  isRecord: (record) => isMessage(record) && textAt(record, 'id') !== null,
};

export function isMessage(record: JsonRecord): boolean {
  return MESSAGE_TYPES.has(textAt(record, 'type') ?? '') && 'content' in record;
}

export function isHeader(record: JsonRecord): boolean {
  return textAt(record, 'sessionId') !== null && ('projectHash' in record || 'startTime' in record);
}

/** The messages that a line tells: itself, or those of a `$set` that replaces them all. */
export function messagesOfLine(record: JsonRecord): readonly JsonRecord[] {
  if (isMessage(record)) return [record];
  return listAt(recordAt(record, '$set'), 'messages').filter(isRecord);
}

const CONTEXT = '<session_context>';

/** What a human typed, as it was shown where that differs from what was sent; null for what Gemini CLI put in. */
export function humanText(message: JsonRecord): string | null {
  if (message['type'] !== 'user') return null;
  const shown = textOfParts(message['displayContent']);
  const text = (shown === '' ? textOfParts(message['content']) : shown).trim();
  const isMade = text === '' || text.startsWith(CONTEXT) || text === 'System: Please continue.';
  return isMade ? null : text;
}

/** What the model is made to say to the summary of a compaction. */
export const ACKNOWLEDGED = 'Got it. Thanks for the additional context!';
const SNAPSHOT = /^<state_snapshot>([\s\S]*?)(?:<\/state_snapshot>\s*)?$/;

/** Whether a message is the summary that a compaction puts before what it keeps; `next` stands behind it. */
export function isSummaryBefore(message: JsonRecord, next: JsonRecord | undefined): boolean {
  if (message['type'] !== 'user') return false;
  const isAcknowledged = next?.['type'] === 'gemini' && textOfParts(next['content']) === ACKNOWLEDGED;
  return isAcknowledged || SNAPSHOT.test(textOfParts(message['content']).trim());
}

export function summaryText(message: JsonRecord): string {
  const text = textOfParts(message['content']).trim();
  return (SNAPSHOT.exec(text)?.[1] ?? text).trim();
}

/** The folder that a session began in: the first of the workspace, in the context that Gemini CLI puts before the first prompt. */
export function cwdOf(message: JsonRecord): string | null {
  if (message['type'] !== 'user') return null;
  const text = textOfParts(message['content']);
  if (!text.startsWith(CONTEXT)) return null;
  const line = between(text, '**Workspace Directories:**\n', '\n')?.trim() ?? '';
  const folder = line.replace(/^- /, '');
  return folder.startsWith('/') || /^[A-Za-z]:[\\/]/.test(folder) ? folder : null;
}

/** `input` counts cached tokens too, and thoughts stand beside the output; null where nothing is told. */
export function tokensOf(message: JsonRecord): Tokens | null {
  const told = message['tokens'];
  if (!isRecord(told)) return null;
  const cacheRead = countAt(told, 'cached');
  const reasoning = countAt(told, 'thoughts');
  return {
    input: Math.max(0, countAt(told, 'input') - cacheRead) + countAt(told, 'tool'),
    cacheRead,
    cacheWrite: 0,
    output: countAt(told, 'output') + reasoning,
    reasoning,
  };
}
