/**
 * Whose folder a path lies in that a person names.
 * Promises: what this machine says of an agent's folders goes before a folder's name, and that before what lies in it; where several
 * layouts know what lies there, the records tell. Changes nothing.
 */
import { relative, resolve, sep } from 'node:path';
import { type AgentFormat, addedRoots, type Host } from '../../domain/agent.ts';
import { foldersAt, type WalkedFile, walk, walkFlat } from '../../files/walk.ts';
import { peekFile } from './peek.ts';
import { type AgentRoot, rootsHere } from './roots.ts';

export interface NamedPath {
  /** Absolute. */
  readonly path: string;
  readonly isFile: boolean;
  /** A person has said which agent's it is. */
  readonly isAgentNamed: boolean;
}

/** The agent and its root; null: nobody's folder. */
export async function whosePlace(
  named: NamedPath,
  agents: readonly AgentFormat[],
  host: Host,
): Promise<AgentRoot | null> {
  const known = agents.flatMap((agent) => rootHere(agent, named.path, host));
  // A root may lie in another one.
  known.sort((a, b) => b.root.length - a.root.length);
  for (const place of known) if (knowsSomeAt(place, named)) return place;
  const told = agents.flatMap((agent) => rootTold(agent, named, host));
  const byName = told.filter(({ agent, root }) => isNamedSo(agent, root, host));
  for (const place of byName) if (knowsSomeAt(place, named)) return place;
  // A root that was moved may bear any name, so that several may say that it is theirs.
  const byForm = told.filter((place) => !byName.includes(place) && knowsSomeAt(place, named));
  if (byForm.length > 1) for (const place of byForm) if (await hasRecordsAt(place, named)) return place;
  return byForm[0] ?? told[0] ?? null;
}

/** The agent's root on this machine that the path lies in. All of a home folder is no agent's. */
function rootHere(agent: AgentFormat, path: string, host: Host): AgentRoot[] {
  return rootsHere(agent, host)
    .map((root) => resolve(root))
    .filter((root) => root !== resolve(host.homeDir) && (path === root || path.startsWith(root + sep)))
    .map((root) => ({ agent, root }));
}

/** The root that the path's own names tell, or what lies in it. */
function rootTold(agent: AgentFormat, { path, isAgentNamed }: NamedPath, host: Host): AgentRoot[] {
  const added = addedRoots(agent, host).map((root) => resolve(root));
  const root =
    added.find((each) => path === each || path.startsWith(each + sep)) ??
    agent.rootOf(path) ??
    (isRootOf(agent, path, isAgentNamed) ? path : null);
  return root === null ? [] : [{ agent, root }];
}

/** Whether the folder is called as the agent calls its own, in whatever home. */
function isNamedSo(agent: AgentFormat, root: string, host: Host): boolean {
  return agent
    .roots({ homeDir: '', env: {}, platform: host.platform })
    .some((own) => own !== '' && root.endsWith(own));
}

/** Whether the layout of an agent names the file at a path, or one of those below the folder there. */
function knowsSomeAt({ agent, root }: AgentRoot, { path, isFile }: NamedPath): boolean {
  if (isFile) return agent.classify(relativeTo(root, path)) !== null;
  return filesBelow({ agent, root }, path).some((file) => agent.classify(file.relPath) !== null);
}

/** So many transcripts are looked into before a folder is held to be another agent's. */
const LOOKED_INTO_MAX = 8;

/** Whether a transcript there holds records of the agent. What is in a database its layout knows by the database's name. */
async function hasRecordsAt({ agent, root }: AgentRoot, { path, isFile }: NamedPath): Promise<boolean> {
  if (isFile) return true;
  let looked = 0;
  for (const file of filesBelow({ agent, root }, path)) {
    const known = agent.classify(file.relPath);
    if (known?.role !== 'main') continue;
    if (known.container?.kind === 'rows') return true;
    if (known.container !== undefined) continue;
    if ((await peekFile(agent, file, known.encoding, () => undefined)) !== null) return true;
    looked += 1;
    if (looked === LOOKED_INTO_MAX) return false;
  }
  return false;
}

function filesBelow({ agent, root }: AgentRoot, path: string): IteratorObject<WalkedFile> {
  const rules = { skipsFolder: (folder: string) => agent.skipsFolder(folder), warn: () => undefined };
  return Iterator.from(walk(root, relativeTo(root, path), rules));
}

function relativeTo(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}

/** A folder is an agent's root where one of the agent's folders in it holds something of the agent's. */
function isRootOf(agent: AgentFormat, path: string, isNamed: boolean): boolean {
  // The glob of a configuration matches in any folder: it says nothing of whose that is.
  if (agent.own !== undefined && !isNamed) return false;
  const rules = { skipsFolder: (relPath: string) => agent.skipsFolder(relPath), warn: () => undefined };
  for (const folder of agent.folders.flatMap((pattern) => foldersAt(path, pattern))) {
    for (const file of walk(path, folder, rules)) {
      if (agent.classify(file.relPath)?.role === 'main') return true;
    }
  }
  const isDatabase = (relPath: string) => agent.classify(relPath)?.container?.kind === 'rows';
  return (agent.flatFolders ?? [])
    .flatMap((pattern) => foldersAt(path, pattern))
    .some((folder) => walkFlat(path, folder, isDatabase, () => undefined).some(() => true));
}
