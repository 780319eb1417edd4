/**
 * What an agent tells its hook on stdin: JSON, with names that differ from agent to agent. Pure.
 * Promises: never throws; what is not understood is left out. Never: trusts a path: whoever opens it must ask whose it is.
 */

/** An event is some hundred bytes; a prompt or a tool's output may be in it. */
export const EVENT_BYTES_MAX = 1024 * 1024;

export interface HookEvent {
  /** Small letters alone: `sessionstart`; empty where it is not told. */
  readonly name: string;
  /** Where the transcript is said to be; null: not told. */
  readonly path: string | null;
}

const NAMES = ['hook_event_name', 'hookEventName', 'hook_event', 'event', 'type'];
const PATHS = ['transcript_path', 'transcriptPath', 'agent_transcript_path', 'session_file', 'sessionFile'];

/** The longest path that a system takes. */
const PATH_CHARS_MAX = 4096;

export function readEvent(text: string | null): HookEvent {
  const fields = fieldsOf(text ?? '');
  const path = first(fields, PATHS);
  return {
    name: (first(fields, NAMES) ?? '').toLowerCase().replace(/[^a-z]/g, ''),
    path: path === null || path.length > PATH_CHARS_MAX || path.includes('\0') ? null : path,
  };
}

/** At their start agents delete what is old: all of their sessions are looked at then, the one that begins has nothing yet. */
export function isStart({ name }: HookEvent): boolean {
  return name === 'sessionstart';
}

function fieldsOf(text: string): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  } catch {
    // Whatever it was, the agent must not hear of it.
    return new Map();
  }
}

function first(fields: ReadonlyMap<string, unknown>, names: readonly string[]): string | null {
  for (const name of names) {
    const value = fields.get(name);
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}
