// Builds what is released: an archive for each platform and SHA256SUMS, in dist/release. Two runs at one
// commit give the same bytes. A platform that cannot be built is named, and the release fails.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Glob } from 'bun';
import { type Entry, tarGz, zip } from './archive.ts';
import { buildExecutable, buildInfo } from './build.ts';
import { countWrongPages, signAdHoc } from './macho.ts';

const ROOT = join(import.meta.dir, '..');
const TARGETS = [
  ...['linux-x64', 'linux-arm64', 'linux-x64-musl', 'linux-arm64-musl'],
  ...['darwin-x64', 'darwin-arm64', 'windows-x64'],
] as const;
type Target = (typeof TARGETS)[number];
/** What an archive holds beside the executable, where the project has it. */
const PAPERS = ['CHANGELOG.md', 'LICENSE', 'README.md', ...[...new Glob('docs/*.md').scanSync(ROOT)].sort()];

/** Builds one target in `box` and returns its archive's name and bytes. Bun gets the runtime from npm. */
async function makeArchive(target: Target, version: string, box: string): Promise<[string, Uint8Array]> {
  const windows = target.startsWith('windows');
  const file = windows ? 'session-memory.exe' : 'session-memory';
  const folder = join(box, target);
  mkdirSync(folder);
  await buildExecutable({ outfile: join(folder, file), compileTarget: `bun-${target}` });
  const name = `session-memory-${version}-${target}`;
  const papers = PAPERS.filter((paper) => existsSync(join(ROOT, paper)));
  const entries: Entry[] = [
    ...papers.map((paper) => entry(`${name}/${paper}`, readFileSync(join(ROOT, paper)), false)),
    entry(`${name}/${file}`, signed(target, readFileSync(join(folder, file))), true),
  ];
  // A hundred megabytes each: nothing is kept that the next one does not need.
  rmSync(folder, { recursive: true });
  return windows ? [`${name}.zip`, zip(entries)] : [`${name}.tar.gz`, tarGz(entries)];
}

/** The executable as macOS will accept it; others pass unchanged. */
function signed(target: Target, executable: Uint8Array): Uint8Array {
  if (!target.startsWith('darwin')) return executable;
  const sound = target === 'darwin-x64' ? signAdHoc(executable, 'session-memory') : executable;
  const wrong = countWrongPages(sound);
  if (wrong > 0) throw new Error(`${wrong} pages do not match the code signature`);
  return sound;
}

function entry(path: string, bytes: Uint8Array, executable: boolean): Entry {
  return { path, bytes, executable };
}

async function release(wanted: readonly Target[]): Promise<boolean> {
  const { version, commit } = await buildInfo();
  console.error(`session-memory ${version} at ${commit}`);
  if (!/^[0-9a-f]+$/.test(commit)) console.error('not a clean commit: nobody can build these bytes again');

  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const box = mkdtempSync(join(ROOT, 'dist', '.release-'));
  const sums: string[] = [];
  const failed: Target[] = [];
  try {
    const out = join(box, 'release');
    mkdirSync(out);
    for (const target of wanted) {
      try {
        const [name, bytes] = await makeArchive(target, version, box);
        writeFileSync(join(out, name), bytes);
        sums.push(`${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`);
        console.error(`${target}: ${(bytes.length / 2 ** 20).toFixed(1)} MiB`);
      } catch (thrown) {
        failed.push(target);
        const reasons = thrown instanceof AggregateError ? thrown.errors : [thrown];
        for (const reason of reasons) console.error(`${target}: FAILED: ${reason}`);
      }
    }
    if (failed.length > 0) {
      console.error(`no release: ${failed.join(', ')} could not be built; dist/release is as it was`);
      return false;
    }
    writeFileSync(
      join(out, 'SHA256SUMS'),
      sums.sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)).join(''),
    );
    rmSync(join(ROOT, 'dist', 'release'), { recursive: true, force: true });
    renameSync(out, join(ROOT, 'dist', 'release'));
    console.error(`${sums.length} archives and SHA256SUMS in dist/release`);
    return true;
  } finally {
    rmSync(box, { recursive: true, force: true });
  }
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !TARGETS.some((target) => target === name));
if (unknown.length > 0) {
  console.error(`no such target: ${unknown.join(', ')} (there are ${TARGETS.join(', ')})`);
  process.exit(2);
}
const wanted = asked.length === 0 ? TARGETS : TARGETS.filter((target) => asked.includes(target));
process.exit((await release(wanted)) ? 0 : 1);
