/**
 * How this program came onto this machine, told by where it lies, and what brings a newer one. Pure: it is told what there is.
 * Promises: where nothing tells it, it says nothing.
 */

export interface Origin {
  /** As in "installed by npm". */
  readonly how: string;
  /** The command; null: only whoever installed it knows. */
  readonly update: string | null;
}

/** By a part of the path, with forward slashes; the first that fits counts. */
const BY_PATH: readonly (readonly [RegExp, Origin])[] = [
  [/\/_npx\/.*\/@session-memory\//, { how: 'run by npx', update: 'npx session-memory@latest' }],
  [
    /\/pnpm\/global\/.*\/@session-memory\//,
    { how: 'installed by pnpm', update: 'pnpm add --global session-memory@latest' },
  ],
  [
    /\/install\/global\/node_modules\/@session-memory\//,
    { how: 'installed by Bun', update: 'bun add --global session-memory@latest' },
  ],
  [
    /\/(?:lib|npm)\/node_modules\/(?:session-memory\/node_modules\/)?@session-memory\//,
    { how: 'installed by npm', update: 'npm install --global session-memory@latest' },
  ],
  [/\/node_modules\/@session-memory\//, { how: 'installed as a package of a project', update: null }],
  [/\/Cellar\/session-memory\//, { how: 'installed by Homebrew', update: 'brew upgrade session-memory' }],
  [/\/scoop\/apps\/session-memory\//i, { how: 'installed by Scoop', update: 'scoop update session-memory' }],
  [/^\/nix\/store\//, { how: 'installed by Nix', update: null }],
];

/** Where packages of the system put programs: which system it is tells by what package. */
const SYSTEM_PATH = '/usr/bin/session-memory';
const DEBIAN_RECORD = '/var/lib/dpkg/info/session-memory.list';
const PACMAN_RECORDS = '/var/lib/pacman/local';

/** `path`: of the executable, with links followed. */
export function originOf(path: string, isThere: (path: string) => boolean): Origin | null {
  const plain = path.replaceAll('\\', '/');
  const found = BY_PATH.find(([pattern]) => pattern.test(plain));
  if (found !== undefined) return found[1];
  if (plain !== SYSTEM_PATH) return null;
  // A newer package of Debian's kind comes from the release, for there is no archive of them.
  if (isThere(DEBIAN_RECORD)) return { how: 'installed as a Debian package', update: null };
  return isThere(PACMAN_RECORDS) ? { how: 'installed by pacman', update: null } : null;
}

/** The second line of `--version`; `target` is what it was built for. */
export function installation(target: string, origin: Origin | null): string {
  if (origin === null) return target;
  return `${target}, ${origin.how}${origin.update === null ? '' : `; to update: ${origin.update}`}`;
}
