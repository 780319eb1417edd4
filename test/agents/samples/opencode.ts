/** opencode's database, after its public schema (`session/session.sql.ts`) and its export of sessions. */
import { databaseOf } from '../../support/stored-rows.ts';
import { type Sample, type SampleOptions, timeOf } from './sample.ts';

const ID = 'ses_3f2a1b0c9ffeXyZ0123456789a';

const TIMES = 'time_created integer NOT NULL, time_updated integer NOT NULL';
/** The published schema, the tables that belong to a session and the one that does not. */
export const OPENCODE_SCHEMA = [
  `CREATE TABLE project (id text PRIMARY KEY, worktree text NOT NULL, ${TIMES})`,
  `CREATE TABLE session (id text PRIMARY KEY, project_id text NOT NULL, parent_id text, slug text NOT NULL,
     directory text NOT NULL, title text NOT NULL, version text NOT NULL, share_url text, summary_additions integer,
     summary_deletions integer, summary_files integer, summary_diffs text, cost real NOT NULL DEFAULT 0, revert text,
     permission text, ${TIMES}, time_compacting integer, time_archived integer)`,
  `CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL, ${TIMES}, data text NOT NULL)`,
  `CREATE TABLE part (id text PRIMARY KEY, message_id text NOT NULL, session_id text NOT NULL, ${TIMES}, data text NOT NULL)`,
  'CREATE INDEX message_session_idx ON message (session_id)',
  'CREATE INDEX part_session_idx ON part (session_id)',
  'CREATE INDEX part_message_idx ON part (message_id)',
  `CREATE TABLE todo (session_id text NOT NULL, content text NOT NULL, status text NOT NULL, priority text NOT NULL,
     position integer NOT NULL, ${TIMES}, PRIMARY KEY (session_id, position))`,
];

export type Rows = [table: string, row: Record<string, string | number | null>][];

function database({ id, cwd, turns, unknownType }: SampleOptions): Uint8Array {
  const ms = (turn: number, second = 0) => Date.parse(timeOf(turn, second));
  const times = (at: number) => ({ time_created: at, time_updated: at });
  const rows: Rows = [['project', { id: 'p1', worktree: cwd, ...times(ms(0)) }]];
  rows.push([
    'session',
    {
      id,
      project_id: 'p1',
      slug: 'quiet-river',
      directory: cwd,
      title: 'New session - 2026-05-01T10:00:00.000Z',
      version: '1.2.3',
      time_created: ms(0),
      time_updated: ms(turns.length),
    },
  ]);
  const message = (messageId: string, at: number, data: object) =>
    rows.push(['message', { id: messageId, session_id: id, ...times(at), data: JSON.stringify(data) }]);
  const part = (partId: string, messageId: string, at: number, data: object) =>
    rows.push([
      'part',
      { id: partId, message_id: messageId, session_id: id, ...times(at), data: JSON.stringify(data) },
    ]);
  const done = (input: object, output: string, metadata: object) => ({
    status: 'completed',
    input,
    output,
    metadata,
    title: '',
    time: { start: 1, end: 2 },
  });
  for (const [n, { prompt, answer, command, output, written }] of turns.entries()) {
    const [user, assistant] = [`msg_${prompt}_1`, `msg_${prompt}_2`];
    message(user, ms(n), {
      role: 'user',
      time: { created: ms(n) },
      agent: 'build',
      model: { providerID: 'x', modelID: 'y' },
    });
    part(`prt_${prompt}_1`, user, ms(n), { type: 'text', text: prompt });
    message(assistant, ms(n, 1), {
      role: 'assistant',
      time: { created: ms(n, 1), completed: ms(n, 9) },
      modelID: 'y',
      providerID: 'x',
      path: { cwd, root: cwd },
      cost: 0.1,
      finish: 'stop',
      tokens: { input: 3, output: 11, reasoning: 2, cache: { read: 7, write: 5 } },
    });
    part(`prt_${prompt}_2`, assistant, ms(n, 2), { type: 'step-start', snapshot: 'abc' });
    part(`prt_${prompt}_3`, assistant, ms(n, 3), {
      type: 'tool',
      tool: 'write',
      callID: `w${n}`,
      state: done({ filePath: written, content: 'x' }, 'ok', {}),
    });
    part(`prt_${prompt}_4`, assistant, ms(n, 4), {
      type: 'tool',
      tool: 'bash',
      callID: `b${n}`,
      state: done({ command, description: 'makes it' }, output, { exit: 0 }),
    });
    part(`prt_${prompt}_5`, assistant, ms(n, 5), { type: 'text', text: answer });
    part(`prt_${prompt}_6`, assistant, ms(n, 6), {
      type: 'step-finish',
      reason: 'stop',
      cost: 0.1,
      tokens: {},
    });
  }
  if (unknownType !== undefined) part('prt_zz', `msg_${turns[0]?.prompt}_2`, ms(9), { type: unknownType });
  return databaseOf(OPENCODE_SCHEMA, rows);
}

export const opencodeSample: Sample = {
  sessionId: ID,
  roots: {
    linux: '/home/me/.local/share/opencode',
    darwin: '/Users/me/.local/share/opencode',
    win32: 'C:\\Users\\me\\.local\\share\\opencode',
  },
  moved: { XDG_DATA_HOME: '/moved/opencode' },
  session: (options) => ({ 'opencode.db': database(options) }),
  otherTables: ['project'],
  tokensOfTurn: { input: 3, cacheWrite: 5, cacheRead: 7, output: 13, reasoning: 2 },
  resume: ['opencode', '--session', ID],
};

/** The same tables under another name. */
export const kiloSample: Sample = {
  ...opencodeSample,
  roots: {
    linux: '/home/me/.local/share/kilo',
    darwin: '/Users/me/.local/share/kilo',
    win32: 'C:\\Users\\me\\.local\\share\\kilo',
  },
  moved: { XDG_DATA_HOME: '/moved/kilo' },
  session: (options) => ({ 'kilo.db': database(options) }),
  resume: ['kilo', 'run', '-s', ID],
};
