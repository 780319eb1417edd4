/** The keys. */
import { CONTEXTS, KEYS, type KeyContext } from '../keys.ts';
import { BLANK, fit, type Line, line, pad, span } from '../paint.ts';

/** Every key of every context, the one that was left first. */
export function helpFrame(left: KeyContext, top: number, cells: number, rows: number): Line[] {
  const others = (Object.keys(CONTEXTS) as KeyContext[]).filter(
    (context) => context !== left && context !== 'help',
  );
  const lines = [left, ...others].flatMap((context) => {
    const keys = KEYS.filter((key) => key.in.includes(context));
    return [
      line(span(CONTEXTS[context], 'title')),
      ...keys.map((key) => line(fit(`  ${pad(key.shown, 12)}${key.does}`, cells))),
      BLANK,
    ];
  });
  const start = Math.max(0, Math.min(top, lines.length - rows));
  return lines.slice(start, start + rows);
}
