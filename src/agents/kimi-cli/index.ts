/**
 * Kimi CLI, the older of Moonshot's two (`kimi-code.ts` is the newer): a folder a session, in one named after the MD5 of the
 * project's path. Promises: as `kit/jsonl-agent.ts`. Source: MoonshotAI/kimi-cli, `metadata.py`, `session.py`, `wire/file.py`,
 * `soul/context.py`. A session has its conversation twice, as events and as sent to the model: both are kept, the events are
 * told, and what was sent where there are none, as before v0.64. Which path a folder's name stands for `kimi.json` says;
 * the system prompt names it too.
 */
import type { FileClass, TextBeside } from '../../domain/agent.ts';
import { isRecord, type JsonRecord, listAt, parseRecord, recordAt, textAt } from '../kit/json-lines.ts';
import { beside, placed, transcript } from '../kit/jsonl-agent.ts';
import type { Seen } from '../kit/lines-reader.ts';
import { KimiCliReader } from './reader.ts';
import { cwdOf, humanText, textOf } from './records.ts';

/** Behind the events, with which a session is told. */
const SENT = 'model.jsonl';
const UUID = '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}';

export const kimiCli = placed({
  id: 'kimi-cli',
  name: 'Kimi CLI',
  proof: 'documentation',
  variable: 'KIMI_SHARE_DIR',
  homes: [['.kimi']],
  folder: 'sessions',
  places: {
    transcript: ['sessions/*/{id}/wire.jsonl', 'sessions/*/{id}/context*.jsonl', 'sessions/*/{id}.jsonl'],
    subagent: ['sessions/*/{id}/subagents/*/wire.jsonl'],
    sidecar: ['sessions/*/{id}_sub*.jsonl', 'sessions/*/{id}/**'],
  },
  classify,
  note,
  projectBeside,
  reader: (sink) => new KimiCliReader(sink),
  place: ({ nativeId, project }) => `sessions/${folderOf(project)}/${nativeId}/wire.jsonl`,
  nameOf: (key) => key.replace(/^model(?:-0*(\d+))?\.jsonl$/, (_, n) => `context${n ? `_${n}` : ''}.jsonl`),
  resume: ({ nativeId }) => ['kimi', '--session', nativeId],
  resumeNeeds:
    'Kimi CLI finds sessions of the folders that its `kimi.json` names: start it once in this one if it never ran there.',
});

function classify(relPath: string): FileClass | null {
  const [, inner] = /^sessions\/[^/]+\/(.+)$/s.exec(relPath) ?? [];
  if (inner === undefined) return null;
  const [, stem] = /^([^/]+)\.jsonl$/.exec(inner) ?? [];
  if (stem !== undefined) return classifyFlat(stem);
  const [, id, name] = /^([^/]+)\/(.+)$/s.exec(inner) ?? [];
  if (id === undefined || name === undefined) return null;
  if (name === 'wire.jsonl') return transcript(id);
  const [, rotation] = /^context(?:_(\d{1,6}))?\.jsonl$/.exec(name) ?? ['', null];
  if (rotation !== null) return sent(id, rotation);
  if (/^subagents\/[^/]+\/wire\.jsonl$/.test(name))
    return { role: 'subagent', nativeId: id, key: name, encoding: 'plain' };
  return beside(id, name);
}

/** Releases before the folders (v0.59) had one file a session, with copies set aside and a subagent's beside it. */
function classifyFlat(stem: string): FileClass {
  const [, id, isSubagent, rotation] = new RegExp(`^(${UUID})(_sub)?(?:_(\\d{1,6}))?$`, 'i').exec(stem) ?? [];
  if (id === undefined) return sent(stem, undefined);
  return isSubagent === undefined ? sent(id, rotation) : beside(id, `${stem.slice(id.length + 1)}.jsonl`);
}

/** Of what was sent to the model the copies that were set aside come first, in their order. */
function sent(nativeId: string, rotation: string | undefined): FileClass {
  const key = rotation === undefined ? SENT : `model-${rotation.padStart(6, '0')}.jsonl`;
  return { ...transcript(nativeId), key };
}

function note(record: JsonRecord, seen: Seen): boolean {
  const role = textAt(record, 'role');
  if (role !== null) {
    seen.project ??= cwdOf(record);
    if (role === 'user') seen.prompt ??= humanText(textOf(record['content']));
    return /^_(?:system_prompt|checkpoint|usage)$/.test(role);
  }
  const message = recordAt(record, 'message');
  const type = textAt(message, 'type') ?? '';
  if (typeof record['timestamp'] !== 'number' || !/^[A-Z]\w*$/.test(type) || !('payload' in message))
    return false;
  if (type === 'TurnBegin') seen.prompt ??= humanText(textOf(recordAt(message, 'payload')['user_input']));
  return true;
}

/** `kimi.json` lists the folders that Kimi CLI was started in. */
function projectBeside(relPath: string, beside: TextBeside): string | null {
  const folder = /^sessions\/([^/]+)\//.exec(relPath)?.[1];
  const listed = listAt(parseRecord(beside('kimi.json') ?? '') ?? {}, 'work_dirs').filter(isRecord);
  return (
    listed.map((each) => textAt(each, 'path')).find((path) => path !== null && folderOf(path) === folder) ??
    null
  );
}

/** As Kimi CLI names it; of a project that is not known no folder can be told. */
function folderOf(project: string | null): string {
  return project === null ? 'unknown' : new Bun.CryptoHasher('md5').update(project).digest('hex');
}
