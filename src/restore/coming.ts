/**
 * Files of a restore whose bytes are on their way: each is written, without a name, into the folder where it goes or the nearest one above
 * that is there, and gets its name once all of them are whole.
 * Promises: until then nothing is made or changed that anybody can see, and a kill leaves nothing of it.
 */
import { basename, dirname, join } from 'node:path';
import { type FailureError, fail } from '../domain/errors.ts';
import { inFolder, realPathToBe } from '../files/held-folder.ts';
import { NamelessFile } from '../files/nameless.ts';
import { isNoRoom } from '../store/room.ts';
import type { StoredFile } from '../store/rows.ts';
import type { Staged } from './plan.ts';
import type { PlannedFile, Restoring } from './replaced-files.ts';
import { cannotWrite } from './write-files.ts';

/** All of them are open until the last one has come. */
const FILES_MOST = 64;

export class ComingFiles implements Disposable {
  readonly #files: ReadonlyMap<number, { readonly planned: PlannedFile; readonly nameless: NamelessFile }>;

  private constructor(files: ReadonlyMap<number, { planned: PlannedFile; nameless: NamelessFile }>) {
    this.#files = files;
  }

  /** Null where they cannot come so: there are too many, one is no log as it is, or the system has no files without a name. */
  static for(one: Restoring): ComingFiles | null {
    if (one.made !== null || one.files.length > FILES_MOST || !one.files.every(isPlain)) return null;
    const files = new Map<number, { planned: PlannedFile; nameless: NamelessFile }>();
    for (const planned of one.files) {
      const nameless = namelessFor(planned.path);
      if (nameless === null) {
        for (const made of files.values()) made.nameless[Symbol.dispose]();
        return null;
      }
      files.set(planned.file.fileId, { planned, nameless });
    }
    return new ComingFiles(files);
  }

  /** Writes bytes of a file's log; returns how they are read again, null where it is none of them. */
  write(file: StoredFile, logOffset: number, plain: Uint8Array): (() => Uint8Array) | null {
    const coming = this.#files.get(file.fileId);
    if (coming === undefined) return null;
    const { planned, nameless } = coming;
    const bytes = plain.length;
    try {
      nameless.write(plain, logOffset);
    } catch (thrown) {
      throw isNoRoom(thrown) ? noRoomAt(planned.path) : cannotWrite(planned.path, thrown);
    }
    return readingOf(nameless, logOffset, bytes);
  }

  /** All of them are on the disk afterwards. */
  async flushed(): Promise<void> {
    for (const { planned, nameless } of this.#files.values())
      await nameless.flushed().catch((thrown) => {
        throw cannotWrite(planned.path, thrown);
      });
  }

  /** Gives a file the name that was found for it beside its place; false where the system does not. */
  name({ file }: PlannedFile, { realFolder, temporary }: Staged): boolean {
    const nameless = this.#files.get(file.fileId)?.nameless;
    if (nameless === undefined) return false;
    return inFolder(realFolder, (at) => nameless.nameAs(join(at, basename(temporary))));
  }

  [Symbol.dispose](): void {
    for (const { nameless } of this.#files.values()) nameless[Symbol.dispose]();
  }
}

function noRoomAt(path: string): FailureError {
  return fail(
    'disk_full',
    `the disk is full: ${path} was not written`,
    'Free some space there, or give a folder on another disk as --to DIR.',
  );
}

/** Made apart: a function that is made where the bytes are would hold them. */
function readingOf(nameless: NamelessFile, at: number, bytes: number): () => Uint8Array {
  return () => nameless.read(at, bytes);
}

/** Nothing is at its place, and it is its log from the beginning to the end. */
function isPlain({ file, place, version }: PlannedFile): boolean {
  const { extents, rawBytes, logBytes } = file;
  const isLog = rawBytes === logBytes && (rawBytes === 0 || (extents.length === 1 && extents[0]?.[0] === 0));
  return place === 'free' && version === null && isLog;
}

/** The folder itself may not be there yet, and is made when all is whole. */
function namelessFor(path: string): NamelessFile | null {
  return NamelessFile.madeIn(realPathToBe(dirname(path)).real);
}
