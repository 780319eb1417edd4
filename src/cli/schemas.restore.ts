/** What `restore` and `show --versions` print with `--json`. */
import { z } from 'zod';
import { bytes, count, iso, uid } from '../domain/shapes.ts';

const restoredSession = z.object({
  session_uid: uid,
  root: z.string(),
  files: z.array(z.string()),
  /** How many of `files` were written; the others were there. */
  written: count,
  /** Files of the session that are given to no place, because its agent keeps none there, or for their names; `why` is a clause. */
  refused: z.array(z.object({ key: z.string(), why: z.string() })),
  /** Where the transcript goes elsewhere than it was met on this machine, relative to `root`; `why` is a clause. Null: it does not. */
  moved: z.object({ from: z.string(), to: z.string(), why: z.string().nullable() }).nullable(),
  /** Nothing was written: these are the files that would be. */
  dry_run: z.boolean(),
  /** Of `files`, those that were there with all that is stored, and so were left as they are. */
  left: z.array(z.object({ path: z.string(), further_records: count, further_bytes: bytes })),
  /** Of `files`, those that took another one's place; `aside`: where that one stays, null where all of it is in the store. */
  replaced: z.array(z.object({ path: z.string(), aside: z.string().nullable() })),
  /** Files that were given as they were before; all others are the present version. */
  versions: z.array(z.object({ key: z.string(), number: count })),
  /** Null where no way back to work is known: an agent of the configuration that names none. */
  resume: z
    .object({
      cwd: z.string().nullable(),
      argv: z.array(z.string()),
      command: z.string(),
      needs: z.string().nullable(),
    })
    .nullable(),
  /** The agent's own import of it, for a session that cannot be put back where it was; null: none. */
  import: z.object({ argv: z.array(z.string()), command: z.string() }).nullable(),
});

/** Of one session that is named. */
export const restoreSchema = z.object({ version: z.literal(1) }).extend(restoredSession.shape);

/** Of several, and of `--all`. */
export const restoreSeveralSchema = z.object({
  version: z.literal(1),
  restored: z.array(restoredSession),
  failed: z.array(z.object({ session_uid: uid, code: z.string(), message: z.string(), hint: z.string() })),
  interrupted: z.boolean(),
  dry_run: z.boolean(),
});

/** Of `show --versions`: the present version of a file comes last, and has no time. */
export const versionsSchema = z.object({
  version: z.literal(1),
  session_uid: uid,
  versions: z.array(
    z.object({
      key: z.string(),
      number: count,
      present: z.boolean(),
      replaced_at: iso.nullable(),
      raw_bytes: bytes,
      /** Lines, or elements of a document; null where they were not counted. */
      records: count.nullable(),
      sha256: z.string().nullable(),
    }),
  ),
});
