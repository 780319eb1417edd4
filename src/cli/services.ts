/** What the screens are handed: the same store, sweep, restore and pages that the commands use. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { enabledAgents } from '../agents/registry.ts';
import type { AgentFormat, Host } from '../domain/agent.ts';
import type { SessionUid } from '../domain/ids.ts';
import { plainLine } from '../domain/text.ts';
import type { Iso } from '../domain/time.ts';
import { mountOfRoot, refreshMounts } from '../files/mounts.ts';
import { foldersAt } from '../files/walk.ts';
import { rootsHere, withProjects } from '../ingest/discover/roots.ts';
import { type WatchedFolder, watchFolders } from '../ingest/discover/watch.ts';
import type { ReadableDb } from '../store/connection.ts';
import type { Services, StoreReads } from '../tui/ports.ts';
import type { Setup } from './background.protocol.ts';
import { BackgroundThread, ingestNews, stoppable, sweepBy } from './background.ts';
import type { Context } from './context.ts';
import { formatBytes, plural } from './format.ts';
import { calledAs } from './schedule-facts.ts';
import { visitorSetup } from './wire.ts';

export function tuiServices(context: Context, reading: ReadableDb, startThread: () => Worker): Services {
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
    settings,
    flags: context.flags,
    argv: context.argv,
    tempFolder: context.tempFolder,
  };
  const thread = new BackgroundThread(setup, startThread);
  // A question must not wait for an ingest, a key for a question, nor any of them for what reads all of the store.
  const searching = new BackgroundThread(setup, startThread);
  const asked = new BackgroundThread(setup, startThread);
  const following = new BackgroundThread(setup, startThread);
  const working = new BackgroundThread(setup, startThread);
  const telling = new BackgroundThread(setup, startThread);
  const sweeping = new BackgroundThread(setup, startThread);
  let toldUid: SessionUid | null = null;
  const all = [thread, telling, searching, asked, following, working, sweeping];
  return {
    clock,
    limits: settings.limits,
    store: readsBy({ asked, following, working }, clock.now),
    background: backgroundOf(thread, all),
    watch: (onChange, onTrouble) =>
      watchFolders(
        watchedFolders(withProjects(context.host, reading, enabledAgents(context.host))),
        onChange,
        onTrouble,
      ),
    sweep: (consent, progress, signal) => sweepBy(sweeping, consent, progress, signal),
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
    pin: (uids, pinned) => asked.run({ kind: 'pin', uids, pinned }),
    search: (query) => searching.run({ kind: 'search', query }),
    related: (uid) => searching.run({ kind: 'related', uid }),
    schedule: async () => {
      const { kind, state, next } = await following.run({ kind: 'schedule', called: calledAs(context) });
      return {
        kind: kind ?? '',
        state: state === 'absent' ? 'none' : state === 'elsewhere' ? 'stale' : state,
        next,
      };
    },
    evictMarked: (uids, { step, signal }) => stoppable(working, { kind: 'evict', uids }, signal, step),
    restoreMarked: (uids, { step, signal }) =>
      stoppable(working, { kind: 'restore_marked', uids }, signal, step),
    indexMore: () => searching.run({ kind: 'index' }),
    conversation: (uid, asked, columns, step) => {
      // Whoever opens another one waits for no end of this.
      if (toldUid !== uid) telling.interrupt();
      toldUid = uid;
      return telling.run({ kind: 'conversation', uid, asked, columns }, undefined, step);
    },
    seek: (asked, columns, { step, signal }) =>
      stoppable(telling, { kind: 'seek', asked, columns }, signal, step),
    restore: (plan, { step, signal }) => stoppable(working, { kind: 'restore', plan }, signal, step),
  };
}

interface Readers {
  readonly asked: BackgroundThread;
  readonly following: BackgroundThread;
  readonly working: BackgroundThread;
}

function readsBy({ asked, following, working }: Readers, now: () => Iso): StoreReads {
  const by =
    <Name extends keyof StoreReads>(thread: BackgroundThread, name: Name) =>
    (...args: Parameters<StoreReads[Name]>) =>
      // The thread answers a question with the answer to its name.
      thread.run({ kind: 'read', name, args }) as ReturnType<StoreReads[Name]>;
  const view = by(following, 'view');
  // The first look is begun before the screens are there.
  let first: ReturnType<StoreReads['view']> | null = view(now(), null);
  first.catch(() => undefined);
  return {
    view: (now, seen) => {
      const begun = seen === null ? first : null;
      first = null;
      return begun ?? view(now, seen);
    },
    growth: by(following, 'growth'),
    catalogue: by(following, 'catalogue'),
    untried: by(following, 'untried'),
    titles: by(asked, 'titles'),
    matching: by(asked, 'matching'),
    numbers: by(asked, 'numbers'),
    rows: by(asked, 'rows'),
    digest: by(asked, 'digest'),
    ownFiles: by(asked, 'ownFiles'),
    raw: by(asked, 'raw'),
    sweeps: by(asked, 'sweeps'),
    reportOf: by(asked, 'reportOf'),
    limitsPage: by(asked, 'limitsPage'),
    // It holds what is there against what is stored, which may be gigabytes.
    planRestore: by(working, 'planRestore'),
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

function backgroundOf(thread: BackgroundThread, all: readonly BackgroundThread[]): Services['background'] {
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
      for (const uid of uids) await thread.run({ kind: 'analyze', uid });
    },
    stop: () => thread.stop(),
    close: async () => void (await Promise.all(all.map((one) => one.close()))),
  };
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
          path: join(root, folder),
          recursive: false,
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
