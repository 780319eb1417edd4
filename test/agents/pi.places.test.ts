// Where pi and Oh My Pi keep what belongs to a session: folders of children, other layouts, what forks copy.
import { describe, expect, test } from 'bun:test';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { ohMyPi, pi } from '../../src/agents/pi/index.ts';
import type { Host } from '../../src/domain/agent.ts';
import type { Iso } from '../../src/domain/time.ts';
import { existingRoots } from '../../src/ingest/discover/roots.ts';
import { filesOf } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { factsOf, jsonl } from './facts.ts';
import { CORPUS } from './genuine.ts';
import { comesBack, digestOf, entry, session, uids } from './pi-sessions.ts';

const STEM = '2026-05-01T10-00-00-000Z_parent';
const HOME = '.pi/agent/sessions/--srv-quay--';

describe('children of a session of pi', () => {
  test('are found in any folder below it, under any name, and restored to their own places', async () => {
    const part = fc.constantFrom('forks', 'run-0', 'run1', 'a b', STEM, 'subagents');
    const name = fc.constantFrom('session.jsonl', '2026-05-01T10-00-00-000Z_x.jsonl', 'planner.jsonl');
    const place = fc
      .tuple(fc.array(part, { minLength: 1, maxLength: 4 }), name)
      .map(([folders, file]) => [...folders, file].join('/'));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(place, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (places, isFlat) => {
          using world = new World();
          const home = isFlat ? 'flat' : HOME;
          if (isFlat) world.put('.pi/agent/settings.json', JSON.stringify({ sessionDir: '~/flat' }));
          const files: Record<string, string> = {
            [`${home}/${STEM}.jsonl`]: session('parent', 'moor the barge'),
          };
          for (const [n, path] of places.entries())
            files[`${home}/${STEM}/${path}`] = session(`c${n}`, `task ${n}`);
          for (const [path, text] of Object.entries(files)) world.put(path, text);
          expect(await world.ingest()).toMatchObject({ sessions_new: places.length + 1, warnings: [] });
          expect(uids(world)).toEqual(['pi:parent', ...places.map((_, n) => `pi:c${n}`)].sort());
          expect(await world.ingest()).toMatchObject({ files_read: 0, sessions_new: 0 });
          await comesBack(world, files);
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);

  test('are gone back to by their paths, their parent by its id', () => {
    const target = { nativeId: 'x', project: '/srv/quay', startedAt: null };
    const argv = (path: string) => pi.resume({ ...target, path: `/home/me/${path}` }).argv.at(-1);
    expect(argv(`${HOME}/${STEM}.jsonl`)).toBe('x');
    expect(argv(`${HOME}/${STEM}/forks/${STEM}.jsonl`)).toBe(`/home/me/${HOME}/${STEM}/forks/${STEM}.jsonl`);
    expect(argv(`flat/${STEM}/run-0/session.jsonl`)).toBe(`/home/me/flat/${STEM}/run-0/session.jsonl`);
    expect(argv(`flat/${STEM}.jsonl`)).toBe('x');
  });

  test('are not what extensions keep beside them, and nothing is lost of one whose header is torn', async () => {
    using world = new World();
    world.put(`${HOME}/${STEM}.jsonl`, session('parent', 'moor the barge'));
    world.put(
      `${HOME}/subagent-artifacts/1_events.jsonl`,
      jsonl({ type: 'tool_start', timestamp: '2026-05-01T10:00:00Z' }),
    );
    world.put(`${HOME}/${STEM}/notes.json`, '{}');
    world.put(`${HOME}/${STEM}/run-0/session.jsonl`, session('torn', 'sound the depth').slice(40));
    await world.ingest();
    expect(uids(world)).toEqual(['pi:parent', 'pi:session']);
  });

  test('a fork names its parent, tells copied prompts as copied, and counts only what is its own', () => {
    const parentSession = '/home/me/.pi/agent/sessions/--srv-quay--/2026-05-01T10-00-00-000Z_my_task_1.jsonl';
    const fork =
      jsonl({
        ...JSON.parse(session('f', '').split('\n')[0] ?? ''),
        timestamp: '2026-05-01T11:00:00.000Z',
        parentSession,
      }) +
      session('parent', 'moor the barge').split('\n').slice(1).join('\n') +
      session('f', 'paint the hull')
        .replaceAll('T10:', 'T12:')
        .replaceAll('"e', '"f')
        .split('\n')
        .slice(1)
        .join('\n');
    const facts = factsOf(pi, { bytes: fork });
    expect(facts.parents).toEqual(['my_task_1']);
    expect(facts.prompts.map(({ text, copied }) => [text, copied])).toEqual([
      ['moor the barge', true],
      ['paint the hull', false],
    ]);
    expect([...facts.usage.values()].map(({ tokens }) => tokens.input)).toEqual([10]);
    expect(facts.times.every((at) => at >= '2026-05-01T11')).toBe(true);
    const bytes = Buffer.from(fork);
    expect(pi.peek(bytes, bytes)).toMatchObject({
      nativeId: 'f',
      parentNativeId: 'my_task_1',
      title: 'paint the hull',
      startedAt: '2026-05-01T11:00:00.000Z',
    });
  });
});

test('sessions of pi are found where the variable or the setting has them, without folders of projects', async () => {
  for (const how of ['variable', 'setting', 'setting with ~'] as const) {
    using world = new World();
    const elsewhere = join(world.home, 'elsewhere');
    const files = {
      [`elsewhere/${STEM}.jsonl`]: session('parent', 'moor the barge'),
      [`elsewhere/${STEM}/forks/2026-05-01T11-00-00-000Z_f.jsonl`]: session('f', 'paint the hull'),
    };
    for (const [path, text] of Object.entries(files)) world.put(path, text);
    if (how === 'variable') {
      const host: Host = { ...world.host, env: { PI_CODING_AGENT_SESSION_DIR: elsewhere } };
      Object.defineProperty(world, 'host', { value: host });
    } else
      world.put(
        '.pi/agent/settings.json',
        JSON.stringify({ sessionDir: how === 'setting' ? elsewhere : '~/elsewhere' }),
      );
    expect(await world.ingest()).toMatchObject({ sessions_new: 2, warnings: [] });
    await comesBack(world, files);
  }
});

test('a folder that the variable names within the usual one is not walked twice', () => {
  const env = { PI_CODING_AGENT_SESSION_DIR: '/home/me/.pi/agent/sessions' };
  expect(pi.roots({ homeDir: '/home/me', env, platform: 'linux' })).toEqual(['/home/me/.pi/agent']);
});

test('what a compaction used counts, by whom it is not told, and a failed write wrote nothing', () => {
  const usage = { input: 3, output: 9, cacheRead: 7, cacheWrite: 5 };
  const call = (id: string, path: string) =>
    entry(id, '2026-05-01T10:00:03.000Z', {
      role: 'assistant',
      model: 'm',
      content: [{ type: 'toolCall', id, name: 'write', arguments: { path } }],
    });
  const result = (toolCallId: string, isError: boolean) =>
    entry(`r${toolCallId}`, '2026-05-01T10:00:04.000Z', {
      role: 'toolResult',
      toolCallId,
      content: 'x',
      isError,
    });
  const facts = factsOf(pi, {
    bytes: jsonl(
      ...[call('w1', '/a'), result('w1', true), call('w2', '/b'), result('w2', false), call('w3', '/c')],
      { type: 'compaction', id: 'k', timestamp: '2026-05-01T10:00:05.000Z', summary: 'so far', usage },
    ),
  });
  expect(facts.written).toEqual(['/b', '/c']);
  expect([...facts.usage.values()]).toEqual([{ model: 'm', tokens: { ...usage, reasoning: 0 } }]);
});

describe('Oh My Pi', () => {
  const home = '.omp/agent/sessions/-project';
  test('has what its subagents said and its tools spilled in the session that they belong to', async () => {
    using world = new World();
    const files = {
      [`${home}/${STEM}.jsonl`]: session('parent', 'moor the barge'),
      [`${home}/${STEM}/Ptarmigan.jsonl`]: session('s', 'sound the depth', {
        parentSession: `/x/${STEM}.jsonl`,
      }),
      [`${home}/${STEM}/Ptarmigan.md`]: 'four metres',
      [`${home}/${STEM}/0.bash.log`]: 'a long output',
    };
    for (const [path, text] of Object.entries(files)) world.put(path, text);
    world.put(`${home}/${STEM}/.env`, 'no part of a session');
    expect(await world.ingest()).toMatchObject({ sessions_new: 1, warnings: [] });
    expect(uids(world)).toEqual(['omp:parent']);
    expect(
      filesOf(world.db, 'omp:parent' as never)
        .map(({ role, key }) => `${role} ${key}`)
        .sort(),
    ).toEqual([
      'main main',
      'subagent session/Ptarmigan.jsonl',
      'tool-result session/0.bash.log',
      'tool-result session/Ptarmigan.md',
    ]);
    const digest = digestOf(world, 'omp:parent');
    expect(digest.prompts.map(({ text }) => text)).toEqual(['moor the barge']);
    expect(digest.outcome).toBe('did moor the barge');
    expect(digest.subagents).toEqual([
      { id: 'Ptarmigan', task: 'sound the depth', result: 'did sound the depth' },
    ]);
    expect([digest.parent, digest.tokens.input]).toEqual([null, 20]);
    await comesBack(world, files);
  });

  test('writes nothing outside the folder of a session, whatever its files are called', () => {
    const target = { nativeId: 'parent', project: '/srv/quay', startedAt: '2026-05-01T10:00:00.000Z' as Iso };
    const climbing = ['../../../AGENTS.md', 'a/../../../../x.md', './../x.jsonl', '/etc/x.md', '.env'];
    for (const name of climbing) {
      const relPath = `sessions/-project/${STEM}/${name}`;
      expect(ohMyPi.classify(relPath)).toBeNull();
      for (const key of [`session/${name}`, name, `x/${name}`]) {
        const place = ohMyPi.restorePath(target, { role: 'sidecar', key, relPath });
        expect(place).toMatch(/^sessions\/--srv-quay--\/[^/]+$/);
      }
    }
    expect(pi.classify(`sessions/--x--/${STEM}/../../../x.jsonl`)).toBeNull();
  });

  test('has sessions in the folders of profiles', async () => {
    using world = new World();
    const files = {
      [`.omp/profiles/work/agent/sessions/-project/${STEM}.jsonl`]: session('parent', 'moor the barge'),
    };
    for (const [path, text] of Object.entries(files)) world.put(path, text);
    expect(await world.ingest()).toMatchObject({ sessions_new: 1, warnings: [] });
    await comesBack(world, files);
  });

  test('calls a session what the person called it', () => {
    const title = (source: string, text: string) => ({
      type: 'title_change',
      timestamp: '2026-05-01T10:00:00Z',
      source,
      title: text,
    });
    const facts = factsOf(ohMyPi, {
      bytes: jsonl(title('auto', 'made'), title('user', 'given'), title('auto', 'later')),
    });
    expect(facts.titles).toEqual([
      ['made', 'ai'],
      ['given', 'custom'],
      ['later', 'ai'],
    ]);
  });
});

const RECORDED = join(CORPUS, 'recorded');
const hasRecorded = existsSync(RECORDED);
if (!hasRecorded) console.log('left out: the recorded homes of pi, Oh My Pi and OpenClaw are not there');

describe.skipIf(!hasRecorded)('genuine homes', () => {
  async function homeOf(name: string): Promise<World> {
    const world = new World();
    world.now = '2026-12-01T00:00:00.000Z' as Iso;
    mkdirSync(dirname(world.home), { recursive: true });
    cpSync(join(RECORDED, name), world.home, { recursive: true });
    expect((await world.ingest()).warnings).toEqual([]);
    return world;
  }

  test('pi 1.6: a fork of a session with a name of its own, a failed write, a compaction', async () => {
    using world = await homeOf('pi-1.6.0');
    const fork = digestOf(world, 'pi:01a22a0f-2ea7-769a-93a7-f4d9c5a55ef5');
    expect(fork).toMatchObject({
      parent: 'my_task_1',
      started_at: '2026-11-30T01:26:07.791Z',
      prompts: [{ text: 'RESUMED hello custom id', copied: true }, { text: 'RESUMED in the fork' }],
      tokens: { input: 840, output: 44, cacheRead: 200 },
    });
    expect(digestOf(world, 'pi:badwrite2').files.written).toEqual([]);
    const { tokens } = digestOf(world, 'pi:compacted');
    expect([tokens.input, tokens.output]).toEqual([
      820 + 840 + 860 + 880 + 840 + 1640,
      42 + 44 + 46 + 48 + 44 + 84,
    ]);
  });

  test('Oh My Pi 18.2: subagents, spilled output, a name that was given, a profile', async () => {
    using world = await homeOf('omp-18.2.3');
    expect(uids(world).length).toBe(10);
    expect(
      digestOf(world, 'omp:01a22a1f-7dc3-7197-840f-13c228ab6f44').subagents.map(({ id }) => id),
    ).toContain('EnvironmentalPtarmigan');
    expect(world.stored('omp:01a22a1f-4dec-70e1-81ec-cac0ee7f21d1', 'session/0.bash.log').length).toBe(
      348_894,
    );
    expect(digestOf(world, 'omp:01a22a1d-8b1b-763c-996e-276343540047').title).toBe('My own name');
  });
});

describe('pi and Oh My Pi obey the same variables', () => {
  const title = (text: string) => `${JSON.stringify({ type: 'title', v: 1, title: text })}\n`;
  const ofPi = {
    [`sessions/--srv-quay--/${STEM}.jsonl`]: session('p1', 'moor the barge'),
    [`sessions/--srv-quay--/${STEM}/forks/2026-05-01T11-00-00-000Z_p2.jsonl`]: session('p2', 'paint it'),
  };
  const other = '2026-05-02T10-00-00-000Z_o';
  const ofOhMyPi = {
    [`sessions/-quay/${other}1.jsonl`]: session('o1', 'sound the depth'),
    [`sessions/--srv-quay--/${other}2.jsonl`]: title('depth') + session('o2', 'sound it again'),
    [`sessions/--srv-quay--/${other}2/Ptarmigan.jsonl`]: session('s', 'lower the lead'),
    [`sessions/--srv-quay--/${other}2/0.bash.log`]: 'a long output',
  };
  const flat = (files: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(files)
        .filter(([path]) => path.startsWith('sessions/--'))
        .map(([path, text]) => [path.replace('sessions/--srv-quay--/', ''), text]),
    );
  const below = (folder: string, files: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));

  test.each([
    ['PI_CODING_AGENT_DIR', { ...ofPi, ...ofOhMyPi }, ['omp:o1', 'omp:o2', 'pi:p1', 'pi:p2']],
    ['PI_CODING_AGENT_SESSION_DIR', flat({ ...ofPi, ...ofOhMyPi }), ['omp:o2', 'pi:p1', 'pi:p2']],
    ['a path', { ...ofPi, ...ofOhMyPi }, ['omp:o1', 'omp:o2', 'pi:p1', 'pi:p2']],
  ])('each session in a folder that %s names is taken once, by its own agent', async (how, files, wanted) => {
    using world = new World();
    const all = below('shared', files);
    for (const [path, text] of Object.entries(all)) world.put(path, text);
    const shared = join(world.home, 'shared');
    if (how !== 'a path')
      Object.defineProperty(world, 'host', { value: { ...world.host, env: { [how]: shared } } });
    const paths = how === 'a path' ? [shared] : [];
    expect(await world.ingest({ paths })).toMatchObject({ warnings: [] });
    expect(uids(world)).toEqual(wanted);
    expect(filesOf(world.db, 'omp:o2' as never).map(({ key }) => key)).toEqual([
      ...['main', 'session/0.bash.log', 'session/Ptarmigan.jsonl'],
    ]);
    expect(await world.ingest({ paths })).toMatchObject({ files_read: 0, sessions_new: 0 });
    // What only a path named goes back to where the agent looks by itself.
    if (how !== 'a path') await comesBack(world, all);
  });

  test('Oh My Pi is found where `PI_CONFIG_DIR` has all of it, with its profiles, and not where it would be without', async () => {
    using world = new World();
    const file = (id: string) => `agent/sessions/-quay/2026-05-01T10-00-00-000Z_${id}.jsonl`;
    world.put(`.ship/${file('a')}`, session('a', 'aboard'));
    world.put(`.ship/profiles/work/${file('b')}`, session('b', 'at work'));
    world.put(`.omp/${file('c')}`, session('c', 'ashore'));
    const host: Host = { ...world.host, env: { PI_CONFIG_DIR: '.ship' } };
    const roots = existingRoots(host, [ohMyPi]).map(({ root }) => root);
    expect(roots).toEqual(['.ship/agent', '.ship/profiles/work/agent'].map((root) => join(world.home, root)));
  });

  test('Oh My Pi is found where its data were moved to, with its profiles, too', async () => {
    using world = new World();
    const env = {
      XDG_DATA_HOME: join(world.home, 'data'),
      OMP_CODING_AGENT_DIR: join(world.home, 'nowhere'),
    };
    Object.defineProperty(world, 'host', { value: { ...world.host, env } });
    const file = (id: string) => `sessions/-quay/2026-05-01T10-00-00-000Z_${id}.jsonl`;
    const all = {
      [`.omp/agent/${file('a')}`]: session('a', 'before the move'),
      [`data/omp/${file('b')}`]: session('b', 'after it'),
      [`data/omp/profiles/work/${file('c')}`]: session('c', 'at work'),
      [`nowhere/${file('d')}`]: session('d', 'a variable that nobody reads'),
    };
    for (const [path, text] of Object.entries(all)) world.put(path, text);
    await world.ingest();
    expect(uids(world)).toEqual(['omp:a', 'omp:b', 'omp:c']);
  });
});

test('a model of Oh My Pi goes by one name, whether it was chosen or answered', () => {
  const chosen = (model: string) => jsonl({ type: 'model_change', id: 'm', model });
  const model = (text: string) => [...factsOf(ohMyPi, { bytes: text }).models];
  const answered = session('o', 'x').replace('"model":"m"', '"model":"anthropic/some-model"');
  expect(model(chosen('openrouter/anthropic/some-model') + answered)).toEqual(['anthropic/some-model']);
  expect(model(chosen('some-model'))).toEqual(['some-model']);
});
