/** The user's own analyzer, as it may be: it hangs, forks, floods, closes what it was given, lies. By the real program. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { id, noise } from '../support/filled.ts';
import { Program } from '../support/program.ts';

describe('the user’s own analyzer', () => {
  const analyzed = async (command: string, timeoutS = 30) => {
    const program = new Program();
    program.env = {
      CALLERS: 'own',
      CALLERS_EMPTY: '',
      CI: 'false',
      XDG_CONFIG_HOME: join(program.folder, 'config'),
    };
    program.put('../config/session-memory/config.toml', `[analyzer]\ntimeout_s = ${timeoutS}\n`);
    program.put(claudePath(id(1)), promptLine(id(1), `one ${noise().repeat(100)}`));
    const started = performance.now();
    const result = await program.run(
      'ingest',
      '--json',
      '--analyzer',
      command.replaceAll('FOLDER', program.folder),
    );
    const seconds = (performance.now() - started) / 1000;
    const { digest } = JSON.parse((await program.run('show', id(1), '--json')).out);
    const list = JSON.parse((await program.run('list', '--json')).out);
    const [warning] = JSON.parse(result.out).warnings;
    return { program, seconds, code: result.code, digest, session: list.sessions[0], warning };
  };

  test('has the caller’s environment and five variables, and the transcript on its stdin', async () => {
    const { program, digest } = await analyzed('cat > FOLDER/in; env > FOLDER/env; echo done');
    using _ = program;
    const env = readFileSync(join(program.folder, 'env'), 'utf8').split('\n');
    expect(env).toContain('CALLERS=own');
    // Set and empty is not unset to every program.
    expect(env).toEqual(expect.arrayContaining(['CALLERS_EMPTY=', 'CI=false']));
    expect(env).toContain(`HOME=${program.home}`);
    const own = env.filter((entry) => entry.startsWith('SESSION_')).map((entry) => entry.split('=')[0]);
    expect(own.sort()).toEqual([
      'SESSION_AGENT',
      'SESSION_MEMORY_ANALYZING',
      'SESSION_PROJECT',
      'SESSION_TITLE',
      'SESSION_UID',
    ]);
    const transcript = readFileSync(join(program.home, claudePath(id(1))));
    expect(Buffer.compare(readFileSync(join(program.folder, 'in')), transcript)).toBe(0);
    expect(digest.summary).toBe('done');
  }, 60_000);

  test('that hangs dies with all that it forked, and the session stays un-analyzed', async () => {
    const { program, session, code, warning } = await analyzed(
      'sh -c \'echo $$ > FOLDER/child; sh -c "echo \\$\\$ > FOLDER/grandchild; exec sleep 300" & wait\' & echo $$ > FOLDER/shell; echo fine; wait',
      1,
    );
    using _ = program;
    for (const name of ['shell', 'child', 'grandchild']) {
      const pid = Number(readFileSync(join(program.folder, name), 'utf8'));
      expect(pid, `${name} ran`).toBeGreaterThan(1);
      expect(isRunning(pid), `${name} is gone`).toBe(false);
    }
    expect([code, session.state]).toEqual([0, 'unanalyzed']);
    expect(warning).toContain('longer than 1 s');
  }, 60_000);

  test('that leaves a child with its output open, or flooding it, is not waited for', async () => {
    for (const child of ['exec sleep 300', 'exec yes']) {
      const { program, digest, seconds } = await analyzed(
        `sh -c 'echo $$ > FOLDER/left; ${child}' & while [ ! -s FOLDER/left ]; do :; done; echo a summary`,
      );
      using _ = program;
      const pid = Number(readFileSync(join(program.folder, 'left'), 'utf8'));
      if (child.endsWith('300')) {
        expect(isRunning(pid), 'it was left running, which is its own affair').toBe(true);
        process.kill(pid);
      }
      expect(digest.summary.startsWith('a summary') || digest.summary.startsWith('y')).toBe(true);
      expect(seconds, 'the child would run for 300 s').toBeLessThan(60);
    }
  }, 120_000);

  test('that floods without an end is stopped, and one that ends is cut to the digest’s size', async () => {
    const endless = await analyzed('yes', 1);
    using _ = endless.program;
    expect([endless.code, endless.session.state]).toEqual([0, 'unanalyzed']);
    const long = await analyzed(
      'yes "$(printf "\\033]0;x\\007\\033[31mred\\342\\200\\256")" | head -c 50000000',
    );
    using __ = long.program;
    expect(Buffer.byteLength(JSON.stringify(long.digest))).toBeLessThanOrEqual(64 * 1024);
    expect(long.digest.summary).toMatch(/^(red\n)+red?…?/);
  }, 60_000);

  test('that closes its stdin, its output, or itself by a signal, or lies with a status of 0, covers nothing', async () => {
    for (const command of [
      'exec <&-; exec >&-; exit 0',
      'kill -9 $$',
      'exit 3',
      'true',
      'printf " \\n\\t\\033[0m"',
      'echo fine; exit 1',
    ]) {
      const { program, session, code, digest } = await analyzed(command);
      using _ = program;
      expect([code, session.state, session.analyzed_at, digest], command).toEqual([
        0,
        'unanalyzed',
        null,
        null,
      ]);
    }
    const closed = await analyzed('exec <&-; echo enough');
    using _ = closed.program;
    expect(closed.digest.summary, 'not reading its stdin is no failure').toBe('enough');
  }, 60_000);
});

/** Linux: a zombie that nobody has waited for counts as gone. */
function isRunning(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, 'utf8'));
}
