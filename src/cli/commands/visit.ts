/**
 * `visit ORDER`, called by this program itself: looks at one mount that may never answer, and is left where it does not.
 * Promises: tells a sign of life at least once a second while anything moves; the last line is what came of it.
 */

import { statSync } from 'node:fs';
import { enabledAgents } from '../../agents/registry.ts';
import { EXIT, FailureError, invalid } from '../../domain/errors.ts';
import { whenAlive } from '../../files/alive.ts';
import { visit } from '../../files/mounts.ts';
import { AskedAnalyzer } from '../../ingest/asked-analyzer.ts';
import { withProjects } from '../../ingest/discover/roots.ts';
import { scanHere } from '../../ingest/discover/scan.ts';
import { ingest } from '../../ingest/ingest.ts';
import { openReadable, openWritable } from '../../store/open.ts';
import type { ScanRow } from '../../store/scans.ts';
import type { Command, Context } from '../context.ts';
import type { VisitLine, VisitOrder } from '../visitor.ts';

const SIGN_MS = 1_000;

export const visitCommand: Command = async (context) => {
  const order = orderOf(context.args[0]);
  const say = (line: VisitLine) => context.io.out(`${JSON.stringify(line)}\n`);
  let saidAt = performance.now();
  whenAlive(() => {
    const now = performance.now();
    if (now - saidAt < SIGN_MS) return;
    saidAt = now;
    say({});
  });
  const timer = setInterval(() => say({}), SIGN_MS);
  visit(order.mount);
  try {
    if (order.kind === 'look') statSync(order.path, { throwIfNoEntry: false });
    else
      say(order.kind === 'ingest' ? await ingestThere(context, order, say) : await scanThere(context, order));
  } finally {
    clearInterval(timer);
  }
  return EXIT.done;
};

/** What this program wrote itself. */
function orderOf(text: string | undefined): VisitOrder {
  if (text === undefined || !text.startsWith('{'))
    throw new FailureError(
      invalid('visit is called by session-memory itself', 'See `session-memory ingest`.'),
    );
  return JSON.parse(text) as VisitOrder;
}

async function ingestThere(
  { settings, host, clock, signal, version }: Context,
  { options, external }: Extract<VisitOrder, { kind: 'ingest' }>,
  say: (line: VisitLine) => void,
): Promise<VisitLine> {
  const db = openWritable(settings.storePath);
  let scans: readonly ScanRow[] = [];
  try {
    const report = await ingest(
      {
        db,
        host,
        clock,
        signal,
        analyze: { db, clock, external, host, program: version, asked: new AskedAnalyzer() },
        // A thread of this process that waits for ever would not keep the main one from telling that it lives.
        preparer: null,
        progress: (progress) => progress.kind === 'session' && say({ progress }),
        keepScans: (seen) => {
          scans = seen;
        },
      },
      options,
    );
    return { ingest: { report, scans } };
  } finally {
    db.close();
  }
}

async function scanThere(
  { settings, host, clock }: Context,
  { wantsUnplaced }: Extract<VisitOrder, { kind: 'scan' }>,
): Promise<VisitLine> {
  const db = openReadable(settings.storePath);
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  try {
    const seen = await scanHere(
      { db, host, clock, warn },
      withProjects(host, db, enabledAgents(host)),
      wantsUnplaced,
    );
    return { scan: { ...seen, warnings } };
  } finally {
    db.close();
  }
}
