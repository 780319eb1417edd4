/**
 * The seam between one agent's format and everything else: an agent is one file that exports an `AgentFormat`
 * and one line in `agents/registry.ts`.
 * Promises: nothing here touches a disk; an agent's file is pure.
 */
import type { Container } from './contained.ts';
import type { ContentForm } from './content.ts';
import type { FactSink, RecordReader, ToldRole } from './facts.ts';
import type { AgentId } from './ids.ts';
import type { NamedFiles } from './named.ts';
import type { OwnFormat } from './own-format.ts';
import type { Peek } from './peek.ts';
import type { Place } from './places.ts';
import type { AgentRetention } from './retention.ts';
import type { FilePacking, FileRole } from './session.ts';
import type { Iso } from './time.ts';

export type { Peek } from './peek.ts';
export type { AgentRetention } from './retention.ts';

/** The machine as `main.ts` found it. Empty variables are already left out. */
export interface Host {
  readonly homeDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** The same with the empty ones: for programs of the user's own, to which set and empty may mean something. Absent: `env`. */
  readonly inheritedEnv?: Readonly<Record<string, string>>;
  readonly platform: 'linux' | 'darwin' | 'win32';
  /** What the configuration says of agents, by their ids; an agent that is not in it is as its format says. */
  readonly agents?: Readonly<Record<string, AgentSettings>>;
  /** Folders of projects that are known, for agents that keep their sessions there; absolute, existing or not. */
  readonly projects?: readonly string[];
  /** By agent: the roots that its own list names, absolute, each with its project. */
  readonly listedRoots?: Readonly<Record<string, ReadonlyMap<string, string | null>>>;
  /** What stands before the places of settings that hold for the whole machine. Absent: nothing; tests have a folder of their own. */
  readonly systemRoot?: string;
}

/** What an agent's list tells of a project. */
export interface ListedProject {
  /** Null: sessions of all projects are there. */
  readonly project: string | null;
  /** Where its sessions are, relative to the project, or absolute (`~/` is the home folder); null: where `projectRoot` says. */
  readonly root: string | null;
}

/** What a person configures of one agent. */
export interface AgentSettings {
  /** False: not looked for by itself; `--agent` or a path still takes it. */
  readonly enabled: boolean;
  /** Further roots, absolute: a container's home, a synced folder. They need not exist. */
  readonly roots: readonly string[];
  /** Of an agent that only the configuration knows. */
  readonly own?: OwnFormat;
}

/** What a path under an agent's root is. */
export interface FileClass {
  readonly role: FileRole;
  /** The session it belongs to; null where only its content tells (`Peek.nativeId`). */
  readonly nativeId: string | null;
  /** Unique within the session and the same wherever the session's folder moves; `main` for the transcript. */
  readonly key: string;
  /** How the agent stores it; Tier 1 keeps the plain bytes. */
  readonly encoding: FilePacking;
  /** Only taken when its session has a transcript (checkpoints, task lists). */
  readonly onlyWithSession?: true;
  /** What a move into a database left behind: only taken where no database has its session. */
  readonly beforeRows?: true;
  /** Only taken where its records are this agent's: others, too, put files of such names there. */
  readonly onlyByContent?: true;
  /** Only records of its session tell whose it is (`AgentLayout.named`): `nativeId` is null. */
  readonly isNamed?: true;
  /** It holds sessions, or leads to the files of one: what is stored is not the file but what is made of it. */
  readonly container?: Container;
}

/** The text of a small file under a root, by its path from there; null where there is none. */
export type TextBeside = (relPath: string) => string | null;

/** Which session a file is restored for. */
export interface RestoreTarget {
  readonly nativeId: string;
  readonly project: string | null;
  readonly startedAt: Iso | null;
  /** It goes to another project's folder than the one that its records name. */
  readonly isMoved?: boolean;
  /** Where its transcript is put, absolute; absent where that is still to be said. */
  readonly path?: string;
  /** What is under the root that it is restored to; absent: not looked at. */
  readonly beside?: TextBeside;
}

/** A way back to work. */
export interface Resume {
  /** The folder that it must be typed in; null: any. */
  readonly cwd: string | null;
  readonly argv: readonly string[];
  /** What else the agent needs before it sees a session that was put back, as a sentence; absent: nothing. */
  readonly needs?: string;
}

/** A file that an agent takes a restored session by: for its own import into a database, or beside the transcript. */
export interface AgentImport {
  /** Its name, below the folder that is restored to. */
  fileName(session: RestoreTarget): string;
  /** Its text, or pieces of it, made of the lines of the stored transcript; null where they do not tell enough. Both may be gone through again. */
  content(lines: Iterable<Uint8Array>, session: RestoreTarget): string | Iterable<string> | null;
  /**
   * Whether the agent of this machine needs it, by what is under its root: `true`, `false`, or as a sentence why it does and cannot be
   * made now. Absent: always.
   */
  isNeeded?(session: RestoreTarget, isThere: (relPath: string) => boolean): boolean | string;
  /** What is typed to import it; null: the agent finds it by itself. */
  argv(path: string): readonly string[] | null;
}

/** A list of an agent's own that tells of its sessions what no transcript does: how a person called them. Lines are only ever added to it. */
export interface AgentList {
  /** Relative to its root. */
  readonly file: string;
  /** The names that stand in its text, each the last of its session. */
  names(text: string): ReadonlyMap<string, string>;
  /** Whether a title is none that the first bytes of its transcript tell, so that it was the list that had it. */
  isFromList(title: string, head: Uint8Array): boolean;
  /** The line, without its end, that gives a session its name; null where the list takes no session of that id. */
  line(nativeId: string, name: string, at: Iso): string | null;
}

/** What a file's name tells where it lies outside any agent's folder. */
export interface LooseName {
  /** Names the session where no record does. */
  readonly stem: string;
  readonly encoding: FilePacking;
}

/** What it is called, and how sure its format is. */
export interface AgentIdentity {
  readonly id: AgentId;
  /** For people, e.g. `Claude Code`. */
  readonly name: string;
  /** What this format was held against: genuine recordings, or what is written about it alone; or a person's word (`own`). */
  readonly proof: 'recordings' | 'documentation' | 'configuration';
  /** What it was made of, where only the configuration knows it: its glob would match in any folder, so its roots are all it has. */
  readonly own?: OwnFormat;
  /** How its transcripts grow: lines at the end, whole files anew, or rows of a database. */
  readonly growth: 'append' | 'rewrite' | 'rows';
}

/** Where on a machine its sessions are looked for. */
export interface AgentLocations {
  /** The environment variables that move its roots; `roots` says how. */
  readonly variables: readonly string[];
  /** Absolute folders where this agent keeps its sessions on such a machine, existing or not. */
  roots(host: Host): readonly string[];
  /** Further roots: the folders that a pattern names below an absolute one (`profiles`, `*\/agent`). */
  rootPatterns?(host: Host): readonly { readonly folder: string; readonly pattern: string }[];
  /** The root that an absolute path lies in by its form (`/x/.claude/projects/y` → `/x/.claude`), or null. */
  rootOf(path: string): string | null;
  /** Folders below a root that are walked, e.g. `projects`; `*` in a part of a path is any characters. */
  readonly folders: readonly string[];
  /**
   * Folders below a root of which only the files in them are looked at that `classify` names; `''` is the root, a part `*`
   * any folder (`profiles/*`).
   */
  readonly flatFolders?: readonly string[];
  /** Of the files in `flatFolders` that `classify` names those that are this agent's on such a machine; absent: all. */
  looksAt?(fileName: string, host: Host): boolean;
  /** The root in the folder of a project, where it keeps sessions there; existing or not. */
  projectRoot?(project: string, host: Host): string;
  /** A file under its roots that lists projects, and how it is read; nothing where it is not understood. */
  readonly projectList?: { readonly file: string; projects(text: string): readonly ListedProject[] };
}

/** What a path below a root is, and where a file of a session belongs. */
export interface AgentLayout {
  /** All places that files of its sessions may have, as patterns below a root. What fits none is neither found nor written. */
  readonly places: readonly Place[];
  /** What the file at `relPath` (from the root, `/` between parts) is; null: not a session's. Decides by the path alone, within `places`. */
  classify(relPath: string): FileClass | null;
  /** Files of its sessions that only their records name: `classify` says of which places; absent: there are none. */
  readonly named?: NamedFiles;
  /**
   * Of a file that the layout of a relative knows under the same root, too: whether it is this agent's, by its place and the first bytes
   * of transcripts there (null: there is none). Absent: no relative is known.
   */
  isIts?(relPath: string, root: string, headOf: (relPath: string) => Uint8Array | null): boolean;
  /** A folder below the root that is never entered (`memory`). */
  skipsFolder(relPath: string): boolean;
  /** Null where a file of that name is no transcript of this agent, wherever it lies. */
  looseName(fileName: string): LooseName | null;
  /** The place under the root for a transcript of which only the content is known (a copy given by path). */
  relPathOf(peek: Peek, fileName: string): string | null;
  /**
   * Whether the transcript of that key is one JSON document, which goes to the reader's `part`; absent: all are lines.
   * A document that is written anew is stored by the elements of its outermost list.
   */
  isDocument?(key: string): boolean;
  /**
   * Whether the file of that key, which lies beside the transcripts, tells what they do not (sums of tokens): the reader is
   * given it too, as `beside`. It alone makes no digest.
   */
  tells?(key: string): boolean;
}

/** What stands in its files. */
export interface AgentRecords {
  /**
   * Reads times, project, title and identity off the first and last lines (`HEAD_LINES`, `TAIL_LINES`) of a transcript, of which
   * `head` and `tail` are at least so many where it has them; they may overlap. Null where this is no transcript of this agent.
   */
  peek(head: Uint8Array, tail: Uint8Array): Peek | null;
  /** The project that files beside the transcript at `relPath` name: surer than what it says itself. Null where they name none. */
  projectBeside?(relPath: string, beside: TextBeside): string | null;
  /** The name that the agent's own list has for a session; null where it has none. It goes before what the transcript tells. */
  titleBeside?(nativeId: string, beside: TextBeside): string | null;
  /** When a session began, as the agent's own list says; asked where its transcript does not tell. Null where the list has no time. */
  startedBeside?(nativeId: string, beside: TextBeside): Iso | null;
  /**
   * Whether the place of a transcript is made of its project's folder: one that was renamed together with its transcripts' folder is told by
   * later records than the first.
   */
  readonly placedByProject?: {
    /** Whether the place at `relPath` is for that project. */
    isFor(relPath: string, project: string): boolean;
    /** All folders that records in the first and the last bytes name, in their order. */
    projects(head: Uint8Array, tail: Uint8Array): readonly string[];
  };
  reader(sink: FactSink): RecordReader;
  /** What of its lines is content, where they are lines of JSON; absent: a version is compared by its bytes alone. */
  readonly content?: ContentForm;
}

/** How a session goes back to it, and how a person goes on with it. */
export interface AgentReturn {
  /** Where the agent looks for this file, relative to its root. May hold anything: `placement` (`restore/placement.ts`) checks the path. */
  restorePath(
    session: RestoreTarget,
    file: { readonly role: FileRole; readonly key: string; readonly relPath: string },
  ): string;
  /** What the user types to go on with the session. */
  resume(session: RestoreTarget): Resume;
  /**
   * How a session is gone on with in another project's folder (a moved one, or on another machine): its place is made of that folder, or its
   * command finds it from any. Absent: it is not known to be.
   */
  readonly otherProject?: 'by its place' | 'from any folder';
  /** Gone on with on another machine, it writes the whole session anew, which is another one from then on. */
  readonly isAnotherElsewhere?: true;
  /** Why it is known that the agent does not, as a clause after its name. */
  readonly onlyInProject?: string;
  /**
   * Why its sessions cannot be put back where they were, as a sentence; absent: they can. What is restored then lies in a
   * folder of our own, and is handed to the agent's own import where it has one.
   */
  readonly cannotPutBack?: string;
  /** Whether the file of that key lies beside such sessions, and goes back to where the agent has it; absent: none does. */
  readonly canPutBack?: (key: string) => boolean;
  readonly takesBack?: AgentImport;
  /** Where a restored session is to get its name back; `titleBeside` reads it. Absent: transcripts tell it. */
  readonly namedIn?: AgentList;
}

/** One agent, in its parts: whoever needs one part asks for that one. */
export interface AgentFormat extends AgentIdentity, AgentLocations, AgentLayout, AgentRecords, AgentReturn {
  /** How it deletes its own transcripts; null: never. */
  readonly retention: AgentRetention | null;
}

type Located = Pick<AgentIdentity, 'id'> & AgentLocations;

/** Where an agent's sessions may lie: its own roots first, then those of the configuration, then those of projects. */
export function rootsOf(agent: Located, host: Host): readonly string[] {
  const inProjects = (host.projects ?? []).flatMap((project) => agent.projectRoot?.(project, host) ?? []);
  const listed = host.listedRoots?.[agent.id]?.keys() ?? [];
  return [...agent.roots(host), ...addedRoots(agent, host), ...inProjects, ...listed];
}

/** The roots that the configuration gives an agent, absolute, existing or not. */
export function addedRoots(agent: Pick<AgentIdentity, 'id'>, host: Host): readonly string[] {
  return host.agents?.[agent.id]?.roots ?? [];
}

/** As what the agent's reader is given a file; null: a digest is made without it. */
export function toldAs(agent: Pick<AgentLayout, 'tells'>, role: FileRole, key: string): ToldRole | null {
  if (role === 'main' || role === 'subagent') return role;
  return agent.tells?.(key) === true ? 'beside' : null;
}

/** Whether an agent is looked for without being named. */
export function isEnabled(agent: Pick<AgentIdentity, 'id'>, host: Host): boolean {
  return host.agents?.[agent.id]?.enabled ?? true;
}
