/**
 * A digest as a page for a person.
 * Promises: every text of it is made plain, so that nothing in it acts on the terminal; no line of ours is wider than asked.
 */
import type { Digest, DigestCommand, DigestPrompt } from '../domain/digest.ts';
import { plainLine, plainText } from '../domain/text.ts';

/** The page, ending in a newline. `widthColumns`: of the terminal. */
export function digestPage(digest: Digest, widthColumns: number): string {
  const width = Math.max(40, widthColumns);
  const lines: string[] = [plainLine(digest.title ?? 'Untitled'), ''];
  const head: [string, string | null][] = [
    ['project', digest.project],
    ['branch', digest.branches.join(', ') || null],
    [
      'when',
      [shortTime(digest.started_at), shortTime(digest.ended_at)].filter((time) => time !== '').join(' to ') ||
        null,
    ],
    ['models', digest.models.join(', ') || null],
    ['tokens', tokenLine(digest)],
    ['from', digest.parent],
  ];
  for (const [name, value] of head) if (value !== null) lines.push(`${name.padEnd(9)}${plainLine(value)}`);
  if (digest.partial === true)
    lines.push('', 'Only what could be made of it before its raw bytes were lost.');
  section(lines, 'Summary', digest.summary === undefined ? [] : wrapped(digest.summary, width));
  section(
    lines,
    'Asked',
    digest.prompts.flatMap((prompt) => item(promptText(prompt), width)),
  );
  section(lines, 'Outcome', digest.outcome === null ? [] : wrapped(digest.outcome, width));
  section(
    lines,
    'Files written',
    digest.files.written.map((path) => `  ${plainLine(path)}`),
  );
  section(
    lines,
    'Files edited',
    digest.files.edited.map((path) => `  ${plainLine(path)}`),
  );
  section(
    lines,
    'Files read',
    digest.files.read.map((path) => `  ${plainLine(path)}`),
  );
  section(
    lines,
    'Commands',
    digest.commands.flatMap((command) => item(commandText(command), width)),
  );
  section(
    lines,
    'Errors',
    digest.errors.flatMap((text) => item(text, width)),
  );
  section(
    lines,
    'Commits',
    digest.commits.map(
      (commit) =>
        `  ${plainLine([commit.sha, commit.branch, commit.message].filter((part) => part !== undefined).join('  '))}`,
    ),
  );
  section(
    lines,
    'Pull requests',
    digest.pull_requests.map((url) => `  ${plainLine(url)}`),
  );
  section(
    lines,
    'Plans',
    digest.plans.flatMap((text) => item(text, width)),
  );
  section(
    lines,
    'Todos',
    digest.todos.map((todo) => `  [${plainLine(todo.status)}] ${plainLine(todo.text)}`),
  );
  section(
    lines,
    'Compactions',
    digest.compactions.flatMap((text) => item(text, width)),
  );
  section(
    lines,
    'Subagents',
    digest.subagents.flatMap((agent) =>
      item([agent.kind, agent.task, agent.result].filter((part) => part !== undefined).join('\n'), width),
    ),
  );
  const omitted = Object.entries(digest.omitted ?? {}).map(
    ([field, count]) => `${count} ${field.replaceAll('_', ' ')}`,
  );
  if (omitted.length > 0) lines.push('', `Left out to keep the size: ${plainLine(omitted.join(', '))}`);
  if (digest.redacted > 0)
    lines.push('', `${digest.redacted} secret${digest.redacted === 1 ? '' : 's'} redacted`);
  return `${lines.join('\n')}\n`;
}

function section(lines: string[], title: string, body: readonly string[]): void {
  if (body.length === 0) return;
  lines.push('', title, ...body);
}

function promptText(prompt: DigestPrompt): string {
  const marks = [
    prompt.copied === true ? '(repeated from where it was forked)' : '',
    prompt.cut === undefined ? '' : `(${prompt.cut} characters more)`,
  ];
  return [prompt.text, ...marks.filter((mark) => mark !== '')].join(' ');
}

function commandText(command: DigestCommand): string {
  const status = command.exit !== null ? `exit ${command.exit}` : command.failed === true ? 'failed' : '';
  const times = command.times === undefined ? '' : `${command.times} times`;
  const notes = [status, times].filter((note) => note !== '').join(', ');
  return notes === '' ? command.command : `${command.command}  [${notes}]`;
}

/** One entry: a bullet, its lines wrapped and indented. */
function item(text: string, width: number): string[] {
  const [first = '', ...rest] = wrapped(text, width - 2).map((line) => line.slice(2));
  return [`  - ${first}`, ...rest.map((line) => `    ${line}`)];
}

function wrapped(text: string, width: number): string[] {
  const plain = plainText(text).replaceAll('\t', '  ').trim();
  return Bun.wrapAnsi(plain, Math.max(20, width - 4), { hard: true, trim: false })
    .split('\n')
    .map((line) => `  ${line.trimEnd()}`);
}

function shortTime(time: string | null): string {
  return time === null ? '' : time.slice(0, 16).replace('T', ' ');
}

function tokenLine(digest: Digest): string | null {
  const { input, cacheRead, cacheWrite, output, reasoning } = digest.tokens;
  if (input + cacheRead + cacheWrite + output === 0) return null;
  const parts = [`${input} in`, `${cacheRead} from cache`, `${cacheWrite} to cache`, `${output} out`];
  return [...parts, ...(reasoning > 0 ? [`${reasoning} reasoning`] : [])].join(', ');
}
