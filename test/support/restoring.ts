/** A throw-away home for restores by the command line: one session of Claude Code with a spilled tool result. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { claudePath, promptLine } from './bench-world.ts';
import { runIn } from './runtime.ts';

export const ID = '81000000-0000-4000-8000-000000000001';
export const UID = `claude-code:${ID}`;
export const turns = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => promptLine(ID, `turn ${from + i}`)).join('');

export class RestoreHome implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'session-memory-restoring-'));
  readonly main = join(this.path, claudePath(ID));
  readonly spilled = join(this.path, `.claude/projects/-home-me-project/${ID}/tool-results/toolu_01.txt`);

  static async stored(transcript = turns(0, 20)): Promise<RestoreHome> {
    const home = new RestoreHome();
    home.write(home.main, transcript);
    home.write(home.spilled, 'a long answer\nof two lines\n');
    await home.must('ingest');
    return home;
  }

  write(path: string, content: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }

  read(path: string): string {
    return readFileSync(path, 'utf8');
  }

  run(...args: string[]) {
    return runIn(this.path, ['--store', join(this.path, 'store', 's.db'), ...args]);
  }

  /** The same, which must succeed. */
  async must(...args: string[]) {
    const told = await this.run(...args);
    if (told.code !== 0) throw new Error(`${args.join(' ')} exits ${told.code}: ${told.err}${told.out}`);
    return told;
  }

  async json(...args: string[]) {
    return JSON.parse((await this.run(...args, '--json')).out);
  }

  /** What a version of the transcript was. */
  async raw(...args: string[]): Promise<string> {
    return (await this.must('show', ID, '--raw', ...args)).bytes.toString();
  }

  /** Files below the agent's folder, by their names. */
  files(folder = join(this.path, '.claude')): string[] {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(folder, name)).isFile(),
    );
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
