/**
 * Continue's command line: one JSON document a session, with what came of each call beside the message that made it.
 * Promises: as `chat-documents.ts`. Source: a session of 1.5; when one began stands only in the list of all.
 */
import type { TextBeside } from '../domain/agent.ts';
import { type Iso, parseTime } from '../domain/time.ts';
import { type ChatReader, chatDocuments } from './kit/chat-documents.ts';
import {
  countAt,
  isRecord,
  type JsonRecord,
  listAt,
  parseRecord,
  recordAt,
  textAt,
} from './kit/json-lines.ts';

export const continueCli = chatDocuments({
  id: 'continue',
  name: 'Continue',
  proof: 'recordings',
  variables: ['CONTINUE_GLOBAL_DIR'],
  roots: ({ homeDir, env }, slash) => [env['CONTINUE_GLOBAL_DIR'] ?? [homeDir, '.continue'].join(slash)],
  named: /^(.*?[\\/]\.continue|\.continue)(?:[\\/]sessions(?:[\\/][^\\/]*)?|[\\/])?$/s,
  members: { id: 'sessionId', project: 'workspaceDirectory', list: 'history' },
  unnamed: 'Untitled Session',
  messageOf: (entry) => recordAt(entry, 'message'),
  tellMore: (entry, nth, reader) => {
    usage(recordAt(recordAt(entry, 'message'), 'usage'), nth, reader);
    for (const state of listAt(entry, 'toolCallStates')) if (isRecord(state)) outcome(state, reader);
  },
  startedBeside,
  resume: () => ['cn', '--resume'],
});

function startedBeside(nativeId: string, beside: TextBeside): Iso | null {
  const list = listAt(parseRecord(`{"all":${beside('sessions/sessions.json') ?? 'null'}}`) ?? {}, 'all');
  const listed = list.filter(isRecord).find((one) => one['sessionId'] === nativeId) ?? {};
  const at = textAt(listed, 'dateCreated');
  return at !== null && /^\d{1,15}$/.test(at) ? parseTime(Number(at)) : parseTime(at);
}

/** What the API calls prompt tokens has those from a cache in it. */
function usage(told: JsonRecord, nth: number, reader: ChatReader): void {
  const [prompt, output] = [countAt(told, 'prompt_tokens'), countAt(told, 'completion_tokens')];
  if (prompt + output === 0) return;
  const cacheRead = countAt(recordAt(told, 'prompt_tokens_details'), 'cached_tokens');
  const reasoning = countAt(recordAt(told, 'completion_tokens_details'), 'reasoning_tokens');
  const tokens = { input: Math.max(0, prompt - cacheRead), cacheRead, cacheWrite: 0, output, reasoning };
  reader.usage(`message ${nth}`, textAt(told, 'model') ?? '', tokens);
}

const OVER = /^(?:done|errored|canceled)$/;

function outcome(state: JsonRecord, reader: ChatReader): void {
  const status = textAt(state, 'status') ?? '';
  if (!OVER.test(status)) return;
  const output = listAt(state, 'output').flatMap((part) =>
    isRecord(part) ? [textAt(part, 'content') ?? ''] : [],
  );
  const text = output.join('\n');
  const hasFailed = status !== 'done';
  const code = /\(exit code (\d{1,10})\)/.exec(text.slice(0, 200))?.[1];
  const exit = code !== undefined ? Number(code) : hasFailed ? null : 0;
  reader.result(textAt(state, 'toolCallId') ?? '', text, exit, hasFailed);
}
