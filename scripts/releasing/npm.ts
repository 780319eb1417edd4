// The npm packages: one for each platform, which holds the program and names where it can run, and the one that people ask
// for, which starts it. Nothing runs while they are installed: npm 12 lets no package do that.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { type Entry, tarGz } from '../archive.ts';
import { type Papers, textEntry } from './papers.ts';
import { npmName, programName, TARGETS, type Target } from './targets.ts';

const SHIM = join(import.meta.dir, 'shim.cjs');

/** What both kinds say of themselves. Provenance is refused to a package that does not name the repository it comes from. */
function common(name: string, version: string, description: string): Record<string, unknown> {
  return {
    name,
    version,
    description,
    license: packageJson.license,
    repository: { type: 'git', url: `git+https://github.com/${packageJson.repository}.git` },
    homepage: `https://github.com/${packageJson.repository}#readme`,
  };
}

export function platformPackage(
  version: string,
  target: Target,
  program: Uint8Array,
  papers: Papers,
  level: number,
): Uint8Array {
  const about = `The session-memory executable for ${target.name}`;
  const manifest = {
    ...common(npmName(target), version, about),
    os: [target.os],
    cpu: [target.cpu],
    ...(target.libc === undefined ? {} : { libc: [target.libc] }),
    // Yarn would keep it zipped, and what is zipped cannot be started.
    preferUnplugged: true,
  };
  return pack(
    manifest,
    [
      textEntry('README.md', `${about}.\n\nInstall \`session-memory\`: it takes the package that fits.\n`),
      ...papers.pages.filter(({ path }) => path === 'LICENSE'),
      { path: `bin/${programName(target)}`, bytes: program, executable: true },
    ],
    level,
  );
}

export function mainPackage(version: string, papers: Papers): Uint8Array {
  const manifest = {
    ...common('session-memory', version, packageJson.description),
    keywords: ['coding-agents', 'transcripts', 'claude-code', 'codex', 'sessions', 'backup'],
    bin: { 'session-memory': 'bin/session-memory.cjs' },
    man: [papers.man.path],
    engines: { node: '>=18' },
    optionalDependencies: Object.fromEntries(TARGETS.map((target) => [npmName(target), version])),
  };
  const pages = papers.pages.filter(({ path }) => ['LICENSE', 'README.md', 'CHANGELOG.md'].includes(path));
  const shim: Entry = { path: 'bin/session-memory.cjs', bytes: readFileSync(SHIM), executable: true };
  return pack(manifest, [...pages, shim, papers.man], 9);
}

/** As `npm pack` would name it. */
export function tarballName(name: string, version: string): string {
  return `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz`;
}

function pack(manifest: Record<string, unknown>, files: Entry[], level: number): Uint8Array {
  const entries = [textEntry('package.json', `${JSON.stringify(manifest, null, 2)}\n`), ...files];
  return tarGz(
    entries.map((entry) => ({ ...entry, path: `package/${entry.path}` })),
    { level },
  );
}
