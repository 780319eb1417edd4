/**
 * GitHub Copilot CLI: where it keeps sessions, what each file is, and where a restored one goes.
 * Promises: decides by paths and bytes alone; touches no disk. Closed source: the layout is that of recordings; of its first
 * generation (`history-session-state`, one JSON document) no recording is known, and it is not read.
 */
import type { AgentFormat, FileClass, Host, RestoreTarget } from '../../domain/agent.ts';
import { agentId } from '../../domain/ids.ts';
import type { FileRole } from '../../domain/session.ts';
import { CopilotReader, humanText } from './copilot-cli.reader.ts';
import { type JsonRecord, jsonlName, recordAt, textAt } from './jsonl.ts';
import { peekRecords, type Seen } from './lines.ts';

const KIND = /^(?:session|user|assistant|tool|subagent|system|permission|hook)\.[a-z_]+$/;

export const copilotCli: AgentFormat = {
  id: agentId('copilot-cli'),
  name: 'GitHub Copilot CLI',
  proof: 'recordings',
  growth: 'append',
  variables: ['COPILOT_HOME'],
  folders: ['session-state'],
  retention: null,
  roots,
  rootOf: (path) =>
    /^(.*?[\\/]\.copilot|\.copilot)(?:[\\/]session-state(?:[\\/].*)?|[\\/])?$/s.exec(path)?.[1] ?? null,
  classify,
  skipsFolder: () => false,
  peek: (head, tail) => peekRecords(head, tail, note),
  looseName: jsonlName,
  relPathOf: ({ nativeId }) => (nativeId === null ? null : `session-state/${nativeId}/events.jsonl`),
  reader: (sink) => new CopilotReader(sink),
  restorePath,
  resume: (session) => ({ cwd: session.project, argv: ['copilot', '--resume', session.nativeId] }),
};

function roots(host: Host): readonly string[] {
  const slash = host.platform === 'win32' ? '\\' : '/';
  return [host.env['COPILOT_HOME'] ?? `${host.homeDir}${slash}.copilot`];
}

function classify(relPath: string): FileClass | null {
  const [top, id = '', ...rest] = relPath.split('/');
  if (top !== 'session-state' || id === '') return null;
  // Releases before the folders had one file a session.
  const flat = /^(.+)\.jsonl$/.exec(id)?.[1];
  if (rest.length === 0)
    return flat === undefined ? null : { role: 'main', nativeId: flat, key: 'main', encoding: 'plain' };
  const name = rest.join('/');
  if (name === 'events.jsonl') return { role: 'main', nativeId: id, key: 'main', encoding: 'plain' };
  return { role: 'sidecar', nativeId: id, key: name, encoding: 'plain', onlyWithSession: true };
}

function note(record: JsonRecord, seen: Seen): boolean {
  const type = textAt(record, 'type') ?? '';
  const data = recordAt(record, 'data');
  if (type === 'session.start') {
    const context = recordAt(data, 'context');
    seen.nativeId ??= textAt(data, 'sessionId');
    seen.project ??= textAt(context, 'cwd');
    seen.branch ??= textAt(context, 'branch');
  }
  if (type === 'user.message') seen.prompt ??= humanText(record);
  return KIND.test(type) && 'data' in record;
}

function restorePath(
  session: RestoreTarget,
  file: { readonly role: FileRole; readonly key: string; readonly relPath: string },
): string {
  const isFlat = /^session-state\/[^/]+\.jsonl$/.test(file.relPath);
  if (file.key === 'main' && isFlat) return `session-state/${session.nativeId}.jsonl`;
  return `session-state/${session.nativeId}/${file.key === 'main' ? 'events.jsonl' : file.key}`;
}
