/** `schema`: what `--json` prints, for whoever scripts against it. */
import { describe, expect, test } from 'bun:test';
import { SCHEMAS } from '../../src/cli/schemas.by-command.ts';
import { COMMANDS } from '../../src/cli/table.ts';
import { Program } from '../support/program.ts';

/** They print a text for another program to read, or speak a protocol. */
const WITHOUT_JSON = ['demo', 'completions', 'man', 'schema', 'complete', 'visit', 'hook', 'mcp'];

test('every command that prints JSON has a schema, and no other', () => {
  const names = COMMANDS.map(({ name }) => name).filter((name) => !WITHOUT_JSON.includes(name));
  expect(Object.keys(SCHEMAS).toSorted()).toEqual([...names, 'error'].toSorted());
});

describe('session-memory schema', () => {
  test('of a command is its JSON Schema', async () => {
    using program = new Program();
    const { code, out } = await program.run('schema', 'list');
    expect(code).toBe(0);
    const schema = JSON.parse(out);
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(schema.properties.sessions.items.required).toContain('session_uid');
  });

  test('of none are all of them, and each is one', async () => {
    using program = new Program();
    const { code, out } = await program.run('schema');
    expect(code).toBe(0);
    const { version, schemas } = JSON.parse(out);
    expect(version).toBe(1);
    expect(Object.keys(schemas)).toEqual(Object.keys(SCHEMAS));
    for (const one of Object.values<Record<string, unknown>>(schemas))
      expect(one['type'] === 'object' || Array.isArray(one['anyOf'])).toBe(true);
  });

  test('of what prints no JSON says so, and names the nearest', async () => {
    using program = new Program();
    const { code, err } = await program.run('schema', 'lst');
    expect(code).toBe(2);
    expect(err).toContain('Did you mean list?');
    expect((await program.run('schema', 'man')).code).toBe(2);
  });
});
