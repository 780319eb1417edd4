/**
 * The table of agents in `docs/agents.md` is made from the list of agents. `UPDATE_GOLDEN=1` writes it anew; read it before it is committed.
 */
import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentFormat } from '../../src/domain/agent.ts';
import { AGENTS } from '../../src/ingest/agents/index.ts';

const PATH = join(import.meta.dir, '../../docs/agents.md');
const BEGIN = '<!-- made by test/agents/docs.test.ts -->';
const END = '<!-- end -->';
const GROWTH = { append: 'lines appended', rewrite: 'written anew', rows: 'rows of a database' } as const;
const PROOF = {
  recordings: 'genuine recordings',
  documentation: 'documentation only',
  configuration: 'your configuration',
} as const;

function rowOf(agent: AgentFormat): string {
  const host = { homeDir: '~', env: {}, platform: 'linux' } as const;
  const [first = '-'] = agent.roots(host);
  const root = agent.projectRoot?.('PROJECT', host) ?? first;
  const moved = agent.variables.map((name) => `\`${name}\``).join(', ');
  const days = agent.retention === null ? null : agent.retention.days(null);
  const cells = [
    agent.name,
    `\`${agent.id}\``,
    `\`${root}\``,
    moved === '' ? '-' : moved,
    GROWTH[agent.growth],
    days === null ? 'never' : `after ${days} days`,
    PROOF[agent.proof],
  ];
  return `| ${cells.join(' | ')} |`;
}

const TABLE = [
  '| agent | `--agent` | sessions in (Linux) | moved by | grows by | deletes by itself | held against |',
  '|---|---|---|---|---|---|---|',
  ...AGENTS.map(rowOf),
].join('\n');

test('the table of agents in the documents is what the program knows', () => {
  const text = readFileSync(PATH, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END, begin);
  expect(begin).toBeGreaterThan(0);
  expect(end).toBeGreaterThan(begin);
  if (Bun.env['UPDATE_GOLDEN'] === '1')
    writeFileSync(PATH, `${text.slice(0, begin)}${BEGIN}\n\n${TABLE}\n\n${text.slice(end)}`);
  else expect(text.slice(begin + BEGIN.length, end).trim()).toBe(TABLE);
});
