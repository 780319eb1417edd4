/**
 * Writes a session's files below one folder.
 * Promises: byte for byte, checked while written; nothing outside the folder, whatever ids and links say; never over a file
 * that differs unless told to, and then nothing goes that is nowhere else; a fresh time, so that the agent's own clean-up spares
 * what was restored.
 */

import { type BigIntStats, lstatSync, lutimesSync, mkdirSync, readlinkSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { FailureError, fail, messageOf } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import { namesIn, onDisk, realPathIfThere } from '../files/file-names.ts';
import { inFolder, linkToNowhere, makeFolders, realPathToBe } from '../files/held-folder.ts';
import { foldersAt } from '../files/walk.ts';
import { liesWithin, type RealFolder, realFoldersOf } from '../files/within.ts';
import type { Cutting } from '../ingest/content/records.ts';
import type { Chunk } from '../store/segments.ts';
import { type Further, heldAt, type PresentFile } from './present-file.ts';
import {
  appendLines,
  cannotWrite,
  flushFolder,
  flushFolderSoon,
  heldAside,
  inLanes,
  MARK,
  moveToFree,
  removeTemporary,
  translated,
  writeNew,
} from './write-files.ts';

/** What a file would be restored over. `there`: it is there, with more than is stored or written anew, and is left as it is. */
export type RestorePlace = 'free' | 'same' | 'there' | 'replace';

/** A place, and what the file there has beyond what is stored; null where it has nothing, or is another one. */
export interface PlaceLook {
  readonly place: RestorePlace;
  readonly further: Further | null;
  /** Size, mtime and inode of what was looked at; null where nothing is there. */
  readonly stat: string | null;
}

/** What has become of a place. `stat`: what the file must be still to be known as what was written; null: not known. */
export interface Put {
  readonly stat: string | null;
  /** Where what was replaced stays, because it is nowhere else; null: nothing stays. */
  readonly aside: string | null;
}

/** A file that is written whole beside its place and checked before it is moved there. */
export interface Staged {
  readonly path: string;
  readonly temporary: string;
  readonly place: RestorePlace;
  /** Where the folder of both really led when it was found to be within the root. */
  readonly realFolder: string;
}

export class RestoreTree {
  readonly #root: string;
  readonly #force: boolean;
  readonly #folders: readonly string[];
  /**
   * The root and the agent's folders in it with all links followed, from when the root was first there: one that comes to lead
   * elsewhere is another one. Null: it is not there yet.
   */
  #real: readonly RealFolder[] | null = null;
  /** By folder, what was begun in it by a restore that was killed: it is read once, however many files go there. */
  readonly #leftovers = new Map<string, string[]>();
  /** Folders in which a name has changed and is not known to be on the disk. */
  readonly #changed = new Set<string>();
  /** By place, the real folder that it was judged by. */
  readonly #judged = new Map<string, string>();

  /** `folders`: those of the agent in its root, which may be links as the root may; none in a folder of the user's. */
  constructor(root: string, force: boolean, folders: readonly string[] = []) {
    this.#root = resolve(root);
    this.#force = force;
    this.#folders = folders;
  }

  /**
   * The absolute place of a relative path, which must lie inside the root, also through links that exist; the root and the agent's folders
   * in it may be links themselves. `obstacleAt`: why it may not lie where links lead it, relative to the root; the place is refused for
   * it, and written later in no other folder.
   */
  place(relPath: string, obstacleAt: (ledTo: string) => string | null = () => null): string {
    const path = resolve(this.#root, relPath);
    if (path === this.#root || !liesWithin(path, [this.#root]) || relPath.includes('\0'))
      throw this.#refusal(relPath);
    const { real, missing } = realPathToBe(dirname(path));
    if (missing.length > 0) refuseNowhere(dirname(path));
    const within = this.#realFolders() ?? [{ folder: '', real: whole(realPathToBe(this.#root)) }];
    const folder = whole({ real, missing });
    const led = within
      .filter(({ real }) => liesWithin(folder, [real]))
      .map((one) => ledTo(one, folder, path));
    if (led.length === 0) throw this.#refusal(path);
    // By each way that leads there: the agent's folder may be a link to another disk, but not to one that the agent obeys.
    for (const each of led) {
      const obstacle = each === relPath ? null : obstacleAt(each);
      if (obstacle !== null)
        throw fail(
          'failed',
          `a link leads ${path} to ${each}: ${obstacle}`,
          'Look at the link, or give --to DIR.',
        );
    }
    this.#judged.set(path, folder);
    return path;
  }

  #realFolders(): readonly RealFolder[] | null {
    if (this.#real !== null) return this.#real;
    const folders = this.#folders.flatMap((pattern) => foldersAt(this.#root, pattern));
    const real = realFoldersOf(this.#root, folders);
    if (real.length > 0) this.#real = real;
    return this.#real;
  }

  #refusal(path: string): FailureError {
    return fail(
      'failed',
      `refused to write outside ${this.#root}: ${path}`,
      'Give --to DIR with a folder of your own.',
    );
  }

  /** Where the folder of `path` really leads; null where it is not there. Throws where it, or the nearest above it that is, leads out of the root. */
  #realFolder(path: string): string | null {
    const within = this.#realFolders()?.map(({ real }) => real);
    if (within === undefined) return null;
    const folder = dirname(path);
    for (let parent = folder; ; parent = dirname(parent)) {
      const real = realPathIfThere(parent);
      if (real === null) continue;
      if (liesWithin(real, within)) return parent === folder ? real : null;
      throw this.#refusal(path);
    }
  }

  /**
   * What is at `path`: nothing, these very bytes, all of them and more, or, only where forced, something else. A different file is
   * refused. `cutting`: how what it says is told; null where only bytes count.
   */
  check(
    path: string,
    chunks: Iterable<Uint8Array>,
    rawBytes: number,
    cutting: Cutting | null = null,
  ): PlaceLook {
    const stats = lstatSync(onDisk(path), { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) return { place: 'free', further: null, stat: null };
    const stat = statText(stats);
    if (!stats.isFile())
      throw fail('exists', `${path} is there and is no regular file`, 'Move it away first.');
    const held = this.#held(path, chunks, rawBytes, cutting);
    if (held.kind === 'same') return { place: 'same', further: null, stat };
    if (held.kind === 'there') return { place: 'there', further: held.further, stat };
    if (this.#force) return { place: 'replace', further: null, stat };
    throw fail(
      'exists',
      `${path} is there and ${held.kind === 'less' ? 'has only the beginning of what is stored' : 'differs'}`,
      'Add --force to replace it: what is there is stored first, or put beside. Or give --to DIR.',
    );
  }

  #held(path: string, chunks: Iterable<Uint8Array>, rawBytes: number, cutting: Cutting | null): PresentFile {
    try {
      return heldAt(path, chunks, rawBytes, cutting);
    } catch (thrown) {
      if (thrown instanceof FailureError) throw thrown;
      throw fail('io', `cannot read ${path}: ${messageOf(thrown)}`, 'Move it away, or give --to DIR.');
    }
  }

  /**
   * A file that is already right is left, since its agent may have it open, and only made fresh. `seen`: how it was when it was
   * looked at; one that has changed since is not known.
   */
  touch(path: string, seen: string | null): Put {
    const now = new Date();
    let stat: string | null = null;
    translated(path, () => {
      const folder = this.#judgedFolder(path, this.#realFolder(path));
      // A restore that was killed once the file had its name may have left the other one.
      this.#removeLeftovers(folder, dirname(path), beginningOf(path));
      inFolder(folder, (at) => {
        const place = onDisk(join(at, basename(path)));
        const before = lstatSync(place, { bigint: true });
        lutimesSync(place, now, now);
        const after = lstatSync(place, { bigint: true });
        const isAsSeen = statText(before) === seen && after.mtimeMs === BigInt(now.getTime());
        stat = isAsSeen && after.size === before.size ? statText(after) : null;
      });
    });
    this.#judged.delete(path);
    return { stat, aside: null };
  }

  /**
   * Writes a temporary file beside the place. Nothing is at the place yet, and its bytes need not be on the disk: flush
   * them, then `move` it. `sha256`: hex, null where not known.
   */
  stage(path: string, chunks: Iterable<Chunk>, sha256: string | null, place: RestorePlace): Staged {
    const staged = this.begin(path, place);
    return this.#dropOnFailure(staged, () => {
      const written = inFolder(staged.realFolder, (at) =>
        writeNew(join(at, basename(staged.temporary)), chunks),
      );
      if (written === sha256 || sha256 === null) return;
      throw fail(
        'corrupt',
        `${path} would not have the hash that was recorded; it was not written`,
        'Run `session-memory verify`.',
      );
    });
  }

  /** Names a temporary file that is not there yet, and makes its folder ready. Who writes it later looks at the folder again. */
  begin(path: string, place: RestorePlace): Staged {
    const begins = beginningOf(path);
    const temporary = join(dirname(path), `${begins}${crypto.randomUUID().slice(0, 8)}`);
    let realFolder = '';
    translated(path, () => {
      realFolder = this.#readyFolder(path, begins);
    });
    return { path, temporary, place, realFolder };
  }

  /** The folder of `path`, inside the root, made where it is not there, without what a killed restore of this file left. */
  #readyFolder(path: string, begins: string): string {
    const folder = dirname(path);
    // A folder may have become a link since its place was checked: it is looked at again before and after each step.
    const there = this.#realFolder(path);
    const real = this.#judgedFolder(path, there ?? this.#made(path));
    // One that is still at it fails loudly, with nothing written.
    this.#removeLeftovers(real, folder, begins);
    return real;
  }

  /** The folder that a place was judged by, which must be the one it has now. */
  #judgedFolder(path: string, real: string | null): string {
    const judged = this.#judged.get(path) ?? real;
    if (real !== null && real === judged) return real;
    throw fail(
      'failed',
      `the folder of ${path} has become a link, or another one, meanwhile; nothing was written`,
      'See who changes it, then try again.',
    );
  }

  /** Makes the folder of a place, where it was judged to be, and returns its real path. */
  #made(path: string): string {
    const folder = dirname(path);
    if (this.#real === null) {
      const first = mkdirSync(onDisk(this.#root), { recursive: true, mode: 0o700 });
      if (first !== undefined) this.#noteMade(this.#root, dirname(first));
    }
    const { real, missing } = realPathToBe(folder);
    this.#judgedFolder(path, whole({ real, missing }));
    const made = makeFolders(real, missing);
    if (missing.length > 0) this.#noteMade(folder, join(folder, ...missing.map(() => '..')));
    return made;
  }

  #removeLeftovers(realFolder: string, folder: string, begins: string): void {
    const names = this.#leftoversIn(folder).filter((name) => name.startsWith(begins));
    if (names.length === 0) return;
    inFolder(realFolder, (at) => {
      for (const name of names) removeTemporary(join(at, name));
    });
  }

  #leftoversIn(folder: string): string[] {
    let leftovers = this.#leftovers.get(folder);
    if (leftovers === undefined) {
      leftovers = namesIn(folder).filter((name) => name.includes(MARK));
      this.#leftovers.set(folder, leftovers);
    }
    return leftovers;
  }

  /** `folder` and all above it up to `upTo`, which was there. */
  #noteMade(folder: string, upTo: string): void {
    for (let made = folder; made.length > upTo.length; ) {
      made = dirname(made);
      this.#changed.add(made);
    }
  }

  /**
   * Puts a staged file in its place. One that was `free` and is taken by now is left to whoever took it. What is to be replaced is
   * held aside by its own name first, whatever it has become meanwhile, and goes only where `isKept` says that all of it is
   * elsewhere. Returns where it stays; null where nothing does.
   */
  move(staged: Staged, isKept: (held: string) => boolean = () => false): Put {
    const { path, temporary, place, realFolder } = staged;
    let put: Put = { stat: null, aside: null };
    this.#dropOnFailure(staged, () => {
      this.#judgedFolder(path, this.#realFolder(path));
      inFolder(realFolder, (at) => {
        const stat = statText(lstatSync(onDisk(join(at, basename(temporary))), { bigint: true }));
        killPoint('restore.temporary-written');
        const held = place === 'replace' ? heldAside(join(at, basename(path))) : null;
        const aside = held === null ? null : join(dirname(path), basename(held));
        putInPlace({ at, temporary: basename(temporary), path, aside });
        killPoint('restore.renamed');
        put = { stat, aside };
      });
    });
    this.#judged.delete(path);
    this.#changed.add(dirname(path));
    const { aside } = put;
    if (aside === null || !isKept(aside)) return put;
    removeIn(realFolder, aside);
    killPoint('restore.replaced');
    return { ...put, aside: null };
  }

  /** Adds whole lines to a file of the agent's, at a place that was looked at. */
  append(path: string, lines: string): void {
    translated(path, () => {
      const folder = this.#judgedFolder(path, this.#realFolder(path));
      inFolder(folder, (at) => appendLines(join(at, basename(path)), lines));
    });
    this.#judged.delete(path);
    this.#changed.add(dirname(path));
  }

  /** Takes back what is not moved yet. */
  drop({ temporary, realFolder }: Staged): void {
    removeIn(realFolder, temporary);
  }

  /** The names of moved files, and of folders that were made for them, are on the disk afterwards. */
  flushNames(): void {
    for (const folder of this.#changed) translated(folder, () => flushFolder(folder));
    this.#changed.clear();
  }

  /** The same, several at a time on other threads. */
  async flushNamesSoon(): Promise<void> {
    await inLanes(this.#changed, async (folder) => {
      await flushFolderSoon(folder).catch((thrown) => {
        throw cannotWrite(folder, thrown);
      });
    });
    this.#changed.clear();
  }

  #dropOnFailure(staged: Staged, work: () => void): Staged {
    try {
      translated(staged.path, work);
      return staged;
    } catch (thrown) {
      this.drop(staged);
      throw thrown;
    }
  }
}

/** What it names may be on a disk that is away: a folder in the link's place would be in the way when that is back. */
function refuseNowhere(folder: string): void {
  const link = linkToNowhere(folder);
  if (link === null) return;
  throw fail(
    'failed',
    `${link} is a link that leads nowhere: ${readlinkSync(onDisk(link))} is not there`,
    'Bring back what it leads to (a disk that is away?), or remove the link; or give --to DIR.',
  );
}

/** The path from the root of a file that really lies in `folder`, below one of the real folders. */
function ledTo({ folder: from, real }: RealFolder, folder: string, path: string): string {
  return join(from, relative(real, folder), basename(path)).replaceAll(sep, '/');
}

function whole({ real, missing }: ReturnType<typeof realPathToBe>): string {
  return missing.length === 0 ? real : join(real, ...missing);
}

/** How the name of each temporary file of a file begins. */
function beginningOf(path: string): string {
  return `.${basename(path).slice(0, 60).toWellFormed()}${MARK}`;
}

/** In the form of `Source.stat`. */
function statText({ size, mtimeNs, ino }: BigIntStats): string {
  return `${size}:${mtimeNs}:${ino}`;
}

/** Where even that fails, of a folder that is another one by now, say, what failed first is what is to be told. */
function removeIn(realFolder: string, path: string): void {
  try {
    inFolder(realFolder, (at) => removeTemporary(join(at, basename(path))));
  } catch {
    // Its name says whose it is.
  }
}

/** All in the open folder `at`. `aside`: where what was there before is held; it goes back where nothing can be put in its place. */
function putInPlace({
  at,
  temporary,
  path,
  aside,
}: {
  readonly at: string;
  readonly temporary: string;
  readonly path: string;
  readonly aside: string | null;
}): void {
  const place = join(at, basename(path));
  let isPut = false;
  try {
    isPut = moveToFree(join(at, temporary), place);
  } catch (thrown) {
    if (aside !== null) moveToFree(join(at, basename(aside)), place);
    throw thrown;
  }
  if (isPut) return;
  const where = aside === null ? '' : `; what was there before is in ${aside}`;
  throw fail(
    'exists',
    `${path} has come up meanwhile; it was left as it is${where}`,
    'Look at it, then try again.',
  );
}
