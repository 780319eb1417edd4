/**
 * What `--json` prints, as zod schemas, for whoever scripts against it: `session-memory schema` prints them as JSON Schema.
 * Promises: keys listed here stay; new ones may come.
 */
import { z } from 'zod';
import { OWN_FORMS } from '../domain/own-format.ts';
import { SESSION_STATES } from '../domain/session.ts';
import { EVICTING_PASSES, PASSES } from '../policy/passes.ts';
import { type EvictedLists, evictedKey } from '../sweep/report.ts';
import { digestSchema } from './schemas.digest.ts';
import { bytes, count, iso, uid } from './schemas.words.ts';

export { restoreSchema, restoreSeveralSchema, versionsSchema } from './schemas.restore.ts';

const state = z.enum(SESSION_STATES);

export const errorSchema = z.object({
  version: z.literal(1),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }),
});

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
  /** The archive of a stranger that it came from; null: it is of this machine, or was imported with --trust. */
  origin: z.string().nullable(),
  /** The machine that told of it in the bucket; null: its bytes are, or were, on this one. */
  machine: z.string().nullable(),
  /** Purged by hand: nothing but its id is here. */
  forgotten: z.boolean(),
});
export const listSchema = z.object({ version: z.literal(1), sessions: z.array(sessionSchema) });

const planSchema = z.object({
  passes: z.array(
    z.object({
      pass: z.enum(PASSES),
      victims: z.array(z.object({ session_uid: uid, reason: z.string(), bytes })),
    }),
  ),
  to_analyze: z.array(uid),
  worst_case_data_loss: z.array(uid),
});

/** Whom each pass evicted. */
const evicted = Object.fromEntries(
  EVICTING_PASSES.map(({ name }) => [evictedKey(name), z.array(uid)]),
) as Record<keyof EvictedLists, z.ZodArray<typeof uid>>;

export const reportSchema = z.object({
  version: z.literal(1),
  sweep_id: z.string(),
  plan_id: z.string(),
  dry_run: z.boolean(),
  started_at: iso,
  finished_at: iso,
  clock_set: z.boolean(),
  ...evicted,
  overflow_analyzed: z.array(uid),
  overflow_data_loss: z.array(uid),
  usage_before_bytes: bytes,
  bytes_freed: bytes,
  final_usage_bytes: bytes,
  disk_bytes_before: bytes,
  disk_bytes_after: bytes,
  over_hard_cap: z.boolean(),
  tier2_over_cap: z.boolean(),
  declined: z.array(z.string()),
  skipped: z.array(z.object({ session_uid: uid, reason: z.string() })),
  warnings: z.array(z.string()),
  lost_data: z.boolean(),
  interrupted: z.boolean(),
  plan: planSchema,
});

/** A sweep that needs consent: the failure, and the plan that it is about. */
export const consentSchema = errorSchema.extend({ plan_id: z.string(), plan: planSchema });

export const ingestSchema = z.object({
  version: z.literal(1),
  dry_run: z.boolean(),
  agents: z.array(
    z.object({ agent: z.string(), root: z.string(), sessions: count, files: count, raw_bytes: bytes }),
  ),
  sessions_found: count,
  sessions_new: count,
  sessions_grown: count,
  sessions_unchanged: count,
  sessions_evicted: count,
  sessions_waiting: count,
  sessions_digest_only: count,
  sessions_excluded: count,
  left_out: z.array(z.object({ rule: z.string(), sessions: count })),
  sessions_forgotten: count,
  paths_without_transcript: z.array(z.string()),
  files_found: count,
  files_read: count,
  bytes_read: bytes,
  raw_bytes_added: z.number().int(),
  stored_bytes_added: z.number().int(),
  analyzed: count,
  analyze_failed: count,
  failed: count,
  over_hard_cap: z.boolean(),
  disk_full: z.boolean(),
  interrupted: z.boolean(),
  warnings: z.array(z.string()),
  /** That a first sweep would take most of what is stored, and which setting changes it; absent: it would not. */
  first_sweep: z.string().optional(),
});

export const analyzeSchema = z.object({
  version: z.literal(1),
  analyzed: z.array(uid),
  kept: z.array(z.object({ session_uid: uid, reason: z.string() })),
  failed: z.array(z.object({ session_uid: uid, reason: z.string() })),
  /** Sessions of which a secret was taken out that an older version had kept. */
  cleaned: z.array(uid),
  warnings: z.array(z.string()),
  interrupted: z.boolean(),
});

export const maintainSchema = z.object({
  version: z.literal(1),
  /** Nothing was changed: what an ingest would store, and a sweep of what is stored now would do. */
  dry_run: z.boolean(),
  ingests: z.array(ingestSchema),
  sweeps: z.array(reportSchema),
  /** Meetings with the bucket; absent where there is none. Sessions are counted. */
  remote: z
    .array(z.object({ uploaded: count, read: count, requests: count, problems: z.array(z.string()) }))
    .optional(),
  /** What needs a person, a sentence each. */
  problems: z.array(z.string()),
});

const run = z.object({
  command: z.string(),
  /** Runs in a row that did nothing and ended alike are one: `times` of them, from `first_at` to the last. */
  first_at: iso,
  started_at: iso,
  finished_at: iso.nullable(),
  times: count,
  exit_code: count.nullable(),
  had_effect: z.boolean(),
  problems: z.array(z.string()),
});

const part = z.object({ sessions: count, raw_bytes: bytes, stored_bytes: bytes });
const scan = z.object({
  agent: z.string(),
  root: z.string(),
  scanned_at: iso,
  sessions: count,
  raw_bytes: bytes,
  sessions_not_stored: count,
  sessions_at_risk: count,
  at_risk_not_stored: count,
  deletes_after_days: z.number().nullable(),
});

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
    passes: z.array(z.object({ pass: z.enum(PASSES), sessions: count, bytes })),
    to_analyze: count,
    worst_case_data_loss: count,
  }),
  /** Of the un-analyzed sessions, those whose analysis failed, by cause. */
  failed_analyses: z.object({
    sessions_failed: count,
    reasons: z.array(
      z.object({ reason: z.string(), sessions: count, example_uid: uid, next_try_at: iso.nullable() }),
    ),
  }),
  last_run: run.nullable(),
  at_risk: z.array(scan),
});

export const agentsSchema = z.object({
  version: z.literal(1),
  agents: z.array(
    scan.extend({
      name: z.string(),
      /** What the format was held against: genuine recordings, what is written about it alone, or a person's configuration. */
      proof: z.enum(['recordings', 'documentation', 'configuration']),
      files: count,
      /** Of `sessions_not_stored`, those that the store has in part. */
      sessions_grown: count,
      /** Of `sessions_at_risk`, those that the agent deletes when it next cleans up, mostly at its next start. */
      sessions_due: count,
      first_deletion_at: iso.nullable(),
    }),
  ),
  /** Ids of the agents that the configuration switches off; they are not among the others. */
  switched_off: z.array(z.string()),
  /** With `--verbose`: types of records that no reader knew, the most frequent first. */
  unknown_records: z
    .array(z.object({ agent: z.string(), type: z.string(), records: count, sessions: count }))
    .optional(),
  /** With `--verbose`: what lies in agents' folders where their layouts do not know it. */
  unplaced: z
    .array(
      z.object({ agent: z.string(), root: z.string(), transcripts: z.array(z.string()), other_files: count }),
    )
    .optional(),
  warnings: z.array(z.string()),
});

export const showSchema = z.object({
  version: z.literal(1),
  session: sessionSchema,
  digest: digestSchema.nullable(),
  older_digests: z.array(digestSchema),
});

export const searchSchema = z.object({
  version: z.literal(1),
  query: z.string(),
  hits: z.array(
    z.object({
      session: sessionSchema,
      /** Whether the raw bytes are stored, were evicted under a digest of all of them, or were lost. */
      raw: z.enum(['live', 'evicted', 'data_loss']),
      /** Where the words stand, the best first: prompt, file, command, … */
      found_in: z.array(z.string()),
      /** `marks`: ranges of `text` that match, [start, end) in UTF-16 units. */
      snippets: z.array(
        z.object({ where: z.string(), text: z.string(), marks: z.array(z.tuple([count, count])) }),
      ),
      /** Words of the query that the session does not have. */
      missing: z.array(z.string()),
    }),
  ),
  has_more: z.boolean(),
  /** So many sessions have the words that not each was looked at for words side by side. */
  cut_short: z.boolean(),
  /** Nothing has the words side by side; the hits have all of them. */
  relaxed: z.boolean(),
  /** Sessions whose digests the index does not hold yet. */
  not_indexed: count,
  /** Words that no session has: they were not looked for. */
  left_out: z.array(z.string()),
  /** Words that no session has, and the near ones that were looked for instead. */
  meant: z.array(z.object({ typed: z.string(), word: z.string() })),
  /** Where nothing was found: in how many sessions each word is. */
  words: z.array(z.object({ word: z.string(), sessions: count })),
  suggestion: z.string().nullable(),
});

export const relatedSchema = z.object({
  version: z.literal(1),
  session_uid: uid,
  /** The nearest first. */
  related: z.array(
    z.object({
      session: sessionSchema,
      raw: z.enum(['live', 'evicted', 'data_loss']),
      /** Paths that both name, and telling words that both have. */
      files: z.array(z.string()),
      words: z.array(z.string()),
    }),
  ),
});

export const filesSchema = z.object({
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
});

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
  /** Runs of `maintain`. */
  runs: z.array(run),
  events: z.array(
    z.object({
      at: iso,
      kind: z.string(),
      /** It happened in another store, and came with its sessions. */
      imported: z.boolean(),
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
  /** Whole sessions that hold something else than a person may think; not of a repair. */
  notes: z.array(finding).optional(),
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

export const pinSchema = z.object({
  version: z.literal(1),
  session_uid: uid,
  pinned: z.boolean(),
  changed: z.boolean(),
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
  /** `[agents.ID]` of the file; an agent that is not named is on and has its own roots alone. */
  agents: z.record(
    z.string(),
    z.object({
      enabled: z.boolean(),
      roots: z.array(z.string()),
      /** Of an agent that only the configuration knows: the keys as written, lists as lists; its format, written or told by the glob. */
      own: z.looseObject({ glob: z.string(), format: z.enum(OWN_FORMS) }).optional(),
    }),
  ),
  /** Patterns of `ingest.exclude` that have left no session out so far, and why as the end of a sentence. */
  exclude_unmatched: z.array(z.object({ pattern: z.string(), why: z.string() })),
});
