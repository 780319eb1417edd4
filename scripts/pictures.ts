/**
 * Draws the pictures in the README and in `docs/` from the screens' golden states: `bun run pictures` writes scripts/pictures/*.svg.
 * Promises: the same bytes each time; every run of text is held to the grid of cells, whatever font the reader has.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { frame } from '../src/tui/frames/frame.ts';
import { type Span, type Tone, widthOf } from '../src/tui/paint.ts';
import type { Size } from '../src/tui/state.ts';
import { stateOf } from '../test/tui/states.ts';

export const FOLDER = join(import.meta.dir, 'pictures');
const SIZE: Size = { columns: 80, rows: 24 };
/** Of a font of 14 pixels: most monospaced ones take about 0.6 of their height. */
const CELL = { width: 8.4, height: 19, baseline: 14 };
const MARGIN = 14;

const SCREENS = [
  { file: 'dashboard', state: 'dashboard', title: 'The dashboard: both tiers against their caps' },
  { file: 'wizard', state: 'sweep-pinned', title: 'A sweep, at its first pass: who would go, and why' },
  {
    file: 'data-loss',
    state: 'loss-typed',
    title: 'The last resort: what would be lost, and the phrase to type',
  },
  { file: 'sessions', state: 'sessions-marked', title: 'All sessions: some marked, one of them told of' },
  { file: 'reader', state: 'reader-plain', title: 'A transcript as a conversation, its tool calls unfolded' },
] as const;

type Palette = Readonly<Record<Exclude<Tone, 'cursor'> | 'back', string>>;

/** Each at least 4.5 to 1 against its background. */
const PALETTES: Readonly<Record<'light' | 'dark', Palette>> = {
  light: {
    back: '#ffffff',
    plain: '#1f2328',
    title: '#1f2328',
    dim: '#59636e',
    warn: '#8a5a00',
    danger: '#b3202a',
    good: '#1a7f37',
    key: '#1f2328',
  },
  dark: {
    back: '#0d1117',
    plain: '#e6edf3',
    title: '#ffffff',
    dim: '#9198a1',
    warn: '#d29922',
    danger: '#ff7b72',
    good: '#3fb950',
    key: '#ffffff',
  },
};

/** Every picture by its file name. */
export function pictures(): Map<string, string> {
  return new Map(
    SCREENS.flatMap(({ file, state, title }) =>
      (['light', 'dark'] as const).map((look): [string, string] => [
        `${file}-${look}.svg`,
        picture(frame(stateOf(state, SIZE), { unicode: true }), title, PALETTES[look]),
      ]),
    ),
  );
}

function picture(lines: readonly (readonly Span[])[], title: string, palette: Palette): string {
  const width = Math.ceil(SIZE.columns * CELL.width + 2 * MARGIN);
  const height = SIZE.rows * CELL.height + 2 * MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${palette.back}" stroke="${palette.dim}" stroke-opacity="0.4"/>`,
    `<g font-family="ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`,
    ...lines.flatMap((line, row) => drawnLine(line, row, palette)),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function drawnLine(line: readonly Span[], row: number, palette: Palette): string[] {
  const drawn: string[] = [];
  let column = 0;
  for (const { text, tone } of line) {
    drawn.push(...drawnSpan(text, tone, column, row, palette));
    column += widthOf(text);
  }
  return drawn;
}

/** Words that one blank parts stay together; every such run begins at its own cell and is as long as its cells. */
function drawnSpan(text: string, tone: Tone, column: number, row: number, palette: Palette): string[] {
  const isCursor = tone === 'cursor';
  const top = MARGIN + row * CELL.height;
  const fill = isCursor ? palette.back : palette[tone];
  const weight = tone === 'title' || tone === 'danger' || tone === 'key' ? ' font-weight="bold"' : '';
  const back = `<rect x="${at(column)}" y="${top}" width="${cells(widthOf(text))}" height="${CELL.height}" fill="${palette.plain}"/>`;
  const runs = [...text.matchAll(/\S+(?: \S+)*/g)].map((run) => {
    const x = at(column + widthOf(text.slice(0, run.index)));
    const length = cells(widthOf(run[0]));
    return `<text xml:space="preserve" x="${x}" y="${top + CELL.baseline}" textLength="${length}" lengthAdjust="spacingAndGlyphs" fill="${fill}"${weight}>${escaped(run[0])}</text>`;
  });
  return isCursor ? [back, ...runs] : runs;
}

function at(column: number): string {
  return (MARGIN + column * CELL.width).toFixed(1);
}

function cells(count: number): string {
  return (count * CELL.width).toFixed(1);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

if (import.meta.main && process.argv.includes('--help'))
  console.log('bun run pictures\n\nDraws scripts/pictures/*.svg from the golden states of the screens.');
else if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, svg] of pictures()) writeFileSync(join(FOLDER, name), svg);
  console.log(`wrote ${pictures().size} pictures to scripts/pictures`);
}
