/**
 * Cursor CLI's transcripts, after the notes and tests of several readers: messages without ids, results or tokens; a time
 * stands before a prompt, to the minute and with its zone. The folder of a project is lossy and nothing else names it.
 */
import { folderName, jsonl, type Sample, type SampleOptions, timeOf } from './sample.ts';

const ID = '019e6b6d-22e2-7191-83bd-8cc6b1af4b42';

/** `Friday, May 1, 2026, 12:01 PM (UTC+2)` for ten o'clock and a minute in UTC. */
function stamp(turn: number): string {
  const at = new Date(Date.parse(timeOf(turn)) + 2 * 3_600_000);
  const minute = String(at.getUTCMinutes()).padStart(2, '0');
  return `Friday, May ${at.getUTCDate()}, 2026, ${at.getUTCHours() % 12 || 12}:${minute} PM (UTC+2)`;
}

function records({ turns, unknownType }: SampleOptions): unknown[] {
  const message = (role: string, ...content: object[]) => ({ role, message: { content } });
  const text = (said: string) => ({ type: 'text', text: said });
  const call = (name: string, input: object) => ({ type: 'tool_use', name, input });
  const all = turns.flatMap(({ prompt, answer, command, written }, n) => [
    message(
      'user',
      text(`<timestamp>${stamp(n)}</timestamp>\n<user_query>\n${prompt}\n</user_query>\n[Image]`),
    ),
    message(
      'assistant',
      text('[REDACTED]'),
      call('Write', { path: written, contents: 'x' }),
      call('Shell', { command, description: 'Make it' }),
    ),
    message('assistant', text(`${answer}\n\n[REDACTED]`)),
    { type: 'turn_ended', status: 'success' },
  ]);
  return [...all, ...(unknownType === undefined ? [] : [{ type: unknownType, status: 'success' }])];
}

export const cursorCliSample: Sample = {
  sessionId: ID,
  roots: { linux: '/home/me/.cursor', darwin: '/Users/me/.cursor', win32: 'C:\\Users\\me\\.cursor' },
  moved: { CURSOR_CONFIG_DIR: '/moved' },
  session: (options) => {
    const folder = `projects/home-me-project/agent-transcripts/${folderName(options.id)}`;
    return { [`${folder}/${folderName(options.id)}.jsonl`]: jsonl(records(options)) };
  },
  tokensOfTurn: { input: 0, cacheWrite: 0, cacheRead: 0, output: 0, reasoning: 0 },
  resume: ['cursor-agent', '--resume', ID],
  gaps: ['tokens', 'project'],
};
