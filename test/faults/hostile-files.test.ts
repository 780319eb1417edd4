/** Files made to do harm: what they are when they are opened, not when they were found; and none is stored by half. */
import { describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { SessionUid } from '../../src/domain/ids.ts';
import { SourceFile } from '../../src/files/source.ts';
import { fileAt, walk } from '../../src/files/walk.ts';
import { analyzeSession } from '../../src/ingest/analyze.ts';
import { RestoreTree } from '../../src/restore/plan.ts';
import type { WritableDb } from '../../src/store/connection.ts';
import { filesOf, findSession, listSessions } from '../../src/store/read.ts';
import { KnownSources } from '../../src/store/read-sources.ts';
import { lentChunks } from '../../src/store/segments.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';
const CODEX = `.codex/sessions/2026/05/01/rollout-2026-05-01T10-00-00-${ID}.jsonl`;
const META = `{"timestamp":"2026-05-01T10:00:00.000Z","type":"session_meta","payload":{"id":"${ID}","cwd":"/p"}}\n`;
const RULES = { skipsFolder: () => false, warn: () => undefined };

async function read(source: SourceFile): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of source.chunks()) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

describe('between finding and opening', () => {
  test('a folder that became a link to elsewhere is not followed', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), promptLine(ID, 'mine'));
    const root = join(world.home, '.claude');
    const [found] = [...walk(root, 'projects', RULES)];
    const elsewhere = join(world.folder, 'elsewhere');
    renameSync(dirname(path), elsewhere);
    symlinkSync(elsewhere, dirname(path));
    expect(() => new SourceFile(path, 'plain', found?.within ?? [])).toThrow('it has come to lie outside');
    expect(await read(new SourceFile(path, 'plain', [elsewhere])), 'the harm was done').toContain('mine');
  });

  test('a file that became a link to elsewhere is not followed, and one within the folder is', async () => {
    using world = new World();
    const secret = join(world.folder, 'secret.jsonl');
    writeFileSync(secret, promptLine(OTHER, 'not yours'));
    const path = world.put(claudePath(ID), promptLine(ID, 'mine'));
    const found = fileAt(path, 'x');
    renameSync(path, `${path}.moved`);
    symlinkSync(secret, path);
    expect(() => new SourceFile(path, 'plain', found?.within ?? [])).toThrow('it has come to lie outside');
    rmSync(path);
    symlinkSync(`${path}.moved`, path);
    using source = new SourceFile(path, 'plain', found?.within ?? []);
    expect(await read(source)).toContain('mine');
  });

  test('a FIFO in the place of a file is refused, and not waited for', () => {
    using world = new World();
    const path = world.put(claudePath(ID), 'x');
    const found = fileAt(path, 'x');
    rmSync(path);
    expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0);
    expect(() => new SourceFile(path, 'plain', found?.within ?? [])).toThrow('not a regular file');
  });

  test('what is appended while a file is read is left to the next run, and makes no crumbs', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), promptLine(ID, 'before'));
    using source = new SourceFile(path, 'plain', null);
    const chunks: Uint8Array[] = [];
    for await (const chunk of source.chunks()) {
      if (chunks.length < 1000) chunks.push(chunk);
      if (chunks.length === 1) appendFileSync(path, 'after '.repeat(100));
    }
    expect(chunks.map((chunk) => Buffer.from(chunk).toString())).toEqual([promptLine(ID, 'before')]);
  });
});

describe('links', () => {
  test('loops and links that lead out are named, and stop no other file', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), promptLine(ID, 'mine'));
    const outside = join(world.folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, `${OTHER}.jsonl`), promptLine(OTHER, 'not yours'));
    symlinkSync(dirname(path), join(dirname(path), 'loop'));
    symlinkSync('self.jsonl', join(dirname(path), 'self.jsonl'));
    symlinkSync('gone.jsonl', join(dirname(path), 'dangling.jsonl'));
    symlinkSync(outside, join(dirname(path), 'out'));
    symlinkSync(join(outside, `${OTHER}.jsonl`), join(dirname(path), `${OTHER}.jsonl`));
    const report = await world.ingest();
    expect(listSessions(world.db).map(({ uid }) => String(uid))).toEqual([`claude-code:${ID}`]);
    for (const name of ['self.jsonl', 'dangling.jsonl', 'out', OTHER])
      expect(report.warnings.filter((text) => text.includes(`/${name}`)).length, name).toBe(1);
    expect(report.failed).toBe(0);
  });
});

describe('names that are not UTF-8', () => {
  test('are kept as they are: stored, known again, and restored to the very same names', async () => {
    using world = new World();
    const root = join(world.home, '.claude');
    const path = (...parts: (string | number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part)));
    world.put(claudePath(ID), promptLine(ID, 'mine'));
    const results = `${root}/projects/-home-me-project/${ID}/tool-results/`;
    mkdirSync(results, { recursive: true });
    // Latin-1, a lone continuation byte, a torn character, and U+EF80 itself, which stands for the byte 0x80 elsewhere.
    const names = [[0x61, 0xe9], [0x80], [0xc3], [0xee, 0xbe, 0x80], [0xf0, 0x9f]];
    for (const name of names) writeFileSync(path(results, name, '.txt'), `result ${name}`);
    writeFileSync(
      path(`${root}/projects/-home-me-project/`, [0xff, 0xfe], '.jsonl'),
      promptLine(OTHER, 'other'),
    );
    mkdirSync(path(`${root}/projects/-q`, [0xe9]));
    const third = ID.replaceAll('1', '3');
    writeFileSync(path(`${root}/projects/-q`, [0xe9], `/${third}.jsonl`), promptLine(third, 'third'));
    expect(await world.ingest()).toMatchObject({ sessions_new: 3, files_read: 8, failed: 0, warnings: [] });
    expect(world.stored(`claude-code:${OTHER}`).toString()).toBe(promptLine(OTHER, 'other'));
    expect(world.stored(`claude-code:${third}`).toString()).toBe(promptLine(third, 'third'));
    expect(await world.ingest()).toMatchObject({ sessions_unchanged: 3, files_read: 0, warnings: [] });

    const to = join(world.folder, 'to');
    const tree = new RestoreTree(to, false);
    for (const file of filesOf(world.db, `claude-code:${ID}` as SessionUid))
      tree.move(
        tree.stage(
          tree.place(file.relPath),
          lentChunks(world.db, `claude-code:${ID}` as SessionUid, file),
          file.sha256,
          'replace',
        ),
      );
    const restored = results.replace(root, to);
    expect(
      readdirSync(restored, { encoding: 'buffer' })
        .map((name) => name.toString('hex'))
        .sort(),
    ).toEqual(names.map((name) => path(name, '.txt').toString('hex')).sort());
    for (const name of names)
      expect(readFileSync(path(restored, name, '.txt'), 'utf8')).toBe(`result ${name}`);
  });
});

describe('a stop', () => {
  test('in the middle of an analysis is no failure of the session, which is tried again', async () => {
    using world = new World();
    const uid = `claude-code:${ID}` as SessionUid;
    world.put(claudePath(ID), promptLine(ID, 'hello') + 'x\n'.repeat(8 * 1024 * 1024));
    await world.ingest({ analyze: false });
    const deps = { db: world.db, clock: world.clock, host: world.host };
    const stopped = AbortSignal.abort();
    expect(await analyzeSession({ ...deps, external: null }, uid, stopped)).toEqual({
      ok: false,
      why: 'interrupted',
    });
    const asleep = { ...deps, external: { command: 'sleep 600', timeoutS: 600 } };
    const stop = new AbortController();
    const analyzing = analyzeSession(asleep, uid, stop.signal);
    stop.abort();
    expect((await analyzing).ok).toBe(false);
    expect(findSession(world.db, uid)).toMatchObject({ state: 'unanalyzed', analyzeError: null });
    expect(await world.ingest()).toMatchObject({ analyzed: 1, warnings: [] });
  }, 60_000);
});

describe('settings of an agent', () => {
  test('that are a FIFO, or endless, are as if absent and not waited for', async () => {
    using world = new World();
    world.put(claudePath(ID), promptLine(ID, 'mine'));
    const path = join(world.home, '.claude', 'settings.json');
    expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0);
    expect(await world.ingest()).toMatchObject({ sessions_new: 1, failed: 0 });
    rmSync(path);
    writeFileSync(path, '['.repeat(100_000));
    expect(await world.ingest()).toMatchObject({ sessions_unchanged: 1, failed: 0 });
  }, 30_000);
});

describe('an endless id, project and branch', () => {
  test('are kept short, distinct, and known again', async () => {
    using world = new World();
    const endless = 'y'.repeat(60_000);
    for (const n of [1, 2]) {
      const line = promptLine(endless + n, 'mine').replace('"/home/me/project"', `"/${endless}"`);
      world.put(claudePath(`copy ${n}`), line.replace('"main"', `"${endless}"`));
    }
    expect(await world.ingest()).toMatchObject({ sessions_new: 2, failed: 0, warnings: [] });
    expect(await world.ingest()).toMatchObject({ sessions_unchanged: 2, files_read: 0 });
    for (const row of listSessions(world.db)) expect(JSON.stringify(row).length).toBeLessThan(4096);
    const known = new KnownSources(world.db);
    const paths = world.db.all<{ path: string }>('SELECT path FROM sources').map(({ path }) => path);
    expect(paths.length).toBe(2);
    for (const path of paths) {
      expect(known.of(path)?.nativeId.length).toBeLessThan(100);
      expect(known.nativeIdOf(path)).toBe(known.of(path)?.nativeId ?? null);
    }
    expect(new Set(listSessions(world.db).map(({ uid }) => uid)).size).toBe(2);
  });
});

describe('many files', () => {
  /** The rows that an ingest of `count` sidecars of one session reads from the store. */
  async function rowsRead(count: number): Promise<number> {
    using world = new World();
    world.put(claudePath(ID), promptLine(ID, 'mine'));
    for (let n = 0; n < count; n += 1)
      world.put(claudePath(ID).replace('.jsonl', `/tool-results/${n}.txt`), `result ${n}`);
    let rows = 0;
    const { db } = world;
    const counting: WritableDb = {
      path: db.path,
      get: (sql, params) => db.get(sql, params),
      all: (sql, params) => {
        const found = db.all<never>(sql, params);
        rows += found.length;
        return found;
      },
      run: (sql, params) => db.run(sql, params),
      exec: (sql) => db.exec(sql),
      each: (sql, params) => db.each(sql, params),
      snapshot: (read) => db.snapshot(read),
      writeTransaction: (work) => db.writeTransaction(work),
      part: (work) => db.part(work),
      afterCommit: (work, n) => db.afterCommit(work, n),
      close: () => db.close(),
      [Symbol.dispose]: () => db.close(),
    };
    const counted: World = Object.assign(Object.create(world), { db: counting });
    expect((await counted.ingest()).files_read).toBe(count + 1);
    return rows;
  }

  test('of one session are looked up in one read, not each among all', async () => {
    const [few, many] = [await rowsRead(50), await rowsRead(800)];
    expect(few, 'rows were counted').toBeGreaterThan(50);
    expect(many / few, 'sixteen times the files, in times').toBeLessThan(32);
  }, 60_000);

  test('that claim one id in one folder get a session each, by short ids that stay, in few looks', async () => {
    using world = new World();
    const path = (n: number) => claudePath(`copy ${n}`);
    const count = 120;
    for (let n = 0; n < count; n += 1) world.put(path(n), promptLine(ID, `text ${n}`));
    const first = await world.ingest();
    expect(first.sessions_new).toBe(count);
    expect(first.files_read, 'each against two sessions at most').toBeLessThan(3 * count);
    const uids = () =>
      listSessions(world.db)
        .map(({ uid }) => String(uid))
        .sort();
    const before = uids();
    // `claude-code:` and a UUID are 48 characters, `.` and 8 digits of a hash 9.
    expect(Math.max(...before.map((uid) => uid.length))).toBeLessThanOrEqual(48 + 9);
    for (let n = 0; n < count; n += 1)
      world.put(path(n), promptLine(ID, `text ${n}`) + promptLine(ID, `more ${n}`));
    world.put(path(count), promptLine(ID, 'late'));
    expect(await world.ingest()).toMatchObject({ sessions_new: 1, failed: 0, warnings: [] });
    expect(
      uids().filter((uid) => before.includes(uid)),
      'each grew where it was',
    ).toEqual(before);
    const texts = uids().map((uid) => world.stored(uid).toString());
    for (let n = 0; n < count; n += 1)
      expect(texts).toContain(promptLine(ID, `text ${n}`) + promptLine(ID, `more ${n}`));
    expect(texts.length).toBe(count + 1);
  }, 60_000);
});

describe('a compressed transcript', () => {
  const said =
    '{"timestamp":"2026-05-01T10:00:01.000Z","type":"event_msg","payload":{"type":"user_message","message":"hi"}}\n';
  const plain = Buffer.from(META + said + 'x'.repeat(5000).concat('\n').repeat(50));
  const packed = Bun.zstdCompressSync(plain);

  async function ingested(bytes: Uint8Array) {
    using world = new World();
    world.put(`${CODEX}.zst`, bytes);
    const report = await world.ingest();
    const stored = listSessions(world.db).map(({ uid, rawBytes }) =>
      rawBytes === 0 ? '' : world.stored(uid).toString(),
    );
    return { report, stored: stored.join('') };
  }

  test('is stored as what it holds, frame by frame', async () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const { report, stored } = await ingested(Buffer.concat([packed, skippable, packed]));
    expect(report.warnings).toEqual([]);
    expect(stored === `${plain}${plain}`).toBe(true);
  });

  test('that was cut off anywhere is not taken for a shorter one', async () => {
    for (const cut of [1, 4, 10, packed.length >> 1, packed.length - 5]) {
      const { report, stored } = await ingested(packed.subarray(0, packed.length - cut));
      expect([report.failed, stored], `${cut} bytes cut off`).toEqual([1, '']);
      expect(report.warnings.join('\n')).toContain('in the middle of a zstd frame');
    }
  });

  test('that goes on with something else is not stored without it', async () => {
    const { report, stored } = await ingested(Buffer.concat([packed, Buffer.from('{"type":"event_msg"}\n')]));
    expect([report.failed, stored]).toEqual([1, '']);
  });

  test('whose bytes are damaged stops no other', async () => {
    const damaged = Uint8Array.from(packed);
    damaged.fill(0xff, 20, 60);
    using world = new World();
    world.put(`${CODEX}.zst`, damaged);
    world.put(claudePath(OTHER), promptLine(OTHER, 'fine'));
    const report = await world.ingest();
    expect([report.failed, report.analyzed]).toEqual([1, 1]);
  });

  test('that grows a thousandfold is a bomb: it is given up early and named, and holds no memory', async () => {
    // RFC 8878, 3.1.1.2: blocks of one byte repeated 128 KiB times; 4 bytes each, 4 GiB in 128 KiB.
    const block = Buffer.from([0, 0, 0, 0x41]);
    block.writeUIntLE((131_072 << 3) | 2, 0, 3);
    const frame = Buffer.concat([
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]),
      ...Array<Buffer>(32_768).fill(block),
    ]);
    const last = Buffer.from([1, 0, 0]);
    using world = new World();
    const path = world.put(`${CODEX}.zst`, Buffer.concat([frame, last]));
    using source = new SourceFile(path, 'zstd', null);
    Bun.gc(true);
    const before = process.memoryUsage().rss;
    let bytes = 0;
    let held = 0;
    const reading = (async () => {
      for await (const chunk of source.chunks()) {
        bytes += chunk.length;
        held = Math.max(held, process.memoryUsage().rss - before);
        if (bytes % (1 << 26) === 0) Bun.gc(true);
      }
    })();
    expect(await reading.catch(String)).toContain('more than 1000 times its size');
    expect(bytes, 'it did expand').toBeGreaterThan(120_000_000);
    expect(bytes, 'it was given up early').toBeLessThan(140_000_000);
    expect(held / 2 ** 20, 'MiB held').toBeLessThan(400);
  }, 60_000);
});

describe('restore', () => {
  test('a folder that becomes a link while files are written leads nothing outside', () => {
    using world = new World();
    const root = join(world.folder, 'to');
    const outside = join(world.folder, 'outside');
    mkdirSync(join(root, 'projects'), { recursive: true });
    mkdirSync(outside);
    const tree = new RestoreTree(root, false);
    const path = tree.place('projects/a.jsonl');
    rmSync(join(root, 'projects'), { recursive: true });
    symlinkSync(outside, join(root, 'projects'));
    const stage = () => tree.stage(path, [{ bytes: Buffer.from('x'), sha256: null }], null, 'free');
    expect(stage).toThrow('refused to write outside');
    expect(readdirSync(outside)).toEqual([]);
    rmSync(join(root, 'projects'));
    tree.move(stage());
    expect(existsSync(path)).toBe(true);
    rmSync(path);
    const staged = stage();
    rmSync(join(root, 'projects'), { recursive: true });
    symlinkSync(outside, join(root, 'projects'));
    expect(() => tree.move(staged)).toThrow('refused to write outside');
    expect(readdirSync(outside)).toEqual([]);
  });
});
