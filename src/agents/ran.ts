/**
 * The agents that were run for real with session-memory, against a scripted model: the last version, and what was seen.
 * Promises: what is here was seen, and nothing else; the table in `docs/agents.md` is made of it.
 */

export interface AgentRun {
  readonly version: string;
  /** Whether it went on with a session that `restore` had put back, with all that was said before. */
  readonly resumed: boolean;
}

export const RAN: Readonly<Record<string, AgentRun>> = {
  'claude-code': { version: '2.1.332', resumed: true },
  codex: { version: '0.171.0', resumed: true },
  'gemini-cli': { version: '0.61.0', resumed: true },
  'qwen-code': { version: '0.24.4', resumed: true },
  'copilot-cli': { version: '1.0.102', resumed: true },
  pi: { version: '1.6.0', resumed: true },
  omp: { version: '18.2.3', resumed: true },
  openclaw: { version: '2026.9.6', resumed: true },
  droid: { version: '0.225.2', resumed: false },
  'kimi-code': { version: '2.1.0', resumed: true },
  continue: { version: '1.5.47', resumed: false },
  nanocoder: { version: '1.30.0', resumed: false },
  cline: { version: '3.0.65', resumed: true },
  opencode: { version: '1.18.33', resumed: true },
  kilo: { version: '7.7.7', resumed: true },
};
