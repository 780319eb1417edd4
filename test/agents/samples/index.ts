/** The samples of all agents, by the agent's id. An agent without one fails the conformance suite. */
import { aiderSample } from './aider.ts';
import { ampSample } from './amp.ts';
import { continueSample, nanocoderSample } from './chat-documents.ts';
import { claudeCodeSample } from './claude-code.ts';
import { clineSample, rooCodeSample } from './cline.ts';
import { codexSample } from './codex.ts';
import { copilotCliSample } from './copilot-cli.ts';
import { crushSample } from './crush.ts';
import { cursorSample } from './cursor.ts';
import { cursorCliSample } from './cursor-cli.ts';
import { geminiCliSample } from './gemini-cli.ts';
import { gooseSample } from './goose.ts';
import { hermesSample } from './hermes.ts';
import { kimiCliSample } from './kimi-cli.ts';
import {
  antigravitySample,
  droidSample,
  iflowSample,
  kimiCodeSample,
  kiroCliSample,
  mistralVibeSample,
} from './more.ts';
import { kiloSample, opencodeSample } from './opencode.ts';
import { ownJsonlSample, ownJsonSample, ownMarkdownSample } from './own.ts';
import { ohMyPiSample, openClawSample, piSample } from './pi.ts';
import { qwenCodeSample } from './qwen-code.ts';
import type { Sample } from './sample.ts';

export const SAMPLES: Readonly<Record<string, Sample>> = {
  amp: ampSample,
  cline: clineSample,
  'roo-code': rooCodeSample,
  'claude-code': claudeCodeSample,
  codex: codexSample,
  'gemini-cli': geminiCliSample,
  'qwen-code': qwenCodeSample,
  'copilot-cli': copilotCliSample,
  pi: piSample,
  omp: ohMyPiSample,
  openclaw: openClawSample,
  'cursor-cli': cursorCliSample,
  droid: droidSample,
  'kimi-code': kimiCodeSample,
  'kimi-cli': kimiCliSample,
  'kiro-cli': kiroCliSample,
  'mistral-vibe': mistralVibeSample,
  antigravity: antigravitySample,
  iflow: iflowSample,
  opencode: opencodeSample,
  kilo: kiloSample,
  continue: continueSample,
  nanocoder: nanocoderSample,
  goose: gooseSample,
  crush: crushSample,
  'own-jsonl': ownJsonlSample,
  'own-json': ownJsonSample,
  'own-markdown': ownMarkdownSample,
  hermes: hermesSample,
  cursor: cursorSample,
  aider: aiderSample,
};
