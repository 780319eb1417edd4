/**
 * Where each agent takes servers of the Model Context Protocol from, and our entry there. Pure.
 * Promises: the entry goes by its name, `session-memory`, whoever made it (an agent's own command does too), and only where it calls
 * `mcp`; another one of that name is refused; what a person added to ours stays. All else keeps every byte, comments too.
 * The places are those that the agents' own commands were seen to write in November 2026.
 */
import { getNodeValue } from 'jsonc-parser';
import type { Host } from '../domain/agent.ts';
import type { HookFile } from './hook-files.ts';
import type { HookedId } from './hooked.ts';
import type { Edited } from './hooks-json.ts';
import { hasTwice, nodeAt, treeOf, withMember, withoutChild, withValue } from './json-edit.ts';
import { callArgv, type Program } from './own-call.ts';
import { ownTable, withoutTable, withTable } from './toml-table.ts';

const NAME = 'session-memory';
/** Why an entry of somebody else's is left. */
export const TAKEN = `it has another server by the name of ${NAME}`;

/** `exists`: whether a file is there, for agents that take one of two. Null: none is known of this agent. */
export function mcpFile(id: HookedId, host: Host, exists: (path: string) => boolean): HookFile | null {
  const slash = host.platform === 'win32' ? '\\' : '/';
  const at = (...parts: string[]) => parts.join(slash);
  const home = (variable: string, ...below: string[]) => host.env[variable] ?? at(host.homeDir, ...below);
  switch (id) {
    case 'claude-code': {
      const root = home('CLAUDE_CONFIG_DIR', '.claude');
      const path = at(host.env['CLAUDE_CONFIG_DIR'] ?? host.homeDir, '.claude.json');
      return inJson(path, [root, path], 'mcpServers', (program) => ({ type: 'stdio', ...parted(program) }));
    }
    case 'codex': {
      const root = home('CODEX_HOME', '.codex');
      return inToml(at(root, 'config.toml'), [root]);
    }
    case 'gemini-cli': {
      const root = at(host.env['GEMINI_CLI_HOME'] ?? host.homeDir, '.gemini');
      return inJson(at(root, 'settings.json'), [root], 'mcpServers', parted);
    }
    case 'qwen-code': {
      const root = home('QWEN_HOME', '.qwen');
      return inJson(at(root, 'settings.json'), [root], 'mcpServers', parted);
    }
    case 'opencode': {
      const root = at(host.env['XDG_CONFIG_HOME'] ?? at(host.homeDir, '.config'), 'opencode');
      const data = at(host.env['XDG_DATA_HOME'] ?? at(host.homeDir, '.local', 'share'), 'opencode');
      const names = ['opencode.jsonc', 'opencode.json'].map((name) => at(root, name));
      const path = names.find(exists) ?? at(root, 'opencode.json');
      return inJson(path, [root, data], 'mcp', (program) => ({
        type: 'local',
        command: callArgv(program, 'mcp'),
        enabled: true,
      }));
    }
    case 'copilot-cli': {
      const root = home('COPILOT_HOME', '.copilot');
      return inJson(at(root, 'mcp-config.json'), [root], 'mcpServers', (program) => ({
        type: 'local',
        ...parted(program),
        tools: ['*'],
      }));
    }
    case 'cursor': {
      const root = at(host.homeDir, '.cursor');
      return inJson(at(root, 'mcp.json'), [root], 'mcpServers', parted);
    }
    case 'pi':
    case 'kimi-code':
      return null;
    default:
      return id satisfies never;
  }
}

function parted(program: Program): { command: string; args: string[] } {
  const [command = '', ...args] = callArgv(program, 'mcp');
  return { command, args };
}

/** The words that an entry calls; null: it is none of ours. */
function wordsOf(value: unknown): string[] | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const fields = new Map<string, unknown>(Object.entries(value));
  const all = [fields.get('command'), fields.get('args') ?? []].flat();
  const words = all.filter((word) => typeof word === 'string');
  return words.length === all.length && words.length > 1 && words.at(-1) === 'mcp' ? words : null;
}

function inJson(
  path: string,
  signs: readonly string[],
  list: string,
  entry: (program: Program) => object,
): HookFile {
  const own = (text: string) => {
    const tree = treeOf(partedText(text).body);
    const node = tree === null ? undefined : nodeAt(tree, [list, NAME]);
    const value: unknown = node === undefined ? null : getNodeValue(node);
    return wordsOf(value) === null ? null : value;
  };
  return {
    path,
    signs,
    isOwn: false,
    install: (text, program) => withServer(text, list, entry(program)),
    uninstall: (text) => (own(text) === null ? { text } : withoutServer(text, list)),
    remade: (before, text) => {
      const made = withServer(before, list, own(text) ?? {});
      return 'text' in made ? made.text : null;
    },
    own: (text) => {
      const value = own(text);
      return value === null ? null : JSON.stringify(value);
    },
    words: (text) => wordsOf(own(text)),
  };
}

function partedText(text: string): { bom: string; body: string } {
  return text.startsWith('\ufeff') ? { bom: '\ufeff', body: text.slice(1) } : { bom: '', body: text };
}

function withServer(text: string | null, list: string, entry: object): Edited {
  const { bom, body } = partedText(text === null || text.trim() === '' ? '{}\n' : text);
  const tree = treeOf(body);
  if (tree === null) return { why: 'it is not JSON that can be edited safely' };
  const servers = nodeAt(tree, [list]);
  if (servers === undefined) return whole(bom, withMember(body, tree, list, { [NAME]: entry }));
  if (servers.type !== 'object' || hasTwice(servers)) return { why: `its "${list}" cannot be added to` };
  const node = nodeAt(tree, [list, NAME]);
  if (node === undefined) return whole(bom, withMember(body, servers, NAME, entry));
  const before: unknown = getNodeValue(node);
  if (wordsOf(before) === null) return { why: TAKEN };
  const wanted = { ...(before as object), ...entry };
  const isSame = JSON.stringify(before) === JSON.stringify(wanted);
  return isSame ? { text: bom + body } : whole(bom, withValue(body, node, wanted));
}

/** The list goes too where it is empty then. */
function withoutServer(text: string, list: string): Edited {
  const { bom, body } = partedText(text);
  const without = withoutMember(body, [list, NAME]);
  const tree = treeOf(without);
  const servers = tree === null ? undefined : nodeAt(tree, [list]);
  const isEmpty =
    servers !== undefined &&
    without.slice(servers.offset + 1, servers.offset + servers.length - 1).trim() === '';
  return whole(bom, isEmpty ? withoutMember(without, [list]) : without);
}

function withoutMember(text: string, path: readonly string[]): string {
  const tree = treeOf(text);
  const member = tree === null ? undefined : nodeAt(tree, path)?.parent;
  const parent = member?.parent;
  if (member === undefined || parent === undefined) return text;
  return withoutChild(text, parent, (parent.children ?? []).indexOf(member));
}

/** What was edited, unless it can no longer be read: then it is not written. */
function whole(bom: string, edited: string): Edited {
  return treeOf(edited) === null
    ? { why: 'it cannot be edited safely by this program' }
    : { text: bom + edited };
}

const TABLE = ['mcp_servers', NAME] as const;

function inToml(path: string, signs: readonly string[]): HookFile {
  return {
    path,
    signs,
    isOwn: false,
    install: (text, program) => {
      const found = ownTable(text ?? '', TABLE);
      if ('why' in found) return found;
      if (found.value === null) return withTable(text ?? '', TABLE, parted(program));
      if (wordsOf(found.value) === null) return { why: TAKEN };
      const wanted = { ...found.value, ...parted(program) };
      if (JSON.stringify(found.value) === JSON.stringify(wanted)) return { text: text ?? '' };
      return withTable(text ?? '', TABLE, wanted);
    },
    uninstall: (text) => {
      const found = ownTable(text, TABLE);
      if ('why' in found || wordsOf(found.value) === null) return { text };
      return withoutTable(text, TABLE);
    },
    remade: (before, text) => {
      const found = ownTable(text, TABLE);
      const made = 'why' in found ? found : withTable(before ?? '', TABLE, found.value ?? {});
      return 'text' in made ? made.text : null;
    },
    own: (text) => {
      const found = ownTable(text, TABLE);
      return 'why' in found || wordsOf(found.value) === null ? null : JSON.stringify(found.value);
    },
    words: (text) => {
      const found = ownTable(text, TABLE);
      return 'why' in found ? null : wordsOf(found.value);
    },
  };
}

/** One file that holds both: what is done to it is done by one after the other. `wanted`: those that `install` puts in. */
export function bothIn(first: HookFile, second: HookFile, wanted = [first, second]): HookFile {
  const parts = [first, second];
  return {
    ...first,
    install: (text, program) => chained(wanted, text, (part, edited) => part.install(edited, program)),
    uninstall: (text) => chained(parts, text, (part, edited) => part.uninstall(edited ?? '')),
    remade: (before, text) => {
      const inOrder = (order: readonly HookFile[]) =>
        order.reduce<string | null>(
          (made, part) => (part.own(text) === null ? made : part.remade(made, text)),
          before,
        );
      // Whichever was put in first stands first.
      const made = inOrder(parts);
      return made === text ? made : inOrder(parts.toReversed());
    },
    own: (text) => {
      const each = parts.map((part) => part.own(text));
      return each.every((one) => one === null) ? null : JSON.stringify(each);
    },
  };
}

function chained(
  parts: readonly HookFile[],
  text: string | null,
  work: (part: HookFile, text: string | null) => Edited | null,
): Edited {
  let edited = text;
  for (const part of parts) {
    const made = work(part, edited);
    if (made === null || 'why' in made) return made ?? { why: 'it cannot be edited safely' };
    edited = made.text;
  }
  return { text: edited ?? '' };
}
