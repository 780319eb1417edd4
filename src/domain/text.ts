/**
 * Text from transcripts, made harmless for a terminal.
 * Promises: what `plainLine` returns has no control character, escape sequence, bidi control or line break.
 * No kept library does this: strip-ansi leaves C1 and a lone ESC, Bun.stripANSI drops what follows an unterminated OSC.
 */

/** CSI, OSC/DCS/APC/PM/SOS with their terminator where there is one, and two-byte escapes; 7- and 8-bit forms. */
const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]/g;
/** C0, DEL, C1, bidi marks and isolates, zero-width joiners that hide text, line separators, BOM, tag characters. */
const INERT =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Nothing that could be acted on: most text is so, and one look is a third of four. */
const HARMLESS = /^[\t\n\x20-\x7e]*$/;

/** Text of several lines with everything that a terminal would act on removed; newlines and tabs stay. */
export function plainText(text: string): string {
  if (HARMLESS.test(text)) return text;
  return text
    .replaceAll('\r\n', '\n')
    .replace(ESCAPES, '')
    .replace(INERT, '')
    .replace(LONE_SURROGATE, '\ufffd');
}

/** The same on one line: runs of white space become one blank. */
export function plainLine(text: string): string {
  return plainText(text.replaceAll('\r', ' ').replace(/[\u2028\u2029]/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();
}

/** At most `charsMax` characters (code points), the cut marked with `…`. */
export function cutText(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const kept = [...text.slice(0, charsMax * 2)];
  return kept.length <= charsMax && text.length <= charsMax * 2
    ? text
    : `${kept.slice(0, Math.max(0, charsMax - 1)).join('')}…`;
}

/**
 * Where a path of a machine begins: of a Unix, of Windows with its drive or its share, of a home folder, or behind `file:`. A slash
 * within a word or between two of them, and that of an address, begins none.
 */
const PATH_BEGINS = /(?<![\w./\\~-])(?:~?\/(?![\s/])|~\\|[A-Za-z]:[\\/]|\\\\(?=[\w?.])|file:\/)/i;

/** A sentence up to the first path of a machine in it, for those who should not read where things lie there. A path may hold blanks, so nobody can tell its end. */
export function withoutPaths(text: string): string {
  const at = text.search(PATH_BEGINS);
  return at < 0 ? text : `${text.slice(0, at)}…`;
}
