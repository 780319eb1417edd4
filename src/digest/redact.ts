/**
 * Takes secrets out of what is kept for good; the raw tier stays exact.
 * Promises: every text of a digest is looked at, whole, before anything is cut; of what is cut, a secret at the cut goes as a whole;
 * the same texts give the same result; linear in the text.
 * Never: looks anything up, or loads the rules before there is something to redact.
 */
import type { Digest } from '../domain/digest.ts';
import { cutAt } from './keep.ts';
import type { Finding } from './secrets/rules.ts';
import { GOES_ON, isPlaceholder, isWord, looksSecret, withoutEnd } from './secrets/values.ts';
import { type Cut, mapTexts } from './strings.ts';

/** Texts are joined to be looked at together: pieces that stay in the processor's cache are twice as fast. */
const PIECE_CHARS = 64 * 1024;
/** A shorter secret is looked for only where it was found: it may be a word elsewhere. */
const KNOWN_CHARS_MIN = 8;
const KNOWN_MAX = 256;

export interface Redacted {
  readonly text: string;
  /** Secrets that were replaced. */
  readonly count: number;
}

/** The digest with each secret replaced by `[redacted: KIND]`, its texts cut, and their number added to `redacted`. */
export async function redactDigest(digest: Digest): Promise<Digest> {
  const texts = new Set<string>();
  // What stands at an earlier cut is no end: a word there may be the beginning of a longer one.
  const looked = (text: string, goesOn: boolean) => (goesOn ? text + GOES_ON : text);
  mapTexts(digest, (text, _, __, goesOn) => {
    texts.add(looked(text, goesOn));
    return text;
  });
  const found = await findIn([...texts]);
  let redacted = digest.redacted;
  const clean = mapTexts(digest, (text, charsMax, cut, goesOn) => {
    const own = replaced(text, found.get(looked(text, goesOn)) ?? [], charsMax, cut);
    redacted += own.count;
    return own.text;
  });
  return { ...clean, redacted };
}

/** One text, redacted, and cut: what is shown of it are its first `charsMax` UTF-16 units. */
export async function redactText(text: string, charsMax = Number.POSITIVE_INFINITY): Promise<Redacted> {
  return (await redactTexts([{ text, charsMax }]))[0] ?? { text: '', count: 0 };
}

/** Where the secrets of a text are, in order, none in another: for who shows parts of it. */
export async function secretSpans(text: string): Promise<readonly Finding[]> {
  return (await findIn([text])).get(text) ?? [];
}

/** Texts that belong together, redacted and cut: what one of them shows to be a secret is none the less one in another. */
export async function redactTexts(
  texts: readonly { readonly text: string; readonly charsMax: number }[],
): Promise<readonly Redacted[]> {
  const found = await findIn([...new Set(texts.map(({ text }) => text))]);
  return texts.map(({ text, charsMax }) => replaced(text, found.get(text) ?? [], charsMax, 'marked'));
}

/** The secrets of each text that has some, in order, none in another. */
async function findIn(texts: readonly string[]): Promise<ReadonlyMap<string, readonly Finding[]>> {
  const { secretsOfEach } = await import('./secrets/secrets.ts');
  const found = new Map<string, readonly Finding[]>();
  for (const piece of piecesOf(texts.filter((text) => text.length >= 4)))
    for (const [place, findings] of (await secretsOfEach(piece)).entries()) {
      const text = piece[place] ?? '';
      const own = merged(text, findings);
      if (own.length > 0) found.set(text, own);
    }
  return withKnown(texts, found);
}

function* piecesOf(texts: readonly string[]): Iterable<readonly string[]> {
  let piece: string[] = [];
  let chars = 0;
  for (const text of texts) {
    piece.push(text);
    chars += text.length;
    if (chars < PIECE_CHARS) continue;
    yield piece;
    piece = [];
    chars = 0;
  }
  if (piece.length > 0) yield piece;
}

/** In order, those that overlap as one, each with what of it was broken over the next lines. */
function merged(text: string, findings: readonly Finding[]): readonly Finding[] {
  const sorted = findings
    .filter(({ start, end }) => end > start)
    .map((finding) => ({ ...finding, end: Math.max(finding.end, endOverLines(text, finding)) }))
    .sort((a, b) => a.start - b.start || b.end - a.end);
  const whole: Finding[] = [];
  for (const finding of sorted) {
    const last = whole.at(-1);
    if (last === undefined || finding.start >= last.end) whole.push(finding);
    else if (finding.end > last.end) whole[whole.length - 1] = { ...last, end: finding.end };
  }
  return whole;
}

/** The next line of a value that was broken: the mark of the break, then nothing but such characters to the line's end. */
const NEXT_LINE =
  /(?:\\\s{1,16}([A-Za-z0-9+/=_.-]{6,1024})(?=["'`\s\\]|$|\0)|["'`]?[ \t]{0,4}[+.]?[ \t]{0,4}\r?\n[ \t>|+#*-]{0,16}["'`]?([A-Za-z0-9+/=_.-]{6,1024})(?=["'`]?[ \t]{0,4}[\\;,)+.]?[ \t]{0,4}(?:\r?\n|$|\0)))/y;

function endOverLines(text: string, { start, end, runsOn }: Finding): number {
  if (!runsOn && end - start < 12) return end;
  let at = end;
  for (;;) {
    NEXT_LINE.lastIndex = at;
    const found = NEXT_LINE.exec(text);
    const line = found?.[1] ?? found?.[2];
    if (line === undefined || !isMoreOf(line)) return at;
    at = NEXT_LINE.lastIndex;
  }
}

function isMoreOf(line: string): boolean {
  return /\d/.test(line) && /[A-Za-z]/.test(line) && looksSecret(line) && !isPlaceholder(line);
}

/** What was found in one text is a secret in every other one: the name of a file, a word of an answer. */
function withKnown(
  texts: readonly string[],
  found: ReadonlyMap<string, readonly Finding[]>,
): ReadonlyMap<string, readonly Finding[]> {
  const known = new Map<string, string>();
  for (const [text, findings] of found)
    for (const { start, end, kind } of findings) {
      const value = withoutEnd(text.slice(start, end), `.,;:${GOES_ON}`);
      if (known.size >= KNOWN_MAX || value.length > 512 || !isDistinct(value)) continue;
      known.set(value, kind);
      // A title is on one line.
      if (/\s/.test(value)) known.set(value.replace(/\s+/g, ' '), kind);
    }
  if (known.size === 0) return found;
  const all = new Map(found);
  const anyOf = new RegExp(
    [...known.keys()]
      .sort((a, b) => b.length - a.length)
      .map((value) => value.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'))
      .join('|'),
    'g',
  );
  for (const text of texts) {
    const more = [...text.matchAll(anyOf)].map(({ index, 0: value }) => ({
      start: index,
      end: index + value.length,
      kind: known.get(value) ?? 'secret',
    }));
    if (more.length > 0) all.set(text, merged(text, [...(found.get(text) ?? []), ...more]));
  }
  return all;
}

function isDistinct(value: string): boolean {
  if (value.length < KNOWN_CHARS_MIN) return false;
  return /\s/.test(value)
    ? looksSecret(value.replace(/\s+/g, '')) && /\d/.test(value)
    : looksSecret(value) || isWord(value, 12);
}

/** The first `charsMax` of the text with its secrets replaced. One at the cut goes as a whole, and nothing behind it comes forward. */
function replaced(text: string, findings: readonly Finding[], charsMax: number, cut: Cut): Redacted {
  const isCut = text.length > charsMax;
  const shown = isCut ? cutAt(text, Math.max(0, charsMax - (cut === 'marked' ? 1 : 0))) : text;
  let clean = '';
  let at = 0;
  let count = 0;
  for (const { start, end, kind } of findings) {
    if (start >= shown.length) break;
    clean += `${text.slice(at, start)}[redacted: ${kind}]`;
    at = end;
    count++;
  }
  clean += shown.slice(at);
  return { text: isCut && cut === 'marked' ? `${clean}…` : clean, count };
}
