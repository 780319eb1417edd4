/** Stores that share one bucket, in this process: each a home, a store and an identity of its own. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity } from 'age-encryption';
import { importArrivals, spoolFor } from '../../src/archive/import.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { bucketAddress } from '../../src/remote/address.ts';
import { Arriving } from '../../src/remote/arriving.ts';
import { Bucket } from '../../src/remote/bucket.ts';
import { BucketClient, WAITS } from '../../src/remote/client.ts';
import { type Collected, collect } from '../../src/remote/collect.ts';
import { bytesOf, fetched } from '../../src/remote/fetch.ts';
import { wrapped } from '../../src/remote/keys.ts';
import { keyName, newId } from '../../src/remote/layout.ts';
import { Packs } from '../../src/remote/packs.ts';
import { masterKey } from '../../src/remote/seal.ts';
import { mustStillBeThere, type SyncReport, sync } from '../../src/remote/sync.ts';
import { verifyBucket } from '../../src/remote/verify.ts';
import type { ReadableDb } from '../../src/store/connection.ts';
import { openWritable } from '../../src/store/open.ts';
import { openPassingRows } from '../../src/store/passing.ts';
import { filesOf } from '../../src/store/read.ts';
import { joinBucket, machines, remoteState, type StoredBytes } from '../../src/store/remote/state.ts';
import { fileChunks } from '../../src/store/segments.ts';
import { World } from './bench-world.ts';
import { KEY_ID, type ModelBucket, REGION, SECRET } from './model-bucket.ts';

const MASTER = await masterKey(Buffer.alloc(32, 7));
export const BUCKET_ID = 'b0'.repeat(16);
const LOCK = {
  kind: 'file',
  path: '',
  recipients: [],
  identities: [await generateX25519Identity()],
} as const;
const WRAPPED = await wrapped({ bucket: BUCKET_ID, master: Buffer.alloc(32, 7) }, LOCK);
const NEVER = new AbortController().signal;

export function bucketIn(model: ModelBucket, signal = NEVER): Bucket {
  const address = bucketAddress({
    url: 's3://model',
    endpoint: model.endpoint,
    region: REGION,
    pathStyle: true,
  });
  const waits = { ...WAITS, silenceMs: 5000, firstPauseMs: 1, longestPauseMs: 2, tries: 4 };
  return new Bucket(
    new BucketClient(address, { keyId: KEY_ID, secret: SECRET, token: null }, { signal, waits }),
    MASTER,
  );
}

export class RemoteWorld extends World {
  readonly name: string;
  readonly model: ModelBucket;

  constructor(model: ModelBucket, name: string) {
    super();
    this.name = name;
    this.model = model;
    if (!model.objects.has('format')) {
      model.put(
        'format',
        Buffer.from(JSON.stringify({ format: 'session-memory remote', version: 1, bucket: BUCKET_ID })),
      );
      model.put(keyName('cc'.repeat(16)), WRAPPED);
    }
    joinBucket(this.db, BUCKET_ID, newId());
  }

  get id(): string {
    return remoteState(this.db)?.machine ?? '';
  }

  async sync(
    signal = NEVER,
    logsMost?: number,
    commitBytes?: number,
  ): Promise<SyncReport & { requests: number }> {
    const bucket = bucketIn(this.model, signal);
    const report = await sync({
      db: this.db,
      bucket,
      name: this.name,
      now: () => this.now,
      signal,
      formatOf: () => null,
      progress: () => undefined,
      reading: () => undefined,
      ...(logsMost === undefined ? {} : { logsMost }),
      ...(commitBytes === undefined ? {} : { commitBytes }),
    });
    return { ...report, requests: bucket.client.traffic.requests };
  }

  /** The same, and what nobody needs goes. */
  async collect(): Promise<Collected> {
    return await collect({
      db: this.db,
      bucket: bucketIn(this.model),
      name: this.name,
      now: () => this.now,
      signal: NEVER,
      formatOf: () => null,
      progress: () => undefined,
      reading: () => undefined,
    });
  }

  /** A look whether the packs are there still, as before an eviction. */
  async lookedAfter(): Promise<readonly string[]> {
    return await mustStillBeThere({ db: this.db, bucket: bucketIn(this.model) });
  }

  later(days: number): void {
    this.now = new Date(Date.parse(this.now) + days * 86_400_000).toISOString() as Iso;
  }

  async verified() {
    const state = remoteState(this.db);
    const read = new Map([
      [state?.machine ?? '', state?.next ?? 0],
      ...machines(this.db).map((one) => [one.machine, one.read] as const),
    ]);
    const last = [...machines(this.db), ...(state === null ? [] : [state])].flatMap(
      ({ machine, last: hash }) => (hash === null ? [] : [[machine, hash] as const]),
    );
    return await verifyBucket({
      last: new Map(last),
      id: BUCKET_ID,
      bucket: bucketIn(this.model),
      read,
      signal: NEVER,
      progress: () => undefined,
    });
  }

  /**
   * A session's transcript out of the bucket, through every check of an import; a sentence where it cannot be had. `read`: what of it, if
   * not the present version.
   */
  async fetch(uid: string, read: Read = fileChunks): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'session-memory-fetched-'));
    try {
      const [state, ...others] = bytesOf(this.db, uid as SessionUid);
      if (state === undefined) return 'not in the bucket';
      if (others.length > 0) return await this.#merged(folder, uid, [state, ...others], read);
      using arriving = new Arriving({
        packs: new Packs(bucketIn(this.model)),
        db: openPassingRows(join(folder, 's.db')),
        formatOf: () => null,
        now: () => this.now,
        signal: NEVER,
      });
      const failed = await arriving.rows([{ uid: uid as SessionUid, state }]);
      for (const why of failed.values()) throw why;
      await arriving.bytes(uid as SessionUid, () => undefined);
      return transcriptIn(arriving.db, uid, read);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Out of all states that there are of it, put together. */
  async #merged(folder: string, uid: string, states: readonly StoredBytes[], read: Read): Promise<string> {
    const db = openWritable(join(folder, 's.db'));
    using spool = spoolFor({ read: db });
    try {
      const arrived = fetched(bucketIn(this.model), uid as SessionUid, states, {
        spool,
        progress: () => undefined,
      });
      const report = await importArrivals(
        {
          read: db,
          write: db,
          trusted: true,
          origin: 'x',
          hardCapBytes: Number.MAX_SAFE_INTEGER,
          formatOf: () => null,
          now: () => this.now,
          signal: NEVER,
          progress: () => undefined,
          analyze: async () => false,
        },
        arrived,
      );
      if (report.damaged.length > 0) return `damaged: ${report.damaged[0]?.problem}`;
      return transcriptIn(db, uid, read);
    } finally {
      db.close();
    }
  }

  /** The store as it is now, for `setBack`. */
  image(): string {
    const path = `${this.folder}/image-${crypto.randomUUID()}`;
    this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    copyFileSync(this.db.path, path);
    return path;
  }

  /** The store becomes what it was: a disk image of an older day. */
  setBack(image: string): void {
    const { path } = this.db;
    this.db.close();
    for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true });
    copyFileSync(image, path);
    Object.assign(this, { db: openWritable(path) });
  }
}

type Read = (...of: Parameters<typeof fileChunks>) => Iterable<Uint8Array>;

function transcriptIn(db: ReadableDb, uid: string, read: Read): string {
  const [file] = filesOf(db, uid as SessionUid).filter(({ key }) => key === 'main');
  if (file === undefined) return 'it has no transcript';
  return Buffer.concat([...read(db, uid as SessionUid, file)]).toString();
}
