/**
 * The entries of the server for agents that are in their settings, for `doctor`.
 * Promises: changes nothing; a mount that may never answer is not looked at; an agent without an entry is not told of.
 */
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { awayMount } from '../files/mounts.ts';
import { readText } from '../unattended/disk.ts';
import type { McpFacts } from '../unattended/doctor.ts';
import type { HookFile } from '../unattended/hook-files.ts';
import { HOOKED } from '../unattended/hooked.ts';
import { mcpFile, TAKEN } from '../unattended/mcp-files.ts';
import { envOf, executableOf } from '../unattended/own-call.ts';
import type { Context } from './context.ts';
import { leadsTo, programOf } from './own-program.ts';

export function mcpFacts(context: Context): McpFacts[] {
  return HOOKED.flatMap(({ id, name }): McpFacts[] => {
    const file = mcpFile(id, context.host, (path) => awayMount(path) === null && existsSync(path));
    if (file === null) return [];
    const facts = { id, name, path: file.path };
    const mount = awayMount(file.path);
    // Whether it has one cannot be told: the line of its hooks says so, where the agent is here.
    if (mount !== null)
      return file.signs.some((sign) => awayMount(sign) === null && existsSync(sign))
        ? [{ ...facts, state: 'away', mount }]
        : [];
    const found = entryIn(context, file);
    return found === null ? [] : [{ ...facts, ...found }];
  });
}

type Found = Pick<McpFacts, 'state' | 'called'>;

/** Null: there is none. */
function entryIn(context: Context, file: HookFile): Found | null {
  let text: string | null = null;
  try {
    text = readText(file.path);
  } catch {
    // What is no plain file of text is named by the line of the agent's hooks.
  }
  if (text === null || !text.includes('session-memory') || !/mcp/i.test(text)) return null;
  const words = file.words(text) ?? [];
  const made = file.install(text, { ...programOf(context), env: envOf(words) });
  if ('why' in made) return { state: made.why === TAKEN ? 'foreign' : 'unreadable' };
  const own = file.own(text);
  if (own === null) return null;
  const called = words.join(' ');
  if (isSwitchedOff(own)) return { state: 'off' };
  if (made.text === text) return { state: 'installed' };
  const path = pathOf(context, executableOf(words) ?? '');
  if (path === null) return { state: 'gone', called: executableOf(words) ?? called };
  // As an agent's own command writes it, by the name alone.
  const isThis = words.length === 2 && leadsTo(path, context.self?.[0] ?? '');
  return isThis ? { state: 'installed' } : { state: 'another', called };
}

/** A person's switch, in the words that the agents have for it. */
function isSwitchedOff(own: string): boolean {
  const { enabled, disabled }: { enabled?: unknown; disabled?: unknown } = JSON.parse(own);
  return enabled === false || disabled === true;
}

/** Where a name leads, as the agent would look for it; null: nowhere. On a mount that may never answer it counts as there. */
function pathOf({ host }: Context, command: string): string | null {
  if (!isAbsolute(command)) return Bun.which(command, { PATH: host.env['PATH'] ?? '' });
  return awayMount(command) !== null || existsSync(command) ? command : null;
}
