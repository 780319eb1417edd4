/**
 * Aider: one text of all chats in the root of each repository, to which it only adds.
 * Promises: a chat is named by when it was started, so that it is the same one wherever its repository is moved.
 * Source: aider's `io.py` (what is written), `args.py` (where) and `coders/base_coder.py` (what it says), as public in 2026.
 */
import type { AgentFormat, FileClass, Host } from '../../domain/agent.ts';
import type { TextContainer } from '../../domain/contained.ts';
import { agentId } from '../../domain/ids.ts';
import type { Peek } from '../../domain/peek.ts';
import { closed, placesOf } from '../../domain/places.ts';
import { AiderReader, chatStart, firstPrompt, linesOf, timeOfId } from './reader.ts';

const VARIABLE = 'AIDER_CHAT_HISTORY_FILE';
const NAME = '.aider.chat.history.md';

/** Its own name: it lies in the folder that the chats were about. */
const inProject: TextContainer = {
  kind: 'text',
  begins: chatStart,
  peek: (id, head, _tail, root) => peekOf(id, head, root),
};

/** Any other name: a file that a variable names, a copy, what was restored. Its folder tells nothing. */
const anywhere: TextContainer = { ...inProject, peek: (id, head) => peekOf(id, head, null) };

/** The text has one time, when the chat was started: what came after it is told by none. */
function peekOf(id: string, head: Uint8Array, project: string | null): Peek & { readonly nativeId: string } {
  const at = timeOfId(id);
  return {
    nativeId: id,
    project,
    branch: null,
    title: firstPrompt(head),
    parentNativeId: null,
    startedAt: at,
    endedAt: at,
  };
}

/** A copy may have any name that ends so. */
const PLACES = placesOf({ transcript: ['aider/{id}.md'], read: [NAME, '*', 'aider/*'] });
const classify = closed(PLACES, classifyPlace);

function classifyPlace(relPath: string): FileClass | null {
  const [, name] = /^(?:aider\/)?([^/]+\.md)$/is.exec(relPath) ?? [];
  if (name === undefined) return null;
  const container = relPath === NAME ? inProject : anywhere;
  return { role: 'main', nativeId: null, key: 'main', encoding: 'plain', container };
}

function slashOf(host: Host): string {
  return host.platform === 'win32' ? '\\' : '/';
}

/** The folder of the file that the variable names by an absolute path; a relative one is looked for in each project. */
function movedTo(host: Host): string[] {
  const [, folder] = /^((?:[A-Za-z]:[\\/]|[\\/]).*?)[\\/]*[^\\/]+$/s.exec(host.env[VARIABLE] ?? '') ?? [];
  return folder === undefined ? [] : [folder];
}

const placeOf = (nativeId: string) => `aider/${nativeId}.md`;

export const aider: AgentFormat = {
  id: agentId('aider'),
  name: 'Aider',
  proof: 'recordings',
  growth: 'append',
  variables: [VARIABLE],
  // Outside a repository it writes where it was started.
  roots: (host) => [...movedTo(host), host.homeDir],
  rootOf: (path) => {
    const [, root] = /^(.*)[\\/]\.aider\.chat\.history\.md$/s.exec(path) ?? [];
    return root === '' ? '/' : (root ?? null);
  },
  folders: [],
  flatFolders: [''],
  looksAt: (fileName, host) =>
    fileName === NAME || fileName === (host.env[VARIABLE] ?? '').split(slashOf(host)).at(-1),
  projectRoot: (project) => project,
  places: PLACES,
  classify,
  skipsFolder: () => false,
  peek: (head) => {
    const id = firstChat(head);
    return id === null ? null : peekOf(id, head, null);
  },
  // Every file of its kind is a container, which `classify` knows.
  looseName: () => null,
  relPathOf: ({ nativeId }) => (nativeId === null ? null : placeOf(nativeId)),
  reader: (sink) => new AiderReader(sink),
  restorePath: ({ nativeId }) => placeOf(nativeId),
  resume: ({ project }) => ({
    cwd: project,
    argv: ['aider', '--restore-chat-history'],
    needs:
      'Aider cannot open one chat of many: this reads back all chats of the history file in that folder. To go on with this one alone, add --chat-history-file and the restored file.',
  }),
  cannotPutBack: 'Aider keeps all chats of a folder in one history file, which is never written to.',
  retention: null,
};

function firstChat(head: Uint8Array): string | null {
  for (const line of linesOf(head)) {
    const id = chatStart(line);
    if (id !== null) return id;
  }
  return null;
}
