// `restore --project DIR`: a session goes where its agent looks for those of that folder, and is gone on with there; or that is refused.
import { describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { kimiCode } from '../../src/agents/kimi-code.ts';
import { qwenCode } from '../../src/agents/qwen-code/index.ts';
import { AGENTS } from '../../src/agents/registry.ts';
import { planRestore } from '../../src/cli/commands/restore.plan.ts';
import { FailureError } from '../../src/domain/errors.ts';
import { isPlaceOf } from '../../src/domain/places.ts';
import { Bench } from '../agents/bench.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { runIn } from '../support/runtime.ts';

const ID = '80000000-0000-4000-8000-000000000001';

describe.each(AGENTS.map((agent) => [agent.id as string, agent] as const))('%s', (_, agent) => {
  test('a session goes to the project that is named and is known there, or it is said that it cannot', async () => {
    using bench = new Bench(agent);
    await bench.take();
    const project = join(bench.folder, 'moved here');
    const settings = { storePath: join(bench.folder, 'store', 's.db') };
    const plan = () =>
      planRestore({ host: bench.host, settings }, bench.db, bench.row(), { to: null, force: false, project });
    if (agent.otherProject === undefined) {
      expect(plan).toThrow(FailureError);
      return;
    }
    const before = planRestore({ host: bench.host, settings }, bench.db, bench.row(), {
      to: null,
      force: false,
    });
    const planned = plan();
    const main = planned.files.find(({ file }) => file.role === 'main');
    const old = before.files.find(({ file }) => file.role === 'main');
    expect(main?.path === old?.path).toBe(agent.otherProject === 'from any folder');
    expect(planned.resume.cwd).toBe(project);
    // pi and Oh My Pi go on with a fork of it there.
    const forks = agent.id === 'pi' || agent.id === 'omp';
    const argv = before.resume.argv.map((word) => (forks && word === '--session' ? '--fork' : word));
    expect(planned.resume.argv).toEqual(argv);
    // Within its places, and where the agent's own format has such a session of such a project.
    for (const { path } of planned.files)
      expect(isPlaceOf(agent.places, relative(planned.root, path))).toBe(true);
    if (agent.otherProject === 'by its place')
      expect(relative(planned.root, dirname(main?.path ?? ''))).not.toContain('home-me-project');
  });
});

/** A home with a session of a project that has moved. */
async function moved() {
  const bench = new Bench(AGENTS[0] as never);
  const home = bench.home;
  bench.put(claudePath(ID), promptLine(ID, 'hello'));
  mkdirSync(join(home, 'src/new place'), { recursive: true });
  const run = (...args: string[]) => runIn(home, ['--store', join(bench.folder, 'cli.db'), ...args]);
  expect((await run('ingest')).code).toBe(0);
  return { home, run, [Symbol.dispose]: () => bench[Symbol.dispose]() };
}

test('Claude Code: the transcript lies in the folder of the other project, byte for byte, and is no second session', async () => {
  using one = await moved();
  const { home, run } = one;
  const bytes = readFileSync(join(home, claudePath(ID)));
  rmSync(join(home, '.claude'), { recursive: true });
  symlinkSync(join(home, 'src/new place'), join(home, 'link'));
  const { code, out } = await run('restore', ID, '--project', join(home, 'link'));
  expect(code).toBe(0);
  // As the agent calls it that is started in there.
  const [folder = ''] = readdirSync(join(home, '.claude/projects'));
  expect(folder).toBe(join(home, 'src/new place').replace(/[^A-Za-z0-9-]/g, '-'));
  expect(readFileSync(join(home, '.claude/projects', folder, `${ID}.jsonl`)).equals(bytes)).toBe(true);
  expect(out).toContain(`cd '${join(home, 'src/new place')}' && claude --resume ${ID}`);
  expect((await run('ingest')).code).toBe(0);
  expect(JSON.parse((await run('list', '--json')).out).sessions).toHaveLength(1);
});

test('a folder that is not there, and all sessions at once, are refused before anything is written', async () => {
  using one = await moved();
  const { home, run } = one;
  rmSync(join(home, '.claude'), { recursive: true });
  for (const args of [
    ['restore', ID, '--project', join(home, 'nowhere')],
    ['restore', '--all', '--project', join(home, 'src')],
  ]) {
    const { code, err } = await run(...args);
    expect(code).toBe(2);
    expect(err.split('\n').length).toBeGreaterThan(1);
  }
  expect(existsSync(join(home, '.claude'))).toBe(false);
});

test('Qwen Code: beside the transcript lies what tells it that the session goes on in that folder', async () => {
  using bench = new Bench(qwenCode);
  await bench.take();
  const settings = { storePath: join(bench.folder, 'store', 's.db') };
  const plan = (project: string | null) =>
    planRestore({ host: bench.host, settings }, bench.db, bench.row(), { to: null, force: false, project });
  expect(plan(null).made).toBeNull();
  const { made, files, importing, resume } = plan('/home/me/moved');
  const main = files.find(({ file }) => file.role === 'main')?.path ?? '';
  expect(made?.path).toBe(main.replace(/\.jsonl$/, '.runtime.json'));
  expect(main).toContain('/projects/-home-me-moved/chats/');
  const told = JSON.parse(Buffer.concat([...(made?.chunks ?? [])]).toString());
  expect(told).toMatchObject({ schema_version: 1, session_id: resume.argv[2], work_dir: '/home/me/moved' });
  // What Qwen Code reads it by: a file that is not whole is none.
  expect<unknown>([
    Number.isInteger(told.pid),
    typeof told.hostname,
    Number.isFinite(told.started_at),
  ]).toEqual([...[true, 'string', true]]);
  // Nothing is typed to take it in; and where Qwen Code has written its own, that one stays.
  expect(importing).toBeNull();
  mkdirSync(dirname(main), { recursive: true });
  writeFileSync(made?.path ?? '', '{"its": "own"}');
  expect(plan('/home/me/moved').made).toBeNull();
});

test('Kimi Code: it is said why a session cannot be gone on with in another folder', async () => {
  using bench = new Bench(kimiCode);
  await bench.take();
  const settings = { storePath: join(bench.folder, 'store', 's.db') };
  expect(() =>
    planRestore({ host: bench.host, settings }, bench.db, bench.row(), {
      to: null,
      force: false,
      project: '/home/me/moved',
    }),
  ).toThrow('Kimi Code goes on with a session only in the folder where that was begun');
});
