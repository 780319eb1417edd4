/**
 * What must hold of any bytes that call themselves a transcript, held against the modules in this process.
 * Promises: answers with sentences, one a broken law; throws nothing that the program throws.
 */

import { claudeCode } from '../../src/agents/claude-code/index.ts';
import { codex } from '../../src/agents/codex/index.ts';
import { type DigestOutcome, makeDigest } from '../../src/digest/digest.ts';
import { digestPage } from '../../src/digest/page.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import { digestSchema } from '../../src/domain/digest.schema.ts';
import { DIGEST_BYTES_MAX } from '../../src/domain/digest.ts';
import { type SessionUid, sessionUid } from '../../src/domain/ids.ts';
import { plainLine } from '../../src/domain/text.ts';
import type { Iso } from '../../src/domain/time.ts';

const NOW = '2026-11-23T12:00:00.000Z' as Iso;
const UID = 'claude-code:11111111-2222-4333-8444-555555555555' as SessionUid;
const HEAD_BYTES = 256 * 1024;
const TAIL_BYTES = 64 * 1024;

export const formatOf = (agent: 'claude-code' | 'codex'): AgentFormat =>
  agent === 'codex' ? codex : claudeCode;

/** What a terminal would act on: controls other than newline and tab, C1, bidi, line separators. */
export function hostileIn(text: string): string[] {
  const found = text.match(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
  );
  return (found ?? []).map((char) => `U+${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `cuts`: shares of the length at which the bytes are handed over in pieces. */
export async function brokenLaws(
  format: AgentFormat,
  bytes: Uint8Array,
  cuts: readonly number[],
): Promise<string[]> {
  const broken: string[] = [];
  try {
    const whole = await digestOf(format, [bytes]);
    const pieces = await digestOf(format, piecesOf(bytes, cuts));
    if (jsonOf(whole) !== jsonOf(pieces))
      broken.push('the digest depends on how the bytes were cut into chunks');
    broken.push(...brokenByDigest(whole));
    broken.push(...brokenByPeek(format, bytes));
  } catch (thrown) {
    broken.push(`it threw: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
  }
  return broken;
}

function digestOf(format: AgentFormat, chunks: readonly Uint8Array[]): Promise<DigestOutcome> {
  const rawBytes = chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);
  return makeDigest({
    uid: UID,
    agent: format,
    rawBytes,
    now: NOW,
    files: [{ role: 'main', key: 'main', chunks }],
  });
}

const jsonOf = (made: DigestOutcome): string => (made.ok ? made.json : made.partialJson);

function piecesOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [
    0,
    ...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b),
    bytes.length,
  ];
  return places.slice(1).map((to, index) => bytes.subarray(places[index] ?? 0, to));
}

function brokenByDigest(made: DigestOutcome): string[] {
  const broken: string[] = [];
  const json = jsonOf(made);
  const digest = made.ok ? made.digest : made.partial;
  if (Buffer.byteLength(json) > DIGEST_BYTES_MAX)
    broken.push(`the digest has ${Buffer.byteLength(json)} bytes`);
  if (!Bun.deepEquals(JSON.parse(json), digest, true))
    broken.push('the stored digest is not the one that was made');
  const checked = digestSchema.safeParse(digest);
  if (!checked.success) broken.push(`the digest is not what its schema says: ${checked.error.message}`);
  const acts = [...hostileIn(digestPage(digest, 80)), ...hostileIn(made.ok ? '' : made.why)];
  if (acts.length > 0) broken.push(`its page acts on a terminal: ${acts.slice(0, 5).join(' ')}`);
  return broken;
}

function brokenByPeek(format: AgentFormat, bytes: Uint8Array): string[] {
  const found = format.peek(
    bytes.subarray(0, HEAD_BYTES),
    bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES)),
  );
  if (found === null) return [];
  const broken: string[] = [];
  const uid = sessionUid(format.id, found.nativeId ?? '', (text) =>
    Bun.hash(text).toString(16).padStart(32, '0'),
  );
  if (!/^[a-z-]+:[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(uid) || uid.includes('..'))
    broken.push(`an id that is not harmless: ${uid}`);
  for (const text of [found.title, found.project, found.branch])
    if (hostileIn(plainLine(text ?? '')).length > 0) broken.push('a plain line acts on a terminal');
  return broken;
}
