// Everything that is released, into one folder. Promises: the bytes follow from the programs, the papers, the version and
// the commit alone; a program is asked for once, and only one is held at a time.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Entry, tarGz, zip } from '../archive.ts';
import { debianPackage } from './deb.ts';
import { mainPackage, platformPackage, tarballName } from './npm.ts';
import { inOrder, type Papers } from './papers.ts';
import { sbom } from './sbom.ts';
import { archiveName, debName, npmName, programName, TARGETS, type Target } from './targets.ts';

const ROOT = join(import.meta.dir, '..', '..');

/** What other package managers read, filled in with the version and the checksums of the archives. */
const RECIPES = {
  'packaging/session-memory.rb': 'packaging/homebrew/session-memory.rb',
  // People name it by its address.
  'packaging/scoop.json': 'session-memory.json',
  'packaging/PKGBUILD': 'packaging/aur/PKGBUILD',
  'packaging/SRCINFO': 'packaging/aur/.SRCINFO',
  'packaging/package.nix': 'packaging/nix/package.nix',
} as const;

export interface Release {
  readonly version: string;
  readonly commit: string;
  /** Of the commit. */
  readonly time: Date;
  readonly targets: readonly Target[];
  readonly papers: Papers;
  program(target: Target): Promise<Uint8Array>;
  /** Of gzip: 9 where it is to be kept. */
  readonly level: number;
}

/** Writes the release into `out`, which is there and empty. A few targets only give no recipes and no npm package to ask for. */
export async function assemble(out: string, release: Release): Promise<void> {
  const { version, commit, time, targets, papers } = release;
  const sums = new Map<string, string>();
  const put = (path: string, bytes: Uint8Array) => {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), bytes);
    // The sums are of what is downloaded into one folder: nobody has the others in folders of these names.
    if (!path.includes('/')) sums.set(path, createHash('sha256').update(bytes).digest('hex'));
  };
  for (const target of targets) await putTarget(target, release, put);
  put('install.sh', readFileSync(join(ROOT, 'scripts', 'install.sh')));
  put(`session-memory-${version}.spdx.json`, Buffer.from(sbom(version, commit, time)));
  if (targets.length === TARGETS.length) {
    put(`npm/${tarballName('session-memory', version)}`, mainPackage(version, papers));
    for (const [from, to] of Object.entries(RECIPES))
      put(to, Buffer.from(filledIn(readFileSync(join(ROOT, from), 'utf8'), version, sums)));
  }
  const lines = [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, sum]) => `${sum}  ${name}\n`);
  writeFileSync(join(out, 'SHA256SUMS'), lines.join(''));
}

async function putTarget(
  target: Target,
  release: Release,
  put: (path: string, bytes: Uint8Array) => void,
): Promise<void> {
  const { version, papers, level } = release;
  const program = await release.program(target);
  const archive = archiveName(version, target);
  const folder = archive.replace(/\.(?:zip|tar\.gz)$/, '');
  const entries: Entry[] = [
    ...inOrder(papers).map((entry) => ({ ...entry, path: `${folder}/${entry.path}` })),
    { path: `${folder}/${programName(target)}`, bytes: program, executable: true },
  ];
  put(archive, target.os === 'win32' ? zip(entries, level) : tarGz(entries, { level }));
  if (target.debian !== undefined)
    put(debName(version, target), debianPackage(version, target, program, papers, level));
  put(
    `npm/${tarballName(npmName(target), version)}`,
    platformPackage(version, target, program, papers, level),
  );
}

/** Every file that `assemble` makes of all targets, in the order of their names. */
export function fileNames(version: string): string[] {
  return [
    'SHA256SUMS',
    'install.sh',
    `session-memory-${version}.spdx.json`,
    ...TARGETS.map((target) => archiveName(version, target)),
    ...TARGETS.filter(({ debian }) => debian !== undefined).map((target) => debName(version, target)),
    ...['session-memory', ...TARGETS.map(npmName)].map((name) => `npm/${tarballName(name, version)}`),
    ...Object.values(RECIPES),
  ].sort();
}

/** A place that is not filled in would only be found by who installs it. */
function filledIn(text: string, version: string, sums: ReadonlyMap<string, string>): string {
  return text.replace(/@(VERSION|SHA256 ([\w-]+))@/g, (_, what: string, name: string | undefined) => {
    if (what === 'VERSION') return version;
    const target = TARGETS.find((each) => each.name === name);
    const sum = target === undefined ? undefined : sums.get(archiveName(version, target));
    if (sum === undefined) throw new Error(`a recipe asks for ${name}, of which there is no archive`);
    return sum;
  });
}
