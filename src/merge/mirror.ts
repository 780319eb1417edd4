/**
 * What becomes here of a session that another machine of one's own tells of in the bucket.
 * Promises: pure; adds only: what this machine has itself is never changed by it but for a pin; what was forgotten here never comes back;
 * what was forgotten there goes here too.
 */
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
}

/** `pins`: it is pinned here from now on. */
export type MirrorFate =
  | { readonly act: 'leave'; readonly pins: boolean }
  | { readonly act: 'add' | 'renew'; readonly pins: boolean };

export function decideMirror(here: HereOfMirror, told: ToldSession): MirrorFate {
  if (here.state === 'forgotten') return { act: 'leave', pins: false };
  if (here.state === 'absent')
    return told.hasDigest ? { act: 'add', pins: told.pinned } : { act: 'leave', pins: false };
  const pins = told.pinned && !here.pinned && here.state !== 'other';
  if (here.state !== 'mirror' || !told.hasDigest) return { act: 'leave', pins };
  // Of two machines that tell of one session the one that went on with it knows more.
  const isLater = here.machine === told.machine || (told.endedAt ?? '') > (here.endedAt ?? '');
  return { act: isLater ? 'renew' : 'leave', pins };
}

/** An id that another machine has forgotten: a person said so, and it holds on every machine. */
export function decideForgottenThere({ state }: Pick<HereOfMirror, 'state'>): 'nothing' | 'note' | 'forget' {
  if (state === 'forgotten') return 'nothing';
  return state === 'absent' ? 'note' : 'forget';
}
