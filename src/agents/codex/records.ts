/**
 * Codex's records, one JSON object a line: `{timestamp, type, payload}`, and the bare items of 2025.
 * Promises: pure; what a record does not tell is null.
 * Never: takes context that Codex adds (AGENTS.md, environment) for a human's words.
 * Source: codex-rs/rollout (recorder.rs, policy.rs) of openai/codex, and recordings of versions 0.118 to 0.147.
 */
import type { Tokens } from '../../domain/facts.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { between, countAt, isRecord, type JsonRecord, listAt, recordAt, textAt } from '../kit/json-lines.ts';
import { Members } from '../kit/json-members.ts';

/** What a `session_meta`, or the first line of the oldest form, tells of a session. */
export interface Meta {
  readonly id: string | null;
  readonly cwd: string | null;
  readonly branch: string | null;
  readonly version: string | null;
  readonly parent: string | null;
  /** Its file begins with a copy of the parent's history. */
  readonly isFork: boolean;
  readonly isSubagent: boolean;
  readonly kind: string | null;
  /** What the thread that spawned it called it. */
  readonly name: string | null;
  readonly at: Iso | null;
}

/** The identity that a record tells, null where it is another record. */
export function metaOf(record: JsonRecord): Meta | null {
  const isBare = !('type' in record) && 'timestamp' in record && textAt(record, 'id') !== null;
  if (record['type'] !== 'session_meta' && !isBare) return null;
  const payload = isBare ? record : recordAt(record, 'payload');
  const subagent = recordAt(recordAt(payload, 'source'), 'subagent');
  const spawn = recordAt(subagent, 'thread_spawn');
  const forkedFrom = textAt(payload, 'forked_from_id');
  return {
    id: textAt(payload, 'id'),
    cwd: textAt(payload, 'cwd'),
    branch: textAt(recordAt(payload, 'git'), 'branch'),
    version: textAt(payload, 'cli_version'),
    parent: forkedFrom ?? textAt(payload, 'parent_thread_id') ?? textAt(spawn, 'parent_thread_id'),
    isFork: forkedFrom !== null,
    isSubagent: payload['thread_source'] === 'subagent' || isRecord(recordAt(payload, 'source')['subagent']),
    kind: textAt(payload, 'agent_role') ?? textAt(payload, 'agent_nickname') ?? textAt(spawn, 'agent_role'),
    name: lastPart(textAt(payload, 'agent_path') ?? textAt(spawn, 'agent_path')),
    at: parseTime(payload['timestamp'] ?? record['timestamp']),
  };
}

/** The last name of the path of an agent: its names from the root on, each behind a slash. */
function lastPart(path: string | null): string | null {
  return path?.slice(path.lastIndexOf('/') + 1) || null;
}

/** A record's kind and its payload; an item of the oldest form is its own payload. */
export function itemOf(record: JsonRecord): { readonly kind: string; readonly item: JsonRecord } {
  const type = textAt(record, 'type') ?? '';
  if (isRecord(record['payload'])) return { kind: type, item: record['payload'] };
  return { kind: type === '' ? '' : 'response_item', item: record };
}

/** What is asked of a line without parsing it; an item of the oldest form has a payload's members itself. */
const OF_ITEM = ['role', 'call_id', 'message', 'item.type'] as const;
const OF_META = [
  ...(['id', 'cwd', 'cli_version', 'timestamp', 'forked_from_id', 'parent_thread_id'] as const),
  ...([
    'thread_source',
    'agent_path',
    'source.subagent',
    'source.subagent.thread_spawn.parent_thread_id',
  ] as const),
] as const;
const LOOKED_AT = [
  ...(['record_type', 'type', 'payload', 'payload.type'] as const),
  ...OF_ITEM,
  ...OF_ITEM.map((path) => `payload.${path}` as const),
  ...OF_META,
  ...OF_META.map((path) => `payload.${path}` as const),
] as const;

export type CodexPath = (typeof LOOKED_AT)[number];

class CodexLine extends Members<CodexPath> {
  constructor() {
    super(LOOKED_AT);
  }

  /** The record's own time. */
  time(): Iso | null {
    return parseTime(this.value('timestamp'));
  }

  /** The record's type, `response_item` of an item of the oldest form, and what its payload is; '' where that is not told. */
  kinds(): { readonly kind: string; readonly inner: string } {
    const type = this.text('type') ?? '';
    const inner = this.text('payload.type');
    return inner === null && this.isBareItem()
      ? { kind: 'response_item', inner: type }
      : { kind: type, inner: inner ?? '' };
  }

  /** A member of the payload, which an item of the oldest form is itself. */
  itemText(name: (typeof OF_ITEM)[number]): string | null {
    return this.isBareItem() ? this.text(name) : this.text(`payload.${name}`);
  }

  private isBareItem(): boolean {
    return !this.isObject('payload');
  }

  /** The identity in a first line that is longer than what was read of it, as far as it stands there: it holds the whole system prompt. */
  metaOfCut(): Meta | null {
    const isBare = !this.has('type') && this.has('id') && this.has('timestamp');
    if (this.text('type') !== 'session_meta' && !isBare) return null;
    const field = (name: (typeof OF_META)[number]) => this.text(isBare ? name : `payload.${name}`);
    const forkedFrom = field('forked_from_id');
    const parent = field('parent_thread_id') ?? field('source.subagent.thread_spawn.parent_thread_id');
    const isSpawned = this.isObject(isBare ? 'source.subagent' : 'payload.source.subagent');
    return {
      id: field('id'),
      cwd: field('cwd'),
      branch: null,
      version: field('cli_version'),
      parent: forkedFrom ?? parent,
      isFork: forkedFrom !== null,
      kind: null,
      isSubagent: isSpawned || field('thread_source') === 'subagent',
      name: lastPart(field('agent_path')),
      at: parseTime(field('timestamp') ?? this.value('timestamp')),
    };
  }
}

/** One for all: what it found stands until the next line is looked at. */
export const codexLine = new CodexLine();

/** What a human may have written; `certain` where Codex itself notes it as the user's. */
export function humanText(record: JsonRecord): { readonly text: string; readonly certain: boolean } | null {
  const { kind, item } = itemOf(record);
  if (kind === 'event_msg') {
    const done = item['type'] === 'item_completed' ? recordAt(item, 'item') : null;
    if (item['type'] !== 'user_message' && done?.['type'] !== 'UserMessage') return null;
    const text = ownWords(done === null ? (textAt(item, 'message') ?? '') : textsOf(done).join('\n'));
    const shown = text ?? imagesOf(done ?? item);
    return shown === null ? null : { text: shown, certain: true };
  }
  if (kind !== 'response_item' || item['type'] !== 'message' || item['role'] !== 'user') return null;
  const kept = textsOf(item).flatMap((text) => ownWords(text) ?? []);
  return kept.length === 0 ? null : { text: kept.join('\n'), certain: false };
}

/** Codex's own tags have a `_` in their names, but for these; `<task>` or `<div>` are a human's own words. */
const CODEX_TAG =
  /^<(?:[a-zA-Z]+_[a-zA-Z_]+|INSTRUCTIONS|permissions|skill|plugins|subagents|tools|image|heartbeat)[ >]/;

/** The human's part of a message: context comes in tags or under fixed headings. */
function ownWords(text: string): string | null {
  const request = text.lastIndexOf('## My request for Codex:');
  const own = (request < 0 ? text : text.slice(request + '## My request for Codex:'.length)).trim();
  if (own === '' || CODEX_TAG.test(own) || own.startsWith('# AGENTS.md instructions')) return null;
  return own;
}

/** A message of pictures alone: their paths where they are files. */
function imagesOf(item: JsonRecord): string | null {
  const paths = [...listAt(item, 'local_images'), ...listAt(item, 'images')];
  if (paths.length === 0) return null;
  const names = paths.filter((path) => typeof path === 'string' && path.length < 1024);
  return names.length === 0 ? '[image]' : names.map((name) => `[image: ${name}]`).join(' ');
}

/** A command that a human ran from the prompt, and what Codex noted of its end; null where the record holds none. */
export function typedCommand(
  record: JsonRecord,
): { readonly command: string; readonly exitCode: number | null; readonly output: string } | null {
  const { item } = itemOf(record);
  if (item['type'] !== 'message' || item['role'] !== 'user') return null;
  const text = textsOf(item).find((one) => one.startsWith('<user_shell_command>'));
  const command = text === undefined ? '' : (between(text, '<command>', '</command>')?.trim() ?? '');
  if (text === undefined || command === '') return null;
  const output = between(text, '<result>', '</result>')?.trim() ?? '';
  const code = /^Exit code: (-?\d{1,9})$/m.exec(output.slice(0, 200))?.[1];
  return { command, exitCode: code === undefined ? null : Number(code), output };
}

export function textsOf(item: JsonRecord): readonly string[] {
  return listAt(item, 'content').flatMap((block) => {
    const text = isRecord(block) ? textAt(block, 'text') : null;
    return text === null ? [] : [text];
  });
}

/**
 * What a thread wrote to another, below the heading that Codex puts before it; empty where only a server can read it: a
 * ciphertext has no blanks.
 */
export function messageOf(item: JsonRecord): string {
  const open = textsOf(item).map((text) => text.replace(/^Message Type: [\s\S]*?\bPayload:\n?/, ''));
  const sealed = listAt(item, 'content').flatMap((block) => {
    const text = isRecord(block) ? textAt(block, 'encrypted_content') : null;
    return text !== null && /\s/.test(text.trim()) ? [text] : [];
  });
  return [...open, ...sealed].join('').trim();
}

/** The working directory in an `<environment_context>` message, the only place of it in the oldest form. */
export function cwdOfContext(record: JsonRecord): string | null {
  const { item } = itemOf(record);
  if (item['type'] !== 'message') return null;
  for (const text of textsOf(item)) {
    const cwd = /^<environment_context>[\s\S]{0,400}?<cwd>([^<]{1,4096})<\/cwd>/.exec(text)?.[1];
    if (cwd !== undefined) return cwd;
  }
  return null;
}

/** Milliseconds since 1970 in a UUID of version 7, null in any other id. */
export function msOfId(id: string | null): number | null {
  return id !== null && /^[0-9a-f]{8}-[0-9a-f]{4}-7/i.test(id)
    ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
    : null;
}

/**
 * A `token_count`'s total for the whole thread, which a fork goes on from its parent's total, or what its last answer used; null
 * where it has none. Codex counts cached tokens as input too; here they stand apart.
 */
export function usageOf(item: JsonRecord, name: 'total_token_usage' | 'last_token_usage'): Tokens | null {
  const usage = recordAt(item, 'info')[name];
  if (!isRecord(usage)) return null;
  const cacheRead = countAt(usage, 'cached_input_tokens');
  const cacheWrite = countAt(usage, 'cache_write_input_tokens');
  return {
    input: Math.max(0, countAt(usage, 'input_tokens') - cacheRead - cacheWrite),
    cacheRead,
    cacheWrite,
    output: countAt(usage, 'output_tokens'),
    reasoning: countAt(usage, 'reasoning_output_tokens'),
  };
}

/** What came after the copied part; null where the total is below it: it has started anew. */
export function beyond(now: Tokens, copied: Tokens): Tokens | null {
  const rest: Tokens = {
    input: now.input - copied.input,
    cacheRead: now.cacheRead - copied.cacheRead,
    cacheWrite: now.cacheWrite - copied.cacheWrite,
    output: now.output - copied.output,
    reasoning: now.reasoning - copied.reasoning,
  };
  return Object.values(rest).some((count) => count < 0) ? null : rest;
}
