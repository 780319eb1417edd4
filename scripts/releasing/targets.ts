// The platforms that are released, and what each is called by those who carry it.

export interface Target {
  /** As Bun and the archives call it. */
  readonly name: string;
  /** As Node says it: `process.platform`, `process.arch`. */
  readonly os: 'linux' | 'darwin' | 'win32';
  readonly cpu: 'x64' | 'arm64';
  /** Linux only. */
  readonly libc?: 'glibc' | 'musl';
  /** The architecture of the Debian package, where there is one. */
  readonly debian?: 'amd64' | 'arm64';
}

export const TARGETS: readonly Target[] = [
  { name: 'linux-x64', os: 'linux', cpu: 'x64', libc: 'glibc', debian: 'amd64' },
  { name: 'linux-arm64', os: 'linux', cpu: 'arm64', libc: 'glibc', debian: 'arm64' },
  { name: 'linux-x64-musl', os: 'linux', cpu: 'x64', libc: 'musl' },
  { name: 'linux-arm64-musl', os: 'linux', cpu: 'arm64', libc: 'musl' },
  { name: 'darwin-x64', os: 'darwin', cpu: 'x64' },
  { name: 'darwin-arm64', os: 'darwin', cpu: 'arm64' },
  { name: 'windows-x64', os: 'win32', cpu: 'x64' },
];

export function archiveName(version: string, target: Target): string {
  return `session-memory-${version}-${target.name}${target.os === 'win32' ? '.zip' : '.tar.gz'}`;
}

export function programName(target: Target): string {
  return target.os === 'win32' ? 'session-memory.exe' : 'session-memory';
}

/** Of the npm package that holds the program for this platform; the same words that Node says. */
export function npmName(target: Target): string {
  return `@session-memory/${target.os}-${target.cpu}${target.libc === 'musl' ? '-musl' : ''}`;
}

export function debName(version: string, target: Target): string {
  return `session-memory_${version}_${target.debian}.deb`;
}
