// One genuine session, small enough to be read by hand (src/demo-samples, with its source and licence): every value below
// was taken from the transcript itself, the sums with pen and paper.

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AGENTS } from '../../src/agents/registry.ts';
import { digestOf } from './samples.ts';

const SAMPLES = join(import.meta.dir, '../../src/demo-samples');

function agent(id: string) {
  const found = AGENTS.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no agent ${id}`);
  return found;
}

test('a release workflow that was repaired is told by its digest', async () => {
  const path = join(SAMPLES, 'claude-code/488c5296-fc78-4fdf-8cfd-f1cae9454bd0.jsonl');
  const outcome = await digestOf(agent('claude-code'), readFileSync(path));
  if (!outcome.ok) throw new Error(outcome.why);
  const { digest } = outcome;
  // The two summaries at its beginning name other sessions: their leaves are not in this file.
  expect(digest.title?.startsWith('I just tried to make a release with')).toBe(true);
  expect(digest.title?.length).toBeLessThanOrEqual(120);
  expect(digest.prompts.map(({ at }) => String(at))).toEqual([
    '2026-01-06T14:55:06.837Z',
    '2026-01-06T14:58:11.947Z',
  ]);
  expect(digest.prompts[1]?.text).toBe('can you also add a single retry?');
  expect(digest.outcome).toStartWith('Done. Added `retry: 1` which will retry notarization once on failure');
  const root = '/Users/soph/Work/entire/devenv/cli';
  expect(digest.files).toEqual({
    read: [`${root}/.github/workflows/release.yml`],
    written: [],
    edited: [`${root}/.goreleaser.yaml`],
  });
  expect([digest.project, digest.branches, digest.agent_version]).toEqual([root, ['main'], '2.0.76']);
  expect([String(digest.started_at), String(digest.ended_at)]).toEqual([
    '2026-01-06T14:55:06.837Z',
    '2026-01-06T15:01:46.482Z',
  ]);
  expect(digest.tools).toEqual({ Edit: 2, Read: 2, Glob: 1 });
  expect(digest.models).toEqual(['claude-opus-4-5-20251101']);
  // Six answers, told in fourteen records.
  expect(digest.tokens).toEqual({
    input: 9 + 7 + 7 + 7 + 9 + 7,
    cacheRead: 0 + 40_660 + 41_506 + 42_237 + 42_956 + 43_070,
    cacheWrite: 40_660 + 846 + 731 + 511 + 114 + 482,
    output: 8 + 96 + 5 + 3 + 273 + 1,
    reasoning: 0,
  });
});

test('a transcript of noise is no analysis', async () => {
  const path = join(SAMPLES, 'claude-code/0badc0de-0000-4000-8000-00000000dead.jsonl');
  const outcome = await digestOf(agent('claude-code'), readFileSync(path));
  expect(outcome.ok ? 'ok' : outcome.why).toMatch(/^no readable record in \d+ lines$/);
});
