/** Completions: what is offered where, in the shells that are there; and the manual page. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manualPage } from '../../src/cli/commands/man.ts';
import { type CompletedWord, complete, type Known } from '../../src/cli/complete.ts';
import { commandHelp, programHelp } from '../../src/cli/help.ts';
import { EXIT_MEANINGS, GLOBAL_FLAGS } from '../../src/cli/spec.ts';
import { COMMANDS } from '../../src/cli/table.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

const ONE: CompletedWord = { word: '8c816ba7', about: 'fix the login' };
const KNOWN: Known = {
  commands: COMMANDS,
  sessions: () => [ONE],
  projects: () => [{ word: 'website', about: '2 sessions' }],
  sweeps: () => [{ word: '20260601t', about: '' }],
  agents: async () => [{ word: 'codex', about: 'Codex' }],
  sorts: async () => [{ word: 'ended', about: '' }],
};

async function offered(...words: string[]): Promise<string[] | string> {
  const found = await complete(words, KNOWN);
  return found.kind === 'words' ? found.candidates.map(({ word }) => word) : found.kind;
}

describe('what may stand there', () => {
  test('every command that people call, and no other', async () => {
    expect(await offered('')).toEqual(COMMANDS.map(({ name }) => name));
    expect(await offered('')).not.toContain('complete');
    expect(await offered('--store', '/x', 'hist')).toEqual(['history']);
  });

  test.each([
    [['show', ''], ['8c816ba7']],
    [['show', 'zz'], []],
    [['show', '8c816ba7', ''], []],
    [['analyze', '8c816ba7', ''], ['8c816ba7']],
    [['show', '--raw', ''], ['8c816ba7']],
    [['show', '--', ''], ['8c816ba7']],
    [['--store', 'x', 'show', ''], ['8c816ba7']],
    [
      ['list', '--st'],
      ['--state', '--store'],
    ],
    [
      ['list', '--state', ''],
      ['analyzed', 'unanalyzed', 'evicted'],
    ],
    [['list', '--state=e'], ['--state=evicted']],
    [['list', '--project', ''], ['website']],
    [['list', '--agent', ''], ['codex']],
    [['list', '--sort=e'], ['--sort=ended']],
    [['history', ''], ['20260601t']],
    [
      ['completions', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['--color', 'n'], ['never']],
    [['sweep', '--soft-cap', ''], []],
  ])('%p', async (words, expected) => {
    expect(await offered(...words)).toEqual(expected);
  });

  test('paths are left to the shell', async () => {
    expect(await offered('ingest', '')).toBe('files');
    expect(await offered('--store', '')).toBe('files');
    expect(await offered('--store=', '')).not.toBe('files');
    expect(await offered('restore', '8c', '--to', '')).toBe('folders');
    expect(await offered('restore', '8c', '--to=/t')).toBe('folders');
  });
});

describe('in a shell', () => {
  let program: Program;
  let path: string;
  const id = '60000001-0000-4000-8000-000000000000';

  beforeAll(async () => {
    program = new Program();
    program.env = { SESSION_MEMORY_NOW: '2026-06-01T00:00:00.000Z' };
    program.put(claudePath(id), promptLine(id, 'mend the login'));
    expect((await program.run('ingest')).code).toBe(0);
    // The scripts call the program by its name.
    const bin = join(program.folder, 'bin');
    mkdirSync(bin);
    const own = join(import.meta.dir, '../../src/main.ts');
    const command = Bun.env['SESSION_MEMORY_BIN'] ?? `${process.execPath}' '${own}`;
    writeFileSync(
      join(bin, 'session-memory'),
      `#!/bin/sh\nexec '${command}' --store '${program.store}' "$@"\n`,
    );
    chmodSync(join(bin, 'session-memory'), 0o755);
    path = `${bin}:${Bun.env['PATH'] ?? ''}`;
  });
  afterAll(() => program[Symbol.dispose]());

  async function shell(name: string, script: string): Promise<string[]> {
    const child = Bun.spawn([name, '-c', script], {
      env: { PATH: path, HOME: program.home, LANG: 'C.UTF-8', ...program.env },
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect(err).toBe('');
    return out.split('\n').filter((line) => line !== '');
  }

  function where(name: string) {
    const missing = Bun.which(name) === null;
    if (missing) console.log(`skipped: ${name} is not installed`);
    return test.skipIf(missing);
  }

  const bash = (typed: string, more = '') =>
    shell(
      'bash',
      `source <(session-memory completions bash); COMP_LINE=${JSON.stringify(typed)}; COMP_POINT=\${#COMP_LINE}; ${more} _session_memory; printf '%s\\n' "\${COMPREPLY[@]}"`,
    );
  where('bash')('bash offers commands, flags, ids, and the rest of an id after its colon', async () => {
    expect(await bash('session-memory sta')).toEqual(['status']);
    expect(await bash('session-memory show --ra')).toEqual(['--raw']);
    expect(await bash('session-memory show 6')).toEqual([id]);
    expect(await bash('session-memory show claude-code:6'), 'bash breaks words at colons').toEqual([id]);
    expect(await bash('session-memory list --state=ev'), 'and at equals signs').toEqual(['evicted']);
    expect(await bash('session-memory show nothing')).toEqual([]);
    const listed = await bash('session-memory s', 'COMP_TYPE=63;');
    expect(listed, 'a list that is looked at says what each is').toContainEqual(
      expect.stringMatching(/^status {2}\(.+\)$/),
    );
    expect(await bash('session-memory sta', 'COMP_TYPE=63;'), 'the only one goes onto the line').toEqual([
      'status',
    ]);
  });

  const fish = (typed: string) =>
    shell(
      'fish',
      `session-memory completions fish | source; complete -C ${JSON.stringify(typed)} | string replace -r '\\t.*' ''`,
    );
  where('fish')('fish offers the same', async () => {
    expect(await fish('session-memory sta')).toEqual(['status']);
    expect(await fish('session-memory show --ra')).toEqual(['--raw']);
    expect(await fish('session-memory show ')).toEqual([id]);
    expect(await fish('session-memory show claude-code:6')).toEqual([`claude-code:${id}`]);
  });

  const zsh = (words: readonly string[]) =>
    shell(
      'zsh',
      `compdef() { : }; _describe() { local -a all; all=("\${(@P)@[-1]}"); print -rl -- $all }; source <(session-memory completions zsh); words=(session-memory ${words.map((word) => `'${word}'`).join(' ')}); CURRENT=$#words; [[ -z $words[-1] ]]; _session_memory`,
    );
  where('zsh')('zsh is given words with what they are, colons escaped', async () => {
    expect(await zsh(['sta'])).toEqual([expect.stringMatching(/^status:usage/)]);
    expect(await zsh(['show', '6'])).toEqual([`${id}:30 d ago, mend the login`]);
    expect(await zsh(['show', 'claude-code:6'])).toEqual([`claude-code\\:${id}:30 d ago, mend the login`]);
  });

  test('without a store, or with a damaged one, there is nothing to offer and no complaint', async () => {
    const { code, out, err } = await program.run('complete', '--', '--store', '/nowhere/at.db', 'show', '');
    expect({ code, out, err }).toEqual({ code: 0, out: '', err: '' });
    const bad = program.put('bad.db', 'no store');
    const damaged = await program.run('complete', '--', `--store=${bad}`, 'show', '');
    expect({ ...damaged, bytes: null, json: null }).toMatchObject({ code: 0, out: '', err: '' });
  });

  test('an unknown shell is a wrong use, with the right ones', async () => {
    const { code, err } = await program.run('completions', 'tcsh');
    expect(code).toBe(2);
    expect(err).toContain('bash, zsh, fish');
  });
});

describe('the manual page', () => {
  const page = manualPage(COMMANDS, 'session-memory 1.2.3');
  const plain = page
    .replaceAll('\\-', '-')
    .replaceAll('\\(aq', "'")
    .replaceAll('\\(ga', '`')
    .replaceAll(/\\f[BIR]/g, '')
    .replaceAll('\\e', '\\');

  test('says what --help says: every command, flag, example and exit code', () => {
    const helps = [
      programHelp(Number.POSITIVE_INFINITY),
      ...COMMANDS.map((spec) => commandHelp(spec, Number.POSITIVE_INFINITY)),
    ].join('\n');
    for (const { name, summary, flags, examples, about } of COMMANDS) {
      for (const text of [name, summary.slice(1), ...examples, ...(about === undefined ? [] : [about])]) {
        expect(helps).toContain(text);
        expect(plain).toContain(text);
      }
      for (const { flag, help } of flags) {
        expect(helps).toContain(flag);
        expect(plain).toContain(`${flag}\n${help}`);
      }
    }
    for (const { flag, help } of GLOBAL_FLAGS) expect(plain).toContain(`${flag}\n${help}`);
    for (const [code, meaning] of Object.entries(EXIT_MEANINGS)) {
      expect(plain).toContain(`.B ${code}\n${meaning}`);
    }
  });

  test('no line of text is taken for a request of roff', () => {
    const requests = page.split('\n').filter((line) => line.startsWith('.') || line.startsWith("'"));
    const known = /^\.(TH|SH|SS|TP|PP|B|nf|fi)( |$)/;
    expect(requests.filter((line) => !known.test(line))).toEqual([]);
  });
});
