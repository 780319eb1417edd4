/** What a restore tells: which files it wrote, which are there anyhow, what became of those that it replaced, and how to go on. */
import type { Resume } from '../../domain/agent.ts';
import { EXIT, type ExitCode, type Failure } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import { plainLine } from '../../domain/text.ts';
import type { Asides } from '../../ingest/restoring.ts';
import type { Further } from '../../ingest/there.ts';
import { type Context, printJson } from '../context.ts';
import { formatBytes, plural } from '../format.ts';
import type { PlannedRestore } from './restore.plan.ts';

export interface FailedRestore {
  readonly uid: SessionUid;
  readonly why: Failure;
}

/** What to type to go on with a session; '' where no way is known. */
export function resumeCommand(resume: Resume): string {
  if (resume.argv.length === 0) return '';
  return [...(resume.cwd === null ? [] : [`cd ${quote(resume.cwd)}`]), resume.argv.map(quote).join(' ')].join(
    ' && ',
  );
}

/** All that is typed to go on with a session, its import first; '' where no way is known. */
export function wayBack({ resume, importing }: Pick<PlannedRestore, 'resume' | 'importing'>): string {
  const argvs = [importing ?? [], resume.argv].filter((argv) => argv.length > 0);
  const commands = argvs.map((argv) => argv.map(quote).join(' '));
  if (commands.length === 0) return '';
  return [...(resume.cwd === null ? [] : [`cd ${quote(resume.cwd)}`]), ...commands].join(' && ');
}

interface Told {
  readonly planned: PlannedRestore;
  readonly asides: Asides;
}

export function tellOne({ io, json }: Context, told: Told, isElsewhere: boolean, starts: boolean): void {
  const { planned } = told;
  const { session, resume, notPutBack } = planned;
  const command = resumeCommand(resume);
  const importing = importCommand(planned);
  if (json) return printJson(io, { version: 1, ...restoredJson(told) });
  const paths = pathsOf(planned).filter((path) => !leftIn(planned).some((left) => left.path === path));
  const list = paths.map((path) => `  ${plainLine(path)}\n`).join('');
  if (paths.length > 0) io.out(`Restored ${plural(paths.length, 'file')} of ${session.uid}:\n${list}`);
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
    readonly failed: readonly FailedRestore[];
  },
): ExitCode {
  const { restored, asides, failed } = all;
  if (json)
    printJson(io, {
      version: 1,
      restored: restored.map((planned) => restoredJson({ planned, asides })),
      failed: failed.map(({ uid, why }) => ({
        session_uid: uid,
        code: why.code,
        message: plainLine(why.message),
        hint: plainLine(why.hint),
      })),
      interrupted: signal.aborted,
    });
  else {
    for (const { uid, why } of failed)
      io.err(`Not restored: ${plainLine(uid)}: ${plainLine(why.message)}\n  ${plainLine(why.hint)}\n`);
    for (const planned of restored) {
      io.out(`${plainLine(planned.session.uid)}  ${plainLine(planned.files[0]?.path ?? '')}\n`);
      for (const line of remarks({ planned, asides })) io.out(`  ${line}\n`);
    }
    const left = restored.reduce((sum, one) => sum + leftIn(one).length, 0);
    const files = restored.reduce((sum, one) => sum + pathsOf(one).length, 0) - left;
    const others = left === 0 ? '' : ` ${plural(left, 'file')} left, with all that is stored and more.`;
    io.out(`Restored ${plural(files, 'file')} of ${plural(restored.length, 'session')}.${others}\n`);
  }
  if (signal.aborted) return EXIT.interrupted;
  return failed.length > 0 ? EXIT.failed : EXIT.done;
}

/** What is out of the ordinary about a session's files, a sentence each. */
function remarks({ planned, asides }: Told): string[] {
  const { files, session } = planned;
  const lines: string[] = [];
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
    const aside = asides.get(path);
    lines.push(
      aside === undefined
        ? `${plainLine(path)} was replaced; what was there is in the store: \`session-memory show ${session.uid} --versions\`.`
        : `${plainLine(path)} was replaced; what was there is beside it, as ${plainLine(aside)}`,
    );
  }
  return lines;
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
function replacedIn({ files, made }: PlannedRestore): string[] {
  return [...files, ...(made === null ? [] : [made])].flatMap(({ path, place }) =>
    place === 'replace' ? [path] : [],
  );
}

function pathsOf({ files, made }: PlannedRestore): string[] {
  return [...files, ...(made === null ? [] : [made])].map(({ path }) => path);
}

/** '' where the agent takes nothing back. */
function importCommand({ importing, resume }: PlannedRestore): string {
  return importing === null ? '' : resumeCommand({ cwd: resume.cwd, argv: importing });
}

function restoredJson({ planned, asides }: Told) {
  const { session, root, resume, importing, files } = planned;
  const { cwd, argv, needs } = resume;
  return {
    session_uid: session.uid,
    root,
    files: pathsOf(planned),
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
    import: importing === null ? null : { argv: importing, command: importCommand(planned) },
  };
}

/** One word for a POSIX shell, whatever it holds. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_/.:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
