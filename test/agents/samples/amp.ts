/** Amp's thread files, after the descriptions of several readers: one document, written anew with every turn. */
import { type Sample, type SampleOptions, timeOf } from './sample.ts';

const ID = 'T-019b9d03-62e3-772f-9780-3e637f90eaec';

function thread({ id, cwd, turns, unknownType }: SampleOptions): string {
  const ms = (turn: number, second: number) => Date.parse(timeOf(turn, second));
  const messages = turns.flatMap(({ prompt, answer, command, output, written }, n) => {
    const usage = {
      model: 'amp-x',
      inputTokens: 3,
      cacheCreationInputTokens: 5,
      cacheReadInputTokens: 7,
      outputTokens: 11,
    };
    const result = (toolUseID: string, told: object) => ({
      type: 'tool_result',
      toolUseID,
      run: { status: 'done', result: told },
    });
    return [
      {
        role: 'user',
        messageId: n * 4,
        content: [{ type: 'text', text: prompt }],
        meta: { sentAt: ms(n, 0) },
      },
      {
        role: 'assistant',
        messageId: n * 4 + 1,
        state: { type: 'complete', stopReason: 'tool_use' },
        usage,
        content: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          {
            type: 'tool_use',
            id: `w-${prompt}`,
            name: 'create_file',
            input: { path: written, content: 'x' },
          },
          { type: 'tool_use', id: `b-${prompt}`, name: 'Bash', input: { cmd: command, cwd } },
        ],
      },
      {
        role: 'user',
        messageId: n * 4 + 2,
        content: [result(`w-${prompt}`, {}), result(`b-${prompt}`, { output, exitCode: 0 })],
      },
      {
        role: 'assistant',
        messageId: n * 4 + 3,
        state: { type: 'complete', stopReason: 'end_turn' },
        content: [{ type: 'text', text: answer }],
      },
    ];
  });
  const unknown = unknownType === undefined ? [] : [{ role: unknownType, messageId: 99, content: [] }];
  const tree = {
    displayName: 'project',
    uri: `file://${cwd}`,
    repository: { type: 'git', ref: 'refs/heads/main' },
  };
  return JSON.stringify({
    v: turns.length,
    id,
    created: ms(0, 0),
    messages: [...messages, ...unknown],
    env: { initial: { trees: [tree], platform: { os: 'linux', client: 'CLI', clientVersion: '1.0' } } },
  });
}

export const ampSample: Sample = {
  sessionId: ID,
  roots: {
    linux: '/home/me/.local/share/amp',
    darwin: '/Users/me/.local/share/amp',
    win32: 'C:\\Users\\me\\.local\\share\\amp',
  },
  moved: { XDG_DATA_HOME: '/moved/amp', XDG_CONFIG_HOME: '/moved/Code/User/globalStorage/sourcegraph.amp' },
  session: (options) => ({ [`threads/${ID}.json`]: thread(options) }),
  tokensOfTurn: { input: 3, cacheWrite: 5, cacheRead: 7, output: 11, reasoning: 0 },
  resume: ['amp', 'threads', 'continue', ID],
};
