// A Debian package, written here: `ar` and tar hold it, and dpkg-deb's own bytes differ by its version. It has no script
// that runs while it is installed. Format: deb(5).

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import packageJson from '../../package.json' with { type: 'json' };
import { type Entry, tarGz } from '../archive.ts';
import { type Papers, textEntry } from './papers.ts';
import type { Target } from './targets.ts';

export function debianPackage(
  version: string,
  target: Target,
  program: Uint8Array,
  papers: Papers,
  level: number,
): Uint8Array {
  const files = installed(program, papers);
  const kibibytes = files.reduce((sum, { bytes }) => sum + Math.ceil(bytes.length / 1024), 0);
  const control = [
    'Package: session-memory',
    // A version to come (1.0.0-rc.1) is older than the version itself.
    `Version: ${version.replace('-', '~')}`,
    `Architecture: ${target.debian}`,
    'Maintainer: session-memory contributors <noreply@github.com>',
    `Installed-Size: ${kibibytes}`,
    'Depends: libc6 (>= 2.17)',
    'Section: utils',
    'Priority: optional',
    `Homepage: https://github.com/${packageJson.repository}`,
    `Description: ${packageJson.description.replace(/\.$/, '')}`,
    ' Transcripts of coding agents are kept as raw bytes while there is room, and',
    ' as a small digest for good.',
    '',
  ].join('\n');
  const sums = files.map(({ path, bytes }) => `${createHash('md5').update(bytes).digest('hex')}  ${path}\n`);
  return ar([
    ['debian-binary', Buffer.from('2.0\n')],
    [
      'control.tar.gz',
      tarGz(below([textEntry('control', control), textEntry('md5sums', sums.join(''))]), { folders: true }),
    ],
    ['data.tar.gz', tarGz(below(files), { folders: true, level })],
  ]);
}

/** Debian wants manual pages and changelogs packed, and has a place of its own for zsh. */
function installed(program: Uint8Array, { pages, man, bash, zsh, fish }: Papers): Entry[] {
  const page = (name: string) => pages.find(({ path }) => path === name)?.bytes ?? new Uint8Array();
  const at = (path: string, bytes: Uint8Array): Entry => ({ path, bytes, executable: false });
  return [
    { path: 'usr/bin/session-memory', bytes: program, executable: true },
    { ...bash, path: `usr/${bash.path}` },
    at('usr/share/doc/session-memory/changelog.gz', packed(page('CHANGELOG.md'))),
    at('usr/share/doc/session-memory/copyright', page('LICENSE')),
    { ...fish, path: `usr/${fish.path}` },
    at(`usr/${man.path}.gz`, packed(man.bytes)),
    { ...zsh, path: 'usr/share/zsh/vendor-completions/_session-memory' },
  ];
}

function below(entries: Entry[]): Entry[] {
  return entries.map((entry) => ({ ...entry, path: `./${entry.path}` }));
}

function packed(bytes: Uint8Array): Uint8Array {
  const gz = gzipSync(bytes, { level: 9 });
  // The header's last byte names the system it was made on.
  gz[9] = 255;
  return gz;
}

function ar(members: [string, Uint8Array][]): Uint8Array {
  const parts = members.flatMap(([name, bytes]) => [
    Buffer.from(
      `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(bytes.length).padEnd(10)}\`\n`,
    ),
    bytes,
    Buffer.from(bytes.length % 2 === 0 ? '' : '\n'),
  ]);
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts]);
}
