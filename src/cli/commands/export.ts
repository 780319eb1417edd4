/**
 * `export [UID…|--all] FILE`: sessions with all that is known of them into one file, or to stdout as `-`.
 * Promises: the file is private, whole or not there, and takes no other one's place without `--force`.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { agentById } from '../../agents/registry.ts';
import { type ExportOptions, type ExportReport, exportStream } from '../../archive/export.ts';
import { type ExitCode, exitOf, FailureError, fail, messageOf } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import { killPoint } from '../../domain/kill-point.ts';
import { plainLine } from '../../domain/text.ts';
import { awayMount } from '../../files/mounts.ts';
import { removeLeftovers } from '../../restore/write-files.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { exportable } from '../../store/export.ts';
import { forgottenUids, listForgotten } from '../../store/forget.ts';
import { openReadable } from '../../store/open.ts';
import { type Command, type Context, printJson } from '../context.ts';
import { formatBytes, plural } from '../format.ts';
import { ProgressLine } from '../io.ts';
import { namedSessions } from '../named-sessions.ts';
import { supervised } from '../supervised.ts';

export const exportCommand: Command = async (context) => {
  const last = context.args.at(-1) ?? '-';
  const code = await supervised(context, last === '-' ? null : awayMount(resolve(last)), 'a FILE');
  if (code !== null) return code;
  const target = targetOf(context);
  const db = openReadable(context.settings.storePath);
  const line = new ProgressLine(context.io);
  const report = newExportReport();
  try {
    const stream = exportStream(db, optionsOf(context, db, target.names, line), report);
    if (target.file === null) for await (const chunk of stream) await context.io.outBytes(chunk);
    else await writeFile(target.file, stream, context.flags['force'] === true, report);
    line.clear();
    return tell(context, target.file, report);
  } finally {
    line.clear();
    db.close();
  }
};

/** Of an export that has not begun. */
export function newExportReport(): ExportReport {
  return { sessions: 0, live: 0, forgotten: 0, raw_bytes: 0, failed: [], left_out: [], interrupted: false };
}

interface Target {
  readonly names: readonly string[];
  /** Absolute; null: stdout. */
  readonly file: string | null;
}

function targetOf({ args, flags, io, json }: Context): Target {
  const wrong = (message: string, hint: string) => fail('usage', message, hint);
  const last = args.at(-1);
  const names = args.slice(0, -1);
  if (last === undefined) throw wrong('FILE is missing', 'Write `session-memory export --all FILE`.');
  if ((flags['all'] === true) === names.length > 0)
    throw wrong(
      names.length > 0 ? '--all and ids at once' : `only one word: ${last}`,
      'Write `session-memory export --all FILE`, or ids and then FILE.',
    );
  if (last === '-') {
    if (io.stdoutIsTty) throw wrong('an export is nothing for a terminal', 'Send it to a file or a pipe.');
    if (json) throw wrong('--json and - would both write to stdout', 'Give a FILE, or leave --json out.');
    return { names, file: null };
  }
  const file = resolve(last);
  const there = lstatSync(file, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) throw wrong(`${file} is a folder`, 'Give the name of a file in it.');
  // A file would take its place: of a pipe that somebody reads, or of /dev/stdout itself.
  if (there !== undefined && !there.isFile())
    throw wrong(
      `${file} is ${there.isSymbolicLink() ? 'a link' : 'no plain file'}, and an export takes no other one's place`,
      'Write - in the place of FILE and redirect, as in `session-memory export --all - > FILE`.',
    );
  if (there !== undefined && flags['force'] !== true)
    throw fail('exists', `${file} is there`, 'Add --force to replace it, or give another FILE.');
  return { names, file };
}

function optionsOf(
  context: Context,
  db: ReadableDb,
  names: readonly string[],
  line: ProgressLine,
): ExportOptions {
  const { clock, signal } = context;
  const all = context.flags['all'] === true;
  const forgotten = forgottenUids(db);
  const named: readonly SessionUid[] = all ? [] : namedSessions(db, names).map(({ uid }) => uid);
  return {
    uids: all ? exportable(db) : named.filter((uid) => !forgotten.has(uid)),
    forgotten: listForgotten(db).filter(({ uid }) => all || named.includes(uid)),
    now: clock.now(),
    formatOf: (agent) => agentById(agent, context.host),
    signal,
    progress: (done, total) => line.work('export', { count: done + 1, total }),
  };
}

/** To a temporary file beside the place, then there: never half an export under its name. */
export async function writeFile(
  file: string,
  stream: AsyncIterable<Uint8Array>,
  force: boolean,
  report: Pick<ExportReport, 'interrupted'>,
): Promise<void> {
  const begins = `.${basename(file).slice(0, 100)}.session-memory-`;
  const temporary = join(dirname(file), `${begins}${crypto.randomUUID().slice(0, 8)}`);
  try {
    // What an export that was killed has left.
    removeLeftovers(dirname(file), begins);
    const handle = openSync(temporary, 'wx', 0o600);
    try {
      for await (const chunk of stream)
        for (let done = 0; done < chunk.length; ) done += writeSync(handle, chunk, done);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    killPoint('export.written');
    if (!report.interrupted) moveTo(temporary, file, force);
  } catch (thrown) {
    if (thrown instanceof FailureError) throw thrown;
    throw fail(
      'io',
      `cannot write ${file}: ${messageOf(thrown)}`,
      'Give a FILE in a place that you can write to, with room.',
    );
  } finally {
    rmSync(temporary, { force: true });
  }
}

function moveTo(temporary: string, file: string, force: boolean): void {
  if (force) renameSync(temporary, file);
  else {
    // A link fails where a file has come to the place meanwhile; some file systems have none.
    try {
      linkSync(temporary, file);
    } catch (thrown) {
      if (existsSync(file)) throw thrown;
      renameSync(temporary, file);
    }
  }
  killPoint('export.moved');
  syncFolder(dirname(file));
}

function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    fsyncSync(handle);
    closeSync(handle);
  } catch {
    // Windows opens no folder; the file itself is on the disk.
  }
}

function tell(context: Context, file: string | null, report: ExportReport): ExitCode {
  const { io, json } = context;
  const { failed, ...rest } = report;
  if (json) printJson<'export'>(io, { version: 1, file, ...rest, failed });
  else {
    for (const { session_uid: uid, problem } of failed)
      io.err(`not exported: ${plainLine(`${uid}: ${problem}`)}\n`);
    for (const { session_uid: uid, key, why } of report.left_out)
      io.err(`left out: ${plainLine(`${key} of ${uid}: ${why}`)}\n`);
    const parts = [
      `${plural(report.sessions, 'session')}, ${report.live} of them with raw bytes (${formatBytes(report.raw_bytes)})`,
      ...(report.forgotten > 0 ? [plural(report.forgotten, 'forgotten id')] : []),
    ];
    const said = report.interrupted
      ? `Interrupted${file === null ? '' : `; ${plainLine(file)} was not written`}.\n`
      : `Exported ${parts.join(', ')}${file === null ? '' : ` to ${plainLine(file)}`}.\n`;
    if (file === null) io.err(said);
    else io.out(said);
  }
  return exitOf({
    interrupted: report.interrupted,
    failed: failed.length > 0 || report.left_out.length > 0,
  });
}
