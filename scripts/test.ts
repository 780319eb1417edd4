// Type check, lint and tests, counted. The count never flatters: `bun test` prints its summary on stderr and
// its JUnit report leaves out a file that fails at import, so the worse of the two is believed, and a run
// without report, without test or with an exit code of its own is a failure.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '..');
/** Journeys run the compiled program on a busy machine, beside other tests; one that takes longer than this hangs. */
const TEST_TIMEOUT_MS = 60_000;
/**
 * Test files that run side by side, each in a fresh global: half of their time they wait for a disk, a terminal or a program.
 * No more than four, for some need half a gigabyte or start eight programs.
 */
const FILES_AT_ONCE = Math.min(4, availableParallelism());

export interface Counts {
  passed: number;
  failed: number;
}

/** What a run of `bun test` came to, from its report (absent: undefined), its console and its exit code. */
export function countTests(junit: string | undefined, console: string, exitCode: number): Counts {
  const total = junit?.match(/<testsuites\b[^>]*>/)?.[0] ?? '';
  const inReport = (name: string) => Number(total.match(new RegExp(`\\b${name}="(\\d+)"`))?.[1] ?? 0);
  // The last such line: a test may print the summary of a run of its own.
  const inConsole = (word: string) =>
    Number([...console.matchAll(new RegExp(`^\\s*(\\d+) ${word}s?$`, 'gm'))].at(-1)?.[1] ?? 0);
  const failedInReport = inReport('failures') + inReport('errors');
  const passed = Math.max(0, inReport('tests') - failedInReport - inReport('skipped'));
  // An error outside of a test is among the failures of the console already.
  const failed = Math.max(failedInReport, inConsole('fail'), inConsole('error'));
  const broken = exitCode !== 0 || total === '' || passed + failed === 0;
  return { passed, failed: broken ? Math.max(1, failed) : failed };
}

/** The user's environment without what would make a test see the user's store, agents or settings. */
function testEnvironment(home: string): Record<string, string> {
  const theirs = /^(SESSION_MEMORY_|XDG_|CLAUDE_|CODEX_|GEMINI_|OPENCODE_|CI$|NO_COLOR$|FORCE_COLOR$)/;
  const kept = Object.entries(process.env).filter(([name]) => !theirs.test(name));
  return {
    ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ''])),
    HOME: home,
    SESSION_MEMORY_BIN: join(ROOT, 'dist', 'session-memory'),
    // Drawn here, or each file would draw one of its own.
    ...(process.env['FC_SEED'] === 'random' ? { FC_SEED: String(Math.floor(Math.random() * 2 ** 31)) } : {}),
  };
}

/** Runs one check, shows what it says, and counts as one test. */
function check(name: string, command: string[]): Counts {
  console.log(`\n== ${name}`);
  const { success } = Bun.spawnSync(command, { cwd: ROOT, stdout: 'inherit', stderr: 'inherit' });
  console.log(success ? `${name}: passed` : `${name}: FAILED`);
  return success ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function runTests(filters: string[]): Promise<Counts> {
  console.log('\n== tests');
  const home = mkdtempSync(join(tmpdir(), 'session-memory-test-'));
  const report = join(ROOT, 'dist', 'junit.xml');
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  rmSync(report, { force: true });
  const run = Bun.spawn(
    [
      ...[process.execPath, 'test', `--timeout=${TEST_TIMEOUT_MS}`, `--parallel=${FILES_AT_ONCE}`],
      ...['--reporter=junit', `--reporter-outfile=${report}`, ...filters],
    ],
    { cwd: ROOT, env: testEnvironment(home), stdout: 'inherit', stderr: 'pipe' },
  );
  // Shown as it comes, and kept for its summary. Awaited, so that nothing can follow the last line.
  const decoder = new TextDecoder();
  let said = '';
  for await (const piece of run.stderr) {
    await Bun.write(Bun.stdout, piece);
    said += decoder.decode(piece, { stream: true });
  }
  const exitCode = await run.exited;
  rmSync(home, { recursive: true, force: true });
  const counts = countTests(existsSync(report) ? readFileSync(report, 'utf8') : undefined, said, exitCode);
  console.log(counts.failed === 0 ? 'tests: passed' : `tests: FAILED (bun test exited ${exitCode})`);
  return counts;
}

if (import.meta.main) {
  const [built, ...filters] = process.argv.slice(2);
  const counts = [
    check('type check', ['node_modules/.bin/tsc', '--noEmit']),
    check('lint', [
      ...['node_modules/.bin/biome', 'ci', '--error-on-warnings', '--diagnostic-level=warn'],
      `--colors=${process.stdout.isTTY ? 'force' : 'off'}`,
    ]),
  ];
  if (built === 'yes') counts.push(await runTests(filters));
  else {
    console.log('\nbuild: FAILED, so no test was run');
    counts.push({ passed: 0, failed: 1 });
  }
  const passed = counts.reduce((sum, each) => sum + each.passed, 0);
  const failed = counts.reduce((sum, each) => sum + each.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
