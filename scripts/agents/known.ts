/** The agents that the rig runs, in the order of its table. */

import { claudeCode } from './facts/claude-code.ts';
import { cline } from './facts/cline.ts';
import { codex, codexPlain } from './facts/codex.ts';
import { copilotCli } from './facts/copilot-cli.ts';
import { geminiCli } from './facts/gemini-cli.ts';
import { kilo } from './facts/kilo.ts';
import { kimiCode } from './facts/kimi-code.ts';
import { ohMyPi } from './facts/omp.ts';
import { openClaw, openClawFiles } from './facts/openclaw.ts';
import { opencode } from './facts/opencode.ts';
import { pi } from './facts/pi.ts';
import { qwenCode } from './facts/qwen-code.ts';
import type { AgentFacts } from './facts.ts';

export const KNOWN: readonly AgentFacts[] = [
  ...[claudeCode, codex, codexPlain, geminiCli, qwenCode, opencode, pi, copilotCli, cline, kimiCode],
  ...[openClaw, openClawFiles, kilo, ohMyPi],
];
