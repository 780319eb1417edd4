/** What a stranger's archive and an older store can have written by a restore: the files of sessions, at their agents' places, and nothing else. */
import { describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exportSchema, importSchema } from '../../src/cli/schemas.by-hand.ts';
import * as schemas from '../../src/cli/schemas.ts';
import { insertWhole } from '../../src/store/import/new.ts';
import { openWritable } from '../../src/store/open.ts';
import { promptLine } from '../support/bench-world.ts';
import { type ForeignFile, foreignArchive, foreignSession } from '../support/foreign.ts';
import { runIn } from '../support/runtime.ts';

const ID = '82000000-0000-4000-8000-000000000001';
const UID = `claude-code:${ID}`;
const EVIL = '{"hooks":{"SessionStart":[{"hooks":[{"type":"command","command":"echo taken over"}]}]}}';
const MAIN: ForeignFile = { key: 'main', role: 'main', content: promptLine(ID, 'hello') };
const PLACE = `.claude/projects/-srv-foreign/${ID}.jsonl`;
const evil = (key: string, relPath = key): ForeignFile => ({ key, relPath, content: EVIL });

class Home implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'session-memory-places-'));
  readonly #store = mkdtempSync(join(tmpdir(), 'session-memory-places-store-'));

  run(...args: string[]) {
    return runIn(this.path, ['--store', join(this.#store, 's.db'), ...args]);
  }

  async imports(...sessions: readonly ReturnType<typeof foreignSession>[]) {
    writeFileSync(join(this.#store, 'in.smx'), foreignArchive(sessions));
    return await this.run('import', join(this.#store, 'in.smx'));
  }

  /** As an older program, which looked at no key, had it. */
  has(...sessions: readonly ReturnType<typeof foreignSession>[]): void {
    const db = openWritable(join(this.#store, 's.db'));
    for (const session of sessions) db.writeTransaction(() => insertWhole(db, session, true));
    db.close();
  }

  async exported() {
    const file = join(this.#store, 'out.smx');
    const told = await this.run('export', '--all', file, '--force', '--json');
    return { told, report: exportSchema.parse(JSON.parse(told.out)), file };
  }

  /** All files below the home, by their paths from there. */
  files(): string[] {
    return readdirSync(this.path, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(this.path, name)).isFile())
      .sort();
  }

  put(relPath: string, content: string): void {
    mkdirSync(dirname(join(this.path, relPath)), { recursive: true });
    writeFileSync(join(this.path, relPath), content);
  }

  [Symbol.dispose](): void {
    for (const folder of [this.path, this.#store]) rmSync(folder, { recursive: true, force: true });
  }
}

/** A key of each agent that would climb to what the agent obeys, and the form of its ids. */
const CLIMBING: readonly (readonly [agent: string, id: string, key: string])[] = [
  ['claude-code', ID, 'session/../../../settings.json'],
  ['gemini-cli', ID, 'session/../../../settings.json'],
  ['gemini-cli', ID, '../../settings.json'],
  ['qwen-code', ID, 'subagents/../../../../settings.json'],
  ['copilot-cli', ID, '../../config.json'],
  ['cursor-cli', ID, '../../../../mcp.json'],
  ['droid', ID, '../../settings.json'],
  ['iflow', `session-${ID}`, '../../settings.json'],
  ['kimi-code', ID, '../../../../../config.toml'],
  ['kimi-cli', ID, '../../../config.toml'],
  ['kiro-cli', ID, '../../settings/mcp.json'],
  ['mistral-vibe', ID, '../../../config.toml'],
  ['antigravity', ID, '../../../../mcp_config.json'],
  ['openclaw', ID, '/../../../../openclaw.json'],
  ['pi', ID, 'x/../../../settings.json'],
  ['omp', ID, 'session/../../../settings.json'],
  ['cline', '1750000000000', 'task/../../settings/cline_mcp_settings.json'],
  ['roo-code', '1750000000000', 'task/../../settings/mcp_settings.json'],
  ['amp', 'T-1', '../settings.json'],
  ['codex', ID, '../config.toml'],
  ['opencode', 'ses_1', '../../opencode.json'],
  ['hermes', 's1', '../config.yaml'],
];

describe.each(CLIMBING)('%s, a session %s with the key %s', (agent, id, key) => {
  const session = () =>
    foreignSession(`${agent}:${id}`, [{ ...MAIN, key: agent === 'cline' ? 'main' : 'main' }, evil(key)]);

  test('comes in without that file, which is named, and exits 1', async () => {
    using home = new Home();
    const told = await home.imports(session());
    expect([told.code, told.err]).toEqual([1, expect.stringContaining('left out')]);
    expect(told.out).toContain('1 file left out');
    await home.run('restore', '--all');
    await home.run('restore', '--all', '--to', join(home.path, 'to'));
    expect(home.files().filter((name) => readFileSync(join(home.path, name), 'utf8') === EVIL)).toEqual([]);
  });

  test('which an older store has, is given back without that file', async () => {
    using home = new Home();
    home.has(session());
    const told = await home.run('restore', `${agent}:${id}`);
    expect(told.code).toBe(1);
    expect(told.err).toContain(key);
    expect(home.files().filter((name) => readFileSync(join(home.path, name), 'utf8') === EVIL)).toEqual([]);
  });
});

describe('a session of which one file has no place', () => {
  const both = () => foreignSession(UID, [MAIN, evil('session/../../../settings.json')]);

  test('is restored but for that one, which is named, and the exit code is 1', async () => {
    using home = new Home();
    home.has(both());
    const told = await home.run('restore', UID);
    expect([told.code, home.files()]).toEqual([1, [PLACE]]);
    expect(told.err).toContain('Not written: session/../../../settings.json');
    expect(told.out).toContain('Restored 1 file of');
    expect(
      (await home.run('show', UID, '--raw', '--file', 'session/../../../settings.json')).bytes.toString(),
    ).toBe(EVIL);
    const json = schemas.restoreSchema.parse(JSON.parse((await home.run('restore', UID, '--json')).out));
    expect(json.refused.map(({ key }) => key)).toEqual(['session/../../../settings.json']);
    expect(json.files).toEqual([join(home.path, PLACE)]);
    expect((await home.run('restore', '--all')).code).toBe(1);
  });

  test('goes into no archive with it, and that is told', async () => {
    using home = new Home();
    home.has(both());
    const { told, report, file } = await home.exported();
    expect([told.code, report.left_out.map(({ key }) => key)]).toEqual([
      1,
      ['session/../../../settings.json'],
    ]);
    using other = new Home();
    const into = await other.run('import', file, '--json');
    expect([into.code, importSchema.parse(JSON.parse(into.out)).added]).toEqual([0, [UID]]);
    expect((await other.run('verify')).code).toBe(0);
    expect((await other.run('restore', UID)).code).toBe(0);
    expect(other.files()).toEqual([PLACE]);
  });

  test('is not restored at all where that is its transcript; its bytes are had by show', async () => {
    using home = new Home();
    home.has(foreignSession(UID, [{ ...MAIN, key: '../../CLAUDE.md', relPath: 'CLAUDE.md' }]));
    const told = await home.run('restore', UID, '--to', join(home.path, 'to'));
    expect([told.code, told.err, home.files()]).toEqual([1, expect.stringContaining('show'), []]);
    expect((await home.imports(foreignSession(`${UID}1`, [{ ...MAIN, key: '../x' }]))).code).toBe(1);
  });
});

describe('who has a session of Copilot CLI open, which an older store has', () => {
  const copilot = `copilot-cli:${ID}`;
  const at = (name: string) => `session-state/${ID}/${name}`;
  const events = { ...MAIN, relPath: at('events.jsonl') };
  const lock = (name: string): ForeignFile => ({ key: name, relPath: at(name), content: '123' });
  const older = () =>
    foreignSession(copilot, [events, lock('inuse.123.lock'), lock('inuse.9.hold'), lock('plan.md')]);
  const PUT = [at('events.jsonl'), at('plan.md')];

  test('is left out by restore without a word', async () => {
    using home = new Home();
    home.has(older());
    for (const args of [[copilot], ['--all', '--dry-run'], ['--all', '--to', join(home.path, 'to')]]) {
      const told = await home.run('restore', ...args);
      expect([told.code, told.err]).toEqual([0, '']);
    }
    expect(home.files()).toEqual([
      ...PUT.map((path) => `.copilot/${path}`),
      ...PUT.map((path) => `to/${path}`),
    ]);
  });

  test('is left out by export and import without a word', async () => {
    using home = new Home();
    home.has(older());
    const { told, report, file } = await home.exported();
    expect([told.code, report.left_out]).toEqual([0, []]);
    using other = new Home();
    expect((await other.run('import', file)).code).toBe(0);
    expect((await other.run('show', copilot, '--files')).out).not.toContain('inuse');
    expect((await other.run('verify')).code).toBe(0);
    using third = new Home();
    const into = await third.imports(older());
    expect([into.code, into.err]).toEqual([0, '']);
    expect((await third.run('restore', copilot)).code).toBe(0);
    expect(third.files()).toEqual(PUT.map((path) => `.copilot/${path}`));
  });

  test('is told where nothing else of the session is left', async () => {
    using home = new Home();
    home.has(foreignSession(copilot, [lock('inuse.123.lock')]));
    const told = await home.run('restore', copilot);
    expect([told.code, home.files()]).toEqual([1, []]);
    expect(told.err).toContain('inuse.123.lock (it was true of one moment alone)');
    expect((await home.exported()).report.left_out.map(({ key }) => key)).toEqual(['inuse.123.lock']);
  });
});

test('below --to lies the transcript of an agent that is not known here, and nothing else', async () => {
  const NAMES = [
    '.envrc',
    '.git/config',
    '.vscode/tasks.json',
    'Makefile',
    'sub/.husky/pre-commit',
    'package.json',
    '../x',
  ];
  for (const relPath of [...NAMES, 'notes.jsonl']) {
    using home = new Home();
    const to = join(home.path, 'to');
    const parts = NAMES.map((name, n) => evil(`k${n}`, name));
    await home.imports(foreignSession('unknown-agent:a1', [{ ...MAIN, relPath }, ...parts]));
    home.has(foreignSession('unknown-agent:a2', [{ ...MAIN, relPath: `b/${relPath}` }, ...parts]));
    expect((await home.run('restore', 'unknown-agent:a1', '--to', to)).code).toBe(0);
    expect((await home.run('restore', 'unknown-agent:a2', '--to', to)).code).toBe(1);
    const [first, second, ...more] = home.files();
    expect(more).toEqual([]);
    for (const name of [first, second])
      expect(name).toMatch(/^to\/(?:unknown-agent\/a[12]\.(?:jsonl?|md)|(?:b\/)?notes\.jsonl)$/);
  }
});

test('a file of a session’s own folder is not written under a name that programs run or obey', async () => {
  using home = new Home();
  const names = [
    '.envrc',
    '.git/config',
    'Makefile',
    'CLAUDE.md',
    'sub/package.json',
    'x/settings.json',
    'notes/plan.md',
  ];
  home.has(foreignSession(UID, [MAIN, ...names.map((name) => evil(`session/${name}`))]));
  expect((await home.run('restore', UID, '--to', join(home.path, 'to'))).code).toBe(1);
  expect(home.files()).toEqual(
    [`to/projects/-srv-foreign/${ID}.jsonl`, `to/projects/-srv-foreign/${ID}/notes/plan.md`].sort(),
  );
});

describe('links on the way', () => {
  test.each(['.claude/commands', '.claude', '.claude/projects/-srv-other'])(
    'a project’s folder that leads to %p is written through only where sessions of projects lie',
    async (target) => {
      using home = new Home();
      home.has(foreignSession(UID, [MAIN]));
      mkdirSync(join(home.path, target), { recursive: true });
      mkdirSync(join(home.path, '.claude/projects'), { recursive: true });
      symlinkSync(join(home.path, target), join(home.path, '.claude/projects/-srv-foreign'));
      const told = await home.run('restore', UID);
      const isProject = target.endsWith('-other');
      expect(told.code).toBe(isProject ? 0 : 1);
      if (!isProject) expect(told.err).toContain('a link leads');
      expect(existsSync(join(home.path, target, `${ID}.jsonl`))).toBe(isProject);
    },
  );

  test('a link in the place of a file is replaced by nothing, not even with --force', async () => {
    using home = new Home();
    home.has(foreignSession(UID, [MAIN]));
    home.put('victim', 'mine');
    mkdirSync(dirname(join(home.path, PLACE)), { recursive: true });
    symlinkSync(join(home.path, 'victim'), join(home.path, PLACE));
    expect((await home.run('restore', UID, '--force')).code).toBe(1);
    expect(readFileSync(join(home.path, 'victim'), 'utf8')).toBe('mine');
  });
});

describe('files are named before they are written', () => {
  test('a dry run names them and writes nothing', async () => {
    using home = new Home();
    home.has(foreignSession(UID, [MAIN, { ...evil('tool-results/t.txt'), role: 'tool-result' }]));
    const told = await home.run('restore', UID, '--dry-run');
    expect([told.code, home.files()]).toEqual([0, []]);
    const spilled = join(home.path, `.claude/projects/-srv-foreign/${ID}/tool-results/t.txt`);
    for (const path of [join(home.path, PLACE), spilled]) expect(told.out).toContain(`  ${path}\n`);
    expect(told.out).toContain('Would write 2 files of 1 session');
    const json = schemas.restoreSchema.parse(
      JSON.parse((await home.run('restore', UID, '--dry-run', '--json')).out),
    );
    expect([json.dry_run, json.written, json.files]).toEqual([true, 0, [join(home.path, PLACE), spilled]]);
    const all = await home.run('restore', '--all', '--dry-run', '--json');
    expect(schemas.restoreSeveralSchema.parse(JSON.parse(all.out)).restored.length).toBe(1);
    expect(home.files()).toEqual([]);
    const real = schemas.restoreSchema.parse(JSON.parse((await home.run('restore', UID, '--json')).out));
    expect([real.dry_run, real.written, real.files]).toEqual([false, 2, json.files]);
    expect((await home.run('restore', UID, '--dry-run', '--resume')).code).toBe(2);
  });

  test('a file that is there as it is stored is told as already there, and not as written', async () => {
    using home = new Home();
    const spilled = { ...evil('tool-results/t.txt'), role: 'tool-result' } as const;
    home.has(foreignSession(UID, [MAIN, spilled]));
    expect((await home.run('restore', UID)).out).toContain('Restored 2 files of');
    for (const args of [[UID], ['--all']]) {
      const dry = await home.run('restore', ...args, '--dry-run');
      expect(dry.out).toBe(
        'Would write 0 files of 1 session. 2 files are already there. Nothing was changed.\n',
      );
      const { out } = await home.run('restore', ...args);
      expect(out).toContain('2 files are already there.');
      expect(out).not.toMatch(/To restore|Restored [1-9]/);
    }
    rmSync(join(home.path, PLACE));
    const dry = (await home.run('restore', UID, '--dry-run')).out;
    expect(dry).toContain('Would write 1 file of 1 session. 1 file is already there. Nothing was changed.');
    expect(dry).toContain(`To restore ${UID}, 1 file:\n  ${join(home.path, PLACE)}\nWould`);
    const told = (await home.run('restore', UID)).out;
    expect(told).toContain(`Restored 1 file of ${UID}. 1 file is already there.\n`);
  });

  test('the names come before the count, of several too', async () => {
    using home = new Home();
    home.has(foreignSession(UID, [MAIN]));
    for (const args of [[UID], ['--all']]) {
      rmSync(join(home.path, PLACE), { force: true });
      const { out } = await home.run('restore', ...args);
      expect(out.indexOf(join(home.path, PLACE))).toBeGreaterThan(0);
      expect(out.indexOf(join(home.path, PLACE))).toBeLessThan(out.indexOf('Restored 1 file'));
    }
  });
});

test('nobody is led into a folder that only an archive tells of', async () => {
  using home = new Home();
  await home.imports(foreignSession(UID, [MAIN]));
  const told = await home.run('restore', UID);
  expect(told.out).toContain(`Go on with: claude --resume ${ID}\n`);
  expect(told.out).toContain('It came with an archive, which says that its folder is /srv/foreign');
  const json = schemas.restoreSchema.parse(JSON.parse((await home.run('restore', UID, '--json')).out));
  expect(json.resume?.cwd).toBeNull();
  const started = await home.run('restore', UID, '--resume');
  expect(started.out).not.toContain('cd /srv/foreign');
});
