/**
 * What was run, as a table for the one who ran it, and as a part of `docs/agents.md`.
 * Promises: a row of an agent that was not run stays as it was.
 */
import { AGENTS } from '../../src/agents/registry.ts';
import { CHECKS, type CheckName, type Outcome } from './checks.ts';
import { type AgentFacts, nameOf } from './facts.ts';

export type Outcomes = ReadonlyMap<CheckName, Outcome>;

export interface Row {
  readonly agent: AgentFacts;
  readonly version: string;
  readonly outcomes: Outcomes;
}

export const BEGIN = '<!-- made by bun run agents --docs -->';
export const END = '<!-- end -->';
const HEAD = [
  '| agent | version | run on | proven | wrong today | limits of the agent itself |',
  '|---|---|---|---|---|---|',
];
const SIGNS = { ok: 'ok', wrong: 'WRONG', limit: 'limit', open: '-' } as const;

/** A row for each agent, a column for each check. */
export function tableOf(rows: readonly Row[]): string {
  const names = rows.map(({ agent, version }) => `${nameOf(agent)} ${version}`);
  const width = Math.max(...names.map((name) => name.length), 5);
  const columns = CHECKS.map(([name]) => ({ name, width: Math.max(name.length, SIGNS.wrong.length) }));
  const line = (first: string, cell: (name: CheckName) => string) =>
    `${first.padEnd(width)}  ${columns.map(({ name, width: wide }) => cell(name).padEnd(wide)).join(' ')}`.trimEnd();
  return [
    line('agent', (name) => name),
    ...rows.map(({ outcomes }, n) => line(names[n] ?? '', (name) => SIGNS[outcomes.get(name)?.is ?? 'open'])),
  ].join('\n');
}

/** As the table of agents has it, with the variant in which it was run. */
export function titleOf({ id, variant }: AgentFacts): string {
  const name = AGENTS.find((agent) => agent.id === id)?.name ?? id;
  return variant === undefined ? name : `${name} (${variant})`;
}

function rowOf({ agent, version, outcomes }: Row, today: string): string {
  const of = (kind: Outcome['is']) => CHECKS.filter(([name]) => outcomes.get(name)?.is === kind);
  const rest = of('open').length > 0 ? ['what follows was not come to'] : [];
  const wrong = [...of('wrong').map(([, about]) => about), ...rest];
  const limits = of('limit').map(([name, about]) => `${about}: ${whyOf(outcomes.get(name))}`);
  const told = (all: readonly string[]) => (all.length === 0 ? '-' : all.join('; '));
  const proven = `${of('ok').length} of ${CHECKS.length}`;
  return `| ${[titleOf(agent), version, today, proven, told(wrong), told(limits)].join(' | ')} |`;
}

const whyOf = (outcome: Outcome | undefined) =>
  outcome !== undefined && 'why' in outcome ? outcome.why : '';

/** The page with these rows in the place of older ones. `order`: the titles of all agents. */
export function pageWith(
  page: string,
  rows: readonly Row[],
  order: readonly string[],
  today: string,
): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`the page has no part between ${BEGIN} and ${END}`);
  const known = new Map(rowsIn(page.slice(begin, end)).map((line) => [titleIn(line), line]));
  for (const row of rows) known.set(titleOf(row.agent), rowOf(row, today));
  const lines = order.flatMap((title) => known.get(title) ?? []);
  return `${page.slice(0, begin)}${[BEGIN, '', ...HEAD, ...lines, ''].join('\n')}\n${page.slice(end)}`;
}

/** The rows of a table in Markdown, without its head. */
export const rowsIn = (text: string) => text.split('\n').filter((line) => /^\| (?!agent )/.test(line));

export const titleIn = (line: string) => line.split('|')[1]?.trim() ?? '';
