/**
 * OpenAI Codex CLI: where it keeps sessions, what each file is, and where a restored one goes.
 * Promises: decides by paths and bytes alone; touches no disk. Source of the layout: codex-rs/rollout of openai/codex.
 * Never: trusts a later `session_meta` for identity: a fork copies its parent's, the first one is the file's own.
 */
import type { AgentFormat, FileClass, Host, Peek, RestoreTarget, Resume } from '../../domain/agent.ts';
import { agentId } from '../../domain/ids.ts';
import { TAIL_LINES } from '../../domain/peek.ts';
import { closed, placesOf } from '../../domain/places.ts';
import type { FileRole } from '../../domain/session.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import {
  headLines,
  isRecord,
  type JsonRecord,
  jsonlName,
  lastLines,
  latestOf,
  recordsOf,
  textAt,
  timesOfLine,
  titleOf,
} from '../kit/json-lines.ts';
import { codexContent } from './content.ts';
import { CopiedHistory } from './copied.ts';
import { codexNames, nameInIndex } from './names.ts';
import { codexReader } from './reader.ts';
import { cwdOfContext, humanText, itemOf, codexLine as look, metaOf } from './records.ts';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const ID_IN_NAME = new RegExp(`-(${UUID})$`, 'i');
const ARCHIVED = /^archived_sessions\//;
const DATE_IN_NAME = /^rollout-(\d{4})-(\d\d)-(\d\d)/;
const KINDS: ReadonlySet<string> = new Set([
  'session_meta',
  'response_item',
  'event_msg',
  'turn_context',
  'compacted',
]);

const PLACES = placesOf({
  transcript: ['sessions', 'archived_sessions'].flatMap((folder) => [
    `${folder}/**/rollout-*.jsonl`,
    `${folder}/**/rollout-*.jsonl.zst`,
  ]),
});
const classify = closed(PLACES, classifyPlace);

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
  places: PLACES,
  classify,
  skipsFolder: () => false,
  peek,
  looseName: jsonlName,
  relPathOf,
  reader: codexReader,
  content: codexContent,
  restorePath,
  titleBeside: nameInIndex,
  namedIn: codexNames,
  resume,
  otherProject: 'from any folder',
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

function classifyPlace(relPath: string): FileClass | null {
  const name = relPath.slice(relPath.lastIndexOf('/') + 1);
  if (!/^(?:sessions|archived_sessions)\//.test(relPath)) return null;
  const match = /^(rollout-.+)\.jsonl(\.zst)?$/.exec(name);
  if (!match?.[1]) return null;
  const nativeId = ID_IN_NAME.exec(match[1])?.[1] ?? null;
  return { role: 'main', nativeId, key: 'main', encoding: match[2] === undefined ? 'plain' : 'zstd' };
}

/** What a first look has gathered. */
interface CodexPeek {
  readonly history: CopiedHistory;
  isCodex: boolean;
  cwd: string | null;
  startedAt: Iso | null;
  latestAt: Iso | null;
  readonly prompts: Prompts;
  readonly copied: Prompts;
  /** What was noted last may still turn out to be copied. */
  isInBurst: boolean;
}

function peek(head: Uint8Array, tail: Uint8Array): Peek | null {
  const found: CodexPeek = {
    history: new CopiedHistory(),
    isCodex: false,
    cwd: null,
    startedAt: null,
    latestAt: null,
    prompts: new Prompts(),
    copied: new Prompts(),
    isInBurst: false,
  };
  for (const line of headLines(head, () => isTold(found))) {
    noteLine(found, line);
  }
  const { cwd, startedAt } = found;
  const meta = found.history.own;
  // A bad first line hides a session from Codex, not from us: its file's name still has the id.
  if (meta === null && !found.isCodex) return null;
  const latest = latestOf(lastLines(tail, TAIL_LINES), timesOf) ?? found.latestAt;
  return {
    nativeId: meta?.id ?? null,
    project: meta?.cwd ?? cwd,
    branch: meta?.branch ?? null,
    title: titleIn(found),
    startedAt: meta?.at ?? startedAt,
    // A child may hold nothing yet but what its parent wrote before it.
    endedAt: meta?.at != null && (latest === null || latest < meta.at) ? meta.at : latest,
    parentNativeId: meta?.parent ?? null,
  };
}

/** What was asked of its parent is no title of a subagent. */
function titleIn({ history: { own }, prompts, copied }: CodexPeek): string | null {
  return prompts.title() ?? (own?.isSubagent === true ? own.name : copied.title());
}

/** Who it is and where it works. */
function isPlaced({ history: { own }, cwd }: CodexPeek): boolean {
  return own?.id != null && (own.cwd ?? cwd) !== null;
}

function isTold(found: CodexPeek): boolean {
  if (found.isInBurst) return false;
  return isPlaced(found) && titleIn(found) !== null && (found.history.own?.at ?? found.startedAt) !== null;
}

function noteLine(found: CodexPeek, line: Buffer): void {
  const { history } = found;
  const scanned = look.scan(line);
  if (scanned !== 'broken') noteTime(found, look.time());
  // Where it is placed only a prompt is still looked for; whose it is is told by the records around it.
  const isSettled = isPlaced(found) && history.own?.parent === null;
  if (scanned === 'whole' && isSettled && (found.prompts.isNoted || !mayBePrompt())) return;
  const { records } = recordsOf(line);
  const cut = records.length === 0 && scanned === 'cut' && history.own === null ? look.metaOfCut() : null;
  if (cut !== null) history.meta(cut, look.time());
  for (const record of records) {
    if (scanned === 'broken') noteTime(found, parseTime(record['timestamp']));
    noteRecord(found, record);
  }
}

function noteRecord(found: CodexPeek, record: JsonRecord): void {
  const { history, prompts, copied } = found;
  const at = parseTime(record['timestamp']);
  history.at(at);
  const meta = metaOf(record);
  if (meta !== null) history.meta(meta, at);
  const { item } = itemOf(record);
  found.isCodex ||= KINDS.has(textAt(record, 'type') ?? '') && isRecord(record['payload']);
  found.cwd ??= textAt(item, 'cwd') ?? cwdOfContext(record);
  const isTurn = record['type'] === 'turn_context' || item['type'] === 'task_started';
  if (isTurn) history.turn(textAt(item, 'turn_id'));
  // In the burst with which a child without ids of turns begins, whatever was counted was copied.
  found.isInBurst = history.isBurst(at);
  if (item['type'] === 'token_count' && found.isInBurst) prompts.takenBack();
  (history.isRunning ? copied : prompts).note(record);
}

function noteTime(found: CodexPeek, at: Iso | null): void {
  found.startedAt ??= at;
  if (at !== null && (found.latestAt === null || at > found.latestAt)) found.latestAt = at;
}

/** False of a line, looked at last, whose kind no human writes: output of tools is most of a head. */
function mayBePrompt(): boolean {
  const { kind, inner } = look.kinds();
  if (kind === 'response_item') return inner === 'message' && look.itemText('role') === 'user';
  return kind !== 'event_msg' || inner === 'user_message' || inner === 'item_completed';
}

/** The first prompt of a head: what Codex noted as the user's, else the first message that a human may have written. */
class Prompts {
  private noted: string | null = null;
  private message: string | null = null;

  takenBack(): void {
    this.noted = null;
    this.message = null;
  }

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

const timesOf = (line: Buffer): readonly Iso[] =>
  timesOfLine(line, look, (record) => parseTime(record['timestamp']));

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
  const name = /^rollout-.+\.jsonl$/.test(recorded) ? recorded : nameOf(session.nativeId, session.startedAt);
  // Among the others it would be there twice, where the archived one is there still.
  return ARCHIVED.test(file.relPath) ? `archived_sessions/${name}` : placeOf(name);
}

function resume({ nativeId, project, path }: RestoreTarget): Resume {
  const command = { cwd: project, argv: ['codex', 'resume', nativeId] };
  if (path === undefined || !/[\\/]archived_sessions[\\/][^\\/]+$/.test(path)) return command;
  return {
    ...command,
    needs: `It is an archived session: \`codex unarchive ${nativeId}\` brings it back first.`,
  };
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
