/**
 * What is never stored: the patterns of `ingest.exclude` against a session's project and the paths of its files.
 * Promises: a pattern covers what it names and all below it, by the name that it is written with and by where that really
 * leads; of two readings of a pattern both count, since what is stored by mistake cannot be unseen.
 */
import type { Host } from '../../domain/agent.ts';

/** What is asked of a session. */
export interface Excludable {
  /** Null: not known. */
  readonly project: string | null;
  /** Its files, by every path that they are known under. */
  readonly paths: readonly string[];
}

export interface ExcludeRules {
  /** Nothing is left out: no session need be asked about. */
  readonly isEmpty: boolean;
  /** The first pattern, as it was written, that leaves the session out; null: none does. */
  leavesOut(session: Excludable): string | null;
  /** Patterns that can match nothing by their form, each with the reason as the end of a sentence. */
  readonly idle: readonly { readonly pattern: string; readonly why: string }[];
}

/** `realPath`: where a path really leads; null where nothing is there or it cannot be told. */
export function excludeRules(
  patterns: readonly string[],
  host: Pick<Host, 'homeDir' | 'platform'>,
  realPath: (path: string) => string | null,
): ExcludeRules {
  const real = remembered(realPath);
  const fold = foldOf(host.platform);
  const homes = bothNames(host.homeDir, real).map(fold);
  const idle: { pattern: string; why: string }[] = [];
  const rules: { pattern: string; matches: (asked: ProjectNames) => boolean }[] = [];
  for (const pattern of patterns) {
    const form = formOf(pattern, host);
    if (form.kind === 'idle') idle.push({ pattern, why: form.why });
    else rules.push({ pattern, matches: matcherOf(form, fold, real) });
  }
  return {
    idle,
    isEmpty: rules.length === 0,
    leavesOut: (session) => {
      const projects = session.project === null ? [] : bothNames(session.project, real).map(fold);
      const names = projects.flatMap((project) => namesIn(project, homes));
      const asked = { places: [...projects, ...session.paths.map(fold)], names };
      return rules.find(({ matches }) => matches(asked))?.pattern ?? null;
    },
  };
}

interface ProjectNames {
  readonly places: readonly string[];
  /** The project's last name, and those of the folders that it lies in. */
  readonly names: readonly string[];
}

type Form =
  | { readonly kind: 'place'; readonly text: string }
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'idle'; readonly why: string };

/** `dir/**` covers `dir`, as `dir` covers what is below it: they are one pattern. */
function formOf(written: string, host: Pick<Host, 'homeDir' | 'platform'>): Form {
  let text = slashed(written.trim(), host.platform);
  if (/^~(?:\/|$)/.test(text)) text = slashed(host.homeDir, host.platform) + text.slice(1);
  else if (/^~[^/]+\//.test(text)) return { kind: 'idle', why: 'only ~/ stands for a home folder' };
  const isWhole = isAbsolute(text);
  text = text.replace(/(?<=\/)\.(?:\/+|$)/g, '');
  text = text.replace(/^(?:\.\/+)+/, '').replace(/(?<=.)(?:\/+(?:\*\*)?)+$/, '');
  if (text === '/**') text = '/';
  if (text === '' || text === '.') return { kind: 'idle', why: 'it names nothing' };
  if (text.includes('\0')) return { kind: 'idle', why: 'no path holds a NUL' };
  if (text.split('/').includes('..')) return { kind: 'idle', why: 'no path is compared with ..' };
  if (isWhole || text.startsWith('**/') || text === '**') return { kind: 'place', text };
  return text.includes('/') ? { kind: 'place', text: `**/${text}` } : { kind: 'name', text };
}

function isAbsolute(text: string): boolean {
  return text.startsWith('/') || /^[A-Za-z]:\//.test(text);
}

function slashed(path: string, platform: Host['platform']): string {
  return platform === 'win32' ? path.replaceAll('\\', '/') : path;
}

/** The one text of all ways to write a path that the system takes for the same. */
function foldOf(platform: Host['platform']): (path: string) => string {
  return (path) => {
    const text = slashed(path, platform).replace(/(?<=.)\/+$/, '');
    return platform !== 'linux' ? text.normalize('NFC').toLowerCase() : text;
  };
}

function matcherOf(
  form: Exclude<Form, { kind: 'idle' }>,
  fold: (path: string) => string,
  real: (path: string) => string | null,
): (asked: ProjectNames) => boolean {
  if (form.kind === 'name') {
    const matches = matchesWhole(fold(form.text));
    return ({ names }) => names.some(matches);
  }
  const texts = [...new Set([form.text, throughLinks(form.text, real)].map(fold))];
  const tests = texts.map(coversPlace);
  return ({ places }) => places.some((place) => tests.some((covers) => covers(place)));
}

/** Whether a pattern names a path or a folder above it. */
function coversPlace(text: string): (place: string) => boolean {
  if (text === '/') return (place) => isAbsolute(place);
  const matches = matchesWhole(text);
  const below = globsOf(text).map((glob) => new Bun.Glob(`${glob}/**`));
  return (place) => matches(place) || place.startsWith(`${text}/`) || below.some((glob) => glob.match(place));
}

function matchesWhole(text: string): (candidate: string) => boolean {
  const globs = globsOf(text).map((glob) => new Bun.Glob(glob));
  return (candidate) => candidate === text || globs.some((glob) => glob.match(candidate));
}

/** Only `*` and `**` are signs for sure; `[id]`, `{a,b}` and `?` may be a folder's own name or be meant as signs. */
function globsOf(text: string): string[] {
  if (!/[*?[\]{}]/.test(text)) return [];
  return [...new Set([text.replace(/^!/, '\\!'), text.replace(/[?[\]{}!\\()]/g, '\\$&')])];
}

/** The pattern with the part before its first `*` as it really lies: agents record the folder that a link leads to. */
function throughLinks(text: string, real: (path: string) => string | null): string {
  if (!isAbsolute(text)) return text;
  const parts = text.split('/');
  const signs = parts.findIndex((part) => part.includes('*'));
  for (let end = signs < 0 ? parts.length : signs; end > 1; end -= 1) {
    const found = real(parts.slice(0, end).join('/'));
    if (found !== null) return [found.replace(/\/+$/, ''), ...parts.slice(end)].join('/');
  }
  return text;
}

/** Names of a project and of the folders above it; those that the home folder lies in name no project. */
function namesIn(project: string, homes: readonly string[]): string[] {
  const home = homes.find((each) => project.startsWith(`${each}/`));
  const below = home === undefined ? project : project.slice(home.length);
  if (homes.includes(project)) return project.split('/').slice(-1);
  return below.split('/').filter((name) => name !== '');
}

function bothNames(path: string, real: (path: string) => string | null): string[] {
  const found = real(path);
  return found === null || found === path ? [path] : [path, found];
}

/** Thousands of sessions have few projects. */
function remembered(realPath: (path: string) => string | null): (path: string) => string | null {
  const known = new Map<string, string | null>();
  return (path) => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const found = realPath(path);
    known.set(path, found);
    return found;
  };
}
