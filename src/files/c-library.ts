/**
 * Functions of the system's C library, for what neither Bun nor Node offers.
 * Promises: null where there is no such library (Windows) or it may not be called; then there is another way.
 */
import { dlopen, type FFIFunction } from 'bun:ffi';

/** glibc's name, which musl takes for itself too; macOS; musl by its own names. */
const LIBRARIES = [
  'libc.so.6',
  'libSystem.B.dylib',
  'libc.musl-x86_64.so.1',
  'libc.musl-aarch64.so.1',
  'libc.so',
];

export function cLibrary<Functions extends Record<string, FFIFunction>>(
  functions: Functions,
  libraries: readonly string[] = LIBRARIES,
) {
  for (const library of libraries) {
    try {
      return dlopen(library, functions).symbols;
    } catch {
      // Not here under this name: the next one may be.
    }
  }
  return null;
}
