/** What journeys in a real terminal stand on; what cannot be run here says so once in each file. */
import { test } from 'bun:test';
import { BINARY } from './binary.ts';
import type { Program } from './program.ts';
import { Pty } from './pty.ts';

export const journey = test.skipIf(BINARY === undefined);

const shell = Bun.which('bash');
if (shell === null) console.log('skipped: journeys in a shell need bash');

export const shellJourney = test.skipIf(BINARY === undefined || shell === null);

/** An interactive shell in the terminal; `"$BINARY" --store "$STORE"` is the program. */
export function inShell(program: Program): Pty {
  return new Pty(program, [], {
    command: [shell ?? '', '--norc', '--noprofile', '-i'],
    env: { PS1: 'ready> ', STORE: program.store, BINARY: BINARY ?? '' },
  });
}
