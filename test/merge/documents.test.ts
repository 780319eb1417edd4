/**
 * Two stores that met one file at other times, merged: every history that a file may have in one against every one in the other. The
 * later state of it is the present one, whichever store it was in; no state of either is gone.
 */
import { describe, expect, test } from 'bun:test';
import { exportStream } from '../../src/archive/export.ts';
import { type ImportReport, importStream } from '../../src/archive/import.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { exportable } from '../../src/store/export.ts';
import { filesOf } from '../../src/store/read.ts';
import { fileChunks } from '../../src/store/segments.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { asVersion, versionsOf } from '../../src/store/versions.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = 'e0000000-0000-4000-8000-000000000001';
const HASH = 'a'.repeat(64);

/** A document that is written anew with each turn. */
function chat(...words: readonly string[]): string {
  const messages = words.map((word, i) => ({
    id: `${word}-${i}`,
    timestamp: `2026-05-01T10:0${i}:00.000Z`,
    type: i % 2 === 0 ? 'user' : 'gemini',
    content: `${word} ${'of the bread '.repeat(30)}`,
  }));
  return JSON.stringify({
    sessionId: ID,
    projectHash: HASH,
    startTime: '2026-05-01T10:00:00.000Z',
    lastUpdated: messages.at(-1)?.timestamp,
    messages,
  });
}
const lines = (...words: readonly string[]) =>
  words.map((word) => promptLine(ID, `${word} ${'of the bread '.repeat(30)}`)).join('');

interface Form {
  readonly uid: SessionUid;
  readonly path: string;
  readonly write: (...words: readonly string[]) => string;
}
const FORMS: Readonly<Record<string, Form>> = {
  'a document that is written anew': {
    uid: `gemini-cli:${ID}` as SessionUid,
    path: `.gemini/tmp/${HASH}/chats/session-2026-05-01T10-00-e0000000.json`,
    write: chat,
  },
  lines: { uid: `claude-code:${ID}` as SessionUid, path: claudePath(ID), write: lines },
};

/** What the file was, one after the other, by the words in it. */
const STATES = ['ab', 'abcd', 'abxy'];
const HISTORIES: readonly (readonly string[])[] = [
  ...STATES.map((one) => [one]),
  ...STATES.flatMap((one) => STATES.filter((two) => two !== one).map((two) => [one, two])),
  ['ab', 'abcd', 'abcdef'],
  ['abcd', 'abxy', 'abcd'],
];

async function exported({ db }: World): Promise<Uint8Array> {
  const counts = { sessions: 0, live: 0, forgotten: 0, raw_bytes: 0 };
  const report = { ...counts, failed: [], left_out: [], interrupted: false };
  const options = {
    uids: exportable(db),
    forgotten: [],
    now: '2026-07-01T00:00:00.000Z' as Iso,
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  return Buffer.concat(await Array.fromAsync(exportStream(db, options, report)));
}

function imported({ db }: World, file: Uint8Array, trusted = true): Promise<ImportReport> {
  async function* chunks() {
    yield file;
  }
  return importStream(
    {
      read: db,
      write: db,
      trusted,
      origin: 'in.smx',
      hardCapBytes: 1e9,
      now: () => '2026-08-01T00:00:00.000Z' as Iso,
      signal: new AbortController().signal,
      progress: () => undefined,
      analyze: async () => false,
    },
    chunks(),
  );
}

/** The present state, and the ones before it. */
function statesIn({ db }: World, uid: SessionUid): { present: string; earlier: string[] } {
  const [file] = filesOf(db, uid);
  if (file === undefined) throw new Error(`no file of ${uid}`);
  const text = (one: typeof file) =>
    Buffer.concat([...fileChunks(db, uid, one)].map((chunk) => Buffer.from(chunk))).toString();
  return {
    present: text(file),
    earlier: versionsOf(db, uid).map((version) => text(asVersion(file, version))),
  };
}

/** Whether a file that was this is known to have become that. */
function became(history: readonly string[], other: readonly string[], form: Form): boolean {
  const last = form.write(...(history.at(-1) ?? ''));
  // What only grew is kept as the longer one.
  const isKept = (words: string, i: number, of: readonly string[]) =>
    i < of.length - 1 && !form.write(...(of[i + 1] ?? '')).startsWith(form.write(...words));
  const wasIn = (one: readonly string[], of: readonly string[]) =>
    of.filter(isKept).includes(one.at(-1) ?? '');
  if (wasIn(history, other) !== wasIn(other, history)) return wasIn(history, other);
  const next = form.write(...(other.at(-1) ?? ''));
  return next !== last && next.startsWith(last);
}

describe.each(Object.keys(FORMS))('%s', (name) => {
  const form = FORMS[name];
  if (form === undefined) throw new Error(name);
  const { uid, path, write } = form;
  const text = (words: string) => write(...words);

  async function stored(history: readonly string[]): Promise<Uint8Array> {
    using world = new World();
    for (const words of history) {
      world.put(path, text(words));
      await world.ingest();
    }
    return await exported(world);
  }

  test('the later state is the present one, in whatever order two stores are merged, and no state is gone', async () => {
    const archives = await Promise.all(HISTORIES.map(stored));
    for (const [i, here] of HISTORIES.entries())
      for (const [j, there] of HISTORIES.entries()) {
        const what = `${here} here, ${there} there`;
        using world = new World();
        await imported(world, archives[i] ?? new Uint8Array());
        const bytesBefore = filesOf(world.db, uid)[0]?.logBytes;
        const report = await imported(world, archives[j] ?? new Uint8Array());
        const { present, earlier } = statesIn(world, uid);
        const isLater = became(here, there, form);
        const [ours, theirs] = [here.at(-1) ?? '', there.at(-1) ?? ''];
        expect(present === text(isLater ? theirs : ours), what).toBe(true);
        const isKnown = ours === theirs || isLater || became(there, here, form) || here.includes(theirs);
        const isNews = [...theirs].some((word) => !here.join('').includes(word));
        if (isKnown || isNews) expect(report.conflicts.length, `conflicts of ${what}`).toBe(isKnown ? 0 : 1);
        expect(report.damaged, what).toEqual([]);
        // Of lines that only grew the longer state has all of the shorter one.
        for (const state of [...here, ...there])
          expect(
            [present, ...earlier].some((one) => one === text(state) || one.startsWith(text(state))),
            `${state} of ${what}`,
          ).toBe(true);
        if (there.every((state) => here.includes(state)) && ours === theirs)
          expect(filesOf(world.db, uid)[0]?.logBytes, `bytes of ${what}`).toBe(bytesBefore);
        const again = await imported(world, archives[j] ?? new Uint8Array());
        expect([again.merged, again.conflicts, again.stored_bytes_added], `again: ${what}`).toEqual([
          [],
          [],
          0,
        ]);
        const left = await imported(world, archives[j] ?? new Uint8Array(), false);
        if (ours === theirs) expect(left.conflicts, `the same of a stranger: ${what}`).toEqual([]);
        expect(
          verify(
            world.db,
            () => undefined,
            () => false,
          ).findings,
        ).toEqual([]);
      }
  }, 60_000);
});
