/**
 * Aider's histories: the recordings, each in a project of its own, held against a second reader; and what its format asks of
 * the seam for texts of many chats: the same chat under any name of its folder, and each chat's very bytes.
 */
import { describe, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { aider } from '../../src/agents/aider/index.ts';
import { planRestore } from '../../src/cli/commands/restore.plan.ts';
import type { Host } from '../../src/domain/agent.ts';
import type { Digest } from '../../src/domain/digest.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { restoreOne } from '../../src/restore/restore.ts';
import { digestsOf, filesOf, findSession, listSessions } from '../../src/store/read.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { CORPUS, hasRecordings } from './genuine.ts';
import { answered, chat, told, typed } from './samples/aider.ts';

const NAME = '.aider.chat.history.md';

class AiderWorld extends World {
  env: Record<string, string> = {};
  projects: string[] = [];

  override get host(): Host {
    return { ...super.host, env: this.env, projects: this.projects };
  }

  /** Puts a history into a folder that another agent's session tells of. */
  project(name: string, history: string | Uint8Array, fileName = NAME): string {
    const cwd = join(this.home, 'src', name);
    const id = `00000000-0000-4000-8000-${Bun.hash(name).toString(16).padStart(12, '0').slice(0, 12)}`;
    this.put(claudePath(id, `-${name}`), promptLine(id, 'hello').replace('/home/me/project', cwd));
    this.put(join('src', name, fileName), history);
    return cwd;
  }

  rows() {
    return [...listSessions(this.db)].filter(({ agent }) => agent === 'aider');
  }

  digest(uid: string): Digest {
    return JSON.parse(this.digestJson(uid));
  }

  /** Twice: a project is known once a session of it is stored. */
  async both() {
    await this.ingest();
    return await this.ingest();
  }
}

const FOLDER = 'other/aider';
const isThere = hasRecordings(FOLDER);

describe.skipIf(!isThere)('recordings', () => {
  test('prompts, edited files, commands, tokens and answers are what a second reader finds', async () => {
    using world = new AiderWorld();
    // Later than all of them.
    world.now = '2027-01-01T00:00:00.000Z' as Iso;
    const names = readdirSync(join(CORPUS, FOLDER)).sort();
    const projects = new Map(
      names.map((name, n) => [world.project(`p${n}`, readFileSync(join(CORPUS, FOLDER, name))), name]),
    );
    const report = await world.both();
    expect(report.warnings).toEqual([]);
    const rows = world.rows();
    expect(rows.map(({ project }) => project).sort()).toEqual([...projects.keys()].sort());
    const counts = { prompts: 0, files: 0, commands: 0, tokens: 0, answers: 0 };
    for (const { uid, project, analyzeError, startedAt } of rows) {
      const bytes = readFileSync(join(project ?? '', NAME));
      expect(world.stored(uid).equals(bytes)).toBe(true);
      expect(analyzeError).toBeNull();
      const said = secondReader(bytes.toString());
      const digest = world.digest(uid);
      // Where nothing was asked, answered or run, what a person typed to steer or to start aider is told as prompts.
      const { prompts } = said.shown;
      const isSteered = prompts.length + said.answers.length + said.shown.commands.length === 0;
      if (isSteered)
        for (const { text } of digest.prompts) expect(text).toMatch(/^\/tokens$|aider --message /);
      expect({ uid, ...shown(digest), ...(isSteered ? { prompts } : {}) }).toEqual({ uid, ...said.shown });
      // A digest keeps the beginning of a long one.
      expect(digest.outcome?.slice(0, 300) ?? null).toBe(said.answers.at(-1)?.slice(0, 300) ?? null);
      expect(startedAt?.slice(0, 19).replace('T', ' ') ?? null).toBe(said.start);
      counts.prompts += said.shown.prompts.length;
      counts.files += said.shown.files.length;
      counts.commands += said.shown.commands.length;
      counts.tokens += digest.tokens?.output ?? 0;
      counts.answers += said.answers.length;
    }
    console.log(`aider: ${rows.length} recordings: ${JSON.stringify(counts)}`);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
  });
});

function shown(digest: Digest) {
  return {
    prompts: digest.prompts.map(({ text }) => text),
    files: [...new Set([...digest.files.written, ...digest.files.edited])].sort(),
    commands: digest.commands.map(({ command }) => command),
    tokens: { sent: digest.tokens?.input ?? 0, received: digest.tokens?.output ?? 0 },
    models: digest.models,
  };
}

/** Looks for each thing by itself in the whole text, where the program goes through it line by line. */
function secondReader(text: string) {
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found.trim());
  const typedTexts = [...text.matchAll(/(?:^#### ?.*(?:\n|$))+/gm)].map(([block]) =>
    block
      .split('\n')
      .map((line) => line.replace(/^#### ?/, '').trimEnd())
      .join('\n')
      .trim(),
  );
  const number = (found: string) => Math.round(Number.parseFloat(found) * (found.endsWith('k') ? 1000 : 1));
  const sum = (list: readonly string[]) => list.reduce((total, found) => total + number(found), 0);
  const answers = text
    .replace(/<(thinking-content-\w+)>[\s\S]*?(?:<\/\1>|(?=\n####)|$(?![\s\S]))/g, '')
    .split(/^(?:> .*|####.*|# aider chat.*)$/m)
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '' && !piece.startsWith('Then on the next line reply'));
  return {
    start: all(/^# aider chat started at (.*)$/gm)[0] ?? null,
    answers,
    shown: {
      prompts: typedTexts.filter((typedText) => typedText !== '<blank>' && !typedText.startsWith('/')),
      files: [...new Set(all(/^> Applied edit to (.*)$/gm))].sort(),
      commands: typedTexts
        .filter((typedText) => typedText.startsWith('/run '))
        .map((typedText) => typedText.slice('/run '.length)),
      tokens: { sent: sum(all(/^> Tokens: (\S+) sent/gm)), received: sum(all(/(\S+) received\./g)) },
      models: [...new Set(all(/^> (?:Main |Weak )?[Mm]odel: (\S+)/gm))],
    },
  };
}

describe('where chats lie', () => {
  const TWO =
    chat('2026-05-01 10:00:00', told('Aider v0.86.2'), typed('first'), answered('one')) +
    chat('2026-05-02 10:00:00', told('Aider v0.86.2'), typed('second'), answered('two'));

  test('each chat of a history is a session of its very bytes, in the project', async () => {
    using world = new AiderWorld();
    const cwd = world.project('one', TWO);
    expect(await world.both()).toMatchObject({ sessions_new: 2, warnings: [] });
    const rows = world.rows();
    expect(rows.map(({ uid }) => uid as string).sort()).toEqual([
      'aider:2026-05-01T10-00-00',
      'aider:2026-05-02T10-00-00',
    ]);
    expect(rows.map(({ project }) => project)).toEqual([cwd, cwd]);
    const parts = ['2026-05-01T10-00-00', '2026-05-02T10-00-00'].map((id) => world.stored(`aider:${id}`));
    expect(Buffer.concat(parts).toString()).toBe(TWO);
    expect(rows.map(({ title }) => title).sort()).toEqual(['first', 'second']);
  });

  test('a chat does not grow, or come back, because the next one is begun', async () => {
    using world = new AiderWorld();
    const [first = ''] = TWO.split('\n# aider chat started at 2026-05-02');
    world.project('one', first);
    await world.both();
    world.evict('aider:2026-05-01T10-00-00');
    world.put(`src/one/${NAME}`, TWO);
    expect(await world.ingest()).toMatchObject({ sessions_new: 1, sessions_grown: 0 });
    expect(
      world
        .rows()
        .map(({ evictedAt }) => evictedAt === null)
        .sort(),
    ).toEqual([false, true]);
  });

  test('only the chat that is added to is read on, and one that is begun is a new session', async () => {
    using world = new AiderWorld();
    world.project('one', TWO);
    await world.both();
    world.put(`src/one/${NAME}`, `${TWO}${typed('more')}${chat('2026-05-03 09:00:00', typed('third'))}`);
    expect(await world.ingest()).toMatchObject({ sessions_new: 1, sessions_grown: 1, warnings: [] });
    expect(world.stored('aider:2026-05-02T10-00-00').toString()).toContain('#### more');
    expect(world.digest('aider:2026-05-02T10-00-00').prompts.map(({ text }) => text)).toEqual([
      'second',
      'more',
    ]);
  });

  test('a repository that is moved has the same sessions', async () => {
    using world = new AiderWorld();
    const cwd = world.project('one', TWO);
    await world.both();
    renameSync(cwd, join(world.home, 'src/moved'));
    world.projects = [join(world.home, 'src/moved')];
    const { sessions_new, stored_bytes_added, warnings } = await world.ingest({
      paths: [join(world.home, 'src/moved')],
    });
    expect([sessions_new, stored_bytes_added, warnings]).toEqual([0, 0, []]);
    expect(world.rows().length).toBe(2);
  });

  test('a folder with two names is looked at once', async () => {
    using world = new AiderWorld();
    const cwd = world.project('one', TWO);
    symlinkSync(cwd, join(world.home, 'src/link'));
    world.project('link', TWO, 'beside.txt');
    const report = await world.both();
    expect(report.agents.filter(({ agent }) => agent === 'aider').length).toBe(1);
    expect(world.rows().length).toBe(2);
    for (const { uid } of world.rows()) expect(filesOf(world.db, uid).length).toBe(1);
  });

  test('two repositories whose chats began in one second are two sessions, and so are two chats of one', async () => {
    using world = new AiderWorld();
    world.project('one', chat('2026-05-01 10:00:00', typed('a')) + chat('2026-05-01 10:00:00', typed('b')));
    world.project('two', chat('2026-05-01 10:00:00', typed('c')));
    await world.both();
    const prompts = world.rows().map(({ uid }) => world.digest(uid).prompts[0]?.text);
    expect(prompts.sort()).toEqual(['a', 'b', 'c']);
    expect(world.rows().map(({ uid }) => uid as string)).toContain('aider:2026-05-01T10-00-00.2');
    expect((await world.ingest()).sessions_new).toBe(0);
  });

  test('the variable names a file of any name, in one folder or in that of each project', async () => {
    for (const [value, at] of [
      ['/logs/chats.md', 'logs'],
      ['chats.md', 'src/one'],
    ] as const) {
      using world = new AiderWorld();
      world.project('one', 'no chat', 'README.md');
      world.put(`${at}/chats.md`, TWO);
      world.put(`${at}/README.md`, TWO);
      world.env = {
        AIDER_CHAT_HISTORY_FILE: value.startsWith('/') ? join(world.home, value) : value,
      };
      await world.both();
      expect(world.rows().length).toBe(2);
      expect(world.rows().map(({ agent }) => agent as string)).toEqual(['aider', 'aider']);
    }
  });

  test('a file or a folder that is named is taken, whatever the file is called and however deep it lies', async () => {
    using world = new AiderWorld();
    const path = world.put('notes/old.md', TWO);
    expect((await world.ingest({ paths: [path] })).sessions_new).toBe(2);
    // A copy tells nothing of the project.
    expect(world.rows().map(({ project }) => project)).toEqual([null, null]);
    world.put(`deep/a/b/${NAME}`, TWO.replaceAll('2026-05', '2026-04'));
    expect((await world.ingest({ paths: [join(world.home, 'deep')], agent: aider.id })).sessions_new).toBe(2);
  });

  test('a home that is named has its own history beside what other agents have', async () => {
    using world = new AiderWorld();
    world.project('one', TWO);
    world.put(NAME, TWO.replaceAll('2026-05', '2026-04'));
    const report = await world.ingest({ paths: [world.home] });
    expect(report.agents.map(({ agent }) => agent).sort()).toEqual(['aider', 'claude-code']);
  });

  test('a text of that name without a chat is passed over, and what stands before the first belongs to it', async () => {
    using world = new AiderWorld();
    world.project('one', 'no chat at all\n');
    expect(await world.both()).toMatchObject({ warnings: [] });
    expect(world.rows()).toEqual([]);
    world.put(`src/one/${NAME}`, `cut off above\n${TWO}`);
    await world.ingest();
    expect(world.stored('aider:2026-05-01T10-00-00').toString()).toStartWith('cut off above\n\n# aider');
  });

  test('a chat that is taken out of the history stays, and the others are what they were', async () => {
    using world = new AiderWorld();
    world.project('one', TWO);
    await world.both();
    const kept = world.stored('aider:2026-05-01T10-00-00');
    world.put(`src/one/${NAME}`, TWO.slice(TWO.indexOf('\n# aider chat started at 2026-05-02')));
    expect(await world.ingest()).toMatchObject({ sessions_new: 0, warnings: [] });
    expect(world.stored('aider:2026-05-01T10-00-00').equals(kept)).toBe(true);
    expect(world.stored('aider:2026-05-02T10-00-00').toString()).toContain('#### second');
  });

  test('a chat is restored as its very bytes beside the store or where one says, never into the history', async () => {
    using world = new AiderWorld();
    const cwd = world.project('one', TWO);
    await world.both();
    const places = { host: world.host, settings: { storePath: world.db.path } };
    const session = findSession(world.db, 'aider:2026-05-02T10-00-00' as SessionUid);
    if (session === null) throw new Error('not stored');
    const other = join(world.folder, 'to');
    for (const [to, folder] of [
      [null, join(dirname(world.db.path), 'restored')],
      [other, other],
    ] as const) {
      const plan = planRestore(places, world.db, session, { to, force: false });
      restoreOne(world.db, plan, { db: world.db, now: () => world.now });
      const path = join(folder, 'aider/2026-05-02T10-00-00.md');
      expect(readFileSync(path, 'utf8')).toBe(TWO.slice(TWO.indexOf('\n# aider chat started at 2026-05-02')));
      expect(plan.resume).toMatchObject({ cwd, argv: ['aider', '--restore-chat-history'] });
      expect(await world.ingest({ paths: [path] })).toMatchObject({ sessions_new: 0, sessions_grown: 0 });
    }
    expect(readFileSync(join(cwd, NAME), 'utf8')).toBe(TWO);
    expect(findSession(world.db, session.uid)?.project).toBe(cwd);
  });

  test('what is evicted comes back only where it has grown', async () => {
    using world = new AiderWorld();
    world.project('one', TWO);
    await world.both();
    for (const { uid } of world.rows()) world.evict(uid);
    expect(await world.ingest({ full: true })).toMatchObject({ sessions_new: 0, sessions_grown: 0 });
    world.put(`src/one/${NAME}`, `${TWO}${typed('more')}`);
    expect(await world.ingest()).toMatchObject({ sessions_grown: 1 });
    expect(digestsOf(world.db, world.rows()[0]?.uid as never).length).toBeGreaterThan(0);
  });

  test('a folder that is no folder of files any more stops nothing', async () => {
    using world = new AiderWorld();
    world.project('one', TWO);
    mkdirSync(join(world.home, 'src', 'two', NAME), { recursive: true });
    world.projects = [join(world.home, 'src/two')];
    await world.both();
    expect(world.rows().length).toBe(2);
  });
});
