/**
 * Counts how far a person's configuration fits the records, and says which key does not.
 * Promises: bounded memory; names of members and roles are only repeated where they are plain.
 */
import { type OwnFormat, ownValue } from '../../domain/own-format.ts';
import type { JsonRecord } from '../kit/json-lines.ts';

const NAMES_MAX = 8;
const ROLES_MAX = 100;
const SIDES = ['user', 'assistant'] as const;
const WHOSE = { user: 'of a person', assistant: 'of the agent' } as const;
/** Names of members and roles; what else a transcript puts in their place is not repeated. */
const PLAIN = /^[A-Za-z_][\w./:-]{0,40}$/;

type Side = 'user' | 'assistant';

export class OwnTally {
  readonly #id: string;
  readonly #own: OwnFormat;
  #records = 0;
  #hasRoles = false;
  /** Records of each side, and those of them in which something was said. */
  readonly #met: Record<Side, number> = { user: 0, assistant: 0 };
  readonly #said: Record<Side, number> = { user: 0, assistant: 0 };
  /** Members of the first record. */
  #members: readonly string[] = [];
  /** Roles that no key names, with how many records have each. */
  readonly #others = new Map<string, number>();

  constructor(id: string, own: OwnFormat) {
    this.#id = id;
    this.#own = own;
  }

  /** `side` null: a result, an instruction, or none that a key names (`isOther`). */
  record(record: JsonRecord, role: string | null, side: Side | null, isOther: boolean): void {
    if (this.#records++ === 0) this.#members = Object.keys(record).slice(0, 100);
    if (side !== null) this.#met[side]++;
    this.#hasRoles ||= role !== null;
    if (role === null || !isOther) return;
    // A wrong place may hold megabytes: only what could be a name is remembered.
    const name = PLAIN.test(role) ? role : '';
    if (this.#others.has(name) || this.#others.size < ROLES_MAX)
      this.#others.set(name, (this.#others.get(name) ?? 0) + 1);
  }

  said(side: Side): void {
    this.#said[side]++;
  }

  /** Why what was read makes no digest; null where it does. A side may be silent where no record could be its. */
  trouble(): string | null {
    const [users, answers] = [this.#said.user, this.#said.assistant];
    if (this.#records === 0 || (users > 0 && answers > 0)) return null;
    const mute = SIDES.find((side) => this.#met[side] > 0 && this.#said[side] === 0);
    if (mute !== undefined) return `no record ${WHOSE[mute]} in ${this.#records} has ${this.#key('text')}`;
    if (users > 0 || answers > 0)
      return this.#others.size === 0 ? null : this.#unnamed(users > 0 ? ['assistant'] : ['user']);
    if (this.#others.size > 0) return this.#unnamed(['user', 'assistant']);
    if (this.#hasRoles) return `nothing but instructions and results of tools in ${this.#records} records`;
    return `no record of ${this.#records} has ${this.#key('role')}; the first has ${plain(this.#members)}`;
  }

  #unnamed(sides: readonly Side[]): string {
    const keys = sides.map((side) => this.#key(side)).join(' or ');
    const most = [...this.#others].sort(([, a], [, b]) => b - a).map(([role]) => role);
    const whose = sides.map((side) => WHOSE[side]).join(' or ');
    return `no record ${whose} in ${this.#records}: ${this.#key('role')} is ${plain(most)}, none of ${keys}`;
  }

  /** A key and what it is now: `agents.mine.role ("who")`. */
  #key(key: 'role' | 'text' | Side): string {
    return `agents.${this.#id}.${key} (${ownValue(this.#own, key).join(', ')})`;
  }
}

function plain(names: readonly string[]): string {
  const shown = names.filter((name) => PLAIN.test(name)).slice(0, NAMES_MAX);
  return shown.length === 0
    ? 'no plain name'
    : `${shown.join(', ')}${names.length > shown.length ? ', …' : ''}`;
}
