/** Reports name whom they are about by project, title and size; ids are there for who asks, and nobody is left uncounted. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Io } from '../../src/cli/io.ts';
import { reportPage, reportParts } from '../../src/cli/report.ts';
import { type Reported, type ReportedSession, sessionLines } from '../../src/cli/report-sessions.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { DEFAULT_LIMITS, MIB } from '../../src/domain/limits.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { hostileIn, id } from '../support/filled.ts';
import { Program } from '../support/program.ts';
import { HOSTILE_TITLES, report, uidOf } from '../support/tui.ts';

const IO: Io = {
  out: () => undefined,
  err: () => undefined,
  outSlowly: async () => undefined,
  outBytes: async () => undefined,
  stdinIsTty: true,
  stdoutIsTty: true,
  stderrIsTty: true,
  columns: 80,
  colour: false,
  unicode: true,
};

const sessions = fc.array(
  fc.record({
    title: fc.option(fc.constantFrom('one', 'two', ...HOSTILE_TITLES)),
    project: fc.option(fc.constantFrom('/a/cli', '/b/cli', '/web', 'C:\\\\x', '', ...HOSTILE_TITLES)),
    storedBytes: fc.option(fc.nat(1e9)),
  }),
  { maxLength: 120 },
);

function made(list: readonly Omit<ReportedSession, 'uid'>[]): [SessionUid[], Reported] {
  const all = list.map((one, n) => ({ ...one, uid: uidOf(n) }));
  return [all.map(({ uid: each }) => each), new Map(all.map((one) => [one.uid, one]))];
}

const countOf = (text: string) => Number((/(\d[\d,]*) sessions?/.exec(text)?.[1] ?? '0').replaceAll(',', ''));

describe('whoever a pass took', () => {
  test('is counted once, in the project that is named or among the others', () => {
    fc.assert(
      fc.property(sessions, (list) => {
        const [uids, reported] = made(list);
        const lines = sessionLines(uids, reported).map(({ text }) => text);
        const heads = lines.filter((text) => /^ {2}\S/.test(text));
        expect(heads.reduce((sum, text) => sum + countOf(text), 0)).toBe(uids.length);
        expect(lines.length).toBeLessThan(130);
        expect(lines.flatMap((text) => hostileIn(text))).toEqual([]);
      }),
    );
  });

  test('stands under its project, the largest first, with its id only where that is asked for', () => {
    const [uids, reported] = made([
      { title: 'small', project: '/home/me/web', storedBytes: MIB },
      { title: 'large', project: '/home/me/web', storedBytes: 5 * MIB },
      { title: 'elsewhere', project: '/srv/api', storedBytes: 2 * MIB },
    ]);
    const lines = sessionLines(uids, reported);
    expect(lines.filter(({ isId }) => !isId).map(({ text }) => text)).toEqual([
      '  web: 2 sessions, 6.0 MiB',
      '      5.0 MiB  large',
      '      1.0 MiB  small',
      '  api: 1 session, 2.0 MiB',
      '      2.0 MiB  elsewhere',
    ]);
    expect(lines.filter(({ isId }) => isId).map(({ text }) => text.trim())).toEqual([1, 0, 2].map(uidOf));
  });
});

describe('a report was a wall of ids', () => {
  const [uids, reported] = made(
    Array.from({ length: 60 }, (_, n) => ({ title: `title ${n}`, project: `/p/${n % 3}`, storedBytes: MIB })),
  );
  const long = report({ backstop_evicted: uids, overflow_data_loss: [], bytes_freed: 60 * MIB });

  test('on the normal screen what came of it is last, and no line is wider than the window', () => {
    const lines = reportPage(IO, long, DEFAULT_LIMITS, reported).trimEnd().split('\n');
    expect(lines.at(-3)).toStartWith('Freed 60.0 MiB.');
    expect(lines.at(-2)).toContain('Ids and reasons: ');
    expect(lines.at(-1)).toStartWith('sweep ');
    const listed = lines.slice(0, -3);
    expect(listed.filter((text) => text.includes('claude-code:'))).toEqual([]);
    expect(listed.filter((text) => Bun.stringWidth(text) > 80)).toEqual([]);
    expect(listed[0]).toBe('backstop: evicted 60 sessions, 60.0 MiB');
    expect(listed).toContain('    … and 15 more, 15.0 MiB');
  });

  test('on the screens it is first', () => {
    expect(reportParts(long, DEFAULT_LIMITS, reported)[0]?.text).toStartWith('Freed 60.0 MiB.');
  });

  test('who was lost is named with the id in any case', () => {
    const lost = report({ overflow_data_loss: uids.slice(0, 2), lost_data: true });
    const text = reportPage(IO, lost, DEFAULT_LIMITS, reported);
    for (const each of uids.slice(0, 2)) expect(text).toContain(each);
  });
});

test('a hundred equal warnings stood before what came of a sweep: they are told once, with their number', async () => {
  using program = new Program();
  program.env['SESSION_MEMORY_NOW'] = '2026-06-01T00:00:00.000Z';
  for (let n = 1; n <= 6; n += 1) program.put(claudePath(id(n)), promptLine(id(n), `prompt ${n}`));
  await program.run('ingest', '--no-analyze');
  const caps = ['--soft-cap', '0', '--hard-cap', '1', '--max-age-days', 'off', '--analyzer', 'exit 1'];
  const { err, out } = await program.run('sweep', '--yes', '--no-data-loss', ...caps);
  expect(err.match(/analyze failed for/g)).toHaveLength(1);
  expect(err).toMatch(
    /^warning: the same of 5 other sessions: `session-memory history \S+ --json` has all$/m,
  );
  const sweepId = /^sweep (\S+)$/m.exec(out)?.[1] ?? '';
  const kept = (await program.run('history', sweepId, '--json')).json() as {
    sweeps: { report: { warnings: string[] } }[];
  };
  expect(kept.sweeps[0]?.report.warnings.filter((one) => one.includes('analyze failed for'))).toHaveLength(6);
  expect((await program.run('history', sweepId)).code).toBe(0);
});
