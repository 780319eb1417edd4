/** Homes that share one bucket: the real program in each, and a bucket's service of our own. */
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity } from 'age-encryption';
import type { z } from 'zod';
import * as remote from '../../src/cli/schemas.remote.ts';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from './bench-world.ts';
import type { ModelBucket } from './model-bucket.ts';
import { Program, type Result } from './program.ts';

/** One for all tests: making one takes no time, but each file of it would be another. */
const IDENTITY = await generateX25519Identity();

export const id = (n: number) => `7000000${n}-0000-4000-8000-000000000000`;
export const uid = (n: number) => `claude-code:${id(n)}`;

export class Machine extends Program {
  readonly name: string;
  readonly key: string;
  readonly model: ModelBucket;

  constructor(model: ModelBucket, name: string, binary?: string) {
    super(binary);
    this.name = name;
    this.model = model;
    this.key = join(this.folder, 'key.txt');
    writeFileSync(this.key, `${IDENTITY}\n`);
    this.env = { ...model.env, SESSION_MEMORY_NOW: '2026-05-10T00:00:00.000Z' };
  }

  /** The first one of a bucket makes it ready, each other one joins it. */
  static async joined(model: ModelBucket, name: string, binary?: string): Promise<Machine> {
    const machine = new Machine(model, name, binary);
    const action = model.names().some((key) => key.endsWith('format')) ? 'add' : 'init';
    const told = await machine.setUp(action);
    if (told.code !== 0) throw new Error(told.err);
    return machine;
  }

  setUp(action: 'init' | 'add', ...more: string[]): Promise<Result> {
    const place = ['s3://model/some', '--endpoint', this.model.endpoint, '--key-file', this.key];
    return this.run('remote', action, ...place, '--name', this.name, ...more);
  }

  write(n: number, text: string, at = `2026-05-0${n}T00:00:00.000Z`): void {
    this.put(claudePath(id(n)), promptLine(id(n), text, at));
  }

  async ok(...args: string[]): Promise<Result> {
    const told = await this.run(...args);
    if (told.code !== 0)
      throw new Error(`${this.name}: ${args.join(' ')}: exit ${told.code}\n${told.out}${told.err}`);
    return told;
  }

  async sync(): Promise<z.output<typeof remote.remoteSyncSchema>> {
    return remote.remoteSyncSchema.parse((await this.ok('remote', 'sync', '--json')).json());
  }

  /** What a sweep tells, and its exit code. */
  async report(...args: string[]) {
    const told = await this.run(...args, '--json');
    return { code: told.code, ...schemas.reportSchema.parse(told.json()) };
  }

  async listed() {
    return schemas.listSchema.parse((await this.ok('list', '--json')).json()).sessions;
  }
}

/** Hardly compresses: it lies in packs of a piece each. */
export function randomText(bytes: number): string {
  const parts: string[] = [];
  for (let left = bytes; left > 0; left -= 64_000)
    parts.push(Buffer.from(crypto.getRandomValues(new Uint8Array(48_000))).toString('base64'));
  return parts.join('');
}

export const longText = (n: number, bytes: number) =>
  promptLine(id(n), 'begin') + promptLine(id(n), randomText(bytes));

/** Session 1 evicted here, and its own file gone. */
export async function evicted(model: ModelBucket, text: string, binary?: string): Promise<Machine> {
  const laptop = await Machine.joined(model, 'laptop', binary);
  laptop.put(claudePath(id(1)), text);
  await laptop.ok('ingest');
  await laptop.sync();
  await laptop.ok('evict', id(1), '--yes');
  rmSync(join(laptop.home, claudePath(id(1))));
  return laptop;
}

export const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
