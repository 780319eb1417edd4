/** What the screens are handed: the same store, sweep, restore and pages that the commands use. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { enabledAgents } from '../agents/registry.ts';
import { digestPage } from '../digest/page.ts';
import { importedRows } from '../digest/sections.ts';
import type { AgentFormat, Host } from '../domain/agent.ts';
import { FailureError } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { plainLine, plainText } from '../domain/text.ts';
import { fileOfPath } from '../files/file-names.ts';
import { awayMount, mountOfRoot, refreshMounts } from '../files/mounts.ts';
import { foldersAt } from '../files/walk.ts';
import { rootsHere, withProjects } from '../ingest/discover/roots.ts';
import { type WatchedFolder, watchFolders } from '../ingest/discover/watch.ts';
import { plannedPlaces, toWriteOf } from '../restore/replaced-files.ts';
import { restoreOne } from '../restore/restore.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { withPatience } from '../store/patience.ts';
import { digestsOf, filesOf, findSession, resolveSession, sessionIdOf, sourcesOf } from '../store/read.ts';
import { fileChunks } from '../store/segments.ts';
import { setPinned } from '../store/write-raw.ts';
import { sweep } from '../sweep/sweep.ts';
import type { OwnFile, RawPiece, RestorePlan, Services } from '../tui/ports.ts';
import type { Setup } from './background.protocol.ts';
import { BackgroundThread, ingestNews, threadAnalyzer } from './background.ts';
import { evictDigested } from './commands/evict.ts';
import { planRestore } from './commands/restore.plan.ts';
import { commandsToGoOn, movedText, sameText } from './commands/restore.tell.ts';
import { learningOf } from './commands/restore.ts';
import { sweepFlags } from './commands/sweep.ts';
import { type Context, textFlag } from './context.ts';
import { conversationLines } from './conversation-lines.ts';
import { formatBytes, formatTime, plural } from './format.ts';
import { reportPage } from './report.ts';
import { calledAs } from './schedule-facts.ts';
import { roomyAnalyzer, sweepDeps, visitorSetup } from './wire.ts';

/** A key that finds another process writing fails after that, and can be pressed again. */
const KEY_WAIT_MS = 300;

export interface Stores {
  readonly reading: ReadableDb;
  readonly writing: WritableDb;
}

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
    exportSessions: async (uids, file) => {
      const { sessions, rawBytes, problems } = await thread.run({ kind: 'export', uids, file });
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
    evictMarked: (uids) =>
      evictDigested(
        context,
        writing,
        uids.flatMap((uid) => findSession(reading, uid) ?? []),
      ),
    restoreMarked: async (uids) => {
      const told: string[] = [];
      for (const uid of uids) {
        told.push(
          `${plainLine(findSession(reading, uid)?.title ?? uid)}: ${restoredOne(context, { reading, writing }, uid)}`,
        );
        // Keys and frames come in between.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      return told;
    },
    indexMore: () => searching.run({ kind: 'index' }),
    conversation: async (uid, columns) => {
      const { turns, cut } = await searching.run({ kind: 'conversation', uid });
      return conversationLines(turns, cut, columns);
    },
    digestLines: (uid, columns) => digestLines(reading, uid, columns),
    transcript: (uid, offsetBytes, columns) => transcriptPiece(reading, uid, offsetBytes, columns),
    reportLines: (report, columns) =>
      reportPage({ ...context.io, colour: false, columns }, report, settings.limits)
        .split('\n')
        .flatMap((text) => Bun.wrapAnsi(text, columns, { hard: true, trim: false }).split('\n')),
    ownFile: (uid) => ownFile(reading, uid),
    planRestore: (uid) => restorePlan(context, reading, uid),
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
          kind: 'ingesting',
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

/** Plain bytes of one piece of a transcript on the screen. */
const PIECE_BYTES = 256 * 1024;

function transcriptPiece(db: ReadableDb, uid: SessionUid, offsetBytes: number, columns: number): RawPiece {
  const main = filesOf(db, uid).find((file) => file.role === 'main' && !file.gone);
  if (main === undefined) return { lines: ['Its raw bytes are not in the store.'], more: null };
  const parts: Uint8Array[] = [];
  const untilBytes = Math.min(main.rawBytes, offsetBytes + PIECE_BYTES);
  let at = 0;
  for (const chunk of fileChunks(db, uid, main)) {
    const from = Math.max(0, offsetBytes - at);
    const until = Math.min(chunk.length, untilBytes - at);
    if (from < until) parts.push(chunk.subarray(from, until));
    at += chunk.length;
    if (at >= untilBytes) break;
  }
  const lines = plainText(Buffer.concat(parts).toString('utf8'))
    .split('\n')
    .flatMap((text) =>
      Bun.wrapAnsi(text.replaceAll('\t', '  '), columns, { hard: true, trim: false }).split('\n'),
    );
  return { lines, more: untilBytes < main.rawBytes ? { uid, offsetBytes: untilBytes } : null };
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

function restorePlan(context: Context, db: ReadableDb, uid: SessionUid): RestorePlan {
  const session = resolveSession(db, uid);
  try {
    const planned = planRestore(context, db, session, { to: null, force: false });
    const { root, notPutBack, refused, moved } = planned;
    const left = refused.map(({ key, why }) => `Not written: ${plainLine(key)}: ${why}.`);
    return {
      uid,
      root,
      files: plannedPlaces(planned).map(({ path, place }) => ({
        path,
        place: place === 'replace' ? 'differs' : place,
      })),
      resume: commandsToGoOn(planned),
      note:
        [
          ...(notPutBack === null ? [] : [notPutBack]),
          ...(moved === null ? [] : [movedText(moved)]),
          ...left,
        ].join(' ') || null,
      obstacle: null,
    };
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    const { message, hint } = thrown.failure;
    return { uid, root: '-', files: [], resume: '', note: null, obstacle: `${message}. ${hint}` };
  }
}

/** One of several: nothing that differs is written over, and what stands in its way is told. */
function restoredOne(context: Context, { reading, writing }: Stores, uid: SessionUid): string {
  const plan = restorePlan(context, reading, uid);
  if (plan.obstacle !== null) return plan.obstacle;
  const { length } = plan.files.filter(({ place }) => place === 'differs');
  if (length > 0)
    return `not written: ${plural(length, 'file')} there ${length === 1 ? 'differs' : 'differ'}.`;
  try {
    return restoreNow(context, writing, plan);
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    return `${thrown.failure.message}. ${thrown.failure.hint}`;
  }
}

function restoreNow(context: Context, db: WritableDb, plan: RestorePlan): string {
  const planned = planRestore(context, db, resolveSession(db, plan.uid), { to: null, force: false });
  restoreOne(db, planned, learningOf(context, db));
  const left = planned.files.filter(({ place }) => place === 'there').length;
  const refused = planned.refused.length;
  const same = sameText([planned]);
  const others =
    (same === '' ? '' : ` ${same}`) +
    (left === 0 ? '' : ` ${plural(left, 'file')} left, with all that is stored and more.`) +
    (refused === 0 ? '' : ` ${plural(refused, 'file')} not written: not at a place of its agent’s.`);
  const files = toWriteOf({ ...planned, made: null }).length;
  const besides = toWriteOf(planned).length === files ? '' : ', and one for the agent’s own import';
  return `Wrote ${plural(files, 'file')}, byte for byte${besides}.${others}`;
}
