/**
 * Takes secrets out of a digest, which is kept for good; the raw tier stays exact.
 * Promises: every text of a digest is looked at, whole; the same text gives the same result; linear in the text.
 * Never: looks anything up, or loads its rules before there is something to redact.
 */
import type { Digest } from '../domain/digest.ts';
import { isPlaceholder, looksSecret, SECRET_FORMS, type SecretForm } from './secrets.ts';
import { mapTexts } from './strings.ts';

/** secretlint reads its input some twenty times: pieces that stay in the processor's cache are twice as fast. */
const PIECE_CHARS = 64 * 1024;
/** Between two texts of a piece: no rule reads across a blank line with a NUL in it. */
const SEPARATOR = '\n\0\n';

interface Span {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
}

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
async function redactTexts(texts: readonly string[]): Promise<Map<string, { text: string; count: number }>> {
  const changed = new Map<string, { text: string; count: number }>();
  const cleaned = texts.map((text) => redactForms(text));
  for (const [index, piece] of (await lintTexts(cleaned.map(({ text }) => text))).entries()) {
    const text = texts[index];
    const count = (cleaned[index]?.count ?? 0) + piece.count;
    if (text !== undefined && count > 0) changed.set(text, { text: piece.text, count });
  }
  return changed;
}

/** Our own forms, one after the other: what one has replaced the next does not see. */
function redactForms(text: string): { text: string; count: number } {
  let current = text;
  let total = 0;
  const lower = text.toLowerCase();
  for (const form of SECRET_FORMS) {
    if (!form.hints.some((hint) => lower.includes(hint))) continue;
    const { text: next, count } = replaceSpans(current, spansOf(form, current));
    current = next;
    total += count;
  }
  return { text: current, count: total };
}

function spansOf(form: SecretForm, text: string): readonly Span[] {
  const spans: Span[] = [];
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

function replaceSpans(text: string, spans: readonly Span[]): { text: string; count: number } {
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
    const spans = await lint(piece.map((index) => texts[index] ?? '').join(SEPARATOR));
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

function spansWithin(spans: readonly Span[], start: number, end: number): readonly Span[] {
  return spans
    .filter((span) => span.start < end && span.end > start)
    .map((span) => ({
      ...span,
      start: Math.max(span.start, start) - start,
      end: Math.min(span.end, end) - start,
    }));
}

type Lint = (content: string) => Promise<readonly Span[]>;
let loaded: Promise<Lint> | null = null;

/** Loads the rules once: they cost a plain command 5 ms that it does not need. */
function loadLint(): Promise<Lint> {
  loaded ??= makeLint();
  return loaded;
}

async function makeLint(): Promise<Lint> {
  const [{ lintSource }, { creator }] = await Promise.all([
    import('@secretlint/core'),
    import('@secretlint/secretlint-rule-preset-recommend'),
  ]);
  const config = {
    rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator, options: {} }],
  };
  return async (content) => {
    const { messages } = await lintSource({
      source: { content, filePath: 'digest.txt', ext: '.txt', contentType: 'text' },
      options: { config, noPhysicFilePath: true, locale: 'en' },
    });
    return messages
      .map(({ range, ruleId }) => ({
        start: range[0],
        end: range[1],
        kind: ruleId.replace(/^.*secretlint-rule-/, ''),
      }))
      .filter(({ start, end }) => !isPlaceholder(content.slice(start, end)))
      .sort((a, b) => a.start - b.start || b.end - a.end);
  };
}
