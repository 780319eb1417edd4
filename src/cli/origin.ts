/**
 * How this program came onto this machine, told by where it lies, what brings a newer one, and what takes it away. Pure: it is
 * told what there is. Promises: where nothing tells it, it says nothing; a command is one that can be pasted.
 */
import { shellText } from '../unattended/own-call.ts';

export interface Origin {
  /** As in "installed by npm". */
  readonly how: string;
  /** The command that brings a newer one; null: there is none that would do. */
  readonly update: string | null;
  /** Where there is no such command: what to do instead, as it stands behind "to update: ". */
  readonly otherwise?: string;
  /** The command that takes the program itself away; null: only whoever installed it knows. */
  readonly remove: string | null;
  /** It lies in a cache that is emptied: the command that installs it to stay. */
  readonly toStay?: string;
}

/** What is asked of the machine. */
export interface Around {
  isThere(path: string): boolean;
  mayWrite(folder: string): boolean;
}

const RELEASES = 'https://github.com/session-memory/session-memory/releases';

const managed = (how: string, update: string, remove: string): Origin => ({
  how: `installed by ${how}`,
  update,
  remove,
});
const cached = (by: string, update: string, toStay: string): Origin => ({
  how: `run by ${by}`,
  update,
  remove: null,
  toStay,
});
const NPM = managed(
  'npm',
  'npm install --global session-memory@latest',
  'npm uninstall --global session-memory',
);
const PNPM = managed(
  'pnpm',
  'pnpm add --global session-memory@latest',
  'pnpm remove --global session-memory',
);

/** By a part of the path, with forward slashes; the first that fits counts. */
const BY_PATH: readonly (readonly [RegExp, Origin])[] = [
  [
    /\/_npx\/.*\/@session-memory\//,
    cached('npx', 'npx session-memory@latest', 'npm install --global session-memory'),
  ],
  [
    /\/\.?bunx-[^/]*\/(?:[^/]+\/)?node_modules\/@session-memory\//,
    cached('bunx', 'bunx session-memory@latest', 'bun add --global session-memory'),
  ],
  [
    /\/pnpm\/dlx\/.*\/@session-memory\//,
    cached('pnpm dlx', 'pnpm dlx session-memory@latest', 'pnpm add --global session-memory'),
  ],
  [/\/pnpm\/(?:global|store)\/.*\/@session-memory\//, PNPM],
  [
    /\/install\/global\/node_modules\/@session-memory\//,
    managed('Bun', 'bun add --global session-memory@latest', 'bun remove --global session-memory'),
  ],
  [
    /\/yarn\/(?:Data\/)?global\/node_modules\/@session-memory\//i,
    managed('Yarn', 'yarn global add session-memory@latest', 'yarn global remove session-memory'),
  ],
  [
    /\/mise\/installs\/npm-session-memory\//,
    managed('mise', 'mise upgrade npm:session-memory', 'mise uninstall npm:session-memory'),
  ],
  [/\/(?:lib|npm|nodejs)\/node_modules\/(?:session-memory\/node_modules\/)?@session-memory\//, NPM],
  [
    /\/node_modules\/@session-memory\//,
    {
      how: 'installed as a package of a project',
      update: null,
      remove: null,
      otherwise: 'ask the package manager of that project for session-memory@latest',
    },
  ],
  [
    /\/Cellar\/session-memory\//,
    managed('Homebrew', 'brew upgrade session-memory', 'brew uninstall session-memory'),
  ],
  [
    /\/scoop\/apps\/session-memory\//i,
    managed('Scoop', 'scoop update session-memory', 'scoop uninstall session-memory'),
  ],
  [
    /^\/nix\/store\//,
    {
      how: 'installed by Nix',
      update: null,
      remove: null,
      otherwise: 'take the newer package.nix of the release into the profile or configuration that has it',
    },
  ],
];

/** Where packages of the system put programs: which system it is tells by what package. */
const SYSTEM_FOLDER = /^\/(?:usr\/)?s?bin\//;
const DEBIAN_RECORD = '/var/lib/dpkg/info/session-memory.list';
const PACMAN_RECORDS = '/var/lib/pacman/local';

/** `path`: of the executable, with links followed. */
export function originOf(path: string, around: Around): Origin | null {
  // A backslash is a part of a name elsewhere.
  const plain = path.startsWith('/') ? path : path.replaceAll('\\', '/');
  const found = BY_PATH.find(([pattern]) => pattern.test(plain));
  if (found !== undefined) return found[1];
  if (SYSTEM_FOLDER.test(plain)) return ofSystem(plain, around);
  return ofCheckout(plain, around) ?? ofItself(path, plain, around);
}

/** Null: a package of some other kind may have put it there. */
function ofSystem(plain: string, { isThere }: Around): Origin | null {
  if (plain !== '/usr/bin/session-memory') return null;
  if (isThere(DEBIAN_RECORD))
    return {
      // A newer package comes from the release, for there is no archive of them.
      how: 'installed as a Debian package',
      update: null,
      remove: 'sudo apt remove session-memory',
      otherwise: `download the newer .deb from ${RELEASES}/latest, then: sudo apt install ./session-memory_*.deb`,
    };
  if (!isThere(PACMAN_RECORDS)) return null;
  return {
    how: 'installed by pacman',
    update: null,
    remove: 'sudo pacman -R session-memory-bin',
    otherwise: 'build session-memory-bin of the AUR anew: git pull && makepkg -si in its folder',
  };
}

/** A program that `scripts/build` made in the folder of its sources. */
function ofCheckout(plain: string, { isThere }: Around): Origin | null {
  const root = /^(.*)\/dist\/session-memory(?:\.exe)?$/.exec(plain)?.[1];
  if (root === undefined || !isThere(`${root}/scripts/build`) || !isThere(`${root}/.git`)) return null;
  const [at, build] = [quoted(root), quoted(`${root}/scripts/build`)];
  return { how: 'built in a checkout', update: `git -C ${at} pull && ${build}`, remove: null };
}

/** By the install script, or from an archive: the script puts the newer one over either. */
function ofItself(path: string, plain: string, { mayWrite }: Around): Origin | null {
  const [, folder, name] = /^(.+)\/([^/]+)$/.exec(plain) ?? [];
  if (folder === undefined || name === undefined) return null;
  const how = 'installed as a file of its own, by the install script or from an archive';
  const isWindows = !path.startsWith('/');
  if (isWindows || name !== 'session-memory') {
    const otherwise = `put the program of the newer archive over ${path}: ${RELEASES}/latest`;
    return { how, update: null, otherwise, remove: isWindows ? null : `rm ${quoted(path)}` };
  }
  const sudo = mayWrite(folder) ? '' : 'sudo ';
  return {
    how,
    update: `curl -fsSL ${RELEASES}/latest/download/install.sh | ${sudo}sh -s -- --to ${quoted(folder)}`,
    remove: `${sudo}rm ${quoted(path)}`,
  };
}

const quoted = (word: string) => shellText({ argv: [], platform: 'linux' }, [word]);

/** What brings a newer one: a command, or what to do instead. */
export function updateOf({ update, otherwise }: Origin): string {
  return update ?? otherwise ?? `see ${RELEASES}/latest`;
}

/** Where newer ones are, where nothing tells more. */
export const UNKNOWN_UPDATE = `see ${RELEASES}/latest`;

/** The second line of `--version`; `target` is what it was built for. */
export function installation(target: string, origin: Origin | null): string {
  return origin === null ? target : `${target}, ${origin.how}; to update: ${updateOf(origin)}`;
}
