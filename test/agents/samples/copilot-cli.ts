/** GitHub Copilot CLI, after recordings of 1.0.77: events with an envelope; tokens stand in the shutdown. */
import { folderName, jsonl, type Sample, type SampleOptions, timeOf } from './sample.ts';

function records({ id, cwd, turns, unknownType }: SampleOptions): unknown[] {
  let n = 0;
  const event = (type: string, turn: number, second: number, data: object) => ({
    type,
    data,
    id: `e-${n++}`,
    timestamp: timeOf(turn, second),
    parentId: null,
  });
  const start = event('session.start', 0, 0, {
    sessionId: id,
    version: 1,
    producer: 'copilot-agent',
    copilotVersion: '1.0.77',
    startTime: timeOf(0),
    context: { cwd, gitRoot: cwd, branch: 'main' },
  });
  const all = turns.flatMap(({ prompt, answer, command, output, written }, turn) => {
    const call = (toolCallId: string, toolName: string, args: object, told: string) => [
      event('tool.execution_start', turn, 2, { toolCallId, toolName, arguments: args, turnId: '0' }),
      event('tool.execution_complete', turn, 3, {
        toolCallId,
        success: true,
        result: { content: told, detailedContent: told },
      }),
    ];
    return [
      event('user.message', turn, 0, {
        content: prompt,
        transformedContent: `<t>${prompt}</t>`,
        attachments: [],
      }),
      event('assistant.turn_start', turn, 1, { turnId: '0' }),
      ...call(`c-${prompt}`, 'create', { path: written, file_text: 'x' }, 'Created'),
      ...call(
        `b-${prompt}`,
        'bash',
        { command, description: 'make' },
        `${output}\n<shellId: 0 completed with exit code 0>`,
      ),
      event('assistant.message', turn, 4, {
        messageId: `m-${prompt}`,
        model: 'gpt-x',
        content: answer,
        toolRequests: [],
        outputTokens: 9,
      }),
      event('session.shutdown', turn, 5, {
        shutdownType: 'routine',
        modelMetrics: {
          'gpt-x': {
            usage: {
              inputTokens: 10 * (turn + 1),
              outputTokens: 9 * (turn + 1),
              cacheReadTokens: 7 * (turn + 1),
              cacheWriteTokens: 0,
              reasoningTokens: 2 * (turn + 1),
            },
          },
        },
        codeChanges: { linesAdded: 1, linesRemoved: 0, filesModified: [] },
      }),
    ];
  });
  return [start, ...all, ...(unknownType === undefined ? [] : [event(unknownType, turns.length, 0, {})])];
}

export const copilotCliSample: Sample = {
  sessionId: 'fc7a4387-b5ae-447f-bc8f-78d1eb5faae3',
  roots: { linux: '/home/me/.copilot', darwin: '/Users/me/.copilot', win32: 'C:\\Users\\me\\.copilot' },
  moved: { COPILOT_HOME: '/moved' },
  session: (options) => ({
    [`session-state/${folderName(options.id)}/events.jsonl`]: jsonl(records(options)),
  }),
  tokensOfTurn: { input: 3, cacheWrite: 0, cacheRead: 7, output: 9, reasoning: 2 },
  resume: ['copilot', '--resume', 'fc7a4387-b5ae-447f-bc8f-78d1eb5faae3'],
};
