/**
 * What `--json` prints, as zod schemas, for whoever scripts against it: `session-memory schema` prints them as JSON Schema.
 * Promises: keys listed here stay; new ones may come.
 */
import { z } from 'zod';
import { digestSchema } from '../domain/digest.schema.ts';
import { OWN_FORMS, OWN_LISTS, type OwnList } from '../domain/own-format.ts';
import { SESSION_STATES } from '../domain/session.ts';
import { bytes, count, iso, uid } from '../domain/shapes.ts';
import { agentScanSchema, scanSchema, unplacedSchema } from '../ingest/discover/scan.schema.ts';
import { ingestSchema } from '../ingest/report.schema.ts';
import { ALL_PASSES } from '../policy/passes.ts';
import { planSchema, reportSchema } from '../sweep/report.schema.ts';

export { restoreSchema, restoreSeveralSchema, versionsSchema } from './schemas.restore.ts';
export { ingestSchema, reportSchema };

const state = z.enum(SESSION_STATES);
const texts = z.array(z.string()).exactOptional();

export const errorSchema = z
  .object({
    version: z.literal(1),
    error: z.object({ code: z.string(), message: z.string(), hint: z.string() }),
  })
  .describe('Any other failure');

export const sessionSchema = z.object({
  session_uid: uid,
  agent: z.string(),
  project: z.string().nullable(),
  title: z.string().nullable(),
  branch: z.string().nullable(),
  parent_uid: uid.nullable(),
  state,
  started_at: iso.nullable(),
  ended_at: iso.nullable(),
  ingested_at: iso.nullable(),
  analyzed_at: iso.nullable(),
  digest_at: iso.nullable(),
  evicted_at: iso.nullable(),
  pinned: z.boolean(),
  raw_bytes: bytes,
  stored_bytes: bytes,
  digest_bytes: bytes,
  files: count,
  analyze_error: z.string().nullable(),
  origin: z
    .string()
    .nullable()
    .describe(
      'The archive of a stranger that it came from; null: it is of this machine, or was imported with --trust.',
    ),
  machine: z
    .string()
    .nullable()
    .describe('The machine that told of it in the bucket; null: its bytes are, or were, on this one.'),
  in_bucket: z
    .boolean()
    .describe(
      'Whether the bucket has raw bytes of it, as it is or was: what is not here is fetched from there.',
    ),
  forgotten: z.boolean().describe('Purged by hand: nothing but its id is here.'),
});
export const listSchema = z.object({ version: z.literal(1), sessions: z.array(sessionSchema) });

export const consentSchema = errorSchema
  .extend({ plan_id: z.string(), plan: planSchema })
  .describe('A sweep that needs consent: the failure, and the plan that it is about');

export const analyzeSchema = z.object({
  version: z.literal(1),
  analyzed: z.array(uid),
  kept: z.array(z.object({ session_uid: uid, reason: z.string() })),
  failed: z.array(z.object({ session_uid: uid, reason: z.string() })),
  cleaned: z.array(uid).describe('Sessions of which a secret was taken out that an older version had kept.'),
  warnings: z.array(z.string()),
  interrupted: z.boolean(),
});

export const maintainSchema = z.object({
  version: z.literal(1),
  dry_run: z
    .boolean()
    .describe('Nothing was changed: what an ingest would store, and a sweep of what is stored now would do.'),
  ingests: z.array(ingestSchema),
  sweeps: z.array(reportSchema),
  first_sweep_put_off: z
    .boolean()
    .describe(
      'The passes would have taken most of what is stored, for the first time: this run says so, the next one does it.',
    ),
  remote: z
    .array(z.object({ uploaded: count, read: count, requests: count, problems: z.array(z.string()) }))
    .exactOptional()
    .describe('Meetings with the bucket; absent where there is none. Sessions are counted.'),
  problems: z.array(z.string()).describe('What needs a person, a sentence each.'),
});

const run = z.object({
  command: z.string(),
  first_at: iso.describe(
    'Runs in a row that did nothing and ended alike are one: `times` of them, from `first_at` to the last.',
  ),
  started_at: iso,
  finished_at: iso.nullable(),
  times: count,
  exit_code: count.nullable(),
  had_effect: z.boolean(),
  problems: z.array(z.string()),
});

const part = z.object({ sessions: count, raw_bytes: bytes, stored_bytes: bytes });
export const statusSchema = z.object({
  version: z.literal(1),
  store: z.string(),
  now: iso,
  clock_set: z.boolean(),
  tier1: z.object({
    used_bytes: bytes,
    raw_bytes: bytes,
    pinned_bytes: bytes,
    soft_cap_bytes: bytes,
    hard_cap_bytes: bytes,
    max_age_days: z.union([z.number(), z.literal('off')]),
    over_soft_cap: z.boolean(),
    over_hard_cap: z.boolean(),
  }),
  tier2: z.object({ used_bytes: bytes, cap_bytes: bytes, over_cap: z.boolean() }),
  disk_bytes: bytes,
  sessions: z.object({ analyzed: part, unanalyzed: part, evicted: part, pinned: count }),
  agents: z.array(
    z.object({
      agent: z.string(),
      state,
      pinned: z.boolean(),
      sessions: count,
      raw_bytes: bytes,
      stored_bytes: bytes,
      digest_bytes: bytes,
    }),
  ),
  next_sweep: z.object({
    plan_id: z.string(),
    empty: z.boolean(),
    passes: z.array(z.object({ pass: z.enum(ALL_PASSES), sessions: count, bytes })),
    to_analyze: count,
    worst_case_data_loss: count,
  }),
  bucket_only: count.describe('Un-analyzed sessions whose bytes only the bucket has.'),
  machines: z.array(z.string()).describe('Names of the other machines that the bucket tells of.'),
  failed_analyses: z
    .object({
      sessions_failed: count,
      reasons: z.array(
        z.object({ reason: z.string(), sessions: count, example_uid: uid, next_try_at: iso.nullable() }),
      ),
    })
    .describe('Of the un-analyzed sessions, those whose analysis failed, by cause.'),
  last_run: run.nullable(),
  first_sweep: z
    .string()
    .nullable()
    .describe('What the first sweep takes and when, where that is more than half of all raw bytes.'),
  at_risk: z.array(scanSchema),
});

export const agentsSchema = z.object({
  version: z.literal(1),
  agents: z.array(agentScanSchema),
  switched_off: z
    .array(z.string())
    .describe('Ids of the agents that the configuration switches off; they are not among the others.'),
  unknown_records: z
    .array(z.object({ agent: z.string(), type: z.string(), records: count, sessions: count }))
    .optional()
    .describe('With `--verbose`: types of records that no reader knew, the most frequent first.'),
  unplaced: z
    .array(unplacedSchema)
    .exactOptional()
    .describe("With `--verbose`: what lies in agents' folders where their layouts do not know it."),
  warnings: z.array(z.string()),
});

export const showSchema = z.object({
  version: z.literal(1),
  session: sessionSchema,
  digest: digestSchema.nullable(),
  older_digests: z.array(digestSchema),
  elsewhere: z
    .array(z.object({ machine: z.string(), digest: digestSchema }))
    .describe('Of other machines that went on with it otherwise.'),
});

export const searchSchema = z.object({
  version: z.literal(1),
  query: z.string(),
  hits: z.array(
    z.object({
      session: sessionSchema,
      raw: z
        .enum(['live', 'evicted', 'data_loss'])
        .describe(
          'Whether the raw bytes are stored here, were evicted, or were lost, of which `session.in_bucket` and `session.machine` tell where they are.',
        ),
      found_in: z
        .array(z.string())
        .describe('Where the words stand, the best first: prompt, file, command, …'),
      snippets: z
        .array(z.object({ where: z.string(), text: z.string(), marks: z.array(z.tuple([count, count])) }))
        .describe('`marks`: ranges of `text` that match, [start, end) in UTF-16 units.'),
      missing: z.array(z.string()).describe('Words of the query that the session does not have.'),
    }),
  ),
  has_more: z.boolean(),
  cut_short: z
    .boolean()
    .describe('So many sessions have the words that not each was looked at for words side by side.'),
  relaxed: z.boolean().describe('Nothing has the words side by side; the hits have all of them.'),
  not_indexed: count.describe('Sessions whose digests the index does not hold yet.'),
  left_out: z.array(z.string()).describe('Words that no session has: they were not looked for.'),
  meant: z
    .array(z.object({ typed: z.string(), word: z.string() }))
    .describe('Words that no session has, and the near ones that were looked for instead.'),
  words: z
    .array(z.object({ word: z.string(), sessions: count }))
    .describe('Where nothing was found: in how many sessions each word is.'),
  suggestion: z.string().nullable(),
});

export const relatedSchema = z.object({
  version: z.literal(1),
  session_uid: uid,
  related: z
    .array(
      z.object({
        session: sessionSchema,
        raw: z.enum(['live', 'evicted', 'data_loss']),
        files: z.array(z.string()).describe('Paths that both name, and telling words that both have.'),
        words: z.array(z.string()),
      }),
    )
    .describe('The nearest first.'),
});

export const filesSchema = z
  .object({
    version: z.literal(1),
    session_uid: uid,
    files: z.array(
      z.object({
        key: z.string(),
        role: z.string(),
        path: z.string(),
        raw_bytes: bytes,
        stored_bytes: bytes,
        removed_bytes: bytes,
        segments: count,
        sha256: z.string().nullable(),
        evicted: z.boolean(),
      }),
    ),
    sources: z.array(z.string()),
  })
  .describe('`show UID --files`');

export const historySchema = z.object({
  version: z.literal(1),
  sweeps: z.array(
    z.object({
      sweep_id: z.string(),
      plan_id: z.string(),
      started_at: iso,
      finished_at: iso.nullable(),
      lost_data: z.boolean(),
      bytes_freed: bytes,
      report: reportSchema.nullable(),
    }),
  ),
  runs: z.array(run).describe('Runs of `maintain`.'),
  events: z.array(
    z.object({
      at: iso,
      kind: z.string(),
      imported: z.boolean().describe('It happened in another store, and came with its sessions.'),
      data_loss: z.boolean(),
      session_uid: uid,
      generation: count,
      sweep_id: z.string().nullable(),
      raw_bytes: bytes,
      stored_bytes: bytes,
      reason: z.string(),
    }),
  ),
});

const finding = z.object({
  session_uid: z.string().nullable(),
  file: z.string().nullable(),
  problem: z.string(),
});

export const verifySchema = z.object({
  version: z.literal(1),
  ok: z.boolean(),
  interrupted: z.boolean(),
  sessions: count,
  segments: count,
  bytes,
  findings: z.array(finding),
  lost: z.array(finding),
  notes: z
    .array(finding)
    .optional()
    .describe('Whole sessions that hold something else than a person may think; not of a repair.'),
  repair: z
    .object({
      dry_run: z.boolean(),
      changed: z.boolean(),
      lost_data: z.boolean(),
      rebuilt: z.boolean(),
      aside: z.string().nullable(),
      rows_lost: z.array(z.string()),
      steps: z.array(
        finding.extend({
          kind: z.enum(['retake', 'rehash', 'reindex', 'search', 'recount', 'schema', 'analyze', 'lose']),
          bytes,
          why: z.string().nullable(),
        }),
      ),
      failed: z.array(z.string()),
    })
    .optional(),
});

export const repairConsentSchema = errorSchema
  .extend(verifySchema.shape)
  .describe('A repair that needs consent: the failure, and what it would do');

export const pinSchema = z.object({
  version: z.literal(1),
  session_uid: uid,
  pinned: z.boolean(),
  changed: z.boolean(),
});

/** Of an agent that only the configuration knows: the keys as written, lists as lists; its format, written or told by the glob. */
const own = z.object({
  name: z.string().exactOptional(),
  glob: z.string(),
  format: z.enum(OWN_FORMS),
  ...(Object.fromEntries(OWN_LISTS.map((key) => [key, texts])) as Record<OwnList, typeof texts>),
  resume: z.string().exactOptional(),
});

export const configSchema = z.object({
  version: z.literal(1),
  path: z.string(),
  exists: z.boolean(),
  settings: z.array(
    z.object({
      key: z.string(),
      value: z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.null()]),
      origin: z.string(),
    }),
  ),
  agents: z
    .record(
      z.string(),
      z.object({
        enabled: z.boolean(),
        roots: z.array(z.string()),
        own: own.exactOptional(),
      }),
    )
    .describe('`[agents.ID]` of the file; an agent that is not named is on and has its own roots alone.'),
  exclude_unmatched: z
    .array(z.object({ pattern: z.string(), why: z.string() }))
    .describe(
      'Patterns of `ingest.exclude` that have left no session out so far, and why as the end of a sentence.',
    ),
});

export const configPathSchema = z
  .object({ version: z.literal(1), path: z.string() })
  .describe('`config path`');

export const configInitSchema = configPathSchema
  .extend({ created: z.literal(true) })
  .describe('`config init`');
