/**
 * Copies of file descriptors, which neither Bun nor Node offers: asked of the system's C library.
 * Promises: null where there is no such library (Windows) or it may not be called; then there is another way.
 */
import { dlopen } from 'bun:ffi';

export interface Descriptors {
  /** Another descriptor of the same file; -1: the system refused. */
  dup(fd: number): number;
  /** Makes `to` another descriptor of the file of `from`, in one step; -1: the system refused. */
  dup2(from: number, to: number): number;
}

/** glibc's name, which musl takes for itself too; macOS; musl by its own names. */
const LIBRARIES = [
  'libc.so.6',
  'libSystem.B.dylib',
  'libc.musl-x86_64.so.1',
  'libc.musl-aarch64.so.1',
  'libc.so',
];

export function openDescriptors(libraries: readonly string[] = LIBRARIES): Descriptors | null {
  for (const library of libraries) {
    try {
      const { symbols } = dlopen(library, {
        dup: { args: ['i32'], returns: 'i32' },
        dup2: { args: ['i32', 'i32'], returns: 'i32' },
      });
      return symbols;
    } catch {
      // Not here under this name: the next one may be.
    }
  }
  return null;
}
