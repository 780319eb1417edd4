/** OpenClaw's database of 2026.9, as its recordings have it, with the columns that matter. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { databaseOf } from '../support/stored-rows.ts';

const SCHEMA = [
  `CREATE TABLE session_nodes (session_key TEXT NOT NULL PRIMARY KEY, current_session_id TEXT NOT NULL, updated_at INTEGER NOT NULL,
     parent_session_key TEXT, spawned_by TEXT, fork_source_session_id TEXT, label TEXT, display_name TEXT) STRICT`,
  `CREATE TABLE session_windows (session_id TEXT NOT NULL PRIMARY KEY, session_key TEXT NOT NULL, created_at INTEGER NOT NULL,
     updated_at INTEGER NOT NULL, transcript_updated_at INTEGER, model_provider TEXT, model TEXT) STRICT`,
  `CREATE TABLE transcript_rewrite_watermarks (session_id TEXT NOT NULL PRIMARY KEY, generation TEXT NOT NULL,
     updated_at INTEGER NOT NULL) STRICT`,
  `CREATE TABLE transcript_events (session_id TEXT NOT NULL, seq INTEGER NOT NULL, event_json TEXT, created_at INTEGER NOT NULL,
     event_zstd BLOB, event_utf8_bytes INTEGER, navigation_json TEXT, PRIMARY KEY (session_id, seq)) STRICT`,
];

export type Rows = (readonly [
  table: string,
  row: Readonly<Record<string, string | number | null | Uint8Array>>,
])[];

export const DATABASE = '.openclaw/agents/main/agent/openclaw-agent.sqlite';

export const openClawDatabase = (rows: Rows): Uint8Array => databaseOf(SCHEMA, rows);

/** The rows of a recorded home. */
export function recordedRows(name: string): Rows {
  const text = readFileSync(
    join(import.meta.dir, '../fixtures/recorded/openclaw', `${name}.rows.jsonl`),
    'utf8',
  );
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { table, row } = JSON.parse(line);
      return [table, row] as const;
    });
}

/** The rows of a session with these lines; `packed`: all of them compressed. `more`: of its conversation. */
export function rowsOfLines(
  id: string,
  lines: readonly string[],
  { packed = false, ...more }: { packed?: boolean; label?: string; fork_source_session_id?: string } = {},
): Rows {
  const at = Date.parse('2026-05-01T10:00:00.000Z');
  return [
    [
      'session_nodes',
      { session_key: `agent:main:${id}`, current_session_id: id, updated_at: at + lines.length, ...more },
    ],
    [
      'session_windows',
      { session_id: id, session_key: `agent:main:${id}`, created_at: at, updated_at: at + lines.length },
    ],
    ...lines.map((line, seq) => {
      const row = { session_id: id, seq, created_at: at + seq, event_utf8_bytes: Buffer.byteLength(line) };
      const held = packed
        ? { event_zstd: zstdCompressSync(line), navigation_json: '{}' }
        : { event_json: line };
      return ['transcript_events', { ...row, ...held }] as const;
    }),
  ];
}
