/** A transcript as a conversation in pages: nothing of it is missing, and what is looked for is found wherever it is. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { pagesAround, Telling } from '../../src/cli/telling.ts';
import { rawMatch } from '../../src/cli/transcript-piece.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { SeekAsked, TextPiece } from '../../src/tui/ports.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { id } from '../support/filled.ts';
import { SEED } from '../support/seed.ts';

const UID = `claude-code:${id(1)}` as SessionUid;
const COLUMNS = 78;
// More than one segment of the store.
const PROMPTS = 2_400;
const FILL = 'some more words of no meaning '.repeat(60);

let world: World;
beforeAll(async () => {
  world = new World();
  const lines = Array.from({ length: PROMPTS }, (_, n) => promptLine(id(1), `number ${n}. ${FILL}`));
  world.put(claudePath(id(1)), lines.join(''));
  await world.ingest({ analyze: false });
});
afterAll(() => world[Symbol.dispose]());

const told = (isStopped = () => false) => new Telling({ db: world.db, host: world.host }, isStopped);
const textsOf = ({ lines }: TextPiece) => lines.map((line) => (typeof line === 'string' ? line : line.text));
const numbersIn = (piece: TextPiece) =>
  textsOf(piece)
    .flatMap((text) => /^ {2}number (\d+)\./.exec(text)?.[1] ?? [])
    .map(Number);

/** All pieces, from one end to the other. */
async function all(telling: Telling, way: 1 | -1): Promise<TextPiece[]> {
  const pieces: TextPiece[] = [];
  let asked: { from: number } | { until: number } | null =
    way === 1 ? { from: 0 } : { until: Number.POSITIVE_INFINITY };
  while (asked !== null) {
    const piece: TextPiece = await telling.piece(UID, asked, COLUMNS);
    pieces.push(piece);
    const next = way === 1 ? piece.more : piece.before;
    asked = next === null ? null : way === 1 ? { from: next.at } : { until: next.at };
  }
  return pieces;
}

const asked = (about: Partial<SeekAsked>): SeekAsked => ({
  uid: UID,
  mode: 'conversation',
  sought: '',
  unfolded: false,
  way: 1,
  loadedFrom: 0,
  loadedUntil: 1,
  ...about,
});

describe('a long conversation', () => {
  test('has every prompt once, read from its beginning or from its end', async () => {
    const telling = told();
    const down = await all(telling, 1);
    expect(down.length).toBeGreaterThan(15);
    expect(down.flatMap(numbersIn)).toEqual(Array.from({ length: PROMPTS }, (_, n) => n));
    const up = await all(telling, -1);
    expect(up.reverse().map(textsOf)).toEqual(down.map(textsOf));
  });

  test('hands over its first page before the rest of it is told', async () => {
    const order: string[] = [];
    const whole = await told().piece(UID, { from: 0 }, COLUMNS, (piece) => {
      order.push('early');
      expect(numbersIn(piece)[0]).toBe(0);
      expect(piece.more).toEqual({ uid: UID, at: 1 });
    });
    order.push('whole');
    expect(order).toEqual(['early', 'whole']);
    expect(numbersIn(whole)[0]).toBe(0);
  });

  test('of which the end is asked for says how far it is', async () => {
    const steps: (readonly [number, number])[] = [];
    await told().piece(UID, { until: Number.POSITIVE_INFINITY }, COLUMNS, undefined, (done, total) =>
      steps.push([done, total]),
    );
    expect(steps.length).toBeGreaterThan(1);
    expect(steps.map(([done]) => done)).toEqual(steps.map(([done]) => done).toSorted((a, b) => a - b));
    expect(steps.every(([done, total]) => done < total && total === steps[0]?.[1])).toBe(true);
  });

  test('that was stopped is told anew when it is asked for again', async () => {
    let stops = true;
    const telling = told(() => stops);
    await expect(telling.piece(UID, { from: 0 }, COLUMNS)).rejects.toThrow('stopped');
    stops = false;
    expect((await all(telling, 1)).flatMap(numbersIn)).toHaveLength(PROMPTS);
  });
});

describe('what is looked for in all of it', () => {
  test('is found wherever it is, in either direction and letters of either case', async () => {
    const telling = told();
    for (const n of [0, 1, 777, PROMPTS - 1])
      for (const way of [1, -1] as const) {
        const last = (await telling.piece(UID, { until: Number.POSITIVE_INFINITY }, COLUMNS)).before?.at ?? 0;
        // The piece that is loaded is one that has nothing of it.
        const loadedFrom = n < 1000 ? last : 0;
        const piece = await telling.seek(
          asked({ sought: `NUMBER ${n}.`, way, loadedFrom, loadedUntil: loadedFrom + 1 }),
          COLUMNS,
          () => undefined,
        );
        if (piece === null) throw new Error(`number ${n} was not found`);
        expect(numbersIn(piece)).toContain(n);
      }
  });

  test('and is nowhere is told, with how far it is; a stop ends it', async () => {
    const telling = told();
    const steps: [number, number][] = [];
    const vain = asked({ sought: 'walrus' });
    expect(await telling.seek(vain, COLUMNS, (done, total) => steps.push([done, total]))).toBeNull();
    expect(steps.map(([done]) => done)).toEqual(steps.map((_, i) => i));
    let left = 3;
    const stopping = told(() => {
      left -= 1;
      return false;
    });
    await stopping.piece(UID, { from: 0 }, COLUMNS);
    expect(left).toBeLessThan(0);
  });

  test('is found in the raw bytes too, across what is read at a time', () => {
    const watch = { step: () => undefined, isStopped: () => false };
    for (const n of [5, 850, PROMPTS - 1])
      for (const way of [1, -1] as const) {
        const piece = rawMatch(
          world.db,
          asked({ mode: 'raw', sought: `Number ${n}.`, way, loadedFrom: 0, loadedUntil: 0 }),
          COLUMNS,
          watch,
        );
        if (piece === null) throw new Error(`number ${n} was not found`);
        expect(textsOf(piece).join('')).toContain(`number ${n}.`);
      }
    const nowhere = asked({ mode: 'raw', sought: 'walrus', loadedUntil: 0 });
    expect(rawMatch(world.db, nowhere, COLUMNS, watch)).toBeNull();
    const stopped = { ...watch, isStopped: () => true };
    expect(
      rawMatch(world.db, asked({ mode: 'raw', sought: 'number 5.', loadedUntil: 0 }), COLUMNS, stopped),
    ).toBeNull();
  });

  test('goes through every page that is not loaded once, nearest first', () => {
    const page = fc.integer({ min: 0, max: 12 });
    fc.assert(
      fc.property(page, page, page, fc.constantFrom<1 | -1>(1, -1), (a, b, c, way) => {
        const [from = 0, until = 0, count = 0] = [a, b, c].toSorted((x, y) => x - y);
        const order = pagesAround(count, { way, loadedFrom: from, loadedUntil: until });
        const outside = Array.from({ length: count }, (_, i) => i).filter((i) => i < from || i >= until);
        expect(order.toSorted((x, y) => x - y)).toEqual(outside);
        const first = way === 1 ? (until < count ? until : 0) : from > 0 ? from - 1 : count - 1;
        if (outside.length > 0) expect(order[0]).toBe(first);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});
