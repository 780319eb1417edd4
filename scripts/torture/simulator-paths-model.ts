/**
 * The laws of identity, form and time, said once more and apart from the program: which session holds which conversation is told by
 * its bytes alone, whatever it is called and wherever its file lies.
 * Promises: shares no code with the program; a broken law is one sentence.
 */
import { digestLaws, evictedLaws } from './simulator-model.ts';
import {
  beginsWith,
  bytesOf,
  type File,
  isOneLine,
  isSame,
  saidIn,
  type Turn,
} from './simulator-paths-disk.ts';
import type { PathFact } from './simulator-paths-facts.ts';

export type Facts = ReadonlyMap<string, PathFact>;
export type Turns = ReadonlyMap<number, Turn>;

/** What an ingest that was not interrupted has left behind, to hold the next one against. */
export interface Remembered {
  /** By id: what each of its files said. */
  readonly said: ReadonlyMap<string, readonly (readonly number[])[]>;
  /** Files that alone stand for a session, what they said, and which session. */
  readonly owners: ReadonlyMap<File, { readonly uid: string; readonly said: readonly number[] }>;
}

/** By uid: what a session said whenever it was evicted. */
export type Gone = ReadonlyMap<string, readonly (readonly number[])[]>;

/** What a session was when it was evicted last. `isCut`: it had lost something that it once held. */
export interface LastSeen {
  readonly bytes: Buffer;
  readonly isCut: boolean;
}

/** What the model knows beside the disk and the store. `told`: what the ingest printed. */
export interface Knows {
  readonly turns: Turns;
  readonly ever: Ever;
  readonly remembered: Remembered | null;
  readonly gone: Gone;
  /** What it had been before each of its evictions: that went with it. */
  readonly goneEarlier: Gone;
  /** By uid. */
  readonly last: ReadonlyMap<string, LastSeen>;
  readonly told: string;
}

const idOf = ({ branch }: File) => branch.id;
const saysOf = ({ turns }: Pick<File, 'turns'>) => turns.map(({ number }) => number);
const isLive = ({ evictedAt }: PathFact) => evictedAt === null;
const said = (bytes: Uint8Array | null) => saidIn(bytes ?? new Uint8Array(0));

/** By uid: numbers of all records that it ever held. */
export type Ever = ReadonlyMap<string, ReadonlySet<number>>;

/** Laws that hold after every step, whatever it was and wherever it died. */
export function everLaws(turns: Turns, before: Facts, after: Facts, ever: Ever, isSweep: boolean): string[] {
  const broken: string[] = [];
  for (const [uid, fact] of after) {
    const was = before.get(uid);
    broken.push(...ownLaws(turns, fact, [...(ever.get(uid) ?? [])]));
    broken.push(...(isLive(fact) ? [] : evictedLaws(fact)), ...digestLaws(was, fact));
    if (was === undefined || !isLive(was)) continue;
    if (isLive(fact)) broken.push(...keptLaws(was, fact));
    else if (!isSweep) broken.push(`${uid} was evicted, and nobody swept`);
    else if (was.analyzedAt === null) broken.push(`${uid} was evicted without an analysis`);
  }
  for (const uid of before.keys()) if (!after.has(uid)) broken.push(`${uid} is not there any more`);
  return broken;
}

/** A session's bytes come from one conversation, all its life. */
function ownLaws(turns: Turns, { uid, nativeId }: PathFact, ever: readonly number[]): string[] {
  const own = ever.map((number) => turns.get(number));
  const known = own.filter((turn) => turn !== undefined);
  if (known.length < own.length) return [`${uid} holds a line that nobody wrote`];
  const broken: string[] = [];
  if (known.some(({ branch }) => branch.id !== nativeId)) broken.push(`${uid} holds lines of another id`);
  const branches = [...new Set(known.map(({ branch }) => branch))];
  if (branches.some((one) => branches.some((other) => !isOneLine(one, other))))
    broken.push(`${uid} has held two conversations: records ${ever}`);
  return broken;
}

/** Its title and project come from that one, too. A run that is killed may have told them before it stored what tells them. */
function toldLaws(turns: Turns, { uid, title, project }: PathFact, ever: ReadonlySet<number>): string[] {
  const known = [...ever].flatMap((number) => turns.get(number) ?? []);
  const broken: string[] = [];
  const named = /record-(\d+)-/.exec(title ?? '')?.[1];
  if (named !== undefined && !known.some(({ number }) => number === Number(named)))
    broken.push(`${uid} has the title of another one: ${title}`);
  if (project !== null && known.length > 0 && !known.some(({ cwd }) => cwd === project))
    broken.push(`${uid} has the project of another one: ${project}`);
  return broken;
}

/** Nothing that a live session held goes, and each version of it can be had as it was. */
function keptLaws(was: PathFact, { uid, version, log, earlier }: PathFact): string[] {
  const there = new Set(said(log));
  const lost = said(was.log).filter((number) => !there.has(number));
  if (lost.length > 0) return [`${uid} has lost records ${lost}`];
  const isThere = (old: Buffer) =>
    [version ?? Buffer.alloc(0), ...earlier].some((one) => one.subarray(0, old.length).equals(old));
  // A version of which nothing is missing now needs no row of its own.
  const isContained = (old: Buffer) =>
    old
      .toString()
      .split('\n')
      .every((line) => version?.includes(line) === true);
  return [was.version ?? Buffer.alloc(0), ...was.earlier]
    .filter((old) => !isThere(old) && !isContained(old))
    .map((old) => `${uid} has lost what it was before: records ${said(old)}`);
}

/** What holds once an ingest has seen all there is. */
export function wholeLaws(disk: readonly File[], before: Facts, after: Facts, knows: Knows): string[] {
  const { remembered, gone } = knows;
  const broken = disk.flatMap((file) => thereLaws(file, disk, after, [gone, knows.goneEarlier]));
  broken.push(...singleLaws([...after.values()]));
  for (const fact of after.values())
    if (isLive(fact)) broken.push(...toldLaws(knows.turns, fact, knows.ever.get(fact.uid) ?? new Set()));
  if (remembered === null) return broken;
  for (const [id, old] of remembered.said) broken.push(...quietLaws(id, old, disk, before, after, knows));
  for (const [file, owner] of remembered.owners)
    if (disk.includes(file)) broken.push(...ownerLaws(file, owner, disk, before, after, knows));
  return broken;
}

/** Every file is in the store: as a version, the beginning of one, or evicted; and known where it lies. */
function thereLaws(file: File, disk: readonly File[], after: Facts, gone: readonly Gone[]): string[] {
  const says = saysOf(file);
  if (!file.turns.some(({ kind }) => kind === 'turn')) return [];
  const all = [...after.values()].filter(({ nativeId }) => nativeId === idOf(file));
  const live = all.filter(isLive);
  const holders = live.filter(({ version, earlier }) =>
    [version, ...earlier].some((one) => beginsWith(said(one), says)),
  );
  const wasEvicted = all.some(({ uid }) =>
    gone.some((evicted) => evicted.get(uid)?.some((one) => beginsWith(one, says)) === true),
  );
  if (holders.length === 0 && !wasEvicted) return [`${file.path} is in no session: records ${says}`];
  // Where it was copied, an older copy may be left that nobody looks at again.
  const isAlone =
    file.branch.from === null && !disk.some((other) => other !== file && idOf(other) === idOf(file));
  const [only] = live;
  if (!isAlone || all.length !== 1 || only === undefined || !isSame(said(only.version), says)) return [];
  const isPlaced = file.path.endsWith(`/${only.relPath}`);
  return isPlaced ? [] : [`${only.uid} would be put back to ${only.relPath}, and lies at ${file.path}`];
}

/** Nothing is stored twice. */
function singleLaws(all: readonly PathFact[]): string[] {
  const seen = new Map<string, string>();
  return all.filter(isLive).flatMap(({ uid, nativeId, version }) => {
    const key = `${nativeId} ${said(version)}`;
    const other = seen.get(key);
    seen.set(key, uid);
    return other === undefined || said(version).length === 0 ? [] : [`${uid} and ${other} say the same`];
  });
}

/** Where no file of an id says anything that it did not say before, wherever it lies and however it is written, nothing changes. */
function quietLaws(
  id: string,
  old: readonly (readonly number[])[],
  disk: readonly File[],
  before: Facts,
  after: Facts,
  { gone, last }: Knows,
): string[] {
  const files = disk.filter((file) => idOf(file) === id);
  const wasEvicted = [...before.values()].some((fact) => fact.nativeId === id && !isLive(fact));
  // What is written otherwise is known again where what it says was kept: not of Claude Code, and not of what was cut short.
  const isUnknown = (file: File) =>
    ![...last.values()].some((one) => one.bytes.equals(bytesOf(file))) &&
    (file.branch.agent === 'claude' || [...last.values()].some(({ isCut }) => isCut));
  if (wasEvicted && files.some(isUnknown)) return [];
  // Nor is the beginning of what was evicted known again where it was never looked at, or where a copy that stayed behind was touched since.
  const isBeginning = (file: File) =>
    (file.since !== 'nothing' || file.form !== 'plain' || file.branch.from !== null) &&
    [...gone.values()].flat().some((one) => one.length > file.turns.length && beginsWith(one, saysOf(file)));
  if (wasEvicted && files.some(isBeginning)) return [];
  // A file that says what only another one said before has changed: it was taken back to that.
  const saysOld = (file: File) =>
    (file.seen === null ? old : [file.seen]).some((one) => isSame(one, saysOf(file)));
  if (!files.every(saysOld)) return [];
  return [...after.values()]
    .filter(({ nativeId }) => nativeId === id)
    .flatMap((fact) => {
      const was = before.get(fact.uid);
      if (was === undefined) return [`${fact.uid} is new, and no file of its id says anything new`];
      if (isLive(was) !== isLive(fact)) return [`${fact.uid} was woken by what says nothing new`];
      if (was.generation !== fact.generation) return [`${fact.uid} has stored what says nothing new`];
      return was.version?.equals(fact.version ?? Buffer.alloc(0)) === false
        ? [`${fact.uid} was changed by what says nothing new`]
        : [];
    });
}

/** What a file that alone stands for a session goes on with, or is replaced by, is that session's. */
function ownerLaws(
  file: File,
  { uid, said: old }: { readonly uid: string; readonly said: readonly number[] },
  disk: readonly File[],
  before: Facts,
  after: Facts,
  { gone, told }: Knows,
): string[] {
  const [says, was, fact] = [saysOf(file), before.get(uid), after.get(uid)];
  if (isSame(says, old) || was === undefined || fact === undefined) return [];
  const isGrown = beginsWith(says, old);
  const others = disk.filter((other) => other !== file && idOf(other) === idOf(file)).map(saysOf);
  if (others.some((other) => beginsWith(other, old) || isOneStart(says, other))) return [];
  const elsewhere = [...before.values(), ...after.values()]
    .filter((other) => other.uid !== uid && other.nativeId === idOf(file))
    .flatMap((other) => [...(isLive(other) ? [said(other.version)] : []), ...(gone.get(other.uid) ?? [])]);
  if (elsewhere.some((one) => isOneStart(says, one))) return [];
  if (!isGrown && (file.since === 'moved' || file.since === 'exchanged')) return [];
  if (!isLive(was) && !file.turns.some(({ kind }) => kind === 'turn')) return [];
  if (fact.version?.equals(bytesOf(file)) !== true)
    return [`${file.path} is ${uid}, which does not hold what it says now: records ${says}`];
  const isStub = old.length >= 8 && says.length <= 2 && !says.some((number) => old.includes(number));
  const isSaid = told.includes(`${file.path} has lost most of what it held`);
  return isStub && isLive(was) && !isSaid ? [`${file.path} was replaced by a stub in silence`] : [];
}

/** Whether one is the beginning of the other; what says nothing is nobody's. */
function isOneStart(a: readonly number[], b: readonly number[]): boolean {
  return a.length > 0 && b.length > 0 && (beginsWith(a, b) || beginsWith(b, a));
}

/** What is remembered of an ingest that has seen everything. */
export function rememberedOf(disk: readonly File[], after: Facts): Remembered {
  const byId = Map.groupBy(disk, idOf);
  const saidById = new Map([...byId].map(([id, files]) => [id, files.map(saysOf)]));
  const owners = new Map<File, { uid: string; said: readonly number[] }>();
  for (const file of disk) {
    const says = saysOf(file);
    const isShared = disk.some(
      (other) => other !== file && idOf(other) === idOf(file) && beginsWith(saysOf(other), says),
    );
    const holders = [...after.values()].filter(
      (fact) => fact.nativeId === idOf(file) && isLive(fact) && isSame(said(fact.version), says),
    );
    const [only, second] = holders;
    if (!isShared && says.length > 0 && only !== undefined && second === undefined)
      owners.set(file, { uid: only.uid, said: says });
  }
  return { said: saidById, owners };
}

/** Times of what is live are the transcript's own, and those of the store are of a clock that was right. `analyzed`: when each was. */
export function timeLaws(
  turns: Turns,
  after: Facts,
  analyzed: ReadonlyMap<string, string>,
  now: string,
): string[] {
  return [...after.values()].filter(isLive).flatMap((fact) => {
    const { uid, version, log, startedAt, endedAt, ingestedAt, analyzedAt } = fact;
    const broken: string[] = [];
    const times = said(log)
      .flatMap((number) => turns.get(number)?.at ?? [])
      .sort();
    // Of what nobody said there is no digest to tell its times by.
    const isTold = said(log).some((number) => turns.get(number)?.kind === 'turn');
    if (version?.equals(log) === true && isTold) {
      const own = `${times[0]} to ${times.at(-1)}`;
      const shown = `${startedAt} to ${endedAt}`;
      if (own !== shown) broken.push(`${uid} lasted from ${own}, and is told to have lasted from ${shown}`);
    }
    // Of what says no time nothing tells that a clock was behind.
    if (times.length === 0) return broken;
    if (ingestedAt === null || ingestedAt > now || ingestedAt < '2026')
      broken.push(`${uid} was ingested at ${ingestedAt}`);
    if (analyzedAt !== null && analyzedAt !== analyzed.get(uid))
      broken.push(`${uid} was analyzed at ${analyzed.get(uid)}, and is told to have been at ${analyzedAt}`);
    return broken;
  });
}

/** Nobody is too old whose last word is recent, whatever a clock once said. */
export function tooOldLaws(
  turns: Turns,
  before: Facts,
  taken: readonly string[],
  maxAgeDays: number,
  now: string,
): string[] {
  return taken
    .filter((uid) => {
      const times = said(before.get(uid)?.version ?? null).flatMap((number) => turns.get(number)?.at ?? []);
      const last = times.sort().at(-1);
      return last !== undefined && Date.parse(now) - Date.parse(last) <= maxAgeDays * 86_400_000;
    })
    .map((uid) => `${uid} was evicted as too old, and is not`);
}

/** Whether what a session was before had a talk of which nothing is left now. */
export function hasLostTalk({ version, earlier }: PathFact): boolean {
  const now = new Set(said(version));
  return earlier.some((old) => said(old).length >= 8 && !said(old).some((number) => now.has(number)));
}
