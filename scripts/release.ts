// Makes a release: everything that is published, in dist/release/VERSION. Two runs at one commit give the same bytes.
// Nothing is published here. A platform that cannot be built is named, and the release fails.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildExecutable, buildInfo } from './build.ts';
import { countWrongPages, signAdHoc } from './macho.ts';
import { assemble, fileNames } from './releasing/assemble.ts';
import { checksFor, isCleanCommit, isVersion, stateOf } from './releasing/checks.ts';
import { wrongInHeader } from './releasing/headers.ts';
import { papersFrom } from './releasing/papers.ts';
import { programName, TARGETS, type Target } from './releasing/targets.ts';

const ROOT = join(import.meta.dir, '..');
const USAGE = `usage: ./scripts/release VERSION [--dry-run] [--no-tests] [--only TARGET]...

  --dry-run       what is checked, and the files that would be made; nothing is built
  --no-tests      without ./scripts/test: it was run at this commit
  --only TARGET   for a look: these platforms only, from any tree, without recipes; in dist/release/VERSION-partial
                  (${TARGETS.map(({ name }) => name).join(', ')})`;

interface Wish {
  readonly version: string;
  readonly isDry: boolean;
  readonly wantsTests: boolean;
  readonly targets: readonly Target[];
  /** `--only` is a look, whatever it names. */
  readonly isPartial: boolean;
}

function wishOf(argv: string[]): Wish {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      'dry-run': { type: 'boolean', default: false },
      'no-tests': { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
    },
  });
  const [version = '', ...more] = positionals;
  if (!isVersion(version) || more.length > 0) throw new Error('name one VERSION, as in 0.2.0');
  const unknown = values.only.filter((name) => !TARGETS.some((target) => target.name === name));
  if (unknown.length > 0) throw new Error(`no such target: ${unknown.join(', ')}`);
  return {
    version,
    isDry: values['dry-run'],
    wantsTests: !values['no-tests'],
    isPartial: values.only.length > 0,
    targets: TARGETS.filter(({ name }) => values.only.length === 0 || values.only.includes(name)),
  };
}

/** Says each check, and whether all hold. */
async function isReady({ version }: Wish): Promise<boolean> {
  const { commit } = await buildInfo();
  const checks = checksFor(version, stateOf(ROOT, commit));
  for (const { what, wrong } of checks)
    console.error(wrong === null ? `ok: ${what}` : `NOT: ${what}: ${wrong}`);
  return checks.every(({ wrong }) => wrong === null);
}

function testsPass(): boolean {
  console.error('running ./scripts/test');
  return Bun.spawnSync([join(ROOT, 'scripts', 'test')], { stdout: 'inherit', stderr: 'inherit' }).success;
}

/** The program for one platform. Bun gets the runtime from npm. */
async function build(target: Target, box: string): Promise<Uint8Array> {
  const folder = join(box, target.name);
  const outfile = join(folder, programName(target));
  mkdirSync(folder);
  try {
    await buildExecutable({ outfile, compileTarget: `bun-${target.name}` as Bun.Build.CompileTarget });
    console.error(`${target.name}: ${(statSync(outfile).size / 2 ** 20).toFixed(1)} MiB`);
    const program = signed(target, readFileSync(outfile));
    const wrong = wrongInHeader(target, program);
    if (wrong !== null) throw new Error(wrong);
    return program;
  } catch (thrown) {
    const reasons = thrown instanceof AggregateError ? thrown.errors : [thrown];
    throw new Error(`${target.name} could not be built: ${reasons.join('\n')}`);
  } finally {
    // A hundred megabytes each: nothing is kept that the next one does not need.
    rmSync(folder, { recursive: true });
  }
}

/** The executable as macOS will accept it; others pass unchanged. */
function signed(target: Target, executable: Uint8Array): Uint8Array {
  if (target.os !== 'darwin') return executable;
  const sound = target.cpu === 'x64' ? signAdHoc(executable, 'session-memory') : executable;
  const wrong = countWrongPages(sound);
  if (wrong > 0) throw new Error(`${wrong} pages do not match the code signature`);
  return sound;
}

function timeOfCommit(): Date {
  const run = Bun.spawnSync(['git', 'log', '-1', '--format=%ct'], { cwd: ROOT });
  if (!run.success) throw new Error('git cannot say when this commit was made');
  return new Date(Number(run.stdout.toString()) * 1000);
}

/** Minutes go by while all is built, and each program says the commit it was made of: all must be of the same. */
async function sameTree(wish: Wish, commit: string): Promise<void> {
  const now = (await buildInfo()).commit;
  if (wish.isPartial || (now === commit && isCleanCommit(now))) return;
  throw new Error(`the tree changed meanwhile, from ${commit} to ${now}: leave it alone, and run it again`);
}

async function make(wish: Wish): Promise<void> {
  const { version, targets } = wish;
  const { commit } = await buildInfo();
  await sameTree(wish, commit);
  const releases = join(ROOT, 'dist', 'release');
  mkdirSync(releases, { recursive: true });
  const box = mkdtempSync(join(ROOT, 'dist', '.release-'));
  try {
    // For this machine, whose pages and completions are those of all.
    const own = join(box, 'session-memory');
    await buildExecutable({ outfile: own });
    const out = join(box, 'release');
    mkdirSync(out);
    await assemble(out, {
      version,
      commit,
      targets,
      level: 9,
      time: timeOfCommit(),
      papers: papersFrom(own),
      program: (target) => build(target, box),
    });
    await sameTree(wish, commit);
    const to = join(releases, wish.isPartial ? `${version}-partial` : version);
    rmSync(to, { recursive: true, force: true });
    renameSync(out, to);
    const files = readdirSync(to, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(to, name)).isFile(),
    );
    console.error(`${files.length} files in ${to}`);
  } finally {
    rmSync(box, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  let wish: Wish;
  try {
    wish = wishOf(process.argv.slice(2));
  } catch (thrown) {
    console.error(`${thrown instanceof Error ? thrown.message : thrown}\n${USAGE}`);
    return 2;
  }
  const ready = await isReady(wish);
  if (wish.isDry) {
    console.error(`would make in dist/release/${wish.version}:`);
    for (const name of fileNames(wish.version)) console.log(name);
    return ready ? 0 : 1;
  }
  if (!ready && !wish.isPartial) {
    console.error('no release: mend what is NOT so; nothing was made');
    return 1;
  }
  if (wish.wantsTests && !wish.isPartial && !testsPass()) {
    console.error('no release: the tests failed; nothing was made');
    return 1;
  }
  try {
    await make(wish);
    return 0;
  } catch (thrown) {
    console.error(`no release: ${thrown instanceof Error ? thrown.message : thrown}`);
    const before = join(ROOT, 'dist', 'release', wish.version);
    if (existsSync(before)) console.error(`${before} is as it was`);
    return 1;
  }
}

if (process.argv.includes('--help')) {
  console.log(USAGE);
  process.exit(0);
}
process.exit(await main());
