/**
 * What becomes of one session of an archive in this store.
 * Promises: pure; of a stranger's archive only sessions that are not here come in, and nothing that is here becomes another; what a
 * person vouches for loses nothing of either side: bytes are added, a present version gives way only to one that begins with all of
 * it or that it has become, a digest only to one that is no poorer. The same again is nothing new.
 * Never: reads a clock, a disk or a store.
 */

/** How a file's present version in the archive stands to the one that is here. */
export type FileStanding =
  /** The same bytes. */
  | 'same'
  /** Nothing that is not here, or an earlier version of what is here. */
  | 'less'
  /** All that is here and more behind it, or what it has become: what is here is an earlier version of it. */
  | 'more'
  /** Bytes that are not here, and not behind what is. */
  | 'other'
  /** No such file is here. */
  | 'added';

export interface Here {
  /** An evicted session may have been lost. */
  readonly state: 'absent' | 'forgotten' | 'live' | 'evicted';
  /** It came with an archive that nobody has vouched for. */
  readonly isStrangers: boolean;
  /** Of a stranger's, evicted: nothing but a digest ever came, which is a stranger's too. */
  readonly isDigestAlone: boolean;
}

export interface OfferedSession {
  readonly kind: 'live' | 'evicted';
  /** A person vouches for the archive. */
  readonly trusted: boolean;
  /** The store that the archive is of had it from a stranger's: nobody vouches for this session, whoever does for the archive. */
  readonly isStrangers: boolean;
  /** Of live ones, by name; where nothing live is here, each is `added`. */
  readonly files: ReadonlyMap<string, FileStanding>;
  /** Names of those of them that are the transcript. */
  readonly mains: readonly string[];
  /** Not a byte is in it. */
  readonly isEmpty: boolean;
  /** Every byte that is here, or was when it was evicted, is in the archive too. */
  readonly holdsAll: boolean;
  /**
   * Where one side is evicted: both are the very same, with nothing removed that the other lacks; the live one begins with what was
   * evicted; or it is something else.
   */
  readonly content: 'same' | 'known' | 'other';
  /**
   * Its digest of its present content, as `claimOf` has it. `nothing`: it lets nothing go. `worse`: the one that is here is as good,
   * or it is of less than what is here. `better`: there is none here, or a poorer one.
   */
  readonly digest: 'none' | 'nothing' | 'worse' | 'better';
}

/** An id of which nothing is to be stored. */
export interface OfferedForgotten {
  readonly kind: 'forgotten';
  readonly trusted: boolean;
}

export interface Merge {
  readonly act: 'merge';
  /** Bytes are added to what is here; an evicted session comes back with them; or none come. */
  readonly bytes: 'grow' | 'return' | 'none';
  /** Files whose present version is the archive's from now on. The other one stays in the file's log. */
  readonly replaced: ReadonlySet<string>;
  /** Title, project, times: those of the archive where it is the later state of the same; only what is not known here; or all of them. */
  readonly facts: 'later' | 'missing' | 'all';
  /** The archive's digest stands for what is here; is kept beside, and stands for nothing; or is not taken. */
  readonly digest: 'adopt' | 'beside' | 'leave';
  /** What was evicted here comes back as it was: its own digest stands for it again. */
  readonly stands: boolean;
  /** It is no stranger's any more. */
  readonly vouches: boolean;
  /** Not all of both sides can be the present one. */
  readonly conflict: boolean;
}

export type Left = 'forgotten' | 'nothing_new' | 'no_effect' | 'empty' | 'conflict';

export type MergeDecision =
  | { readonly act: 'leave'; readonly why: Left }
  | { readonly act: 'add'; readonly as: 'own' | 'stranger' }
  | { readonly act: 'forget' }
  | Merge;

export function decide(here: Here, offer: OfferedSession | OfferedForgotten): MergeDecision {
  if (offer.kind === 'forgotten') return decideForgotten(here, offer);
  if (here.state === 'forgotten') return { act: 'leave', why: 'forgotten' };
  if (here.state === 'absent') {
    if (offer.trusted) return { act: 'add', as: 'own' };
    // Of what a stranger has evicted nothing but a digest could come.
    const isEmpty = offer.kind === 'evicted' && offer.digest === 'none';
    return isEmpty ? { act: 'leave', why: 'empty' } : { act: 'add', as: 'stranger' };
  }
  // What a stranger sent to another store of one's own is a stranger's here too.
  if (!offer.trusted || (offer.isStrangers && !here.isStrangers))
    return { act: 'leave', why: bringsSomething(here, offer) ? 'conflict' : 'nothing_new' };
  return offer.kind === 'evicted' ? mergeEvicted(here, offer) : mergeLive(here, offer);
}

function decideForgotten({ state }: Here, { trusted }: OfferedForgotten): MergeDecision {
  if (!trusted) return { act: 'leave', why: 'no_effect' };
  if (state === 'forgotten') return { act: 'leave', why: 'nothing_new' };
  // What is here is forgotten by a person alone.
  return state === 'absent' ? { act: 'forget' } : { act: 'leave', why: 'conflict' };
}

function bringsSomething(
  { state }: Here,
  { kind, trusted, files, isEmpty, content }: OfferedSession,
): boolean {
  // A stranger's digest in an archive of one's own is told where it was taken in.
  if (kind === 'evicted') return !trusted && content === 'other';
  return (state === 'evicted' && !isEmpty) || [...files.values()].some((standing) => !isKnown(standing));
}

function isKnown(standing: FileStanding): boolean {
  return standing === 'same' || standing === 'less';
}

/** The archive has a digest alone. */
function mergeEvicted(here: Here, { content, digest, isStrangers }: OfferedSession): Merge {
  // Of a stranger's that is a digest alone nothing can be vouched for: one's own takes its place.
  const takesOver = here.isDigestAlone && digest === 'better' && !isStrangers;
  const adopts = takesOver || (content === 'same' && digest === 'better');
  const isBeside = !takesOver && content === 'other' && digest !== 'none';
  // It was live here once, and its digest was made here.
  const isHeld = here.isStrangers && here.state === 'evicted' && !here.isDigestAlone;
  return {
    ...NOTHING,
    facts: takesOver ? 'all' : content === 'same' ? 'later' : 'missing',
    digest: adopts ? 'adopt' : isBeside ? 'beside' : 'leave',
    vouches: takesOver || (isHeld && content === 'same' && !isStrangers),
    conflict: isBeside && !here.isStrangers,
  };
}

const NOTHING: Merge = {
  act: 'merge',
  bytes: 'none',
  replaced: new Set(),
  facts: 'missing',
  digest: 'leave',
  stands: false,
  vouches: false,
  conflict: false,
};

function mergeLive(here: Here, offer: OfferedSession): Merge {
  const { files, mains, isEmpty, holdsAll, content, digest } = offer;
  // Without a byte nothing comes back.
  if (here.state === 'evicted' && isEmpty) return NOTHING;
  const adopts = holdsAll && digest === 'better';
  const isVouched = here.isStrangers && !offer.isStrangers;
  if (here.state === 'evicted')
    return {
      ...NOTHING,
      bytes: 'return',
      facts: isVouched ? 'all' : 'later',
      digest: adopts ? 'adopt' : 'leave',
      stands: content === 'same',
      vouches: isVouched && holdsAll,
    };
  // Of two that differ the one that is here stays, unless nobody stands for it and somebody does for the other.
  const gives = (standing: FileStanding) => standing === 'more' || (standing === 'other' && isVouched);
  const replaced = [...files].filter(([, standing]) => gives(standing)).map(([key]) => key);
  const standings = mains.map((key) => files.get(key));
  const isLater = standings.length > 0 && standings.every((one) => one === 'same' || one === 'more');
  return {
    ...NOTHING,
    bytes: 'grow',
    replaced: new Set(replaced),
    facts: isVouched ? 'all' : isLater ? 'later' : 'missing',
    digest: adopts ? 'adopt' : 'leave',
    vouches: isVouched && holdsAll,
    conflict: [...files.values()].includes('other'),
  };
}
