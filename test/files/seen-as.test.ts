/** A file that is known is looked at without exact times: whatever happens to it, the walk tells what an exact one tells. */
import { describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { seenAs } from '../../src/files/seen-as.ts';
import { type WalkedFile, walk } from '../../src/files/walk.ts';

const NAMES = ['a.jsonl', 'b', 'c', 'sub'] as const;

/** What may become of a name in a folder; `n` makes two of a kind differ. */
const DEEDS: Readonly<Record<string, (path: string, n: number) => void>> = {
  write: (path, n) => writeFileSync(path, `${n}\n`),
  append: (path, n) => appendFileSync(path, 'x'.repeat(n)),
  'set its clock': (path, n) => utimesSync(path, 1_700_000_000, 1_700_000_000 + n / 1e5),
  'set its clock far back': (path, n) => utimesSync(path, 0, -n),
  'put another in its place': (path, n) => {
    writeFileSync(`${path}~`, `${n}\n`);
    const { mtimeMs } = lstatSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: n };
    utimesSync(`${path}~`, 0, mtimeMs / 1000);
    renameSync(`${path}~`, path);
  },
  remove: (path) => rmSync(path, { recursive: true }),
  'make it a folder': (path, n) => {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path);
    writeFileSync(join(path, 'within'), `${n}`);
  },
  'make it a link': (path) => {
    rmSync(path, { recursive: true, force: true });
    symlinkSync('a.jsonl', path);
  },
};

function done(path: string, deed: string, n: number): void {
  try {
    DEEDS[deed]?.(path, n);
  } catch {
    // Nothing is there, or a folder is: then nothing was done, which is as good a history as any.
  }
}

/** Without a word on what was known, which the other walk is not asked. */
function walked(folder: string, stats?: ReadonlyMap<string, string>): WalkedFile[] {
  const rules = { skipsFolder: () => false, warn: () => undefined };
  if (stats === undefined) return [...walk(folder, '', rules)];
  const known = (before: string, names: readonly string[]) =>
    names.map((name) => stats.get(before + name) ?? null);
  return [...walk(folder, '', { ...rules, known })].map(({ knownStat, ...file }) => {
    expect(knownStat).toBe(stats.get(file.path) ?? null);
    return file;
  });
}

const knownOf = (files: readonly WalkedFile[]) => new Map(files.map(({ path, stat }) => [path, stat]));

describe('a walk that knows the files', () => {
  test('tells what one tells that knows nothing, whatever became of them', () => {
    const deed = fc.record({
      name: fc.constantFrom(...NAMES),
      deed: fc.constantFrom(...Object.keys(DEEDS)),
      n: fc.nat(9),
    });
    const history = fc.tuple(
      fc.array(deed, { minLength: 1, maxLength: 6 }),
      fc.array(deed, { maxLength: 4 }),
    );
    fc.assert(
      fc.property(history, ([before, after]) => {
        const folder = mkdtempSync(join(tmpdir(), 'seen-as-'));
        try {
          for (const { name, deed: what, n } of before) done(join(folder, name), what, n);
          const known = knownOf(walked(folder));
          expect(walked(folder, known)).toEqual(walked(folder));
          for (const { name, deed: what, n } of after) done(join(folder, name), what, n);
          expect(walked(folder, known)).toEqual(walked(folder));
        } finally {
          rmSync(folder, { recursive: true });
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('a look without exact times', () => {
  const folder = mkdtempSync(join(tmpdir(), 'seen-as-'));
  const path = join(folder, 'file');
  writeFileSync(path, 'some text');
  utimesSync(path, 1_790_000_000, 1_790_000_000.123456);
  const stats = lstatSync(path, { bigint: true });
  const statOf = (size: bigint, mtimeNs: bigint, ino: bigint | string) => `${size}:${mtimeNs}:${ino}`;
  const seen = { sizeBytes: 9, mtimeMs: Number(stats.mtimeMs) };

  test('knows a file that is as it was', () => {
    expect(seenAs(path, statOf(stats.size, stats.mtimeNs, stats.ino))).toEqual(seen);
  });

  test('tells a microsecond, a byte and an inode apart', () => {
    for (const offNs of [-1_000_000_000n, -1000n, 1000n, 4_000_000n, 3_600_000_000_000n])
      expect([offNs, seenAs(path, statOf(stats.size, stats.mtimeNs + offNs, stats.ino))]).toEqual([
        offNs,
        null,
      ]);
    for (const off of [-1n, 1n]) {
      expect(seenAs(path, statOf(stats.size + off, stats.mtimeNs, stats.ino))).toBeNull();
      expect(seenAs(path, statOf(stats.size, stats.mtimeNs, stats.ino + off))).toBeNull();
    }
  });

  test('leaves to an exact look what a number does not hold, and every other form', () => {
    const { size, mtimeNs, ino } = stats;
    const inexact = [
      statOf(size, mtimeNs, 2n ** 53n + ino),
      statOf(2n ** 60n, mtimeNs, ino),
      statOf(size, -mtimeNs, ino),
      statOf(size, mtimeNs, `${ino}:3`),
      statOf(size, mtimeNs, ''),
      `${size}:${mtimeNs}`,
      `${size}:12345:${ino}`,
      '',
      '::',
      'rows 5',
    ];
    for (const stat of inexact) expect([stat, seenAs(path, stat)]).toEqual([stat, null]);
  });

  test('says nothing of what is not there, and of what is no plain file', () => {
    const link = join(folder, 'link');
    symlinkSync(path, link);
    const own = lstatSync(link, { bigint: true });
    expect(seenAs(link, statOf(own.size, own.mtimeNs, own.ino))).toBeNull();
    expect(seenAs(join(folder, 'nothing'), statOf(stats.size, stats.mtimeNs, stats.ino))).toBeNull();
    expect(seenAs('with\0nul', statOf(stats.size, stats.mtimeNs, stats.ino))).toBeNull();
    rmSync(folder, { recursive: true });
  });
});
