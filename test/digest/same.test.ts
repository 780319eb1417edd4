/**
 * The same bytes give the same digest: in another locale and time zone, in another order, in several runs, prepared by the
 * threads or analyzed from the store, and at whatever moment. Held by the real program on recorded sessions.
 */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from '../support/program.ts';
import { CORPUS, HAS_CORPUS, recordedSessions, snapshots } from './corpus.ts';

/** Some sessions of either agent, spread over all; their files by paths below the home. */
function some(): { path: string; bytes: Uint8Array }[] {
  const picked = recordedSessions().filter((_, index) => index % 17 === 0);
  return picked.map(({ agent, name }) => {
    const path = join(agent === 'codex' ? '.codex/sessions' : '.claude/projects', name);
    return { path, bytes: readFileSync(join(CORPUS, 'home', path)) };
  });
}

function digests(program: Program): Record<string, string> {
  using db = new Database(program.store, { readonly: true });
  const rows = db
    .query<{ session_uid: string; json: string }, []>(
      'SELECT session_uid, json FROM digests JOIN sessions ON sessions.id = session_id ORDER BY session_uid',
    )
    .all();
  return Object.fromEntries(rows.map((row) => [row.session_uid, row.json]));
}

async function ran(program: Program, ...args: string[]): Promise<void> {
  const { code, err } = await program.run(...args);
  expect([code, err.includes('warning')], `${args.join(' ')}: ${err}`).toEqual([0, false]);
}

describe.if(HAS_CORPUS)('the same bytes give the same digest', () => {
  test('in Turkish at half past five, one by one and last first, a year later', async () => {
    using plain = new Program();
    using other = new Program();
    plain.env = { SESSION_MEMORY_NOW: '2026-12-01T00:00:00.000Z', TZ: 'UTC' };
    other.env = {
      LANG: 'tr_TR.UTF-8',
      LC_ALL: 'tr_TR.UTF-8',
      LANGUAGE: 'tr',
      TZ: 'Asia/Kolkata',
      SESSION_MEMORY_NOW: '2027-12-01T00:00:00.000Z',
    };
    const files = some();
    for (const { path, bytes } of files) plain.put(path, bytes);
    await ran(plain, 'ingest');
    for (const [index, { path, bytes }] of files.toReversed().entries())
      await ran(other, 'ingest', other.put(path, bytes), ...(index % 2 === 0 ? ['--no-analyze'] : []));
    await ran(other, 'analyze');
    const made = digests(plain);
    expect(Object.keys(made).length).toBe(files.length);
    expect(digests(other)).toEqual(made);
  }, 60_000);

  test('as it grew or at once', async () => {
    for (const name of ['1ed0d37a', 'cc432c40']) {
      const path = `.claude/projects/-home-me/${name}-0000-4000-8000-000000000000.jsonl`;
      const all = snapshots(name);
      const last = all.at(-1) ?? new Uint8Array();
      using grown = new Program();
      using whole = new Program();
      for (const bytes of [all[0] ?? last, last]) {
        grown.put(path, bytes);
        await ran(grown, 'ingest');
      }
      whole.put(path, last);
      await ran(whole, 'ingest');
      expect(digests(grown)).toEqual(digests(whole));
    }
  }, 60_000);
});
