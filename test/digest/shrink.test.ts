// The size of a digest: never above 64 KiB, in which order things go, and what stays to the last.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { shrink, targetBytes } from '../../src/digest/shrink.ts';
import { DIGEST_BYTES_MAX, type Digest } from '../../src/domain/digest.ts';
import { emptyDigest } from './samples.ts';

const EMPTY_BYTES = Buffer.byteLength(JSON.stringify(emptyDigest));
const bytesOf = (json: string) => Buffer.byteLength(json, 'utf8');
const repeat = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));
const withFiles = (files: Partial<Digest['files']>): Digest => ({
  ...emptyDigest,
  files: { ...emptyDigest.files, ...files },
});

describe('what goes first', () => {
  const reads = repeat(200, (index) => `/src/file-${index}.ts`);
  const full: Digest = {
    ...withFiles({ read: reads }),
    prompts: [{ at: null, text: 'p'.repeat(1500) }],
    errors: repeat(40, (index) => `error ${index} ${'e'.repeat(300)}`),
    commands: repeat(10, (index) => ({ command: `run ${index} ${'c'.repeat(500)}`, exit: 0 })),
  };
  const whole = bytesOf(shrink(full, 1e9).json);

  test('nothing, where there is room', () => {
    const { digest } = shrink(full, whole);
    expect(digest).toEqual(full);
  });

  test('answers before the last one: cut, then out of the middle, and nothing else while there are any', () => {
    const replies = repeat(20, (index) => `${index} ${'r'.repeat(600)}`);
    const said = { ...full, replies };
    const room = (bytes: number) => shrink(said, whole + bytes).digest;
    expect(room(1e9)).toEqual(said);
    const cut = room(20 * 260);
    expect([cut.replies?.length, cut.replies?.[3]?.length, cut.omitted]).toEqual([20, 200, undefined]);
    const some = room(1200);
    expect([some.replies?.at(0)?.slice(0, 2), some.replies?.at(-1)?.slice(0, 3)]).toEqual(['0 ', '19 ']);
    expect(some.omitted).toEqual({ replies: 20 - (some.replies?.length ?? 0) });
    const none = room(40);
    expect([none.replies, none.omitted]).toEqual([undefined, { replies: 20 }]);
    for (const { replies: _, omitted: __, ...rest } of [cut, some, none])
      expect(rest as Digest).toEqual(full);
  });

  test('reads, the last ones, with their count', () => {
    const { digest, json } = shrink(full, whole - 1000);
    expect(bytesOf(json)).toBeLessThanOrEqual(whole - 1000);
    expect(digest.files.read).toEqual(reads.slice(0, digest.files.read.length));
    expect(digest.omitted).toEqual({ reads: 200 - digest.files.read.length });
    expect([digest.errors, digest.commands, digest.prompts]).toEqual([
      full.errors,
      full.commands,
      full.prompts,
    ]);
  });

  test('then error texts, then tails of commands beyond 120 characters, and prompts last', () => {
    const noErrors = shrink(full, whole - 12_000).digest;
    expect(noErrors.errors.length).toBeLessThan(40);
    expect(noErrors.commands).toEqual(full.commands);
    const noTails = shrink(full, 6000).digest;
    expect(noTails.commands.every(({ command, cut }) => command.length === 120 && cut === 386)).toBe(true);
    expect(noTails.prompts).toEqual(full.prompts);
    const least = shrink(full, 0).digest;
    expect(least.prompts).toEqual([{ at: null, text: 'p'.repeat(160), cut: 1340 }]);
  });

  test('of the prompts, the longest', () => {
    const prompts = [1000, 300, 100].map((length) => ({ at: null, text: 'p'.repeat(length) }));
    const { digest, json } = shrink({ ...emptyDigest, prompts }, EMPTY_BYTES + 900);
    expect(bytesOf(json)).toBeLessThanOrEqual(EMPTY_BYTES + 900);
    expect(digest.prompts[0]?.text.length).toBeGreaterThan(300);
    expect(digest.prompts.slice(1)).toEqual(prompts.slice(1));
  });
});

describe('a prompt that was cut', () => {
  test('says by how much, and tears no character', () => {
    const { digest } = shrink(
      { ...emptyDigest, prompts: [{ at: null, text: `${'p'.repeat(159)}😀${'q'.repeat(39)}`, cut: 7 }] },
      0,
    );
    expect(digest.prompts).toEqual([{ at: null, text: 'p'.repeat(159), cut: 48 }]);
  });
});

describe('an error that was cut', () => {
  test('keeps how often it came', () => {
    const { digest } = shrink({ ...emptyDigest, errors: [`${'e'.repeat(900)} (×12)`] }, 1e9);
    expect(digest.errors).toEqual([`${'e'.repeat(399)}… (×12)`]);
  });
});

describe('the target', () => {
  test('grows with the session, from a floor to 64 KiB', () => {
    expect(targetBytes(0)).toBe(3072);
    expect(targetBytes(1_000_000)).toBe(28_000);
    expect(targetBytes(2 ** 31)).toBe(DIGEST_BYTES_MAX);
  });
});

describe('a session of 64 KiB of prompts, commands and names', () => {
  const huge: Digest = {
    ...withFiles({
      written: repeat(100, (index) => `/w/${index}.ts`),
      edited: repeat(100, (index) => `/e/${index}.ts`),
    }),
    prompts: repeat(150, (index) => ({ at: null, text: `prompt ${index} ${'p'.repeat(1900)}` })),
    commands: repeat(300, (index) => ({ command: `command ${index} ${'c'.repeat(800)}`, exit: 0 })),
    outcome: 'o'.repeat(4000),
    subagents: repeat(20, (index) => ({ id: `${index}`, task: 't'.repeat(500), result: 'r'.repeat(1000) })),
  };

  test('keeps every prompt, command, file and subagent, each cut', () => {
    const { digest, json } = shrink(huge, DIGEST_BYTES_MAX);
    expect(bytesOf(json)).toBeLessThanOrEqual(DIGEST_BYTES_MAX);
    expect(digest.prompts.map(({ text }) => text.slice(0, 100))).toEqual(
      huge.prompts.map(({ text }) => text.slice(0, 100)),
    );
    expect(digest.commands.map(({ command }) => command.slice(0, 50))).toEqual(
      huge.commands.map(({ command }) => command.slice(0, 50)),
    );
    expect(digest.files).toEqual(huge.files);
    expect(digest.subagents.length).toBe(20);
    expect(digest.omitted).toBeUndefined();
  });
});

describe('a session that 64 KiB cannot hold', () => {
  test('tells commands of one beginning as one, by how often they ran and how the last ended', () => {
    const beginning = 'cd /home/ann/shop && npm run test -- --reporter=dot --bail path/to/';
    const { digest } = shrink(
      {
        ...emptyDigest,
        prompts: repeat(300, (index) => ({ at: null, text: `prompt ${index} ${'p'.repeat(300)}` })),
        commands: repeat(500, (index) => ({ command: `${beginning}${index}.test.ts`, exit: index % 2 })),
        errors: repeat(9, (index) => `error ${index}`),
      },
      DIGEST_BYTES_MAX,
    );
    expect(digest.commands.length).toBe(1);
    expect(digest.commands[0]).toMatchObject({ command: beginning.slice(0, 60), times: 500, exit: 1 });
    expect(digest.prompts.length).toBe(300);
    expect(digest.errors).toEqual(['error 6', 'error 7', 'error 8']);
  });
});

describe('whatever a transcript holds', () => {
  // Control characters take six bytes each in JSON, emoji four for two units.
  const evil = (count: number) =>
    fc.constantFrom('a', '\u0001', '"', '😀', 'é').map((unit) => unit.repeat(count));
  const many = (length: number, count: number) =>
    fc.tuple(fc.nat(length), evil(count)).map(([times, text]) => repeat(times, (index) => `${index}${text}`));
  const hostile: fc.Arbitrary<Digest> = fc
    .record({
      title: evil(520),
      project: evil(1400),
      parent: evil(600),
      branches: many(64, 600),
      prompts: many(400, 2400),
      paths: many(300, 1400),
      commands: many(400, 1400),
      errors: many(128, 800),
      texts: many(32, 4400),
      names: many(256, 600),
      summary: evil(60_000),
    })
    .map(({ title, project, parent, branches, prompts, paths, commands, errors, texts, names, summary }) => ({
      ...withFiles({ read: paths, written: paths, edited: paths }),
      title,
      project,
      parent,
      branches,
      errors,
      summary,
      outcome: project.repeat(3),
      agent_version: title,
      prompts: prompts.map((text) => ({ at: null, text })),
      commands: commands.map((command) => ({ command, exit: 1 })),
      commits: commands.slice(0, 512).map((message) => ({ message })),
      pull_requests: names,
      plans: texts,
      compactions: texts,
      models: names,
      todos: names.map((text) => ({ text, status: text })),
      subagents: paths.slice(0, 1024).map((id) => ({ id: id.slice(0, 600), task: id, result: id })),
      tools: Object.fromEntries(names.map((name) => [name, 1])),
      records: { read: 1, unreadable: 0, unknown: Object.fromEntries(names.map((name) => [name, 1])) },
    }));

  test('64 KiB are never passed, and what is gone is counted', () => {
    fc.assert(
      fc.property(hostile, (draft) => {
        const { digest, json } = shrink(draft, targetBytes(1 << 30));
        expect(bytesOf(json)).toBeLessThanOrEqual(DIGEST_BYTES_MAX);
        expect(JSON.parse(json)).toEqual(digest);
        expect(digest.prompts.length + (digest.omitted?.['prompts'] ?? 0)).toBe(draft.prompts.length);
        expect(digest.commands.length + (digest.omitted?.['commands'] ?? 0)).toBe(draft.commands.length);
        expect(digest.files.read.length + (digest.omitted?.['reads'] ?? 0)).toBe(draft.files.read.length);
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});
