/**
 * File names that are not UTF-8, as text and back; names for what is no file.
 * Promises: every name of a POSIX file system has one text, and that text leads back to the very file; a name in UTF-8
 * is its own text. So no transcript is left out for its name.
 * Source of the mapping: OPTU-8 of MirBSD: a byte that is no part of UTF-8 becomes U+EF00 + byte, in the private use area.
 */
import { isUtf8 } from 'node:buffer';
import { existsSync, lstatSync, readdirSync, realpathSync } from 'node:fs';
import { awayMount } from './mounts.ts';
import { onDisk, STANDS_FOR_BYTE } from './on-disk.ts';

export { onDisk } from './on-disk.ts';

/** What a decoder puts for a byte it cannot read; it may stand in a name of its own accord. */
const UNREADABLE = '\ufffd';

/** The names in a folder, in the order of their text. */
export function namesIn(folder: string): string[] {
  const names = readdirSync(onDisk(folder), { encoding: 'utf8' });
  // Looked at together: each by itself is seen in a folder of thousands.
  const all = names.join('');
  const isPlain = !all.includes(UNREADABLE) && !STANDS_FOR_BYTE.test(all);
  return (isPlain ? names : readdirSync(onDisk(folder), { encoding: 'buffer' }).map(textOf)).sort();
}

/** The beginning of a name that has no more bytes on disk than that; no sign of it is cut in two. */
export function cutName(name: string, bytesMax: number): string {
  let cut = '';
  let bytes = 0;
  for (const sign of name) {
    bytes += Buffer.byteLength(onDisk(sign));
    if (bytes > bytesMax) break;
    cut += sign;
  }
  return cut;
}

/** Where a path really leads, all links followed. */
export function realPathOf(path: string): string {
  const real = realpathSync(onDisk(path), { encoding: 'utf8' });
  if (!real.includes(UNREADABLE) && !STANDS_FOR_BYTE.test(real)) return real;
  return textOf(realpathSync(onDisk(path), { encoding: 'buffer' }));
}

/** A character that stands for a byte, where it is a name's own, is told by its bytes: both ways stay clear. */
function textOf(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = charBytes(bytes[at] ?? 0);
    const char = bytes.subarray(at, at + length);
    const decoded = char.length === length && isUtf8(char) ? char.toString('utf8') : null;
    if (decoded === null || STANDS_FOR_BYTE.test(decoded)) {
      text += String.fromCharCode(0xef00 + (bytes[at] ?? 0));
      at += 1;
    } else {
      text += decoded;
      at += length;
    }
  }
  return text;
}

/** How many bytes of UTF-8 a character has that begins so. */
function charBytes(first: number): number {
  if (first < 0xc0) return 1;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/** A name for a session in a container, unique among paths: the container's, a `#`, the session's id. */
export function containedPath(container: string, nativeId: string): string {
  if (nativeId.length <= ID_CHARS_MAX) return `${container}#${encodeURIComponent(nativeId.toWellFormed())}`;
  return `${container}#long-${new Bun.CryptoHasher('sha256').update(nativeId).digest('hex')}`;
}

/** A longer id is a forged one, and is not kept as a path. */
const ID_CHARS_MAX = 1024;

/**
 * The file that a path of the store stands for: itself, or the container of a session in one. On a mount that may never
 * answer that is told by the form alone.
 */
export function fileOfPath(path: string): string {
  const at = path.lastIndexOf('#');
  if (at < 0) return path;
  // An id in such a name is encoded: it holds no slash.
  if (awayMount(path) !== null) return path.includes('/', at) ? path : path.slice(0, at);
  return lstatSync(onDisk(path), { throwIfNoEntry: false }) !== undefined ? path : path.slice(0, at);
}

/** Whether the file that a path of the store stands for is there. One on a mount that may not answer counts as there: nobody can tell. */
export function mayBeThere(path: string): boolean {
  return awayMount(path) !== null || existsSync(onDisk(fileOfPath(path)));
}

/** Where a path really leads; null where it leads nowhere, or nobody may look. It may wait for a mount that does not answer. */
export function realPathIfThere(path: string): string | null {
  try {
    return realPathOf(path);
  } catch (thrown) {
    // To look takes a descriptor: without one nothing is known of the path, and "nothing is there" would be a lie.
    if (thrown instanceof Error && 'code' in thrown && (thrown.code === 'EMFILE' || thrown.code === 'ENFILE'))
      throw thrown;
    return null;
  }
}
