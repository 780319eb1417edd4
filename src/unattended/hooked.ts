/**
 * The agents that can call us, and which agents' sessions are looked at when one does. Pure.
 */
export interface HookedAgent {
  /** As in `hook AGENT` and `install --agent`. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Whose sessions it writes: an editor and its command line are one program with two places. */
  readonly agents: readonly string[];
}

export const HOOKED = [
  { id: 'claude-code', name: 'Claude Code', agents: ['claude-code'] },
  { id: 'codex', name: 'Codex', agents: ['codex'] },
  { id: 'gemini-cli', name: 'Gemini CLI', agents: ['gemini-cli'] },
  { id: 'qwen-code', name: 'Qwen Code', agents: ['qwen-code'] },
  { id: 'opencode', name: 'opencode', agents: ['opencode'] },
  { id: 'copilot-cli', name: 'Copilot CLI', agents: ['copilot-cli'] },
  { id: 'cursor', name: 'Cursor', agents: ['cursor-cli', 'cursor'] },
  { id: 'pi', name: 'pi', agents: ['pi'] },
  { id: 'kimi-code', name: 'Kimi Code', agents: ['kimi-code'] },
] as const satisfies readonly HookedAgent[];
export type HookedId = (typeof HOOKED)[number]['id'];

/** What people and other programs call them too. */
const ALSO: Readonly<Record<string, HookedId>> = {
  claude: 'claude-code',
  gemini: 'gemini-cli',
  qwen: 'qwen-code',
  copilot: 'copilot-cli',
  'cursor-cli': 'cursor',
  kimi: 'kimi-code',
};

export function hookedAgent(word: string): (HookedAgent & { readonly id: HookedId }) | null {
  const id = ALSO[word] ?? word;
  return HOOKED.find((agent) => agent.id === id) ?? null;
}
