/**
 * Records of Kimi CLI, and what of them a human said. Promises: pure. Source: MoonshotAI/kimi-cli, `kosong/message.py`,
 * `soul/message.py`, `soul/compaction.py`.
 */
import { between, isRecord, type JsonRecord, parseRecord, recordAt, textAt } from '../kit/json-lines.ts';

const COMPACTED = '<system>Previous context has been compacted.';

/** A content: one text, or the texts of its parts, one below the other. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .flatMap((part) => (isRecord(part) && part['type'] === 'text' ? (textAt(part, 'text') ?? []) : []))
    .join('\n');
}

/** Null for what Kimi CLI says in a human's place: checkpoints, reminders, notices, summaries. */
export function humanText(text: string): string | null {
  const said = text.trim();
  return said === '' || /^<(?:system|system-reminder|notification)[>\s]/.test(said) ? null : said;
}

/** The summary with which a context goes on after it was made smaller; null for any other text. */
export function compactionIn(text: string): string | null {
  if (!text.startsWith(COMPACTED)) return null;
  const summary = text.slice(text.indexOf('</system>') + '</system>'.length).trim();
  return summary === '' ? null : summary;
}

/** The folder that the system prompt names. */
export function cwdOf(record: JsonRecord): string | null {
  if (record['role'] !== '_system_prompt') return null;
  const cwd = between(textAt(record, 'content') ?? '', 'The current working directory is `', '`');
  return cwd === null || cwd === '' || cwd.length > 4096 ? null : cwd;
}

export interface Called {
  readonly id: string;
  readonly name: string;
  readonly args: JsonRecord;
}

/** A call in the form of OpenAI's API, its arguments as a text. */
export function calledIn(record: JsonRecord): Called | null {
  const told = recordAt(record, 'function');
  const name = textAt(told, 'name');
  if (name === null) return null;
  return { id: textAt(record, 'id') ?? '', name, args: parseRecord(textAt(told, 'arguments') ?? '') ?? {} };
}

/** The exit status that a sentence about a command tells; null: none. */
export function exitIn(message: string): number | null {
  const exit = /exit code: (\d{1,10})/.exec(message)?.[1];
  if (exit !== undefined) return Number(exit);
  return message.includes('Command executed successfully') ? 0 : null;
}
