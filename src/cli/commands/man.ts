/** `man`: the manual page on stdout. */
import { EXIT } from '../../domain/errors.ts';
import type { Command } from '../context.ts';
import { manualPage } from '../man.ts';

export const man: Command = async ({ io, version, commands }) => {
  io.out(manualPage(commands, `session-memory ${version}`));
  return EXIT.done;
};
