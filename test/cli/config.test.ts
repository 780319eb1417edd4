/** The configuration: where it is looked for, what wins, and how a mistake in it is told. */
import { describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configFolder, dataFolder, type FlagValues, loadSettings } from '../../src/cli/config.ts';
import type { Host } from '../../src/domain/agent.ts';
import { FailureError } from '../../src/domain/errors.ts';
import { GIB } from '../../src/domain/limits.ts';

/** A home with a configuration file of this text; null: none. */
class Home implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'session-memory-config-'));
  readonly file = join(this.folder, '.config', 'session-memory', 'config.toml');

  constructor(text: string | null) {
    mkdirSync(join(this.file, '..'), { recursive: true });
    if (text !== null) writeFileSync(this.file, text);
  }

  host(env: Record<string, string> = {}): Host {
    return { homeDir: this.folder, env, platform: 'linux' };
  }

  load(env: Record<string, string> = {}, flags: FlagValues = {}) {
    return loadSettings(this.host(env), flags);
  }

  /** Sentence and way out, with the file's path as FILE. */
  async refusal(env: Record<string, string> = {}, flags: FlagValues = {}): Promise<string> {
    try {
      return `accepted: ${JSON.stringify(await this.load(env, flags))}`;
    } catch (thrown) {
      if (!(thrown instanceof FailureError)) throw thrown;
      expect(['config', 'usage']).toContain(thrown.failure.code);
      return `${thrown.failure.message} / ${thrown.failure.hint}`.replaceAll(this.file, 'FILE');
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe('a mistake in the file', () => {
  test.each([
    [
      'raw_soft_cap_byte = 1',
      'unknown key raw_soft_cap_byte in FILE, line 1 / Did you mean raw_soft_cap_bytes?',
    ],
    ['# mine\n\n[analyser]\ncommand = "x"', 'unknown key analyser in FILE, line 3 / Did you mean analyzer?'],
    [
      '[analyzer]\ncomand = "x"',
      'unknown key analyzer.comand in FILE, line 2 / Did you mean analyzer.command?',
    ],
    [
      'analyzer.timeouts = 5',
      'unknown key analyzer.timeouts in FILE, line 1 / Did you mean analyzer.timeout_s?',
    ],
    ['store = 5', 'store in FILE, line 1 is of a wrong kind / It takes a path in quotes.'],
    ['store = ""', 'store in FILE, line 1 is of a wrong kind / It takes a path in quotes.'],
    [
      'raw_soft_cap_bytes = -1',
      'raw_soft_cap_bytes in FILE, line 1 is of a wrong kind / It takes a size such as "4GiB", or a whole number of bytes.',
    ],
    [
      'raw_hard_cap_bytes = 1.5',
      'raw_hard_cap_bytes in FILE, line 1 is of a wrong kind / It takes a size such as "6GiB", or a whole number of bytes.',
    ],
    [
      'raw_soft_cap_bytes = true',
      'raw_soft_cap_bytes in FILE, line 1 is of a wrong kind / It takes a size such as "4GiB", or a whole number of bytes.',
    ],
    [
      'raw_max_age_days = 2026-05-01',
      'raw_max_age_days in FILE, line 1 is of a wrong kind / It takes a number of days such as 45, or "off".',
    ],
    [
      '\nraw_soft_cap_bytes = "lots"',
      'raw_soft_cap_bytes in FILE, line 2 is not a size: lots / Write 4GiB, 500MB, or a number of bytes.',
    ],
    [
      'raw_max_age_days = "of"',
      'raw_max_age_days in FILE, line 1 is not an age in days: of / Write 45, 45d, 2w or off.',
    ],
    [
      '[analyzer]\ncommand = 5',
      'analyzer.command in FILE, line 2 is of a wrong kind / It takes a command in quotes.',
    ],
    [
      '[analyzer]\ntimeout_s = 0',
      'analyzer.timeout_s in FILE, line 2 is of a wrong kind / It takes a whole number of seconds from 1 up.',
    ],
    [
      '[ingest]\nexclude = ["a", 1]',
      'ingest.exclude in FILE, line 2 is of a wrong kind / It takes a list of paths: ["~/private"].',
    ],
    [
      'analyzer = 5',
      'analyzer in FILE, line 1 is of a wrong kind / It takes a table: [analyzer], and its keys below it.',
    ],
    ['[store]', 'store in FILE, line 1 is of a wrong kind / It takes a path in quotes.'],
    [
      'raw_soft_cap_bytes = "9GiB"',
      'raw_soft_cap_bytes (9663676416) is above raw_hard_cap_bytes (6442450944) / Lower the soft cap (--soft-cap) or raise the hard cap (--hard-cap).',
    ],
  ])('%p is told with file, line, key and way out', async (text, said) => {
    using home = new Home(text);
    expect(await home.refusal()).toBe(said);
  });

  test('a key that is near no other one is answered with all of them', async () => {
    using home = new Home('colour_scheme = "dark"');
    expect(await home.refusal()).toMatch(
      /^unknown key colour_scheme in FILE, line 1 \/ The keys are store, shared_folder, raw_/,
    );
  });

  test('a line that is no TOML is named with its column', async () => {
    using home = new Home('store = "s.db"\nraw_soft_cap_bytes = 4GiB\n');
    expect(await home.refusal()).toMatch(/^FILE, line 2, column \d+ is not TOML: .* \/ Mend that line/);
  });

  test('a file that the user names must be there', async () => {
    using home = new Home(null);
    const nowhere = join(home.folder, 'nowhere.toml');
    for (const said of [
      await home.refusal({ SESSION_MEMORY_CONFIG: nowhere }),
      await home.refusal({}, { config: nowhere }),
    ])
      expect(said).toContain(`no configuration file: ${nowhere}`);
  });

  test('but not where `config init` is about to write it', async () => {
    using home = new Home(null);
    const nowhere = join(home.folder, 'nowhere.toml');
    expect((await loadSettings(home.host(), { config: nowhere }, true)).configPath).toBe(nowhere);
  });
});

describe('a wrong value elsewhere', () => {
  test('in the environment is told by the name of the variable', async () => {
    using home = new Home(null);
    expect(await home.refusal({ SESSION_MEMORY_RAW_SOFT_CAP_BYTES: 'x' })).toMatch(
      /^SESSION_MEMORY_RAW_SOFT_CAP_BYTES is not a size: x/,
    );
    expect(await home.refusal({ SESSION_MEMORY_ANALYZER_TIMEOUT_S: '0' })).toMatch(
      /^SESSION_MEMORY_ANALYZER_TIMEOUT_S is 0/,
    );
  });
});

describe('settings', () => {
  test('without a file are the defaults of the specification', async () => {
    using home = new Home(null);
    expect(await home.load()).toMatchObject({
      storePath: join(home.folder, '.local/share/session-memory/store.db'),
      limits: {
        rawSoftCapBytes: 4 * GIB,
        rawHardCapBytes: 6 * GIB,
        rawMaxAgeDays: 45,
        distilledCapBytes: GIB,
      },
      analyzerCommand: null,
      analyzerTimeoutS: 120,
      exclude: [],
    });
  });

  test('come from flags, then environment, then file, and remember it', async () => {
    using home = new Home(
      'raw_soft_cap_bytes = 1\nraw_hard_cap_bytes = 2\ndistilled_cap_bytes = "3KiB"\nraw_max_age_days = "off"\n[analyzer]\ncommand = "sum"\n[ingest]\nexclude = ["~/private"]\n',
    );
    const settings = await home.load(
      { SESSION_MEMORY_RAW_SOFT_CAP_BYTES: '10', SESSION_MEMORY_RAW_HARD_CAP_BYTES: '20' },
      { raw_soft_cap_bytes: '15' },
    );
    expect(settings).toMatchObject({
      limits: { rawSoftCapBytes: 15, rawHardCapBytes: 20, rawMaxAgeDays: 'off', distilledCapBytes: 3072 },
      analyzerCommand: 'sum',
      exclude: [join(home.folder, 'private')],
      origins: {
        store: 'default',
        raw_soft_cap_bytes: '--soft-cap',
        raw_hard_cap_bytes: '$SESSION_MEMORY_RAW_HARD_CAP_BYTES',
        distilled_cap_bytes: home.file,
        raw_max_age_days: home.file,
        'analyzer.command': home.file,
        'analyzer.timeout_s': 'default',
        'ingest.exclude': home.file,
      },
    });
  });
});

test('a relative store in the file is beside the file, wherever the program is called', async () => {
  using home = new Home('store = "mine/s.db"\n');
  expect((await home.load()).storePath).toBe(join(home.file, '../mine/s.db'));
  // By a flag or a variable it is typed in a folder, and meant there.
  expect((await home.load({ SESSION_MEMORY_STORE: 'here.db' })).storePath).toBe('here.db');
});

describe('where things are', () => {
  const at = (platform: Host['platform'], env: Record<string, string>): Host => ({
    homeDir: '/home/me',
    env,
    platform,
  });

  test.each([
    ['linux', {}, '/home/me/.local/share/session-memory'],
    ['linux', { XDG_DATA_HOME: '/data' }, '/data/session-memory'],
    // A relative path is to be ignored, as the XDG standard says.
    ['linux', { XDG_DATA_HOME: 'data' }, '/home/me/.local/share/session-memory'],
    ['darwin', { XDG_DATA_HOME: '/data' }, '/home/me/Library/Application Support/session-memory'],
    ['win32', { LOCALAPPDATA: '/local' }, '/local/session-memory'],
  ] as const)('on %s with %p the store is in %s', (platform, env, folder) => {
    expect(dataFolder(at(platform, env))).toBe(folder);
  });

  test.each([
    [{}, '/home/me/.config/session-memory'],
    [{ XDG_CONFIG_HOME: '/etc/me' }, '/etc/me/session-memory'],
    [{ XDG_CONFIG_HOME: './me' }, '/home/me/.config/session-memory'],
  ])('with %p the configuration is in %s', (env, folder) => {
    expect(configFolder(at('linux', env))).toBe(folder);
  });
});
