/**
 * The table of agents in `docs/agents.md` and that of their places in `docs/security.md` are made from the list of agents.
 * `UPDATE_GOLDEN=1` writes them anew; read them before they are committed.
 */
import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RAN } from '../../src/agents/ran.ts';
import { AGENTS } from '../../src/agents/registry.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import type { PlaceKind } from '../../src/domain/places.ts';

const DOCS = join(import.meta.dir, '../../docs');
const END = '<!-- end -->';
const GROWTH = { append: 'lines appended', rewrite: 'written anew', rows: 'rows of a database' } as const;
const PROOF = {
  recordings: 'genuine recordings',
  documentation: 'documentation only',
  configuration: 'your configuration',
} as const;

/** What was seen with the agent itself. */
function ranOf({ id }: AgentFormat): string {
  const ran = RAN[id];
  if (ran === undefined) return 'not yet';
  return ran.resumed ? `${ran.version}, goes on with a restored session` : ran.version;
}

function rowOf(agent: AgentFormat): string {
  const host = { homeDir: '~', env: {}, platform: 'linux' } as const;
  const [first = '-'] = agent.roots(host);
  const root = agent.projectRoot?.('PROJECT', host) ?? first;
  const moved = agent.variables.map((name) => `\`${name}\``).join(', ');
  const days = agent.retention?.cleanup({ text: () => null, changedMs: () => null }).days ?? null;
  const cells = [
    agent.name,
    `\`${agent.id}\``,
    `\`${root}\``,
    moved === '' ? '-' : moved,
    GROWTH[agent.growth],
    days === null ? 'never' : `after ${days} days`,
    PROOF[agent.proof],
    ranOf(agent),
  ];
  return `| ${cells.join(' | ')} |`;
}

const TABLE = [
  '| agent | `--agent` | sessions in (Linux) | moved by | grows by | deletes by itself | held against | run for real |',
  '|---|---|---|---|---|---|---|---|',
  ...AGENTS.map(rowOf),
].join('\n');

function placesOf(agent: AgentFormat): string {
  const of = (...kinds: readonly PlaceKind[]) => {
    const patterns = agent.places.filter(({ kind }) => kinds.includes(kind)).map(({ at }) => `\`${at}\``);
    return patterns.length === 0 ? '-' : patterns.join('<br>');
  };
  return `| ${[agent.name, of('transcript'), of('subagent', 'output'), of('sidecar', 'settings'), of('read')].join(' | ')} |`;
}

const PLACES = [
  '| agent | transcript | subagents and spilled output | other files of a session | read only, never written |',
  '|---|---|---|---|---|',
  ...AGENTS.map(placesOf),
].join('\n');

test.each([
  ['agents', 'agents.md', '<!-- made by test/agents/docs.test.ts -->', TABLE],
  ['places', 'security.md', '<!-- made by test/agents/docs.test.ts: places -->', PLACES],
])('the table of %s in the documents is what the program knows', (_, page, mark, table) => {
  const path = join(DOCS, page);
  const text = readFileSync(path, 'utf8');
  const begin = text.indexOf(mark);
  const end = text.indexOf(END, begin);
  expect(begin).toBeGreaterThan(0);
  expect(end).toBeGreaterThan(begin);
  if (Bun.env['UPDATE_GOLDEN'] === '1')
    writeFileSync(path, `${text.slice(0, begin)}${mark}\n\n${table}\n\n${text.slice(end)}`);
  else expect(text.slice(begin + mark.length, end).trim()).toBe(table);
});

test('only agents that are known, and held against recordings, are said to have been run', () => {
  for (const id of Object.keys(RAN))
    expect([id, AGENTS.find((agent) => agent.id === id)?.proof]).toEqual([id, 'recordings']);
});

test('an agent of plain JSON lines is one file of at most 80 lines, as its page says', () => {
  const page = readFileSync(join(DOCS, 'adding-an-agent.md'), 'utf8');
  const [, said = '', lines = ''] = /`(\w+\.ts)` has (\d+); a test counts/.exec(page) ?? [];
  const source = readFileSync(join(import.meta.dir, '../../src/agents', said), 'utf8');
  expect(source.trimEnd().split('\n').length).toBe(Number(lines));
  expect(Number(lines)).toBeLessThanOrEqual(80);
});
