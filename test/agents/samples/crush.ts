/** Crush's database, after its public migrations (`internal/db/migrations`), but for their triggers. */
import { databaseOf } from '../../support/stored-rows.ts';
import { type Sample, type SampleOptions, timeOf } from './sample.ts';

const ID = '6f0c3f6e-2a52-4c6e-9d55-0d2f3a5b7c91';

export const CRUSH_SCHEMA = [
  `CREATE TABLE sessions (id TEXT PRIMARY KEY, parent_session_id TEXT, title TEXT NOT NULL,
     message_count INTEGER NOT NULL DEFAULT 0 CHECK (message_count >= 0),
     prompt_tokens INTEGER NOT NULL DEFAULT 0 CHECK (prompt_tokens >= 0),
     completion_tokens INTEGER NOT NULL DEFAULT 0 CHECK (completion_tokens >= 0),
     cost REAL NOT NULL DEFAULT 0.0 CHECK (cost >= 0.0), updated_at INTEGER NOT NULL, created_at INTEGER NOT NULL,
     summary_message_id TEXT, todos TEXT)`,
  `CREATE TABLE files (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, path TEXT NOT NULL, content TEXT NOT NULL,
     version INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
     FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE, UNIQUE(path, session_id, version))`,
  `CREATE TABLE messages (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, role TEXT NOT NULL,
     parts TEXT NOT NULL default '[]', model TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
     finished_at INTEGER, provider TEXT, is_summary_message INTEGER DEFAULT 0 NOT NULL,
     FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE)`,
  `CREATE TABLE read_files (session_id TEXT NOT NULL CHECK (session_id != ''), path TEXT NOT NULL CHECK (path != ''),
     read_at INTEGER NOT NULL, FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,
     PRIMARY KEY (path, session_id))`,
  'CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL)',
  'CREATE INDEX idx_files_session_id ON files (session_id)',
  'CREATE INDEX idx_messages_session_id ON messages (session_id)',
  'CREATE INDEX idx_read_files_session_id ON read_files (session_id)',
];

type Rows = [table: string, row: Record<string, string | number | null>][];

function database({ id, turns, unknownType }: SampleOptions): Uint8Array {
  const seconds = (turn: number, second = 0) => Date.parse(timeOf(turn, second)) / 1000;
  const times = (at: number) => ({ created_at: at, updated_at: at });
  const rows: Rows = [];
  rows.push([
    'sessions',
    {
      id,
      title: 'New Session',
      message_count: turns.length * 4,
      cost: 0.25,
      prompt_tokens: 9 * turns.length,
      completion_tokens: 4 * turns.length,
      created_at: seconds(0),
      updated_at: seconds(turns.length),
    },
  ]);
  const message = (key: string, at: number, role: string, parts: readonly object[]) =>
    rows.push([
      'messages',
      {
        id: `${key}`,
        session_id: id,
        role,
        parts: JSON.stringify(parts),
        ...times(at),
        ...(role === 'assistant' ? { model: 'y', provider: 'x', finished_at: at } : {}),
      },
    ]);
  const finish = (reason: string, at: number) => ({ type: 'finish', data: { reason, time: at } });
  const call = (callId: string, name: string, input: object) => ({
    type: 'tool_call',
    data: { id: callId, name, input: JSON.stringify(input), provider_executed: false, finished: true },
  });
  const result = (callId: string, name: string, content: string, metadata: object) => ({
    type: 'tool_result',
    data: { tool_call_id: callId, name, content, metadata: JSON.stringify(metadata), is_error: false },
  });
  for (const [n, { prompt, answer, command, output, written }] of turns.entries()) {
    message(`${prompt} 1`, seconds(n), 'user', [{ type: 'text', data: { text: prompt } }, finish('stop', 0)]);
    message(`${prompt} 2`, seconds(n, 1), 'assistant', [
      { type: 'reasoning', data: { thinking: 'hm', signature: '' } },
      call(`w ${prompt}`, 'write', { file_path: written, content: 'x' }),
      call(`b ${prompt}`, 'bash', { command, description: 'makes it' }),
      finish('tool_use', seconds(n, 2)),
    ]);
    message(`${prompt} 3`, seconds(n, 3), 'tool', [
      result(`w ${prompt}`, 'write', 'File successfully written', { diff: '', additions: 1, removals: 0 }),
      result(`b ${prompt}`, 'bash', output, { start_time: 1, end_time: 2, output }),
    ]);
    message(`${prompt} 4`, seconds(n, 5), 'assistant', [
      { type: 'text', data: { text: answer } },
      finish('end_turn', seconds(n, 6)),
    ]);
    for (const version of [0, 1])
      rows.push([
        'files',
        {
          id: `${prompt} ${version}`,
          session_id: id,
          path: written,
          content: 'x'.repeat(version),
          version,
          ...times(seconds(n, 3)),
        },
      ]);
  }
  if (unknownType !== undefined) message('zz', seconds(9), 'assistant', [{ type: unknownType, data: {} }]);
  return databaseOf(CRUSH_SCHEMA, [['goose_db_version', { version_id: 20260127000000 }], ...rows]);
}

export const crushSample: Sample = {
  sessionId: ID,
  roots: {
    linux: '/home/me/.local/share/crush',
    darwin: '/Users/me/.local/share/crush',
    win32: 'C:\\Users\\me\\AppData\\Local\\crush',
  },
  moved: { CRUSH_GLOBAL_DATA: '/moved', XDG_DATA_HOME: '/moved/crush' },
  project: {
    folder: 'code/project',
    list: (project) => ({
      'projects.json': JSON.stringify({
        projects: [
          { path: project, data_dir: `${project}/.crush`, last_accessed: '2026-05-01T10:00:00.123456Z' },
        ],
      }),
    }),
  },
  session: (options) => ({ 'crush.db': database(options) }),
  otherTables: ['goose_db_version'],
  tokensOfTurn: { input: 9, cacheWrite: 0, cacheRead: 0, output: 4, reasoning: 0 },
  resume: ['crush', '--session', ID],
};
