/** `verify --repair`: says what it would do, and does it where nothing is lost by it or `--yes` consents to the loss. */
import { existsSync } from 'node:fs';
import { agentsOf } from '../../agents/registry.ts';
import type { AgentFormat } from '../../domain/agent.ts';
import { EXIT, EXIT_OF_CODE, type ExitCode, failure } from '../../domain/errors.ts';
import { packingByName } from '../../domain/session.ts';
import { plainLine } from '../../domain/text.ts';
import { reopen } from '../../files/contained/contained.ts';
import { awayMount } from '../../files/mounts.ts';
import { SourceFile } from '../../files/source.ts';
import { fileAt } from '../../files/walk.ts';
import type { OwnFiles } from '../../store/repair/own.ts';
import type { RepairStep } from '../../store/repair/repair.ts';
import { loses, type RepairReport, repairStore } from '../../store/repair/store.ts';
import { type Context, printJson } from '../context.ts';
import { printFailure } from '../failure.ts';
import { formatBytes, plural } from '../format.ts';
import { ProgressLine } from '../io.ts';

export async function repair(context: Context): Promise<ExitCode> {
  const { io, settings } = context;
  const dryRun = context.flags['dryRun'] === true;
  if (!existsSync(settings.storePath)) {
    printFailure(
      io,
      context.json,
      failure('not_found', `no store at ${settings.storePath}`, 'Give its path as --store.'),
    );
    return EXIT.usage;
  }
  const line = new ProgressLine(io);
  const report = await repairStore(settings.storePath, {
    own: ownFiles(agentsOf(context.host)),
    at: context.clock.now(),
    mayLose: context.flags['yes'] === true,
    dryRun,
    progress: (done, total) => line.work('verify', { count: done + 1, total }),
  }).finally(() => line.clear());
  const wantsConsent = report.state === 'planned' && !dryRun && loses(report);
  print(context, report, dryRun, wantsConsent);
  if (wantsConsent) return EXIT_OF_CODE.consent_needed;
  if (dryRun) return EXIT.done;
  if (report.state === 'done' && loses(report)) return EXIT.dataLost;
  return report.failed.length > 0 || report.after.findings.length > 0 ? EXIT.failed : EXIT.done;
}

/** The agents' own files, from which damaged pieces are taken again. */
const ownFiles = (agents: readonly AgentFormat[]): OwnFiles => ({
  async *chunks(path, fromByte) {
    if (awayMount(path) !== null) throw new Error(`${path} lies on a mount that may never answer`);
    using contained = reopen(agents, path);
    if (contained !== null) {
      yield* contained.chunks(fromByte);
      return;
    }
    const there = fileAt(path, path);
    if (there === null) throw new Error(`${path} is not there`);
    using source = new SourceFile(path, packingByName(path), there.within);
    yield* source.chunks(fromByte);
  },
});

const NEEDED = failure(
  'consent_needed',
  'this repair would record what cannot be had again as lost, and needs consent; nothing was changed',
  'Add --yes to consent. First look whether a backup still has the files: restored to their place, they are taken from there.',
);

function print(context: Context, report: RepairReport, dryRun: boolean, wantsConsent: boolean): void {
  const { io, json } = context;
  const { steps, rebuilt, aside, failed, after } = report;
  if (json) {
    const body = {
      version: 1 as const,
      ok: after.findings.length === 0 && failed.length === 0,
      interrupted: false,
      sessions: after.sessions,
      segments: after.segments,
      bytes: after.bytes,
      findings: after.findings.map(({ session_uid, file, problem }) => ({ session_uid, file, problem })),
      lost: after.lost.map(({ session_uid, file, problem }) => ({ session_uid, file, problem })),
      repair: {
        dry_run: dryRun,
        changed: report.state === 'done',
        lost_data: report.state === 'done' && loses(report),
        rebuilt: rebuilt !== null,
        aside,
        rows_lost: [...(rebuilt?.lost ?? [])],
        steps: steps.map(stepJson),
        failed: [...failed],
      },
    };
    if (wantsConsent) printFailure(io, true, NEEDED, body);
    else printJson<'verify'>(io, body);
    return;
  }
  const would = report.state === 'planned' && steps.length + (rebuilt === null ? 0 : 1) > 0 ? 'Would ' : '';
  for (const text of [...rebuildLines(report), ...steps.map((step) => stepLine(step))])
    io.out(`${plainLine(would + (would === '' ? text : lowered(text)))}\n`);
  for (const text of failed) io.out(`${plainLine(`Failed: ${text}`)}\n`);
  if (wantsConsent) printFailure(io, false, NEEDED);
  else io.out(`${summary(report, dryRun)}\n`);
}

function stepJson(step: RepairStep) {
  const { session_uid, file, problem } = step.finding;
  return {
    kind: step.kind,
    session_uid,
    file,
    problem,
    bytes: 'place' in step ? (step.place?.rawBytes ?? 0) : 0,
    why: step.kind === 'lose' ? step.why : step.kind === 'retake' ? `from ${step.from}` : null,
  };
}

function rebuildLines({ rebuilt, aside }: RepairReport): string[] {
  if (rebuilt === null) return [];
  const rows = Object.entries(rebuilt.saved).map(([table, n]) => `${n} ${table}`);
  return [
    `Make a new store file of what can be read: ${rows.join(', ')}`,
    ...(aside === null ? [] : [`Keep the file as it was: ${aside}`]),
    ...rebuilt.lost.map((what) => `Lose ${what}`),
  ];
}

function stepLine(step: RepairStep): string {
  const { session_uid, file, problem } = step.finding;
  const what = [session_uid, file].filter((part) => part !== null).join(' ');
  const whatIsWrong = what === '' ? problem : `${what}: ${problem}`;
  switch (step.kind) {
    case 'retake':
      return `Take again ${what}: ${formatBytes(step.place.rawBytes)} from ${step.from}`;
    case 'rehash':
      return `Hash anew ${what}`;
    case 'reindex':
      return `Index anew: ${whatIsWrong}`;
    case 'search':
      return `Make the search index anew: ${problem}`;
    case 'schema':
      return `${step.change.create === null ? 'Remove' : 'Make anew, as the program has it'}: ${problem}`;
    case 'recount':
      return `Count anew: ${whatIsWrong}`;
    case 'analyze':
      return `Leave to the next ingest: ${whatIsWrong}`;
    case 'lose':
      return `Lose ${what}, ${formatBytes(step.place?.rawBytes ?? 0)}: ${problem}; ${step.why}`;
    default:
      return step satisfies never;
  }
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function summary({ state, steps, rebuilt, after }: RepairReport, dryRun: boolean): string {
  if (steps.length === 0 && rebuilt === null && after.findings.length === 0)
    return `All is well: ${plural(after.sessions, 'session')}, ${plural(after.segments, 'segment')}, ${formatBytes(after.bytes)} read back. Nothing to repair.`;
  if (state === 'planned') return dryRun ? 'Nothing was changed.' : 'Nothing could be done.';
  const lost = steps.filter(({ kind }) => kind === 'lose').length + (rebuilt?.lost.length ?? 0);
  const rest =
    after.findings.length === 0 ? 'all else is well' : `${plural(after.findings.length, 'finding')} left`;
  return lost === 0
    ? `Repaired, nothing was lost; ${rest}.`
    : `DATA LOSS: ${plural(lost, 'piece')} recorded as lost; ${rest}.`;
}
