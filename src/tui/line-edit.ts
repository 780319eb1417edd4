/** A line that is typed: the caret within it, and what keys make of both. Pure; counted in letters as a person sees them. */
import type { Action } from './keys.ts';
import { fit, type Span, span, tail, widthOf } from './paint.ts';

/** `fromEnd`: letters behind the caret; what is typed or erased in front of it leaves them alone. */
export interface TypedLine {
  readonly text: string;
  readonly fromEnd: number;
}

const SEGMENTS = new Intl.Segmenter('en', { granularity: 'grapheme' });

function lettersOf(text: string): string[] {
  return Array.from(SEGMENTS.segment(text), ({ segment }) => segment);
}

/** In front of the caret, and behind it. */
export function halves({ text, fromEnd }: TypedLine): readonly [before: string[], after: string[]] {
  const letters = lettersOf(text);
  const at = Math.max(0, letters.length - fromEnd);
  return [letters.slice(0, at), letters.slice(at)];
}

/** What a key makes of the line; null: it is none of an editor's. */
export function edited(line: TypedLine, action: Action): TypedLine | null {
  const [before, after] = halves(line);
  const kept = (left: readonly string[]): TypedLine => ({
    text: [...left, ...after].join(''),
    fromEnd: after.length,
  });
  const moved = (fromEnd: number): TypedLine => ({ text: line.text, fromEnd });
  switch (action) {
    case 'left':
      return moved(Math.min(before.length + after.length, after.length + 1));
    case 'right':
      return moved(Math.max(0, after.length - 1));
    case 'line_start':
      return moved(before.length + after.length);
    case 'line_end':
      return moved(0);
    case 'erase':
      return kept(before.slice(0, -1));
    case 'erase_word':
      return kept(lettersOf(before.join('').replace(/\S*\s*$/, '')));
    case 'erase_line':
      return kept([]);
    default:
      return null;
  }
}

/** Typed or pasted at the caret; what would be too long is cut off it, never off what is there. */
export function inserted(line: TypedLine, piece: string, unitsMax: number): TypedLine {
  const [before, after] = halves(line);
  const fits = piece.slice(0, Math.max(0, unitsMax - line.text.length));
  return { text: before.join('') + fits + after.join(''), fromEnd: after.length };
}

/** At most `cells` wide, the caret always in sight: a sign of its own, between the letters. */
export function typedSpans(line: TypedLine, cells: number): Span[] {
  const [before, after] = halves(line).map((letters) => letters.join('')) as [string, string];
  const room = Math.max(1, cells - 1);
  const behind = fit(after, Math.max(room - widthOf(before), Math.floor(room / 3)));
  const front = tail(before, room - widthOf(behind));
  return [span(front, 'title'), span('_', 'cursor'), ...(behind === '' ? [] : [span(behind, 'title')])];
}
