// Builds one executable. Promises the same bytes for the same commit, wherever an equal outfile name is
// used: nothing here reads a clock, and only what git says of the tree enters the file.

import { join } from 'node:path';
import type { BunPlugin } from 'bun';

const ROOT = join(import.meta.dir, '..');

/** The program, and every worker it starts: a worker must be an entry point to be in the executable. */
const ENTRY_POINTS = [
  'src/main.ts',
  'src/background.worker.ts',
  'src/digest.worker.ts',
  'src/stage.worker.ts',
];

/** What `src/main.ts` finds in the global constant SESSION_MEMORY_BUILD. */
interface BuildInfo {
  version: string;
  /** The platform, as Bun and the archives call it. */
  target: string;
  /** The first twelve digits, `-dirty` where the tree differs from it, `unknown` outside a checkout. */
  commit: string;
}

export interface Target {
  /** Absolute; its last name is part of the bytes. */
  outfile: string;
  /** Bun's name of the platform; this machine's when left out. */
  compileTarget?: Bun.Build.CompileTarget;
  /** Keeps the points where the torture kills the program (`src/domain/kill-point.ts`). Never in a release. */
  killPoints?: boolean;
}

/** Ink loads its development tools only with DEV=true, but the bundler wants the module all the same. */
export const withoutDevtools: BunPlugin = {
  name: 'without-devtools',
  setup(build) {
    build.onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: 'stub' }));
    build.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({
      contents: 'export default {}',
      loader: 'js',
    }));
  },
};

/** Takes the points out of the text, so that a release neither holds nor passes one; each is a statement on a line of its own. */
const withoutKillPoints: BunPlugin = {
  name: 'without-kill-points',
  setup(build) {
    build.onLoad({ filter: /[\\/]src[\\/].*\.tsx?$/ }, async ({ path }) => {
      const text = await Bun.file(path).text();
      const contents = text.replace(/^ *(?:killPoint|armKillPoints)\(.*\);$/gm, '');
      if (!path.endsWith('kill-point.ts') && /\b(?:killPoint|armKillPoints)\(/.test(contents))
        throw new Error(`a kill point in ${path} is no statement on a line of its own`);
      return { contents, loader: path.endsWith('x') ? 'tsx' : 'ts' };
    });
  },
};

/** The version in package.json and the commit of the tree. */
export async function buildInfo(compileTarget?: Bun.Build.CompileTarget): Promise<BuildInfo> {
  const { version } = await Bun.file(join(ROOT, 'package.json')).json();
  return { version, commit: commitOfTree(), target: compileTarget?.replace('bun-', '') ?? ownTarget() };
}

/** Of this machine. A report names glibc only where that is what runs. */
function ownTarget(): string {
  const report = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  const isMusl = process.platform === 'linux' && report.header.glibcVersionRuntime === undefined;
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}${isMusl ? '-musl' : ''}`;
}

/** Compiles the program; throws with the bundler's messages where it cannot. */
export async function buildExecutable({ outfile, compileTarget, killPoints }: Target): Promise<void> {
  await Bun.build({
    entrypoints: ENTRY_POINTS.map((path) => join(ROOT, path)),
    root: join(ROOT, 'src'),
    target: 'bun',
    // Bytecode knows top-level await only in this format.
    format: 'esm',
    bytecode: true,
    minify: true,
    // What `await import()` names stays out of the start-up of commands that do not ask for it.
    splitting: true,
    plugins: killPoints === true ? [withoutDevtools] : [withoutDevtools, withoutKillPoints],
    define: {
      SESSION_MEMORY_BUILD: JSON.stringify(await buildInfo(compileTarget)),
      'process.env.NODE_ENV': '"production"',
      'process.env.DEV': '"false"',
    },
    compile: {
      outfile,
      ...(compileTarget === undefined ? {} : { target: compileTarget }),
      // The folder a user stands in must not change what the program does.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  });
}

function commitOfTree(): string {
  const top = git('rev-parse', '--show-prefix');
  // Unpacked inside someone else's repository, its commit would be a lie.
  if (top !== '') return 'unknown';
  const head = git('rev-parse', 'HEAD');
  if (head === undefined) return 'unknown';
  return head.slice(0, 12) + (git('status', '--porcelain') === '' ? '' : '-dirty');
}

/** What git prints, or nothing where there is no git, no checkout or no commit. */
function git(...args: string[]): string | undefined {
  if (Bun.which('git') === null) return undefined;
  const run = Bun.spawnSync(['git', ...args], { cwd: ROOT, stderr: 'ignore' });
  return run.success ? run.stdout.toString().trim() : undefined;
}

if (import.meta.main) {
  const outfile = process.argv[2];
  if (outfile === undefined) throw new Error('usage: bun scripts/build.ts OUTFILE');
  try {
    await buildExecutable({ outfile });
  } catch (thrown) {
    const messages = thrown instanceof AggregateError ? thrown.errors : [thrown];
    for (const message of messages) console.error(message);
    process.exit(1);
  }
}
