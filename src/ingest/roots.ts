/**
 * Which of the folders where agents may keep sessions are there.
 * Promises: one `lstat` for each that is not. Never enters a folder.
 */
import { lstatSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type AgentFormat, type Host, rootsOf } from '../domain/agent.ts';

/** The agents' roots that exist on this machine, each once. */
export function existingRoots(
  host: Host,
  agents: readonly AgentFormat[],
): { agent: AgentFormat; root: string }[] {
  const all = agents.flatMap((agent) => rootsOf(agent, host).map((root) => ({ agent, root: resolve(root) })));
  return all.filter(
    ({ agent, root }, i) =>
      isFolder(root) && all.findIndex((o) => o.agent === agent && o.root === root) === i,
  );
}

/** One look where nothing is, as for most agents on most machines. */
export function isFolder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  return stats.isDirectory() || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
