/** What stands above each step of a sweep: where we are in the passes, usage before and after. */
import { formatBytes, formatCount } from '../../cli/format.ts';
import { EVICTING_PASSES, PASS_AFTER_ANALYSIS, PASS_TO_BUCKET } from '../../policy/passes.ts';
import type { StepName } from '../../sweep/ports.ts';
import { fit, type Line, line, pad, type Span, span, type Zones, zoneBar } from '../paint.ts';
import type { Wizard } from '../state.ts';
import type { View } from '../view.ts';

const STEPS: readonly { readonly step: StepName; readonly shown: string; readonly short: string }[] = [
  ...EVICTING_PASSES.map(({ name }) => ({ step: name, shown: name, short: name })),
  { step: 'analyze', shown: 'analyze', short: 'analyze' },
  {
    step: 'budget_again',
    shown: `${PASS_AFTER_ANALYSIS.name} again`,
    short: PASS_AFTER_ANALYSIS.name,
  },
  { step: 'data_loss', shown: 'data loss', short: 'data loss' },
  // Where there is a bucket, in the place of the loss.
  { step: PASS_TO_BUCKET.name, shown: PASS_TO_BUCKET.name, short: PASS_TO_BUCKET.name },
];

function stepsOf({ hasBucket }: View): typeof STEPS {
  const other = hasBucket ? 'data_loss' : PASS_TO_BUCKET.name;
  return STEPS.filter(({ step }) => step !== other);
}

export function stepName(step: StepName): string {
  return STEPS.find((one) => one.step === step)?.shown ?? step;
}

/** The passes, then usage before and after what is proposed, both on one scale. */
export function head(
  view: View,
  wizard: Wizard,
  beforeBytes: number,
  afterBytes: number | null,
  cells: number,
): Line[] {
  const { rawSoftCapBytes: soft, rawHardCapBytes: hard } = view.limits;
  const look = {
    // Above the cap the whole bar is what was used, so that what goes can be seen going.
    zones: { softBytes: soft, hardBytes: hard, scaleBytes: Math.max(hard, beforeBytes) },
    barCells: Math.max(10, cells - 30),
    cells,
  };
  const caps = `        │ soft cap ${formatBytes(soft)}   ┃ hard cap ${formatBytes(hard)}`;
  return [
    passes(stepsOf(view), wizard, cells),
    bar('before', beforeBytes, look),
    afterBytes === null ? bar('now', wizard.usageBytes, look) : bar('after', afterBytes, look),
    line(span(fit(caps, cells), 'dim')),
  ];
}

interface BarLook {
  readonly zones: Zones;
  readonly barCells: number;
  readonly cells: number;
}

function bar(label: string, bytes: number, { zones, barCells, cells }: BarLook): Line {
  const { softBytes, hardBytes } = zones;
  const over = bytes > hardBytes ? ', over hard' : bytes > softBytes ? ', over soft' : '';
  const tone = bytes > hardBytes ? 'danger' : bytes > softBytes ? 'warn' : 'plain';
  return line(
    pad(label, 8),
    ...zoneBar(bytes, zones, barCells),
    span(fit(` ${formatBytes(bytes)}${over}`, cells - 8 - barCells), tone),
  );
}

function passes(steps: typeof STEPS, wizard: Wizard, cells: number): Line {
  const ways = [
    { wide: true, counted: true, gap: '   ' },
    { wide: true, counted: true, gap: '  ' },
    { wide: true, counted: false, gap: '   ' },
    { wide: false, counted: false, gap: ' ' },
  ];
  const drawn = ways.map((way) => namesOf(steps, wizard, way));
  const widthOf = (spans: readonly Span[]) => spans.reduce((sum, { text }) => sum + text.length, 0);
  return drawn.find((spans) => widthOf(spans) <= cells) ?? drawn.at(-1) ?? [];
}

interface NamesLook {
  /** Names in full. */
  readonly wide: boolean;
  /** With how many analyses failed. */
  readonly counted: boolean;
  readonly gap: string;
}

function namesOf(steps: typeof STEPS, wizard: Wizard, { wide, counted, gap }: NamesLook): Span[] {
  const now = nowAt(wizard);
  return steps.flatMap(({ step, shown, short }, i) => {
    const plain = wide ? shown : short;
    const went = wizard.went.find((one) => one.step === step);
    // A step before the present one that did not run was left out, by the user or by a flag.
    const passed = steps.findIndex((one) => one.step === now) > i;
    const hasFailed = step === 'analyze' && wizard.failures.length > 0;
    const ended = hasFailed ? '✗' : '✓';
    const mark = went === undefined ? (passed ? '–' : ' ') : went.how === 'skipped' ? '–' : ended;
    const name = hasFailed && counted ? `${plain} (${formatCount(wizard.failures.length)} failed)` : plain;
    const text = step === now ? `[${i + 1} ${name}]` : `${mark}${i + 1} ${name}`;
    const tone = step === now ? ('title' as const) : ('dim' as const);
    return i === 0 ? [span(text, tone)] : [span(gap), span(text, tone)];
  });
}

function nowAt(wizard: Wizard): StepName | null {
  const { stage } = wizard;
  return stage.kind === 'asking' ? stage.proposal.step : stage.kind === 'running' ? stage.step : null;
}
