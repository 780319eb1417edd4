/** Hermes Agent's state database, after its public schema (`hermes_state_common.py`, version 30). */
import { databaseOf } from '../../support/stored-rows.ts';
import { type Sample, type SampleOptions, timeOf } from './sample.ts';

const ID = '20260501_100000_5a3e2f';

/** All that a session may have, and the index for its search, which is none of a session's. */
export const HERMES_SCHEMA = [
  'CREATE TABLE schema_version (version INTEGER NOT NULL)',
  'CREATE TABLE system_prompts (hash TEXT PRIMARY KEY, prompt TEXT NOT NULL)',
  `CREATE TABLE sessions (id TEXT PRIMARY KEY, source TEXT NOT NULL, model TEXT, model_config TEXT, system_prompt TEXT,
     system_prompt_hash TEXT, parent_session_id TEXT, started_at REAL NOT NULL, ended_at REAL, end_reason TEXT,
     message_count INTEGER DEFAULT 0, tool_call_count INTEGER DEFAULT 0, input_tokens INTEGER DEFAULT 0,
     output_tokens INTEGER DEFAULT 0, cache_read_tokens INTEGER DEFAULT 0, cache_write_tokens INTEGER DEFAULT 0,
     reasoning_tokens INTEGER DEFAULT 0, cwd TEXT, git_branch TEXT, title TEXT, title_source TEXT, last_activity_at REAL,
     rewind_count INTEGER NOT NULL DEFAULT 0, archived INTEGER NOT NULL DEFAULT 0, tool_names TEXT)`,
  `CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL REFERENCES sessions(id),
     role TEXT NOT NULL, content TEXT, tool_call_id TEXT, tool_calls TEXT, tool_name TEXT, timestamp REAL NOT NULL,
     token_count INTEGER, finish_reason TEXT, reasoning TEXT, _compressed_summary INTEGER NOT NULL DEFAULT 0,
     active INTEGER NOT NULL DEFAULT 1, compacted INTEGER NOT NULL DEFAULT 0, display_kind TEXT)`,
  `CREATE TABLE session_model_usage (session_id TEXT NOT NULL, model TEXT NOT NULL, billing_provider TEXT NOT NULL DEFAULT '',
     billing_base_url TEXT NOT NULL DEFAULT '', billing_mode TEXT NOT NULL DEFAULT '', task TEXT NOT NULL DEFAULT '',
     input_tokens INTEGER NOT NULL DEFAULT 0, output_tokens INTEGER NOT NULL DEFAULT 0,
     cache_read_tokens INTEGER NOT NULL DEFAULT 0, cache_write_tokens INTEGER NOT NULL DEFAULT 0,
     reasoning_tokens INTEGER NOT NULL DEFAULT 0, last_seen REAL,
     PRIMARY KEY (session_id, model, billing_provider, billing_base_url, billing_mode, task))`,
  'CREATE TABLE state_meta (key TEXT PRIMARY KEY, value TEXT)',
  'CREATE INDEX idx_messages_session ON messages(session_id, timestamp)',
  'CREATE INDEX idx_messages_session_id ON messages(session_id, id)',
];

export type HermesRows = [table: string, row: Record<string, string | number | null>][];

const TOKENS = { input: 3, output: 11, cacheRead: 7, cacheWrite: 5, reasoning: 2 };

function database({ id, cwd, turns, unknownType }: SampleOptions): Uint8Array {
  const seconds = (turn: number, second = 0) => Date.parse(timeOf(turn, second)) / 1000;
  const rows: HermesRows = [
    ['schema_version', { version: 30 }],
    ['system_prompts', { hash: 'h1', prompt: 'You are Hermes.' }],
  ];
  const totals = {
    input_tokens: TOKENS.input * turns.length,
    output_tokens: TOKENS.output * turns.length,
    cache_read_tokens: TOKENS.cacheRead * turns.length,
    cache_write_tokens: TOKENS.cacheWrite * turns.length,
    reasoning_tokens: TOKENS.reasoning * turns.length,
  };
  rows.push([
    'sessions',
    {
      id,
      source: 'cli',
      model: 'hermes-4',
      model_config: '{}',
      system_prompt_hash: 'h1',
      cwd,
      started_at: seconds(0),
      message_count: turns.length * 6,
      git_branch: 'main',
      ...totals,
    },
  ]);
  rows.push(['session_model_usage', { session_id: id, model: 'hermes-4', ...totals }]);
  const message = (at: number, row: Record<string, string | number | null>) =>
    rows.push(['messages', { session_id: id, timestamp: at, ...row }]);
  const call = (callId: string, name: string, args: object) =>
    JSON.stringify([
      { id: callId, call_id: callId, type: 'function', function: { name, arguments: JSON.stringify(args) } },
    ]);
  for (const [n, { prompt, answer, command, output, written }] of turns.entries()) {
    message(seconds(n), { role: 'user', content: prompt });
    message(seconds(n, 1), {
      role: 'assistant',
      content: '',
      finish_reason: 'tool_calls',
      tool_calls: call(`w ${prompt}`, 'write_file', { path: written, content: 'x' }),
    });
    message(seconds(n, 2), {
      role: 'tool',
      tool_name: 'write_file',
      tool_call_id: `w ${prompt}`,
      content: JSON.stringify({ bytes_written: 1 }),
    });
    message(seconds(n, 3), {
      role: 'assistant',
      content: '',
      finish_reason: 'tool_calls',
      tool_calls: call(`t ${prompt}`, 'terminal', { command }),
    });
    message(seconds(n, 4), {
      role: 'tool',
      tool_name: 'terminal',
      tool_call_id: `t ${prompt}`,
      content: JSON.stringify({ output, exit_code: 0, error: null }),
    });
    message(seconds(n, 5), { role: 'assistant', content: answer, finish_reason: 'stop' });
  }
  if (unknownType !== undefined) message(seconds(9), { role: unknownType, content: 'x' });
  return databaseOf(HERMES_SCHEMA, rows);
}

export const hermesSample: Sample = {
  sessionId: ID,
  roots: {
    linux: '/home/me/.hermes',
    darwin: '/Users/me/.hermes',
    win32: 'C:\\Users\\me\\AppData\\Local\\hermes',
  },
  moved: { HERMES_HOME: 'moved' },
  session: (options) => ({ 'state.db': database(options) }),
  otherTables: ['schema_version', 'state_meta'],
  tokensOfTurn: TOKENS,
  resume: ['hermes', '--resume', ID],
};
