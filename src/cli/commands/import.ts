/** `import FILE`: the sessions of another store into this one, merged; a damaged file gives all that is whole of it. */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, EXIT_PRECEDENCE, type ExitCode, FailureError, failure } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { agentById } from '../../ingest/agents/index.ts';
import { type ImportReport, importStream } from '../../ingest/import.ts';
import { openReadable, openWritable } from '../../store/open.ts';
import { type Command, type Context, printJson } from '../context.ts';
import { formatBytes, formatCount, plural } from '../format.ts';
import { ProgressLine } from '../io.ts';
import { onlyArg } from '../wire.ts';

export const importCommand: Command = async (context) => {
  const chunks = source(onlyArg(context, 'FILE'), context);
  const { storePath, limits } = context.settings;
  const isDry = context.flags['dryRun'] === true;
  // An import that turns out to be of no export makes no store: it is tried on one that is gone afterwards.
  const first = await chunks.next();
  const isUnborn = !existsSync(storePath);
  const passing = isUnborn ? mkdtempSync(join(context.tempFolder, 'session-memory-import-')) : null;
  const line = new ProgressLine(context.io);
  try {
    if (!looksLikeExport(first.value)) throw noExport();
    const write = isDry ? null : openWritable(storePath);
    const read = write ?? openReadable(isUnborn && passing !== null ? join(passing, 'store.db') : storePath);
    try {
      const report = await importStream(
        {
          read,
          write,
          hardCapBytes: limits.rawHardCapBytes,
          formatOf: (agent) => agentById(agent, context.host),
          now: () => context.clock.now(),
          signal: context.signal,
          progress: (uid) => line.show(`import ${uid}`),
        },
        joined(first.value, chunks),
      );
      line.clear();
      return tell(context, report);
    } finally {
      read.close();
    }
  } finally {
    line.clear();
    if (passing !== null) rmSync(passing, { recursive: true, force: true });
  }
};

function source(name: string, { io }: Context): AsyncIterator<Uint8Array> {
  if (name === '-') {
    if (io.stdinIsTty)
      throw new FailureError(
        failure('usage', 'nothing comes from a terminal', 'Give a FILE, or send one by a pipe.'),
      );
    return Bun.stdin.stream()[Symbol.asyncIterator]();
  }
  const file = resolve(name);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new FailureError(
      failure('not_found', `no file ${file}`, 'Give a file that `session-memory export` wrote.'),
    );
  return Bun.file(file).stream()[Symbol.asyncIterator]();
}

async function* joined(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (;;) {
    const step = await rest.next();
    if (step.done === true) return;
    yield step.value;
  }
}

/** Every export begins with the mark of its first record. */
function looksLikeExport(first: Uint8Array | undefined): first is Uint8Array {
  return (
    first !== undefined &&
    Buffer.from(first.subarray(8, 12))
      .toString('latin1')
      .startsWith('SMx1'.slice(0, Math.max(0, first.length - 8)))
  );
}

function noExport(): FailureError {
  return new FailureError(
    failure(
      'usage',
      'this is no export of session-memory',
      'Give a file that `session-memory export` wrote; nothing was changed.',
    ),
  );
}

function tell(context: Context, report: ImportReport): ExitCode {
  const { io, json } = context;
  if (json) printJson(io, report);
  else {
    const warn = (text: string) => io.err(`warning: ${plainLine(text)}\n`);
    for (const { session_uid: uid, what } of report.conflicts) warn(`${uid}: ${what}`);
    for (const { session_uid: uid, problem } of report.damaged)
      warn(`not imported: ${uid ?? 'the rest'}: ${problem}`);
    for (const { session_uid: uid, key, why } of report.left_out) warn(`left out: ${key} of ${uid}: ${why}`);
    io.out(`${sentences(report).join('\n')}\n`);
  }
  const holds = new Set<ExitCode>();
  if (report.interrupted) holds.add(EXIT.interrupted);
  if (report.damaged.length > 0 || report.left_out.length > 0) holds.add(EXIT.failed);
  if (report.over_hard_cap) holds.add(EXIT.overHardCap);
  return EXIT_PRECEDENCE.find((code) => holds.has(code)) ?? EXIT.done;
}

function sentences(report: ImportReport): string[] {
  const dry = report.dry_run;
  const lines = [
    `${dry ? 'Would add' : 'Added'} ${plural(report.added.length, 'session')}, ${dry ? 'merge' : 'merged'} ${formatCount(report.merged.length)}; ${formatCount(report.unchanged)} unchanged. ${formatBytes(report.stored_bytes_added)} ${dry ? 'would be added' : 'added'}.`,
  ];
  if (report.conflicts.length > 0)
    lines.push(`${plural(report.conflicts.length, 'conflict')}: both sides were kept, see the warnings.`);
  if (report.forgotten.length > 0)
    lines.push(`${plural(report.forgotten.length, 'forgotten id')} taken over.`);
  if (report.left_forgotten.length > 0)
    lines.push(`${plural(report.left_forgotten.length, 'session')} left out: forgotten here.`);
  if (report.damaged.length > 0)
    lines.push(`${plural(report.damaged.length, 'piece')} of the file could not be imported.`);
  if (report.left_out.length > 0)
    lines.push(
      `${plural(report.left_out.length, 'file')} left out: not at a place that its agent keeps sessions at.`,
    );
  if (report.waiting.length > 0)
    lines.push(
      `Stopped at the hard cap: ${plural(report.waiting.length, 'session')} wait. Run \`session-memory sweep\` or raise the cap, then import again.`,
    );
  if (report.interrupted) lines.push('Interrupted; what is done is kept, the next import goes on.');
  if (dry) lines.push('Nothing was changed.');
  return lines;
}
