/** Aider's history of a repository, after `io.py` and `coders/base_coder.py` of its public source. */
import type { Sample, SampleOptions } from './sample.ts';

/** What aider writes of a chat, for tests that need more of it than the suite. */
export const chat = (time: string, ...said: string[]) =>
  `\n# aider chat started at ${time}\n\n${said.join('')}`;
export const typed = (text: string) => `\n#### ${text.split('\n').join('  \n#### ')}  \n`;
export const told = (text: string) => `> ${text}  \n`;
export const answered = (text: string) => `\n${text}\n\n`;

const ID = '2026-05-01T10-00-00';

function history({ id, turns }: SampleOptions): string {
  // A chat has no id but its start: nothing in the text could claim another.
  const start = (/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d$/.test(id) ? id : ID).replace('T', ' ');
  const time = `${start.slice(0, 10)} ${start.slice(11).replaceAll('-', ':')}`;
  return [
    `\n# aider chat started at ${time}\n\n`,
    ...['/usr/bin/aider', 'Aider v0.86.2', 'Model: model-x with diff edit format'].map(told),
    told('Git repo: .git with 3 files'),
    ...turns.flatMap(({ prompt, answer, command, written }) => [
      `\n#### ${prompt}  \n`,
      `\n${written}\n\`\`\`ts\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n\`\`\`\n\n`,
      told(
        'Tokens: 15 sent, 5 cache write, 7 cache hit, 11 received. Cost: $0.0010 message, $0.0020 session.',
      ),
      told(written),
      told('Create new file? (Y)es/(N)o [Yes]: y'),
      told(`Applied edit to ${written}`),
      told(command),
      told("Run shell command? (Y)es/(N)o/(D)on't ask again [Yes]: y"),
      told(`Running ${command}`),
      told("Add command output to the chat? (Y)es/(N)o/(D)on't ask again [Yes]: y"),
      told('Added 1 line of output to the chat.'),
      `\n${answer}\n\n`,
    ]),
  ].join('');
}

export const aiderSample: Sample = {
  sessionId: ID,
  roots: { linux: '/home/me', darwin: '/Users/me', win32: 'C:\\Users\\me' },
  moved: { AIDER_CHAT_HISTORY_FILE: '' },
  session: (options) => ({ '.aider.chat.history.md': history(options) }),
  tokensOfTurn: { input: 3, cacheWrite: 5, cacheRead: 7, output: 11, reasoning: 0 },
  resume: ['aider', '--restore-chat-history'],
  gaps: ['project', 'records', 'unknown records'],
};
