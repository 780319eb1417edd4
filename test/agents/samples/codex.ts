/** Codex 0.130, after recordings: calls and outputs are items, prompts are events, tokens a running total. */
import { jsonl, type Sample, type SampleOptions, timeOf } from './sample.ts';

function records({ id, cwd, turns, unknownType }: SampleOptions): unknown[] {
  const line = (at: string, type: string, payload: object) => ({ timestamp: at, type, payload });
  const meta = {
    id,
    timestamp: timeOf(0),
    cwd,
    originator: 'codex_cli_rs',
    cli_version: '0.130.0',
    source: 'cli',
  };
  const all = turns.flatMap(({ prompt, answer, command, output, written }, n) => {
    const item = (second: number, payload: object) => line(timeOf(n, second), 'response_item', payload);
    const total = {
      input_tokens: 10 * (n + 1),
      cached_input_tokens: 7 * (n + 1),
      output_tokens: 11 * (n + 1),
    };
    const patch = `*** Begin Patch\n*** Add File: ${written}\n+x\n*** End Patch\n`;
    return [
      line(timeOf(n), 'event_msg', { type: 'user_message', message: prompt }),
      item(1, { type: 'custom_tool_call', name: 'apply_patch', input: patch, call_id: `p${prompt}` }),
      item(1, {
        type: 'custom_tool_call_output',
        call_id: `p${prompt}`,
        output: 'Success. Updated the following files:\nA x',
      }),
      item(2, {
        type: 'function_call',
        name: 'shell',
        arguments: JSON.stringify({ command: ['bash', '-lc', command] }),
        call_id: `c${prompt}`,
      }),
      item(3, {
        type: 'function_call_output',
        call_id: `c${prompt}`,
        output: `Process exited with code 0\nOutput:\n${output}`,
      }),
      item(4, { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: answer }] }),
      line(timeOf(n, 5), 'event_msg', {
        type: 'token_count',
        info: {
          total_token_usage: { ...total, reasoning_output_tokens: 2 * (n + 1), total_tokens: 21 * (n + 1) },
        },
      }),
    ];
  });
  const unknown = unknownType === undefined ? [] : [line(timeOf(turns.length), unknownType, {})];
  return [
    line(timeOf(0), 'session_meta', meta),
    line(timeOf(0), 'turn_context', { cwd, model: 'gpt-x' }),
    ...all,
    ...unknown,
  ];
}

export const codexSample: Sample = {
  sessionId: '019dc91f-21e4-78d3-9ed1-31d84a0a2c7a',
  roots: { linux: '/home/me/.codex', darwin: '/Users/me/.codex', win32: 'C:\\Users\\me\\.codex' },
  moved: { CODEX_HOME: '/moved' },
  session: (options) => ({
    'sessions/2026/05/01/rollout-2026-05-01T10-00-00-019dc91f-21e4-78d3-9ed1-31d84a0a2c7a.jsonl': jsonl(
      records(options),
    ),
  }),
  tokensOfTurn: { input: 3, cacheWrite: 0, cacheRead: 7, output: 11, reasoning: 2 },
  resume: ['codex', 'resume', '019dc91f-21e4-78d3-9ed1-31d84a0a2c7a'],
};
