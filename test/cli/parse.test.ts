/** argv to a command: what is understood, what is refused and in which words, and what a terminal changes. */
import { describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseArgs } from '../../src/cli/parse.ts';
import { plainCall } from '../../src/cli/parse-plain.ts';
import { EXIT_MEANINGS, GLOBAL_FLAGS } from '../../src/cli/spec.ts';
import { COMMANDS } from '../../src/cli/table.ts';
import { EXIT, EXIT_OF_CODE, FailureError } from '../../src/domain/errors.ts';
import { runIn } from '../support/runtime.ts';
import { SEED } from '../support/seed.ts';

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'session-memory-parse-'));
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function refusal(argv: readonly string[]): string {
  try {
    return `accepted: ${parseArgs(argv).command?.name}`;
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    expect(EXIT_OF_CODE[thrown.failure.code]).toBe(EXIT.usage);
    return `${thrown.failure.message} / ${thrown.failure.hint}`;
  }
}

describe('global flags', () => {
  test.each([
    [['--json', '--store', 'a.db', 'list']],
    [['list', '--json', '--store', 'a.db']],
    [['--store=a.db', 'list', '--json']],
    [['--store', 'a.db', 'list', '--json']],
  ])('stand before or after the command: %p', (argv) => {
    const { command, flags, args } = parseArgs(argv);
    expect([command?.name, flags['json'], flags['store'], args]).toEqual(['list', true, 'a.db', []]);
  });

  test('a value that is spelt like a command is a value', () => {
    const { command, flags } = parseArgs(['--store', 'list', 'show', 'abc']);
    expect([command?.name, flags['store']]).toEqual(['show', 'list']);
  });
});

test('what is understood without the library is what the library makes of it', () => {
  const words = [
    ...[
      '--json',
      '--store',
      'a.db',
      '--config',
      'c.toml',
      '--color',
      'never',
      '--store=a.db',
      '--yes',
      '-h',
      '-V',
    ],
    ...[
      '--',
      '-',
      '',
      '--help',
      '--version',
      '--limit',
      '3',
      'help',
      'nothing',
      ...COMMANDS.map(({ name }) => name),
    ],
  ];
  let plain = 0;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { maxLength: 5 }), (argv) => {
      const call = plainCall(argv);
      if (call === null) return;
      plain += 1;
      expect(call).toEqual(parseArgs(argv));
    }),
    { numRuns: 5000, seed: SEED },
  );
  for (const argv of [
    [],
    ['-V'],
    ['--version'],
    ['--json'],
    ['status'],
    ['status', '--json'],
    ['--store', 'a.db', 'list', '--color', 'never'],
  ]) {
    const call = plainCall(argv);
    expect([argv, call]).toEqual([argv, parseArgs(argv)]);
  }
  expect(plain).toBeGreaterThan(50);
});

describe('flags and arguments', () => {
  test('those of the called command', () => {
    const parsed = parseArgs(['sweep', '--yes', '--no-data-loss', '--soft-cap', '1GiB', '--plan=ab']);
    expect(parsed.flags).toMatchObject({
      yes: true,
      dataLoss: false,
      softCap: '1GiB',
      plan: 'ab',
      analyze: true,
    });
    expect(parseArgs(['ingest', '/a', '/b', '--full'])).toMatchObject({
      args: ['/a', '/b'],
      flags: { full: true },
    });
    expect(parseArgs(['config']).args).toEqual([]);
    expect(parseArgs(['show', '--', '-odd-id']).args).toEqual(['-odd-id']);
    // Behind a `--` nothing consents, wherever it stands.
    expect(parseArgs(['--', 'evict', 'a:b', '--yes', '--data-loss'])).toMatchObject({
      args: ['a:b', '--yes', '--data-loss'],
      flags: {},
    });
    expect(parseArgs(['--store', '--', 'evict', 'a:b', '--yes']).flags).toMatchObject({
      yes: true,
      store: '--',
    });
    expect(parseArgs(['restore', 'a:b', '--to', '--', 'd']).flags).toMatchObject({ to: '--' });
  });

  test.each([
    [['swep'], 'unknown command swep / Did you mean sweep? See `session-memory --help`.'],
    [['swep', 'list'], 'unknown command swep / Did you mean sweep? See `session-memory --help`.'],
    [
      ['swep', '--soft-cap', '1GB'],
      'unknown command swep / Did you mean sweep? See `session-memory --help`.',
    ],
    [['frobnicate'], 'unknown command frobnicate / See `session-memory --help`.'],
    [['swep', '--help'], 'unknown command swep / Did you mean sweep? See `session-memory --help`.'],
    [['help', 'swep'], 'unknown command swep / Did you mean sweep? See `session-memory --help`.'],
    [['sweep', '--yess'], 'unknown option --yess / Did you mean --yes? See `session-memory sweep --help`.'],
    [['--jsn', 'status'], 'unknown option --jsn / Did you mean --json? See `session-memory status --help`.'],
    [
      ['restore', '--all', '--to', '--json'],
      'option --to <DIR> argument missing / See `session-memory restore --help`.',
    ],
    [
      ['sweep', '--plan', '--store=a.db', '--yes'],
      'option --plan <ID> argument missing / See `session-memory sweep --help`.',
    ],
    [['--yes', 'sweep'], 'unknown option --yes / See `session-memory sweep --help`.'],
    [['list', '--raw'], 'unknown option --raw / See `session-memory list --help`.'],
    [
      ['sweep', '--soft-cap'],
      'option --soft-cap <SIZE> argument missing / See `session-memory sweep --help`.',
    ],
    [
      ['--soft-cap', '1', 'sweep'],
      '--soft-cap belongs to sweep and stands before it / Write `session-memory sweep --soft-cap …`; only global flags may come first.',
    ],
    [
      ['--soft-cap', '0'],
      '--soft-cap belongs to a command, and none is named / Write `session-memory sweep --soft-cap …`. For the screens and for every call, set raw_soft_cap_bytes in the configuration (`session-memory config init`).',
    ],
    [
      ['--store', 'a.db', '--hard-cap=0', '--json'],
      '--hard-cap belongs to a command, and none is named / Write `session-memory sweep --hard-cap …`. For the screens and for every call, set raw_hard_cap_bytes in the configuration (`session-memory config init`).',
    ],
    [
      ['--store', 'a.db', '--soft-cap', '1', 'sweep'],
      '--soft-cap belongs to sweep and stands before it / Write `session-memory sweep --soft-cap …`; only global flags may come first.',
    ],
    [
      ['--dry-run'],
      '--dry-run belongs to a command, and none is named / Write `session-memory sweep --dry-run …`.',
    ],
    [['sweep', '--soft-cap='], '--soft-cap has an empty value / Give a value, or leave the flag out.'],
    [['--store', '', 'list'], '--store has an empty value / Give a value, or leave the flag out.'],
    [['show'], 'missing required argument UID / See `session-memory show --help`.'],
    [
      ['show', 'a', 'b'],
      'too many arguments for show. Expected 1 argument but got 2: a, b. / See `session-memory show --help`.',
    ],
    [
      ['sweep', '--dry-run=1'],
      'unknown option --dry-run=1 / Did you mean --dry-run? See `session-memory sweep --help`.',
    ],
  ])('%p is refused in one sentence with a way out', (argv, said) => {
    expect(refusal(argv)).toBe(said);
  });
});

describe('without a command', () => {
  test.each([
    [{ tty: true }, [], 'dashboard'],
    [{ tty: false }, [], 'status'],
    [{ tty: true }, ['--json'], 'status'],
    [{ tty: true }, ['status'], 'status'],
    [{ tty: true }, ['--version'], 'version'],
    [{ tty: true }, ['--help'], 'help'],
  ])('with %p, %p opens the %s', async (given, argv, opens) => {
    using folder = new Folder();
    const told = await runIn(folder.path, argv, given);
    const shown =
      told.opens === 'dashboard'
        ? 'dashboard'
        : told.out.startsWith('session-memory 1.2.3')
          ? 'version'
          : told.out.includes('Exit codes:')
            ? 'help'
            : /Tier 1|"tier1"/.test(told.out)
              ? 'status'
              : told.out;
    expect([told.code, shown]).toEqual([0, opens]);
    expect(readdirSync(folder.path), 'looking makes no store').toEqual([]);
  });

  test('a mistake is told in a terminal as elsewhere, and red only where colour is on', async () => {
    using folder = new Folder();
    const plain = await runIn(folder.path, ['swep'], { tty: true, env: {} });
    expect([plain.code, plain.out]).toEqual([2, '']);
    expect((await runIn(folder.path, ['swep'], { tty: false })).err).toBe(
      'session-memory: unknown command swep\n  Did you mean sweep? See `session-memory --help`.\n',
    );
    expect((await runIn(folder.path, ['swep', '--json'])).err).toBe('');
  });

  test('an escape sequence in an argument reaches no terminal', async () => {
    using folder = new Folder();
    for (const argv of [
      ['li\u001b[31mst'],
      ['show', 'a\u001b]0;x\u0007'],
      ['ingest', '/no\u009b2J/where'],
      ['list', '--state', 'x\u202e'],
      ['--config', '/no\u001b[2J', 'status'],
    ]) {
      const { code, err } = await runIn(folder.path, argv);
      expect(code).toBe(2);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      expect(err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
  });
});

test('a command that only reads leaves signals to end it at once; one that writes stops at a safe place', async () => {
  using folder = new Folder();
  const catches = async (...argv: string[]) => (await runIn(folder.path, argv)).catchesSignals;
  expect([await catches('status'), await catches('list'), await catches('verify')]).toEqual([
    false,
    false,
    false,
  ]);
  expect([await catches('ingest', '--dry-run'), await catches('sweep', '--dry-run')]).toEqual([true, true]);
});

describe('the exit codes', () => {
  test('are those of the specification, for every kind of failure', () => {
    expect(EXIT).toEqual({
      done: 0,
      failed: 1,
      usage: 2,
      dataLost: 3,
      overHardCap: 4,
      stalePlan: 5,
      sweepRunning: 6,
      interrupted: 130,
    });
    const of = (code: number) =>
      Object.entries(EXIT_OF_CODE)
        .filter(([, exit]) => exit === code)
        .map(([name]) => name);
    expect([of(2).sort(), of(3), of(4), of(5), of(6), of(130)]).toEqual([
      ['config', 'consent_needed', 'not_found', 'usage'],
      [],
      ['over_hard_cap'],
      ['stale_plan'],
      ['sweep_running'],
      ['interrupted'],
    ]);
  });

  test('each has its meaning in --help, and no other has', () => {
    expect(Object.keys(EXIT_MEANINGS).map(Number).sort()).toEqual([...new Set(Object.values(EXIT))].sort());
  });
});

describe('the tables', () => {
  test('name each command and each of its flags once', () => {
    const names = COMMANDS.map((spec) => spec.name);
    expect(new Set(names).size).toBe(names.length);
    for (const spec of COMMANDS) {
      // A command's own --version takes a value, and the place of the global one behind it.
      const hasOwn = spec.flags.some(({ flag }) => flag.startsWith('--version '));
      const global = GLOBAL_FLAGS.filter(({ flag }) => !(hasOwn && flag === '--version'));
      const flags = [...spec.flags, ...global].map(({ flag }) => flag.split(' ')[0]);
      expect(new Set(flags).size, spec.name).toBe(flags.length);
    }
  });

  test('have the commands of the specification, each with examples that parse', () => {
    const wanted =
      'status agents ingest analyze sweep maintain list show restore pin unpin history verify config demo completions';
    expect(COMMANDS.map((spec) => spec.name)).toEqual(expect.arrayContaining(wanted.split(' ')));
    for (const spec of COMMANDS) {
      expect(spec.examples.length, spec.name).toBeGreaterThan(0);
      for (const example of spec.examples) {
        const words =
          example
            .split(/ [|>] /)[0]
            ?.replace('session-memory ', '')
            .split(' ') ?? [];
        expect(parseArgs(words).command?.name, example).toBe(spec.name);
      }
    }
  });
});
