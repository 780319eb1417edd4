/** Claude Code 2.1, after recordings: a record a block, results as a user's record with `toolUseResult`. */
import { jsonl, type Sample, type SampleOptions, timeOf } from './sample.ts';

function records({ id, cwd, turns, unknownType }: SampleOptions): unknown[] {
  let last: string | null = null;
  const record = (type: string, uuid: string, at: string, more: object) => {
    const made = { parentUuid: last, isSidechain: false, userType: 'external', cwd, sessionId: id };
    last = uuid;
    return { ...made, version: '2.1.0', gitBranch: 'main', type, ...more, uuid, timestamp: at };
  };
  const all = turns.flatMap(({ prompt, answer, command, output, written }, n) => {
    const usage = {
      input_tokens: 3,
      cache_creation_input_tokens: 5,
      cache_read_input_tokens: 7,
      output_tokens: 11,
    };
    const said = (block: object, at: string, suffix: string) =>
      record('assistant', `${prompt}-${suffix}`, at, {
        message: { id: `msg_${prompt}`, role: 'assistant', model: 'claude-x', content: [block], usage },
        requestId: `req_${prompt}`,
      });
    const result = (callId: string, suffix: string, toolUseResult: object) =>
      record('user', `${prompt}-${suffix}`, timeOf(n, 3), {
        message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: callId, content: output }] },
        toolUseResult,
      });
    return [
      record('user', `${prompt}-u`, timeOf(n), { message: { role: 'user', content: prompt } }),
      said(
        { type: 'tool_use', id: `w-${prompt}`, name: 'Write', input: { file_path: written, content: 'x' } },
        timeOf(n, 1),
        'w',
      ),
      result(`w-${prompt}`, 'wr', { type: 'create', filePath: written, content: 'x' }),
      said({ type: 'tool_use', id: `b-${prompt}`, name: 'Bash', input: { command } }, timeOf(n, 2), 'b'),
      result(`b-${prompt}`, 'br', { stdout: output, stderr: '', interrupted: false, isImage: false }),
      said({ type: 'text', text: answer }, timeOf(n, 4), 'a'),
    ];
  });
  return unknownType === undefined ? all : [...all, record(unknownType, 'unknown', timeOf(turns.length), {})];
}

export const claudeCodeSample: Sample = {
  sessionId: '11111111-2222-4333-8444-555555555555',
  roots: { linux: '/home/me/.claude', darwin: '/Users/me/.claude', win32: 'C:\\Users\\me\\.claude' },
  moved: { CLAUDE_CONFIG_DIR: '/moved' },
  session: (options) => ({
    [`projects/${options.cwd.replaceAll(/[^A-Za-z0-9-]/g, '-')}/11111111-2222-4333-8444-555555555555.jsonl`]:
      jsonl(records(options)),
  }),
  tokensOfTurn: { input: 3, cacheWrite: 5, cacheRead: 7, output: 11, reasoning: 0 },
  resume: ['claude', '--resume', '11111111-2222-4333-8444-555555555555'],
};
