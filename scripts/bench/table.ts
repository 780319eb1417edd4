/** What was measured, as lines for people and as Markdown for the documents. Pure. */
import {
  type BenchResult,
  exponentOf,
  figure,
  type GrowthResult,
  median,
  type RowResult,
  spreadOf,
  targetText,
  verdictOf,
} from './figures.ts';

const COLUMNS = [22, 13, 12, 20, 14, 24, 24];

function line(cells: readonly string[]): string {
  return cells
    .map((cell, i) => cell.padEnd(COLUMNS[i] ?? 0))
    .join('')
    .trimEnd();
}

export function rowsHead(): string {
  return line(['row', 'target', 'median', 'spread', 'verdict', 'this program', 'baseline']);
}

export function rowLine(row: RowResult): string {
  if (row.why !== null) return line([row.name, targetText(row.target, row.unit), row.why]);
  return line([
    row.name,
    targetText(row.target, row.unit),
    figure(median(row.values), row.unit),
    spreadText(row),
    verdictOf(row),
    absoluteText(row.subject),
    absoluteText(row.baseline),
  ]);
}

function spreadText({ values, unit }: RowResult): string {
  if (values.length < 2) return '';
  const { low, high } = spreadOf(values);
  return `${figure(low, unit).replace(` ${unit}`, '')}–${figure(high, unit)}`;
}

function absoluteText(absolute: RowResult['subject']): string {
  if (absolute === null || absolute.wallMs === 0) return '';
  return `${figure(absolute.wallMs, 'ms')}, CPU ${figure(absolute.cpuMs, 'ms')}`;
}

export function growthLines(growth: readonly GrowthResult[]): string[] {
  return growth.flatMap((result) => ['', ...growthBlock(result)]);
}

function growthBlock(result: GrowthResult): string[] {
  const { name, what, points, exponentMax, why } = result;
  const times = points.map(
    ({ sessions, ms, cpuMs }) => `${count(sessions)}: ${figure(ms, 'ms')}, CPU ${figure(cpuMs, 'ms')}`,
  );
  const power = exponentOf(points);
  const cpuPower = exponentOf(points.map(({ sessions, cpuMs }) => ({ sessions, ms: cpuMs })));
  const verdict = power <= exponentMax ? 'met' : 'missed';
  const grown = `grows with the power ${power.toFixed(2)}, CPU ${cpuPower.toFixed(2)} (at most ${exponentMax}): ${verdict}`;
  return [`${name}: ${what}`, `  ${times.join('  ')}`, `  ${why ?? grown}`];
}

const count = (sessions: number) => sessions.toLocaleString('en-US');

/** The tables for the documents, with what they were measured on. */
export function markdown(result: BenchResult): string {
  const load = result.load.map((value) => value.toFixed(1)).join(' to ');
  const rounds = result.quick ? 'three rounds' : 'five rounds';
  const head = `${result.machine}; ${result.at.slice(0, 10)}; commit ${result.commit}; ${rounds}, load ${load}.`;
  const rows = result.rows.map(
    (row) =>
      `| ${row.name} | ${row.what.replaceAll('|', '\\|')} | ${targetText(row.target, row.unit)} | ${measuredText(row)} | ${verdictOf(row)} |`,
  );
  const table = ['| row | what | target | median (spread) | |', '|---|---|---|---|---|', ...rows];
  const growth = result.growth.map(
    (all) =>
      `| ${all.name} | ${all.points.map(({ ms }) => figure(ms, 'ms')).join(' · ')} | ${powerText(all)} |`,
  );
  const sizes = (result.growth[0]?.points ?? []).map(({ sessions }) => count(sessions)).join(' · ');
  const grown =
    growth.length === 0 ? [] : ['', `| growth | at ${sizes} sessions | power |`, '|---|---|---|', ...growth];
  return [head, '', ...table, ...grown].join('\n');
}

function measuredText(row: RowResult): string {
  if (row.why !== null) return row.why.split('\n')[0] ?? '';
  const spread = spreadText(row);
  return `${figure(median(row.values), row.unit)}${spread === '' ? '' : ` (${spread})`}`;
}

function powerText({ points, exponentMax, why }: GrowthResult): string {
  return why ?? `${exponentOf(points).toFixed(2)} (≤ ${exponentMax})`;
}
