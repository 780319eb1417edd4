/**
 * Takes secrets out of a digest, which is kept for good; the raw tier stays exact.
 * Promises: every text of a digest is looked at, whole; the same text gives the same result; linear in the text.
 * Never: looks anything up, or loads its rules before there is something to redact.
 */
import type { Digest } from '../domain/digest.ts';
import { type Finding, loadLint } from './lint.ts';
import { isPlaceholder, looksSecret, SECRET_FORMS, type SecretForm } from './secrets.ts';
import { mapTexts } from './strings.ts';

/** secretlint reads its input some twenty times: pieces that stay in the processor's cache are twice as fast. */
const PIECE_CHARS = 64 * 1024;
/** Between two texts of a piece: no rule reads across a blank line with a NUL in it. */
const SEPARATOR = '\n\0\n';

/** The digest with each secret replaced by `[redacted: KIND]`, and their number added to `redacted`. */
export async function redactDigest(digest: Digest): Promise<Digest> {
  const texts = new Set<string>();
  mapTexts(digest, (text) => {
    if (text.length >= 8) texts.add(text);
    return text;
  });
  const changed = await redactTexts([...texts]);
  let redacted = digest.redacted;
  const clean = mapTexts(digest, (text) => {
    const found = changed.get(text);
    if (found === undefined) return text;
    redacted += found.count;
    return found.text;
  });
  return { ...clean, redacted };
}

/** One text, redacted. */
export async function redactText(text: string): Promise<{ readonly text: string; readonly count: number }> {
  return (await redactTexts([text])).get(text) ?? { text, count: 0 };
}

/** The texts that held secrets, and what they become. */
export async function redactTexts(
  texts: readonly string[],
): Promise<Map<string, { text: string; count: number }>> {
  const changed = new Map<string, { text: string; count: number }>();
  const forms = formsIn(texts);
  const cleaned = texts.map((text) => redactForms(text, forms));
  for (const [index, piece] of (await lintTexts(cleaned.map(({ text }) => text))).entries()) {
    const text = texts[index];
    const count = (cleaned[index]?.count ?? 0) + piece.count;
    if (text !== undefined && count > 0) changed.set(text, { text: piece.text, count });
  }
  return changed;
}

/** The forms of which some text holds a hint: a handful, asked once for all texts together. */
function formsIn(texts: readonly string[]): readonly SecretForm[] {
  const lower = texts.join('\n').toLowerCase();
  return SECRET_FORMS.filter((form) => form.hints.some((hint) => lower.includes(hint)));
}

/** Our own forms, one after the other: what one has replaced the next does not see. */
function redactForms(text: string, forms: readonly SecretForm[]): { text: string; count: number } {
  let current = text;
  let total = 0;
  const lower = text.toLowerCase();
  for (const form of forms) {
    if (!form.hints.some((hint) => lower.includes(hint))) continue;
    const { text: next, count } = replaceSpans(current, spansOf(form, current));
    current = next;
    total += count;
  }
  return { text: current, count: total };
}

function spansOf(form: SecretForm, text: string): readonly Finding[] {
  const spans: Finding[] = [];
  for (const match of text.matchAll(form.pattern)) {
    const value = match[1] ?? match[0];
    if (isPlaceholder(value) || (form.loose && !isLikely(form, value))) continue;
    const start = match.index + match[0].lastIndexOf(value);
    spans.push({ start, end: start + value.length, kind: form.kind });
  }
  return spans;
}

function isLikely(form: SecretForm, value: string): boolean {
  if (form.kind === 'password in URL') return true;
  return looksSecret(value);
}

function replaceSpans(text: string, spans: readonly Finding[]): { text: string; count: number } {
  if (spans.length === 0) return { text, count: 0 };
  let clean = '';
  let at = 0;
  let count = 0;
  for (const span of spans) {
    if (span.start < at) continue;
    clean += `${text.slice(at, span.start)}[redacted: ${span.kind}]`;
    at = span.end;
    count++;
  }
  return { text: clean + text.slice(at), count };
}

/** secretlint's rules over all texts, joined into pieces; a finding is put back into the text it lies in. */
async function lintTexts(texts: readonly string[]): Promise<readonly { text: string; count: number }[]> {
  const results = texts.map((text) => ({ text, count: 0 }));
  const lint = await loadLint();
  let piece: number[] = [];
  let chars = 0;
  const run = async () => {
    const content = piece.map((index) => texts[index] ?? '').join(SEPARATOR);
    const spans = (await lint(content)).filter(({ start, end }) => !isPlaceholder(content.slice(start, end)));
    let start = 0;
    for (const index of piece) {
      const text = texts[index] ?? '';
      const result = results[index];
      const own = spansWithin(spans, start, start + text.length);
      if (result !== undefined && own.length > 0) Object.assign(result, replaceSpans(text, own));
      start += text.length + SEPARATOR.length;
    }
    piece = [];
    chars = 0;
  };
  for (const [index, text] of texts.entries()) {
    piece.push(index);
    chars += text.length;
    if (chars >= PIECE_CHARS) await run();
  }
  if (piece.length > 0) await run();
  return results;
}

function spansWithin(spans: readonly Finding[], start: number, end: number): readonly Finding[] {
  return spans
    .filter((span) => span.start < end && span.end > start)
    .map((span) => ({
      ...span,
      start: Math.max(span.start, start) - start,
      end: Math.min(span.end, end) - start,
    }));
}
