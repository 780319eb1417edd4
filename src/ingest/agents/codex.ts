/**
 * OpenAI Codex CLI: where it keeps sessions, what each file is, and where a restored one goes.
 * Promises: decides by paths and bytes alone; touches no disk. Source of the layout: codex-rs/rollout of openai/codex.
 * Never: trusts a later `session_meta` for identity: a fork copies its parent's, the first one is the file's own.
 */
import type { AgentFormat, FileClass, Host, Peek, RestoreTarget } from '../../domain/agent.ts';
import { agentId } from '../../domain/ids.ts';
import type { FileRole } from '../../domain/session.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { codexContent } from './codex.content.ts';
import { codexReader } from './codex.reader.ts';
import {
  cwdOfContext,
  headOf,
  humanText,
  itemOf,
  kindsIn,
  lineTime,
  type Meta,
  metaOf,
} from './codex.records.ts';
import {
  isRecord,
  type JsonRecord,
  jsonlName,
  linesWithin,
  recordsOf,
  textAt,
  titleOf,
  viewOf,
} from './jsonl.ts';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const ID_IN_NAME = new RegExp(`-(${UUID})$`, 'i');
const DATE_IN_NAME = /^rollout-(\d{4})-(\d\d)-(\d\d)/;
/** Records of the head read for a first prompt; instructions and context come before it. */
const HEAD_RECORDS_MAX = 400;
const KINDS: ReadonlySet<string> = new Set([
  'session_meta',
  'response_item',
  'event_msg',
  'turn_context',
  'compacted',
]);

export const codex: AgentFormat = {
  id: agentId('codex'),
  name: 'Codex',
  proof: 'recordings',
  growth: 'append',
  variables: ['CODEX_HOME'],
  folders: ['sessions', 'archived_sessions'],
  retention: null,
  roots,
  rootOf,
  classify,
  skipsFolder: () => false,
  peek,
  looseName: jsonlName,
  relPathOf,
  reader: codexReader,
  content: codexContent,
  restorePath,
  resume: (session) => ({ cwd: session.project, argv: ['codex', 'resume', session.nativeId] }),
};

function roots(host: Host): readonly string[] {
  const moved = host.env['CODEX_HOME'];
  if (moved) return [moved];
  return [host.platform === 'win32' ? `${host.homeDir}\\.codex` : `${host.homeDir}/.codex`];
}

function rootOf(path: string): string | null {
  const named = /^(.*?[\\/]\.codex|\.codex)(?:[\\/](?:sessions|archived_sessions)(?:[\\/].*)?|[\\/])?$/s.exec(
    path,
  );
  if (named) return named[1] ?? null;
  // CODEX_HOME may bear any name; below it the folders of years and the names of rollouts are Codex's own.
  const moved =
    /^(.*)[\\/]sessions[\\/](?:\d{4}(?:[\\/].*)?|rollout-[^\\/]+)$/s.exec(path) ??
    /^(.*)[\\/]archived_sessions(?:[\\/].*)?$/s.exec(path);
  return moved?.[1] ?? null;
}

function classify(relPath: string): FileClass | null {
  const name = relPath.slice(relPath.lastIndexOf('/') + 1);
  if (!/^(?:sessions|archived_sessions)\//.test(relPath)) return null;
  const match = /^(rollout-.+)\.jsonl(\.zst)?$/.exec(name);
  if (!match?.[1]) return null;
  const nativeId = ID_IN_NAME.exec(match[1])?.[1] ?? null;
  return { role: 'main', nativeId, key: 'main', encoding: match[2] === undefined ? 'plain' : 'zstd' };
}

function peek(head: Uint8Array, tail: Uint8Array): Peek | null {
  let meta: Meta | null = null;
  let isCodex = false;
  let cwd: string | null = null;
  let startedAt: Iso | null = null;
  const prompts = new Prompts();
  let count = 0;
  for (const line of linesWithin(head)) {
    startedAt ??= lineTime(line);
    if (count++ > HEAD_RECORDS_MAX) continue;
    // Who it is and where it works is told by now: only a prompt is still looked for.
    const isPlaced = meta?.id != null && (meta.cwd ?? cwd) !== null;
    if (isPlaced && (prompts.isNoted || !mayBePrompt(line))) continue;
    const { records, torn } = recordsOf(line);
    if (meta === null && records.length === 0 && torn) meta = metaOfTorn(line);
    for (const record of records) {
      meta ??= metaOf(record);
      isCodex ||= KINDS.has(textAt(record, 'type') ?? '') && isRecord(record['payload']);
      cwd ??= textAt(itemOf(record).item, 'cwd') ?? cwdOfContext(record);
      prompts.note(record);
    }
  }
  // A bad first line hides a session from Codex, not from us: its file's name still has the id.
  if (meta === null && !isCodex) return null;
  return {
    nativeId: meta?.id ?? null,
    project: meta?.cwd ?? cwd,
    branch: meta?.branch ?? null,
    title: prompts.title(),
    startedAt: meta?.at ?? startedAt,
    endedAt: latestTime(tail) ?? latestTime(head) ?? meta?.at ?? null,
    parentNativeId: meta?.parent ?? null,
  };
}

/** False of a line whose kind no human writes: output of tools is most of a head. */
function mayBePrompt(line: Buffer): boolean {
  const head = headOf(line);
  const kinds = kindsIn(head);
  // Two records on one line are told apart by being parsed.
  if (kinds === null || kinds.inner === null || line.indexOf('}{"') >= 0) return true;
  if (kinds.kind === 'response_item') return kinds.inner === 'message' && !/"role":"(?!user")/.test(head);
  return kinds.kind !== 'event_msg' || kinds.inner === 'user_message' || kinds.inner === 'item_completed';
}

/** The first prompt of a head: what Codex noted as the user's, else the first message that a human may have written. */
class Prompts {
  private noted: string | null = null;
  private message: string | null = null;

  /** Nothing that comes can be the title. */
  get isNoted(): boolean {
    return this.noted !== null;
  }

  note(record: JsonRecord): void {
    const human = humanText(record);
    if (human === null) return;
    if (human.certain) this.noted ??= human.text;
    else this.message ??= human.text;
  }

  title(): string | null {
    const text = this.noted ?? this.message;
    return text === null ? null : titleOf(text);
  }
}

/** The identity in a first line that is longer than the head: it holds the whole system prompt. */
function metaOfTorn(line: Uint8Array): Meta | null {
  const text = viewOf(line).toString('utf8', 0, 4096);
  if (!/"type":"session_meta"|^\s*\{"id":"/.test(text)) return null;
  const field = (name: string): string | null =>
    new RegExp(`"${name}":"([^"\\\\]{1,1024})"`).exec(text)?.[1] ?? null;
  const id = /"payload":\{(?:[^{}]*?,)?"id":"([^"\\]{1,128})"/.exec(text)?.[1] ?? field('id');
  return {
    ...{ id, cwd: field('cwd'), branch: null, version: field('cli_version'), isSubagent: false, kind: null },
    parent: field('forked_from_id') ?? field('parent_thread_id'),
    isFork: field('forked_from_id') !== null,
    at: parseTime(/"payload":\{.*?"timestamp":"([^"]{1,40})"/s.exec(text)?.[1] ?? field('timestamp')),
  };
}

function latestTime(bytes: Uint8Array): Iso | null {
  let latest: Iso | null = null;
  for (const line of linesWithin(bytes)) {
    const at = lineTime(line);
    if (at !== null && (latest === null || at > latest)) latest = at;
  }
  return latest;
}

function relPathOf(peeked: Peek, fileName: string): string | null {
  const name = fileName.replace(/\.zst$/, '');
  if (/^rollout-.+\.jsonl$/.test(name) && ID_IN_NAME.test(name.slice(0, -'.jsonl'.length)))
    return placeOf(name);
  return peeked.nativeId === null ? null : placeOf(nameOf(peeked.nativeId, peeked.startedAt));
}

function restorePath(
  session: RestoreTarget,
  file: { readonly role: FileRole; readonly key: string; readonly relPath: string },
): string {
  const recorded = file.relPath.slice(file.relPath.lastIndexOf('/') + 1).replace(/\.zst$/, '');
  return placeOf(
    /^rollout-.+\.jsonl$/.test(recorded) ? recorded : nameOf(session.nativeId, session.startedAt),
  );
}

function nameOf(nativeId: string, startedAt: Iso | null): string {
  const stamp = startedAt === null ? '' : `${startedAt.slice(0, 19).replaceAll(':', '-')}-`;
  return `rollout-${stamp}${nativeId}.jsonl`;
}

/** Codex files a rollout by the date in its name; one without a date lies directly in `sessions`, as in old releases. */
function placeOf(name: string): string {
  const date = DATE_IN_NAME.exec(name);
  return date === null ? `sessions/${name}` : `sessions/${date[1]}/${date[2]}/${date[3]}/${name}`;
}
