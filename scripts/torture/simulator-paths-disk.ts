/**
 * Transcripts as lists of turns: what agents wrote, kept by conversation and not by path or id, and how it stands on the disk.
 * Promises: each record has a number of its own, which every writing of it shows; so what a file says can be read off its bytes.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { noiseOf } from './random.ts';
import type { Form } from './simulator-paths-history.ts';

export type Agent = 'claude' | 'codex';

/** Somebody's conversation, or one way that it went on after its transcript was copied. */
export interface Branch {
  readonly agent: Agent;
  readonly id: string;
  /** What it was before it was copied; null: it began so. */
  readonly from: Branch | null;
}

/** One line. */
export interface Turn {
  readonly number: number;
  readonly branch: Branch;
  /** Null: its record has no time. */
  readonly at: string | null;
  readonly cwd: string;
  /** `meta`: a line that nobody said. */
  readonly kind: 'turn' | 'meta';
  readonly record: Json;
}

export interface File {
  branch: Branch;
  /** Below the home. */
  path: string;
  turns: readonly Turn[];
  form: Form;
  /** What happened to it since an ingest last saw it whole. Who moves what was rewritten leaves no trace of whose it is. */
  since: 'new' | 'nothing' | 'moved' | 'exchanged' | 'rewritten';
  /** What it said when an ingest last saw it; null: none has. */
  seen: readonly number[] | null;
}

type Json = { readonly [key: string]: unknown };

export const root = (branch: Branch): Branch => (branch.from === null ? branch : root(branch.from));

/** Whether one of two branches went on from the other, or they are one. */
export function isOneLine(a: Branch, b: Branch): boolean {
  const isWithin = (one: Branch, other: Branch): boolean =>
    one === other || (one.from !== null && isWithin(one.from, other));
  return isWithin(a, b) || isWithin(b, a);
}

export function bytesOf({ turns, form, branch }: Pick<File, 'turns' | 'form' | 'branch'>): Buffer {
  return Buffer.from(turns.map(({ record }, n) => `${written(record, form, n, branch.agent)}\n`).join(''));
}

function written(record: Json, form: Form, n: number, agent: Agent): string {
  switch (form) {
    case 'plain':
      return JSON.stringify(record);
    case 'spaced':
      return JSON.stringify(record, null, 1).replace(/\n\s*/g, ' ');
    case 'reversed':
      return JSON.stringify(reversed(record));
    case 'ordinal': {
      const { timestamp, ...rest } = record;
      return JSON.stringify(agent === 'codex' ? { timestamp, ordinal: n, ...rest } : record);
    }
    default:
      return form satisfies never;
  }
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

/** Numbers of the records in their order, whatever they are written like; a line without one is -1. */
export function saidIn(bytes: Uint8Array): number[] {
  const text = Buffer.from(bytes).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => Number(/record-(\d+)-/.exec(line)?.[1] ?? -1));
}

export function beginsWith(all: readonly number[], start: readonly number[]): boolean {
  return start.length <= all.length && start.every((number, i) => number === all[i]);
}

export const isSame = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && beginsWith(a, b);

/** What agents and people have on one disk. */
export class Disk {
  readonly files: File[] = [];
  readonly turns = new Map<number, Turn>();
  readonly #home: string;
  #ids = 0;
  #folders = 0;

  constructor(home: string) {
    this.#home = home;
  }

  turn(branch: Branch, kind: Turn['kind'], at: string, cwd: string): Turn {
    const number = this.turns.size + 1;
    const isTimed = branch.agent === 'codex' || kind === 'turn';
    const record = recordOf(branch, kind, number, at, cwd);
    const turn: Turn = { number, branch, at: isTimed ? at : null, cwd, kind, record };
    this.turns.set(number, turn);
    return turn;
  }

  newBranch(agent: Agent): Branch {
    this.#ids += 1;
    return { agent, id: `5e000000-0000-4000-8000-${String(this.#ids).padStart(12, '0')}`, from: null };
  }

  /** A place for a file of this branch that no file has. */
  newPath({ agent, id }: Branch): string {
    this.#folders += 1;
    const n = this.#folders;
    const day = String((n % 28) + 1).padStart(2, '0');
    const month = String((Math.floor(n / 28) % 12) + 1).padStart(2, '0');
    return agent === 'claude'
      ? `.claude/projects/-p${n}/${id}.jsonl`
      : `.codex/sessions/2026/${month}/${day}/rollout-2026-${month}-${day}T00-00-00-${id}.jsonl`;
  }

  /** Beside the file, under the name that a synced folder gives to what it cannot bring together. */
  conflictPath({ path }: File): string {
    this.#folders += 1;
    return path.replace(/(?: \(conflicted copy \d+\))?\.jsonl$/, ` (conflicted copy ${this.#folders}).jsonl`);
  }

  pathOf({ path }: Pick<File, 'path'>): string {
    return join(this.#home, path);
  }

  add(file: Omit<File, 'since' | 'seen'>): void {
    const added: File = { ...file, since: 'new', seen: null };
    this.files.push(added);
    this.write(added);
  }

  /** As a program writes a file anew: in its place, so that it stays the same one. */
  write(file: File): void {
    mkdirSync(dirname(this.pathOf(file)), { recursive: true });
    writeFileSync(this.pathOf(file), bytesOf(file));
  }

  move(file: File, path: string): void {
    const from = this.pathOf(file);
    file.path = path;
    mkdirSync(dirname(this.pathOf(file)), { recursive: true });
    renameSync(from, this.pathOf(file));
  }

  swap(one: File, other: File): void {
    const [a, b] = [one.path, other.path];
    this.move(one, `${a}.tmp`);
    this.move(other, a);
    this.move(one, b);
  }

  remove(file: File): void {
    this.files.splice(this.files.indexOf(file), 1);
    rmSync(this.pathOf(file));
  }
}

function recordOf(
  { agent, id }: Branch,
  kind: Turn['kind'],
  number: number,
  timestamp: string,
  cwd: string,
): Json {
  const text = `record-${number}- ${noiseOf(number, 60 + ((number * 37) % 200))}`;
  if (agent === 'claude') {
    if (kind === 'meta') return { type: 'mode', mode: `record-${number}-`, sessionId: id };
    const head = { type: 'user', sessionId: id, cwd, version: '2.1.0', uuid: `u${number}` };
    return { ...head, timestamp, message: { role: 'user', content: text } };
  }
  const meta = { id, timestamp, cwd, cli_version: '0.1.0', originator: `record-${number}-` };
  if (kind === 'meta') return { timestamp, type: 'session_meta', payload: meta };
  const payload = { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
  return { timestamp, type: 'response_item', payload };
}
