import { describe, expect, test } from 'bun:test';
import { Terminal } from '@xterm/headless';
import { eventOf, footer, KEYS } from '../../src/tui/keys.ts';
import { gauge, lines, SMALLEST, type View } from '../../src/tui/model.ts';
import { step } from '../../src/tui/state.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

const MIB = 1024 ** 2;
const view: View = {
  limits: { rawSoftCapBytes: 4 * MIB, rawHardCapBytes: 6 * MIB, rawMaxAgeDays: 45, distilledCapBytes: MIB },
  tier1Bytes: 5 * MIB,
  tier2Bytes: MIB / 4,
  analyzed: { sessions: 1204, bytes: 4 * MIB },
  unanalyzed: { sessions: 12, bytes: MIB },
  pinned: 3,
  evicted: 5310,
  agents: 2,
  next: [
    { pass: 'backstop', sessions: 14, bytes: 2 * MIB },
    { pass: 'budget', sessions: 0, bytes: 0 },
    { pass: 'overflow', sessions: 0, bytes: 0 },
  ],
  toAnalyze: 0,
  worstCaseLoss: 0,
  atRisk: [{ agent: 'claude\u001b[31m-code', sessions: 6, notStored: 2, days: 30 }],
  clock: '14:02',
};
const bytes = (count: number) => `${(count / MIB).toFixed(1)} MiB`;
const frame = (columns: number, rows: number, unicode = true) =>
  lines(view, { columns, rows, unicode, bytes, footer: footer() }).map((line) => line.text);

describe('the frame', () => {
  test('at 80×24 says how near the caps we are, by text and by bar', () => {
    expect(frame(80, 24).filter((line) => line !== ' ')).toEqual([
      ' session-memory                                            2 agents · 14:02 UTC',
      ` ${'Tier 1 · raw transcripts'.padEnd(41)}5.0 MiB of 6.0 MiB  over the soft cap`,
      ` ${'█'.repeat(52)}│${'▒'.repeat(12)}${'░'.repeat(13)}`,
      ` ${' '.repeat(46)}soft 4.0 MiB${' '.repeat(8)}hard 6.0 MiB`,
      '   analyzed 1204 · 4.0 MiB   un-analyzed 12 · 1.0 MiB   pinned 3   evicted 5310',
      ' Tier 2 · digests                                0.3 MiB of 1.0 MiB, alert only',
      ` ${'█'.repeat(20)}${'░'.repeat(57)}│`,
      ' Next sweep   backstop 14 · 2.0 MiB   budget nothing   overflow not reached',
      " At risk      6 go within a week by claude-code's own clean-up (30 days); 2 no…",
      '  q quit',
    ]);
  });

  test.each([
    [60, 16],
    [80, 24],
    [160, 50],
  ])('at %i×%i no line is wider than the window and the footer is on the last line', (columns, rows) => {
    const shown = frame(columns, rows);
    expect(shown).toHaveLength(rows);
    for (const line of shown) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(columns);
    expect(shown.at(-1)).toContain('q quit');
  });

  test('a smaller window says so', () => {
    expect(frame(SMALLEST.columns - 1, SMALLEST.rows)[0]).toContain('needs 60×16');
  });

  test('without Unicode every character is ASCII, and used, over, free and mark still differ', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is looked for
    expect(frame(80, 24, false).join('\n')).toMatch(/^[\x00-\x7f]*$/);
    expect(gauge(5, 6, 4, 12, false)).toBe('########|+..');
  });

  test('a hostile name stays inert', () => {
    expect(frame(80, 24).join('\n')).not.toContain('\u001b');
  });
});

describe('keys', () => {
  test('one table feeds footer and handler', () => {
    for (const key of KEYS) {
      expect(footer()).toContain(`${key.shown} ${key.does}`);
      expect(eventOf(key.input, false)).toEqual(key.event);
    }
    expect(eventOf('c', true)).toEqual({ kind: 'quit' });
    expect(eventOf('x', false)).toBeNull();
  });

  test('quit ends the dashboard, once', () => {
    const done = step({ kind: 'dashboard' }, { kind: 'quit' });
    expect(done).toEqual({ kind: 'done' });
    expect(step(done, { kind: 'quit' })).toBe(done);
  });
});

const binary = Bun.env['SESSION_MEMORY_BIN'];
if (binary === undefined)
  console.log(
    'skipped: the journey in a terminal needs the built binary (SESSION_MEMORY_BIN; ./scripts/test sets it)',
  );

test.skipIf(binary === undefined)(
  'a journey: the dashboard opens, follows another process, and leaves the terminal as it was',
  async () => {
    using program = new Program();
    const screen = new Terminal({ cols: 80, rows: 24, allowProposedApi: true });
    const text = () =>
      Array.from(
        { length: 24 },
        (_, i) => screen.buffer.active.getLine(i)?.translateToString(true) ?? '',
      ).join('\n');
    const written: Promise<void>[] = [];
    const child = Bun.spawn([binary ?? '', '--store', program.store], {
      env: {
        PATH: Bun.env['PATH'] ?? '',
        HOME: program.home,
        TERM: 'xterm-256color',
        LANG: 'C.UTF-8',
        CI: 'false',
      },
      terminal: {
        cols: 80,
        rows: 24,
        data: (_terminal, data) => void written.push(new Promise((resolve) => screen.write(data, resolve))),
      },
    });
    const shows = async (content: string) => {
      while (!text().includes(content)) {
        if (child.exitCode !== null) throw new Error(`it ended before it showed ${content}:\n${text()}`);
        await Bun.sleep(10);
      }
    };
    await shows('Nothing is stored yet');
    expect(screen.buffer.active.type, 'it is on the alternate screen').toBe('alternate');
    program.put(
      claudePath('50000000-0000-4000-8000-000000000000'),
      promptLine('50000000-0000-4000-8000-000000000000', 'hello'),
    );
    await program.run('ingest');
    await shows('analyzed 1 ');
    child.terminal?.resize(60, 16);
    screen.resize(60, 16);
    await shows('q quit');
    child.terminal?.write('q');
    expect(await child.exited, 'q ends it with 0').toBe(0);
    await Promise.all(written);
    expect(screen.buffer.active.type, 'the normal screen is back').toBe('normal');
  },
  20_000,
);
