/** A home with opencode's database in it, for tests of what may be wrong with it; and what must hold in each of them. */
import { Database } from 'bun:sqlite';
import { expect } from 'bun:test';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPENCODE_SCHEMA } from '../agents/samples/opencode.ts';
import { World } from './bench-world.ts';
import { expectRows } from './stored-rows.ts';

const AT = 1777629600000;

export class OpencodeWorld extends World {
  readonly root = join(this.home, '.local/share/opencode');
  readonly path = join(this.root, 'opencode.db');
  readonly #temp = join(this.folder, 'temp');
  readonly #tempBefore = process.env['TMPDIR'];

  constructor() {
    super();
    mkdirSync(this.root, { recursive: true });
    mkdirSync(this.#temp);
    process.env['TMPDIR'] = this.#temp;
  }

  /** The database with its tables. */
  made(schema: readonly string[] = OPENCODE_SCHEMA, mode = 'DELETE', path = this.path): Database {
    const db = new Database(path);
    db.run(`PRAGMA journal_mode = ${mode}`);
    for (const statement of schema) db.run(statement);
    return db;
  }

  /** Ingests, and holds that nothing of the agent's was touched and nothing left in the temporary folder. */
  async look(options: Parameters<World['ingest']>[0] = {}) {
    const before = this.agentFiles();
    const report = await this.ingest(options);
    expect(this.agentFiles()).toEqual(before);
    expect(readdirSync(this.#temp)).toEqual([]);
    return report;
  }

  /** Each file in the agent's folder with its hash. */
  agentFiles(): string[] {
    return readdirSync(this.root, { recursive: true })
      .map(String)
      .filter((name) => lstatSync(join(this.root, name)).isFile())
      .map(
        (name) =>
          `${createHash('md5')
            .update(readFileSync(join(this.root, name)))
            .digest('hex')} ${name}`,
      )
      .sort();
  }

  /** What is stored of the only session is what the database holds now. */
  expectSame(uid: string): void {
    using db = new Database(this.path);
    expectRows(this.stored(uid), db.serialize(), ['project']);
  }

  override [Symbol.dispose](): void {
    if (this.#tempBefore === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = this.#tempBefore;
    super[Symbol.dispose]();
  }
}

/** Puts a session of one prompt and `parts` answers into the database; `text` stands in each. */
export function putSession(db: Database, id: unknown, parts = 2, text = 'hi', at = AT): void {
  const put = (sql: string, ...values: unknown[]) => db.query(sql).run(...(values as never[]));
  const session =
    'INSERT INTO session (id, project_id, slug, directory, title, version, time_created, time_updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?)';
  put(session, id, 'p', 's', '/home/me/project', text, '1', at, at);
  const message =
    'INSERT INTO message (id, session_id, time_created, time_updated, data) VALUES (?, ?, ?, ?, ?)';
  put(message, `${id}_1`, id, at, at, JSON.stringify({ role: 'user', time: { created: at } }));
  put(message, `${id}_2`, id, at + 1, at, JSON.stringify({ role: 'assistant', time: { created: at } }));
  putPart(db, `${id}_p`, `${id}_1`, id, `asked ${text}`, at);
  for (let n = 0; n < parts; n++)
    putPart(db, `${id}_p${String(n).padStart(6, '0')}`, `${id}_2`, id, text, at);
}

export function putPart(
  db: Database,
  id: string,
  message: string,
  session: unknown,
  text: string,
  at = AT,
): void {
  db.query(
    'INSERT INTO part (id, message_id, session_id, time_created, time_updated, data) VALUES (?, ?, ?, ?, ?, ?)',
  ).run(id, message, session as never, at, at, JSON.stringify({ type: 'text', text }));
}
