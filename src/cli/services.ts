/** What the screens are handed: the same store, sweep, restore and pages that the commands use. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { enabledAgents } from '../agents/registry.ts';
import { digestPage } from '../digest/page.ts';
import { importedRows } from '../digest/sections.ts';
import type { AgentFormat, Host } from '../domain/agent.ts';
import type { SessionUid } from '../domain/ids.ts';
import { plainLine } from '../domain/text.ts';
import { fileOfPath } from '../files/file-names.ts';
import { awayMount, mountOfRoot, refreshMounts } from '../files/mounts.ts';
import { foldersAt } from '../files/walk.ts';
import { rootsHere, withProjects } from '../ingest/discover/roots.ts';
import { type WatchedFolder, watchFolders } from '../ingest/discover/watch.ts';
import type { ReadableDb } from '../store/connection.ts';
import { withPatience } from '../store/patience.ts';
import { digestsOf, filesOf, findSession, sessionIdOf, sourcesOf } from '../store/read.ts';
import { setPinned } from '../store/write-raw.ts';
import { sweep } from '../sweep/sweep.ts';
import type { OwnFile, Services } from '../tui/ports.ts';
import type { Setup } from './background.protocol.ts';
import { BackgroundThread, ingestNews, stoppable, threadAnalyzer } from './background.ts';
import { evictDigested } from './commands/evict.ts';
import { sweepFlags } from './commands/sweep.ts';
import { type Context, textFlag } from './context.ts';
import { formatBytes, formatTime, plural } from './format.ts';
import { brokenAt, reportParts } from './report.ts';
import { reportedIn } from './report-sessions.ts';
import { calledAs } from './schedule-facts.ts';
import { restoredOne, restoreNow, restorePlan, type Stores } from './screen-restore.ts';
import { transcriptPiece } from './transcript-piece.ts';
import { roomyAnalyzer, sweepDeps, visitorSetup } from './wire.ts';

/** A key that finds another process writing fails after that, and can be pressed again. */
const KEY_WAIT_MS = 300;

export function tuiServices(
  context: Context,
  { reading, writing }: Stores,
  startThread: () => Worker,
): Services {
  const { settings, clock } = context;
  const setup: Setup = {
    storePath: settings.storePath,
    host: context.host,
    heldNow: clock.isSet ? clock.now() : null,
    exclude: settings.exclude,
    sharedFolder: settings.sharedFolder,
    hardCapBytes: settings.limits.rawHardCapBytes,
    external:
      settings.analyzerCommand === null
        ? null
        : { command: settings.analyzerCommand, timeoutS: settings.analyzerTimeoutS },
    decisionLog: context.decisionLog,
    program: context.version,
    visits: visitorSetup(context, settings.storePath),
  };
  const thread = new BackgroundThread(setup, startThread);
  // A question must not wait for an ingest.
  const searching = new BackgroundThread(setup, startThread);
  return {
    clock,
    limits: settings.limits,
    db: reading,
    background: backgroundOf(thread, searching),
    watch: (onChange, onTrouble) =>
      watchFolders(
        watchedFolders(withProjects(context.host, reading, enabledAgents(context.host))),
        onChange,
        onTrouble,
      ),
    sweep: (consent, progress, signal) =>
      sweep(
        {
          ...sweepDeps({ ...context, signal }, writing, progress),
          analyzer: roomyAnalyzer(writing, threadAnalyzer(thread, settings.analyzerCommand !== null)),
        },
        {
          limits: settings.limits,
          flags: sweepFlags(context),
          reclaim: context.flags['reclaim'] !== false && context.settings.reclaims,
          planId: textFlag(context.flags, 'plan'),
        },
        consent,
      ),
    tryDigest: (uid, columns) => thread.run({ kind: 'try_digest', uid, columns }),
    exportFile: freeName(join(context.host.homeDir, `session-memory-${clock.now().slice(0, 10)}`), '.smx'),
    exportSessions: async (uids, file, waiting) => {
      const { sessions, rawBytes, problems } = await stoppable(
        thread,
        { kind: 'export', uids, file },
        waiting.signal,
        waiting.step,
      );
      const [first] = problems;
      const but = first === undefined ? '' : ` Not whole: ${plainLine(first)}.`;
      return `Wrote ${plural(sessions, 'session')}, ${formatBytes(rawBytes)} raw, to ${plainLine(file)}.${but} \`session-memory import\` brings them back.`;
    },
    pin: (uid, pinned) =>
      withPatience(
        writing,
        KEY_WAIT_MS,
        () => void setPinned(writing, sessionIdOf(writing, uid), pinned, clock.now()),
      ),
    search: (query) => searching.run({ kind: 'search', query }),
    related: (uid) => searching.run({ kind: 'related', uid }),
    schedule: async () => {
      const { kind, state, next } = await searching.run({ kind: 'schedule', called: calledAs(context) });
      return {
        kind: kind ?? '',
        state: state === 'absent' ? 'none' : state === 'elsewhere' ? 'stale' : state,
        next,
      };
    },
    evictMarked: (uids, { step, signal }) =>
      evictDigested(
        { ...context, signal: AbortSignal.any([context.signal, signal]) },
        writing,
        uids.flatMap((uid) => findSession(reading, uid) ?? []),
        step,
      ),
    restoreMarked: async (uids, { step, signal }) => {
      const told: string[] = [];
      for (const [done, uid] of uids.entries()) {
        step(done, uids.length);
        if (signal.aborted) {
          told.push(`Stopped by you: ${plural(uids.length - done, 'session')} not restored.`);
          break;
        }
        told.push(
          `${plainLine(findSession(reading, uid)?.title ?? uid)}: ${await restoredOne(context, { reading, writing }, uid)}`,
        );
        // Keys and frames come in between.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      return told;
    },
    indexMore: () => searching.run({ kind: 'index' }),
    conversation: async (uid, columns) => {
      return await searching.run({ kind: 'conversation', uid, columns });
    },
    digestLines: (uid, columns) => digestLines(reading, uid, columns),
    transcript: (uid, asked, columns) => transcriptPiece(reading, uid, asked, columns),
    reportLines: (report, columns) =>
      reportParts(report, settings.limits, reportedIn(reading, report))
        .flatMap((one) => brokenAt(columns, one))
        .map(({ text, isId }) => (isId ? { text, tone: 'dim', isDetail: true } : { text, tone: 'plain' })),
    ownFile: (uid) => ownFile(reading, uid),
    isPinned: (uid) => findSession(reading, uid)?.pinned === true,
    planRestore: (uid, way) => restorePlan(context, reading, uid, way),
    restore: (plan) => restoreNow(context, writing, plan),
  };
}

/** A name that no file has yet. */
function freeName(begin: string, end: string): () => string {
  return () => {
    for (let n = 1; ; n += 1) {
      const name = `${begin}${n === 1 ? '' : `-${n}`}${end}`;
      if (!existsSync(name)) return name;
    }
  };
}

function backgroundOf(thread: BackgroundThread, searching: BackgroundThread): Services['background'] {
  return {
    look: async () => {
      const { agents, lookedFor } = await thread.run({ kind: 'scan' });
      return {
        lookedFor,
        agents: agents.map((agent) => ({
          name: agent.name,
          root: agent.root,
          sessions: agent.sessions,
          rawBytes: agent.raw_bytes,
          deletesAfterDays: agent.deletes_after_days,
          atRisk: agent.sessions_at_risk,
        })),
      };
    },
    ingest: async (digests, progress) => {
      const changed = new Set<SessionUid>();
      const report = await thread.run({ kind: 'ingest', analyze: digests }, (event) => {
        if (event.kind !== 'session') return;
        changed.add(event.uid);
        progress({
          done: event.done,
          total: event.total,
          readBytes: event.readBytes,
          totalBytes: event.totalBytes,
        });
      });
      return { ...ingestNews(report), changed: [...changed] };
    },
    analyze: async (uids) => {
      for (const uid of uids) await thread.run({ kind: 'analyze', uid, builtIn: false });
    },
    stop: () => thread.stop(),
    close: async () => void (await Promise.all([thread.close(), searching.close()])),
  };
}

/** What the screens show of a session's digests; a stranger's says so first. */
export function digestLines(db: ReadableDb, uid: SessionUid, columns: number): readonly string[] {
  const session = findSession(db, uid);
  const imported = importedRows(session?.origin ?? null);
  const digests = digestsOf(db, uid);
  if (digests.length === 0) {
    const why = session?.analyzeError ?? null;
    const told = imported.map((row) => plainLine(row.join('  ')));
    return [...told, why === null ? 'No digest yet.' : `No digest: ${why}`];
  }
  return digests.flatMap((stored, i) => [
    ...(i > 0 ? ['', `An older digest, of what was evicted before (${formatTime(stored.madeAt)}):`] : []),
    ...(stored.complete ? [] : ['A partial digest: it was made of what could be read.']),
    ...digestPage(JSON.parse(stored.json), columns, undefined, imported).trimEnd().split('\n'),
  ]);
}

function watchedFolders(host: Host): WatchedFolder[] {
  refreshMounts();
  return enabledAgents(host).flatMap((agent) =>
    // What may never answer is found by looking, from a process of its own.
    watchable(agent, host).flatMap((root) => [
      ...agent.folders
        .flatMap((pattern) => foldersAt(root, pattern))
        .map((folder) => ({ path: join(root, folder), recursive: true })),
      ...(agent.flatFolders ?? [])
        .flatMap((pattern) => foldersAt(root, pattern))
        .map((folder) => ({
          ...{ path: join(root, folder), recursive: false },
          ...(agent.looksAt === undefined
            ? {}
            : { wants: (name: string) => agent.looksAt?.(name, host) === true }),
        })),
    ]),
  );
}

function watchable(agent: AgentFormat, host: Host): readonly string[] {
  return rootsHere(agent, host).filter((root) => mountOfRoot(agent, root) === null);
}

function ownFile(db: ReadableDb, uid: SessionUid): OwnFile {
  const main = filesOf(db, uid).find((file) => file.role === 'main');
  const paths = sourcesOf(db, uid).filter(({ fileId }) => fileId === main?.fileId);
  if (main === undefined || paths.length === 0) return 'unknown';
  if (paths.some(({ path }) => awayMount(path) !== null)) return 'unknown';
  // Whether a database that is there still has the session only a look into it could tell.
  if (paths.some(({ path }) => fileOfPath(path) !== path && existsSync(fileOfPath(path)))) return 'unknown';
  const sizes = paths.flatMap(({ path }) => (existsSync(path) ? [statSync(path).size] : []));
  if (sizes.length === 0) return 'gone';
  return sizes.includes(main.rawBytes) ? 'there' : 'changed';
}
