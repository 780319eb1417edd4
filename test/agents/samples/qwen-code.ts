/** Qwen Code, after `ChatRecord` in its `chatRecordingService.ts`: each record with its frame, contents in the API's own form. */
import { jsonl, type Sample, type SampleOptions, timeOf } from './sample.ts';

function records({ id, cwd, turns, unknownType }: SampleOptions): unknown[] {
  let last: string | null = null;
  const record = (type: string, uuid: string, at: string, more: object) => {
    const made = {
      uuid,
      parentUuid: last,
      sessionId: id,
      timestamp: at,
      type,
      cwd,
      version: '0.21.13',
      gitBranch: 'main',
    };
    last = uuid;
    return { ...made, ...more };
  };
  const all = turns.flatMap(({ prompt, answer, command, output, written }, n) => {
    const usage = {
      promptTokenCount: 10,
      cachedContentTokenCount: 7,
      candidatesTokenCount: 9,
      thoughtsTokenCount: 2,
      totalTokenCount: 21,
    };
    const calls = [
      { functionCall: { id: `w-${prompt}`, name: 'write_file', args: { file_path: written, content: 'x' } } },
      {
        functionCall: {
          id: `c-${prompt}`,
          name: 'run_shell_command',
          args: { command, is_background: false },
        },
      },
    ];
    const result = (callId: string, name: string, told: string) =>
      record('tool_result', `r-${callId}`, timeOf(n, 2), {
        message: {
          role: 'user',
          parts: [{ functionResponse: { id: callId, name, response: { output: told } } }],
        },
        toolCallResult: { callId, status: 'success', resultDisplay: told },
      });
    const hook = '<qwen:user-prompt-submit-context>\nfrom a hook\n</qwen:user-prompt-submit-context>';
    return [
      record('user', `u-${prompt}`, timeOf(n), {
        message: { role: 'user', parts: [{ text: prompt }, { text: hook }] },
      }),
      record('assistant', `a-${prompt}`, timeOf(n, 1), {
        model: 'qwen-x',
        usageMetadata: usage,
        contextWindowSize: 1000,
        message: { role: 'model', parts: [{ text: 'thinking', thought: true }, ...calls] },
      }),
      result(`w-${prompt}`, 'write_file', 'Successfully wrote'),
      result(
        `c-${prompt}`,
        'run_shell_command',
        `Command: ${command}\nOutput: ${output}\nError: (none)\nExit Code: 0`,
      ),
      record('assistant', `b-${prompt}`, timeOf(n, 3), {
        model: 'qwen-x',
        message: { role: 'model', parts: [{ text: answer }] },
      }),
      record('system', `s-${prompt}`, timeOf(n, 3), {
        subtype: 'ui_telemetry',
        systemPayload: { uiEvent: {} },
      }),
    ];
  });
  return unknownType === undefined ? all : [...all, record(unknownType, 'unknown', timeOf(turns.length), {})];
}

const ID = '019f0000-0000-7000-8000-000000000001';

export const qwenCodeSample: Sample = {
  sessionId: ID,
  roots: { linux: '/home/me/.qwen', darwin: '/Users/me/.qwen', win32: 'C:\\Users\\me\\.qwen' },
  moved: { QWEN_HOME: '/moved', QWEN_RUNTIME_DIR: '/moved' },
  session: (options) => ({ [`projects/-home-me-project/chats/${ID}.jsonl`]: jsonl(records(options)) }),
  tokensOfTurn: { input: 3, cacheWrite: 0, cacheRead: 7, output: 11, reasoning: 2 },
  resume: ['qwen', '--resume', ID],
};
