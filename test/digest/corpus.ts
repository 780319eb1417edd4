// Recorded transcripts, grouped into sessions by their paths alone, and what a naive reader of our own finds in them:
// JSON.parse of every line, nothing skipped, nothing shared with the program.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const CORPUS = join(import.meta.dir, '../../../shared/corpus');
export const HAS_CORPUS = existsSync(join(CORPUS, 'home/.claude/projects'));
if (!HAS_CORPUS) console.log('skipped: no recorded transcripts in ../shared/corpus');

export interface RecordedFile {
  role: 'main' | 'subagent';
  key: string;
  bytes: Uint8Array;
}

export interface Recorded {
  agent: 'claude-code' | 'codex';
  name: string;
  files: RecordedFile[];
}

/** Nothing was said or done in it: Codex was opened and left. It has no digest. */
export function isOfNothing({ agent, files }: Recorded): boolean {
  const all = files.flatMap(({ bytes }) => records(bytes));
  return agent === 'codex' && all.every((record) => record['type'] === 'session_meta');
}

export type Json = { readonly [key: string]: unknown };

/** Every Claude Code and Codex session of the corpus' home. */
export function recordedSessions(): Recorded[] {
  return [...claudeSessions(), ...codexSessions()];
}

function claudeSessions(): Recorded[] {
  const root = join(CORPUS, 'home/.claude/projects');
  const paths = filesUnder(root).sort();
  const mains = paths.filter((path) => /^[^/]+\/[0-9a-f-]{36}\.jsonl$/.test(path));
  return mains.map((main) => {
    const folder = `${main.slice(0, -'.jsonl'.length)}/subagents/`;
    const files = [main, ...paths.filter((path) => path.startsWith(folder) && path.endsWith('.jsonl'))];
    return {
      agent: 'claude-code',
      name: main,
      files: files.map((path, index) => ({
        role: index === 0 ? 'main' : 'subagent',
        key: index === 0 ? 'main' : `subagents/${path.slice(folder.length)}`,
        bytes: readFileSync(join(root, path)),
      })),
    };
  });
}

function codexSessions(): Recorded[] {
  const root = join(CORPUS, 'home/.codex/sessions');
  return filesUnder(root)
    .sort()
    .filter((path) => path.endsWith('.jsonl'))
    .map((path) => ({
      agent: 'codex',
      name: path,
      files: [{ role: 'main', key: 'main', bytes: readFileSync(join(root, path)) }],
    }));
}

/** The snapshots of one growing transcript, oldest first; the name is the beginning of the session's id. */
export function snapshots(name: string): Uint8Array[] {
  const folder = readdirSync(join(CORPUS, 'growth')).find((each) => each.startsWith(name));
  const root = join(CORPUS, 'growth', folder ?? name);
  return readdirSync(root)
    .sort()
    .map((file) => readFileSync(join(root, file)));
}

function filesUnder(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

/** The records of a file; a line that is no record is left out. */
export function records(bytes: Uint8Array): Json[] {
  return Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        const record: unknown = JSON.parse(line);
        return isJson(record) ? [record] : [];
      } catch {
        // Not a record: a torn or an empty line.
        return [];
      }
    });
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function at(value: unknown, ...keys: string[]): unknown {
  return keys.reduce((inner: unknown, key) => (isJson(inner) ? inner[key] : undefined), value);
}

export function textAt(value: unknown, ...keys: string[]): string {
  const text = at(value, ...keys);
  return typeof text === 'string' ? text : '';
}

export function blocks(record: Json): Json[] {
  const content = at(record, 'message', 'content');
  return Array.isArray(content) ? content.filter(isJson) : [];
}

export interface Asked {
  prompts: string[];
  commands: string[];
  files: string[];
}

/** What was asked, run and written in a Claude Code transcript, by the rules for a human's prompt. */
export function askedOfClaude(session: Recorded): Asked {
  const asked: Asked = { prompts: [], commands: [], files: [] };
  const failed = new Set(session.files.flatMap(({ bytes }) => records(bytes).flatMap(failedCalls)));
  for (const { role, bytes } of session.files) {
    for (const record of records(bytes)) {
      const content = at(record, 'message', 'content');
      const isHuman =
        role === 'main' && record['type'] === 'user' && !record['isMeta'] && !record['isSidechain'];
      if (isHuman && !record['isCompactSummary']) {
        const texts =
          typeof content === 'string' ? [content] : blocks(record).map((block) => textAt(block, 'text'));
        asked.prompts.push(
          ...texts.filter((text) => text.trim() !== '' && !/^\s*(<[a-z]|\[Request interrupted)/.test(text)),
        );
      }
      if (record['type'] !== 'assistant') continue;
      for (const block of blocks(record).filter((each) => each['type'] === 'tool_use')) {
        if (block['name'] === 'Bash') asked.commands.push(textAt(block, 'input', 'command'));
        if (/^(?:Write|Edit|MultiEdit)$/.test(textAt(block, 'name')) && !failed.has(textAt(block, 'id')))
          asked.files.push(textAt(block, 'input', 'file_path'));
      }
    }
  }
  return asked;
}

/** The calls that a record's results say to have failed, or to have been refused. */
function failedCalls(record: Json): string[] {
  const results = blocks(record).filter((block) => block['type'] === 'tool_result');
  return results.filter((block) => block['is_error'] === true).map((block) => textAt(block, 'tool_use_id'));
}

/** The same of a Codex rollout: prompts by their events, commands by the arguments of the calls. */
export function askedOfCodex(session: Recorded): Asked {
  const asked: Asked = { prompts: [], commands: [], files: [] };
  for (const record of session.files.flatMap(({ bytes }) => records(bytes))) {
    const payload = at(record, 'payload');
    if (record['type'] === 'event_msg' && at(payload, 'type') === 'user_message') {
      const text = textAt(payload, 'message').trim();
      if (text !== '' && !text.startsWith('<')) asked.prompts.push(text);
    }
    if (record['type'] !== 'response_item' || at(payload, 'type') !== 'function_call') continue;
    if (!/^(?:exec_command|shell|shell_command)$/.test(textAt(payload, 'name'))) continue;
    const given: unknown = JSON.parse(textAt(payload, 'arguments'));
    const argv = at(given, 'command');
    if (Array.isArray(argv)) asked.commands.push(String(argv.at(-1)));
    else asked.commands.push(textAt(given, 'cmd') || textAt(given, 'command'));
  }
  return asked;
}

/** [input with cache, output] of a Claude Code session: the largest of each field by message and request. */
export function tokensOfClaude(session: Recorded): readonly [number, number] {
  const answers = new Map<string, number[]>();
  const fields = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'output_tokens'];
  for (const record of session.files.flatMap(({ bytes }) => records(bytes))) {
    const message = at(record, 'message');
    if (record['type'] !== 'assistant' || textAt(message, 'model') === '<synthetic>') continue;
    const usage = at(message, 'usage');
    if (!isJson(usage)) continue;
    const key = `${textAt(message, 'id')} ${textAt(record, 'requestId')}`;
    const before = answers.get(key) ?? [0, 0, 0, 0];
    answers.set(
      key,
      fields.map((field, index) => Math.max(before[index] ?? 0, Number(usage[field] ?? 0))),
    );
  }
  const all = [...answers.values()];
  const total = (index: number) => all.reduce((sum, answer) => sum + (answer[index] ?? 0), 0);
  return [total(0) + total(1) + total(2), total(3)];
}

/** [input with cache, output] of a Codex rollout: its last cumulative total. */
export function tokensOfCodex(session: Recorded): readonly [number, number] {
  const totals = session.files
    .flatMap(({ bytes }) => records(bytes))
    .map((record) => at(record, 'payload', 'info', 'total_token_usage'))
    .filter(isJson);
  const last = totals.at(-1);
  return [Number(last?.['input_tokens'] ?? 0), Number(last?.['output_tokens'] ?? 0)];
}

/** The models of a session by name: of each answer (Claude Code), of each turn's context (Codex). */
export function modelsOf(session: Recorded): string[] {
  const all = session.files
    .flatMap(({ bytes }) => records(bytes))
    .map((record) => {
      if (session.agent === 'codex')
        return record['type'] === 'turn_context' ? textAt(record, 'payload', 'model') : '';
      return record['type'] === 'assistant' ? textAt(record, 'message', 'model') : '';
    });
  return [...new Set(all)].filter((model) => model !== '' && model !== '<synthetic>').sort();
}
