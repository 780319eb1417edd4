/** Cline and Roo Code, after their `ExtensionMessage.ts`: what was shown, and what was sent to the model, beside it. */
import { type Sample, type SampleOptions, timeOf } from './sample.ts';

const ID = '1767225600000';

function shown({ cwd, turns, unknownType }: SampleOptions): string {
  const ms = (turn: number, second: number) => Date.parse(timeOf(turn, second));
  const say = (turn: number, second: number, kind: string, text: string) => ({
    ts: ms(turn, second),
    type: 'say',
    say: kind,
    text,
  });
  const ask = (turn: number, second: number, kind: string, text: string) => ({
    ts: ms(turn, second),
    type: 'ask',
    ask: kind,
    text,
  });
  const all = turns.flatMap(({ prompt, answer, command, output, written }, n) => [
    say(n, 0, n === 0 ? 'task' : 'user_feedback', prompt),
    say(
      n,
      1,
      'api_req_started',
      JSON.stringify({
        request: `<task>${prompt}</task>\n<environment_details>\n# Current Working Directory (${cwd}) Files\n</environment_details>`,
        tokensIn: 3,
        tokensOut: 11,
        cacheWrites: 5,
        cacheReads: 7,
        cost: 0,
      }),
    ),
    ask(
      n,
      2,
      'tool',
      JSON.stringify({ tool: 'newFileCreated', path: written.slice(cwd.length + 1), content: 'x' }),
    ),
    ask(n, 3, 'command', command),
    say(n, 4, 'command_output', output),
    say(n, 5, 'completion_result', answer),
  ]);
  const unknown = unknownType === undefined ? [] : [say(turns.length, 0, unknownType, '')];
  return JSON.stringify([...all, ...unknown]);
}

function sent({ turns }: SampleOptions): string {
  return JSON.stringify(
    turns.flatMap(({ prompt, answer }) => [
      { role: 'user', content: [{ type: 'text', text: `<task>\n${prompt}\n</task>` }] },
      { role: 'assistant', content: [{ type: 'text', text: answer }] },
    ]),
  );
}

const files = (options: SampleOptions) => ({
  [`tasks/${ID}/ui_messages.json`]: shown(options),
  [`tasks/${ID}/api_conversation_history.json`]: sent(options),
  [`tasks/${ID}/task_metadata.json`]: '{"files_in_context":[]}',
});

const common = {
  sessionId: ID,
  session: files,
  tokensOfTurn: { input: 3, cacheWrite: 5, cacheRead: 7, output: 11, reasoning: 0 },
  resume: ['code', '/home/me/project'],
} as const;

export const clineSample: Sample = {
  ...common,
  roots: {
    linux: '/home/me/.cline/data',
    darwin: '/Users/me/.cline/data',
    win32: 'C:\\Users\\me\\.cline\\data',
  },
  moved: {
    CLINE_DATA_DIR: '/moved',
    CLINE_DIR: '/moved/data',
    XDG_CONFIG_HOME: '/moved/Code/User/globalStorage/saoudrizwan.claude-dev',
  },
};

export const rooCodeSample: Sample = {
  ...common,
  roots: {
    linux: '/home/me/.config/Code/User/globalStorage/rooveterinaryinc.roo-cline',
    darwin: '/Users/me/Library/Application Support/Code/User/globalStorage/rooveterinaryinc.roo-cline',
    win32: 'C:\\Users\\me\\AppData\\Roaming\\Code\\User\\globalStorage\\rooveterinaryinc.roo-cline',
  },
  moved: { XDG_CONFIG_HOME: '/moved/Code/User/globalStorage/rooveterinaryinc.roo-cline' },
};
