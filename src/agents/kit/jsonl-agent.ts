/**
 * What agents share that keep a session's lines in one file at a place made of its id.
 * Promises: the rest of an `AgentFormat` follows from where its root is and how a path is read. Knows no agent.
 */
import type { AgentFormat, FileClass, Host, RestoreTarget } from '../../domain/agent.ts';
import { ALL_MEMBERS } from '../../domain/content.ts';
import type { FactSink, RecordReader } from '../../domain/facts.ts';
import { agentId } from '../../domain/ids.ts';
import { closed, type PlaceKind, placesOf } from '../../domain/places.ts';
import { type JsonRecord, jsonlName } from './json-lines.ts';
import { peekRecords, type Seen, type TimesOf } from './lines-reader.ts';

export interface FixedLayout {
  readonly id: string;
  readonly name: string;
  readonly proof: AgentFormat['proof'];
  /** Moves the root; null: nothing does. */
  readonly variable: string | null;
  /** Roots below the home, the parts of each. */
  readonly homes: readonly (readonly string[])[];
  /** Below a root. */
  readonly folder: string;
  /** As for `placesOf`. */
  readonly places: Partial<Record<PlaceKind, readonly string[]>>;
  classify(relPath: string): FileClass | null;
  /** As for `peekRecords`. */
  note(record: JsonRecord, seen: Seen): boolean;
  readonly timesOf?: TimesOf;
  reader(sink: FactSink): RecordReader;
  /** As in `AgentFormat`: documents that tell what the transcript does not; absent: none does. */
  tells?(key: string): boolean;
  /** Where the transcript of a session lies that has no place of its own any more. */
  place(session: RestoreTarget): string;
  resume(session: RestoreTarget): readonly string[];
  readonly resumeNeeds?: string;
  readonly onlyInProject?: string;
  /** As in `AgentFormat`; absent: no folder is left out. */
  skipsFolder?(relPath: string): boolean;
  readonly projectBeside?: AgentFormat['projectBeside'];
  /** The name of a file beside the transcript where its key is another one. */
  nameOf?(key: string, session: RestoreTarget): string;
  /** The folder that keys and names start from, for a transcript at that place; absent: its own. */
  folderOf?(main: string): string;
}

export function placed(agent: FixedLayout): AgentFormat {
  const { variable, homes, folder } = agent;
  const named = homes.map((parts) => {
    const home = parts.map((part) => part.replaceAll('.', '\\.')).join('[\\\\/]');
    return new RegExp(`^(.*?[\\\\/]${home}|${home})(?:[\\\\/]${folder}(?:[\\\\/].*)?|[\\\\/])?$`, 's');
  });
  const places = placesOf(agent.places);
  const classify = closed(places, agent.classify);
  return {
    id: agentId(agent.id),
    name: agent.name,
    proof: agent.proof,
    growth: 'append',
    variables: variable === null ? [] : [variable],
    folders: [folder],
    retention: null,
    roots: (host: Host) => {
      const moved = variable === null ? undefined : host.env[variable];
      const slash = host.platform === 'win32' ? '\\' : '/';
      return moved === undefined ? homes.map((parts) => [host.homeDir, ...parts].join(slash)) : [moved];
    },
    rootOf: (path) => named.map((each) => each.exec(path)?.[1]).find((root) => root !== undefined) ?? null,
    places,
    classify,
    skipsFolder: agent.skipsFolder ?? (() => false),
    peek: (head, tail) => peekRecords(head, tail, agent.note, agent.timesOf),
    ...(agent.projectBeside === undefined ? {} : { projectBeside: agent.projectBeside }),
    ...(agent.onlyInProject === undefined ? {} : { onlyInProject: agent.onlyInProject }),
    looseName: jsonlName,
    relPathOf: ({ nativeId, project, startedAt }) =>
      nativeId === null ? null : agent.place({ nativeId, project, startedAt }),
    reader: agent.reader,
    ...(agent.tells === undefined ? {} : { tells: agent.tells, isDocument: agent.tells }),
    content: ALL_MEMBERS,
    restorePath: (session, file) => {
      if (classify(file.relPath)?.key === file.key) return file.relPath;
      const main = agent.place(session);
      if (file.key === 'main') return main;
      const name = agent.nameOf?.(file.key, session) ?? file.key;
      return `${agent.folderOf?.(main) ?? main.slice(0, main.lastIndexOf('/'))}/${name}`;
    },
    resume: (session) => ({
      cwd: session.project,
      argv: agent.resume(session),
      ...(agent.resumeNeeds === undefined ? {} : { needs: agent.resumeNeeds }),
    }),
  };
}

/** What lies beside a transcript. */
export function beside(nativeId: string, key: string): FileClass {
  return { role: 'sidecar', nativeId, key, encoding: 'plain', onlyWithSession: true };
}

/** A transcript. `nativeId` null: its records tell. */
export function transcript(nativeId: string | null): FileClass {
  return { role: 'main', nativeId, key: 'main', encoding: 'plain' };
}

/** A folder named after a project, as Claude Code and many after it do: all but letters, digits and dashes become dashes. */
export function dashed(project: string | null): string {
  return (project ?? 'unknown').replace(/[^A-Za-z0-9-]/g, '-');
}
