/**
 * opencode's migration from its tree of files into its database, stopped anywhere: what only the tree has is stored with what the
 * database has, each thing once, and stays when the tree goes or the migration ends.
 */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { opencode } from '../../src/agents/opencode/index.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { wholeLines } from '../../src/files/contained/row-lines.ts';
import { listSessions } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { OPENCODE_SCHEMA } from './samples/opencode.ts';

const TARGET = { nativeId: 'x', project: null, startedAt: null };

const ROOT = '.local/share/opencode';
const AT = 1777629600000;
const UID = 'opencode:ses_1';

/** Where a record is. */
const WHERES = ['tree', 'database', 'both'] as const;
type Where = (typeof WHERES)[number];

/** A session of turns, each a prompt and an answer of one part; where each message and part of it is. */
interface Mix {
  readonly session: Where;
  readonly messages: readonly Where[];
  readonly parts: readonly Where[];
  readonly isOldest: boolean;
}

const textOf = (n: number) => (n % 2 === 0 ? `prompt word${n}` : `answer word${n}`);
const isIn = (place: 'tree' | 'database', where: Where) => where === place || where === 'both';

const RECORDS = {
  session: { directory: '/home/me/project', title: 'Greets', version: '1.1.0' },
  message: (n: number) =>
    n % 2 === 0
      ? { role: 'user', time: { created: AT + n * 1000 } }
      : {
          role: 'assistant',
          modelID: 'm',
          time: { created: AT + n * 1000 },
          tokens: { input: 3, output: 11, reasoning: 2, cache: { read: 7, write: 5 } },
        },
  part: (n: number) => ({ type: 'text', text: textOf(n) }),
};
const ids = (n: number) => ({ message: `msg_${n}`, part: `prt_${n}` });

class Migration extends World {
  readonly #database: Database;

  constructor() {
    super();
    const path = join(this.home, ROOT, 'opencode.db');
    mkdirSync(dirname(path), { recursive: true });
    this.#database = new Database(path);
    for (const statement of OPENCODE_SCHEMA) this.#database.run(statement);
  }

  make({ session, messages, parts, isOldest }: Mix): void {
    const files = this.files(isOldest);
    const put = (relPath: string, record: object) =>
      this.put(`${ROOT}/${relPath}`, JSON.stringify(record, null, 2));
    if (isIn('tree', session))
      put(files.session, { id: 'ses_1', ...RECORDS.session, time: { created: AT, updated: AT } });
    if (isIn('database', session)) this.sessionRow();
    for (const [n, where] of messages.entries()) {
      const { message } = ids(n);
      if (isIn('tree', where))
        put(files.message(n), { id: message, sessionID: 'ses_1', ...RECORDS.message(n) });
      if (isIn('database', where)) this.messageRow(n);
    }
    for (const [n, where] of parts.entries()) {
      const { message, part } = ids(n);
      if (isIn('tree', where))
        put(files.part(n), { id: part, sessionID: 'ses_1', messageID: message, ...RECORDS.part(n) });
      if (isIn('database', where)) this.partRow(n);
    }
  }

  files(isOldest: boolean) {
    const above = isOldest ? 'project/home-me/storage/session' : 'storage';
    return {
      session: isOldest ? `${above}/info/ses_1.json` : `${above}/session/p1/ses_1.json`,
      message: (n: number) => `${above}/message/ses_1/${ids(n).message}.json`,
      part: (n: number) => `${above}/part/${isOldest ? 'ses_1/' : ''}${ids(n).message}/${ids(n).part}.json`,
    };
  }

  sessionRow(updated = AT): void {
    this.#run(
      'INSERT OR REPLACE INTO session (id, project_id, slug, directory, title, version, time_created, time_updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      ['ses_1', 'p1', 's', '/home/me/project', 'Greets', '1.1.0', AT, updated],
    );
  }

  messageRow(n: number): void {
    this.#run('INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?)', [
      ids(n).message,
      'ses_1',
      AT + n * 1000,
      AT,
      JSON.stringify(RECORDS.message(n)),
    ]);
  }

  partRow(n: number): void {
    this.#run('INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?)', [
      ids(n).part,
      ids(n).message,
      'ses_1',
      AT + n * 1000,
      AT,
      JSON.stringify(RECORDS.part(n)),
    ]);
  }

  /** The migration ends. */
  finish(turns: number): void {
    this.sessionRow();
    for (let n = 0; n < turns; n++) {
      this.messageRow(n);
      this.partRow(n);
    }
  }

  #run(sql: string, values: readonly (string | number)[]): void {
    this.#database.query(sql).run(...(values as never[]));
  }

  dropTree(): void {
    for (const folder of ['storage', 'project'])
      rmSync(join(this.home, ROOT, folder), { recursive: true, force: true });
  }

  get text(): string {
    return this.stored(UID).toString();
  }

  get digest(): Digest {
    return JSON.parse(this.digestJson(UID));
  }

  expectAllTold(turns: number): void {
    const said = Array.from({ length: turns }, (_, n) => textOf(n));
    for (const text of said) expect([text, this.text.split(text).length - 1]).toEqual([text, 1]);
    const { prompts, outcome, tokens, records } = this.digest;
    expect(prompts.map(({ text }) => text)).toEqual(said.filter((_, n) => n % 2 === 0));
    expect(outcome).toBe(said.findLast((_, n) => n % 2 === 1) ?? null);
    expect(tokens.output).toBe(Math.floor(turns / 2) * 13);
    expect(records.unknown).toEqual({});
  }

  override [Symbol.dispose](): void {
    this.#database.close();
    super[Symbol.dispose]();
  }
}

/** Each run has a store of its own: on a crowded machine many of them take a while. */
const PROPERTY_MS = 60_000;
const TURNS = 4;
const where = fc.constantFrom(...WHERES);
const list = fc.array(where, { minLength: TURNS, maxLength: TURNS });
/** Something is in the database, else there is nothing to mix. */
const mix = fc
  .record({ session: where, messages: list, parts: list, isOldest: fc.boolean() })
  .filter(({ session, messages, parts }) => [session, ...messages, ...parts].some((each) => each !== 'tree'));

describe('a migration that was stopped anywhere', () => {
  test(
    'has all that was said stored once and told once, whatever lies where',
    async () => {
      await fc.assert(
        fc.asyncProperty(mix, async (each) => {
          using world = new Migration();
          world.make(each);
          expect(await world.ingest()).toMatchObject({ sessions_new: 1, analyzed: 1, warnings: [] });
          expect(
            [...listSessions(world.db)].map(({ uid, title, project }) => [uid as string, title, project]),
          ).toEqual([[UID, 'Greets', '/home/me/project']]);
          world.expectAllTold(TURNS);
          expect(await world.ingest()).toMatchObject({ files_read: 0, sessions_unchanged: 1 });
        }),
        { numRuns: 40 },
      );
    },
    PROPERTY_MS,
  );

  test(
    'changes nothing in the store when the tree goes away, and loses nothing when the session goes on then',
    async () => {
      await fc.assert(
        fc.asyncProperty(mix, fc.boolean(), async (each, goesOn) => {
          using world = new Migration();
          world.make(each);
          await world.ingest();
          const before = world.text;
          world.dropTree();
          expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_grown: 0, warnings: [] });
          expect(await world.ingest({ full: true })).toMatchObject({
            sessions_new: 0,
            sessions_grown: 0,
            warnings: [],
          });
          expect(world.text).toBe(before);
          if (!goesOn) return;
          world.messageRow(TURNS);
          world.partRow(TURNS);
          if (each.session !== 'tree') world.sessionRow(AT + 1000);
          expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_grown: 1, warnings: [] });
          world.expectAllTold(TURNS + 1);
        }),
        { numRuns: 25 },
      );
    },
    PROPERTY_MS,
  );

  test(
    'doubles nothing when it ends later, with the tree or without it',
    async () => {
      await fc.assert(
        fc.asyncProperty(mix, fc.boolean(), async (each, isTreeGone) => {
          using world = new Migration();
          world.make(each);
          await world.ingest();
          world.finish(TURNS);
          if (isTreeGone) world.dropTree();
          expect((await world.ingest()).warnings).toEqual([]);
          world.expectAllTold(TURNS);
          expect(await world.ingest()).toMatchObject({ files_read: 0, sessions_unchanged: 1 });
        }),
        { numRuns: 40 },
      );
    },
    PROPERTY_MS,
  );

  test('keeps what was stored of the tree before it began, when the tree is gone before it ended', async () => {
    using world = new Migration();
    const all = (each: Where) => Array.from({ length: TURNS }, () => each);
    world.make({ session: 'tree', messages: all('tree'), parts: all('tree'), isOldest: false });
    await world.ingest();
    world.make({ session: 'database', messages: all('database'), parts: [], isOldest: false });
    world.dropTree();
    await world.ingest();
    world.expectAllTold(TURNS);
  });

  test('leaves an evicted session evicted, when nothing but its tree goes', async () => {
    using world = new Migration();
    world.make({
      session: 'database',
      messages: ['database', 'tree'],
      parts: ['tree', 'database'],
      isOldest: false,
    });
    await world.ingest();
    await world.sweepAway(UID);
    world.dropTree();
    expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_grown: 0 });
    expect([...listSessions(world.db)][0]?.evictedAt).not.toBeNull();
  });

  test(
    'gives opencode’s own import every message with its parts',
    async () => {
      await fc.assert(
        fc.asyncProperty(mix, async (each) => {
          using world = new Migration();
          world.make(each);
          await world.ingest();
          const text = [
            ...(opencode.takesBack?.content([...wholeLines([world.stored(UID)])], TARGET) ?? []),
          ].join('');
          const { info, messages } = JSON.parse(text);
          expect(info).toMatchObject({ id: 'ses_1', title: 'Greets' });
          const told = messages.map((one: { info: { id: string }; parts: { text: string }[] }) => [
            one.info.id,
            one.parts.map((part) => part.text),
          ]);
          expect(told.sort()).toEqual(Array.from({ length: TURNS }, (_, n) => [ids(n).message, [textOf(n)]]));
        }),
        { numRuns: 30 },
      );
    },
    PROPERTY_MS,
  );
});

test('a session that is whole in the database has nothing of the tree that was left behind', async () => {
  using world = new Migration();
  const both = ['both', 'both'] as const;
  world.make({ session: 'both', messages: both, parts: both, isOldest: false });
  world.put(`${ROOT}/storage/session_diff/ses_1.json`, '[]');
  world.put(`${ROOT}/storage/todo/ses_1.json`, '[]');
  await world.ingest();
  expect(world.text).not.toContain('{"file":');
  const before = world.text;
  world.dropTree();
  expect(await world.ingest()).toMatchObject({ files_read: 0 });
  expect(world.text).toBe(before);
});

test('a part of the tree is stored as the bytes that it is', async () => {
  using world = new Migration();
  world.make({ session: 'database', messages: ['database'], parts: ['tree'], isOldest: false });
  await world.ingest();
  const lines = world.text
    .split('\n')
    .flatMap((line) => (line.startsWith('{"file":') ? [JSON.parse(line)] : []));
  const file = world.files(false).part(0);
  expect(lines).toEqual([{ file, text: readFileSync(join(world.home, ROOT, file), 'utf8') }]);
});
