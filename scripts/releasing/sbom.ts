// What the executable is made of, as SPDX 2.3: the packages of the lock file that the program's own ones need, and Bun.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'jsonc-parser';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };

const ROOT = join(import.meta.dir, '..', '..');

const Names = z.record(z.string(), z.string()).default({});
const Lock = z.object({
  workspaces: z.object({ '': z.object({ dependencies: Names }) }),
  packages: z.record(
    z.string(),
    z.tuple([
      z.string(),
      z.string(),
      z.object({
        dependencies: Names,
        optionalDependencies: Names,
        peerDependencies: Names,
        optionalPeers: z.array(z.string()).default([]),
      }),
      z.string(),
    ]),
  ),
});

interface Part {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** SHA-512 of its tarball, in hex. */
  readonly sha512: string;
}

/** `time`: of the commit, so that two runs say the same. */
export function sbom(version: string, commit: string, time: Date): string {
  const parts = lockedParts(readFileSync(join(ROOT, 'bun.lock'), 'utf8'));
  const bun = packageJson.packageManager.replace('bun@', '');
  const packages = [
    {
      ...spdxPackage('session-memory', version, packageJson.license),
      downloadLocation: `git+https://github.com/${packageJson.repository}.git@${commit}`,
      primaryPackagePurpose: 'APPLICATION',
    },
    {
      ...spdxPackage('bun', bun, 'MIT'),
      downloadLocation: `https://registry.npmjs.org/bun/-/bun-${bun}.tgz`,
      externalRefs: [purl(`pkg:npm/bun@${bun}`)],
    },
    ...parts.map((part) => ({
      ...spdxPackage(part.name, part.version, part.license),
      downloadLocation: `https://registry.npmjs.org/${part.name}/-/${part.name.split('/').at(-1)}-${part.version}.tgz`,
      checksums: [{ algorithm: 'SHA512', checksumValue: part.sha512 }],
      externalRefs: [purl(`pkg:npm/${part.name.replace('@', '%40')}@${part.version}`)],
    })),
  ];
  const root = packages[0]?.SPDXID ?? '';
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `session-memory-${version}`,
    documentNamespace: `https://github.com/${packageJson.repository}/spdx/${version}/${commit}`,
    creationInfo: {
      created: time.toISOString().replace(/\.\d+/, ''),
      creators: ['Tool: session-memory-release'],
    },
    packages,
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', root),
      ...packages.slice(1).map(({ SPDXID }) => relation(root, 'CONTAINS', SPDXID)),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The closure of the program's own dependencies, by name and version. */
export function lockedParts(text: string): Part[] {
  const lock = Lock.parse(parse(text, [], { allowTrailingComma: true }));
  const found = new Map<string, Part>();
  const visit = (from: string, name: string, isWanted: boolean) => {
    const key = resolve(Object.keys(lock.packages), from, name);
    const row = key === undefined ? undefined : lock.packages[key];
    if (key === undefined || row === undefined) {
      if (isWanted) throw new Error(`bun.lock has no ${name}, which ${from || 'the program'} needs`);
      return;
    }
    if (found.has(key)) return;
    const at = row[0].lastIndexOf('@');
    const sha512 = Buffer.from(row[3].replace(/^sha512-/, ''), 'base64').toString('hex');
    found.set(key, {
      name: row[0].slice(0, at),
      version: row[0].slice(at + 1),
      license: licenseOf(key),
      sha512,
    });
    for (const each of Object.keys(row[2].dependencies)) visit(key, each, true);
    for (const each of Object.keys(row[2].optionalDependencies)) visit(key, each, false);
    for (const each of Object.keys(row[2].peerDependencies))
      visit(key, each, !row[2].optionalPeers.includes(each));
  };
  for (const name of Object.keys(lock.workspaces[''].dependencies)) visit('', name, true);
  const named = (part: Part) => `${part.name}@${part.version}`;
  return [...new Map([...found.values()].map((part) => [named(part), part])).values()].sort((a, b) =>
    named(a) < named(b) ? -1 : 1,
  );
}

/** As Node looks for it: beside the one that asks, then one level up at a time. */
function resolve(keys: string[], from: string, name: string): string | undefined {
  for (let above = from; above !== ''; above = above.replace(/\/?(?:@[^/]+\/)?[^/]+$/, '')) {
    if (keys.includes(`${above}/${name}`)) return `${above}/${name}`;
  }
  return keys.includes(name) ? name : undefined;
}

/** `a/b` lies in `node_modules/a/node_modules/b`; a scope is no level. */
function licenseOf(key: string): string {
  const folders = key.match(/(?:@[^/]+\/)?[^/]+/g) ?? [];
  const path = join(ROOT, ...folders.flatMap((folder) => ['node_modules', folder]), 'package.json');
  try {
    return z.object({ license: z.string() }).parse(JSON.parse(readFileSync(path, 'utf8'))).license;
  } catch {
    return 'NOASSERTION';
  }
}

function spdxPackage(name: string, version: string, license: string) {
  return {
    SPDXID: `SPDXRef-Package-${`${name}-${version}`.replace(/[^A-Za-z0-9.-]+/g, '-')}`,
    name,
    versionInfo: version,
    filesAnalyzed: false,
    licenseConcluded: license,
    licenseDeclared: license,
    copyrightText: 'NOASSERTION',
  };
}

function purl(locator: string) {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: locator };
}

function relation(from: string, type: string, to: string) {
  return { spdxElementId: from, relationshipType: type, relatedSpdxElement: to };
}
