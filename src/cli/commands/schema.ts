/** `schema [COMMAND]`: what `--json` prints, as JSON Schema. */
import { z } from 'zod';
import { EXIT, FailureError, invalid } from '../../domain/errors.ts';
import type { Command } from '../context.ts';
import * as changed from '../schemas.by-hand.ts';
import * as remote from '../schemas.remote.ts';
import * as shown from '../schemas.ts';
import * as unattended from '../schemas.unattended.ts';
import { nearest } from '../values.ts';

/** By command; of several the one that fits follows from what was asked for. */
export const SCHEMAS: Readonly<Record<string, readonly z.ZodType[]>> = {
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
    remote.remoteCollectedSchema,
  ],
  history: [shown.historySchema],
  verify: [shown.verifySchema, remote.remoteVerifySchema],
  config: [shown.configSchema],
  install: [unattended.installSchema],
  uninstall: [unattended.uninstallSchema],
  doctor: [unattended.doctorSchema],
  /** What any of them prints where it fails, or wants to be agreed to. */
  error: [shown.consentSchema, shown.errorSchema],
};

export const schema: Command = async ({ args, io }) => {
  const [name] = args;
  const print = (value: unknown) => io.out(`${JSON.stringify(value, null, 2)}\n`);
  if (name === undefined) {
    const all = Object.entries(SCHEMAS).map(([command, forms]) => [command, schemaOf(forms)] as const);
    print({ version: 1, schemas: Object.fromEntries(all) });
    return EXIT.done;
  }
  const forms = SCHEMAS[name];
  if (forms === undefined) throw new FailureError(unknown(name));
  print(schemaOf(forms));
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
