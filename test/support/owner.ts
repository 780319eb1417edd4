/**
 * A program that holds a database open and writes to it, as an agent at work does. It is a process of its own: what two
 * connections of one process share in memory would look like a change of the files by the one that only reads.
 */
import { join } from 'node:path';

/** Runs a statement a line, and answers each with a line. */
const PROGRAM = `
  const { Database } = require('bun:sqlite');
  const db = new Database(process.argv[1]);
  db.run('PRAGMA journal_mode = WAL');
  console.log('open');
  for await (const line of console) {
    db.run(JSON.parse(line));
    console.log('done');
  }
`;

export class Owner implements AsyncDisposable {
  readonly #child;
  readonly #answers;
  #answered = '';

  private constructor(path: string) {
    this.#child = Bun.spawn([process.execPath, '-e', PROGRAM, path], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
      cwd: join(import.meta.dir, '../..'),
    });
    this.#answers = this.#child.stdout.getReader();
  }

  static async of(path: string): Promise<Owner> {
    const owner = new Owner(path);
    await owner.#answer();
    return owner;
  }

  async run(statement: string): Promise<void> {
    this.#child.stdin.write(`${JSON.stringify(statement)}\n`);
    this.#child.stdin.flush();
    await this.#answer();
  }

  async #answer(): Promise<void> {
    while (!this.#answered.includes('\n')) {
      const { value, done } = await this.#answers.read();
      if (done) throw new Error('the owner of the database is gone');
      this.#answered += Buffer.from(value).toString();
    }
    this.#answered = this.#answered.slice(this.#answered.indexOf('\n') + 1);
  }

  /** Brings the database to what another one is, table by table, in one transaction. */
  async become(from: string, tables: readonly string[]): Promise<void> {
    await this.run(`ATTACH '${from}' AS later`);
    await this.run('BEGIN');
    for (const name of tables) {
      await this.run(`DELETE FROM main."${name}"`);
      await this.run(`INSERT INTO main."${name}" SELECT * FROM later."${name}"`);
    }
    await this.run('COMMIT');
    await this.run('DETACH later');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }
}
