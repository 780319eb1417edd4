/** Memory does not grow with a transcript: peak resident size of the real program, as the system counted it. */
import { expect, test } from 'bun:test';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

const MIB = 1024 ** 2;
const LIMIT_BYTES = 256 * MIB;

/** The largest resident size so far; 0 where the system does not tell. */
function residentPeakBytes(pid: number): number {
  try {
    const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib ?? 0) * 1024;
  } catch {
    // It has just ended, or this is no Linux.
    return 0;
  }
}

async function peakBytes(program: Program, ...args: string[]): Promise<number> {
  const child = program.start(...args);
  let peak = 0;
  // What the system tells at the end would count this test's own memory too: a child begins with its parent's peak.
  while (child.exitCode === null) {
    peak = Math.max(peak, residentPeakBytes(child.pid));
    await Bun.sleep(5);
  }
  await new Response(child.stdout).bytes();
  expect(await child.exited).toBe(0);
  if (peak === 0) peak = child.resourceUsage()?.maxRSS ?? Number.POSITIVE_INFINITY;
  // Bytes, not kibibytes: no program of ours is smaller than this.
  expect(peak).toBeGreaterThan(20 * MIB);
  return peak;
}

test('a transcript of 400 MiB, then a line of 200 MiB, stay under 256 MiB', async () => {
  using program = new Program();
  const id = 'a0000000-0000-4000-8000-000000000000';
  const path = program.put(claudePath(id), '');
  const lines = Array.from({ length: 3000 }, (_, i) =>
    promptLine(id, `${i} ${Bun.hash(String(i)).toString(36).repeat(20)}`),
  ).join('');
  const block = lines.repeat(Math.ceil((8 * MIB) / lines.length));
  for (let bytes = 0; bytes < 400 * MIB; bytes += block.length) appendFileSync(path, block);
  expect(await peakBytes(program, 'ingest')).toBeLessThan(LIMIT_BYTES);
  expect(await peakBytes(program, 'verify')).toBeLessThan(LIMIT_BYTES);

  const line = join(program.home, claudePath('b0000000-0000-4000-8000-000000000000'));
  writeFileSync(line, `${promptLine('x', 'before')}{"type":"user","message":{"content":"`);
  for (let i = 0; i < 200; i += 1) appendFileSync(line, 'y'.repeat(MIB));
  appendFileSync(line, `"}}\n${promptLine('x', 'after')}`);
  expect(await peakBytes(program, 'ingest')).toBeLessThan(LIMIT_BYTES);
  expect((await program.run('show', 'b0000000', '--json')).out).toContain('after');
}, 120_000);
