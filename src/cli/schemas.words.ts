/** The values that every `--json` output is made of. */
import { z } from 'zod';

/** UTC, ISO 8601 with milliseconds and `Z`. */
export const iso = z.iso.datetime({ precision: 3 });
export const bytes = z.int().nonnegative();
export const count = z.int().nonnegative();
/** `<agent>:<the agent's own id>`. */
export const uid = z.string().regex(/^[a-z0-9-]+:[A-Za-z0-9._-]+$/);
