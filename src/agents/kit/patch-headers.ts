/** The patches that several agents let a model write, each with the files it names in headers of its own. Promises: pure. */

const HEADER = /^\*\*\* (Add File|Update File|Delete File|Move to): ([^\n\r]{1,4096})/gm;
const MAKES: ReadonlySet<string> = new Set(['Add File', 'Move to']);

export interface PatchedFile {
  readonly path: string;
  /** Made by the patch: added, or the new name of one that was moved. */
  readonly isNew: boolean;
}

export function filesOfPatch(patch: string): readonly PatchedFile[] {
  return [...patch.matchAll(HEADER)].map(([, does = '', path = '']) => ({
    path: path.trim(),
    isNew: MAKES.has(does),
  }));
}
