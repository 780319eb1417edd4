/**
 * Kimi CLI, after its source (`wire/file.py`, `wire/types.py`, `soul/context.py`): a session's events, and the same
 * conversation as it was sent to the model, beside its state.
 */
import { folderName, jsonl, type Sample, type SampleOptions, type Turn, timeOf } from './sample.ts';

const ID = '019e6b6d-22e2-4191-83bd-8cc6b1af4b43';
const call = (id: string, name: string, args: object) => ({
  type: 'function',
  id,
  function: { name, arguments: JSON.stringify(args) },
  extras: null,
});
const calls = ({ prompt, command, written }: Turn) => [
  call(`w-${prompt}`, 'WriteFile', { path: written, content: 'x', mode: 'overwrite' }),
  call(`b-${prompt}`, 'Shell', { command, timeout: 60 }),
];

function events({ turns, unknownType }: SampleOptions): unknown[] {
  const event = (n: number, second: number, type: string, payload: object) => ({
    timestamp: Date.parse(timeOf(n, second)) / 1000 + 0.25,
    message: { type, payload },
  });
  const result = (tool_call_id: string, output: string, message: string) => ({
    tool_call_id,
    return_value: { is_error: false, output, message, display: [], extras: null },
  });
  const all = turns.flatMap((turn, n) => [
    event(n, 0, 'TurnBegin', { user_input: [{ type: 'text', text: turn.prompt }] }),
    event(n, 1, 'StepBegin', { n: 1 }),
    event(n, 1, 'ContentPart', { type: 'think', think: 'hm', encrypted: null }),
    ...calls(turn).map((payload) => event(n, 2, 'ToolCall', payload)),
    event(n, 3, 'ToolResult', result(`w-${turn.prompt}`, '', 'File successfully overwritten.')),
    event(n, 3, 'ToolResult', result(`b-${turn.prompt}`, turn.output, 'Command executed successfully.')),
    event(n, 4, 'StatusUpdate', {
      context_usage: 0.1,
      message_id: `m-${turn.prompt}`,
      plan_mode: false,
      token_usage: { input_other: 3, output: 9, input_cache_read: 7, input_cache_creation: 5 },
    }),
    event(n, 5, 'ContentPart', { type: 'text', text: turn.answer }),
    event(n, 6, 'TurnEnd', {}),
  ]);
  return [
    { type: 'metadata', protocol_version: '1.9' },
    ...all,
    ...(unknownType === undefined ? [] : [event(turns.length, 0, unknownType, {})]),
  ];
}

export function sentOf({ cwd, turns }: Pick<SampleOptions, 'cwd' | 'turns'>): unknown[] {
  const system = (text: string) => ({ type: 'text', text: `<system>${text}</system>` });
  const all = turns.flatMap((turn, n) => [
    { role: '_checkpoint', id: n },
    { role: 'user', content: [system(`CHECKPOINT ${n}`)] },
    { role: 'user', content: turn.prompt },
    { role: 'assistant', content: [{ type: 'think', think: 'hm' }], tool_calls: calls(turn) },
    { role: 'tool', content: [system('File written.')], tool_call_id: `w-${turn.prompt}` },
    {
      role: 'tool',
      tool_call_id: `b-${turn.prompt}`,
      content: [system('Command executed successfully.'), { type: 'text', text: turn.output }],
    },
    { role: 'assistant', content: turn.answer },
    { role: '_usage', token_count: 12 },
  ]);
  const prompt = `You are Kimi.\nThe current working directory is \`${cwd}\`. This is the root.`;
  return [{ role: '_system_prompt', content: prompt }, ...all];
}

export const kimiCliSample: Sample = {
  sessionId: ID,
  roots: { linux: '/home/me/.kimi', darwin: '/Users/me/.kimi', win32: 'C:\\Users\\me\\.kimi' },
  moved: { KIMI_SHARE_DIR: '/moved' },
  session: (options) => {
    // The MD5 of `/home/me/project`.
    const folder = `sessions/7eb7c5d1a12f148d4bfd9673187a838f/${folderName(options.id)}`;
    return {
      [`${folder}/wire.jsonl`]: jsonl(events(options)),
      [`${folder}/context.jsonl`]: jsonl(sentOf(options)),
      [`${folder}/state.json`]: '{"version":1,"custom_title":null,"todos":[]}',
    };
  },
  tokensOfTurn: { input: 3, cacheWrite: 5, cacheRead: 7, output: 9, reasoning: 0 },
  resume: ['kimi', '--session', ID],
};
