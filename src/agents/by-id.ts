/**
 * One agent by its id, without the others: what an agent's hook calls has no time to load twenty-five formats.
 * Promises: the same agents as the registry has.
 */
import type { AgentFormat, Host } from '../domain/agent.ts';

/** Those that call a hook. Any other comes with the whole registry. */
const LOADS: ReadonlyMap<string, () => Promise<AgentFormat>> = new Map([
  ['claude-code', async () => (await import('./claude-code/index.ts')).claudeCode],
  ['codex', async () => (await import('./codex/index.ts')).codex],
  ['gemini-cli', async () => (await import('./gemini-cli/index.ts')).geminiCli],
  ['qwen-code', async () => (await import('./qwen-code/index.ts')).qwenCode],
  ['opencode', async () => (await import('./opencode/index.ts')).opencode],
  ['copilot-cli', async () => (await import('./copilot-cli/index.ts')).copilotCli],
  ['cursor', async () => (await import('./cursor/index.ts')).cursor],
  ['cursor-cli', async () => (await import('./cursor-cli/index.ts')).cursorCli],
  ['pi', async () => (await import('./pi/index.ts')).pi],
  ['kimi-code', async () => (await import('./kimi-code.ts')).kimiCode],
]);

/** The agent of that id, or null where none is known by it. `host`: whose configuration may know it. */
export async function loadAgent(id: string, host: Pick<Host, 'agents'> = {}): Promise<AgentFormat | null> {
  const load = LOADS.get(id);
  return load === undefined ? (await import('./registry.ts')).agentById(id, host) : load();
}
