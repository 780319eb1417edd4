/** Which places lie on mounts that may never answer, told from the table of mounts and from links, without a look at them. */
import { describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileOfPath } from '../../src/files/file-names.ts';
import { Mounts, mountsOf } from '../../src/files/mounts.ts';

test('the table of mounts is read with its escapes, and of two mounts on one point the later counts', () => {
  const table = [
    '22 1 0:20 / / rw,relatime - ext4 /dev/sda1 rw',
    '30 22 0:26 / /mnt/my\\040share rw shared:1 master:2 - nfs4 server:/x rw,hard',
    '31 22 0:27 / /mnt/a rw - cifs //s/a rw',
    '32 22 0:28 / /mnt/a rw - tmpfs tmpfs rw',
    'nonsense',
    '',
  ].join('\n');
  expect(mountsOf(table)).toEqual([
    { point: '/', type: 'ext4' },
    { point: '/mnt/my share', type: 'nfs4' },
    { point: '/mnt/a', type: 'tmpfs' },
  ]);
});

class Tree implements Disposable {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'session-memory-mounts-')));

  folder(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  link(name: string, target: string): string {
    const path = join(this.path, name);
    symlinkSync(target, path);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

describe('a mount that may not answer', () => {
  test.each(['fuse', 'fuse.sshfs', 'nfs', 'nfs4', 'cifs', '9p', 'autofs', 'something-new'])(
    '%s is one',
    (type) => {
      expect(new Mounts([{ point: '/far', type }], '/home').leadOf('/far/x').mount).toBe('/far');
    },
  );

  test.each(['ext4', 'xfs', 'btrfs', 'zfs', 'tmpfs', 'overlay'])('%s is none', (type) => {
    expect(new Mounts([{ point: '/far', type }], '/home').leadOf('/far/x').mount).toBeNull();
  });

  test('is told of every path on it, and of every path that links lead to it, absolute, relative and in chains', () => {
    using tree = new Tree();
    const far = tree.folder('far');
    const mounts = new Mounts([{ point: far, type: 'nfs' }], '/home');
    tree.link('one', far);
    tree.link('two', 'one/deep');
    tree.folder('in/side');
    tree.link('in/side/three', '../../two');
    for (const path of ['far', 'far/x', 'one', 'one/x', 'two', 'two/y', 'in/side/three/z'])
      expect(mounts.leadOf(join(tree.path, path)).mount, path).toBe(far);
    for (const path of ['', 'in', 'in/side', 'not/there', 'farther'])
      expect(mounts.leadOf(join(tree.path, path)).mount, path).toBeNull();
    expect(mounts.leadOf(join(tree.path, 'in/side/three/z')).path).toBe(join(far, 'deep/z'));
  });

  test('counts for a folder that it lies in, and for none beside it', () => {
    using tree = new Tree();
    const far = tree.folder('home/sessions/far');
    const mounts = new Mounts([{ point: far, type: 'nfs' }], '/home');
    expect(mounts.leadBelow(join(tree.path, 'home')).mount).toBe(far);
    expect(mounts.leadBelow(join(tree.path, 'home/sessions/fa')).mount).toBeNull();
    expect(mounts.leadOf(join(tree.path, 'home')).mount).toBeNull();
  });

  test('that the home folder lies on is looked at directly: nothing runs there without it', () => {
    const mounts = new Mounts(
      [
        { point: '/home', type: 'nfs' },
        { point: '/mnt/box', type: 'nfs' },
      ],
      '/home/me',
    );
    expect(mounts.leadOf('/home/me/.claude').mount).toBeNull();
    expect(mounts.leadOf('/mnt/box/.claude').mount).toBe('/mnt/box');
  });

  test('links in a ring lead nowhere, and end', () => {
    using tree = new Tree();
    tree.link('a', 'b');
    tree.link('b', 'a');
    const mounts = new Mounts([{ point: '/far', type: 'nfs' }], '/home');
    expect(mounts.leadOf(join(tree.path, 'a/x')).mount).toBeNull();
    // Once they were taken for the top of all mounts, so that whoever had one was left for a dead mount elsewhere.
    expect(mounts.leadBelow(join(tree.path, 'a')).mount).toBeNull();
  });
});

test('a name with a sign in it is the file itself where that is there, else the container of a session', () => {
  using tree = new Tree();
  tree.folder('c#/x.jsonl');
  expect(fileOfPath(join(tree.path, 'c#/x.jsonl'))).toBe(join(tree.path, 'c#/x.jsonl'));
  expect(fileOfPath(join(tree.path, 'db.sqlite#id'))).toBe(join(tree.path, 'db.sqlite'));
});
