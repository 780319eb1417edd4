/**
 * opencode's recordings: genuine parts, which a recorder wrote down as they came by, with the role, folder, model, error and
 * time of their message beside each (`_role`, …). The database around them is built here with the published schema, one
 * session a recording: a user's part is a message, and so is what an assistant does from one `step-start` to the next.
 */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../src/domain/digest.ts';
import type { Iso } from '../../src/domain/time.ts';
import { listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { databaseOf, expectRows } from '../support/stored-rows.ts';
import { CORPUS, hasRecordings } from './genuine.ts';
import { OPENCODE_SCHEMA, type Rows } from './samples/opencode.ts';

const FOLDER = 'other/opencode';
type Json = { readonly [key: string]: unknown };
interface Part {
  readonly role: string;
  readonly cwd: string;
  readonly at: number;
  readonly model: string | null;
  readonly error: unknown;
  /** As opencode wrote it. */
  readonly data: Json;
}

function partsOf(name: string): Part[] {
  const parts = readFileSync(join(CORPUS, FOLDER, name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { _role, _cwd, _ts, _model, _error, ...data } = JSON.parse(line);
      return { role: _role, cwd: _cwd, at: _ts, model: _model ?? null, error: _error ?? null, data };
    });
  // Two recorders at once wrote into one of them.
  return parts.sort((a, b) => a.at - b.at);
}

/** The rows of a session made of a recording. */
function rowsOf(id: string, parts: readonly Part[]): Rows {
  const rows: Rows = [];
  const times = (at: number) => ({ time_created: at, time_updated: at });
  let message = '';
  let isSummary = false;
  for (const [n, { role, cwd, at, model, error, data }] of parts.entries()) {
    if (role === 'user' || data['type'] === 'step-start' || parts[n - 1]?.role !== role) {
      message = `msg_${id}_${String(n).padStart(4, '0')}`;
      const answer = {
        modelID: model ?? 'm',
        path: { cwd, root: cwd },
        ...(isSummary ? { summary: true } : {}),
      };
      const about = { role, time: { created: at }, ...(role === 'user' ? {} : answer) };
      const failed = error === null ? {} : { error };
      rows.push([
        'message',
        { id: message, session_id: id, ...times(at), data: JSON.stringify({ ...about, ...failed }) },
      ]);
    }
    isSummary = data['type'] === 'compaction' || (isSummary && role !== 'user');
    rows.push([
      'part',
      {
        id: `prt_${id}_${String(n).padStart(4, '0')}`,
        message_id: message,
        session_id: id,
        ...times(at),
        data: JSON.stringify(data),
      },
    ]);
  }
  const [first, last] = [parts[0], parts.at(-1)];
  const about = {
    project_id: 'p',
    slug: 's',
    directory: first?.cwd ?? '',
    title: 'New session - 2026-',
    version: '1',
  };
  rows.push(['session', { id, ...about, time_created: first?.at ?? 0, time_updated: last?.at ?? 0 }]);
  return rows;
}

/** What a recording says, each asked by itself. */
function said(parts: readonly Part[]) {
  const tools = parts.flatMap(({ data }) => (data['type'] === 'tool' ? [data as never as Tool] : []));
  const texts = (role: string) =>
    parts.flatMap(({ role: own, data }) =>
      own === role && data['type'] === 'text' ? [String(data['text'])] : [],
    );
  const compactedAt = parts.findIndex(({ data }) => data['type'] === 'compaction');
  const summaries = parts.slice(compactedAt).filter(({ data }) => data['type'] === 'text');
  const answers = texts('assistant').filter(
    (text) => compactedAt < 0 || !summaries.some(({ data }) => data['text'] === text),
  );
  const pathsOf = (name: string) =>
    tools.filter(({ tool }) => tool === name).map(({ state }) => state.input.filePath);
  // Where a call names a file from its folder, its result has the whole path.
  const wholePaths = tools
    .filter(({ tool }) => /write|edit/.test(tool))
    .map(({ state }) => state.metadata?.filepath ?? state.metadata?.filediff?.file ?? state.input.filePath);
  const changed = parts.flatMap(({ data }) => (data['type'] === 'patch' ? (data['files'] as string[]) : []));
  return {
    prompts: texts('user'),
    commands: tools
      .filter(({ tool }) => tool === 'bash')
      .map(({ state }) => [
        state.input.command ?? '',
        state.metadata?.exit ?? null,
        state.status === 'error',
      ]),
    written: unique(pathsOf('write')),
    edited: unique([...pathsOf('edit'), ...changed.filter((path) => !wholePaths.includes(path))]),
    tasks: tools.filter(({ tool }) => tool === 'task').map(({ state }) => state.input.prompt),
    todos: tools
      .filter(({ tool }) => tool === 'todowrite')
      .at(-1)
      ?.state.input.todos?.map(({ content, status }) => [content, status]),
    outcome: begins(answers.at(-1)),
    errors: unique([
      ...parts.flatMap(({ error }) => (error === null ? [] : [(error as Failed).data.message])),
      ...tools.flatMap(({ tool, state }) =>
        tool !== 'bash' && state.status === 'error' ? [state.error] : [],
      ),
    ]),
    compactions: compactedAt < 0 ? 0 : 1,
  };
}

/** A digest keeps the beginning of a long text. */
const begins = (text: string | null | undefined) => text?.slice(0, 300) ?? null;

interface Tool {
  readonly tool: string;
  readonly state: {
    readonly status: string;
    readonly error?: string;
    readonly input: {
      readonly command?: string;
      readonly filePath?: string;
      readonly prompt?: string;
      readonly todos?: readonly { readonly content: string; readonly status: string }[];
    };
    readonly metadata?: {
      readonly exit?: number;
      readonly filepath?: string;
      readonly filediff?: { readonly file?: string };
    };
  };
}
type Failed = { readonly data: { readonly message: string } };
const unique = (list: readonly (string | undefined)[]) => [...new Set(list)].sort();

function shown(digest: Digest) {
  return {
    prompts: digest.prompts.map(({ text }) => text),
    // The same command again stands there once, with how often.
    commands: digest.commands.flatMap(({ command, exit, failed, times = 1 }) =>
      Array.from({ length: times }, () => [command, exit ?? null, failed === true]),
    ),
    written: [...digest.files.written].sort(),
    edited: [...digest.files.edited].sort(),
    tasks: digest.subagents.map(({ task }) => task),
    todos: digest.todos.length === 0 ? undefined : digest.todos.map(({ text, status }) => [text, status]),
    outcome: begins(digest.outcome),
    errors: [...digest.errors].sort(),
    compactions: digest.compactions.length,
  };
}

describe.skipIf(!hasRecordings(FOLDER))('recordings', () => {
  test('prompts, commands with their exit codes, files and answers are what a second reader finds', async () => {
    using world = new World();
    world.now = '2027-01-01T00:00:00.000Z' as Iso;
    const recorded = readdirSync(join(CORPUS, FOLDER))
      .sort()
      .map((name, n) => ({ id: `ses_${String(n).padStart(3, '0')}`, parts: partsOf(name) }));
    const all = recorded.flatMap(({ id, parts }) => rowsOf(id, parts));
    world.put('.local/share/opencode/opencode.db', databaseOf(OPENCODE_SCHEMA, all));
    expect(await world.ingest()).toMatchObject({ sessions_new: recorded.length, warnings: [] });
    const counts: Record<string, number> = {};
    for (const { id, parts } of recorded) {
      const uid = `opencode:${id}`;
      expectRows(world.stored(uid), databaseOf(OPENCODE_SCHEMA, rowsOf(id, parts)));
      const digest: Digest = JSON.parse(world.digestJson(uid));
      expect<unknown>({ uid, ...shown(digest) }).toEqual({ uid, ...said(parts) });
      expect(digest.records.unknown).toEqual({});
      for (const [what, list] of Object.entries(said(parts)))
        counts[what] = (counts[what] ?? 0) + (Array.isArray(list) ? list.length : Number(Boolean(list)));
    }
    expect([...listSessions(world.db)].every(({ analyzeError }) => analyzeError === null)).toBe(true);
    console.log(`opencode: ${recorded.length} recordings: ${JSON.stringify(counts)}`);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
  });
});
