/** The first ingest of all, which the program may do in a process that it began anew. */
import { expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { id, parsed, uid } from '../support/filled.ts';
import { Program } from '../support/program.ts';

test('an analyzer that the first ingest starts sees the environment as it was given, and nothing of the runtime', async () => {
  using program = new Program();
  program.put(claudePath(id(1)), promptLine(id(1), 'first'));
  program.env = { MARK_OF_THE_CALLER: 'kept', EMPTY_OF_THE_CALLER: '' };
  const config = join(program.folder, 'config.toml');
  writeFileSync(config, `[analyzer]\ncommand = "env | cut -d= -f1 | sort | tr '\\\\n' ' '"\n`);
  const ingested = await program.run('ingest', '--config', config, '--json');
  expect(parsed(schemas.ingestSchema, ingested)).toMatchObject({
    sessions_new: 1,
    analyzed: 1,
    warnings: [],
  });
  const { digest } = parsed(schemas.showSchema, await program.run('show', id(1), '--json'));
  expect(digest?.summary).toContain('EMPTY_OF_THE_CALLER');
  expect(digest?.summary).toContain('MARK_OF_THE_CALLER');
  expect(digest?.summary).not.toMatch(/MIMALLOC|BEGUN_ANEW/);
});

test('the first ingest says its arguments anew as they were given, and ends with its own exit status', async () => {
  using program = new Program();
  const odd = program.put(
    `odd  "folder" $HOME '\n/.claude/projects/-p/${id(1)}.jsonl`,
    promptLine(id(1), 'x'),
  );
  const report = parsed(schemas.ingestSchema, await program.run('ingest', odd, '--json'));
  expect([report.sessions_new, report.failed]).toEqual([1, 0]);
  expect(parsed(schemas.showSchema, await program.run('show', id(1), '--json')).session.session_uid).toBe(
    uid(1),
  );
  program.store = join(program.folder, 'other', 's.db');
  expect((await program.run('ingest', join(program.home, 'nowhere'))).code).toBe(2);
});
