/** `schema [COMMAND]`: what `--json` prints, as JSON Schema. */
import { z } from 'zod';
import { EXIT, FailureError, invalid } from '../../domain/errors.ts';
import type { Command } from '../context.ts';
import { SCHEMAS } from '../schemas.by-command.ts';
import { nearest } from '../values.ts';

export const schema: Command = async ({ args, io }) => {
  const [name] = args;
  const print = (value: unknown) => io.out(`${JSON.stringify(value, null, 2)}\n`);
  if (name === undefined) {
    const all = Object.entries(SCHEMAS).map(([command, forms]) => [command, schemaOf(forms)] as const);
    print({ version: 1, schemas: Object.fromEntries(all) });
    return EXIT.done;
  }
  const forms = Object.entries(SCHEMAS).find(([command]) => command === name);
  if (forms === undefined) throw new FailureError(unknown(name));
  print(schemaOf(forms[1]));
  return EXIT.done;
};

function schemaOf(forms: readonly z.ZodType[]): unknown {
  const [only] = forms;
  return z.toJSONSchema(only !== undefined && forms.length === 1 ? only : z.union(forms));
}

function unknown(name: string) {
  const meant = nearest(name, Object.keys(SCHEMAS)) ?? '';
  const hint = `${meant} \`session-memory schema\` has all of them.`.trim();
  return invalid(`no command ${name} prints JSON`, hint);
}
