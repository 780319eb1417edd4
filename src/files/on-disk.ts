/** A path as text, as the file system takes it: `file-names.ts` says what its text means. */

const FIRST = 0xef80;
const LAST = 0xefff;
/** A character that stands for a byte of a name that is not UTF-8. */
export const STANDS_FOR_BYTE = /[\uef80-\uefff]/;

/** A path as the file system takes it. */
export function onDisk(path: string): string | Buffer {
  if (!STANDS_FOR_BYTE.test(path)) return path;
  const parts = path.split(/([\uef80-\uefff])/).map((part) => {
    const code = part.charCodeAt(0);
    return part.length === 1 && code >= FIRST && code <= LAST
      ? Buffer.from([code & 0xff])
      : Buffer.from(part);
  });
  return Buffer.concat(parts);
}
