/** pi, after its docs/session.md and recordings: a header, then entries of a tree. OpenClaw and Oh My Pi write the same. */
import { folderName, jsonl, type Sample, type SampleOptions, timeOf } from './sample.ts';

function records({ id, cwd, turns, unknownType }: SampleOptions): unknown[] {
  const header = { type: 'session', version: 3, id, timestamp: timeOf(0), cwd };
  let n = 0;
  const message = (turn: number, second: number, body: object) => ({
    type: 'message',
    id: `e${n++}`,
    parentId: null,
    timestamp: timeOf(turn, second),
    message: body,
  });
  const text = (told: string) => [{ type: 'text', text: told }];
  const result = (toolCallId: string, toolName: string, told: string) => ({
    role: 'toolResult',
    toolCallId,
    toolName,
    content: text(told),
    isError: false,
  });
  const all = turns.flatMap(({ prompt, answer, command, output, written }, turn) => [
    message(turn, 0, { role: 'user', content: text(prompt) }),
    message(turn, 1, {
      role: 'assistant',
      content: [
        ...text(answer),
        { type: 'toolCall', id: `w-${prompt}`, name: 'write', arguments: { path: written, content: 'x' } },
        { type: 'toolCall', id: `b-${prompt}`, name: 'bash', arguments: { command } },
      ],
      model: 'model-x',
      usage: { input: 3, output: 9, cacheRead: 7, cacheWrite: 5, totalTokens: 24 },
      stopReason: 'toolUse',
    }),
    message(turn, 2, result(`w-${prompt}`, 'write', 'Successfully wrote 1 bytes')),
    message(turn, 3, result(`b-${prompt}`, 'bash', output)),
  ]);
  const unknown =
    unknownType === undefined ? [] : [{ type: unknownType, id: 'u', timestamp: timeOf(turns.length) }];
  return [header, ...all, ...unknown];
}

const ID = '019e6b6d-22e2-7191-83bd-8cc6b1af4b00';
const tokensOfTurn = { input: 3, cacheWrite: 5, cacheRead: 7, output: 9, reasoning: 0 };
const byProject = (options: SampleOptions) => ({
  [`sessions/--home-me-project--/2026-05-01T10-00-00-000Z_${options.id.slice(0, 60).replace(/[^\w-]/g, '_')}.jsonl`]:
    jsonl(records(options)),
});

export const piSample: Sample = {
  sessionId: ID,
  roots: { linux: '/home/me/.pi/agent', darwin: '/Users/me/.pi/agent', win32: 'C:\\Users\\me\\.pi\\agent' },
  moved: { PI_CODING_AGENT_DIR: '/moved', PI_CODING_AGENT_SESSION_DIR: '/moved' },
  session: byProject,
  tokensOfTurn,
  resume: ['pi', '--session', ID],
};

export const ohMyPiSample: Sample = {
  sessionId: ID,
  roots: {
    linux: '/home/me/.omp/agent',
    darwin: '/Users/me/.omp/agent',
    win32: 'C:\\Users\\me\\.omp\\agent',
  },
  moved: {
    PI_CODING_AGENT_DIR: '/moved',
    PI_CODING_AGENT_SESSION_DIR: '/moved',
    XDG_DATA_HOME: '/moved/omp',
  },
  movedByName: { PI_CONFIG_DIR: '/moved/agent' },
  session: byProject,
  tokensOfTurn,
  resume: ['omp', '--session', ID],
};

export const openClawSample: Sample = {
  sessionId: ID,
  roots: { linux: '/home/me/.openclaw', darwin: '/Users/me/.openclaw', win32: 'C:\\Users\\me\\.openclaw' },
  moved: { OPENCLAW_STATE_DIR: '/moved' },
  session: (options) => ({
    [`agents/main/sessions/${folderName(options.id)}.jsonl`]: jsonl(records(options)),
  }),
  tokensOfTurn,
  resume: ['openclaw', 'agent', '--local', '--session-id', ID],
};
