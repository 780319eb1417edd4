/**
 * What `uninstall --all` finds besides hooks and schedules: what of it goes, what stays and why. Looks, and changes nothing.
 * Promises: every file that would remain is named, the store first; what a person wrote or linked stays.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { realPathOrNull } from '../../files/within.ts';
import { lookAtStore, type StoreLook, storeFilesByKind } from '../../store/remove.ts';
import { sizeOf } from '../../store/room.ts';
import { backupOf, readText } from '../../unattended/disk.ts';
import { hookFile } from '../../unattended/hook-files.ts';
import { HOOKED } from '../../unattended/hooked.ts';
import { mcpFile } from '../../unattended/mcp-files.ts';
import { nameOf } from '../../unattended/own-call.ts';
import { configFolder, dataFolder } from '../config.ts';
import type { Context } from '../context.ts';
import {
  fileAt,
  isLeftover,
  type Leftover,
  type Looked,
  linkTo,
  lstatOf,
  namesIn,
  type Remaining,
  stays,
  treeAt,
} from '../leftovers.ts';
import { ownOrigin } from '../own-origin.ts';
import { namedOnPath, programOf } from '../own-program.ts';
import { schedulePaths } from '../scheduler.ts';
import { SCRIPTS } from './completions.ts';
import { copyOf, type Plan } from './install.plan.ts';

export interface FoundStore extends StoreLook {
  readonly path: string;
  readonly bytes: number;
  /** Files that go with it by the phrase alone. */
  readonly files: readonly string[];
}

export interface FoundFiles {
  readonly goes: readonly Leftover[];
  /** After all else, and after the store: without it the next run would not know where that is. */
  readonly config: readonly Leftover[];
  readonly remains: readonly Remaining[];
  /** Null: there is none, or none that can be opened; that one stays whatever is typed. */
  readonly store: FoundStore | null;
  /** Our own, that go where nothing is left in them. */
  readonly folders: readonly string[];
}

export function foundBeside(context: Context, plan: Plan): FoundFiles {
  const { settings, host } = context;
  const beside = besideStore(settings.storePath);
  const config = configFiles(context);
  const looked = [
    ...beside.looked,
    ...ofSchedules(plan),
    ...ofHooks(context, plan),
    ...ofShells(context),
    ...ofKilledRuns(context.tempFolder),
  ];
  const goes = looked.filter(isLeftover);
  const folders = [...new Set([dataFolder(host), configFolder(host)])];
  const remains = [...looked, ...config].filter((each): each is Remaining => !isLeftover(each));
  const named = new Set([
    ...[...looked, ...config].map(({ path }) => path),
    ...beside.named,
    ...plan.steps.flatMap((step) => [step.path, copyOf(plan, step.path)]),
    plan.madeFolders,
  ]);
  return {
    goes,
    config: config.filter(isLeftover),
    remains: [...beside.store, ...remains, ...unknownIn(folders, named), ...programs(context)],
    store: beside.found,
    folders,
  };
}

/** The store's own files, and what was made beside them. */
function besideStore(storePath: string) {
  const look = existsSync(storePath) ? lookAtStore(storePath) : null;
  // Behind the look: SQLite may make its log for it.
  const files = storeFilesByKind(storePath);
  const own = [...files.store, ...files.reserve, ...files.copies, ...files.asides];
  const bytes = own.reduce((sum, path) => sum + sizeOf(path), 0);
  const found: FoundStore | null = look === null ? null : { ...look, path: storePath, bytes, files: own };
  // A lock without a store guards nothing.
  const isAlone = !existsSync(storePath);
  const mayGo = isAlone || look?.isCurrent === true;
  const copies = files.copies.flatMap((path) =>
    look?.isCurrent === true
      ? fileAt(path, 'copy of the store from before an upgrade')
      : stays(
          path,
          'a copy from before an upgrade; the store beside it is not there, or not of this version',
        ),
  );
  return {
    found,
    named: files.store,
    store: isAlone ? [] : files.store.map((path) => ({ path, why: whyStore(found, path === storePath) })),
    looked: [
      ...(isAlone ? files.store.flatMap((path) => fileAt(path, 'left of a store that is gone')) : []),
      ...files.reserve.flatMap((path) =>
        mayGo ? fileAt(path, 'reserve of the store') : stays(path, 'reserve of that store'),
      ),
      ...copies,
      ...files.asides.flatMap((path) =>
        stays(path, 'put aside by a repair: it may hold what nothing else does'),
      ),
      ...[...files.passing, ...files.unfinished].flatMap((path) =>
        ifOld(path, () => fileAt(path, 'left of a run that was killed')),
      ),
      ...stays(join(dirname(storePath), 'restored'), 'sessions that you had restored, for an agent’s import'),
    ],
  };
}

function whyStore(found: FoundStore | null, isItself: boolean): string {
  if (!isItself) return 'a part of the store';
  return found === null
    ? 'the store, which cannot be opened'
    : 'the store: what your agents have deleted is nowhere else; without --yes, in a terminal, a phrase is asked for that deletes it';
}

function configFiles({ settings, host }: Context): Looked[] {
  const usual = join(configFolder(host), 'config.toml');
  const isLinked = lstatIsLink(configFolder(host));
  const named = resolve(settings.configPath);
  return [
    ...(isLinked
      ? stays(usual, 'configuration, in a folder that you have linked')
      : fileAt(usual, 'configuration')),
    ...(named === resolve(usual) ? [] : stays(named, 'configuration, at a place that you chose')),
  ];
}

function lstatIsLink(path: string): boolean {
  const seen = lstatOf(path);
  return seen !== null && !('why' in seen) && seen.isSymbolicLink();
}

/** What a scheduler keeps by our names, and files of ours that were not written to their end. */
function ofSchedules({ machine, crontabCopy }: Plan): Looked[] {
  const { host } = machine;
  const { service, timer, plist, task } = schedulePaths(machine);
  const units = dirname(timer);
  const data = dirname(dataFolder(host));
  return [
    ...linkTo(join(units, 'timers.target.wants', basename(timer)), 'link of the timer', timer),
    ...fileAt(
      join(data, 'systemd', 'timers', 'stamp-session-memory.timer'),
      'when the timer last ran',
      (text) => (text === '' ? null : 'not empty, as systemd makes it'),
    ),
    ...[service, timer].flatMap((unit) =>
      stays(`${unit}.d`, 'settings of the unit that somebody else has made'),
    ),
    ...(host.platform === 'darwin'
      ? fileAt(join(host.homeDir, 'Library', 'Logs', 'session-memory.log'), 'log of the schedule')
      : []),
    ...[service, timer, plist, task, crontabCopy].flatMap(halfWritten),
  ];
}

/** Beside the file that a link leads to, for there it is written. */
function halfWritten(path: string): Looked[] {
  const real = realPathOrNull(path) ?? path;
  return [...new Set([path, real, backupOf(path)])].flatMap((each) =>
    fileAt(`${each}.session-memory-new`, 'left of a run that was killed'),
  );
}

/** Copies of settings from before us, and settings that still name us by somebody else's hand. */
function ofHooks(context: Context, plan: Plan): Looked[] {
  const { host } = context;
  const name = nameOf(programOf(context));
  const files = [
    ...new Set(
      HOOKED.flatMap(({ id }) => [hookFile(id, host, name), mcpFile(id, host, existsSync)]).flatMap((file) =>
        file === null ? [] : [file.path],
      ),
    ),
  ];
  const going = new Set(
    plan.steps.filter(({ backup }) => backup === 'drop').map(({ path }) => copyOf(plan, path)),
  );
  const copies = [...files.map(backupOf), plan.crontabCopy].filter((path) => !going.has(path));
  const settings = [...files, join(host.homeDir, '.claude.json'), codexConfig(context)];
  return [
    ...copies.flatMap((path) => stays(path, 'how that was before install: it has changed since')),
    ...files.flatMap(halfWritten),
    ...[...new Set(settings)].flatMap((path) =>
      namesUs(path, plan.steps.find((step) => step.path === path)?.after),
    ),
  ];
}

const codexConfig = ({ host }: Context) =>
  join(host.env['CODEX_HOME'] ?? join(host.homeDir, '.codex'), 'config.toml');

/** In a start-up file of a shell, or among servers. A project of that name is none. */
const NAMES_US =
  /["[.]session-memory["\]]?\s*[:\]]|\bsession-memory\b["']?,?[ \t]+["']?(?:mcp|hook|completions|--)|\bsession-memory[ \t]*$/;

/** A line that a person wrote, such as an entry for `mcp`. `after`: what will stand there; undefined: what stands there now. */
function namesUs(path: string, after?: string | null): Looked[] {
  if (after === null) return [];
  try {
    const lines = (after ?? readText(path) ?? '').split('\n');
    const at = lines.findIndex((line) => NAMES_US.test(line));
    return at < 0 ? [] : [{ path, why: `line ${at + 1} names session-memory, and is not by install` }];
  } catch {
    // It cannot be read as text: the plan says so where it is one of ours.
    return [];
  }
}

/** Places of a person's own. What a package manager put elsewhere goes with it. */
function ofShells({ host }: Context): Looked[] {
  const home = (...parts: string[]) => join(host.homeDir, ...parts);
  const data = host.env['XDG_DATA_HOME'] ?? home('.local', 'share');
  const config = host.env['XDG_CONFIG_HOME'] ?? home('.config');
  const scripts = {
    bash: [
      join(data, 'bash-completion', 'completions', 'session-memory'),
      join(data, 'bash-completion', 'completions', 'session-memory.bash'),
    ],
    zsh: [
      join(data, 'zsh', 'site-functions'),
      home('.zfunc'),
      home('.zsh', 'completions'),
      home('.zsh', 'completion'),
      home('.oh-my-zsh', 'completions'),
    ].map((folder) => join(folder, '_session-memory')),
    fish: [
      join(config, 'fish', 'completions', 'session-memory.fish'),
      join(data, 'fish', 'vendor_completions.d', 'session-memory.fish'),
    ],
  };
  const start = ['.bashrc', '.bash_profile', '.profile', '.zshrc', '.zprofile', '.zshenv'].map((name) =>
    home(name),
  );
  return [
    ...(['bash', 'zsh', 'fish'] as const).flatMap((shell) =>
      scripts[shell].flatMap((path) =>
        unlinked(path, `completions of ${shell}`, (text) => wrongScript(shell, text)),
      ),
    ),
    ...unlinked(join(data, 'man', 'man1', 'session-memory.1'), 'manual page', (text) =>
      text.startsWith('.TH SESSION\\-MEMORY 1 ') ? null : 'not a page that session-memory prints',
    ),
    ...[...start, join(config, 'fish', 'config.fish')].flatMap((path) => namesUs(path)),
  ];
}

function unlinked(path: string, what: string, wrong: (text: string) => string | null): Looked[] {
  return lstatIsLink(dirname(path))
    ? stays(path, `${what}, in a folder that you have linked`)
    : fileAt(path, what, wrong);
}

/** An older version printed another script; what follows the last line of each is somebody else's. */
function wrongScript(shell: keyof typeof SCRIPTS, text: string): string | null {
  const lines = text.trimEnd().split('\n');
  const isOurs = lines
    .slice(0, 2)
    .some((line) => line.startsWith(`# session-memory completions for ${shell}: `));
  if (!isOurs) return 'not a script that session-memory prints';
  return lines.at(-1) === SCRIPTS[shell].trimEnd().split('\n').at(-1) ? null : 'somebody has written in it';
}

const OF_RUNS = {
  file: /^session-memory-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  tree: /^session-memory-(?:analyzing|rows|demo|import|dry-run)-[A-Za-z0-9]{6}$/,
} as const;

/** Folders and files of a moment, which only a run that was killed leaves. */
function ofKilledRuns(folder: string): Looked[] {
  const names = namesIn(folder);
  const what = 'left of a run that was killed';
  return names.flatMap((name) => {
    const path = join(folder, name);
    if (OF_RUNS.file.test(name)) return ifOld(path, () => fileAt(path, what));
    return OF_RUNS.tree.test(name) ? ifOld(path, () => treeAt(path, what)) : [];
  });
}

/** No run that lives leaves its own so long untouched. */
const OLD_MS = 3_600_000;

function ifOld(path: string, look: () => Looked[]): Looked[] {
  const seen = lstatOf(path);
  if (seen === null || 'why' in seen) return seen === null ? [] : [seen];
  // The clock that files are stamped by, not the one that a person may have set.
  return Date.now() - seen.mtimeMs > OLD_MS ? look() : [{ path, why: 'a run may be using it now' }];
}

/** Nobody else is to write in folders of our name: what lies there and is not known is worth a look. */
function unknownIn(folders: readonly string[], named: ReadonlySet<string>): Remaining[] {
  return folders
    .flatMap((folder) => namesIn(folder).map((name) => join(folder, name)))
    .filter((path) => !named.has(path))
    .map((path) => ({ path, why: 'session-memory does not know it' }));
}

/** This program cannot know whether it is still wanted; whoever installed it takes it away. */
function programs(context: Context): Remaining[] {
  const [executable, ...source] = context.self ?? [];
  const named = namedOnPath(context);
  const other =
    named !== null && !named.leadsHere ? [{ path: named.path, why: 'another one, on your PATH' }] : [];
  if (executable === undefined || source.length > 0) return other;
  const command = ownOrigin(context)?.remove ?? null;
  const how = command === null ? 'by what installed it' : `by: ${command}`;
  return [...other, { path: executable, why: `this program: take it away ${how}` }];
}
