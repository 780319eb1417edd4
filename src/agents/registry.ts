/**
 * The agents that session-memory knows. A new one is a file beside this and a line in `AGENTS`.
 * Promises: ids are unique, and no agent's file knows another's.
 */
import { type AgentFormat, type Host, isEnabled } from '../domain/agent.ts';
import type { OwnFormat } from '../domain/own-format.ts';
import { aider } from './aider/index.ts';
import { amp } from './amp.ts';
import { antigravity } from './antigravity.ts';
import { claudeCode } from './claude-code/index.ts';
import { cline, rooCode } from './cline/index.ts';
import { codex } from './codex/index.ts';
import { continueCli } from './continue.ts';
import { copilotCli } from './copilot-cli/index.ts';
import { crush } from './crush/index.ts';
import { cursor } from './cursor/index.ts';
import { cursorCli } from './cursor-cli/index.ts';
import { ownAgent } from './custom/index.ts';
import { droid } from './droid.ts';
import { geminiCli } from './gemini-cli/index.ts';
import { goose } from './goose/index.ts';
import { hermes } from './hermes/index.ts';
import { iflow } from './iflow.ts';
import { kimiCli } from './kimi-cli/index.ts';
import { kimiCode } from './kimi-code.ts';
import { kiroCli } from './kiro-cli.ts';
import { mistralVibe } from './mistral-vibe.ts';
import { nanocoder } from './nanocoder.ts';
import { kilo, opencode } from './opencode/index.ts';
import { ohMyPi, openClaw, pi } from './pi/index.ts';
import { qwenCode } from './qwen-code/index.ts';

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
  cursorCli,
  droid,
  kimiCode,
  kimiCli,
  kiroCli,
  mistralVibe,
  antigravity,
  continueCli,
  nanocoder,
  iflow,
  cline,
  rooCode,
  opencode,
  kilo,
  aider,
  goose,
  crush,
  hermes,
  cursor,
];

/** One agent for each format, however often it is asked for: agents are told apart by being the same. */
const made = new WeakMap<OwnFormat, Map<string, AgentFormat>>();

/** The agent that a configuration describes. */
export function agentOfFormat(id: string, own: OwnFormat): AgentFormat {
  const byId = made.get(own) ?? new Map<string, AgentFormat>();
  const agent = byId.get(id) ?? ownAgent(id, own);
  made.set(own, byId.set(id, agent));
  return agent;
}

/** All agents on such a machine: those that are known, then those of its configuration. */
export function agentsOf(host: Pick<Host, 'agents'>): readonly AgentFormat[] {
  const own = Object.entries(host.agents ?? {}).flatMap(([id, settings]) =>
    settings.own === undefined ? [] : [agentOfFormat(id, settings.own)],
  );
  return own.length === 0 ? AGENTS : [...AGENTS, ...own];
}

/** The agent of that id, or null where none is known by it. `host`: whose configuration may know it. */
export function agentById(text: string, host: Pick<Host, 'agents'> = {}): AgentFormat | null {
  return agentsOf(host).find((agent) => agent.id === text) ?? null;
}

/** The agents that are looked for where none is named: all but those that the configuration switches off. */
export function enabledAgents(host: Host): readonly AgentFormat[] {
  return agentsOf(host).filter((agent) => isEnabled(agent, host));
}
