/**
 * `uninstall --all`: what `uninstall` takes out, and all else that is ours on this machine but the store; that too by a typed phrase.
 * Promises: shows what goes and what stays, each file by its path, and asks before anything goes; `--yes` never stands for the phrase;
 * a run that was killed is ended by the next one.
 */
import { EXIT, type ExitCode, fail, failure, messageOf } from '../../domain/errors.ts';
import { killPoint } from '../../domain/kill-point.ts';
import { plainLine } from '../../domain/text.ts';
import { removeLock, removeStoreFiles } from '../../store/remove.ts';
import { removeNotedFolders } from '../../unattended/made-folders.ts';
import { type Context, canAsk, printJson } from '../context.ts';
import { printFailure } from '../failure.ts';
import { formatBytes, plural } from '../format.ts';
import { type Leftover, removeEmptyFolder, removeLeftover } from '../leftovers.ts';
import { underSweepLock } from '../named-sessions.ts';
import { hasWork, type Plan, plannedBack } from './install.plan.ts';
import { apply, asJson, consents, printPlan } from './install.ts';
import { type FoundFiles, type FoundStore, foundBeside } from './uninstall.found.ts';

interface TakenSoFar {
  readonly failed: string[];
  isStoreGone: boolean;
}

export async function uninstallAll(context: Context): Promise<ExitCode> {
  refuseParts(context);
  const { flags, json } = context;
  const plan = plannedBack(context);
  const found = foundBeside(context, plan);
  const isDry = flags['dryRun'] === true;
  const isConsented = flags['yes'] === true;
  const isWork = hasWork(plan) || found.goes.length + found.config.length > 0;
  const mayAsk = canAsk(context) && !isConsented && !isDry;
  // As of `install`: who consented beforehand may read only the first lines, and it is done even so.
  if (!json && !isConsented) printAll(context, plan, found);
  if (isWork && !isDry && !isConsented && !(await consents(context, plan))) return refused(context);
  const takesStore = mayAsk && found.store !== null && (await typesPhrase(context, found.store));
  const done: TakenSoFar = { failed: [], isStoreGone: false };
  if (!isDry) await takeAll(plan, found, takesStore, done);
  if (!json && isConsented) printAll(context, plan, found);
  return tell(context, plan, found, done, isDry || !(isWork || takesStore));
}

/** It is all, or it is not. */
function refuseParts({ flags }: Context): void {
  const parts = [
    ...(flags['agent'] === undefined ? [] : ['--agent']),
    ...(flags['hooks'] === false ? ['--no-hooks'] : []),
    ...(flags['schedule'] === false ? ['--no-schedule'] : []),
    ...(flags['prefix'] === undefined ? [] : ['--prefix']),
  ];
  if (parts.length === 0) return;
  throw fail('usage', `--all takes out everything, and ${parts.join(', ')} a part`, 'Leave one of them out.');
}

function refused({ io, json }: Context): ExitCode {
  const needed = failure(
    'consent_needed',
    'nothing was changed',
    'Add --yes to consent to all but the store, or --dry-run to only look.',
  );
  return printFailure(io, json, needed);
}

const phraseOf = ({ sessions }: FoundStore) => `delete ${sessions} sessions`;

async function typesPhrase(context: Context, store: FoundStore): Promise<boolean> {
  const { io } = context;
  io.out(
    `The store holds ${plural(store.sessions, 'session')}, ${formatBytes(store.bytes)}. What your agents have deleted is nowhere else; \`session-memory export FILE\` keeps it.\n`,
  );
  const typed = await context.ask(
    `Type \`${phraseOf(store)}\` to delete the store too, anything else keeps it: `,
  );
  if (context.signal.aborted) throw fail('interrupted', 'interrupted; nothing was changed', 'Run it again.');
  return typed?.trim() === phraseOf(store);
}

/** The schedule and the hooks first, so that nothing begins anew; the configuration last, since it says where the store is. */
async function takeAll(plan: Plan, found: FoundFiles, takesStore: boolean, done: TakenSoFar): Promise<void> {
  const taken = async () => {
    done.failed.push(...apply(plan));
    takeFiles(found.goes, done);
    if (takesStore && found.store !== null && done.failed.length === 0) takeStore(found.store, done);
  };
  if (takesStore && found.store !== null) {
    await underSweepLock(found.store.path, taken);
    if (done.isStoreGone) removeLock(found.store.path);
  } else await taken();
  takeFiles(found.config, done);
  removeNotedFolders(plan.madeFolders, true);
  for (const folder of found.folders) removeEmptyFolder(folder);
}

function takeFiles(leftovers: readonly Leftover[], done: TakenSoFar): void {
  for (const leftover of leftovers) {
    try {
      removeLeftover(leftover);
      killPoint('uninstall.removed');
    } catch (thrown) {
      done.failed.push(`${leftover.path}: ${messageOf(thrown)}`);
    }
  }
}

function takeStore(store: FoundStore, done: TakenSoFar): void {
  try {
    removeStoreFiles(
      store.path,
      store.files.filter((path) => !path.startsWith(`${store.path}.sweep-lock`)),
    );
    done.isStoreGone = true;
  } catch (thrown) {
    done.failed.push(`${store.path}: ${messageOf(thrown)}`);
  }
}

function printAll(context: Context, plan: Plan, found: FoundFiles): void {
  const { io } = context;
  printPlan(context, plan, false);
  const section = (title: string, rows: readonly string[]) => {
    if (rows.length > 0) io.out(`${title}\n${rows.map((row) => `  ${row}\n`).join('')}\n`);
  };
  section(
    'Goes too:',
    [...found.goes, ...found.config].map(({ path, what }) => `${plainLine(path)}  (${what})`),
  );
  section(
    'Stays:',
    found.remains.map(({ path, why }) => `${plainLine(path)}  (${plainLine(why)})`),
  );
  if (!hasWork(plan) && found.goes.length + found.config.length === 0) io.out('Nothing to uninstall.\n');
}

function tell(context: Context, plan: Plan, found: FoundFiles, done: TakenSoFar, isIdle: boolean): ExitCode {
  const { io, json, flags } = context;
  if (json)
    printJson<'uninstall'>(io, {
      ...asJson(plan, flags['dryRun'] === true, done.failed),
      files: [...found.goes, ...found.config].map(({ path, what }) => ({ path, what })),
      remains: found.remains,
      store:
        found.store === null
          ? null
          : {
              path: found.store.path,
              sessions: found.store.sessions,
              bytes: found.store.bytes,
              deleted: done.isStoreGone,
            },
    });
  else {
    for (const why of done.failed) io.err(`error: ${plainLine(why)}\n`);
    for (const note of plan.notes) io.out(`Note: ${plainLine(note)}.\n`);
    if (!isIdle && done.failed.length === 0) io.out(`Done.${ofStore(found, done)}\n`);
  }
  return done.failed.length > 0 || plan.refused.length > 0 ? EXIT.failed : EXIT.done;
}

function ofStore({ store }: FoundFiles, { isStoreGone }: TakenSoFar): string {
  if (store === null) return '';
  return isStoreGone
    ? ` The store is deleted: ${plural(store.sessions, 'session')}.`
    : ` The store stays: ${plainLine(store.path)}.`;
}
