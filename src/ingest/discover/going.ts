/**
 * Which sessions their agent is about to delete by its own clean-up.
 * Promises: reads no transcript but the ends of those that may go soon, and of these only where the agent's rules ask for them.
 */
import { dirname, join } from 'node:path';
import type { AgentFormat, Host } from '../../domain/agent.ts';
import type { Cleanup, KeptSession, RootFiles } from '../../domain/retention.ts';
import { namesIn } from '../../files/file-names.ts';
import { awayMount } from '../../files/mounts.ts';
import { SourceFile } from '../../files/source.ts';
import { lastChangedMs, newestMs } from '../../files/walk.ts';
import type { KnownSources } from '../../store/read-sources.ts';
import { mainOf } from './as-found.ts';
import type { FoundSession } from './discover.ts';
import { isFolder, smallText, textBeside } from './roots.ts';

/** As many of a transcript's first and last bytes as Claude Code looks at. */
const END_BYTES = 64 * 1024;

export interface Going {
  readonly session: FoundSession;
  /** Milliseconds since 1970; a time that is past: the next clean-up. */
  readonly atMs: number;
}

type TimesKnown = Pick<KnownSources, 'endedAtOf'>;

/** How an agent cleans up under a root; null: never. */
export function cleanupOf(agent: AgentFormat, root: string, host: Host): Cleanup | null {
  return agent.retention?.cleanup(filesUnder(root, host)) ?? null;
}

function filesUnder(root: string, { platform, projects = [], systemRoot = '' }: Host): RootFiles {
  return {
    text: textBeside(root),
    changedMs: (relPath) => lastChangedMs(join(root, relPath)),
    machine: { platform, projects, systemRoot, text: smallText, names: namesIfThere },
  };
}

function namesIfThere(folder: string): readonly string[] {
  return awayMount(folder) === null && isFolder(folder) ? namesIn(folder) : [];
}

/** Those of an agent's sessions that go until then. */
export function goingUntil(
  sessions: readonly FoundSession[],
  cleanup: Cleanup,
  untilMs: number,
  known: TimesKnown,
): Going[] {
  const folders = new Folders(sessions, known);
  const going: Going[] = [];
  for (const session of sessions) {
    const goesMs = cleanup.goesMs(new Kept(session, folders), untilMs);
    if (goesMs === null) continue;
    const atMs = Math.max(goesMs, cleanup.notBeforeMs ?? 0);
    if (atMs <= untilMs) going.push({ session, atMs });
  }
  return going;
}

/** A class, for of 50,000 sessions an object with functions of its own would be seen. */
class Kept implements KeptSession {
  readonly #session: FoundSession;
  readonly #folders: Folders;

  constructor(session: FoundSession, folders: Folders) {
    this.#session = session;
    this.#folders = folders;
  }

  get nativeId(): string {
    return this.#session.nativeId;
  }

  get relPath(): string {
    return mainOf(this.#session)?.relPath ?? '';
  }

  get bearers(): readonly string[] {
    return this.#folders.bearersOf(this.#session);
  }

  get isRows(): boolean {
    return mainOf(this.#session)?.contained?.container.kind === 'rows';
  }

  get keptAs(): string | null {
    return mainOf(this.#session)?.contained?.peek.keptAs ?? null;
  }

  get bytes(): number {
    return mainOf(this.#session)?.sizeBytes ?? 0;
  }

  get changedMs(): number {
    let newest = Number.NEGATIVE_INFINITY;
    for (const file of this.#session.files)
      if (file.class.role === 'main') newest = Math.max(newest, file.mtimeMs);
    return newest === Number.NEGATIVE_INFINITY ? newestMs(this.#session.files) : newest;
  }

  endedMs(): number | null {
    return this.#folders.endedMs(this.#session);
  }

  ends(): { head: Uint8Array; tail: Uint8Array } | null {
    return endsOf(this.#session);
  }

  endedLater(): number {
    return this.#folders.endedLater(this.#session);
  }
}

/** What an agent's rules ask of a session's neighbours; most ask nothing. */
class Folders {
  readonly #sessions: readonly FoundSession[];
  readonly #known: TimesKnown;
  #byFolder: Map<string, FoundSession[]> | null = null;
  readonly #latestFirst = new Map<string, readonly number[]>();

  constructor(sessions: readonly FoundSession[], known: TimesKnown) {
    this.#sessions = sessions;
    this.#known = known;
  }

  bearersOf(session: FoundSession): readonly string[] {
    return this.#neighbours(session)
      .filter(({ nativeId }) => nativeId === session.nativeId)
      .flatMap(({ files }) => files.filter(({ class: { role } }) => role === 'main'))
      .map(({ relPath }) => relPath);
  }

  /** As its transcript tells it: of one that is left as it is, as it told it when it was stored. */
  endedMs(session: FoundSession): number | null {
    const at = session.peek?.endedAt ?? this.#known.endedAtOf(mainOf(session)?.path ?? '');
    return at === null ? null : Date.parse(at);
  }

  endedLater(session: FoundSession): number {
    const folder = folderOf(session);
    const times = this.#latestFirst.get(folder) ?? this.#timesIn(session);
    this.#latestFirst.set(folder, times);
    const own = this.#timeOf(session);
    const first = times.findIndex((time) => time <= own);
    return first < 0 ? times.length : first;
  }

  #timesIn(session: FoundSession): readonly number[] {
    return this.#neighbours(session)
      .map((each) => this.#timeOf(each))
      .sort((a, b) => b - a);
  }

  #timeOf(session: FoundSession): number {
    return this.endedMs(session) ?? newestMs(session.files);
  }

  #neighbours(session: FoundSession): readonly FoundSession[] {
    this.#byFolder ??= Map.groupBy(this.#sessions, folderOf);
    return this.#byFolder.get(folderOf(session)) ?? [];
  }
}

function folderOf(session: FoundSession): string {
  return dirname(mainOf(session)?.path ?? '');
}

function endsOf(session: FoundSession): { head: Uint8Array; tail: Uint8Array } | null {
  const main = mainOf(session);
  if (main === undefined || main.contained !== undefined || main.class.encoding !== 'plain') return null;
  try {
    using file = new SourceFile(main.path, 'plain', main.within);
    const bytes = Math.min(file.sizeBytes, END_BYTES);
    const head = file.readAt(0, bytes);
    return { head, tail: bytes === file.sizeBytes ? head : file.readAt(file.sizeBytes - bytes, bytes) };
  } catch {
    // What cannot be read is named when it is taken.
    return null;
  }
}
