/** `history [SWEEP]`: sweeps, evictions, data losses. */
import { EXIT, fail } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { isImported, kindOf } from '../../store/archived.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { openReadable } from '../../store/open.ts';
import { type EventRow, findSweep, listEvents, listSweeps, type SweepRow } from '../../store/read.ts';
import { listRuns, type RunRow } from '../../store/runs.ts';
import { storedReport } from '../../sweep/stored-report.ts';
import { type Command, type Context, printJson, textFlag } from '../context.ts';
import { formatBytes, formatCount, formatTime, table } from '../format.ts';
import { tableColumns } from '../io.ts';
import { runResult } from '../report.ts';
import { parseLimit } from '../values.ts';

const DEFAULT_LIMIT = 50;

export const history: Command = async (context) => {
  const text = textFlag(context.flags, 'limit');
  const limit = text === null ? (context.json ? -1 : DEFAULT_LIMIT) : parseLimit(text);
  const emptyToo = context.flags['all'] === true;
  using db = openReadable(context.settings.storePath);
  const [prefix] = context.args;
  const sweeps = prefix === undefined ? listSweeps(db, limit, emptyToo) : [oneSweep(db, prefix)];
  const [only] = sweeps;
  const runs = prefix === undefined ? listRuns(db, limit, emptyToo) : [];
  const events =
    prefix === undefined || only === undefined
      ? listEvents(db, { limit })
      : listEvents(db, { sweepId: only.sweep_id });
  if (context.json)
    printJson<'history'>(context.io, {
      version: 1,
      sweeps: sweeps.map(sweepJson),
      runs,
      events: events.map(eventJson),
    });
  else context.io.out(page(context, sweeps, emptyToo ? runs : [], events));
  return EXIT.done;
};

function oneSweep(db: ReadableDb, prefix: string): SweepRow {
  const found = findSweep(db, prefix);
  if (found === null) throw fail('not_found', `no sweep ${prefix}`, 'See `session-memory history`.');
  return found;
}

function sweepJson(row: SweepRow) {
  return {
    sweep_id: row.sweep_id,
    plan_id: row.plan_id,
    started_at: row.started_at,
    finished_at: row.finished_at,
    lost_data: row.lost_data,
    bytes_freed: row.bytes_freed,
    report: storedReport(row.report),
  };
}

function eventJson(row: EventRow) {
  return {
    at: row.at,
    kind: kindOf(row.kind),
    imported: isImported(row.kind),
    data_loss: kindOf(row.kind) === 'data_loss',
    session_uid: row.session_uid,
    generation: row.generation,
    sweep_id: row.sweep_id,
    raw_bytes: row.raw_bytes,
    stored_bytes: row.stored_bytes,
    reason: row.reason,
  };
}

function page(
  context: Context,
  sweeps: readonly SweepRow[],
  runs: readonly RunRow[],
  events: readonly EventRow[],
): string {
  if (sweeps.length + runs.length + events.length === 0) return 'Nothing has happened yet.\n';
  const columns = tableColumns(context.io);
  return [
    table(
      [{ title: 'SWEEP' }, { title: 'STARTED' }, { title: 'FREED', align: 'right' }, { title: 'RESULT' }],
      sweeps.map((row) => [
        row.sweep_id,
        formatTime(row.started_at),
        formatBytes(row.bytes_freed),
        resultOf(row),
      ]),
      columns,
    ),
    ...(runs.length === 0 ? [] : [runTable(runs, columns)]),
    table(
      [
        { title: 'AT' },
        { title: 'EVENT' },
        { title: 'SESSION' },
        { title: 'STORED', align: 'right' },
        { title: 'WHY', shrinks: true },
      ],
      events.map((row) => [
        formatTime(row.at),
        eventName(row.kind),
        row.session_uid,
        formatBytes(row.stored_bytes),
        plainLine(row.reason),
      ]),
      columns,
    ),
  ].join('\n');
}

/** Not all is well with a sweep that left the store over its hard cap. */
function resultOf(row: SweepRow): string {
  if (row.report === null) return 'not finished';
  if (row.lost_data) return 'DATA LOSS';
  const report = storedReport(row.report);
  if (report === null) return 'its report is damaged';
  if (report.over_hard_cap) return 'over the hard cap';
  return report.interrupted ? 'interrupted' : 'ok';
}

function runTable(runs: readonly RunRow[], columns: number): string {
  return table(
    [
      { title: 'RUN' },
      { title: 'LAST STARTED' },
      { title: 'TIMES', align: 'right' },
      { title: 'RESULT' },
      { title: 'WHAT NEEDS YOU', shrinks: true },
    ],
    runs.map((row) => [
      row.command,
      formatTime(row.started_at),
      formatCount(row.times),
      runResult(row),
      row.problems.map(plainLine).join('; '),
    ]),
    columns,
  );
}

function eventName(kind: string): string {
  const name = kindOf(kind) === 'data_loss' ? 'DATA LOSS' : kindOf(kind);
  return isImported(kind) ? `${name}, elsewhere` : name;
}
