// `agents --verbose` names each type of record that no reader knew, once, and sends no escape of it to a terminal.

import { expect, test } from 'bun:test';
import { agentsSchema } from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

test('types of records that are not known are named once, with how many there are', async () => {
  using program = new Program();
  for (const n of [1, 2]) {
    const id = `1111111${n}-1111-4111-8111-111111111111`;
    const odd = JSON.stringify({ type: 'holo\u001b[31mgram', sessionId: id, uuid: `u${n}` });
    program.put(
      claudePath(id),
      `${promptLine(id, 'hello')}${odd}\n${n === 1 ? `${odd.replace('u1', 'v1')}\n` : ''}`,
    );
  }
  await program.run('ingest');
  const { out } = await program.run('agents', '--verbose');
  expect(out).not.toContain('\u001b[31m');
  expect(out.match(/holo.*gram, 3 in 2 sessions/g)?.length).toBe(1);
  const { unknown_records: unknown } = agentsSchema.parse(
    (await program.run('agents', '--verbose', '--json')).json(),
  );
  expect(unknown).toMatchObject([{ agent: 'claude-code', records: 3, sessions: 2 }]);
  expect(agentsSchema.parse((await program.run('agents', '--json')).json()).unknown_records).toBeUndefined();
});
