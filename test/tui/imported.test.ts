/** A session that came with a stranger's archive says so wherever it is shown, whatever its own title says. */
import { expect, test } from 'bun:test';
import { archiveOf, digestJson, inPieces, session } from '../../scripts/torture/forged-archive.ts';
import { importStream } from '../../src/archive/import.ts';
import { digestLines } from '../../src/cli/screen-reads.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { frame } from '../../src/tui/frames/frame.ts';
import { textOf } from '../../src/tui/paint.ts';
import { DASHBOARD, type Event, firstState, type State } from '../../src/tui/state.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { hitOf, searchedFor } from '../support/search.ts';
import { key, listed, play, row, typing, view } from '../support/tui.ts';

const ROWS = [
  row(0, { title: 'my own work' }),
  row(1, { title: 'their work', origin: 'in.smx' }),
  row(2, { title: '\u001b[2K\rmy own work too', origin: 'in.smx\u001b[2K' }),
];
const SIZES = [
  { columns: 60, rows: 16 },
  { columns: 160, rows: 50 },
];

function shown(size: State['size'], ...events: readonly Event[]): string[] {
  const opened = firstState(DASHBOARD, size);
  return frame(play(opened, { kind: 'view', view: view() }, ...events), { unicode: true }).map(textOf);
}

test.each(SIZES)('in the list of all sessions, %p', (size) => {
  // What is told of the session under the cursor stands beside the list, or below it.
  const lines = shown(size, key('b'), ...listed(ROWS)).map((text) => text.slice(0, 80));
  expect(lines.filter((text) => text.includes('[imported] '))).toHaveLength(2);
  expect(lines.filter((text) => text.includes('my own work') && !text.includes('[imported]'))).toHaveLength(
    1,
  );
});

test.each(SIZES)('in a search, and where there is room with the name of the archive below it, %p', (size) => {
  const events = [
    key('/'),
    ...typing('work'),
    ...listed(ROWS),
    searchedFor('work', { hits: ROWS.map((one) => hitOf(one, 0)) }),
  ];
  const marked = shown(size, ...events, key('enter')).filter((text) => text.includes('[imported] '));
  expect(marked).toHaveLength(2);
  const [own, theirs] = [events, [...events, key('enter'), key('down')]].map((played) =>
    shown(size, ...played).some((text) => text.includes('imported from in')),
  );
  expect([own, theirs]).toEqual([false, size.columns > 100]);
});

test('at the head of its digest, and where it has none yet', async () => {
  using world = new World();
  const uid = (n: number) => `claude-code:e2000000-0000-4000-8000-00000000000${n}` as SessionUid;
  const text = (n: number) => promptLine(uid(n).slice(12), `session ${n}`);
  world.put(claudePath(uid(1).slice(12)), text(1));
  await world.ingest();
  const archive = archiveOf(
    session({ uid: uid(2), files: { main: text(2) } }),
    session({ uid: uid(3), files: { main: 'x' }, evicted: true, digest: digestJson(uid(3), ['three']) }),
  );
  const { db } = world;
  const signal = new AbortController().signal;
  await importStream(
    {
      read: db,
      write: db,
      trusted: false,
      origin: 'in.smx',
      hardCapBytes: 1e9,
      signal,
      now: () => '2026-06-02T00:00:00.000Z' as Iso,
      progress: () => undefined,
      analyze: async () => false,
    },
    inPieces(archive),
  );
  const saysSo = [1, 2, 3].map((n) =>
    digestLines(db, uid(n), 60).some((each) => each.startsWith('Imported') && each.includes('in.smx')),
  );
  expect(saysSo).toEqual([false, true, true]);
});
