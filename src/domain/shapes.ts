/**
 * The values that every report and digest is made of, and the type that follows from a schema.
 * Never: loaded by a command that only prints. The schemas stand in `*.schema.ts` files, of which others take the type alone.
 */
import { z } from 'zod';
import { type AgentId, type SessionUid, UID_FORM } from './ids.ts';
import type { Iso } from './time.ts';

/** UTC, ISO 8601 with milliseconds and `Z`. */
export const iso = branded<Iso>(z.iso.datetime({ precision: 3 }));
export const bytes = z.int().nonnegative();
export const count = z.int().nonnegative();
export const agent = branded<AgentId>(z.string());
/** `<agent>:<the agent's own id>`. */
export const uid = branded<SessionUid>(z.string().regex(UID_FORM));

/** A text that this program makes of one of its names of things; who reads it back has a text. */
function branded<Brand extends string>(schema: z.ZodType<string>): z.ZodType<string, Brand> {
  return schema as unknown as z.ZodType<string, Brand>;
}

/** What this program must have to print what the schema describes. */
export type Shape<Schema extends z.ZodType> = Unchanging<z.input<Schema>>;

type Unchanging<Value> = Value extends string | number | boolean | null | undefined
  ? Value
  : Value extends readonly (infer One)[]
    ? readonly Unchanging<One>[]
    : { readonly [Key in keyof Value]: Unchanging<Value[Key]> };
