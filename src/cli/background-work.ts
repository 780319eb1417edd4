/**
 * What the background thread of the screens does beside reading: loaded by a thread that has such a job, since all agents and what an
 * ingest needs take some thirty megabytes.
 */
import { agentById, enabledAgents } from '../agents/registry.ts';
import type { SessionUid } from '../domain/ids.ts';
import { type AnalyzeDeps, analyzeSession, triedDigest } from '../ingest/analyze.ts';
import { AskedAnalyzer } from '../ingest/asked-analyzer.ts';
import { lookAtAgents } from '../ingest/discover/scan.ts';
import { ingest } from '../ingest/ingest.ts';
import type { WritableDb } from '../store/connection.ts';
import { resolveSession } from '../store/read.ts';
import { indexSome } from '../store/search/documents.ts';
import { search } from '../store/search/search.ts';
import type { Decision } from '../sweep/ports.ts';
import type { TextPiece } from '../tui/ports.ts';
import type { Answer, BackgroundJob, Results, Setup } from './background.protocol.ts';
import { clockOf } from './clock.ts';
import { PreparerThreads } from './digest-workers.ts';
import type { ProposalPiece } from './proposal-pieces.ts';
import type { Telling } from './telling.ts';
import { threadContext } from './thread-context.ts';
import { typedQuery } from './typed-query.ts';
import { ProcessVisitor } from './visitor.ts';

/** Sessions whose digests go into the index between two questions: well under a tenth of a second. */
const INDEXED_AT_ONCE = 100;

/** The conversation that is read, as long as the thread lives. */
let telling: Telling | null = null;

export interface Working {
  readonly how: Setup;
  readonly db: WritableDb;
  readonly signal: AbortSignal;
  /** Not 0 once the job is to stop: for what reads and writes for long without hearing a message. */
  readonly stopped: Int32Array;
  readonly answer: (message: Answer) => void;
  readonly ask: (id: number, piece: ProposalPiece) => Promise<Decision | null>;
  readonly startDigester: () => Worker;
}

/** What is only read is answered without all of this. */
type WritingJob = Exclude<BackgroundJob, { kind: 'read' }>;

export async function work(
  { how, db, signal, stopped, answer, ask, startDigester }: Working,
  id: number,
  job: WritingJob,
): Promise<Results[WritingJob['kind']]> {
  const clock = clockOf(how.heldNow);
  const analyze: AnalyzeDeps = { db, clock, external: how.external, host: how.host, program: how.program };
  const visiting = how.visits === null ? {} : { visitor: new ProcessVisitor(how.visits) };
  switch (job.kind) {
    case 'scan':
      return {
        agents: (
          await lookAtAgents({ db, host: how.host, clock, warn: () => undefined, signal, ...visiting })
        ).scans,
        lookedFor: enabledAgents(how.host).map(({ name }) => name),
      };
    case 'ingest': {
      using threads = new PreparerThreads(startDigester);
      return await ingest(
        {
          db,
          ...visiting,
          preparer: (newBytes) => threads.forBytes(newBytes),
          host: how.host,
          clock,
          analyze: { ...analyze, asked: new AskedAnalyzer() },
          signal,
          progress: (progress) => answer({ kind: 'progress', id, progress }),
        },
        {
          paths: [],
          agent: null,
          since: null,
          project: null,
          exclude: how.exclude,
          full: false,
          dryRun: false,
          analyze: job.analyze,
          hardCapBytes: how.hardCapBytes,
        },
      );
    }
    case 'analyze':
      return await analyzeSession(analyze, job.uid, signal);
    case 'sweep': {
      const { sweepAsked } = await import('./screen-sweep.ts');
      return await sweepAsked(threadContext(how, signal), db, {
        tell: (progress) => answer({ kind: 'sweeping', id, progress }),
        ask: (piece) => ask(id, piece),
      });
    }
    case 'try_digest':
      return await digestTried(analyze, job.uid, job.columns);
    case 'export':
      return await exported(db, how, job, signal, (done, total) => answer({ kind: 'step', id, done, total }));
    case 'search':
      return search(db, typedQuery(job.query, clock.now()));
    case 'conversation':
    case 'seek': {
      if (telling === null) {
        const { Telling } = await import('./telling.ts');
        telling = new Telling({ db, host: how.host }, () => Atomics.load(stopped, 0) !== 0);
      }
      const step = (done: number, total: number) => answer({ kind: 'step', id, done, total });
      if (job.kind === 'seek') return await telling.seek(job.asked, job.columns, step);
      // The first page is there long before the last of a long transcript: that goes on behind it.
      const early = (result: TextPiece) => answer({ kind: 'done', id, result });
      return await telling.piece(job.uid, job.asked, job.columns, early, step);
    }
    case 'related':
      return await relatedTo(db, job.uid);
    case 'schedule': {
      const { Machine } = await import('./scheduler.ts');
      const { scheduleFacts } = await import('./schedule-facts.ts');
      return await scheduleFacts(new Machine(how.host, ''), job.called);
    }
    case 'pin':
    case 'evict':
    case 'restore':
    case 'restore_marked': {
      const { done } = await import('./screen-work.ts');
      const step = (done: number, total: number) => answer({ kind: 'step', id, done, total });
      const isStopped = () => signal.aborted || Atomics.load(stopped, 0) !== 0;
      return await done(threadContext(how, signal), db, job, { step, isStopped });
    }
    case 'index':
      return indexSome(db, INDEXED_AT_ONCE);
    default:
      return job satisfies never;
  }
}

/** As a search would find them, with what both have as its lines. */
async function relatedTo(db: WritableDb, uid: string): Promise<Results['related']> {
  const { related } = await import('../store/search/related.ts');
  const kin = related(db, resolveSession(db, uid), { limit: RELATED_MAX });
  const line = (where: 'file' | 'title', texts: readonly string[]) =>
    texts.length === 0 ? [] : [{ where, text: texts.join('  '), marks: [] }];
  return {
    hits: kin.map(({ session, raw, files, words }) => ({
      session,
      raw,
      missing: [],
      foundIn: [],
      snippets: [...line('file', files), ...line('title', words)],
    })),
    hasMore: false,
    isCutShort: false,
    isRelaxed: false,
    isEmpty: false,
    notIndexed: 0,
    leftOut: [],
    meant: [],
    words: [],
    suggestion: null,
  };
}

const RELATED_MAX = 50;

async function digestTried(deps: AnalyzeDeps, uid: SessionUid, columns: number): Promise<readonly string[]> {
  const tried = await triedDigest(deps, uid);
  if (tried.digest === null) return [tried.why];
  const { digestPage } = await import('../digest/page.ts');
  const page = digestPage(tried.digest, columns).trimEnd().split('\n');
  return tried.why === '' ? page : [`Not whole: ${tried.why}`, '', ...page];
}

async function exported(
  db: WritableDb,
  { host, heldNow }: Setup,
  { uids, file }: Extract<BackgroundJob, { kind: 'export' }>,
  signal: AbortSignal,
  progress: (done: number, total: number) => void,
): Promise<Results['export']> {
  const { exportStream } = await import('../archive/export.ts');
  const { newExportReport, writeFile } = await import('./commands/export.ts');
  const report = newExportReport();
  const stream = exportStream(
    db,
    {
      uids,
      forgotten: [],
      now: clockOf(heldNow).now(),
      formatOf: (agent) => agentById(agent, host),
      signal,
      progress,
    },
    report,
  );
  await writeFile(file, stream, false, report);
  if (report.interrupted) throw new Error('the export was stopped; no file was written');
  return {
    sessions: report.sessions,
    rawBytes: report.raw_bytes,
    problems: [
      ...report.failed.map(({ session_uid: uid, problem }) => `${uid}: ${problem}`),
      ...report.left_out.map(({ session_uid: uid, key, why }) => `${key} of ${uid}: ${why}`),
    ],
  };
}
