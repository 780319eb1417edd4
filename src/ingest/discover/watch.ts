/**
 * Follows folders with the system's watch.
 * Promises: a folder that is not there yet, or was removed and made again, is followed as soon as it is there; what the
 * system cannot watch is said once, and left to whoever looks from time to time.
 */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { messageOf } from '../../domain/errors.ts';

/** How often is looked whether a folder came or went. One `stat` each. */
const REARM_MS = 5_000;

export interface FolderWatch {
  close(): void;
}

export interface WatchedFolder {
  readonly path: string;
  /** False: only what lies in it, not what lies below that. */
  readonly recursive: boolean;
  /** Which names in it matter; absent: all. */
  readonly wants?: (name: string) => boolean;
}

/** `onChange` may come often, and comes for anything in the folders. */
export function watchFolders(
  folders: readonly WatchedFolder[],
  onChange: () => void,
  onTrouble: (message: string) => void,
): FolderWatch {
  const watches = folders.map((folder) => new OneFolder(folder, onChange, onTrouble));
  for (const one of watches) one.arm(false);
  const timer = setInterval(() => {
    for (const one of watches) one.arm(true);
  }, REARM_MS);
  return {
    close: () => {
      clearInterval(timer);
      for (const one of watches) one.close();
    },
  };
}

class OneFolder {
  readonly #folder: string;
  readonly #recursive: boolean;
  readonly #wants: (name: string) => boolean;
  readonly #onChange: () => void;
  readonly #onTrouble: (message: string) => void;
  #watcher: FSWatcher | null = null;
  /** Device and inode of the folder that is followed: one removed and made again is another. */
  #identity: string | null = null;
  #hasFailed = false;

  constructor(folder: WatchedFolder, onChange: () => void, onTrouble: (message: string) => void) {
    this.#folder = folder.path;
    this.#recursive = folder.recursive;
    this.#wants = folder.wants ?? (() => true);
    this.#onChange = onChange;
    this.#onTrouble = onTrouble;
  }

  /** `isLater`: what is found by now came after the first look, and is a change. */
  arm(isLater: boolean): void {
    const identity = identityOf(this.#folder);
    if (identity === this.#identity || this.#hasFailed) return;
    this.close();
    this.#identity = identity;
    if (identity === null) return;
    try {
      this.#watcher = watch(
        this.#folder,
        { recursive: this.#recursive, persistent: false },
        // A system that does not say what changed may mean any of it.
        (_, name) => (name === null || this.#wants(name) ? this.#onChange() : undefined),
      );
      this.#watcher.on('error', (error) => this.#failed(error));
    } catch (thrown) {
      this.#failed(thrown);
    }
    if (isLater) this.#onChange();
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  #failed(thrown: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.close();
    this.#onTrouble(
      `cannot watch ${this.#folder} (${messageOf(thrown)}); it is looked at every 10 s instead`,
    );
  }
}

/** Null for what is no folder, and for what can be no path: one of them must not keep all others from being watched. */
function identityOf(folder: string): string | null {
  try {
    const stats = statSync(folder, { throwIfNoEntry: false });
    return stats?.isDirectory() === true ? `${stats.dev} ${stats.ino}` : null;
  } catch {
    return null;
  }
}
