// What a command that failed is told to have changed, held against what a shell really did: each deed, in a folder where it succeeds and in
// one where it fails, in each place of a script.

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Collector } from '../../src/digest/collect.ts';
import { filesOfCommand } from '../../src/digest/shell.ts';
import { emptyDigest, NOW, UID } from './samples.ts';

const PATCH = '--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-x\n+y\n';

/** In the good folder stands `a.txt` with an x in it, and `deep/`; in the bad one neither. `isSure`: alone and failed it changes nothing. */
const DEEDS: readonly { readonly script: string; readonly isSure: boolean }[] = [
  { script: 'cp a.txt b.txt', isSure: true },
  { script: 'mv a.txt b.txt', isSure: true },
  { script: "sed -i.bak 's/x/y/' a.txt", isSure: true },
  { script: 'touch deep/b.txt', isSure: true },
  { script: 'echo hi > deep/b.txt', isSure: true },
  { script: "cat > deep/b.txt <<'END'\nhi\nEND", isSure: true },
  { script: `git apply - <<'END'\n${PATCH}END`, isSure: true },
  { script: "bash -c 'cp a.txt b.txt'", isSure: true },
  // It made the file, and then failed; or some of its files are there, and some are not.
  { script: 'cat a.txt > b.txt', isSure: false },
  { script: 'touch b.txt deep/c.txt', isSure: false },
  { script: 'echo hi | tee b.txt deep/c.txt', isSure: false },
];
const PLACES: readonly ((deed: string) => string)[] = [
  (deed) => deed,
  (deed) => `cd .\n${deed}`,
  (deed) => `true && ${deed}`,
  (deed) => `false && ${deed}`,
  (deed) => `echo o > other.txt; ${deed}`,
  (deed) => `${deed}\nfalse`,
  (deed) => `${deed}\ntrue`,
  (deed) => `for i in 1; do\n${deed}\ndone`,
  (deed) => `if true; then\n${deed}\nfi`,
  (deed) => `(\n${deed}\n)`,
  (deed) => `echo before > b.txt\n${deed}`,
];
/** Where the deed comes last, and nothing before it has touched a file of its. */
const LAST = [0, 1, 2, 3, 4];

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'untouched-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function folder(name: string, isGood: boolean): string {
  const path = join(root, name);
  mkdirSync(isGood ? join(path, 'deep') : path, { recursive: true });
  if (isGood) writeFileSync(join(path, 'a.txt'), 'x\n');
  return path;
}

function contents(path: string): Map<string, string> {
  const files = readdirSync(path, { recursive: true }).map((name) => join(path, `${name}`));
  return new Map(
    files.filter((file) => statSync(file).isFile()).map((file) => [file, readFileSync(file, 'utf8')]),
  );
}

function toldOf(script: string, cwd: string, end: { exit: number | null; output: string } | null) {
  const collector = new Collector(NOW);
  collector.command('1', script, null, cwd);
  if (end !== null) collector.commandResult('1', end.exit, end.exit !== 0, end.output);
  const { files } = collector.draft({
    uid: UID,
    agent: emptyDigest.agent,
    peekTitle: null,
    peekProject: null,
    linesRead: 0,
    linesUnreadable: 0,
  });
  return new Set([...files.written, ...files.edited]);
}

test.skipIf(process.platform === 'win32')(
  'a command that failed changed what a shell says that it did',
  () => {
    let failures = 0;
    for (const [n, { script: deed, isSure }] of DEEDS.entries())
      for (const [place, inPlace] of PLACES.entries())
        for (const isGood of [true, false]) {
          const script = inPlace(deed);
          const cwd = folder(`${n}-${place}-${isGood}`, isGood);
          const before = contents(cwd);
          const ran = Bun.spawnSync(['bash', '-c', script], { cwd, stderr: 'pipe' });
          const after = contents(cwd);
          const changed = [...after]
            .filter(([path, text]) => before.get(path) !== text)
            .map(([path]) => path);
          const { written, edited } = filesOfCommand(script, cwd);
          const named = new Set([...written, ...edited]);
          const output = `${ran.stdout}${ran.stderr}`;
          const told = toldOf(script, cwd, { exit: ran.exitCode, output });
          const about = `${JSON.stringify(script)}, which exited ${ran.exitCode}`;
          // Nothing that was changed is left out; nor is anything of a command that went well, or whose end is not told.
          expect([about, changed.filter((path) => named.has(path) && !told.has(path))]).toEqual([about, []]);
          if (ran.exitCode === 0) expect([about, told]).toEqual([about, named]);
          expect([about, toldOf(script, cwd, null)]).toEqual([about, named]);
          if (ran.exitCode === 0 || !isSure || !LAST.includes(place)) continue;
          failures += 1;
          expect([about, [...told].filter((path) => !changed.includes(path))]).toEqual([about, []]);
        }
    expect(failures).toBe(48);
  },
);

const CODEX_PATCH =
  "apply_patch <<'END'\n*** Begin Patch\n*** Update File: a.txt\n@@\n-x\n+y\n*** End Patch\nEND\n";
const WHOLE = new Set(['/w/a.txt']);

test('a patch that its tool refused changed nothing, with or without a status, whatever stands behind it', () => {
  const refused = 'apply_patch verification failed: Failed to find expected lines in /w/a.txt:\nx';
  for (const script of [CODEX_PATCH, `${CODEX_PATCH}npm test`, `cd . && ${CODEX_PATCH}`])
    for (const exit of [null, 0, 1]) {
      expect(toldOf(script, '/w', { exit, output: refused })).toEqual(new Set());
      expect(toldOf(`${script}\nsed -i s/a/b/ a.txt; true`, '/w', { exit, output: refused })).toEqual(WHOLE);
    }
});

test('a patch is not taken back by the failure of what stands behind it', () => {
  const output = 'Success. Updated the following files:\nM a.txt\n1 test failed';
  expect(toldOf(`${CODEX_PATCH}npm test`, '/w', { exit: 1, output })).toEqual(WHOLE);
  expect(toldOf(CODEX_PATCH, '/w', { exit: 0, output })).toEqual(WHOLE);
  expect(toldOf(CODEX_PATCH, '/w', { exit: 1, output: '' })).toEqual(new Set());
});

test('what is in doubt is bounded, and told at once where it is more', () => {
  const many = Array.from({ length: 100 }, (_, n) => `*** Update File: f${n}.txt`).join('\n');
  const script = `apply_patch <<'END'\n*** Begin Patch\n${many}\n*** End Patch\nEND\n`;
  expect(toldOf(script, '/w', { exit: 1, output: '' }).size).toBe(100);
});
