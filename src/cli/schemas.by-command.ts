/** Every report that `--json` prints, by the command that prints it. The types of the reports follow from this list. */
import type { z } from 'zod';
import type { Shape } from '../domain/shapes.ts';
import * as changed from './schemas.by-hand.ts';
import * as remote from './schemas.remote.ts';
import * as shown from './schemas.ts';
import * as unattended from './schemas.unattended.ts';

/** Of several the one that fits follows from what was asked for. */
export const SCHEMAS = {
  status: [shown.statusSchema],
  agents: [shown.agentsSchema],
  ingest: [shown.ingestSchema],
  analyze: [shown.analyzeSchema],
  sweep: [shown.reportSchema],
  maintain: [shown.maintainSchema],
  list: [shown.listSchema],
  show: [shown.showSchema, shown.filesSchema, shown.versionsSchema],
  search: [shown.searchSchema],
  related: [shown.relatedSchema],
  restore: [shown.restoreSchema, shown.restoreSeveralSchema],
  pin: [shown.pinSchema],
  unpin: [shown.pinSchema],
  evict: [changed.evictSchema],
  forget: [changed.forgetSchema],
  curate: [changed.curateSchema, changed.hoardSchema],
  export: [changed.exportSchema],
  import: [changed.importSchema],
  remote: [
    remote.remoteSetupSchema,
    remote.remoteSyncSchema,
    remote.remoteStatusSchema,
    remote.remoteVerifySchema,
    remote.remoteLeftSchema,
    remote.remoteForgottenSchema,
    remote.remoteGoneSchema,
    remote.remoteCollectedSchema,
  ],
  history: [shown.historySchema],
  verify: [shown.verifySchema, remote.remoteVerifySchema],
  config: [shown.configSchema, shown.configPathSchema, shown.configInitSchema],
  install: [unattended.installSchema],
  uninstall: [unattended.uninstallSchema],
  doctor: [unattended.doctorSchema],
  /** What any of them prints where it fails, or wants to be agreed to. */
  error: [shown.consentSchema, changed.namedConsentSchema, shown.repairConsentSchema, shown.errorSchema],
} as const satisfies Record<string, readonly z.ZodType[]>;

export type ReportName = keyof typeof SCHEMAS;
/** What a command prints with `--json`. */
export type ReportOf<Name extends ReportName> = Shape<(typeof SCHEMAS)[Name][number]>;
