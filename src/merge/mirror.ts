/**
 * What becomes here of a session that another machine of one's own tells of in the bucket.
 * Promises: pure; adds only: what this machine has itself is never changed by it but for a pin; what was forgotten here never comes back;
 * what was forgotten there goes here too.
 */
import type { Digest } from '../domain/digest.ts';

export interface HereOfMirror {
  /**
   * `own`: this machine has, or had, its bytes. `mirror`: it is here only as a machine tells of it. `other`: it came by an archive of a
   * stranger.
   */
  readonly state: 'absent' | 'forgotten' | 'own' | 'other' | 'mirror';
  readonly pinned: boolean;
  /** Of a mirror: the machine that it is of. */
  readonly machine: string | null;
  readonly endedAt: string | null;
}

export interface ToldSession {
  readonly machine: string;
  /** It has a digest that says something, made there or vouched for there. */
  readonly hasDigest: boolean;
  readonly pinned: boolean;
  readonly endedAt: string | null;
  /** Its digest tells of something that the one here does not. */
  readonly saysMore: boolean;
}

/** `beside`: its digest is kept beside what is here, as that machine's; with `renew`, the one of the machine that was told of before. */
export type Beside = 'theirs' | 'before' | null;

/** `pins`: it is pinned here from now on. */
export interface MirrorFate {
  readonly act: 'leave' | 'add' | 'renew';
  readonly pins: boolean;
  readonly beside: Beside;
}

export function decideMirror(here: HereOfMirror, told: ToldSession): MirrorFate {
  if (here.state === 'forgotten' || (here.state === 'absent' && !told.hasDigest))
    return { act: 'leave', pins: false, beside: null };
  if (here.state === 'absent') return { act: 'add', pins: told.pinned, beside: null };
  const pins = told.pinned && !here.pinned && here.state !== 'other';
  const theirs = told.hasDigest && told.saysMore ? 'theirs' : null;
  if (here.state !== 'mirror' || !told.hasDigest) return { act: 'leave', pins, beside: theirs };
  if (here.machine === told.machine) return { act: 'renew', pins, beside: null };
  // Of two machines that tell of one session the one that went on with it knows more.
  const isLater = (told.endedAt ?? '') > (here.endedAt ?? '');
  return isLater ? { act: 'renew', pins, beside: 'before' } : { act: 'leave', pins, beside: theirs };
}

/** What a digest says that would be asked for by its words, as far as a longer one of the same session has it word for word too. */
function said({ prompts, commands, commits, files }: Digest): Set<string> {
  return new Set([
    ...(prompts ?? []).map(({ text }) => `prompt ${text}`),
    ...(commands ?? []).map(({ command }) => `command ${command}`),
    ...(commits ?? []).map(({ message }) => `commit ${message}`),
    ...[...(files?.written ?? []), ...(files?.edited ?? [])].map((path) => `file ${path}`),
  ]);
}

/** Whether `theirs` has something that none of `ours` has. */
export function saysMore(theirs: Digest, ours: readonly Digest[]): boolean {
  const known = new Set(ours.flatMap((one) => [...said(one)]));
  return !said(theirs).isSubsetOf(known);
}

/** An id that another machine has forgotten: a person said so, and it holds on every machine. */
export function decideForgottenThere({ state }: Pick<HereOfMirror, 'state'>): 'nothing' | 'note' | 'forget' {
  if (state === 'forgotten') return 'nothing';
  return state === 'absent' ? 'note' : 'forget';
}
