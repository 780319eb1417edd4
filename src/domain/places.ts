/**
 * The places that the files of a session may have, as each agent's format declares them: one list, asked by whoever finds a
 * file, restores, imports or exports one.
 * Promises: pure; a place is judged as a path that leads nowhere else, so `..`, an absolute path and an empty part fit no list.
 * Never: takes the word of an id, a key or a path from a transcript or an archive for where a file lies.
 */

/**
 * What lies at a place. `settings`: what the person set for that one session, which no archive may. `read`: it holds sessions, or an
 * older form of one; it is read and never written. `passing`: it is true of one moment alone, which process has a session open for
 * instance; it is none of a session's files, and what an older version stored of it is left out without a word.
 */
export const PLACE_KINDS = [
  'transcript',
  'subagent',
  'output',
  'sidecar',
  'settings',
  'read',
  'passing',
] as const;
export type PlaceKind = (typeof PLACE_KINDS)[number];

export interface Place {
  readonly kind: PlaceKind;
  /**
   * The pattern, relative to the agent's root: `{id}` is the session's id, `*` any text within a name, `**` a name or more,
   * folders and all.
   */
  readonly at: string;
  /** Whether a path has this form, whatever its names are. */
  fits(relPath: string): boolean;
  /** Whether the pattern itself has that name, or begins a name with the dot that this one begins with. */
  names(part: string): boolean;
}

export function placesOf(lists: Partial<Record<PlaceKind, readonly string[]>>): readonly Place[] {
  return PLACE_KINDS.flatMap((kind) => (lists[kind] ?? []).map((at) => patternPlace(kind, at)));
}

function patternPlace(kind: PlaceKind, at: string): Place {
  const whole = new RegExp(`^${sourceOf(at)}$`, 's');
  return { kind, at, fits: (relPath) => whole.test(relPath), names: namesIn(at) };
}

/** For `Place.names`: of a pattern of this page, or of a glob, whose further signs make no name its own. */
export function namesIn(pattern: string): (part: string) => boolean {
  const parts = pattern.split('/');
  const plain = new Set(parts.filter((part) => !/[*{}?[\]!\\]/.test(part)));
  const dotted = parts
    .filter((part) => /^\.[^{}?[\]!\\]*\*/.test(part))
    .map((part) => new RegExp(`^${sourceOf(part)}$`, 's'));
  return (part) => plain.has(part) || dotted.some((one) => one.test(part));
}

const SIGNS: Readonly<Record<string, string>> = {
  '**/': '(?:[^/]+/)*',
  '**': '[^/]+(?:/[^/]+)*',
  '*': '[^/]*',
  '{id}': '[^/]+',
};

function sourceOf(pattern: string): string {
  return pattern
    .split(/(\*\*\/|\*\*|\*|\{id\})/)
    .map((piece) => SIGNS[piece] ?? piece.replace(/[.\\+?^$()[\]{}|]/g, '\\$&'))
    .join('');
}

/** An empty part, `.` and `..` lead elsewhere; so does what a path cannot hold. */
const LEADS_ELSEWHERE = /(?:^|\/)\.{0,2}(?:\/|$)|\0/;

/** No system has a longer path; a forged one would only be taken apart for a long time. */
const PATH_CHARS_MAX = 4096;

/** Whether each part of a path leads one folder down. */
export function staysBelow(relPath: string): boolean {
  return relPath.length <= PATH_CHARS_MAX && !LEADS_ELSEWHERE.test(relPath);
}

/** What a format tells of paths, kept to the places that it declares. */
export function closed<T>(
  places: readonly Place[],
  classify: (relPath: string) => T | null,
): (relPath: string) => T | null {
  const passing = places.filter(({ kind }) => kind === 'passing');
  const others = places.filter(({ kind }) => kind !== 'passing');
  const isKnown = (relPath: string) =>
    others.some((place) => place.fits(relPath)) && !passing.some((place) => place.fits(relPath));
  return (relPath) => (staysBelow(relPath) && isKnown(relPath) ? classify(relPath) : null);
}

/** Whether what lies there is true of one moment alone. */
export function isPassing(places: readonly Place[], relPath: string): boolean {
  return staysBelow(relPath) && places.some(({ kind, fits }) => kind === 'passing' && fits(relPath));
}

/** Whether files of a session are ever put at such a path. */
export function isPlaceOf(places: readonly Place[], relPath: string): boolean {
  return staysBelow(relPath) && !isPassing(places, relPath) && writtenAt(places, relPath).length > 0;
}

function writtenAt(places: readonly Place[], relPath: string): Place[] {
  return places.filter(({ kind, fits }) => kind !== 'read' && kind !== 'passing' && fits(relPath));
}

export type Platform = 'linux' | 'darwin' | 'win32';

export interface Naming {
  readonly platform: Platform;
  /** Names that the file had on this very machine: whatever they are, they were its agent's, and are given back. */
  readonly met?: ReadonlySet<string>;
  /** A name as the disk has it. */
  readonly bytesOf?: (name: string) => Uint8Array;
}

/**
 * Why no file is written under these names, as a clause; null where one may be. A name that the list itself has, or that was met here, is
 * the agent's own; any other one came from a transcript or an archive.
 */
export function nameObstacle(
  places: readonly Place[],
  relPath: string,
  { platform, met = NONE, bytesOf = (name) => Buffer.from(name) }: Naming,
): string | null {
  const fitting = writtenAt(places, relPath);
  for (const part of relPath.split('/')) {
    if (fitting.some((place) => place.names(part))) continue;
    const obstacle =
      (bytesOf(part).length > NAME_BYTES_MAX ? `a name is longer than ${NAME_BYTES_MAX} bytes` : null) ??
      (met.has(part) ? null : (oddnessOf(part, bytesOf(part)) ?? obstacleOf(part, bytesOf(part)))) ??
      (platform === 'win32' ? obstacleOnWindows(part) : null);
    if (obstacle !== null) return obstacle;
  }
  return null;
}

const NONE: ReadonlySet<string> = new Set();

/** What file systems hold at most. */
export const NAME_BYTES_MAX = 255;
/** What a terminal acts on, and what turns the order of signs around; not what joins signs into one, as in emoji. */
const ACTED_ON = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u{e0000}-\u{e007f}]/u;
/** What some file systems leave out of a name. */
const LEFT_OUT = /\p{Default_Ignorable_Code_Point}/gu;
/** Another name by which Windows knows a longer one: `SETTIN~1.JSO`. */
const SHORT_NAME = /^[^.]{1,6}~\d{1,2}(?:\.[^.]{1,3})?$/;

function oddnessOf(part: string, bytes: Uint8Array): string | null {
  if (part.includes('\\')) return 'a name has a backslash, which other systems take for a folder';
  const texts = [part, Buffer.from(bytes).toString()];
  return texts.some((text) => ACTED_ON.test(text)) ? 'a name has signs that are not seen' : null;
}

function obstacleOf(part: string, bytes: Uint8Array): string | null {
  for (const text of [part, Buffer.from(bytes).toString()]) {
    if (text.replace(LEFT_OUT, '').startsWith('.'))
      return 'a name begins with a dot, as those of settings do';
  }
  if (SHORT_NAME.test(part)) return 'a name is of the form by which Windows knows another one';
  return isReadByItself(part) ? 'programs run or obey a file of such a name' : null;
}

/** Windows takes these for devices, whatever follows the first dot. */
const DEVICE = /^(?:con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)(?:\.|$)/i;

function obstacleOnWindows(part: string): string | null {
  if (DEVICE.test(part)) return 'Windows takes such a name for a device';
  if (/[. ]$/.test(part)) return 'Windows leaves out a dot or a blank at the end of a name';
  return /[<>:"|?*]/.test(part) ? 'Windows takes a sign in a name for something else' : null;
}

/** Files that a program runs, or an agent obeys, because of their names alone, wherever they lie. */
const READ_BY_THEMSELVES: ReadonlySet<string> = new Set([
  'makefile',
  'gnumakefile',
  'bsdmakefile',
  'justfile',
  'rakefile',
  'gemfile',
  'guardfile',
  'procfile',
  'dockerfile',
  'containerfile',
  'vagrantfile',
  'jenkinsfile',
  'tiltfile',
  'brewfile',
  'build.bazel',
  'package.json',
  'composer.json',
  'deno.json',
  'deno.jsonc',
  'bunfig.toml',
  'lefthook.yml',
  'mise.toml',
  'pyproject.toml',
  'setup.py',
  'setup.cfg',
  'conftest.py',
  'noxfile.py',
  'sitecustomize.py',
  'usercustomize.py',
  'cargo.toml',
  'build.rs',
  'cmakelists.txt',
  'build.gradle',
  'build.gradle.kts',
  'pom.xml',
  'flake.nix',
  'taskfile.yml',
  'taskfile.yaml',
  'compose.yml',
  'compose.yaml',
  'docker-compose.yml',
  'docker-compose.yaml',
  'claude.md',
  'claude.local.md',
  'agents.md',
  'agents.override.md',
  'agent.md',
  'gemini.md',
  'qwen.md',
  'iflow.md',
  'warp.md',
  'crush.md',
  'skill.md',
  'memory.md',
  'copilot-instructions.md',
  'system.md',
  'settings.json',
  'settings.local.json',
  'managed-settings.json',
  'settings.toml',
  'keybindings.json',
  'config.json',
  'config.toml',
  'config.yaml',
  'config.yml',
  'opencode.json',
  'opencode.jsonc',
  'crush.json',
  'mcp.json',
  'mcp-config.json',
  'mcp_config.json',
  'mcp_settings.json',
  'cline_mcp_settings.json',
  'hooks.json',
  'hooks.toml',
  'hooks.yaml',
  'permissions.json',
  'trustedfolders.json',
  'plugin.json',
  'auth.json',
  'credentials.json',
  'oauth_creds.json',
  'desktop.ini',
  'autorun.inf',
]);
const RUN_BY_ENDING = /\.(?:code-workspace|desktop|lnk|url|scf|pth|pif)$/;
/** Compared as file systems do that know no case, and whatever they leave out at the end. */
function isReadByItself(part: string): boolean {
  const name = part
    .replace(LEFT_OUT, '')
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[. ]+$/, '')
    .replace(/:.*$/s, '');
  return READ_BY_THEMSELVES.has(name) || RUN_BY_ENDING.test(name);
}
