// The user's own analyzer: what goes in, what is taken of what comes out, and which ends are failures.

import { describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExternalRun, runExternalAnalyzer, withSummary } from '../../src/digest/external.ts';
import { DIGEST_BYTES_MAX } from '../../src/domain/digest.ts';
import { emptyDigest } from './samples.ts';

const PATH = '/usr/local/bin:/usr/bin:/bin';
const bytes = (text: string) => Buffer.from(text);

function run(command: string, change: Partial<ExternalRun> = {}) {
  return runExternalAnalyzer({
    command,
    timeoutMs: 30_000,
    transcript: [bytes('{"line":1}\n'), bytes('{"line":2}\n')],
    session: { uid: 'claude-code:1', agent: 'claude-code', project: '/home/ann/shop', title: 'Fix the till' },
    host: { homeDir: '/nowhere', env: { PATH }, platform: 'linux' },
    signal: new AbortController().signal,
    ...change,
  });
}

describe('what the program is given', () => {
  test('the main transcript on its stdin, whole and in order', async () => {
    expect(await run('cat')).toEqual({ ok: true, text: '{"line":1}\n{"line":2}' });
  });

  test('a transcript whose chunks share one buffer', async () => {
    const buffer = new Uint8Array(300_000);
    async function* chunks() {
      for (const digit of [0x31, 0x32, 0x33]) yield buffer.fill(digit);
    }
    expect(await run('tr -s 123', { transcript: chunks() })).toEqual({ ok: true, text: '123' });
  });

  test('four variables and its folder beside the environment handed in, and nothing else of our own', async () => {
    const host = { homeDir: '/nowhere', env: { PATH, MINE: 'kept' }, platform: 'linux' } as const;
    const answer = await run(
      'env | grep -E "^(SESSION_|MINE|HOME|USER)" | grep -v "^SESSION_MEMORY_ANALYZING=" | sort',
      { host },
    );
    expect(answer).toEqual({
      ok: true,
      text: 'MINE=kept\nSESSION_AGENT=claude-code\nSESSION_PROJECT=/home/ann/shop\nSESSION_TITLE=Fix the till\nSESSION_UID=claude-code:1',
    });
  });

  test('a title with a NUL and a project of a megabyte do not keep it from starting', async () => {
    const session = { uid: 'codex:1', agent: 'codex', project: `/${'x'.repeat(1 << 20)}`, title: 'a\0b' };
    expect(await run('printf "%s" "$SESSION_TITLE"', { session })).toEqual({ ok: true, text: 'ab' });
  });
});

describe('a program that does not read its stdin', () => {
  const big = () => Array.from({ length: 64 }, () => new Uint8Array(1 << 16));

  test('has not failed', async () => {
    expect(await run('echo a summary', { transcript: big() })).toEqual({ ok: true, text: 'a summary' });
  });

  test('is not fed to the end', async () => {
    let given = 0;
    function* endless() {
      for (;;) {
        given++;
        yield new Uint8Array(1 << 16);
      }
    }
    expect((await run('head -c 100000 >/dev/null; echo enough', { transcript: endless() })).ok).toBe(true);
    expect(given).toBeLessThan(200);
  });
});

describe('what is a failed analysis', () => {
  test('a status other than 0, with the first line of its stderr, redacted and made plain', async () => {
    const token = `ghp_${'aB3dE5gH7j'.repeat(4).slice(0, 36)}`;
    const answer = await run(`printf '\\n\\033[31mno access with ${token}\\033[0m\\nmore\\n' >&2; exit 3`);
    expect(answer).toEqual({
      ok: false,
      why: 'the analyzer ended with status 3: no access with [redacted: GitHub token]',
    });
  });

  test('a program that is not there', async () => {
    const answer = await run('no-such-program-here');
    expect(answer.ok ? '' : answer.why).toContain('ended with status 127');
  });

  test('an answer of nothing but blanks and escape sequences', async () => {
    const answer = await run("printf ' \\033[0m\\n\\t\\n'");
    expect(answer).toEqual({ ok: false, why: 'the analyzer gave an empty answer' });
  });

  test('a transcript that cannot be read, whatever the program says of what it got', async () => {
    function* broken() {
      yield bytes('one\n');
      throw new Error('segment 2 is damaged');
    }
    expect(await run('cat; echo fine', { transcript: broken() })).toEqual({
      ok: false,
      why: 'the transcript could not be read: segment 2 is damaged',
    });
  });

  test('a time-out, which kills all that the program started', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'external-'));
    try {
      const pidFile = join(folder, 'pid');
      const answer = await run(`sh -c 'echo $$ > ${pidFile}; exec sleep 600' & wait`, { timeoutMs: 300 });
      expect(answer).toEqual({
        ok: false,
        why: 'the analyzer ran longer than 0.3 s and was stopped',
      });
      expect(isRunning(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('an interruption, at once', async () => {
    const stopper = new AbortController();
    const answer = run('sleep 600', { signal: stopper.signal });
    stopper.abort();
    expect(await answer).toEqual({ ok: false, why: 'interrupted' });
  });
});

describe('what is taken of an answer', () => {
  test('64 KiB of it, without anything that a terminal would act on', async () => {
    const answer = await run("printf '\\033]0;owned\\007'; yes é | head -c 3000000 | tr -d '\\n'");
    expect(answer.ok && Buffer.byteLength(answer.text)).toBeWithin(60_000, DIGEST_BYTES_MAX + 1);
    expect(answer.ok && /^é+$/.test(answer.text)).toBe(true);
  });

  test('something left running with its stdout open is not waited for', async () => {
    const answer = await run('sleep 600 & echo $!');
    expect(answer.ok).toBe(true);
    if (answer.ok) Bun.spawnSync(['kill', answer.text]);
  });

  test('the summary is redacted and counted', async () => {
    const key = `AKIA${'Q7RZ2KLM'.repeat(2)}`;
    const { digest } = await withSummary(emptyDigest, `It used ${key} for the upload.`);
    expect(digest.summary).toBe('It used [redacted: AWS access key] for the upload.');
    expect(digest.redacted).toBe(1);
  });

  test('a long summary and a full digest are within 64 KiB together, and both are there', async () => {
    const commands = Array.from({ length: 900 }, (_, index) => ({
      command: `make part-${index} ${'x'.repeat(40)}`,
      exit: 0,
    }));
    const { digest, json } = await withSummary({ ...emptyDigest, commands }, 'word '.repeat(20_000));
    expect(Buffer.byteLength(json)).toBeLessThanOrEqual(DIGEST_BYTES_MAX);
    expect(digest.summary?.length).toBeGreaterThan(16_000);
    expect(digest.summary?.endsWith('…')).toBe(true);
    expect(digest.commands.length).toBeGreaterThan(100);
    expect(digest.commands.length + (digest.omitted?.['commands'] ?? 0)).toBe(900);
    expect(JSON.parse(json)).toEqual(digest);
  });
});

/** Linux: a zombie that nobody has waited for counts as gone. */
function isRunning(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  if (!existsSync(stat)) return false;
  return !/\) [ZX] /.test(readFileSync(stat, 'utf8'));
}
