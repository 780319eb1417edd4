/** What the dashboard shows, as one value, and its lines. Pure: a frame is a function of the view and the size. */
import type { Limits } from '../domain/limits.ts';
import { plainLine } from '../domain/text.ts';

export interface View {
  readonly limits: Limits;
  readonly tier1Bytes: number;
  readonly tier2Bytes: number;
  readonly analyzed: { readonly sessions: number; readonly bytes: number };
  readonly unanalyzed: { readonly sessions: number; readonly bytes: number };
  readonly pinned: number;
  readonly evicted: number;
  readonly agents: number;
  readonly next: readonly { readonly pass: string; readonly sessions: number; readonly bytes: number }[];
  readonly toAnalyze: number;
  readonly worstCaseLoss: number;
  readonly atRisk: readonly {
    readonly agent: string;
    readonly sessions: number;
    readonly notStored: number;
    readonly days: number;
  }[];
  /** `HH:MM`, UTC. */
  readonly clock: string;
}

export interface Frame {
  readonly columns: number;
  readonly rows: number;
  readonly unicode: boolean;
  readonly bytes: (count: number) => string;
  readonly footer: string;
}

export const SMALLEST = { columns: 60, rows: 16 } as const;

/** One line with how it is to be painted. */
export interface Line {
  readonly text: string;
  readonly style?: 'title' | 'dim' | 'warn';
}

/** The frame's lines, each at most `columns` wide, at most `rows` of them. */
export function lines(view: View, frame: Frame): Line[] {
  if (frame.columns < SMALLEST.columns || frame.rows < SMALLEST.rows) {
    return [
      {
        text: `This window is ${frame.columns}×${frame.rows}; session-memory needs ${SMALLEST.columns}×${SMALLEST.rows}.`,
      },
      { text: 'q quit' },
    ].map((line) => ({ text: line.text.slice(0, frame.columns) }));
  }
  const { bytes } = frame;
  const width = Math.min(frame.columns - 2, 120);
  const { rawSoftCapBytes: soft, rawHardCapBytes: hard, distilledCapBytes } = view.limits;
  const over =
    view.tier1Bytes > hard ? '  over the hard cap' : view.tier1Bytes > soft ? '  over the soft cap' : '';
  const body: (Line | null)[] = [
    {
      text: sides(
        'session-memory',
        `${view.agents} agent${view.agents === 1 ? '' : 's'} · ${view.clock} UTC`,
        width,
      ),
      style: 'title',
    },
    {
      text: sides('Tier 1 · raw transcripts', `${bytes(view.tier1Bytes)} of ${bytes(hard)}${over}`, width),
      ...(over === '' ? {} : { style: 'warn' as const }),
    },
    { text: gauge(view.tier1Bytes, hard, soft, width, frame.unicode) },
    { text: caption(soft, hard, width, bytes), style: 'dim' },
    {
      text: fit(
        `  analyzed ${count(view.analyzed, bytes)}   un-analyzed ${count(view.unanalyzed, bytes)}   pinned ${view.pinned}   evicted ${view.evicted}`,
        width,
      ),
    },
    {
      text: sides(
        'Tier 2 · digests',
        `${bytes(view.tier2Bytes)} of ${bytes(distilledCapBytes)}, alert only`,
        width,
      ),
      ...(view.tier2Bytes > distilledCapBytes ? { style: 'warn' as const } : {}),
    },
    { text: gauge(view.tier2Bytes, distilledCapBytes, distilledCapBytes, width, frame.unicode) },
    { text: fit(`Next sweep   ${nextSweep(view, bytes)}`, width) },
    ...(view.worstCaseLoss > 0
      ? [
          {
            text: fit(`             at worst ${view.worstCaseLoss} lost without a digest`, width),
            style: 'warn' as const,
          },
        ]
      : []),
    ...view.atRisk.map((risk) => ({
      text: fit(
        `At risk      ${risk.sessions} go within a week by ${plainLine(risk.agent)}'s own clean-up (${risk.days} days); ${risk.notStored} not stored yet`,
        width,
      ),
    })),
    view.agents === 0 ? { text: fit('Nothing is stored yet. Run `session-memory ingest`.', width) } : null,
  ];
  const shown = body.filter((line): line is Line => line !== null).slice(0, frame.rows - 2);
  const blanks = Array.from({ length: Math.max(0, frame.rows - 1 - shown.length) }, () => ({ text: '' }));
  return [...shown, ...blanks, { text: fit(` ${frame.footer}`, width), style: 'dim' as const }].map(
    (line) => ({ ...line, text: frame.unicode ? ` ${line.text}` : ascii(` ${line.text}`) }),
  );
}

function nextSweep(view: View, bytes: Frame['bytes']): string {
  return view.next
    .map(({ pass, sessions, bytes: freed }) => {
      if (pass === 'overflow' && view.toAnalyze === 0 && view.worstCaseLoss === 0)
        return 'overflow not reached';
      if (pass === 'overflow') return `overflow ${view.toAnalyze} to analyze`;
      return sessions === 0 ? `${pass} nothing` : `${pass} ${sessions} · ${bytes(freed)}`;
    })
    .join('   ');
}

function count(part: { readonly sessions: number; readonly bytes: number }, bytes: Frame['bytes']): string {
  return `${part.sessions} · ${bytes(part.bytes)}`;
}

/** Text at both ends of a line; the left one gives way. */
export function sides(left: string, right: string, width: number): string {
  const room = Math.max(0, width - right.length - 1);
  return `${left.slice(0, room).padEnd(room)} ${right}`.slice(0, width);
}

function fit(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** Used, what is above the mark, free, and the mark itself. Each is another character: colour is not needed to read it. */
export function gauge(
  usedBytes: number,
  capBytes: number,
  markBytes: number,
  width: number,
  unicode: boolean,
): string {
  const [full, over, free, tick] = unicode ? ['█', '▒', '░', '│'] : ['#', '+', '.', '|'];
  const scale = Math.max(1, capBytes);
  const used = usedBytes <= 0 ? 0 : Math.min(width, Math.max(1, Math.round((usedBytes / scale) * width)));
  const mark = Math.min(width - 1, Math.floor((markBytes / scale) * width));
  return Array.from({ length: width }, (_, i) =>
    i === mark ? tick : i >= used ? free : i > mark ? over : full,
  ).join('');
}

function caption(soft: number, hard: number, width: number, bytes: Frame['bytes']): string {
  const right = `hard ${bytes(hard)}`;
  const left = `soft ${bytes(soft)}`;
  const mark = Math.min(width - 1, Math.floor((soft / Math.max(1, hard)) * width));
  const start = Math.max(
    0,
    Math.min(mark - Math.floor(left.length / 2), width - right.length - left.length - 2),
  );
  return `${' '.repeat(start)}${left}`.padEnd(width - right.length) + right;
}

/** For a locale that can show no more. */
function ascii(text: string): string {
  return text.replaceAll('·', '-').replaceAll('×', 'x').replaceAll('…', '~');
}
