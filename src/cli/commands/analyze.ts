/**
 * `analyze [UID…]`: the digests that are missing; with `--all` older ones anew, and secrets that an older version let through are taken
 * out of what is kept. A failed analysis is a warning; the command itself did its work. What lies in the bucket only is fetched for it.
 */
import { EXIT, FailureError, invalid } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import { plainLine } from '../../domain/text.ts';
import { analyzeSession, sessionsToRenew, sessionsWaiting } from '../../ingest/analyze.ts';
import { AskedAnalyzer } from '../../ingest/asked-analyzer.ts';
import { resolveSession } from '../../store/read.ts';
import { isBucketOnly } from '../../store/remote/receipts.ts';
import { analyzeAway, awayToAnalyze } from '../analyze-away.ts';
import { cleanKept, NOTHING_CLEANED } from '../clean-kept.ts';
import { type Command, printJson } from '../context.ts';
import { formatCount, plural } from '../format.ts';
import { ProgressLine } from '../io.ts';
import { analyzeDeps, openAfterLook } from '../wire.ts';

export const analyze: Command = async (context) => {
  const { io, signal } = context;
  if (context.flags['all'] === true && context.args.length > 0)
    throw new FailureError(invalid('--all and UIDs at once', 'Name sessions, or give --all.'));
  const db = openAfterLook(context.settings.storePath, (there) => {
    for (const text of context.args) resolveSession(there, text);
  });
  const line = new ProgressLine(io);
  const asked = new AskedAnalyzer();
  const deps = analyzeDeps(context, db, asked);
  try {
    const uids =
      context.args.length > 0
        ? context.args.map((text) => resolveSession(db, text).uid)
        : context.flags['all'] === true
          ? sessionsToRenew(db, context.clock.now(), context.host, deps.external)
          : [...sessionsWaiting(db, context.clock.now()), ...awayToAnalyze(context, db)];
    const analyzed: SessionUid[] = [];
    const notices: string[] = [];
    let untried = 0;
    const kept: { session_uid: SessionUid; reason: string }[] = [];
    const failed: { session_uid: SessionUid; reason: string }[] = [];
    for (const [done, uid] of uids.entries()) {
      if (signal.aborted) break;
      line.work('analyze', { count: done + 1, total: uids.length }, uid);
      const outcome = isBucketOnly(db, uid)
        ? await analyzeAway(context, db, uid, asked)
        : await analyzeSession(deps, uid, signal);
      if (outcome.ok && outcome.kept !== undefined) kept.push({ session_uid: uid, reason: outcome.kept });
      else if (outcome.ok) analyzed.push(uid);
      else if (outcome.isUntried === true) untried += 1;
      else failed.push({ session_uid: uid, reason: outcome.why });
      const notice = asked.notice();
      if (notice !== null) notices.push(notice);
    }
    const clean =
      context.flags['all'] === true
        ? await cleanKept(context, db, line, analyzed.length > 0)
        : NOTHING_CLEANED;
    line.clear();
    const warnings = [
      ...notices,
      ...failed.map(({ session_uid, reason }) => `analyze failed for ${session_uid}: ${reason}`),
      ...kept.map(
        ({ session_uid, reason }) => `kept the digest of ${session_uid}, a new one would be worse: ${reason}`,
      ),
      ...clean.warnings,
    ];
    const { cleaned } = clean;
    if (context.json)
      printJson<'analyze'>(io, {
        version: 1,
        analyzed,
        kept,
        failed,
        cleaned,
        warnings,
        interrupted: signal.aborted,
      });
    else {
      for (const warning of warnings) io.err(`warning: ${plainLine(warning)}\n`);
      io.out(
        uids.length === 0
          ? 'Nothing waits to be analyzed.\n'
          : `Analyzed ${formatCount(analyzed.length)} of ${formatCount(uids.length)}${untried === 0 ? '' : `; ${formatCount(untried)} not tried`}.\n`,
      );
      if (cleaned.length > 0)
        io.out(`Took secrets out of what is kept of ${plural(cleaned.length, 'more session')}.\n`);
    }
    return signal.aborted ? EXIT.interrupted : EXIT.done;
  } finally {
    line.clear();
    db.close();
  }
};
