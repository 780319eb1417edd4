/**
 * Claude Code's records, one JSON object a line.
 * Promises: pure; what a record does not tell is null.
 * Never: takes a subagent's prompt, a tool's result or the client's own notes for a human's words.
 * Source of the format: recordings of versions 1.0 to 2.1; the vendor documents none.
 */
import type { Tokens } from '../../domain/facts.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { between, countAt, isRecord, type JsonRecord, recordAt, textAt } from '../kit/json-lines.ts';
import { Members } from '../kit/json-members.ts';

/** What is asked of a line without parsing it. */
const LOOKED_AT = [
  ...([
    'type',
    'subtype',
    'timestamp',
    'snapshot.timestamp',
    'gitBranch',
    'forkedFrom',
    'requestSessionId',
  ] as const),
  ...(['attachment.type', 'message.role', 'message.content[].type'] as const),
  ...(['message.content[].tool_use_id', 'message.content[].is_error'] as const),
] as const;

export type ClaudePath = (typeof LOOKED_AT)[number];

class ClaudeLine extends Members<ClaudePath> {
  constructor() {
    super(LOOKED_AT);
  }

  /** The record's own time; one within a tool's result or a text is none. */
  time(): Iso | null {
    return parseTime(this.value('timestamp') ?? this.value('snapshot.timestamp'));
  }
}

/** One for all: what it found stands until the next line is looked at. */
export const claudeLine = new ClaudeLine();

/** The record's own time, of one that was parsed. */
export function timeOf(record: JsonRecord): Iso | null {
  return parseTime(record['timestamp'] ?? recordAt(record, 'snapshot')['timestamp']);
}

/** What a human wrote in this record, a slash command with its arguments included; null where it is no human's. */
export function humanPrompt(record: JsonRecord): string | null {
  if (record['isMeta'] === true || record['isSidechain'] === true) return null;
  const content = recordAt(record, 'message')['content'];
  const texts = typeof content === 'string' ? [content] : textBlocks(content);
  if (isCompaction(record, texts[0] ?? '')) return null;
  const kept = texts.map(humanText).filter((text) => text !== null);
  if (kept.length === 0) return texts.length === 0 ? pictureIn(content) : null;
  return kept.join('\n');
}

/** A message of a picture or a document alone; a tool's result may hold one too, and is no human's. */
function pictureIn(content: unknown): string | null {
  const kinds = Array.isArray(content)
    ? content.map((block: unknown) => isRecord(block) && block['type'])
    : [];
  if (kinds.includes('tool_result')) return null;
  return kinds.includes('image') ? '[image]' : kinds.includes('document') ? '[document]' : null;
}

/** What goes on from a summary of what was before; older versions mark it by its first words alone. */
export function isCompaction(record: JsonRecord, text: string): boolean {
  return (
    record['isCompactSummary'] === true ||
    text.startsWith('This session is being continued from a previous conversation that ran out of context')
  );
}

function textBlocks(content: unknown): readonly string[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((block: unknown) => {
    const text = isRecord(block) && block['type'] === 'text' ? textAt(block, 'text') : null;
    return text === null ? [] : [text];
  });
}

/** What the client puts around or before a human's words, which go on behind it. */
const AROUND = /^(?:system-reminder|ide_[a-z_]+|[a-z-]+-hook)$/;
/** The client's tags have a `-` or `_` in their names; `<task>` or `<div>` are a human's own. */
const CLIENT_TAG = /^<([a-z]+(?:[-_][a-z0-9]+)+)(?=[\s>])/;
const REMINDER = ['<system-reminder>', '</system-reminder>'] as const;

/** A human's own words in a text of the user's role, null where it holds none. */
export function humanText(text: string): string | null {
  const own = withoutReminders(text);
  const trimmed = own.trim();
  if (trimmed === '' || trimmed.startsWith('[Request interrupted')) return null;
  // As it was written: white space around it is part of the words.
  if (!trimmed.startsWith('<')) return own;
  if (trimmed.startsWith('<command-')) return slashCommand(trimmed);
  const memory = between(trimmed, '<user-memory-input>', '</user-memory-input>');
  if (trimmed.startsWith('<user-memory-input>')) return memory;
  const tag = CLIENT_TAG.exec(trimmed.slice(0, 100))?.[1];
  if (tag === undefined) return own;
  const end = AROUND.test(tag) ? trimmed.indexOf(`</${tag}>`) : -1;
  return end < 0 ? null : humanText(trimmed.slice(end + tag.length + 3));
}

function withoutReminders(text: string): string {
  const [open, close] = REMINDER;
  if (!text.includes(open)) return text;
  let own = '';
  let at = 0;
  for (;;) {
    const start = text.indexOf(open, at);
    const end = start < 0 ? -1 : text.indexOf(close, start);
    if (end < 0) return own + text.slice(at);
    own += text.slice(at, start);
    at = end + close.length;
  }
}

/**
 * A slash command as it was typed. One that only steers the client (`/clear`) tells its name first and has no arguments:
 * nothing was asked by it.
 */
function slashCommand(text: string): string | null {
  const name = between(text, '<command-name>', '</command-name>')?.trim();
  const args = between(text, '<command-args>', '</command-args>')?.trim();
  if (!name) return null;
  if (args) return `${name} ${args}`;
  return text.startsWith('<command-message>') ? name : null;
}

/** A slash command that only steers the client (`/clear`), as it was typed; null in any other text. */
export function steeringCommand(text: string): string | null {
  const typed = text.trim();
  if (!typed.startsWith('<command-') || slashCommand(typed) !== null) return null;
  return between(typed, '<command-name>', '</command-name>')?.trim() || null;
}

/** What a human said in declining a tool; the client puts it behind a sentence of its own. */
export function saidInRefusal(text: string): string | null {
  const mark = 'the user said:\n';
  const at = isRefusal(text) ? text.indexOf(mark) : -1;
  const said = at < 0 ? '' : text.slice(at + mark.length).trim();
  return said === '' ? null : said;
}

/** A human who declines is no error of the tool. */
export function isRefusal(text: string): boolean {
  return text.startsWith("The user doesn't want to") || text.startsWith('[Request interrupted');
}

/**
 * The session that this record was copied from by a fork, where the version says so: newer ones only of answers, by the session
 * that asked for them.
 */
export function forkedFrom(record: JsonRecord): string | null {
  const asked = textAt(record, 'requestSessionId');
  const own = textAt(record, 'sessionId');
  return (
    textAt(recordAt(record, 'forkedFrom'), 'sessionId') ?? (own === null || asked === own ? null : asked)
  );
}

/** Usage of one answer; null where a record has none. It grows from record to record of one answer. */
export function tokensOf(message: JsonRecord): Tokens | null {
  const usage = message['usage'];
  if (!isRecord(usage)) return null;
  return {
    input: countAt(usage, 'input_tokens'),
    cacheRead: countAt(usage, 'cache_read_input_tokens'),
    cacheWrite: countAt(usage, 'cache_creation_input_tokens'),
    output: countAt(usage, 'output_tokens'),
    reasoning: countAt(recordAt(usage, 'output_tokens_details'), 'thinking_tokens'),
  };
}

/** One sentence for a `system` record about a failed call of the model. */
export function apiErrorText(record: JsonRecord): string {
  const error = recordAt(record, 'error');
  const inner = recordAt(recordAt(error, 'error'), 'error');
  const text = textAt(inner, 'message') ?? textAt(error, 'message') ?? textAt(record, 'content');
  const status = countAt(error, 'status');
  return `API error${status > 0 ? ` ${status}` : ''}${text === null ? '' : `: ${text}`}`;
}
