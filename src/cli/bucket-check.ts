/**
 * What `doctor` says of the bucket, by what is known here of it.
 * Promises: no network is used; where there is no bucket nothing is said.
 */
import { existsSync } from 'node:fs';
import { DAY_MS, msBetween } from '../domain/time.ts';
import { keyPath } from '../remote/keys.ts';
import type { ReadableDb } from '../store/connection.ts';
import { remoteState } from '../store/remote/state.ts';
import { countChanged } from '../store/remote/upload.ts';
import type { Check } from '../unattended/doctor.ts';
import type { Context } from './context.ts';
import { formatTime, plural } from './format.ts';

/** A machine may be off over a long weekend. */
const QUIET_DAYS_MAX = 4;

export function bucketChecks({ settings, clock }: Context, db: ReadableDb): Check[] {
  const { remote, storePath } = settings;
  const state = remoteState(db);
  const told = (how: Check['state'], message: string, hint: string | null): Check[] => [
    { check: 'bucket', state: how, message, hint },
  ];
  if (remote === null)
    return state === null
      ? []
      : told(
          'wrong',
          'the store has joined a bucket, and none is configured: nothing is uploaded, and nothing more goes from here',
          'Put [remote] back into the configuration, or run `session-memory remote leave`.',
        );
  if (state === null || !existsSync(keyPath(storePath)))
    return told(
      'wrong',
      state === null
        ? `${remote.url} is configured, and this store has not joined it: nothing is evicted`
        : `the key of ${remote.url} is not on this machine: nothing is uploaded`,
      'Run `session-memory remote add`, or take [remote] out of the configuration.',
    );
  const waiting = plural(countChanged(db), 'session');
  const last = state.syncedAt === null ? 'never' : formatTime(state.syncedAt);
  const message = `${remote.url}, last sync ${last}; ${waiting} to be uploaded`;
  const isQuiet = state.syncedAt === null || msBetween(state.syncedAt, clock.now()) > QUIET_DAYS_MAX * DAY_MS;
  return isQuiet
    ? told('warning', message, 'Run `session-memory remote sync`; `maintain` does it by itself.')
    : told('ok', message, null);
}
