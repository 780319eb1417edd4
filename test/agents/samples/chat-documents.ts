/** Continue's and Nanocoder's documents, after a recording of each: messages in the form of OpenAI's chat API. */
import { type Sample, type SampleOptions, timeOf } from './sample.ts';

const ID = 'b781a94d-38c9-481d-91c5-6f0c168f7497';
const none = { input: 0, cacheWrite: 0, cacheRead: 0, output: 0, reasoning: 0 };

function continueSession({ id, cwd, turns, unknownType }: SampleOptions): string {
  const usage = {
    prompt_tokens: 10,
    completion_tokens: 9,
    model: 'model-x',
    prompt_tokens_details: { cached_tokens: 7 },
    completion_tokens_details: { reasoning_tokens: 2 },
  };
  const history = turns.flatMap(({ prompt, answer, command, output, written }) => {
    const call = (callId: string, name: string, args: object) => ({
      id: callId,
      type: 'function',
      function: { name, arguments: JSON.stringify(args) },
    });
    const calls = [
      call(`w-${prompt}`, 'Write', { filepath: written, content: 'x' }),
      call(`b-${prompt}`, 'Bash', { command }),
    ];
    const states = calls.map((toolCall, n) => ({
      toolCallId: toolCall.id,
      toolCall,
      status: 'done',
      output: [{ content: n === 0 ? 'ok' : output, name: 'Tool Result' }],
    }));
    return [
      { message: { role: 'user', content: prompt }, contextItems: [], editorState: prompt },
      {
        message: { role: 'assistant', content: answer, toolCalls: calls, usage },
        contextItems: [],
        toolCallStates: states,
      },
    ];
  });
  const unknown = unknownType === undefined ? [] : [{ message: { role: unknownType, content: '' } }];
  return JSON.stringify({
    sessionId: id,
    title: 'Untitled Session',
    workspaceDirectory: cwd,
    history: [...history, ...unknown],
  });
}

export const continueSample: Sample = {
  sessionId: ID,
  roots: {
    linux: '/home/me/.continue',
    darwin: '/Users/me/.continue',
    win32: 'C:\\Users\\me\\.continue',
  },
  moved: { CONTINUE_GLOBAL_DIR: '/moved' },
  session: (options) => ({ [`sessions/${ID}.json`]: continueSession(options) }),
  tokensOfTurn: { input: 3, cacheWrite: 0, cacheRead: 7, output: 9, reasoning: 2 },
  resume: ['cn', '--resume'],
  gaps: ['times'],
};

function nanocoderSession({ id, cwd, turns, unknownType }: SampleOptions): string {
  const messages = turns.flatMap(({ prompt, answer, command, output, written }) => [
    { role: 'user', content: prompt },
    {
      role: 'assistant',
      content: answer,
      tool_calls: [
        { id: `w-${prompt}`, function: { name: 'write_file', arguments: { path: written, content: 'x' } } },
        { id: `b-${prompt}`, function: { name: 'execute_bash', arguments: { command } } },
      ],
    },
    { role: 'tool', content: 'File written', tool_call_id: `w-${prompt}`, name: 'write_file' },
    { role: 'tool', content: `EXIT_CODE: 0\n${output}`, tool_call_id: `b-${prompt}`, name: 'execute_bash' },
  ]);
  const unknown = unknownType === undefined ? [] : [{ role: unknownType, content: '' }];
  return JSON.stringify({
    id,
    title: turns[0]?.prompt,
    createdAt: timeOf(0),
    lastAccessedAt: timeOf(turns.length),
    messageCount: messages.length,
    provider: 'x',
    model: 'model-x',
    workingDirectory: cwd,
    messages: [...messages, ...unknown],
  });
}

export const nanocoderSample: Sample = {
  sessionId: ID,
  roots: {
    linux: '/home/me/.local/share/nanocoder',
    darwin: '/Users/me/.local/share/nanocoder',
    win32: 'C:\\Users\\me\\.local\\share\\nanocoder',
  },
  moved: { XDG_DATA_HOME: '/moved/nanocoder' },
  session: (options) => ({ [`sessions/${ID}.json`]: nanocoderSession(options) }),
  tokensOfTurn: none,
  resume: ['nanocoder'],
  gaps: ['tokens', 'times'],
};
