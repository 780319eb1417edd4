/**
 * Whether a path that somebody else names leads to a transcript in an agent's own places: what a hook's event says must never
 * have another file read.
 */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { AgentFormat, Host } from '../domain/agent.ts';
import { realPathOrNull, withinOf } from '../files/within.ts';
import { existingRoots } from './discover/roots.ts';

/** The path, cleaned of `..`, where what it leads to lies below a root of the agent as a file of a session does; else null. */
export function ownPlaceOf(agent: AgentFormat, host: Host, named: string): string | null {
  if (!isAbsolute(named)) return null;
  const path = resolve(named);
  // By where it really lies: a link within the agent's folder may lead anywhere.
  const real = realPathOrNull(path);
  if (real === null) return null;
  const folders = ['', ...agent.folders, ...(agent.flatFolders ?? [])];
  const isOwn = existingRoots(host, [agent]).some(({ root }) =>
    folders.some((folder) =>
      withinOf(root, folder).some((place, i) => isTranscript(agent, place, i === 0 ? '' : folder, real)),
    ),
  );
  return isOwn ? path : null;
}

/** `place`: a real folder, the root's own or that of `folder` in it, where this is a link. */
function isTranscript(agent: AgentFormat, place: string, folder: string, real: string): boolean {
  const below = relative(place, real);
  if (below === '' || below.startsWith('..') || isAbsolute(below)) return false;
  const relPath = [...(folder === '' ? [] : [folder]), below.split(sep).join('/')].join('/');
  return agent.classify(relPath) !== null;
}
