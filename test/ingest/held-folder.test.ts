/** Work in a folder happens in that folder, whatever becomes of the way to it. */
import { expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inFolder, makeFolders, realPathToBe } from '../../src/files/held-folder.ts';

class Way implements Disposable {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'session-memory-held-')));
  readonly folder = join(this.root, 'a/b/c');
  readonly other = join(this.root, 'other');

  constructor() {
    mkdirSync(this.folder, { recursive: true });
    mkdirSync(join(this.other, 'b/c'), { recursive: true });
    mkdirSync(join(this.other, 'c'));
  }

  /** `place` of the way becomes a link to `target`. */
  swap(place: string, target: string): void {
    renameSync(join(this.root, place), join(this.root, 'aside'));
    symlinkSync(target, join(this.root, place));
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

const write = (at: string) => writeFileSync(join(at, 'file'), 'x');

test.each([
  ['a/b/c', 'other/c'],
  ['a/b', 'other'],
  ['a', 'other'],
])('where %s has become a link, nothing is written', (place, target) => {
  using way = new Way();
  way.swap(place, join(way.root, target));
  expect(() => inFolder(way.folder, write)).toThrow();
  expect(() => makeFolders(way.folder, ['new'])).toThrow();
  for (const folder of ['other/c', 'other/b/c', 'aside'])
    for (const name of ['file', 'new']) expect(existsSync(join(way.root, folder, name))).toBe(false);
});

test.each(['a/b/c', 'a/b', 'a'])(
  'what is written while %s becomes a link lies in the folder that was opened',
  (place) => {
    if (!existsSync('/proc/self/fd')) return console.log('skipped: no paths of open folders on this system');
    using way = new Way();
    inFolder(way.folder, (at) => {
      way.swap(place, way.other);
      write(at);
    });
    const moved = join(way.root, 'aside', 'a/b/c'.slice(place.length), 'file');
    expect([
      existsSync(moved),
      existsSync(join(way.other, 'b/c/file')),
      existsSync(join(way.other, 'c/file')),
    ]).toEqual([true, false, false]);
  },
);

test('folders are made one in the other, and a link among them is not gone through', () => {
  using way = new Way();
  expect(makeFolders(way.folder, ['d', 'e'])).toBe(join(way.folder, 'd/e'));
  expect(existsSync(join(way.folder, 'd/e'))).toBe(true);
  symlinkSync(way.other, join(way.folder, 'link'));
  expect(() => makeFolders(way.folder, ['link', 'new'])).toThrow();
  expect(existsSync(join(way.other, 'new'))).toBe(false);
});

test('what goes wrong is told by the path that people know', () => {
  using way = new Way();
  const wrong = () => inFolder(way.folder, (at) => writeFileSync(join(at, 'no/file'), 'x'));
  expect(wrong).toThrow(join(way.folder, 'no/file'));
});

test('the path that is to be is the real one of what is there, and the rest', () => {
  using way = new Way();
  symlinkSync(way.folder, join(way.root, 'link'));
  expect(realPathToBe(join(way.root, 'link/x/y'))).toEqual({ real: way.folder, missing: ['x', 'y'] });
  expect(realPathToBe(way.folder)).toEqual({ real: way.folder, missing: [] });
});
