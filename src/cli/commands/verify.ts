/** `verify`: everything read back; exit 1 and the list where anything is wrong. `--repair` mends what can be mended. */
import { EXIT, FailureError, fail, messageOf } from '../../domain/errors.ts';
import { cutText, plainLine } from '../../domain/text.ts';
import { mixedSessions } from '../../ingest/mixed.ts';
import { aboutOf } from '../../ingest/session-description.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { openReadable } from '../../store/open.ts';
import { nothingLeft, survey } from '../../store/repair/rebuild.ts';
import type { VerifyFinding } from '../../store/verify/findings.ts';
import { type VerifyResult, verify } from '../../store/verify/verify.ts';
import { type Command, type Context, printJson } from '../context.ts';
import { formatBytes, plural } from '../format.ts';
import { ProgressLine } from '../io.ts';
import { repair } from './verify.repair.ts';

export const verifyCommand: Command = async (context) => {
  if (context.flags['remote'] === true) {
    if (context.flags['yes'] === true || context.flags['dryRun'] === true)
      throw fail('usage', '--yes and --dry-run do not go with --remote', 'It changes nothing in the bucket.');
    return (await import('./remote.verify.ts')).verifyRemote(context);
  }
  if (context.flags['repair'] === true) return repair(context);
  if (context.flags['yes'] === true || context.flags['dryRun'] === true)
    throw fail('usage', '--yes and --dry-run go with --repair', 'Without it, verify changes nothing.');
  const result = await look(context);
  print(context, result);
  if (result.findings.length > 0) return EXIT.failed;
  return context.signal.aborted ? EXIT.interrupted : EXIT.done;
};

interface VerifiedWithNotes extends VerifyResult {
  readonly notes: readonly VerifyFinding[];
}

async function look({ settings, io, signal, host }: Context): Promise<VerifiedWithNotes> {
  const line = new ProgressLine(io);
  let db: ReadableDb;
  try {
    db = openReadable(settings.storePath);
  } catch (thrown) {
    return { ...unopened(settings.storePath, thrown), notes: [] };
  }
  try {
    const result = verify(
      db,
      (done, total) => line.work('verify', { count: done + 1, total }),
      () => signal.aborted,
    );
    // Of what is damaged there is something else to say first.
    const isWhole = result.findings.length === 0 && !signal.aborted;
    return { ...result, notes: isWhole ? await notesOf(db, host) : [] };
  } finally {
    line.clear();
    db.close();
  }
}

async function notesOf(db: ReadableDb, host: Context['host']): Promise<VerifyFinding[]> {
  const notes: VerifyFinding[] = [];
  for (const { uid, begins, shows } of mixedSessions(db, host)) {
    const [was, is] = [await quoted(begins), await quoted(shows)];
    const problem = `it began with ${was} and shows ${is}: another transcript with its id has taken the place of the first, as older versions let it, or its agent wrote it anew. Nothing of it is lost: \`session-memory show ${uid} --removed\` prints what it began with`;
    notes.push({ session_uid: uid, file: null, problem });
  }
  return notes;
}

/** Words of a transcript, as they may be shown. */
async function quoted(title: string): Promise<string> {
  const { title: kept } = await aboutOf({ title, project: null, branch: null });
  return JSON.stringify(cutText(plainLine(kept ?? ''), QUOTED_CHARS));
}

/** Enough to tell one conversation from another. */
const QUOTED_CHARS = 60;

/** A store that SQLite refuses as a whole: what can be read off its pages is counted. Throws where the file is no store. */
function unopened(path: string, thrown: unknown): VerifyResult {
  const code = thrown instanceof FailureError ? thrown.failure.code : 'failed';
  const isDamage = code === 'corrupt' || code === 'usage' || code === 'failed';
  const found = isDamage ? survey(path) : null;
  if (found === null) throw code === 'corrupt' ? nothingLeft(path) : thrown;
  const problems = [
    messageOf(thrown),
    `the store cannot be opened; off its pages ${plural(found.sessions, 'session')} and ${plural(found.segments, 'segment')} can be read: verify --repair makes a new file of them`,
  ];
  const findings = problems.map((problem) => ({
    session_uid: null,
    file: null,
    problem,
    cure: 'rebuild' as const,
    place: null,
  }));
  return { findings, lost: [], sessions: found.sessions, segments: 0, bytes: 0 };
}

function print({ io, json, signal }: Context, result: VerifiedWithNotes): void {
  const findings = result.findings.map(({ session_uid, file, problem }) => ({ session_uid, file, problem }));
  const lost = result.lost.map(({ session_uid, file, problem }) => ({ session_uid, file, problem }));
  const ok = findings.length === 0;
  if (json) {
    printJson<'verify'>(io, {
      version: 1,
      ok,
      interrupted: signal.aborted,
      sessions: result.sessions,
      segments: result.segments,
      bytes: result.bytes,
      findings,
      lost,
      notes: result.notes,
    });
    return;
  }
  const row = (parts: readonly (string | null)[]) =>
    io.out(`${plainLine(parts.filter((part) => part !== null).join('  '))}\n`);
  for (const { session_uid, file, problem } of findings) row([session_uid, file, problem]);
  for (const { session_uid, file, problem } of lost) row(['lost before:', session_uid, file, problem]);
  for (const { session_uid, problem } of result.notes) row(['note:', session_uid, problem]);
  const read = `${plural(result.sessions, 'session')}, ${plural(result.segments, 'segment')}, ${formatBytes(result.bytes)} read back`;
  io.out(
    ok
      ? `All is well: ${read}${lost.length > 0 ? `; ${plural(lost.length, 'piece')} lost before` : ''}.\n`
      : `${plural(findings.length, 'finding')}. \`session-memory verify --repair --dry-run\` says what can be mended.\n`,
  );
}
