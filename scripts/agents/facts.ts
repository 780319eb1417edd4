/**
 * The facts of one agent that the rig needs: how it is had, started and gone on with, and what its tools are called. Each agent is one file
 * in `facts/`; the runner beside it knows none.
 */
import { isAbsolute, join } from 'node:path';
import type { CheckName } from './checks.ts';
import type { Call, Json, Usage } from './model/conversation.ts';
import type { Hand, Step } from './model/script.ts';

/** Where a run happens. All paths are absolute. */
export interface Place {
  readonly home: string;
  readonly project: string;
  /** Of the scripted model. */
  readonly url: string;
}

export interface AgentFacts {
  /** As session-memory names it. */
  readonly id: string;
  /** Told apart by this where an agent is run in two ways. */
  readonly variant?: string;
  /** The version that the facts were seen with. */
  readonly version: string;
  /** As npm has them; the first is the agent itself. */
  readonly packages: readonly [string, ...string[]];
  readonly bin: string;
  /** What the digest must name as the model. */
  readonly model: string;
  /** Whether the first prompt is the title, or what a model answers that is asked for one. */
  readonly title: 'prompt' | 'asked';
  env(place: Place): Readonly<Record<string, string>>;
  /** What it needs to start without a question, by path below the home; an object is written as JSON. */
  files(place: Place): Readonly<Record<string, string | object>>;
  /** Commands of its own that set it up, after `files`. */
  prepare?(place: Place): readonly (readonly string[])[];
  start(prompt: string): readonly string[];
  resume(id: string, prompt: string): readonly string[];
  /** The same in another folder than the session's; absent: no other. */
  resumeMoved?(id: string, prompt: string): readonly string[];
  /** Goes on with a copy of a session, without a terminal; absent: it cannot. */
  fork?(id: string, prompt: string): readonly string[];
  /** A fork of it does not say of which session it is one. */
  readonly forksNameless?: true;
  /** Goes on with a session to plan, in a file of its own; absent: it cannot. `isFound`: whether a request shows that the file was found. */
  readonly plan?: {
    argv(id: string, prompt: string): readonly string[];
    isFound(request: string): boolean;
  };
  /** Puts a summary in the place of what was said, without a terminal; absent: it cannot. */
  compact?(id: string): readonly string[];
  /** Has it give a session a name, which no transcript tells, and go on with one by its name; absent: transcripts tell it, or it gives none. */
  readonly naming?: {
    /** What is typed into a program of its own that speaks JSON, one request after the answer to the other. */
    readonly argv: readonly string[];
    requests(id: string, name: string): readonly object[];
    resume(name: string, prompt: string): readonly string[];
  };
  /** Its own command that archives a session; absent: it has none without a terminal. */
  archive?(id: string): readonly string[];
  /** It goes on with a session only in a terminal: `resume` starts it, and the prompt is typed once this shows. */
  readonly terminal?: { readonly ready: RegExp; readonly quit: string };
  /** Its own command that deletes a session, where sessions are rows of a database. */
  forget?(id: string): readonly string[];
  /** Whether a file below the home is a log or a cache of its own, which no session needs. */
  isLog?(path: string): boolean;
  /** Below the home: what is deleted where sessions are rows of a database and it has no such command. */
  readonly database?: string;
  /** Whether a file of a session holds nothing but what its transcript has, so that it need not come back. */
  isPhantom?(content: string): boolean;
  readonly hand: (place: Place) => Hand;
  /** Of an answer's tokens, those that it writes down; absent: all. */
  kept?(usage: Usage): Usage;
  /** What of the checks the agent itself keeps from being right, as a clause. */
  readonly limits: Partial<Record<CheckName, string>>;
}

/** By which a run is asked for. */
export const nameOf = ({ id, variant }: AgentFacts) => (variant === undefined ? id : `${id}-${variant}`);

/** What an agent calls to do each kind of step; a kind that is absent it cannot do. */
export type Hands = {
  readonly [K in Exclude<Step['kind'], 'say'>]?: (
    step: Extract<Step, { kind: K }>,
    last: string,
    request: string,
  ) => readonly [string, Json | string];
};

export function handOf(hands: Hands): Hand {
  return (step, last, request): Call | null => {
    const call = hands[step.kind] as
      | ((step: Step, last: string, request: string) => readonly [string, Json | string])
      | undefined;
    if (call === undefined) return null;
    const [name, args] = call(step, last, request);
    return { name, args };
  };
}

/** The absolute path of a step's file. */
export const within = ({ project }: Place, path: string) => (isAbsolute(path) ? path : join(project, path));
