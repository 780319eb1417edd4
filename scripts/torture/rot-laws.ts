/**
 * What must hold of a damaged store, before and after its repair.
 * Promises: each broken law is a sentence; nothing here knows how the damage was done.
 */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { verifySchema } from '../../src/cli/schemas.ts';
import { filesBelow, program, type RotStore } from './rot-store.ts';

/** No SQLite file has a smaller page. */
const PAGE_BYTES_MIN = 512;

export interface Damaged extends RotStore {
  /** Where restores are tried. */
  readonly folder: string;
}

export interface Look {
  readonly broken: readonly string[];
  readonly checks: number;
  /** What `verify` found. */
  readonly findings: readonly { readonly session_uid: string | null; readonly problem: string }[];
  readonly unreadable: readonly string[];
}

/** Nothing wrong is given out, nothing crashes, and what cannot be had is named. */
export async function lookAt(damaged: Damaged): Promise<Look> {
  const broken: string[] = [];
  const told = await program(damaged.home, damaged.store, 'verify', '--json');
  const isAnswer = told.out.includes('"findings"');
  const answer = isAnswer ? verifySchema.parse(JSON.parse(told.out)) : null;
  if (![0, 1].includes(told.code) && isAnswer) broken.push(`verify exits ${told.code}`);
  if (/invariant|unexpected| {4}at /.test(told.out + told.err)) broken.push(`verify: ${told.out}${told.err}`);
  if (answer !== null && answer.findings.length > 0 !== (told.code === 1))
    broken.push(`verify exits ${told.code} with ${answer.findings.length} findings`);
  const unreadable: string[] = [];
  for (const [uid, truth] of damaged.truth) {
    const shown = await program(damaged.home, damaged.store, 'show', uid, '--raw');
    const isRight = shown.code === 0 && shown.bytes.equals(truth);
    const isPart = truth.subarray(0, shown.bytes.length).equals(shown.bytes);
    if (shown.code === 0 && !isRight) broken.push(`show ${uid} gives wrong bytes and exits 0`);
    else if (!isPart) broken.push(`show ${uid} gives wrong bytes before it fails: ${shown.err}`);
    if (/invariant|unexpected/.test(shown.err)) broken.push(`show ${uid}: ${shown.err}`);
    if (!isRight) unreadable.push(uid);
  }
  const restored = await restoreSome(damaged, unreadable);
  broken.push(...restored);
  const named = new Set(answer?.findings.map(({ session_uid: uid }) => uid));
  const findings = answer?.findings ?? [];
  const isWhole =
    answer === null || findings.some(({ problem }) => /cannot be opened|list of sessions/.test(problem));
  for (const uid of unreadable) {
    if (!named.has(uid) && !isWhole) broken.push(`${uid} cannot be read and verify does not name it`);
  }
  if (told.code === 0 && unreadable.length > 0) broken.push('verify calls it well');
  return { broken, checks: damaged.truth.size * 2 + 1, findings, unreadable };
}

/** Of the sessions that are hit and a few others: a restore gives the very bytes or fails and leaves no such file. */
async function restoreSome(damaged: Damaged, hit: readonly string[]): Promise<string[]> {
  const broken: string[] = [];
  for (const uid of [...new Set([...hit.slice(0, 3), ...[...damaged.truth.keys()].slice(0, 2)])]) {
    const to = mkdtempSync(join(damaged.folder, 'to-'));
    const { code, err } = await program(
      damaged.home,
      damaged.store,
      'restore',
      uid,
      '--to',
      to,
      '--version',
      'present',
    );
    const truth = damaged.truth.get(uid);
    const files = filesBelow(to);
    const main = [...files].find(([name]) => name.includes(uid.slice(uid.indexOf(':') + 1)));
    if (/invariant|unexpected/.test(err)) broken.push(`restore ${uid}: ${err}`);
    if (main !== undefined && truth !== undefined && !main[1].equals(truth))
      broken.push(`restore ${uid} wrote wrong bytes`);
    if (code === 0 && files.size === 0) broken.push(`restore ${uid} exits 0 and wrote nothing`);
    rmSync(to, { recursive: true, force: true });
  }
  return broken;
}

/** After `verify --repair --yes`: verify is clean, what is not whole is recorded, nothing is left lying about. */
export async function repairAndLook(
  damaged: Damaged,
): Promise<{ broken: string[]; lost: string[]; code: number }> {
  const broken: string[] = [];
  const repaired = await program(damaged.home, damaged.store, 'verify', '--repair', '--yes', '--json');
  // Of a file that is nearly gone there is nothing to mend; it says so, and changes nothing. Nor can it be told for a store by a few bytes.
  const isNone = repaired.code === 1 && repaired.out.includes('nothing of it can be read');
  const isNoStore = repaired.code === 2 && repaired.out.includes('or its first page is damaged');
  if (isNone || (isNoStore && statSync(damaged.store).size < PAGE_BYTES_MIN))
    return { broken: [], lost: [...damaged.truth.keys()], code: 1 };
  if (![0, 3].includes(repaired.code))
    broken.push(`repair exits ${repaired.code}: ${repaired.out}${repaired.err}`);
  for (const tail of ['.repair', '.repair-wal', '.repair-shm'])
    if (existsSync(damaged.store + tail)) broken.push(`the repair left ${tail}`);
  const again = await program(damaged.home, damaged.store, 'verify', '--json');
  if (again.code !== 0) broken.push(`after the repair verify exits ${again.code}: ${again.out}${again.err}`);
  const lost: string[] = [];
  for (const [uid, truth] of damaged.truth) {
    const shown = await program(damaged.home, damaged.store, 'show', uid, '--raw');
    if (shown.code === 0 && shown.bytes.equals(truth)) continue;
    lost.push(uid);
    if (shown.code === 0 && !/has no|empty/.test(shown.err))
      broken.push(`after the repair show ${uid} gives wrong bytes`);
    if (repaired.code !== 3) broken.push(`${uid} is not whole, and the repair exits ${repaired.code}`);
  }
  for (const uid of damaged.evicted) {
    const shown = await program(damaged.home, damaged.store, 'show', uid);
    if (shown.code !== 0 && repaired.code !== 3)
      broken.push(`the digest of ${uid} is gone, and the repair exits ${repaired.code}`);
  }
  return { broken, lost, code: repaired.code };
}
