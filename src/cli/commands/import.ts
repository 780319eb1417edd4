/**
 * `import FILE`: the sessions of an archive into this store. From a stranger's those that are not here, marked; one that a person
 * vouches for (`--trust`) is merged. A damaged file gives all that is whole of it.
 */
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { agentById } from '../../agents/registry.ts';
import { type ImportReport, importStream } from '../../archive/import.ts';
import { exportIn } from '../../archive/sessions.ts';
import { type ExitCode, exitOf, FailureError, fail, failure } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import { cutText, plainLine } from '../../domain/text.ts';
import { awayMount } from '../../files/mounts.ts';
import type { WritableDb } from '../../store/connection.ts';
import { openReadable, openWritable } from '../../store/open.ts';
import { type Command, type Context, printJson } from '../context.ts';
import { formatBytes, formatCount, plural, quote } from '../format.ts';
import { ProgressLine } from '../io.ts';
import { supervised } from '../supervised.ts';
import { onlyArg } from '../wire.ts';

export const importCommand: Command = async (context) => {
  const name = onlyArg(context, 'FILE');
  const code = await supervised(context, name === '-' ? null : awayMount(resolve(name)), 'a FILE');
  if (code !== null) return code;
  const chunks = source(name, context);
  const { storePath, limits } = context.settings;
  const isDry = context.flags['dryRun'] === true;
  // What turns out to be no export makes no store; a dry run is tried on one that is gone afterwards.
  const archive = await exportIn(chunks);
  const isUnborn = !existsSync(storePath);
  const passing = isUnborn ? mkdtempSync(join(context.tempFolder, 'session-memory-import-')) : null;
  const line = new ProgressLine(context.io);
  let looked = 0;
  try {
    const write = isDry ? null : openWritable(storePath);
    const read = write ?? openReadable(isUnborn && passing !== null ? join(passing, 'store.db') : storePath);
    try {
      const report = await importStream(
        {
          read,
          write,
          trusted: context.flags['trust'] === true,
          origin: originOf(name),
          hardCapBytes: limits.rawHardCapBytes,
          formatOf: (agent) => agentById(agent, context.host),
          now: () => context.clock.now(),
          signal: context.signal,
          progress: (uid) => {
            looked += 1;
            line.work('import', { count: looked, total: null }, uid);
          },
          analyze: (uid) => analyzed(context, write, uid),
        },
        archive,
      );
      line.clear();
      return tell(context, report, name);
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
      throw fail('usage', 'nothing comes from a terminal', 'Give a FILE, or send one by a pipe.');
    return Bun.stdin.stream()[Symbol.asyncIterator]();
  }
  const file = resolve(name);
  const there = statSync(file, { throwIfNoEntry: false });
  if (there?.isFile() === true) return Bun.file(file).stream()[Symbol.asyncIterator]();
  // What a shell gives a name to, as in `import <(ssh other session-memory export --all -)`. Nobody need ever write to another one.
  if (there?.isFIFO() === true && isPipe(file)) return createReadStream(file)[Symbol.asyncIterator]();
  throw new FailureError(
    there === undefined
      ? failure('not_found', `no file ${file}`, 'Give a file that `session-memory export` wrote.')
      : failure(
          'usage',
          `${file} is no plain file`,
          'Give a FILE, or - for what comes by a pipe: `… | session-memory import -`.',
        ),
  );
}

const ORIGIN_CHARS_MAX = 200;

function isPipe(name: string): boolean {
  return name === '-' || /^\/(?:dev|proc)\//.test(name);
}

/** As it is typed; a name that cannot be shown would be another one. */
function shownName(name: string): string {
  return isPipe(name) || plainLine(name) !== name ? 'FILE' : quote(name);
}

/** What the sessions of a stranger's archive are marked with: the name of the file, which is the person's own. */
function originOf(name: string): string {
  if (isPipe(name)) return 'a pipe';
  return cutText(plainLine(basename(resolve(name))), ORIGIN_CHARS_MAX) || 'an archive';
}

/** By the built-in analyzer alone: no program of the person's is run on what a stranger wrote. */
async function analyzed(context: Context, db: WritableDb | null, uid: SessionUid): Promise<boolean> {
  if (db === null || context.signal.aborted) return false;
  const { analyzeSession } = await import('../../ingest/analyze.ts');
  const { clock, host, signal } = context;
  return (await analyzeSession({ db, clock, host, external: null }, uid, signal)).ok;
}

function tell(context: Context, report: ImportReport, name: string): ExitCode {
  const { io, json } = context;
  if (json) printJson<'import'>(io, report);
  else {
    const warn = (text: string) => io.err(`warning: ${plainLine(text)}\n`);
    for (const { session_uid: uid, what } of report.conflicts) warn(`${uid}: ${what}`);
    for (const { session_uid: uid, problem } of report.damaged)
      warn(`not imported: ${uid ?? 'the rest'}: ${problem}`);
    for (const { session_uid: uid, key, why } of report.left_out) warn(`left out: ${key} of ${uid}: ${why}`);
    io.out(`${sentences(report, name).map(plainLine).join('\n')}\n`);
  }
  return exitOf({
    interrupted: report.interrupted,
    failed: report.damaged.length > 0 || report.left_out.length > 0,
    overHardCap: report.over_hard_cap,
  });
}

function sentences(report: ImportReport, name: string): string[] {
  const { dry_run: dry, trusted } = report;
  const merged = trusted ? `, ${dry ? 'merge' : 'merged'} ${formatCount(report.merged.length)}` : '';
  const lines = [
    `${dry ? 'Would add' : 'Added'} ${plural(report.added.length, 'session')}${merged}; ${formatCount(report.unchanged)} unchanged. ${formatBytes(report.stored_bytes_added)} ${dry ? 'would be added' : 'added'}.`,
  ];
  if (!trusted && report.added.length > 0)
    lines.push(
      `They ${dry ? 'would be' : 'are'} marked as a stranger's${dry ? '' : `; ${formatCount(report.analyzed)} analyzed here`}.`,
    );
  if (report.conflicts.length > 0)
    lines.push(
      trusted
        ? `${plural(report.conflicts.length, 'conflict')}: nothing of either side was lost, see the warnings.`
        : `${plural(report.conflicts.length, 'conflict')}: what is here was left as it is, see the warnings. To look at the archive's: \`session-memory --store OTHER import ${shownName(name)}\`.`,
    );
  if (!trusted && report.conflicts.length + report.forgotten_ignored > 0)
    lines.push('If the archive is your own, `import --trust` merges it.');
  if (report.forgotten_ignored > 0)
    lines.push(`${plural(report.forgotten_ignored, 'forgotten id')} without effect.`);
  if (report.forgotten.length > 0)
    lines.push(`${plural(report.forgotten.length, 'forgotten id')} taken over.`);
  if (report.left_forgotten.length > 0)
    lines.push(`${plural(report.left_forgotten.length, 'session')} left out: forgotten here.`);
  if (report.empty > 0)
    lines.push(`${plural(report.empty, 'session')} left out: evicted there, without a digest.`);
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
  if (report.not_listed > 0) lines.push(`${formatCount(report.not_listed)} more of them are not listed.`);
  if (dry) lines.push('Nothing was changed.');
  return lines;
}
