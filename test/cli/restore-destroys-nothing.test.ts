/** A restore destroys nothing that is nowhere else: what has all that is stored is there, what is replaced is stored or beside. */
import { describe, expect, test } from 'bun:test';
import { appendFileSync, existsSync, readdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ID, RestoreHome, turns, UID } from '../support/restoring.ts';
import { SEED } from '../support/seed.ts';

const ASIDE = '.before-restore-';
const asides = (path: string) => readdirSync(dirname(path)).filter((name) => name.includes(ASIDE));

describe('a file that has all that is stored', () => {
  test.each([[[]], [['--force']]])(
    'and %p grew since the last ingest is there, and not written',
    async (flags) => {
      using home = await RestoreHome.stored();
      appendFileSync(home.main, turns(20, 22));
      const before = statSync(home.main);
      const told = await home.must('restore', ID, ...flags);
      expect([home.read(home.main), statSync(home.main).ino]).toEqual([turns(0, 22), before.ino]);
      expect(told.out).toContain('2 lines');
      expect(told.out).toContain('session-memory ingest');
      expect(told.out).toContain(`claude --resume ${ID}`);
      const again = schemas.restoreSchema.parse(await home.json('restore', ID, ...flags));
      expect(again.left).toEqual([
        { path: home.main, further_records: 2, further_bytes: turns(20, 22).length },
      ]);
      expect([again.replaced, again.versions]).toEqual([[], []]);
      await home.must('ingest');
      expect(await home.raw()).toBe(turns(0, 22));
    },
  );

  test('below --to, of several, and beside a transcript is there too', async () => {
    using home = await RestoreHome.stored();
    const to = join(home.path, 'to');
    await home.must('restore', ID, '--to', to);
    const copy = join(to, claudePath(ID).slice('.claude/'.length));
    appendFileSync(copy, 'torn {');
    await home.must('restore', '--all', '--to', to);
    expect(home.read(copy)).toBe(`${turns(0, 20)}torn {`);
    appendFileSync(home.spilled, 'and a third\n');
    const { restored, failed } = schemas.restoreSeveralSchema.parse(await home.json('restore', '--all'));
    expect([restored[0]?.left.map(({ path }) => path), failed]).toEqual([[home.spilled], []]);
    expect(home.read(home.spilled)).toEndWith('two lines\nand a third\n');
  });

  test('written anew with other white space and a line between says the same, and is there', async () => {
    using home = await RestoreHome.stored();
    const spaced = turns(0, 20)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.stringify(JSON.parse(line), null, 1).replaceAll('\n', ' '));
    const text = `${[...spaced.slice(0, 5), promptLine(ID, 'between').trim(), ...spaced.slice(5)].join('\n')}\n`;
    home.write(home.main, text);
    const { left } = schemas.restoreSchema.parse(await home.json('restore', ID));
    expect([left.map(({ further_records }) => further_records), home.read(home.main)]).toEqual([[1], text]);
  });

  test('of an agent that writes documents is there with one message more', async () => {
    using home = new RestoreHome();
    const path = join(home.path, '.cline/data/tasks/1700000000000/api_conversation_history.json');
    const message = (n: number) => ({
      role: n % 2 === 0 ? 'user' : 'assistant',
      content: [{ type: 'text', text: `m${n}` }],
    });
    const document = (count: number) => JSON.stringify(Array.from({ length: count }, (_, n) => message(n)));
    home.write(path, document(4));
    await home.must('ingest');
    home.write(path, document(6));
    const told = await home.must('restore', '--all');
    expect([home.read(path), told.out.includes('2 lines')]).toEqual([document(6), true]);
  });
});

describe('a different file', () => {
  test('is refused without --force, also one that has lost its end', async () => {
    using home = await RestoreHome.stored();
    for (const text of [turns(3, 9), turns(0, 7), '', turns(0, 20).replace('turn 4', 'TURN 4')]) {
      home.write(home.main, text);
      expect((await home.run('restore', ID)).code).toBe(1);
      expect(home.read(home.main)).toBe(text);
    }
  });

  test('is stored before --force replaces it, and the transcript is what was asked for', async () => {
    using home = await RestoreHome.stored();
    const other = `${turns(0, 3)}${turns(50, 70)}`;
    home.write(home.main, other);
    const { replaced } = schemas.restoreSchema.parse(await home.json('restore', ID, '--force'));
    expect(replaced).toEqual([{ path: home.main, aside: null }]);
    expect([home.read(home.main), await home.raw(), asides(home.main)]).toEqual([
      turns(0, 20),
      turns(0, 20),
      [],
    ]);
    const { versions } = schemas.versionsSchema.parse(await home.json('show', ID, '--versions'));
    const raws = await Promise.all(versions.map(({ number }) => home.raw('--version', String(number))));
    expect(raws).toContain(other);
    expect((await home.run('ingest')).out).toContain('no file was read');
    expect((await home.run('verify')).code).toBe(0);
  });

  test('that the store does not take is put beside, under a name that takes no place', async () => {
    using home = await RestoreHome.stored();
    const to = join(home.path, 'to');
    const copy = join(to, claudePath(ID).slice('.claude/'.length));
    for (const mine of ['mine', 'mine again']) {
      home.write(copy, mine);
      await home.must('restore', ID, '--to', to, '--force');
      expect(home.read(copy)).toBe(turns(0, 20));
    }
    expect(
      asides(copy)
        .map((name) => home.read(join(dirname(copy), name)))
        .sort(),
    ).toEqual(['mine', 'mine again']);
    expect(asides(copy).every((name) => name.startsWith(basename(copy)))).toBe(true);
  });

  test('whose name is as long as a name may be is put beside under the beginning of it', async () => {
    using home = await RestoreHome.stored();
    // One sign of two bytes stands where the name is cut.
    const names = [212, 230, 255].flatMap((bytes) => ['n'.repeat(bytes), `n${'é'.repeat((bytes - 1) >> 1)}`]);
    const to = join(home.path, 'to');
    for (const name of names) home.write(join(dirname(home.spilled), name), 'stored');
    await home.must('ingest');
    const folder = join(to, dirname(home.spilled).slice(join(home.path, '.claude').length));
    for (const name of names) home.write(join(folder, name), `mine: ${name}`);
    await home.must('restore', ID, '--to', to, '--force');
    for (const name of names) expect(home.read(join(folder, name))).toBe('stored');
    const beside = readdirSync(folder).filter((name) => name.includes(ASIDE));
    expect(beside.every((name) => names.some((own) => own.startsWith(name.split(ASIDE)[0] ?? '-')))).toBe(
      true,
    );
    expect(beside.map((name) => home.read(join(folder, name))).sort()).toEqual(
      names.map((name) => `mine: ${name}`).sort(),
    );
  });

  test('of a session that is left out by the configuration is put beside', async () => {
    using home = await RestoreHome.stored();
    home.write(join(home.path, 'c.toml'), '[ingest]\nexclude = ["/home/me/project"]\n');
    home.write(home.main, turns(90, 92));
    const told = await home.must('restore', '--config', join(home.path, 'c.toml'), ID, '--force');
    expect(asides(home.main).length).toBe(1);
    expect(told.out).toContain(asides(home.main)[0] ?? '-');
    expect(home.read(join(dirname(home.main), asides(home.main)[0] ?? ''))).toBe(turns(90, 92));
  });

  test('of several is stored first as well', async () => {
    using home = await RestoreHome.stored();
    home.write(home.spilled, 'something else\n');
    await home.must('restore', '--all', '--force');
    expect(home.read(home.spilled)).toBe('a long answer\nof two lines\n');
    const { versions } = schemas.versionsSchema.parse(await home.json('show', ID, '--versions'));
    expect(versions.filter(({ key }) => key !== 'main').length).toBe(3);
  });
});

type Step =
  | { readonly kind: 'write'; readonly lines: readonly number[] }
  | { readonly kind: 'ingest' }
  | { readonly kind: 'remove' }
  | { readonly kind: 'restore'; readonly flags: readonly string[] };

const step = fc.oneof<fc.Arbitrary<Step>[]>(
  fc.record({
    kind: fc.constant('write'),
    lines: fc.array(fc.nat(30), { maxLength: 25 }),
  }) as fc.Arbitrary<Step>,
  fc.constant({ kind: 'ingest' }),
  fc.constant({ kind: 'remove' }),
  fc
    .constantFrom(
      [],
      ['--force'],
      ['--version', 'fullest'],
      ['--version', 'fullest', '--force'],
      ['--version', '1', '--force'],
      ['--version', 'present', '--force'],
    )
    .map((flags): Step => ({ kind: 'restore', flags })),
);

test('whatever a person writes, ingests, removes and restores: what lay there when a restore began is in a file or in the store', async () => {
  let replaced = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 9 }), async (steps) => {
      using home = await RestoreHome.stored();
      for (const one of steps) {
        if (one.kind === 'write')
          home.write(home.main, one.lines.map((n) => promptLine(ID, `turn ${n}`)).join(''));
        if (one.kind === 'ingest') await home.run('ingest');
        if (one.kind === 'remove' && existsSync(home.main)) unlinkSync(home.main);
        if (one.kind !== 'restore') continue;
        const lay = existsSync(home.main) ? home.read(home.main) : null;
        const { code } = await home.run('restore', ID, ...one.flags);
        expect(code).toBeOneOf([0, 1, 2]);
        if (lay === null || home.read(home.main) === lay) continue;
        replaced += 1;
        expect(await whereIs(home, lay), JSON.stringify(steps)).not.toBe('nowhere');
      }
      expect((await home.run('verify')).code).toBe(0);
    }),
    { seed: SEED, numRuns: 25 },
  );
  expect(replaced, 'files that a restore replaced').toBeGreaterThan(3);
}, 120_000);

/** Where these bytes are, as the beginning of a file or of a version. */
async function whereIs(home: RestoreHome, text: string): Promise<string> {
  const beside = home
    .files(dirname(home.main))
    .find((name) => home.read(join(dirname(home.main), name)).startsWith(text));
  if (beside !== undefined) return beside;
  const { sessions } = await home.json('list');
  for (const { session_uid: uid } of sessions) {
    const { versions } = schemas.versionsSchema.parse(await home.json('show', uid, '--versions'));
    for (const { key, number } of versions.filter((one) => one.key === 'main')) {
      const raw = (await home.run('show', uid, '--raw', '--version', String(number))).bytes.toString();
      if (raw.startsWith(text)) return `${key} ${number}`;
    }
  }
  return 'nowhere';
}

test('a restore of what is gone leaves nothing beside', async () => {
  using home = await RestoreHome.stored();
  rmSync(join(home.path, '.claude'), { recursive: true });
  await home.must('restore', ID);
  expect(
    home
      .files()
      .map((name) => basename(name))
      .sort(),
  ).toEqual([`${ID}.jsonl`, 'toolu_01.txt']);
  expect((await home.json('show', UID, '--versions')).versions.length).toBe(1);
});
