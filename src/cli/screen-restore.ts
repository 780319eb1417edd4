/**
 * A restore as the screens have it: shown before it is done, where the person wants it.
 * Promises: the same plan and the same writing as the command; what would be replaced is stored first, or stays beside.
 */
import { join } from 'node:path';
import { FailureError } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { plainLine } from '../domain/text.ts';
import { addToLists } from '../restore/listed-names.ts';
import { plannedPlaces, toWriteOf } from '../restore/replaced-files.ts';
import { type BytesWatch, restoreOne } from '../restore/restore.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { resolveSession } from '../store/read.ts';
import { HERE, type RestorePlan, type RestoreWay } from '../tui/ports.ts';
import { replacedPaths, storeFirst } from './commands/restore.first.ts';
import { type PlannedRestore, planRestore } from './commands/restore.plan.ts';
import { commandsToGoOn, listedText, movedText, sameText } from './commands/restore.tell.ts';
import { learningOf } from './commands/restore.ts';
import type { Context } from './context.ts';
import { plural } from './format.ts';

export interface Stores {
  readonly reading: ReadableDb;
  readonly writing: WritableDb;
}

export function restorePlan(context: Context, db: ReadableDb, uid: SessionUid, way: RestoreWay): RestorePlan {
  try {
    const planned = plannedAs(context, db, uid, way);
    const { root, notPutBack, refused, moved, listing } = planned;
    const left = refused.map(({ key, why }) => `Not written: ${plainLine(key)}: ${why}.`);
    return {
      uid,
      way,
      root,
      files: plannedPlaces(planned).map(({ path, place }) => ({
        path,
        place: place === 'replace' ? 'differs' : place,
      })),
      // An agent finds a session in its own folder alone.
      resume: way.to === null ? commandsToGoOn(planned) : '',
      note:
        [
          ...(notPutBack === null ? [] : [notPutBack]),
          ...(moved === null ? [] : [movedText(moved)]),
          ...(listing === null ? [] : [`Its name is added to ${plainLine(listing.path)}.`]),
          ...left,
        ].join(' ') || null,
      obstacle: null,
      isForcible: false,
    };
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    const { code, message, hint } = thrown.failure;
    const isForcible = code === 'exists' && !way.force && hint.includes('--force');
    const wayOut = isForcible ? 'f replaces it: what is there is stored first, or put beside.' : hint;
    const nothing = { root: '-', files: [], resume: '', note: null };
    return { uid, way, ...nothing, obstacle: `${message}. ${wayOut}`, isForcible };
  }
}

export function plannedAs(
  context: Context,
  db: ReadableDb,
  uid: SessionUid,
  { force, to }: RestoreWay,
): PlannedRestore {
  return planRestore(context, db, resolveSession(db, uid), {
    to: to === null ? null : atHome(context, to),
    force,
  });
}

/** As a shell has it. */
function atHome({ host }: Context, path: string): string {
  return /^~(?=$|\/)/.test(path) ? join(host.homeDir, path.slice(1)) : path;
}

/** One of several: nothing that differs is written over, and what stands in its way is told. */
export async function restoredOne(
  context: Context,
  { reading, writing }: Stores,
  uid: SessionUid,
  watch: BytesWatch,
): Promise<string> {
  const plan = restorePlan(context, reading, uid, HERE);
  if (plan.obstacle !== null) return plan.isForcible ? `not written: what is there differs.` : plan.obstacle;
  const { length } = plan.files.filter(({ place }) => place === 'differs');
  if (length > 0)
    return `not written: ${plural(length, 'file')} there ${length === 1 ? 'differs' : 'differ'}.`;
  try {
    return await restoreNow(context, writing, plan, watch);
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    return `${thrown.failure.message}. ${thrown.failure.hint}`;
  }
}

export async function restoreNow(
  context: Context,
  db: WritableDb,
  { uid, way }: RestorePlan,
  watch: BytesWatch,
): Promise<string> {
  const planned = plannedAs(context, db, uid, way);
  const isOwnPlace = way.to === null;
  const storing = isOwnPlace && planned.notPutBack === null ? replacedPaths(planned) : [];
  const storedFirst = storing.length === 0 ? undefined : await storeFirst(context, db, storing);
  const restoring = storedFirst === undefined ? planned : { ...planned, storedFirst };
  const asides = restoreOne(db, restoring, learningOf(context, isOwnPlace ? db : null), watch);
  const unlisted = addToLists([planned], context.clock.now());
  const { listing } = planned;
  const named = listing === null ? '' : ` ${listedText(listing, unlisted.get(uid) ?? null)}`;
  return `${told(planned, [...asides.values()], storedFirst?.size ?? 0)}${named}`;
}

function told(planned: PlannedRestore, asides: readonly string[], stored: number): string {
  const left = planned.files.filter(({ place }) => place === 'there').length;
  const refused = planned.refused.length;
  const same = sameText([planned]);
  const others =
    (same === '' ? '' : ` ${same}`) +
    (left === 0 ? '' : ` ${plural(left, 'file')} left, with all that is stored and more.`) +
    (stored === 0 ? '' : ` ${plural(stored, 'file')} replaced: what was there was stored first.`) +
    asides.map((path) => ` What was there is in ${plainLine(path)}.`).join('') +
    (refused === 0 ? '' : ` ${plural(refused, 'file')} not written: not at a place of its agent’s.`);
  const files = toWriteOf({ ...planned, made: null }).length;
  const besides = toWriteOf(planned).length === files ? '' : ', and one for the agent’s own import';
  const wrote =
    files === 0 && besides === ''
      ? 'Nothing had to be written.'
      : `Wrote ${plural(files, 'file')}, byte for byte${besides}.`;
  return wrote + others;
}
