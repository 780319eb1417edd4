/** What `restore` and `show --versions` print with `--json`. */
import { z } from 'zod';
import { bytes, count, iso, uid } from '../domain/shapes.ts';

const restoredSession = z.object({
  session_uid: uid,
  root: z.string(),
  files: z.array(z.string()),
  written: count.describe('How many of `files` were written; the others were there.'),
  refused: z
    .array(z.object({ key: z.string(), why: z.string() }))
    .describe(
      'Files of the session that are given to no place, because its agent keeps none there, or for their names; `why` is a clause.',
    ),
  moved: z
    .object({ from: z.string(), to: z.string(), why: z.string().nullable() })
    .nullable()
    .describe(
      'Where the transcript goes elsewhere than it was met on this machine, relative to `root`; `why` is a clause. Null: it does not.',
    ),
  dry_run: z.boolean().describe('Nothing was written: these are the files that would be.'),
  left: z
    .array(z.object({ path: z.string(), further_records: count, further_bytes: bytes }))
    .describe('Of `files`, those that were there with all that is stored, and so were left as they are.'),
  replaced: z
    .array(z.object({ path: z.string(), aside: z.string().nullable() }))
    .describe(
      "Of `files`, those that took another one's place; `aside`: where that one stays, null where all of it is in the store.",
    ),
  versions: z
    .array(z.object({ key: z.string(), number: count }))
    .describe('Files that were given as they were before; all others are the present version.'),
  resume: z
    .object({
      cwd: z.string().nullable(),
      argv: z.array(z.string()),
      command: z.string(),
      needs: z.string().nullable(),
    })
    .nullable()
    .describe('Null where no way back to work is known: an agent of the configuration that names none.'),
  named: z
    .object({ path: z.string(), name: z.string(), why_not: z.string().nullable() })
    .nullable()
    .describe(
      "The list of its agent's that its name was added to, since no transcript tells it; `why_not`: why it was not, as a clause. Null: it needed none.",
    ),
  import: z
    .object({ argv: z.array(z.string()), command: z.string() })
    .nullable()
    .describe(
      "The agent's own import of it, for a session that cannot be put back where it was; null: none.",
    ),
});

/** Of one session that is named. */
export const restoreSchema = z.object({ version: z.literal(1) }).extend(restoredSession.shape);

export const restoreSeveralSchema = z
  .object({
    version: z.literal(1),
    restored: z.array(restoredSession),
    failed: z.array(z.object({ session_uid: uid, code: z.string(), message: z.string(), hint: z.string() })),
    interrupted: z.boolean(),
    dry_run: z.boolean(),
  })
  .describe('`restore` of several, and of `--all`');

export const versionsSchema = z
  .object({
    version: z.literal(1),
    session_uid: uid,
    versions: z.array(
      z.object({
        key: z.string(),
        number: count,
        present: z.boolean(),
        replaced_at: iso.nullable(),
        raw_bytes: bytes,
        records: count
          .nullable()
          .describe('Lines, or elements of a document; null where they were not counted.'),
        sha256: z.string().nullable(),
      }),
    ),
  })
  .describe('`show UID --versions`; the present version of a file comes last, and has no time');
