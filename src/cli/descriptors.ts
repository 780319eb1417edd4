/**
 * Copies of file descriptors, which neither Bun nor Node offers: asked of the system's C library.
 * Promises: null where there is no such library (Windows) or it may not be called; then there is another way.
 */
import { cLibrary } from '../files/c-library.ts';

export interface Descriptors {
  /** Another descriptor of the same file; -1: the system refused. */
  dup(fd: number): number;
  /** Makes `to` another descriptor of the file of `from`, in one step; -1: the system refused. */
  dup2(from: number, to: number): number;
}

export function openDescriptors(libraries?: readonly string[]): Descriptors | null {
  return cLibrary(
    {
      dup: { args: ['i32'], returns: 'i32' },
      dup2: { args: ['i32', 'i32'], returns: 'i32' },
    },
    libraries,
  );
}
