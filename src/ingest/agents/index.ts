/**
 * The agents that session-memory knows. A new one is a file beside this and a line in `AGENTS`.
 * Promises: ids are unique, and no agent's file knows another's.
 */
import { type AgentFormat, type Host, isEnabled } from '../../domain/agent.ts';
import { aider } from './aider.ts';
import { amp } from './amp.ts';
import { antigravity } from './antigravity.ts';
import { claudeCode } from './claude-code.ts';
import { cline, rooCode } from './cline.ts';
import { codex } from './codex.ts';
import { copilotCli } from './copilot-cli.ts';
import { droid } from './droid.ts';
import { geminiCli } from './gemini-cli.ts';
import { iflow } from './iflow.ts';
import { kimiCode } from './kimi-code.ts';
import { kiroCli } from './kiro-cli.ts';
import { mistralVibe } from './mistral-vibe.ts';
import { opencode } from './opencode.ts';
import { ohMyPi, openClaw, pi } from './pi.ts';
import { qwenCode } from './qwen-code.ts';

export const AGENTS: readonly AgentFormat[] = [
  claudeCode,
  codex,
  geminiCli,
  qwenCode,
  copilotCli,
  pi,
  ohMyPi,
  openClaw,
  amp,
  droid,
  kimiCode,
  kiroCli,
  mistralVibe,
  antigravity,
  iflow,
  cline,
  rooCode,
  opencode,
  aider,
];

/** The agent of that id, or null where none is known by it. */
export function agentById(text: string): AgentFormat | null {
  return AGENTS.find((agent) => agent.id === text) ?? null;
}

/** The agents that are looked for where none is named: all but those that the configuration switches off. */
export function enabledAgents(host: Host): readonly AgentFormat[] {
  return AGENTS.filter((agent) => isEnabled(agent, host));
}
