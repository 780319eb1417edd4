/** `uninstall`: takes out what `install` put in, and with `--all` (uninstall.all.ts) what else is ours. */
import type { Command } from '../context.ts';
import { plannedBack, watchedAtSettings } from './install.plan.ts';
import { run } from './install.ts';

export const uninstall: Command = async (context) => {
  const code = await watchedAtSettings(context);
  if (code !== null) return code;
  return context.flags['all'] === true
    ? (await import('./uninstall.all.ts')).uninstallAll(context)
    : run(context, plannedBack(context));
};
