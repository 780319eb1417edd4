/**
 * Where each agent takes hooks from, and what we put there. Pure.
 * The formats are those that the agents were seen to run in November 2026. The shortest time-outs that do: agents wait for what is not
 * `async`, and our own hook is done within a second.
 */
import { getNodeValue } from 'jsonc-parser';
import type { Host } from '../domain/agent.ts';
import { blockIn, withBlock } from './block.ts';
import type { HookedId } from './hooked.ts';
import { type Edited, ownHooks, type WantedEntry, withHooks, withoutHooks } from './hooks-json.ts';
import { nodeAt, treeOf } from './json-edit.ts';
import {
  entryWords,
  hookArgv,
  type IsOwn,
  ownEntries,
  type Program,
  powershellText,
  shellText,
  wordsOf,
} from './own-call.ts';

export interface HookFile {
  /** Absolute. */
  readonly path: string;
  /** One of them is there where the agent is. */
  readonly signs: readonly string[];
  /** The file is ours alone: it goes when we go. */
  readonly isOwn: boolean;
  install(text: string | null, program: Program): Edited;
  uninstall(text: string): Edited | null;
  /** How the file would be had exactly what is ours in `text` been put into `before`; null: as it was not there. */
  remade(before: string | null, text: string): string | null;
  /** What of ours stands in it, as one text to compare; null: nothing, or it cannot be read. */
  own(text: string): string | null;
  /** The words of our call in it; null: there is none. */
  words(text: string): string[] | null;
  /** What a person has to do once. */
  readonly afterwards?: string;
}

const MARK = 'made by session-memory install; session-memory uninstall removes it';

/** `name`: what the executable's file is called here, by which its entries are known too. */
export function hookFile(id: HookedId, host: Host, name: string | null = null): HookFile {
  const isOwn = ownEntries(name);
  const slash = host.platform === 'win32' ? '\\' : '/';
  const at = (...parts: string[]) => parts.join(slash);
  const home = (variable: string, ...below: string[]) => host.env[variable] ?? at(host.homeDir, ...below);
  switch (id) {
    case 'claude-code': {
      const root = home('CLAUDE_CONFIG_DIR', '.claude');
      return inJson(at(root, 'settings.json'), root, isOwn, (program) => claudeHooks(program));
    }
    case 'codex': {
      const root = home('CODEX_HOME', '.codex');
      const events = ['SessionStart', 'PreCompact', 'SessionEnd'];
      const afterwards =
        'Codex runs it only after you have trusted it once: start codex, and accept "Hooks need review"';
      return {
        ...inJson(at(root, 'hooks.json'), root, isOwn, (program) => grouped(events, call(program, id, 10))),
        afterwards,
      };
    }
    case 'gemini-cli': {
      const root = at(host.env['GEMINI_CLI_HOME'] ?? host.homeDir, '.gemini');
      const events = ['SessionStart', 'PreCompress', 'SessionEnd'];
      return inJson(at(root, 'settings.json'), root, isOwn, (program) =>
        grouped(events, call(program, id, 10_000)),
      );
    }
    case 'qwen-code': {
      const root = home('QWEN_HOME', '.qwen');
      const events = ['SessionStart', 'PreCompact', 'SessionEnd'];
      return inJson(at(root, 'settings.json'), root, isOwn, (program) =>
        grouped(events, call(program, id, 10_000)),
      );
    }
    case 'cursor': {
      const root = at(host.homeDir, '.cursor');
      const events = ['sessionStart', 'preCompact', 'sessionEnd'];
      const entries = (program: Program) =>
        listed(events, { command: shellText(program, hookArgv(program, id)) });
      return inJson(at(root, 'hooks.json'), root, isOwn, entries, '{\n  "version": 1\n}\n');
    }
    case 'copilot-cli': {
      const root = home('COPILOT_HOME', '.copilot');
      return ownFile(at(root, 'hooks', 'session-memory.json'), [root], inCopilot(isOwn));
    }
    case 'opencode': {
      const root = at(host.env['XDG_CONFIG_HOME'] ?? at(host.homeDir, '.config'), 'opencode');
      const data = at(host.env['XDG_DATA_HOME'] ?? at(host.homeDir, '.local', 'share'), 'opencode');
      return ownFile(at(root, 'plugins', 'session-memory.js'), [root, data], inCode(opencodeText));
    }
    case 'pi': {
      const root = home('PI_CODING_AGENT_DIR', '.pi', 'agent');
      return ownFile(at(root, 'extensions', 'session-memory.ts'), [root], inCode(piText));
    }
    case 'kimi-code': {
      const root = home('KIMI_CODE_HOME', '.kimi-code');
      return inToml(at(root, 'config.toml'), root);
    }
    default:
      return id satisfies never;
  }
}

/**
 * `async`: it goes on when Claude Code has gone, and nobody waits for it. At the start it is waited for: what such a hook has to say is
 * shown to the person, while what comes later is handed to the model. Its time-outs are seconds.
 */
function claudeHooks(program: Program): WantedEntry {
  const [command = '', ...args] = hookArgv(program, 'claude-code');
  const entry = { type: 'command', command, args };
  return new Map([
    ...grouped(['SessionStart'], { ...entry, timeout: 10 }),
    ...grouped(['PreCompact', 'SessionEnd'], { ...entry, async: true, timeout: 60 }),
  ]);
}

function call(program: Program, id: string, timeout: number) {
  return { type: 'command', command: shellText(program, hookArgv(program, id)), timeout };
}

function grouped(events: readonly string[], entry: object): WantedEntry {
  return listed(events, { hooks: [entry] });
}

function listed(events: readonly string[], entry: object): WantedEntry {
  return new Map(events.map((event) => [event, entry]));
}

function inJson(
  path: string,
  root: string,
  isOwn: IsOwn,
  wanted: (program: Program) => WantedEntry,
  empty?: string,
): HookFile {
  return {
    path,
    signs: [root],
    isOwn: false,
    install: (text, program) => withHooks(text, wanted(program), empty, isOwn),
    uninstall: (text) => withoutHooks(text, isOwn),
    remade: (before, text) => {
      const own = ownHooks(text, isOwn);
      const made = own === null ? null : withHooks(before, own, empty, isOwn);
      return made !== null && 'text' in made ? made.text : null;
    },
    own: (text) => {
      const found = ownHooks(text, isOwn);
      return found === null || found.size === 0
        ? null
        : JSON.stringify([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
    },
    words: (text) => entryWords(callsOf([...(ownHooks(text, isOwn)?.values() ?? [])]).find(isOwn)),
  };
}

/** Entries, and what entries hold of them. */
function callsOf(entries: readonly unknown[]): unknown[] {
  return entries.flatMap((entry) => {
    const inner =
      typeof entry === 'object' && entry !== null ? new Map(Object.entries(entry)).get('hooks') : [];
    return [entry, ...(Array.isArray(inner) ? inner : [])];
  });
}

function inToml(path: string, root: string): HookFile {
  const lines = (program: Program) => [
    '[[hooks]]',
    'event = "SessionEnd"',
    `command = ${JSON.stringify(shellText(program, hookArgv(program, 'kimi-code')))}`,
    'timeout = 10',
  ];
  return {
    path,
    signs: [root],
    isOwn: false,
    install: (text, program) => {
      const without = withBlock(text ?? '', null);
      if ('why' in without) return without;
      const isTaken = /^\s*(?:hooks\s*=|\[hooks[\].])/m.test(without.text);
      if (isTaken) return { why: 'it has hooks in a form that no other can be added to' };
      return withBlock(text ?? '', lines(program));
    },
    uninstall: (text) => withBlock(text, null),
    remade: (before, text) => {
      const made = withBlock(before ?? '', blockIn(text));
      return 'text' in made ? made.text : null;
    },
    own: (text) => blockIn(text)?.join('\n') ?? null,
    words: (text) => {
      const command = blockIn(text)?.find((line) => line.startsWith('command = '));
      return command === undefined ? null : wordsOf(String(jsonOrNull(command.slice('command = '.length))));
    },
  };
}

interface OwnText {
  made(program: Program): string;
  /** Whether such a text is ours, whatever program it calls and whoever has written in it since. */
  isOurs(text: string): boolean;
  words(text: string): string[] | null;
}

function ownFile(path: string, signs: readonly string[], { made, isOurs, words }: OwnText): HookFile {
  return {
    path,
    signs,
    isOwn: true,
    install: (text, program) =>
      text !== null && text.trim() !== '' && !isOurs(text)
        ? { why: 'a file of this name that is not ours is there' }
        : { text: made(program) },
    uninstall: (text) => (isOurs(text) ? null : { text }),
    // What somebody has written in it is not ours to make again.
    remade: (_, text) => {
      const call = words(text);
      return call === null ? null : madeOf(made, call);
    },
    own: (text) => (isOurs(text) ? text : null),
    words,
  };
}

/** The file that makes this very call: whatever program it is. */
function madeOf(made: OwnText['made'], call: readonly string[]): string {
  return made({ argv: call.slice(0, -2), platform: 'linux' });
}

/** A file of code, with its mark and its call on lines of their own. */
function inCode(made: OwnText['made']): OwnText {
  return {
    made,
    isOurs: (text) => text.includes(MARK),
    words: (text) => {
      const argv = jsonOrNull(/^const ARGV = (\[.*\]);$/m.exec(text)?.[1] ?? '');
      return Array.isArray(argv) ? argv.map(String) : null;
    },
  };
}

/** JSON holds no mark: it is ours where nobody else has an entry in it. */
function inCopilot(isOwn: IsOwn): OwnText {
  const entries = (text: string) => [...(ownHooks(text, isOwn)?.values() ?? [])];
  return {
    made: copilotText,
    isOurs: (text) => {
      const hooks = Object.values(new Map(Object.entries(jsonOrNull(text) ?? {})).get('hooks') ?? {});
      const all = hooks.flatMap((list) => (Array.isArray(list) ? list : [null]));
      return all.length > 0 && all.every(isOwn);
    },
    words: (text) => entryWords(entries(text)[0]),
  };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function copilotText(program: Program): string {
  const argv = hookArgv(program, 'copilot-cli');
  const sh = shellText({ ...program, platform: 'linux' }, argv);
  const entry = { type: 'command', bash: sh, powershell: powershellText(argv), timeoutSec: 10 };
  const hooks = Object.fromEntries(
    ['sessionStart', 'preCompact', 'sessionEnd'].map((event) => [event, [entry]]),
  );
  return `${JSON.stringify({ version: 1, hooks }, null, 2)}\n`;
}

/** It starts our program and forgets it: nothing of it can hold up the agent whose process it runs in. */
function spawning(argv: readonly string[]): string {
  return `import { spawn } from 'node:child_process';

const ARGV = ${JSON.stringify(argv)};

function call(event, path) {
  try {
    const child = spawn(ARGV[0], ARGV.slice(1), { stdio: ['pipe', 'ignore', 'ignore'], detached: true, windowsHide: true });
    child.on('error', () => {});
    child.stdin.on('error', () => {});
    child.stdin.end(JSON.stringify({ hook_event_name: event, ...(path ? { transcript_path: path } : {}) }));
    child.unref();
  } catch {}
}
`;
}

function opencodeText(program: Program): string {
  return `// ${MARK}
${spawning(hookArgv(program, 'opencode'))}
const EVENTS = ['session.idle', 'session.deleted', 'session.compacted'];

export const SessionMemory = async () => ({
  event: async ({ event }) => {
    if (EVENTS.includes(event?.type)) call(event.type);
  },
});
`;
}

function piText(program: Program): string {
  return `// ${MARK}
// @ts-nocheck
${spawning(hookArgv(program, 'pi'))}
export default function (pi) {
  for (const event of ['session_before_compact', 'session_shutdown'])
    pi.on(event, (_, context) => {
      let path;
      try {
        path = context?.sessionManager?.getSessionFile?.();
      } catch {}
      call(event, path);
    });
}
`;
}

/** Whether a person has switched all hooks of the agent off in the very file. */
export function isSwitchedOff(id: HookedId, text: string): boolean {
  const tree = treeOf(text.replace(/^\ufeff/, ''));
  if (tree === null) return false;
  const value = (...path: string[]) => {
    const node = nodeAt(tree, path);
    return node === undefined ? undefined : getNodeValue(node);
  };
  if (id === 'claude-code') return value('disableAllHooks') === true;
  if (id === 'gemini-cli' || id === 'qwen-code')
    return value('hooksConfig', 'enabled') === false || value('disableAllHooks') === true;
  return false;
}
