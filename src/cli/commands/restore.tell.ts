/** What a restore tells: which files it wrote, which are there anyhow, what became of those that it replaced, and how to go on. */
import type { Resume } from '../../domain/agent.ts';
import { EXIT, type ExitCode, type Failure } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import { plainLine } from '../../domain/text.ts';
import type { NameToAdd } from '../../restore/listed-names.ts';
import type { Further } from '../../restore/present-file.ts';
import { type Asides, plannedPlaces, sameOf, toWriteOf } from '../../restore/replaced-files.ts';
import { type Context, printJson } from '../context.ts';
import { formatBytes, plural, quote } from '../format.ts';
import type { MovedFile, PlannedRestore } from './restore.plan.ts';

export interface FailedRestore {
  readonly uid: SessionUid;
  readonly why: Failure;
}

/** What to type to go on with a session, exactly; '' where no way is known. */
export function resumeCommand(resume: Resume): string {
  if (resume.argv.length === 0) return '';
  return [...(resume.cwd === null ? [] : [`cd ${quote(resume.cwd)}`]), resume.argv.map(quote).join(' ')].join(
    ' && ',
  );
}

/**
 * The same as it can be shown. What a terminal would act on is left out before a word is quoted: left out afterwards, it could
 * take a quote with it. A folder whose name cannot be shown would be another one: it is not named.
 */
export function shownResume(resume: Resume): Resume {
  const { cwd, argv, needs } = resume;
  const shown = argv.map(plainLine);
  if (cwd === null || cwd === plainLine(cwd)) return { ...resume, argv: shown };
  const told =
    'Go to its folder first: its name has characters that cannot be shown here (`--json` has them).';
  return { cwd: null, argv: shown, needs: [told, needs ?? ''].join(' ').trim() };
}

/** All that is typed to go on with a session as it can be shown, its import first; '' where no way is known. */
export function commandsToGoOn(planned: Pick<PlannedRestore, 'resume' | 'importing'>): string {
  const resume = shownResume(planned.resume);
  const importing = planned.importing?.map(plainLine) ?? null;
  const argvs = [importing ?? [], resume.argv].filter((argv) => argv.length > 0);
  const commands = argvs.map((argv) => argv.map(quote).join(' '));
  if (commands.length === 0) return '';
  return [...(resume.cwd === null ? [] : [`cd ${quote(resume.cwd)}`]), ...commands].join(' && ');
}

interface RestoredSession {
  readonly planned: PlannedRestore;
  readonly asides: Asides;
  readonly unlisted: NotNamed;
}

/** Why a session's name is not in its agent's list, as a clause; a session that is not in it got its name back, or needed none. */
type NotNamed = ReadonlyMap<SessionUid, string>;

/** Names every file that is about to be written, before it is. */
export function nameFiles({ io, json }: Pick<Context, 'io' | 'json'>, planned: PlannedRestore): void {
  if (json) return;
  const paths = toWriteOf(planned).map(({ path }) => path);
  const list = paths.map((path) => `  ${plainLine(path)}\n`).join('');
  if (paths.length > 0)
    io.out(`To restore ${planned.session.uid}, ${plural(paths.length, 'file')}:\n${list}`);
  if (planned.listing !== null)
    io.out(`To be added to, by a line with its name:\n  ${plainLine(planned.listing.path)}\n`);
}

const notDone = (planned: PlannedRestore): RestoredSession => ({
  planned,
  asides: new Map(),
  unlisted: new Map(),
});

/** How a dry run ends. */
export function tellDryRun(
  { io, json }: Context,
  planned: readonly PlannedRestore[],
  failed: readonly FailedRestore[],
  isOne: boolean,
): ExitCode {
  const restored = planned.map((one) => restoredJson(notDone(one), true));
  const [first] = restored;
  if (json && isOne && first !== undefined) printJson<'restore'>(io, { version: 1, ...first });
  else if (json)
    printJson<'restore'>(io, {
      version: 1,
      restored,
      failed: failed.map(failedJson),
      interrupted: false,
      dry_run: true,
    });
  else {
    for (const one of failed) tellFailed(io, one);
    for (const one of planned) {
      tellRefused(io, one);
      for (const line of remarks(notDone(one), true)) io.out(`${line}\n`);
    }
    const would = `Would write ${plural(writtenIn(planned), 'file')} of ${plural(planned.length, 'session')}.`;
    io.out(`${[would, sameText(planned), 'Nothing was changed.'].filter(Boolean).join(' ')}\n`);
  }
  return failed.length > 0 || planned.some(({ refused }) => refused.length > 0) ? EXIT.failed : EXIT.done;
}

/** Files that belong to no place of the agent's; what their names are made of may be a stranger's. */
function tellRefused(io: Context['io'], { session, refused }: PlannedRestore): void {
  for (const { key, why } of refused)
    io.err(`Not written: ${plainLine(key)} of ${plainLine(session.uid)}: ${plainLine(why)}\n`);
  if (refused.length > 0)
    io.err('  `session-memory show UID --raw --file NAME` gives its bytes, to be put where you mean.\n');
}

export function tellOne(
  { io, json }: Context,
  told: RestoredSession,
  isElsewhere: boolean,
  starts: boolean,
): ExitCode {
  const { planned } = told;
  const code = planned.refused.length > 0 ? EXIT.failed : EXIT.done;
  if (json) printJson<'restore'>(io, { version: 1, ...restoredJson(told, false) });
  else tellOneInWords(io, told, isElsewhere, starts);
  return code;
}

function tellOneInWords(
  io: Context['io'],
  told: RestoredSession,
  isElsewhere: boolean,
  starts: boolean,
): void {
  const { planned } = told;
  const { session, notPutBack } = planned;
  const resume = shownResume(planned.resume);
  const command = resumeCommand(resume);
  const importing =
    planned.importing === null
      ? ''
      : resumeCommand({ cwd: resume.cwd, argv: planned.importing.map(plainLine) });
  const written = writtenIn([planned]);
  const restored = written === 0 ? '' : `Restored ${plural(written, 'file')} of ${session.uid}.`;
  const counts = [restored, sameText([planned])].filter(Boolean).join(' ');
  if (counts !== '') io.out(`${counts}\n`);
  tellRefused(io, planned);
  for (const line of remarks(told)) io.out(`${line}\n`);
  if (notPutBack !== null) io.out(`${notPutBack}\n`);
  if (resume.needs !== undefined) io.out(`${plainLine(resume.needs)}\n`);
  if (importing !== '') io.out(`Take it in with: ${plainLine(importing)}\n`);
  if (command === '') return;
  if (starts) return io.out(`Starting: ${plainLine(command)}\n`);
  io.out(
    isElsewhere && importing === ''
      ? `To go on with it, restore it without --to; then: ${plainLine(command)}\n`
      : `Go on with: ${plainLine(command)}\n`,
  );
}

export function tellSeveral(
  { io, json, signal }: Context,
  all: {
    readonly restored: readonly PlannedRestore[];
    readonly asides: Asides;
    readonly unlisted: NotNamed;
    readonly failed: readonly FailedRestore[];
  },
): ExitCode {
  const { restored, asides, unlisted, failed } = all;
  if (json)
    printJson<'restore'>(io, {
      version: 1,
      restored: restored.map((planned) => restoredJson({ planned, asides, unlisted }, false)),
      failed: failed.map(failedJson),
      interrupted: signal.aborted,
      dry_run: false,
    });
  else {
    for (const one of failed) tellFailed(io, one);
    for (const planned of restored) {
      tellRefused(io, planned);
      for (const line of remarks({ planned, asides, unlisted }))
        io.out(`${plainLine(planned.session.uid)}: ${line}\n`);
    }
    const left = restored.reduce((sum, one) => sum + leftIn(one).length, 0);
    const others = left === 0 ? '' : `${plural(left, 'file')} left, with all that is stored and more.`;
    const written = `Restored ${plural(writtenIn(restored), 'file')} of ${plural(restored.length, 'session')}.`;
    io.out(`${[written, sameText(restored), others].filter(Boolean).join(' ')}\n`);
  }
  if (signal.aborted) return EXIT.interrupted;
  const isWhole = failed.length === 0 && restored.every(({ refused }) => refused.length === 0);
  return isWhole ? EXIT.done : EXIT.failed;
}

function tellFailed(io: Context['io'], { uid, why }: FailedRestore): void {
  io.err(`Not restored: ${plainLine(uid)}: ${plainLine(why.message)}\n  ${plainLine(why.hint)}\n`);
}

function failedJson({ uid, why }: FailedRestore) {
  return { session_uid: uid, code: why.code, message: plainLine(why.message), hint: plainLine(why.hint) };
}

/** What is out of the ordinary about a session's files, a sentence each. */
function remarks({ planned, asides, unlisted }: RestoredSession, isDry = false): string[] {
  const { files, session, moved, listing } = planned;
  const lines: string[] = [];
  if (moved !== null) lines.push(movedText(moved));
  if (listing !== null && !isDry) lines.push(listedText(listing, unlisted.get(session.uid) ?? null));
  for (const { file, version } of files)
    if (version !== null)
      lines.push(
        `${file.role === 'main' ? 'The transcript' : plainLine(file.key)} is as it was in version ${version}.`,
      );
  for (const { path, further } of leftIn(planned))
    lines.push(`${plainLine(path)} is there, ${furtherText(further)}; it was left as it is.`);
  if (leftIn(planned).some(({ further }) => further.records > 0 || further.bytes > 0))
    lines.push('`session-memory ingest` stores what is new in it.');
  for (const path of replacedIn(planned)) {
    if (isDry) {
      lines.push(`${plainLine(path)} would be replaced; what is there is stored first, or put beside.`);
      continue;
    }
    const aside = asides.get(path);
    lines.push(
      aside === undefined
        ? `${plainLine(path)} was replaced; what was there is in the store: \`session-memory show ${session.uid} --versions\`.`
        : `${plainLine(path)} was replaced; what was there is beside it, as ${plainLine(aside)}`,
    );
  }
  return lines;
}

/** `why`: why it could not be added, as a clause; null: it was. */
export function listedText({ name, path }: NameToAdd, why: string | null): string {
  const named = `Its name, ${plainLine(name)},`;
  return why === null
    ? `${named} was added to ${plainLine(path)}.`
    : `${named} is not in its agent's list: ${plainLine(why)}.`;
}

export function movedText({ from, to, why }: MovedFile): string {
  const place = plainLine(to);
  const told =
    why === null ? `; its place is now ${place}` : `, but ${plainLine(why)}: its place is ${place}`;
  return `The transcript was met as ${plainLine(from)}${told}.`;
}

function furtherText({ bytes, records }: Further): string {
  if (bytes > 0 && records > 0)
    return `and ${plural(records, 'line')} (${formatBytes(bytes)}) further than what is stored`;
  if (records > 0) return `and ${plural(records, 'line')} further than what is stored`;
  return bytes > 0
    ? `and ${formatBytes(bytes)} further than what is stored`
    : 'with all that is stored, written anew';
}

/** Files that have all that is stored, and more, or written anew. */
function leftIn({ files }: PlannedRestore): { readonly path: string; readonly further: Further }[] {
  return files.flatMap(({ path, place, further }) =>
    place === 'there' && further !== null ? [{ path, further }] : [],
  );
}

/** Files in whose place something else was. */
function replacedIn(planned: PlannedRestore): string[] {
  return plannedPlaces(planned).flatMap(({ path, place }) => (place === 'replace' ? [path] : []));
}

/** '' where none is: what is there as it would be written is told, and not counted as written. */
export function sameText(sessions: readonly PlannedRestore[]): string {
  const same = sessions.reduce((sum, one) => sum + sameOf(one).length, 0);
  return same === 0 ? '' : `${plural(same, 'file')} ${same === 1 ? 'is' : 'are'} already there.`;
}

function writtenIn(sessions: readonly PlannedRestore[]): number {
  return sessions.reduce((sum, one) => sum + toWriteOf(one).length, 0);
}

/** '' where the agent takes nothing back. */
function importCommand({ importing, resume }: PlannedRestore): string {
  return importing === null ? '' : resumeCommand({ cwd: resume.cwd, argv: importing });
}

function restoredJson({ planned, asides, unlisted }: RestoredSession, isDry: boolean) {
  const { session, root, resume, importing, files, refused, moved, listing } = planned;
  const { cwd, argv, needs } = resume;
  return {
    session_uid: session.uid,
    root,
    files: plannedPlaces(planned).map(({ path }) => path),
    written: isDry ? 0 : writtenIn([planned]),
    refused: refused.map(({ key, why }) => ({ key, why })),
    moved,
    dry_run: isDry,
    left: leftIn(planned).map(({ path, further }) => ({
      path,
      further_records: further.records,
      further_bytes: further.bytes,
    })),
    replaced: replacedIn(planned).map((path) => ({ path, aside: asides.get(path) ?? null })),
    versions: files.flatMap(({ file, version }) =>
      version === null ? [] : [{ key: file.key, number: version }],
    ),
    resume: argv.length === 0 ? null : { cwd, argv, command: resumeCommand(resume), needs: needs ?? null },
    named:
      listing === null
        ? null
        : {
            path: listing.path,
            name: listing.name,
            why_not: isDry ? null : (unlisted.get(session.uid) ?? null),
          },
    import: importing === null ? null : { argv: importing, command: importCommand(planned) },
  };
}
