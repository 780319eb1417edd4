/** A throw-away home with sessions of every state, for what a person does by hand. */
import { expect } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from './bench-world.ts';
import { type Circumstances, runIn } from './runtime.ts';

export const id = (n: number) => `7000000${n}-0000-4000-8000-000000000000`;
export const uid = (n: number) => `claude-code:${id(n)}`;

/** 1 and 2 analyzed, 3 un-analyzed, 4 analyzed and pinned. */
export class Home implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'session-memory-by-hand-'));
  store = join(this.path, 'store', 's.db');

  static async stored(): Promise<Home> {
    const home = new Home();
    for (const n of [1, 2, 4]) home.put(n);
    expect((await home.run(['ingest'])).code).toBe(0);
    home.put(3);
    expect((await home.run(['ingest', '--no-analyze'])).code).toBe(0);
    expect((await home.run(['pin', id(4)])).code).toBe(0);
    return home;
  }

  put(n: number): void {
    this.write(claudePath(id(n)), promptLine(id(n), `hello ${n}`, `2026-05-0${n}T00:00:00.000Z`));
  }

  write(relPath: string, content: string): void {
    const path = join(this.path, relPath);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }

  run(args: readonly string[], given: Circumstances = {}) {
    return runIn(this.path, ['--store', this.store, ...args], {
      ...given,
      env: { SESSION_MEMORY_NOW: '2026-05-10T00:00:00.000Z' },
    });
  }

  async states(): Promise<Record<string, string>> {
    const { sessions } = schemas.listSchema.parse(JSON.parse((await this.run(['list', '--json'])).out));
    return Object.fromEntries(sessions.map(({ session_uid, state }) => [session_uid.slice(12, 20), state]));
  }

  async events(): Promise<string[]> {
    const { events } = schemas.historySchema.parse(JSON.parse((await this.run(['history', '--json'])).out));
    return events.map(({ kind, session_uid, reason }) => `${kind} ${session_uid} ${reason}`);
  }

  bytes(): string {
    const folder = dirname(this.store);
    const names = readdirSync(folder).filter((name) => !name.endsWith('-shm'));
    return names
      .map((name) => [name, readFileSync(join(folder, name))] as const)
      .filter(([, bytes]) => bytes.length > 0)
      .map(([name, bytes]) => `${name} ${Bun.hash(bytes)}`)
      .join('\n');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
