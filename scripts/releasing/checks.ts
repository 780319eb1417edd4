// What must be so before a release is made. Each says what to do where it is not.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Check {
  readonly what: string;
  /** What is wrong, and what to do; null: it is as it should be. */
  readonly wrong: string | null;
}

export interface State {
  readonly packageVersion: string;
  readonly changelog: string;
  /** As `scripts/build.ts` tells it: twelve digits where the tree is clean. */
  readonly commit: string;
}

export function stateOf(root: string, commit: string): State {
  const read = (name: string) => readFileSync(join(root, name), 'utf8');
  return {
    packageVersion: JSON.parse(read('package.json')).version,
    changelog: read('CHANGELOG.md'),
    commit,
  };
}

export function checksFor(version: string, { packageVersion, changelog, commit }: State): Check[] {
  return [
    {
      what: 'package.json has this version',
      wrong:
        packageVersion === version
          ? null
          : `it says ${packageVersion}: write ${version} there, and commit it`,
    },
    {
      what: 'the changelog has a dated section that says something',
      wrong: wrongInChangelog(version, changelog),
    },
    {
      what: 'the tree is a clean commit',
      wrong: isCleanCommit(commit)
        ? null
        : `it is ${commit}: nobody could build these bytes again; commit or remove what git status names`,
    },
  ];
}

function wrongInChangelog(version: string, changelog: string): string | null {
  const sections = changelog.split(/^(?=## )/m);
  const own = sections.find((section) => section.startsWith(`## [${version}]`));
  if (own === undefined)
    return `CHANGELOG.md has no "## [${version}] - YYYY-MM-DD": add it above the last version's`;
  const [heading = '', ...lines] = own.trimEnd().split('\n');
  if (!/^## \[[^\]]+\] - \d{4}-\d\d-\d\d$/.test(heading))
    return `its heading is "${heading}": end it with the day, as in " - 2026-11-30"`;
  return lines.some((line) => line.startsWith('- '))
    ? null
    : `"${heading}" has no line that begins with "- "`;
}

/** As `scripts/build.ts` tells it. */
export function isCleanCommit(commit: string): boolean {
  return /^[0-9a-f]{12}$/.test(commit);
}

export function isVersion(text: string): boolean {
  return /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?$/.test(text);
}
