/**
 * A bucket as this program uses it: sealed objects under the names of `layout.ts`.
 * Promises: nothing leaves this machine that is not sealed, but the format and the wrapped keys; what comes in is opened under its own
 * name or refused; what was written is read back before it is counted on.
 */
import { FailureError, fail } from '../domain/errors.ts';
import { giveUp, sha256 } from '../store/segments.ts';
import type { BucketClient, ListedObject } from './client.ts';
import { COMMIT_BYTES_MAX, type Commit, type CommitThere, commitBytes, readCommit } from './commit.ts';
import { commitName, HEADS, headName, logFolder, objectNamed, PACKS, packName } from './layout.ts';
import { type Effort, PACK_BYTES_MAX, packed, unpacked } from './pack.ts';
import { type MasterKey, seal, sealedBytes, unseal } from './seal.ts';

/** More are not taken: a list is as long as whoever has the bucket wants it to be. */
const MACHINES_MAX = 10_000;
const COMMITS_MAX = 10_000_000;
/** A number and a line break. */
const HEAD_BYTES_MAX = 32;

export class Bucket {
  readonly client: BucketClient;
  readonly #master: MasterKey;

  constructor(client: BucketClient, master: MasterKey) {
    this.client = client;
    this.#master = master;
  }

  async sealedPack(id: string, plain: Uint8Array, effort: Effort): Promise<Uint8Array> {
    return await seal(this.#master, packName(id), await packed(plain, effort));
  }

  /** Writes a sealed pack and reads it back. */
  async putPack(id: string, sealed: Uint8Array): Promise<void> {
    const name = packName(id);
    if ((await this.client.create(name, sealed)) === 'exists') throw taken(name);
    if (await this.client.holds(name, sealed)) return;
    throw fail(
      'unreachable',
      `${name} did not come back from the bucket as it was written`,
      'Nothing counts on it. Run `session-memory remote sync` again; if it stays so, do not use this service.',
    );
  }

  /** The plain bytes of a pack; null where it is not there. */
  async pack(id: string): Promise<Uint8Array | null> {
    const name = packName(id);
    const sealed = await this.client.get(name, sealedBytes(name, PACK_BYTES_MAX));
    if (sealed === null) return null;
    const data = await unseal(this.#master, name, sealed);
    giveUp(sealed);
    const plain = await unpacked(name, data);
    giveUp(data);
    return plain;
  }

  /** The ids of all packs: a request for a thousand. None is held: whoever has the bucket may put very many there. */
  async *packs(): AsyncGenerator<string> {
    for await (const { name } of this.client.list(PACKS)) {
      const id = objectNamed(name)?.pack;
      if (id != null) yield id;
    }
  }

  async sealedCommit(commit: Omit<Commit, 'version'>): Promise<Uint8Array> {
    return await seal(this.#master, commitName(commit.machine, commit.number), commitBytes(commit));
  }

  async commit(machine: string, number: number): Promise<CommitThere | null> {
    const name = commitName(machine, number);
    const sealed = await this.client.get(name, COMMIT_BYTES_MAX);
    if (sealed === null) return null;
    const commit = readCommit(await unseal(this.#master, name, sealed), machine, number);
    return { ...commit, sealed: hashOf(sealed) };
  }

  /** Returns its ETag. */
  async putHead(machine: string, next: number): Promise<string | null> {
    const name = headName(machine);
    return await this.client.replace(name, await seal(this.#master, name, Buffer.from(`${next}\n`)));
  }

  /** How many commits a machine's head tells of; null where there is none. */
  async head(machine: string): Promise<number | null> {
    const name = headName(machine);
    const sealed = await this.client.get(name, sealedBytes(name, HEAD_BYTES_MAX));
    return sealed === null ? null : Number(Buffer.from(await unseal(this.#master, name, sealed)).toString());
  }

  /** The same where one that cannot be opened tells nothing. */
  async headOrNone(machine: string): Promise<number | null> {
    try {
      return await this.head(machine);
    } catch (thrown) {
      if (thrown instanceof FailureError && thrown.failure.code === 'corrupt') return null;
      throw thrown;
    }
  }

  /** Each machine's head, by its ETag: one request for a thousand machines. */
  async heads(): Promise<Map<string, string>> {
    const heads = new Map<string, string>();
    for await (const { name, etag } of this.client.list(HEADS)) {
      const machine = objectNamed(name)?.machine;
      if (machine != null) heads.set(machine, etag);
      if (heads.size > MACHINES_MAX) throw tooMany(HEADS);
    }
    return heads;
  }

  /** Numbers of the commits that are there from one on, rising. */
  async numbers(machine: string, from: number): Promise<number[]> {
    const numbers: number[] = [];
    const after = from === 0 ? null : commitName(machine, from - 1);
    for await (const { name } of this.client.list(logFolder(machine), after)) {
      const number = objectNamed(name)?.number;
      if (number != null) numbers.push(number);
      if (numbers.length > COMMITS_MAX) throw tooMany(logFolder(machine));
    }
    return numbers;
  }

  list(folder: string): AsyncGenerator<ListedObject> {
    return this.client.list(folder);
  }
}

/** In hex, as a commit names the one before. */
export function hashOf(sealed: Uint8Array): string {
  return Buffer.from(sha256(sealed)).toString('hex');
}

function tooMany(folder: string): FailureError {
  return fail(
    'corrupt',
    `the bucket lists more objects below ${folder} than can be`,
    'Somebody else writes there: look at who may. Nothing of it was taken.',
  );
}

function taken(name: string): FailureError {
  return fail(
    'failed',
    `${name} is in the bucket already, and is another one`,
    'Run `session-memory remote sync` again.',
  );
}
