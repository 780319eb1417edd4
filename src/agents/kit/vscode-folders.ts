/**
 * Where editors of VS Code's family keep what their extensions store, on this machine and as a server of a remote one.
 * Promises: pure: names folders, existing or not. Source: Electron's `userData` and the editors' own product names.
 */
import type { Host } from '../../domain/agent.ts';

const EDITORS: readonly string[] = [
  'Code',
  'Code - Insiders',
  'VSCodium',
  'Code - OSS',
  'Cursor',
  'Windsurf',
  'Trae',
  'Kiro',
  'Antigravity',
];
const SERVERS: readonly string[] = [
  '.vscode-server',
  '.vscode-server-insiders',
  '.cursor-server',
  '.windsurf-server',
];

/** `<user data>/User/globalStorage/<extension>` of each editor. `XDG_CONFIG_HOME` moves them on Linux. */
export function globalStorages(host: Host, extension: string): readonly string[] {
  const slash = host.platform === 'win32' ? '\\' : '/';
  const inUser = ['User', 'globalStorage', extension];
  const base = configFolder(host);
  return [
    ...EDITORS.map((editor) => [base, editor, ...inUser].join(slash)),
    ...SERVERS.map((server) => [host.homeDir, server, 'data', ...inUser].join(slash)),
  ];
}

/** Where programs of Electron have their own folders. */
export function configFolder(host: Host): string {
  if (host.platform === 'win32') return host.env['APPDATA'] ?? `${host.homeDir}\\AppData\\Roaming`;
  if (host.platform === 'darwin') return `${host.homeDir}/Library/Application Support`;
  return host.env['XDG_CONFIG_HOME'] ?? `${host.homeDir}/.config`;
}
