/** Gemini CLI, after its `chatRecordingService.ts` and recordings: a header, messages, `$set` of what changed. */
import { jsonl, type Sample, type SampleOptions, timeOf } from './sample.ts';

function records({ id, cwd, turns, unknownType }: SampleOptions): unknown[] {
  const header = {
    sessionId: id,
    projectHash: 'ab',
    startTime: timeOf(0),
    lastUpdated: timeOf(0),
    kind: 'main',
  };
  const context = `<session_context>\nThis is the Gemini CLI.\n- **Workspace Directories:**\n  - ${cwd}\n</session_context>`;
  const all = turns.flatMap(({ prompt, answer, command, output, written }, n) => {
    const call = (name: string, args: object, told: string) => ({
      id: `${name}-${prompt}`,
      name,
      args,
      status: 'success',
      timestamp: timeOf(n, 2),
      result: [{ functionResponse: { id: `${name}-${prompt}`, name, response: { output: told } } }],
    });
    const message = {
      id: `g-${prompt}`,
      timestamp: timeOf(n, 1),
      type: 'gemini',
      content: answer,
      model: 'gemini-x',
    };
    const tokens = { input: 10, output: 9, cached: 7, thoughts: 2, tool: 0, total: 21 };
    const toolCalls = [
      call('write_file', { file_path: written, content: 'x' }, 'Successfully wrote'),
      call('run_shell_command', { command }, `Output: ${output}\nProcess Group PGID: 7`),
    ];
    return [
      { id: `u-${prompt}`, timestamp: timeOf(n), type: 'user', content: [{ text: prompt }] },
      { $set: { lastUpdated: timeOf(n) } },
      { ...message, tokens },
      { ...message, tokens, toolCalls },
    ];
  });
  const first = { id: 'context', timestamp: timeOf(0), type: 'user', content: [{ text: context }] };
  const unknown =
    unknownType === undefined ? [] : [{ id: 'unknown', timestamp: timeOf(turns.length), type: unknownType }];
  return [header, { $set: { messages: [first] } }, ...all, ...unknown];
}

export const geminiCliSample: Sample = {
  sessionId: '466977ef-c700-430d-a19a-4c5f7883caca',
  roots: { linux: '/home/me/.gemini', darwin: '/Users/me/.gemini', win32: 'C:\\Users\\me\\.gemini' },
  moved: { GEMINI_CLI_HOME: '/moved/.gemini' },
  session: (options) => ({
    'tmp/project/chats/session-2026-05-01T10-00-466977ef.jsonl': jsonl(records(options)),
  }),
  tokensOfTurn: { input: 3, cacheWrite: 0, cacheRead: 7, output: 11, reasoning: 2 },
  resume: ['gemini', '--resume', '466977ef-c700-430d-a19a-4c5f7883caca'],
};
