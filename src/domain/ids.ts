/**
 * Names of things: branded so that a path, an id of an agent and an id of ours cannot be mixed up.
 * Promises: an id made here is safe to print, to put in a file name and to hand to a shell.
 * Never: decides where a file is written.
 */

/** A program that writes transcripts, e.g. `claude-code`. */
export type AgentId = string & { readonly __agent: true };
/** `<agent>:<the agent's own id>`, unique in a store. */
export type SessionUid = string & { readonly __uid: true };

/** Agents' own ids are mostly UUIDs; this is the widest form kept as it is. */
const PLAIN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** Windows takes these for devices, whatever follows the first dot. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** What a session's name is made of, whatever its agent's id was. */
export const UID_FORM = /^[a-z0-9-]+:[A-Za-z0-9._-]+$/;

/** Brands a literal of the code; what comes from outside goes through `parseAgentId` of the caller's list. */
export function agentId(name: string): AgentId {
  return name as AgentId;
}

/**
 * The uid of a session. An id that is not plain (path parts, blanks, escapes, 4 KiB long) is replaced by
 * `x-` and `hash(id)`, so that hostile ids stay distinct and become harmless.
 */
export function sessionUid(agent: AgentId, nativeId: string, hash: (text: string) => string): SessionUid {
  const isPlain = PLAIN_ID.test(nativeId) && !nativeId.includes('..') && !DEVICE.test(nativeId);
  const id = isPlain ? nativeId : `x-${hash(nativeId).slice(0, 32)}`;
  return `${agent}:${id}` as SessionUid;
}

/** The uid of a second session that claims the id of another one with different content. */
export function divergedUid(uid: SessionUid, pathHash: string): SessionUid {
  return `${uid}.${pathHash.slice(0, 8)}` as SessionUid;
}

/** The uid of the first session of its id, whose own it may be. */
export function undivergedUid(uid: SessionUid): SessionUid {
  return uid.replace(/\.[0-9a-f]{8}$/, '') as SessionUid;
}

/** The agent's part of a uid. */
export function agentOf(uid: SessionUid): AgentId {
  return uid.slice(0, uid.indexOf(':')) as AgentId;
}

/** The agent's own id within a uid. */
export function nativeIdOf(uid: SessionUid): string {
  return uid.slice(uid.indexOf(':') + 1);
}
