/** Goose's database, after the schema 17 of its public source (`session/session_manager.rs`). */
import { databaseOf } from '../../support/stored-rows.ts';
import { type Sample, type SampleOptions, timeOf } from './sample.ts';

const ID = '20260501_3';

export const GOOSE_SCHEMA = [
  'CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)',
  `CREATE TABLE sessions (id TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT '',
     user_set_name BOOLEAN DEFAULT FALSE, session_type TEXT NOT NULL DEFAULT 'user', working_dir TEXT NOT NULL,
     created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
     extension_data TEXT DEFAULT '{}', total_tokens INTEGER, input_tokens INTEGER, output_tokens INTEGER,
     cache_read_tokens INTEGER, cache_write_tokens INTEGER, accumulated_total_tokens INTEGER,
     accumulated_input_tokens INTEGER, accumulated_output_tokens INTEGER, accumulated_cache_read_tokens INTEGER,
     accumulated_cache_write_tokens INTEGER, accumulated_cost REAL, schedule_id TEXT, recipe_json TEXT,
     user_recipe_values_json TEXT, provider_name TEXT, model_config_json TEXT, goose_mode TEXT NOT NULL DEFAULT 'auto',
     archived_at TIMESTAMP, project_id TEXT, parent_session_id TEXT, parent_delegation TEXT)`,
  `CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT,
     session_id TEXT NOT NULL REFERENCES sessions(id), role TEXT NOT NULL, content_json TEXT NOT NULL,
     created_timestamp INTEGER NOT NULL, timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, tokens INTEGER, metadata_json TEXT)`,
  `CREATE TABLE usage_ledger (id INTEGER PRIMARY KEY AUTOINCREMENT,
     session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE, created_timestamp INTEGER NOT NULL, model TEXT,
     input_tokens INTEGER, output_tokens INTEGER, total_tokens INTEGER, cache_read_tokens INTEGER,
     cache_write_tokens INTEGER, cost REAL, cost_source TEXT, is_compaction INTEGER DEFAULT 0)`,
  'CREATE INDEX idx_messages_session ON messages(session_id)',
  'CREATE INDEX idx_messages_session_created ON messages(session_id, created_timestamp, id)',
  'CREATE INDEX idx_sessions_updated ON sessions(updated_at DESC)',
  'CREATE INDEX idx_usage_ledger_session ON usage_ledger(session_id)',
];

type Rows = [table: string, row: Record<string, string | number | null>][];

/** As SQLite writes a time down. */
export const stampOf = (turn: number, second = 0) => timeOf(turn, second).replace('T', ' ').slice(0, 19);

function database({ id, cwd, turns, unknownType }: SampleOptions): Uint8Array {
  const seconds = (turn: number, second = 0) => Date.parse(timeOf(turn, second)) / 1000;
  const rows: Rows = [];
  rows.push([
    'sessions',
    {
      id,
      name: 'CLI Session',
      working_dir: cwd,
      created_at: stampOf(0),
      updated_at: stampOf(turns.length),
      provider_name: 'x',
      model_config_json: '{"model_name":"y"}',
      accumulated_input_tokens: 15 * turns.length,
      accumulated_output_tokens: 11 * turns.length,
    },
  ]);
  const message = (n: number, second: number, role: string, content: readonly object[]) =>
    rows.push([
      'messages',
      {
        id: n * 20 + second + 1,
        message_id: `msg_${n}_${second}`,
        session_id: id,
        role,
        content_json: JSON.stringify(content),
        created_timestamp: seconds(n, second),
        timestamp: stampOf(n, second),
        metadata_json: '{"userVisible":true,"agentVisible":true}',
      },
    ]);
  const request = (callId: string, name: string, args: object) => ({
    type: 'toolRequest',
    id: callId,
    toolCall: { status: 'success', value: { name, arguments: args } },
  });
  const response = (callId: string, text: string, structuredContent: object) => ({
    type: 'toolResponse',
    id: callId,
    toolResult: {
      status: 'success',
      value: { content: [{ type: 'text', text }], structuredContent, isError: false },
    },
  });
  for (const [n, { prompt, answer, command, output, written }] of turns.entries()) {
    message(n, 0, 'user', [{ type: 'text', text: prompt }]);
    message(n, 1, 'assistant', [
      { type: 'thinking', thinking: 'hm', signature: '' },
      request(`w${n}`, 'developer__write', { path: written, content: 'x' }),
    ]);
    message(n, 2, 'user', [response(`w${n}`, 'ok', {})]);
    message(n, 3, 'assistant', [request(`b${n}`, 'developer__shell', { command })]);
    message(n, 4, 'user', [response(`b${n}`, output, { stdout: output, stderr: '', exit_code: 0 })]);
    message(n, 5, 'assistant', [{ type: 'text', text: answer }]);
    rows.push([
      'usage_ledger',
      {
        id: n + 1,
        session_id: id,
        created_timestamp: seconds(n, 5),
        model: 'y',
        input_tokens: 15,
        output_tokens: 11,
        total_tokens: 26,
        cache_read_tokens: 7,
        cache_write_tokens: 5,
        cost: 0.1,
      },
    ]);
  }
  if (unknownType !== undefined) message(9, 0, 'assistant', [{ type: unknownType }]);
  return databaseOf(GOOSE_SCHEMA, [['schema_version', { version: 17 }], ...rows]);
}

export const gooseSample: Sample = {
  sessionId: ID,
  roots: {
    linux: '/home/me/.local/share/goose',
    darwin: '/Users/me/.local/share/goose',
    win32: 'C:\\Users\\me\\AppData\\Roaming\\Block\\goose\\data',
  },
  moved: { GOOSE_PATH_ROOT: '/moved/data', XDG_DATA_HOME: '/moved/goose' },
  session: (options) => ({ 'sessions/sessions.db': database(options) }),
  otherTables: ['schema_version'],
  tokensOfTurn: { input: 3, cacheWrite: 5, cacheRead: 7, output: 11, reasoning: 0 },
  resume: ['goose', 'session', '--resume', '--session-id', ID],
};
