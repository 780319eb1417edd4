/** `[agents.ID]` with a glob: a format of one's own, how a mistake in it is told, and where the agent then goes. */
import { describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../src/cli/config.ts';
import * as schemas from '../../src/cli/schemas.ts';
import { FailureError } from '../../src/domain/errors.ts';
import { parsed } from '../support/filled.ts';
import { Program } from '../support/program.ts';

/** The table `[agents.mine]` as it is understood, or its refusal as `sentence / way out`, the file's path as FILE. */
async function mine(table: string, head = '[agents.mine]\nroots = ["/r"]\n'): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-config-'));
  const file = join(folder, 'config.toml');
  writeFileSync(file, head + table);
  try {
    const host = { homeDir: '/home/me', env: {}, platform: 'linux' } as const;
    return (await loadSettings(host, { config: file })).agents['mine'];
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    return `${thrown.failure.message} / ${thrown.failure.hint}`.replaceAll(file, 'FILE');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a glob makes it a format of one's own; one text is a list of one; the glob's ending tells the format", async () => {
  expect(await mine('glob = "**/*.jsonl"')).toEqual({
    enabled: true,
    roots: ['/r'],
    own: { glob: '**/*.jsonl', format: 'jsonl' },
  });
  expect(
    await mine('name = "Mine"\nglob = "*.{md,markdown}"\nuser = "> "\nassistant = []\nresume = "mine {id}"'),
  ).toMatchObject({
    own: {
      name: 'Mine',
      glob: '*.{md,markdown}',
      format: 'markdown',
      user: ['> '],
      assistant: [],
      resume: 'mine {id}',
    },
  });
  for (const [glob, format] of [
    ['**/*.ndjson', 'jsonl'],
    ['a.md/*.jsonl.zst', 'jsonl'],
    ['*.MD', 'markdown'],
  ])
    expect(await mine(`glob = "${glob}"`)).toMatchObject({ own: { format } });
  expect(await mine('glob = "*.log"\nformat = "markdown"')).toMatchObject({ own: { format: 'markdown' } });
});

describe('a mistake names the file, the key and the way out', () => {
  const GLOB = 'glob = "*.jsonl"\n';
  test.each([
    [
      'role = "who"',
      'agents.mine in FILE, line 1 has no glob / Add glob = "**/*.jsonl": which files below its roots are transcripts.',
    ],
    [
      'glob = "*.log"',
      'agents.mine in FILE, line 3 has no format, and its glob\'s ending tells none: *.log / Add format = "jsonl" (a JSON record a line) or format = "markdown".',
    ],
    [
      'glob = "*.{md,jsonl}"',
      'agents.mine in FILE, line 3 has no format, and its glob\'s ending tells none: *.{md,jsonl} / Add format = "jsonl" (a JSON record a line) or format = "markdown".',
    ],
    [
      'glob = "*.json"',
      'agents.mine in FILE, line 3 has no format, and its glob\'s ending tells none: *.json / Add format = "json" where each file is one document, or format = "jsonl" where each line is a record.',
    ],
    [
      'glob = "/r/*.jsonl"',
      'agents.mine.glob in FILE, line 3 is a path: /r/*.jsonl / It is matched below each root: put the folder into roots, and write "**/*.jsonl".',
    ],
    [
      'glob = "~/r/*.jsonl"',
      'agents.mine.glob in FILE, line 3 is a path: ~/r/*.jsonl / It is matched below each root: put the folder into roots, and write "**/*.jsonl".',
    ],
    [
      'glob = "a/../*.jsonl"',
      'agents.mine.glob in FILE, line 3 has a part that no file below a root has: a/../*.jsonl / Leave out ./ and ../ and double slashes.',
    ],
    [
      'glob = "!*.jsonl"',
      'agents.mine.glob in FILE, line 3 would match all but what it names: !*.jsonl / Write what it matches, such as "**/*.jsonl".',
    ],
    [
      'glob = "logs/"',
      'agents.mine.glob in FILE, line 3 names a folder: logs/ / Name files: "logs/**/*.jsonl".',
    ],
    [
      'glob = "{a,b.jsonl"',
      'agents.mine.glob in FILE, line 3 has a bracket or brace without its other one: {a,b.jsonl / Close it, or write \\ before a sign that stands for itself.',
    ],
    [
      'glob = ["*.jsonl"]',
      'agents.mine.glob in FILE, line 3 is of a wrong kind / It takes one pattern in quotes, such as "**/*.jsonl".',
    ],
    [
      `${GLOB}format = "yaml"`,
      'agents.mine.format in FILE, line 4 is of a wrong kind / It takes "jsonl" (a JSON record a line), "json" (one document a file) or "markdown".',
    ],
    [
      `${GLOB}list = "messages"`,
      'agents.mine.list in FILE, line 4 means nothing where each line is a record / Leave it out, or write format = "json" where each file is one document.',
    ],
    [
      'glob = "*.sqlite"',
      'agents.mine in FILE, line 3 names a database: *.sqlite / Only files of records or of text can be described: export its sessions, and name those files.',
    ],
    [
      `${GLOB}text = 5`,
      'agents.mine.text in FILE, line 4 is of a wrong kind / It takes a place in a record such as "message.role", or a list of them.',
    ],
    [
      `${GLOB}roles = "who"`,
      'unknown key agents.mine.roles in FILE, line 4 / Did you mean role? The keys of an agent are enabled, roots, name, glob, format, id, time, role, text, project, title, list, user, assistant and resume.',
    ],
    [
      `${GLOB}text = "messages[0].content"`,
      'agents.mine.text in FILE, line 4 is no place in a record: messages[0].content / Write the names with dots between: "message.role"; the first of a list is "parts.0".',
    ],
    [
      `${GLOB}user = []`,
      'agents.mine.user in FILE, line 4 is empty / Give at least one text, or leave user out for its default.',
    ],
    [
      `${GLOB}user = ["model"]`,
      'agents.mine.user and agents.mine.assistant in FILE, line 4 both have model / One marks what a person said, the other what the agent answered.',
    ],
    [
      `${GLOB}resume = "mine --go {session}"`,
      "agents.mine.resume in FILE, line 4 has {session}, which nothing is put in for / Only {id} is known: the session's id, as one word. Words are parted by blanks.",
    ],
    [
      'glob = "*.md"\nrole = "who"',
      'agents.mine.role in FILE, line 4 means nothing in Markdown / Leave it out: there user and assistant say what the line begins with that begins a turn.',
    ],
  ])('%s', async (table, refusal) => {
    expect(await mine(table)).toBe(refusal);
  });

  test.each([
    [
      '[agents.mine]\nglob = "*.jsonl"',
      'agents.mine in FILE, line 1 has no roots / Add roots = ["~/.my-agent"]: the folders that its glob is looked for in.',
    ],
    [
      '[agents.mine]\nglob = "*.jsonl"\nroots = ["logs"]',
      'agents.mine.roots in FILE holds logs, which is not absolute / Write the whole path, or begin it with ~/.',
    ],
    [
      '[agents.Mine]\nglob = "*.jsonl"\nroots = ["/r"]',
      'Mine in FILE, line 1 is no id of an agent / Write up to 40 small letters and digits with single dashes between: [agents.my-agent].',
    ],
    [
      '[agents.codex]\nglob = "*.jsonl"',
      'agents.codex.glob in FILE, line 2: how codex writes is known and cannot be told anew / A format of your own needs a name of its own: [agents.my-codex]',
    ],
  ])('%s', async (file, refusal) => {
    expect(await mine('', file)).toBe(refusal);
  });

  test("a table that is no known agent's says what one of one's own needs", async () => {
    expect(await mine('', '[agents.something-else]\nenabled = true')).toContain(
      'For an agent of your own add glob = "**/*.jsonl" (which files are transcripts) and roots = ',
    );
  });
});

const RECORDS = [
  { who: 'me', at: '2026-05-01T10:00:00Z', words: 'mend the frobnicator', cwd: '/home/me/project' },
  { who: 'it', at: '2026-05-01T10:01:00Z', words: 'mended' },
];
const TABLE = `[agents.mine]
name = "My own"
roots = ["~/mine"]
glob = "**/*.jsonl"
role = "who"
user = "me"
assistant = "it"
time = "at"
text = "words"
`;

/** A home with one session of an agent that its configuration describes, stored. */
async function stored(): Promise<Program & { content: string; path: string; configure(text: string): void }> {
  const program = new Program();
  const content = RECORDS.map((record) => `${JSON.stringify(record)}\n`).join('');
  const path = program.put('mine/2026/one.jsonl', content);
  const configure = (text: string) => void program.put('.config/session-memory/config.toml', text);
  configure(TABLE);
  expect((await program.run('ingest')).out).toContain('Analyzed 1.');
  return Object.assign(program, { content, path, configure });
}

test('it goes everywhere a known agent goes', async () => {
  using program = await stored();
  const uid = 'mine:2026--one';
  const scan = parsed(schemas.agentsSchema, await program.run('agents', '--json'));
  expect(scan.agents).toMatchObject([{ agent: 'mine', name: 'My own', proof: 'configuration', sessions: 1 }]);
  expect((await program.run('agents')).out).toContain('your configuration');
  const list = parsed(schemas.listSchema, await program.run('list', '--agent', 'mine', '--json'));
  expect(list.sessions).toMatchObject([
    { session_uid: uid, title: 'mend the frobnicator', project: '/home/me/project', state: 'analyzed' },
  ]);
  expect((await program.run('search', 'frobnicator', '--agent', 'mine')).out).toContain(uid);
  expect((await program.run('ingest', '--agent', 'mine')).out).toContain('no file was read');
  expect((await program.run('complete', '--', 'list', '--agent', 'mi')).out).toContain('mine\tMy own');
  expect((await program.run('ingest', '--agent', 'min')).err).toContain('mine');
  const config = parsed(schemas.configSchema, await program.run('config', '--json'));
  expect(config.agents['mine']).toMatchObject({ own: { glob: '**/*.jsonl', user: ['me'] } });
  const shown = (await program.run('config')).out.split('\n').map((line) => line.split(/\s{2,}/));
  expect(shown.find(([key]) => key === 'agents.mine.role')?.[1]).toBe('who');
  expect(shown.find(([key]) => key === 'agents.mine.id')?.slice(1)).toEqual(['-', 'default']);
  rmSync(program.path);
  const restored = parsed(schemas.restoreSchema, await program.run('restore', uid, '--json'));
  expect([restored.files, restored.resume]).toEqual([[program.path], null]);
  expect(readFileSync(program.path, 'utf8')).toBe(program.content);
  const noWay = await program.run('restore', uid, '--resume');
  expect([noWay.code, noWay.err]).toEqual([1, expect.stringContaining('agents.mine.resume')]);
  expect((await program.run('ingest')).out).toContain('no file was read');
});

test('without its table every byte comes out still, there and on another machine', async () => {
  using program = await stored();
  const uid = 'mine:2026--one';
  program.configure('');
  expect((await program.run('show', uid)).out).toContain('mend the frobnicator');
  expect((await program.run('show', uid, '--raw')).out).toBe(program.content);
  expect((await program.run('verify')).code).toBe(0);
  expect((await program.run('ingest', '--agent', 'mine')).code).toBe(2);
  const nowhere = await program.run('restore', uid);
  expect([nowhere.code, nowhere.err]).toEqual([
    1,
    expect.stringContaining('Give --to DIR. Where [agents.mine]'),
  ]);
  const file = join(program.folder, 'all.smx');
  await program.run('export', '--all', file);
  program.store = join(program.folder, 'other', 's.db');
  expect((await program.run('import', '--trust', file)).code).toBe(0);
  const to = join(program.folder, 'to');
  expect((await program.run('restore', uid, '--to', to)).code).toBe(0);
  expect(readFileSync(join(to, '2026/one.jsonl'), 'utf8')).toBe(program.content);
  program.configure(TABLE);
  rmSync(program.path);
  expect((await program.run('restore', uid)).code).toBe(0);
  expect(readFileSync(program.path, 'utf8')).toBe(program.content);
});
