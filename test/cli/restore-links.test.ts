/** Links where sessions are restored to: an agent's root and its folders in it may be some, as they may for ingest; nothing further inside. */
import { describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AGENTS } from '../../src/agents/registry.ts';
import { RestoreTree } from '../../src/restore/plan.ts';
import { promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

const ID = '82000000-0000-4000-8000-000000000001';
const UID = `claude-code:${ID}`;
const PLACE = `-srv-x/${ID}.jsonl`;
const TASK = `.claude/tasks/${ID}/1.json`;

/** A home with a session of Claude Code; its folder of projects is moved elsewhere and a link leads there. */
class Linked implements Disposable {
  readonly program = new Program();
  readonly #link: string;
  readonly #target: string;

  constructor(link: string, target: string) {
    this.#link = join(this.program.home, link);
    this.#target = join(this.program.home, target);
    mkdirSync(this.#target, { recursive: true });
    mkdirSync(dirname(this.#link), { recursive: true });
    symlinkSync(this.#target, this.#link);
    this.program.put(`.claude/projects/${PLACE}`, promptLine(ID, 'hello'));
    this.program.put(TASK, '{}');
  }

  /** All of it is gone but for the folders and the link. */
  empty(): void {
    for (const folder of ['.claude/projects', '.claude/tasks'])
      for (const name of readdirSync(join(this.program.home, folder)))
        rmSync(join(this.program.home, folder, name), { recursive: true });
  }

  [Symbol.dispose](): void {
    this.program[Symbol.dispose]();
  }
}

describe('a folder that ingest follows is one that restore writes to', () => {
  test.each([
    ['the agent’s folder, on another disk', '.claude/projects', 'disk/projects'],
    ['the agent’s root', '.claude', 'disk/claude'],
    ['another folder of the agent', '.claude/tasks', 'disk/tasks'],
  ])('%s', async (_, link, target) => {
    using linked = new Linked(link, target);
    const { program } = linked;
    expect((await program.run('ingest')).out).toContain('Analyzed 1.');
    linked.empty();
    for (const args of [[UID], [UID, '--force'], ['--all']]) {
      const told = await program.run('restore', ...args);
      expect([args, told.code, told.err]).toEqual([args, 0, '']);
    }
    expect(existsSync(join(program.home, '.claude/projects', PLACE))).toBe(true);
    expect(existsSync(join(program.home, TASK))).toBe(true);
    expect((await program.run('ingest')).out).toContain('no file was read');
  });

  test('of every agent', () => {
    let seen = 0;
    for (const { folders, cannotPutBack } of AGENTS) {
      if (cannotPutBack !== undefined) continue;
      for (const folder of folders.filter((each) => each !== '' && !each.includes('*'))) {
        const home = mkdtempSync(join(tmpdir(), 'session-memory-links-'));
        mkdirSync(join(home, 'disk'));
        mkdirSync(dirname(join(home, 'root', folder)), { recursive: true });
        symlinkSync(join(home, 'disk'), join(home, 'root', folder));
        const at = `${folder}/x/y.jsonl`;
        expect(new RestoreTree(join(home, 'root'), false, folders).place(at)).toBe(join(home, 'root', at));
        expect(() => new RestoreTree(join(home, 'root'), false).place(at)).toThrow(
          'refused to write outside',
        );
        seen += 1;
        rmSync(home, { recursive: true });
      }
    }
    expect(seen).toBeGreaterThan(10);
  });
});

describe('a folder that is a link to what is not there now is said to be one before anything is listed', () => {
  test.each([
    ['the agent’s folder, on a disk that is away', '.claude/projects', '../away/projects'],
    ['the agent’s root', '.claude', 'away'],
    ['a project’s folder', '.claude/projects/-srv-x', 'away'],
    ['a link to itself', '.claude/projects', 'projects'],
  ])('%s', async (_, at, leads) => {
    using program = new Program();
    program.put(`.claude/projects/${PLACE}`, promptLine(ID, 'hello'));
    await program.run('ingest');
    const link = join(program.home, at);
    rmSync(link, { recursive: true });
    symlinkSync(leads, link);
    for (const args of [[UID], [UID, '--dry-run'], [UID, '--force'], ['--all']]) {
      const told = await program.run('restore', ...args);
      expect([args, told.out]).toEqual([args, expect.not.stringContaining('To restore')]);
      expect(told.err).toContain(`${link} is a link that leads nowhere: ${leads} is not there`);
      expect(told.err).toContain('or remove the link; or give --to DIR');
      if (!args.includes('--dry-run')) expect(told.code).toBe(1);
    }
    expect(readlinkSync(link)).toBe(leads);
    const to = join(program.home, 'to');
    expect((await program.run('restore', UID, '--to', to)).code).toBe(0);
    rmSync(link);
    const told = await program.run('restore', UID);
    expect([told.code, told.err]).toEqual([0, '']);
  });
});

describe('what ingest does not follow, restore does not write through', () => {
  test.each([
    ['out of a linked folder', 'disk/projects', 'elsewhere'],
    ['back into the root, where no sessions lie', 'disk/projects', '.claude/commands'],
    ['beside the linked folder', 'disk/projects', 'disk'],
    ['to the linked folder itself, within the root', '.claude/older', '.claude/older'],
  ])('a project’s folder that leads %s', async (_, target, leads) => {
    using linked = new Linked('.claude/projects', target);
    const { program } = linked;
    await program.run('ingest');
    linked.empty();
    mkdirSync(join(program.home, leads), { recursive: true });
    symlinkSync(join(program.home, leads), join(program.home, '.claude/projects/-srv-x'));
    const told = await program.run('restore', UID);
    expect([told.code, existsSync(join(program.home, leads, `${ID}.jsonl`))]).toEqual([1, false]);
    expect(told.err).toMatch(/refused to write outside|a link leads/);
  });

  test.each(['.claude/commands', '.claude/hooks', '.claude/older'])(
    'the agent’s folder that leads to %s, within its root, where no sessions lie',
    async (target) => {
      using linked = new Linked('.claude/projects', target);
      const { program } = linked;
      await program.run('ingest');
      linked.empty();
      const before = readdirSync(join(program.home, target), { recursive: true });
      const told = await program.run('restore', UID, '--force');
      expect([told.code, readdirSync(join(program.home, target), { recursive: true })]).toEqual([1, before]);
      expect(told.err).toContain('a link leads');
      expect(told.err).toContain('--to DIR');
    },
  );

  test('a link in a folder of the user’s that leads out of it', async () => {
    using linked = new Linked('.claude/projects', 'disk/projects');
    const { program } = linked;
    await program.run('ingest');
    const to = join(program.home, 'to');
    mkdirSync(to);
    symlinkSync(join(program.home, 'disk'), join(to, 'projects'));
    const told = await program.run('restore', UID, '--to', to);
    expect([told.code, existsSync(join(program.home, 'disk', PLACE))]).toEqual([1, false]);
  });

  test('a linked folder that leads elsewhere by the time of writing', () => {
    const home = realpathSync(mkdtempSync(join(tmpdir(), 'session-memory-links-')));
    for (const folder of ['root', 'disk', 'other']) mkdirSync(join(home, folder));
    symlinkSync(join(home, 'disk'), join(home, 'root/projects'));
    const tree = new RestoreTree(join(home, 'root'), false, ['projects']);
    const path = tree.place(`projects/${PLACE}`);
    rmSync(join(home, 'root/projects'));
    symlinkSync(join(home, 'other'), join(home, 'root/projects'));
    expect(() => tree.stage(path, [], null, 'free')).toThrow();
    expect(readdirSync(join(home, 'other'))).toEqual([]);
    rmSync(home, { recursive: true });
  });
});

test('below --to / lie the places, too', async () => {
  const tree = new RestoreTree('/', false);
  expect(tree.place('no-such-folder/x/y.jsonl')).toBe('/no-such-folder/x/y.jsonl');
  for (const out of ['', '.', '..', 'a/../..', 'x\0y']) expect(() => tree.place(out)).toThrow('outside /');
  using program = new Program();
  program.put(`.claude/projects/${PLACE}`, promptLine(ID, 'hello'));
  await program.run('ingest');
  const told = await program.run('restore', UID, '--to', '/', '--dry-run');
  expect([told.code, told.err]).toEqual([0, '']);
  expect(told.out).toContain(`  /projects/-srv-x/${ID}.jsonl\n`);
});
