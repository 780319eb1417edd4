/** What `--json` prints is what `schema` says of it: every run of a command in the tests is held to that. */
import { z } from 'zod';
import { type ReportName, SCHEMAS } from '../../src/cli/schemas.by-command.ts';

/** Throws where a command printed something that its schema does not describe; text and JSON of other kinds are let through. */
export function holdToSchema(argv: readonly string[], out: string): void {
  if (!argv.includes('--json')) return;
  const value = parsed(out);
  const command = argv.find((word): word is ReportName => word in SCHEMAS);
  if (value === null || command === undefined) return;
  const name = 'error' in value ? 'error' : command;
  const troubles = SCHEMAS[name].map((schema) => trouble(schema, value));
  if (!troubles.includes(null))
    throw new Error(`\`schema ${name}\` does not describe what was printed: ${troubles.join('; or ')}`);
}

function parsed(out: string): object | null {
  try {
    const value = JSON.parse(out);
    return typeof value === 'object' ? value : null;
  } catch {
    // What printed it has a test of its own for that.
    return null;
  }
}

/** Null: the schema describes all of the value, each of its keys too. */
export function trouble(schema: z.ZodType, value: unknown): string | null {
  const told = schema.safeParse(value);
  if (!told.success) return z.prettifyError(told.error);
  const left = unknown(value, told.data);
  return left.length === 0 ? null : `keys ${left.join(', ')}`;
}

/** A schema drops the keys that it does not know; zod drops a tool or a record that is called `__proto__` from any. */
function unknown(value: unknown, kept: unknown, at = ''): string[] {
  if (typeof value !== 'object' || value === null || typeof kept !== 'object' || kept === null) return [];
  const known: Readonly<Record<string, unknown>> = { ...kept };
  return Object.entries(value).flatMap(([key, one]) => {
    if (key === '__proto__') return [];
    return Object.hasOwn(known, key) ? unknown(one, known[key], `${at}${key}.`) : [`${at}${key}`];
  });
}
