/**
 * The zod twins of what every command prints with `--json`, for whoever scripts against it.
 * Promises: objects are strict, so that a test which validates real output finds a key that is missing here, or there.
 * Never: loaded by a command; validation would cost each of them its start-up.
 */
import { z } from 'zod';
import { type ErrorCode, EXIT_OF_CODE } from '../domain/errors.ts';
import { SESSION_STATES } from '../domain/session.ts';
import { digestSchema } from './schemas.digest.ts';
import { bytes, count, iso, sha256, uid, version } from './schemas.words.ts';

const planId = z.string().min(8);
const passName = z.enum(['backstop', 'budget', 'overflow']);
const state = z.enum(SESSION_STATES);

const errorCodes: ErrorCode[] = Object.keys(EXIT_OF_CODE).filter(
  (code): code is ErrorCode => code in EXIT_OF_CODE,
);
const error = z.strictObject({
  code: z.enum(errorCodes),
  /** One sentence that names the file, key or value. */
  message: z.string().min(1),
  /** The way out. */
  hint: z.string().min(1),
});

/** Any failure, of any command. */
export const failureSchema = z.strictObject({ version, error });

const planSchema = z.strictObject({
  passes: z.array(
    z.strictObject({
      pass: passName,
      victims: z.array(z.strictObject({ session_uid: uid, reason: z.string().min(1), bytes })),
    }),
  ),
  to_analyze: z.array(uid),
  /** Who would be lost if every analysis failed. */
  worst_case_data_loss: z.array(uid),
});

/** `sweep` without consent: nothing was changed. */
export const consentNeededSchema = z.strictObject({
  version,
  error: error.extend({ code: z.literal('consent_needed') }),
  plan_id: planId,
  plan: planSchema,
});

/** `sweep`, also with `--dry-run`, and `demo`: the report of SPEC §3. */
export const sweepSchema = z.strictObject({
  version,
  sweep_id: z.string().min(1),
  plan_id: planId,
  dry_run: z.boolean(),
  started_at: iso,
  finished_at: iso,
  clock_set: z.boolean(),
  backstop_evicted: z.array(uid),
  budget_evicted: z.array(uid),
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
  skipped: z.array(z.strictObject({ session_uid: uid, reason: z.string().min(1) })),
  warnings: z.array(z.string()),
  lost_data: z.boolean(),
  interrupted: z.boolean(),
  plan: planSchema,
});

export const ingestSchema = z.strictObject({
  version,
  dry_run: z.boolean(),
  agents: z.array(
    z.strictObject({ agent: z.string(), root: z.string(), sessions: count, files: count, raw_bytes: bytes }),
  ),
  sessions_found: count,
  sessions_new: count,
  sessions_grown: count,
  sessions_unchanged: count,
  sessions_evicted: count,
  sessions_waiting: count,
  sessions_digest_only: count,
  sessions_excluded: count,
  files_found: count,
  files_read: count,
  bytes_read: bytes,
  // What another process evicted meanwhile can make these fall below zero.
  raw_bytes_added: z.int(),
  stored_bytes_added: z.int(),
  analyzed: count,
  analyze_failed: count,
  failed: count,
  over_hard_cap: z.boolean(),
  interrupted: z.boolean(),
  warnings: z.array(z.string()),
});

export const maintainSchema = z.strictObject({
  version,
  ingests: z.array(ingestSchema),
  sweeps: z.array(sweepSchema),
});

const totals = z.strictObject({ sessions: count, raw_bytes: bytes, stored_bytes: bytes });

export const statusSchema = z.strictObject({
  version,
  store: z.string(),
  now: iso,
  clock_set: z.boolean(),
  tier1: z.strictObject({
    used_bytes: bytes,
    raw_bytes: bytes,
    pinned_bytes: bytes,
    soft_cap_bytes: bytes,
    hard_cap_bytes: bytes,
    max_age_days: z.union([z.number().nonnegative(), z.literal('off')]),
    over_soft_cap: z.boolean(),
    over_hard_cap: z.boolean(),
  }),
  tier2: z.strictObject({ used_bytes: bytes, cap_bytes: bytes, over_cap: z.boolean() }),
  disk_bytes: bytes,
  sessions: z.strictObject({ analyzed: totals, unanalyzed: totals, evicted: totals, pinned: count }),
  agents: z.array(
    z.strictObject({
      agent: z.string(),
      state,
      pinned: z.boolean(),
      sessions: count,
      raw_bytes: bytes,
      stored_bytes: bytes,
      digest_bytes: bytes,
    }),
  ),
  next_sweep: z.strictObject({
    plan_id: planId,
    empty: z.boolean(),
    passes: z.array(z.strictObject({ pass: passName, sessions: count, bytes })),
    to_analyze: count,
    worst_case_data_loss: count,
  }),
  /** As of the last `agents`, not of now. */
  at_risk: z.array(
    z.strictObject({
      agent: z.string(),
      root: z.string(),
      scanned_at: iso,
      sessions: count,
      raw_bytes: bytes,
      sessions_not_stored: count,
      sessions_at_risk: count,
      at_risk_not_stored: count,
      deletes_after_days: z.number().nonnegative().nullable(),
    }),
  ),
});

export const agentsSchema = z.strictObject({
  version,
  agents: z.array(
    z.strictObject({
      agent: z.string(),
      name: z.string(),
      root: z.string(),
      sessions: count,
      files: count,
      raw_bytes: bytes,
      sessions_not_stored: count,
      sessions_at_risk: count,
      at_risk_not_stored: count,
      deletes_after_days: z.number().nonnegative().nullable(),
      scanned_at: iso,
    }),
  ),
  warnings: z.array(z.string()),
});

export const analyzeSchema = z.strictObject({
  version,
  analyzed: z.array(uid),
  failed: z.array(z.strictObject({ session_uid: uid, reason: z.string().min(1) })),
  warnings: z.array(z.string()),
  interrupted: z.boolean(),
});

/** One session, evicted ones with their last byte counts. */
export const sessionSchema = z.strictObject({
  session_uid: uid,
  agent: z.string(),
  project: z.string().nullable(),
  title: z.string().nullable(),
  branch: z.string().nullable(),
  parent_uid: z.string().nullable(),
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
});

export const listSchema = z.strictObject({ version, sessions: z.array(sessionSchema) });

/** `show`: the newest digest, and older ones of what was evicted before and came back different. */
export const showSchema = z.strictObject({
  version,
  session: sessionSchema,
  digest: digestSchema.nullable(),
  older_digests: z.array(digestSchema),
});

/** `show --files`. */
export const filesSchema = z.strictObject({
  version,
  session_uid: uid,
  files: z.array(
    z.strictObject({
      key: z.string().min(1),
      role: z.string().min(1),
      path: z.string().min(1),
      raw_bytes: bytes,
      stored_bytes: bytes,
      removed_bytes: bytes,
      segments: count,
      sha256: sha256.nullable(),
      evicted: z.boolean(),
    }),
  ),
  sources: z.array(z.string()),
});

export const restoreSchema = z.strictObject({
  version,
  session_uid: uid,
  root: z.string(),
  files: z.array(z.string()),
  resume: z.strictObject({
    cwd: z.string().nullable(),
    argv: z.array(z.string()).min(1),
    command: z.string().min(1),
  }),
});

/** `pin` and `unpin`. */
export const pinSchema = z.strictObject({
  version,
  session_uid: uid,
  pinned: z.boolean(),
  changed: z.boolean(),
});

export const historySchema = z.strictObject({
  version,
  sweeps: z.array(
    z.strictObject({
      sweep_id: z.string(),
      plan_id: z.string(),
      started_at: iso,
      finished_at: iso.nullable(),
      lost_data: z.boolean(),
      bytes_freed: bytes,
      /** Null where the sweep was killed before its report. */
      report: sweepSchema.nullable(),
    }),
  ),
  events: z.array(
    z.strictObject({
      at: iso,
      kind: z.string().min(1),
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

export const verifySchema = z.strictObject({
  version,
  ok: z.boolean(),
  interrupted: z.boolean(),
  sessions: count,
  segments: count,
  bytes,
  findings: z.array(
    z.strictObject({ session_uid: z.string().nullable(), file: z.string().nullable(), problem: z.string() }),
  ),
});

export const configSchema = z.strictObject({
  version,
  path: z.string(),
  exists: z.boolean(),
  settings: z.array(
    z.strictObject({
      key: z.string(),
      value: z.union([z.string(), z.number(), z.array(z.string()), z.null()]),
      /** `--flag`, `$NAME`, the file's path, or `default`. */
      origin: z.string().min(1),
    }),
  ),
});

export const configPathSchema = z.strictObject({ version, path: z.string() });
export const configInitSchema = z.strictObject({ version, path: z.string(), created: z.literal(true) });

/** What each command prints on success, by its name; `show --files`, `config path` and `config init` have their own. */
export const OUTPUT_SCHEMAS = {
  status: statusSchema,
  agents: agentsSchema,
  ingest: ingestSchema,
  analyze: analyzeSchema,
  sweep: sweepSchema,
  maintain: maintainSchema,
  list: listSchema,
  show: showSchema,
  restore: restoreSchema,
  pin: pinSchema,
  unpin: pinSchema,
  history: historySchema,
  verify: verifySchema,
  config: configSchema,
  demo: sweepSchema,
} as const;
