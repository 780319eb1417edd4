/** One ingest, as commands and hooks run it: with this call's settings, its threads and its progress. Loads no agent by itself. */
import { decided } from '../domain/decisions.ts';
import { AskedAnalyzer } from '../ingest/asked-analyzer.ts';
import { type IngestOptions, type IngestReport, ingest } from '../ingest/ingest.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { usage } from '../store/usage.ts';
import { ANEW_BYTES_MIN } from './begin-anew.ts';
import type { Context } from './context.ts';
import { PreparerThreads } from './digest-workers.ts';
import { formatBytes, formatCount, plural } from './format.ts';
import { ProgressLine } from './io.ts';
import { ProcessVisitor } from './visitor.ts';
import { analyzeDeps, visitorSetup } from './wire.ts';

/** One ingest with this call's settings; `maintain` uses it too, and announces only its first. */
export async function runIngest(
  context: Context,
  db: WritableDb,
  options: Partial<IngestOptions>,
  announces = true,
  asked = new AskedAnalyzer(),
  mayBeginAnew = false,
): Promise<IngestReport> {
  const line = new ProgressLine(context.io);
  using threads = new PreparerThreads(context.startDigester);
  const setup = visitorSetup(context, db.path);
  try {
    return await ingest(
      {
        db,
        ...(setup === null ? {} : { visitor: new ProcessVisitor(setup) }),
        listed: (newBytes) => {
          if (!mayBeginAnew || newBytes < ANEW_BYTES_MIN || context.signal.aborted) return;
          if (context.beginAnew === undefined) return;
          decided('call', 'ingest', `begun anew for ${newBytes} new bytes`);
          context.beginAnew();
        },
        preparer: (newBytes) => threads.forBytes(newBytes),
        host: context.host,
        clock: context.clock,
        analyze: analyzeDeps(context, db, asked),
        signal: context.signal,
        progress: (event) => {
          if (event.kind === 'scanned' && announces) sayWhatComes(context, db, event);
          if (event.kind === 'session')
            line.work(
              'ingest',
              {
                count: event.done + 1,
                total: event.total,
                bytes: { done: event.readBytes, total: event.totalBytes },
              },
              event.uid,
            );
        },
      },
      {
        paths: [],
        agent: null,
        since: null,
        project: null,
        exclude: context.settings.exclude,
        full: false,
        dryRun: false,
        analyze: true,
        hardCapBytes: context.settings.limits.rawHardCapBytes,
        ...options,
      },
    );
  } finally {
    line.clear();
  }
}

/** Below it an import is over before one has read what it will be. */
const HUGE_IMPORT_BYTES = 1024 ** 3;
/** What transcripts shrink to, by and large: zstd -3 makes 7 to 8 times less of recorded ones. Only for the estimate. */
const USUAL_RATIO = 7;

/**
 * Says before a huge import what was found, and what of it will stay raw. An estimate: the sweep measures. Transcripts
 * come oldest first, so the newest are those that stay.
 */
function sayWhatComes(context: Context, db: ReadableDb, found: { sessions: number; rawBytes: number }): void {
  const { rawHardCapBytes, rawSoftCapBytes } = context.settings.limits;
  const storedBytes = found.rawBytes / USUAL_RATIO;
  const overflows = usage(db).tier1Bytes + storedBytes > rawHardCapBytes;
  if (context.json || (found.rawBytes < HUGE_IMPORT_BYTES && !overflows)) return;
  const share = overflows ? Math.min(1, rawSoftCapBytes / Math.max(1, storedBytes)) : 1;
  const kept = Math.round(found.sessions * share);
  context.io.err(
    `Found ${plural(found.sessions, 'session')} to store, ${formatBytes(found.rawBytes)}, about ${formatBytes(storedBytes)} compressed.\n`,
  );
  if (overflows) context.io.err(`${overflowText(found.sessions, kept, rawHardCapBytes)}\n`);
}

function overflowText(sessions: number, kept: number, hardCapBytes: number): string {
  const cap = `That is more than the hard cap of ${formatBytes(hardCapBytes)} leaves: with \`session-memory maintain\``;
  if (kept === 0) return `${cap} all of them stay as digests only.`;
  return `${cap} about ${formatCount(kept)} of them, the newest, stay raw under the soft cap, and about ${formatCount(sessions - kept)} stay as digests only.`;
}
