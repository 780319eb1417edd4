/** Agents with one file a session, by what is known of each: recordings, or the tests of other programs. */
import { folderName, jsonl, type Sample, type SampleOptions, type Turn, timeOf } from './sample.ts';

const ID = '019e6b6d-22e2-7191-83bd-8cc6b1af4b00';
const homes = (folder: string) => ({
  linux: `/home/me/${folder}`,
  darwin: `/Users/me/${folder}`,
  win32: `C:\\Users\\me\\${folder.replaceAll('/', '\\')}`,
});
const none = { input: 0, cacheWrite: 0, cacheRead: 0, output: 0, reasoning: 0 };
const all = (turns: readonly Turn[], records: (turn: Turn, n: number) => readonly unknown[]) =>
  turns.flatMap(records);

/** Messages of Anthropic's API, with `wrap` around each. */
function anthropic(
  turns: readonly Turn[],
  wrap: (role: string, message: object, n: number, second: number) => object,
): unknown[] {
  return all(turns, ({ prompt, answer, command, output, written }, n) => [
    wrap('user', { role: 'user', content: prompt }, n, 0),
    wrap(
      'assistant',
      {
        id: `m-${prompt}`,
        role: 'assistant',
        model: 'model-x',
        content: [
          { type: 'text', text: answer },
          {
            type: 'tool_use',
            id: `w-${prompt}`,
            name: 'write_file',
            input: { file_path: written, content: 'x' },
          },
          { type: 'tool_use', id: `b-${prompt}`, name: 'run_shell_command', input: { command } },
        ],
        usage: {
          input_tokens: 3,
          output_tokens: 9,
          cache_read_input_tokens: 7,
          cache_creation_input_tokens: 5,
        },
      },
      n,
      1,
    ),
    wrap(
      'user',
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: `w-${prompt}`, content: 'written' },
          { type: 'tool_result', tool_use_id: `b-${prompt}`, content: output },
        ],
      },
      n,
      2,
    ),
  ]);
}
const tokensOfTurn = { input: 3, cacheWrite: 5, cacheRead: 7, output: 9, reasoning: 0 };

function iflow({ id, cwd, turns, unknownType }: SampleOptions): unknown[] {
  const envelope = (type: string, n: number, second: number) => ({
    uuid: `${type}-${n}-${second}`,
    parentUuid: null,
    sessionId: `session-${id}`,
    timestamp: timeOf(n, second),
    type,
    isSidechain: false,
    userType: 'external',
    cwd,
    gitBranch: 'main',
    version: '1.0.0',
  });
  const records = anthropic(turns, (role, message, n, second) => ({ ...envelope(role, n, second), message }));
  return [...records, ...(unknownType === undefined ? [] : [envelope(unknownType, turns.length, 0)])];
}

export const iflowSample: Sample = {
  sessionId: `session-${ID}`,
  roots: homes('.iflow'),
  session: (options) => {
    const id = options.id.replace(/^session-/, '');
    return {
      [`projects/-home-me-project/session-${folderName(id)}.jsonl`]: jsonl(iflow({ ...options, id })),
    };
  },
  tokensOfTurn,
  resume: ['iflow', '--resume', `session-${ID}`],
};

function droid({ id, cwd, turns, unknownType }: SampleOptions): unknown[] {
  const start = { type: 'session_start', id, owner: 'me', version: 2, cwd };
  const reminder = { type: 'text', text: '<system-reminder>Today is a day.</system-reminder>' };
  const records = anthropic(turns, (_role, message, n, second) => {
    const content = 'content' in message && typeof message.content === 'string' ? message.content : null;
    return {
      type: 'message',
      id: `e-${n}-${second}`,
      timestamp: timeOf(n, second),
      parentId: null,
      message:
        content === null ? message : { ...message, content: [reminder, { type: 'text', text: content }] },
    };
  });
  return [
    start,
    ...records,
    ...(unknownType === undefined ? [] : [{ type: unknownType, timestamp: timeOf(turns.length) }]),
  ];
}

export const droidSample: Sample = {
  sessionId: ID,
  roots: homes('.factory'),
  session: (options) => ({
    [`sessions/-home-me-project/${folderName(options.id)}.jsonl`]: jsonl(droid(options)),
  }),
  tokensOfTurn,
  resume: ['droid', '--resume', ID],
};

function kiro({ turns, unknownType }: SampleOptions): unknown[] {
  const record = (kind: string, data: object) => ({
    version: 'v1',
    kind,
    data: { message_id: Bun.hash(JSON.stringify(data)).toString(36), ...data },
  });
  const seconds = (n: number) => Date.parse(timeOf(n)) / 1000;
  const records = all(turns, ({ prompt, answer, command, output, written }, n) => {
    const call = (toolUseId: string, name: string, input: object) => ({
      kind: 'toolUse',
      data: { toolUseId, name, input },
    });
    const result = (toolUseId: string, data: object) => ({
      kind: 'toolResult',
      data: { toolUseId, status: 'success', content: [{ kind: 'json', data }] },
    });
    return [
      record('Prompt', { content: [{ kind: 'text', data: prompt }], meta: { timestamp: seconds(n) } }),
      record('AssistantMessage', {
        content: [
          { kind: 'text', data: answer },
          call(`w-${prompt}`, 'write', { command: 'create', path: written, content: 'x' }),
          call(`b-${prompt}`, 'shell', { command }),
        ],
      }),
      record('ToolResults', {
        content: [
          result(`w-${prompt}`, {}),
          result(`b-${prompt}`, { exit_status: 'exit status: 0', stdout: output, stderr: '' }),
        ],
      }),
    ];
  });
  return [
    ...records,
    ...(unknownType === undefined
      ? []
      : [record(unknownType, { meta: { timestamp: seconds(turns.length) } })]),
  ];
}

export const kiroCliSample: Sample = {
  sessionId: ID,
  roots: homes('.kiro'),
  moved: { KIRO_HOME: '/moved' },
  session: (options) => ({
    [`sessions/cli/${folderName(options.id)}.jsonl`]: jsonl(kiro(options)),
    [`sessions/cli/${folderName(options.id)}.json`]: JSON.stringify({
      session_id: options.id,
      cwd: options.cwd,
      session_state: { version: 'v1' },
    }),
  }),
  tokensOfTurn: none,
  resume: ['kiro-cli', 'chat', '--resume-id', ID],
  gaps: ['tokens', 'own id'],
};

function vibe({ turns, unknownType }: SampleOptions): unknown[] {
  const message = (role: string, content: string, more: object = {}) => ({
    role,
    content,
    injected: false,
    message_id: Bun.hash(role + content).toString(36),
    ...more,
  });
  const records = all(turns, ({ prompt, answer, command, output, written }) => {
    const call = (id: string, name: string, args: object) => ({
      id,
      index: 0,
      type: 'function',
      function: { name, arguments: JSON.stringify(args) },
    });
    return [
      message('user', prompt),
      message('assistant', answer, {
        tool_calls: [
          call(`w-${prompt}`, 'write_file', { path: written, content: 'x' }),
          call(`b-${prompt}`, 'bash', { command }),
        ],
      }),
      message('tool', 'written', { name: 'write_file', tool_call_id: `w-${prompt}` }),
      message('tool', `command: ${command}\nstdout: ${output}\nstderr: \nreturncode: 0`, {
        name: 'bash',
        tool_call_id: `b-${prompt}`,
      }),
    ];
  });
  return [...records, ...(unknownType === undefined ? [] : [message(unknownType, '')])];
}

export const mistralVibeSample: Sample = {
  sessionId: '20260501_100000_019e6b6d',
  roots: homes('.vibe'),
  moved: { VIBE_HOME: '/moved' },
  session: (options) => ({
    [`logs/session/session_${folderName(options.id)}/messages.jsonl`]: jsonl(vibe(options)),
    [`logs/session/session_${folderName(options.id)}/meta.json`]: JSON.stringify({
      session_id: options.id,
      environment: { working_directory: options.cwd },
    }),
  }),
  tokensOfTurn: none,
  resume: ['vibe', '--resume', '019e6b6d'],
  gaps: ['tokens', 'own id', 'times'],
};

function antigravity({ cwd, turns, unknownType }: SampleOptions): unknown[] {
  let index = 0;
  const step = (type: string, n: number, second: number, more: object) => ({
    step_index: index++,
    source: type === 'USER_INPUT' ? 'USER_EXPLICIT' : 'MODEL',
    type,
    status: 'DONE',
    created_at: timeOf(n, second).replace('.000', ''),
    ...more,
  });
  const quoted = (args: object) =>
    Object.fromEntries(Object.entries(args).map(([key, value]) => [key, JSON.stringify(value)]));
  const records = all(turns, ({ prompt, answer, command, output, written }, n) => [
    step('USER_INPUT', n, 0, {
      content: `<USER_REQUEST>\n${prompt}\n</USER_REQUEST>\n<ADDITIONAL_METADATA>x</ADDITIONAL_METADATA>`,
    }),
    step('PLANNER_RESPONSE', n, 1, {
      content: answer,
      tool_calls: [
        { name: 'run_command', args: quoted({ CommandLine: command, Cwd: cwd }) },
        { name: 'write_to_file', args: quoted({ TargetFile: written, CodeContent: 'x' }) },
      ],
    }),
    step('RUN_COMMAND', n, 2, { content: `The command completed successfully.\nOutput:\n${output}` }),
    step('CODE_ACTION', n, 3, { content: 'Created file' }),
  ]);
  return [...records, ...(unknownType === undefined ? [] : [step(unknownType, turns.length, 0, {})])];
}

export const antigravitySample: Sample = {
  sessionId: ID,
  roots: homes('.gemini/antigravity-cli'),
  session: (options) => ({
    [`brain/${folderName(options.id)}/.system_generated/logs/transcript.jsonl`]: jsonl(antigravity(options)),
  }),
  tokensOfTurn: none,
  resume: ['agy', '--conversation', ID],
  gaps: ['tokens', 'own id'],
};

function kimi({ cwd, turns, unknownType }: SampleOptions): unknown[] {
  const record = (type: string, n: number, second: number, more: object) => ({
    type,
    ...more,
    time: Date.parse(timeOf(n, second)),
  });
  const event = (n: number, second: number, body: object) =>
    record('context.append_loop_event', n, second, { event: body });
  const records = all(turns, ({ prompt, answer, command, output, written }, n) => [
    record('turn.prompt', n, 0, { input: [{ type: 'text', text: prompt }], origin: { kind: 'user' } }),
    record('context.append_message', n, 0, {
      message: { role: 'user', content: [{ type: 'text', text: prompt }], origin: { kind: 'user' } },
    }),
    record('llm.request', n, 1, { model: 'model-x' }),
    event(n, 1, { type: 'content.part', part: { type: 'text', text: answer } }),
    event(n, 2, {
      type: 'tool.call',
      toolCallId: `w-${prompt}`,
      name: 'Write',
      args: { path: written, content: 'x' },
    }),
    event(n, 2, { type: 'tool.call', toolCallId: `b-${prompt}`, name: 'Bash', args: { command } }),
    event(n, 3, { type: 'tool.result', toolCallId: `w-${prompt}`, result: { output: 'written' } }),
    event(n, 3, { type: 'tool.result', toolCallId: `b-${prompt}`, result: { output } }),
    event(n, 4, {
      type: 'step.end',
      uuid: `s-${prompt}`,
      usage: { inputOther: 3, output: 9, inputCacheRead: 7, inputCacheCreation: 5 },
    }),
    record('usage.record', n, 4, {
      usage: { inputOther: 3, output: 9, inputCacheRead: 7, inputCacheCreation: 5 },
    }),
  ]);
  return [
    { type: 'metadata', protocol_version: '1.4', created_at: Date.parse(timeOf(0)) },
    record('config.update', 0, 0, { cwd }),
    ...records,
    ...(unknownType === undefined ? [] : [record(unknownType, turns.length, 0, {})]),
  ];
}

export const kimiCodeSample: Sample = {
  sessionId: `session_${ID}`,
  roots: homes('.kimi-code'),
  moved: { KIMI_CODE_HOME: '/moved' },
  session: (options) => ({
    [`sessions/wd_project/${folderName(options.id)}/agents/main/wire.jsonl`]: jsonl(kimi(options)),
  }),
  tokensOfTurn,
  resume: ['kimi', '--session', `session_${ID}`],
  gaps: ['own id'],
};
