/**
 * Settings are one list: the file, its check, `config`, `config init` and the table of docs/settings.md are made from it.
 * `UPDATE_GOLDEN=1` writes the table anew.
 */
import { describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSchema } from '../../src/cli/schemas.ts';
import { SETTING_KEYS, SETTINGS } from '../../src/cli/settings.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

const PAGE = join(import.meta.dir, '../../docs/settings.md');
const BEGIN = '<!-- made by test/cli/settings.test.ts -->';
const END = '<!-- end -->';

function table(): string {
  const rows = SETTINGS.map(
    ({ key, flag, says }) => `| \`${key}\` | ${flag === null ? '' : `\`--${flag}\``} | ${says} |`,
  );
  return [BEGIN, '', '| key | flag | default |', '|---|---|---|', ...rows, '', END].join('\n');
}

test('the table of the page is that of the list', () => {
  const text = () => readFileSync(PAGE, 'utf8');
  const part = () => text().slice(text().indexOf(BEGIN), text().indexOf(END) + END.length);
  if (Bun.env['UPDATE_GOLDEN'] === '1') writeFileSync(PAGE, text().replace(part(), table()));
  expect(part()).toBe(table());
});

test('config shows every key, and the file of config init has every one', async () => {
  using program = new Program();
  const told = configSchema.parse(JSON.parse((await program.run('config', '--json')).out));
  expect(told.settings.map(({ key }) => key)).toEqual([...SETTING_KEYS]);
  const { out } = await program.run('config', 'init');
  const file = readFileSync(out.replace(/^Wrote /, '').trim(), 'utf8');
  for (const { line } of SETTINGS) expect(file).toContain(`# ${line}\n`);
  expect((await program.run('config')).code).toBe(0);
});

describe('reclaim', () => {
  const id = '5e771a65-0000-4000-8000-000000000001';
  const swept = async (setting: string) => {
    using program = new Program();
    program.put('.config/session-memory/config.toml', setting);
    program.put(claudePath(id), promptLine(id, 'mend the fence', '2026-01-05T10:00:00.000Z').repeat(2000));
    const stored = await program.run('ingest');
    expect(stored.out).toContain('Stored 1 new session');
    return await program.run('sweep', '--yes', '--no-data-loss');
  };

  test('never leaves freed space in the file, and the report says so', async () => {
    const never = await swept('reclaim = "never"\n');
    expect(never.out + never.err).toContain('stays in the file for later reuse');
    expect((await swept('')).err).not.toContain('stays in the file for later reuse');
  }, 30_000);

  test('of another value is an error that names the file, the line and what it takes', async () => {
    using program = new Program();
    program.put('.config/session-memory/config.toml', '\nreclaim = "sometimes"\n');
    const told = await program.run('status');
    expect(told.code).toBe(2);
    expect(told.err).toContain('config.toml, line 2');
    expect(told.err).toContain('"after-sweep" or "never"');
    program.env = { SESSION_MEMORY_RECLAIM: 'sometimes' };
    program.put('.config/session-memory/config.toml', '');
    expect((await program.run('status')).err).toContain('SESSION_MEMORY_RECLAIM is sometimes');
  }, 30_000);
});
