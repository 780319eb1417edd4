/**
 * Which of the folders where agents may keep sessions are there.
 * Promises: one `lstat` for each that is not. Enters no folder but those that an agent's pattern has it look through.
 */
import { lstatSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import {
  type AgentFormat,
  addedRoots,
  type Host,
  type ListedProject,
  rootsOf,
  type TextBeside,
} from '../../domain/agent.ts';
import { allAnswer, awayMount, mayLook, mountOfRoot } from '../../files/mounts.ts';
import { SourceFile } from '../../files/source.ts';
import { foldersAt, isLink } from '../../files/walk.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { knownProjects } from '../../store/read-sources.ts';

export interface AgentRoot {
  readonly agent: AgentFormat;
  readonly root: string;
}

/** The agents' roots that exist on this machine, each once, as far as this process may look. */
export function existingRoots(host: Host, agents: readonly AgentFormat[]): AgentRoot[] {
  return agents.flatMap((agent) => {
    const roots = namedRoots(agent, host).filter(
      (root) => mayLook(mountOfRoot(agent, root)) && isFolder(root),
    );
    return eachFolderOnce(roots).map((root) => ({ agent, root }));
  });
}

/** Roots that are links to what is not there now: a disk that is not plugged in, say. */
export function rootsToNowhere(host: Host, agents: readonly AgentFormat[]): string[] {
  // A project's folder that is not there any more is nothing to tell.
  const roots = agents.flatMap((agent) =>
    [...agent.roots(host), ...addedRoots(agent, host)].filter(
      (root) => mayLook(mountOfRoot(agent, root)) && isLink(root),
    ),
  );
  return [...new Set(roots)].filter((root) => !isFolder(root));
}

/** The agents' roots on mounts that may not answer, existing or not, by mount: another process looks at them. */
export function rootsAway(host: Host, agents: readonly AgentFormat[]): Map<string, AgentRoot[]> {
  const away = new Map<string, AgentRoot[]>();
  if (allAnswer()) return away;
  for (const agent of agents) {
    for (const root of namedRoots(agent, host)) {
      const mount = mountOfRoot(agent, root);
      if (mount === null || mayLook(mount)) continue;
      away.set(mount, [...(away.get(mount) ?? []), { agent, root }]);
    }
  }
  return away;
}

function namedRoots(agent: AgentFormat, host: Host): string[] {
  return [...new Set(rootsHere(agent, host).map((root) => resolve(root)))];
}

/** Where an agent's sessions may lie, those roots too that only a look at the machine tells, as far as this process may look. */
export function rootsHere(agent: AgentFormat, host: Host): readonly string[] {
  const patterns = (agent.rootPatterns?.(host) ?? []).filter(({ folder }) => awayMount(folder) === null);
  const named = patterns.flatMap(({ folder, pattern }) =>
    foldersAt(folder, pattern).map((below) => join(folder, below)),
  );
  return [...rootsOf(agent, host), ...named];
}

/** Roots are named as programs and people were told of them: by links, too. */
function eachFolderOnce(roots: string[]): string[] {
  if (roots.length < 2) return roots;
  const seen = new Set<string>();
  return roots.filter((root) => {
    const { dev, ino } = statSync(root, { bigint: true, throwIfNoEntry: false }) ?? {};
    const real = `${dev} ${ino}`;
    if (seen.has(real)) return false;
    seen.add(real);
    return true;
  });
}

/**
 * One look where nothing is, as for most agents on most machines. False for what can be no path (too long, with a NUL), and
 * for what lies on a mount that may not answer.
 */
export function isFolder(path: string): boolean {
  try {
    if (awayMount(path) !== null) return false;
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return false;
    return stats.isDirectory() || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    // A project's folder is what a transcript claims.
    return false;
  }
}

/**
 * Whether a folder may be looked for because a transcript or a list names it. Only what is on this machine: a share (`//host/x`,
 * `\\host\x`) or a mount by name (`/net/host`) would be asked for over the network, and told who asks.
 */
function isLocal(project: string): boolean {
  // A NUL is in no path at all.
  return isAbsolute(project) && !project.includes('\0') && !/^[\\/]{2}|^\/net\//.test(project);
}

/** The machine with the projects that are known: those of the newest sessions, and those that one of `agents` lists itself. */
export function withProjects(host: Host, db: ReadableDb, agents: readonly AgentFormat[]): Host {
  const projects = new Set(knownProjects(db));
  const listedRoots: Record<string, Map<string, string | null>> = {};
  for (const agent of agents) {
    for (const { project, root } of listedProjects(agent, host)) {
      if (project !== null && !isLocal(project)) continue;
      if (project !== null) projects.add(project);
      if (root === null) continue;
      const at = /^~[\\/]/.test(root) ? join(host.homeDir, root.slice(2)) : resolve(project ?? '/', root);
      const ofAgent = listedRoots[agent.id] ?? new Map<string, string | null>();
      if (isLocal(at)) listedRoots[agent.id] = ofAgent.set(at, project);
    }
  }
  return { ...host, projects: [...projects].filter(isLocal), listedRoots };
}

function listedProjects(agent: AgentFormat, host: Host): readonly ListedProject[] {
  const { projectList } = agent;
  if (projectList === undefined) return [];
  return agent
    .roots(host)
    .flatMap((root) => projectList.projects(smallText(join(root, projectList.file)) ?? ''));
}

/**
 * Small files under a root, each read once where that can be: thousands of sessions ask for the same list. Of agents with a document
 * about each session those that were asked for last are held.
 */
export function textBeside(root: string): TextBeside {
  const texts = new Map<string, string | null>();
  let held = 0;
  return (relPath) => {
    const known = texts.get(relPath);
    if (known !== undefined) return known;
    const text = smallText(join(root, relPath));
    texts.set(relPath, text);
    held += text?.length ?? 0;
    for (const [oldest, its] of texts) {
      if (held <= TEXTS_HELD_CHARS) break;
      texts.delete(oldest);
      held -= its?.length ?? 0;
    }
    return text;
  };
}

/**
 * A person's settings and an agent's lists are a few KiB, a document about a session a few hundred; a larger file is none, and a FIFO in
 * its place would be waited for.
 */
const SMALL_BYTES_MAX = 4 * 1024 * 1024;
const TEXTS_HELD_CHARS = 2 * SMALL_BYTES_MAX;

/** The text of a small file; null where there is none. */
export function smallText(path: string): string | null {
  if (awayMount(path) !== null) return null;
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null;
    using file = new SourceFile(path, 'plain', null);
    return file.sizeBytes > SMALL_BYTES_MAX ? null : Buffer.from(file.readAt(0, file.sizeBytes)).toString();
  } catch {
    // What cannot be read counts as not there: the agent's own defaults hold.
    return null;
  }
}
