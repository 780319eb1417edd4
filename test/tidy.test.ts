// The house as a test: who may import whom, where SQL and process may stand, how long a file may be. It reads
// the source as text, so that it also sees what lint cannot: types imported in place, circles, string literals.

import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const ROOT = join(import.meta.dir, '..');
const LINES_MAX = 500;
/** Pages that are read from their beginning to their end, and how long they may be. */
const PAGE_LINES_MAX: Record<string, number> = { 'README.md': 150, 'src/ARCHITECTURE.md': 200 };

/**
 * The folders of src that each folder may import from, beside itself. A file of src itself is main's. This is the one list of it.
 */
const PURE = ['domain', 'policy', 'identity', 'merge'];
const WORK = ['store', 'digest', 'agents', 'files', 'ingest', 'restore', 'archive'];
const MAY_IMPORT: Record<string, readonly string[]> = {
  // Files that the demo carries with it, and their type.
  'demo-samples': [],
  domain: [],
  // Pure: who goes, whose bytes a file holds, what becomes of a session of an archive.
  policy: ['domain'],
  identity: ['domain'],
  merge: ['domain'],
  sweep: ['domain', 'policy'],
  // The store fills in a census, whose shape is the policy's.
  store: ['domain', 'policy', 'merge'],
  digest: ['domain'],
  agents: ['domain'],
  files: ['domain', 'store'],
  ingest: ['domain', 'identity', 'store', 'digest', 'agents', 'files'],
  restore: ['domain', 'store', 'agents', 'files', 'ingest'],
  archive: ['domain', 'merge', 'store', 'digest', 'agents', 'files', 'restore'],
  // A bucket of one's own.
  remote: ['domain', 'merge', 'store', 'files', 'archive'],
  // What sets the program up to run by itself, and judges whether it does.
  unattended: ['domain'],
  mcp: ['domain', 'store', 'digest', 'ingest'],
  cli: [...PURE, ...WORK, 'remote', 'sweep', 'unattended', 'mcp', 'demo-samples'],
  tui: ['domain', 'policy', 'sweep', 'store'],
  main: [...PURE, ...WORK, 'remote', 'sweep', 'unattended', 'mcp', 'cli', 'tui'],
};

/** What a folder may name in `await import()` only, so that a plain command never loads it. Lint cannot tell. */
const MAY_LOAD: Record<string, string[]> = { cli: ['tui'] };

/** Single files that a folder may import from one it may not. The screens print as the commands do. */
const MAY_IMPORT_FILE: Record<string, string[]> = {
  tui: ['src/cli/format.ts', 'src/cli/first-sweep.ts', 'src/cli/pace.ts'],
  // What the screens want to be handed, as types.
  cli: ['src/tui/ports.ts'],
};

/** Where a call of a hook begins, and what it loads on its way. */
const HOOK = ['src/main.ts', 'src/cli/commands/hook.ts', 'src/agents/claude-code/index.ts'];
/** Each of them takes as long as all else that a hook does: who needs it loads it there. */
const SLOW_TO_LOAD = [
  ...['node:zlib', 'node:stream', 'node:crypto', 'node:http', 'node:child_process', 'node:worker_threads'],
  ...['zod', 'ink', 'react', 'smol-toml', 'jsonc-parser', 'commander'],
];

/** The packages, built-in ones included, of those folders that have a closed list. */
const MAY_USE: Record<string, string[]> = {
  domain: ['zod'],
  policy: [],
  identity: [],
  merge: [],
  sweep: ['zod'],
  unattended: ['jsonc-parser', 'smol-toml', 'node:fs', 'node:path'],
};

/** Process by each of its names; a sentence that ends with the word is none. */
const PROCESS =
  /\bprocess\s*(?:\[|\??\.\s*[[\w])|\bnode:process\b|\bfrom 'process'|\bBun\.env\b|\bimport\.meta\.env\b/;
const SQL =
  /\b(SELECT\s+.+\s+FROM|SELECT\s+[\w*(?:]+\s*\(?|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TEMP\s+|VIRTUAL\s+|UNIQUE\s+)*(TABLE|INDEX|TRIGGER|VIEW)|PRAGMA\s+\w+)/;

interface SourceFile {
  /** Relative to the project, with forward slashes. */
  path: string;
  text: string;
  /** The text with comments blanked out, line by line the same. */
  code: string;
}

interface Import {
  file: SourceFile;
  line: number;
  specifier: string;
  /** Named in an `import()`: loaded when it is reached. */
  lazy: boolean;
  /** Nothing of it is there when the program runs. */
  typesOnly: boolean;
  /** The project's file that a relative specifier means. */
  target: string | undefined;
}

const SRC = sourceFiles('src');
const TEST = sourceFiles('test');
const SCRIPTS = sourceFiles('scripts');
const IMPORTS = SRC.flatMap(importsOf);

describe('the house', () => {
  test('every folder of src has its place in the table', () => {
    expect(
      complaints(SRC, (file) => (MAY_IMPORT[room(file.path)] ? [] : [1]), 'stands in no known folder'),
    ).toEqual([]);
  });

  test('a folder imports only from the folders below it', () => {
    expect(IMPORTS.filter(isUpward).map((each) => `${place(each)} imports ${each.target}`)).toEqual([]);
  });

  test('what an agent waits for loads nothing that takes long to load', () => {
    const reached = new Set(HOOK);
    // A set goes on with what is added to it.
    for (const path of reached)
      for (const { file, target, lazy, typesOnly } of IMPORTS)
        if (file.path === path && !lazy && !typesOnly && target !== undefined) reached.add(target);
    const slow = IMPORTS.filter(
      ({ file, specifier, lazy, typesOnly }) =>
        reached.has(file.path) && !lazy && !typesOnly && SLOW_TO_LOAD.includes(specifier),
    );
    expect(reached.size).toBeGreaterThan(100);
    expect(slow.map((each) => `${place(each)} imports ${each.specifier}`)).toEqual([]);
  });

  test('no name of an exported type stands for two things', () => {
    const named = SRC.flatMap(({ path, code }) =>
      [...code.matchAll(/^export (?:abstract )?(?:interface|type|class) (\w+)/gm)].map(([, name = '']) => ({
        name,
        path,
      })),
    );
    const twice = [...Map.groupBy(named, ({ name }) => name)].filter(([, all]) => all.length > 1);
    expect(twice.map(([name, all]) => `${name}: ${all.map(({ path }) => path).join(', ')}`)).toEqual([]);
  });

  test('no name of a type, exported or not, stands for three things', () => {
    const named = SRC.flatMap(({ path, code }) =>
      [...code.matchAll(/^(?:export )?(?:abstract )?(?:interface|type|class) (\w+)/gm)].map(
        ([, name = '']) => ({
          name,
          path,
        }),
      ),
    );
    const often = [...Map.groupBy(named, ({ name }) => name)].filter(([, all]) => all.length > 2);
    expect(often.map(([name, all]) => `${name}: ${all.map(({ path }) => path).join(', ')}`)).toEqual([]);
  });

  test('no agent imports a file of another agent', () => {
    const wrong = IMPORTS.filter(({ file, target }) => {
      const [from, to] = [agentOf(file.path), agentOf(target ?? '')];
      return from !== undefined && to !== undefined && from !== to;
    });
    expect(wrong.map((each) => `${place(each)} imports ${each.target}`)).toEqual([]);
  });

  test('domain, policy, identity and sweep use no package beyond their list', () => {
    const wrong = IMPORTS.filter(({ file, specifier, target }) => {
      const allowed = MAY_USE[room(file.path)];
      return target === undefined && allowed !== undefined && !allowed.includes(specifier);
    });
    expect(wrong.map((each) => `${place(each)} imports ${each.specifier}`)).toEqual([]);
  });

  test('a schema is loaded by other schemas and by what checks with it, so that a plain command never waits for it', () => {
    const isSchema = (path: string) =>
      /\.schema\.ts$|\/schemas(\.[\w-]+)?\.ts$|\/domain\/shapes\.ts$/.test(path);
    const mayLoad = ['src/cli/commands/schema.ts', 'src/archive/digests.ts'];
    const wrong = IMPORTS.filter(
      ({ file, target = '', typesOnly }) =>
        isSchema(target) && !typesOnly && !isSchema(file.path) && !mayLoad.includes(file.path),
    );
    expect(wrong.map((each) => `${place(each)} loads ${each.target}`)).toEqual([]);
  });

  test('a relative import names its file, with its extension', () => {
    const wrong = IMPORTS.filter(({ target }) => target !== undefined && !isFile(join(ROOT, target)));
    expect(wrong.map((each) => `${place(each)} imports ${each.specifier}`)).toEqual([]);
  });

  test('no file imports itself in a circle', () => {
    expect(circles()).toEqual([]);
  });

  test('only main touches process', () => {
    const others = SRC.filter(({ path }) => path !== 'src/main.ts');
    expect(complaints(others, linesMatching(PROCESS), 'touches process')).toEqual([]);
  });

  test('only the pacer calls the collector of garbage', () => {
    const others = SRC.filter(({ path }) => path !== 'src/domain/pacer.ts');
    expect(complaints(others, linesMatching(/\bBun\.gc\(/), 'calls the collector')).toEqual([]);
  });

  test('SQL stands in the store only, but for what reads the databases of agents, which only asks', () => {
    const reads = ({ path, text }: SourceFile) =>
      path.startsWith('src/files/contained/') || (room(path) === 'agents' && text.includes('ForeignRows'));
    const others = SRC.filter((file) => room(file.path) !== 'store' && !reads(file));
    const writes =
      /\b(INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(?:TABLE|INDEX|TRIGGER|VIEW)|ATTACH|VACUUM)\b/;
    const written = (file: SourceFile) => linesMatching(writes)({ ...file, code: literalsOf(file.code) });
    expect(complaints(SRC.filter(reads), written, 'writes to the database of an agent')).toEqual([]);
    const inLiterals = (file: SourceFile) => linesMatching(SQL)({ ...file, code: literalsOf(file.code) });
    expect(complaints(others, inLiterals, 'holds SQL')).toEqual([]);
  });

  test('only the room of the bucket speaks to a network', () => {
    const others = SRC.filter(({ path }) => room(path) !== 'remote');
    const network =
      /\bfetch\s*\(|\bnew WebSocket\b|\bBun\.(?:connect|serve|listen|udpSocket|S3Client|s3|dns)\b|\bnew S3Client\b|'(?:node:)?(?:net|tls|dgram|dns|https?|http2)'/;
    expect(complaints(others, linesMatching(network), 'speaks to a network')).toEqual([]);
  });

  test('policy and identity make no promise and read no clock', () => {
    const policy = SRC.filter(({ path }) => ['policy', 'identity'].includes(room(path)));
    const impure =
      /\basync\b|\bawait\b|\bPromise\b|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\./;
    expect(complaints(policy, linesMatching(impure), 'is not pure')).toEqual([]);
  });
});

describe('the files', () => {
  test(`none is longer than ${LINES_MAX} lines`, () => {
    const long = [...SRC, ...TEST, ...SCRIPTS].filter(
      ({ text }) => text.trimEnd().split('\n').length > LINES_MAX,
    );
    expect(long.map(({ path, text }) => `${path}:${text.split('\n').length}`)).toEqual([]);
  });

  test.each(Object.entries(PAGE_LINES_MAX))('%s has at most %p lines', (page, most) => {
    expect(readTracked(page).trimEnd().split('\n').length).toBeLessThanOrEqual(most);
  });

  test('every link of a page leads somewhere', () => {
    const pages = [
      ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'src/ARCHITECTURE.md'],
      ...new Bun.Glob('docs/**/*.md').scanSync(ROOT),
    ];
    const links = pages.flatMap((page) =>
      [...readTracked(page).matchAll(/\]\(([^)]+)\)|(?:src|srcset)="([^"]+)"/g)].map((match) => ({
        page,
        to: match[1] ?? match[2] ?? '',
      })),
    );
    expect(links.length).toBeGreaterThan(10);
    const dead = links.filter(({ page, to }) => !to.startsWith('https:') && !leadsSomewhere(page, to));
    expect(dead).toEqual([]);
  });

  test('a file that a comment names is there, unless it is of another project', () => {
    const paths = [...SRC, ...TEST, ...SCRIPTS].map(({ path }) => path);
    const isThere = (name: string) => paths.some((path) => path === name || path.endsWith(`/${name}`));
    const wrong = SRC.flatMap(({ path, text }) =>
      [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap(([comment]) =>
        // What follows the word is where a format was read: files of its agent.
        [...comment.replace(/\bSource\b[\s\S]*/, '').matchAll(/`([\w./-]+\.tsx?)`/g)]
          .map(([, name = '']) => name)
          .filter((name) => !isThere(name) && !name.includes('foo'))
          .map((name) => `${path}: ${name}`),
      ),
    );
    expect(wrong).toEqual([]);
  });

  test('no test is left out or left alone', () => {
    const parked = /\b(?:test|it|describe)\.(?:only|todo|skip)\(|\.(?:only|todo)\(/;
    expect(complaints(TEST, linesMatching(parked), 'parks a test')).toEqual([]);
  });

  test('nothing is left for later', () => {
    const later = new RegExp(`\\b(?:${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')})\\b`);
    const inText = (file: SourceFile) => linesMatching(later)({ ...file, code: file.text });
    expect(complaints([...SRC, ...TEST, ...SCRIPTS], inText, 'puts something off')).toEqual([]);
  });

  test('no object is spread where its members could stand', () => {
    const spread = linesMatching(/\.\.\.\{/);
    expect(complaints([...SRC, ...TEST, ...SCRIPTS], spread, 'spreads what stands there')).toEqual([]);
  });

  test('no tracked file names a folder of the machine it was written on', () => {
    const listed = Bun.spawnSync(['git', 'ls-files', '-z'], { cwd: ROOT, stderr: 'ignore' });
    if (!listed.success) return console.log('not looked at: this is no git checkout');
    const machine = new RegExp(
      `(?:^|[^\\w.~-])/(?:${['wo', 'rk'].join('')}|${['ro', 'ot'].join('')})/(?!\\$)`,
    );
    const files = listed.stdout
      .toString()
      .split('\0')
      .filter((path) => path !== '' && !path.startsWith('test/fixtures/'));
    const found = files.flatMap((path) => {
      const text = readTracked(path);
      return linesMatching(machine)({ path, text, code: text }).map((line) => `${path}:${line}`);
    });
    expect(found).toEqual([]);
  });
});

describe('the reader of this test', () => {
  const file = (code: string): SourceFile => ({
    path: 'src/cli/a.ts',
    text: code,
    code: withoutComments(code),
  });

  test('finds every way to import', () => {
    const code = [
      `import { a } from '../domain/a.ts';`,
      `import type {\n  B,\n} from '../domain/b.ts';`,
      `export * from './c.ts';`,
      `import 'zod';`,
      `const d = await import('../store/d.ts');`,
      `type E = import('./e.ts').E;`,
      `// import { f } from '../tui/f.ts';`,
    ].join('\n');
    expect(importsOf(file(code)).map(({ line, specifier }) => `${line} ${specifier}`)).toEqual([
      '1 ../domain/a.ts',
      '4 ../domain/b.ts',
      '5 ./c.ts',
      '6 zod',
      '7 ../store/d.ts',
      '8 ./e.ts',
    ]);
  });

  test('tells a screen that is loaded from one that is imported', () => {
    const upward = (path: string, target: string, lazy: boolean) =>
      isUpward({ file: { ...file(''), path }, target, lazy });
    expect(upward('src/cli/a.ts', 'src/tui/run.tsx', true)).toBe(false);
    expect(upward('src/cli/a.ts', 'src/tui/run.tsx', false)).toBe(true);
    expect(upward('src/tui/run.tsx', 'src/cli/format.ts', false)).toBe(false);
    expect(upward('src/tui/run.tsx', 'src/cli/parse.ts', false)).toBe(true);
    expect(upward('src/policy/a.ts', 'src/store/read.ts', true)).toBe(true);
  });

  test('sees SQL in literals, and none in comments and prose', () => {
    const sql = (code: string) =>
      linesMatching(SQL)({ ...file(code), code: literalsOf(withoutComments(code)) });
    expect(sql("db.query('SELECT uid FROM sessions')")).toEqual([1]);
    expect(sql('db.run(`\n  DELETE FROM segments`)')).toEqual([2]);
    expect(sql('// SELECT uid FROM sessions')).toEqual([]);
    expect(sql("const hint = 'select sessions, then update them'")).toEqual([]);
  });

  test('sees process by each of its names', () => {
    const names = [
      'process.env',
      'process[key]',
      'process?.env',
      'Bun.env',
      'import.meta.env',
      "'node:process'",
    ];
    expect(names.filter((name) => linesMatching(PROCESS)(file(`x(${name})`)).length === 0)).toEqual([]);
    expect(linesMatching(PROCESS)(file('const preprocess = 1; child_process.spawn; processed.x'))).toEqual(
      [],
    );
  });
});

function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => /\.tsx?$/.test(path) && !path.includes('/fixtures/'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8');
      return { path, text, code: withoutComments(text) };
    });
}

/** A heading's anchor as GitHub makes it: small letters, no signs but `-`. */
function leadsSomewhere(page: string, to: string): boolean {
  const [file = '', anchor] = to.split('#');
  const path = file === '' ? page : join(dirname(page), file);
  if (!existsSync(join(ROOT, path))) return false;
  const headings = anchor === undefined ? [] : [...readTracked(path).matchAll(/^#+ (.+)$/gm)];
  const anchors = headings.map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  return anchor === undefined || anchors.includes(anchor);
}

/** A tracked file that was deleted but not yet committed has nothing to say. */
function readTracked(path: string): string {
  try {
    return readFileSync(join(ROOT, path), 'latin1');
  } catch {
    return '';
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** `src/store/rows.ts` stands in `store`, one agent's format in `agents`, a file of src itself in `main`. */
function room(path: string): string {
  const [, folder, below] = path.split('/');
  return below === undefined ? 'main' : (folder ?? 'main');
}

function isUpward({ file, target, lazy }: Pick<Import, 'file' | 'target' | 'lazy'>): boolean {
  if (target === undefined) return false;
  const [from, to] = [room(file.path), room(target)];
  if (from === to || MAY_IMPORT[from]?.includes(to)) return false;
  if (lazy && MAY_LOAD[from]?.includes(to)) return false;
  return !MAY_IMPORT_FILE[from]?.includes(target);
}

/** Folders of what all agents share, and of the one that a configuration describes. */
const NO_AGENT: ReadonlySet<string> = new Set(['kit', 'custom', 'registry', 'by-id']);

/** `codex` for `agents/codex/index.ts`, `amp` for `agents/amp.ts`; nothing for what all agents share. */
function agentOf(path: string): string | undefined {
  const agent = path.match(/^src\/agents\/([^./]+)/)?.[1];
  return agent === undefined || NO_AGENT.has(agent) ? undefined : agent;
}

/** Strings are stepped over, so that a `//` in one is none; line breaks stay, so that line numbers do. */
function withoutComments(text: string): string {
  const token = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return text.replace(token, (found) => (/^\/[/*]/.test(found) ? found.replace(/[^\n]/g, ' ') : found));
}

/** The code with all but its string literals blanked out. */
function literalsOf(code: string): string {
  let end = 0;
  let kept = '';
  for (const match of code.matchAll(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g)) {
    kept += code.slice(end, match.index).replace(/[^\n]/g, ' ') + match[0];
    end = match.index + match[0].length;
  }
  return kept;
}

function importsOf(file: SourceFile): Import[] {
  const statement =
    /^\s*(?:import|export)\b[^;'"`]*?\bfrom\s*'([^']+)'|^\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'/gm;
  return [...file.code.matchAll(statement)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    const relative = specifier.startsWith('.');
    return {
      file,
      line: lineAt(file.code, match.index + match[0].length),
      specifier,
      lazy: match[3] !== undefined,
      typesOnly: /^\s*(?:import|export) type\b/.test(match[0]),
      target: relative ? normalize(join(dirname(file.path), specifier)).replaceAll('\\', '/') : undefined,
    };
  });
}

/** Each circle once, as the files on it. Types count: what cannot be read alone is one file in two. */
function circles(): string[] {
  const next = Map.groupBy(IMPORTS, ({ file }) => file.path);
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push([...trail.slice(start), path].join(' -> '));
    if (start >= 0 || done.has(path)) return;
    for (const { target } of next.get(path) ?? []) if (target) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of SRC) walk(path, []);
  return found;
}

function linesMatching(pattern: RegExp): (file: SourceFile) => number[] {
  return ({ code }) => code.split('\n').flatMap((line, index) => (pattern.test(line) ? [index + 1] : []));
}

function complaints(files: SourceFile[], lines: (file: SourceFile) => number[], what: string): string[] {
  return files.flatMap((file) => lines(file).map((line) => `${file.path}:${line} ${what}`));
}

function place({ file, line }: Import): string {
  return `${file.path}:${line}`;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
