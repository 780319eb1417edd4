/** A raw transcript in pieces: from either end all of it is there once, in order, and no letter is broken. */
import { describe, expect, test } from 'bun:test';
import { transcriptPiece } from '../../src/cli/transcript-piece.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { id } from '../support/filled.ts';

const UID = `claude-code:${id(1)}` as SessionUid;
const COLUMNS = 10_000_000;

const TEXTS: Readonly<Record<string, string>> = {
  'lines of letters of one to four bytes': Array.from({ length: 9_000 }, (_, n) =>
    promptLine(id(1), `${n} naïve 日本語 🙂 ${'x'.repeat(n % 90)}`),
  ).join(''),
  'one line that never ends': promptLine(id(1), '🙂é'.repeat(200_000)).trimEnd(),
  'one short line': promptLine(id(1), 'hello'),
};

async function withText(text: string, look: (world: World) => void): Promise<void> {
  using world = new World();
  world.put(claudePath(id(1)), text);
  await world.ingest({ analyze: false });
  look(world);
}

describe.each(Object.keys(TEXTS))('%s', (name) => {
  const text = TEXTS[name] ?? '';
  // Where a piece breaks a line in two, they are one again when put together.
  const whole = text.replaceAll('\n', '');

  test('from the beginning to the end', async () => {
    await withText(text, ({ db }) => {
      let read = '';
      for (let at = 0; ; ) {
        const piece = transcriptPiece(db, UID, { from: at }, COLUMNS);
        expect(piece.before?.at ?? 0).toBe(at);
        read += piece.lines.join('');
        if (piece.more === null) break;
        expect(piece.more.at).toBeGreaterThan(at);
        at = piece.more.at;
      }
      expect(read === whole).toBe(true);
    });
  });

  test('from the end to the beginning', async () => {
    await withText(text, ({ db }) => {
      let read = '';
      for (let at = Number.POSITIVE_INFINITY; ; ) {
        const piece = transcriptPiece(db, UID, { until: at }, COLUMNS);
        expect(piece.more?.at ?? Number.POSITIVE_INFINITY).toBe(at);
        read = piece.lines.join('') + read;
        if (piece.before === null) break;
        expect(piece.before.at).toBeLessThan(at);
        at = piece.before.at;
      }
      expect(read === whole).toBe(true);
    });
  });
});
