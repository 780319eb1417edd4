/**
 * Hostile transcripts: genuine ones, mutated, against the modules in this process, thousands a minute.
 * Promises: no crash, no law broken whatever the bytes; each round names the mutation that broke one, shrunk.
 */
import { join } from 'node:path';
import fc from 'fast-check';
import { brokenByHome, type HostileFile } from './hostile-home.ts';
import { brokenLaws, formatOf } from './hostile-laws.ts';
import { type Mutation, mutated, mutations, type Sample, samples, share } from './hostile-mutations.ts';
import type { Outcome, Part, Round } from './part.ts';

/** Mutated transcripts of one round that are only digested, and homes of several that are stored. */
const DIGESTED = 1500;
const HOMES = 3;
const FILES_MAX = 8;

/** File names and ids that mean something to a file system, a shell or a terminal. */
const NAMES: readonly string[] = [
  ...[
    'CON',
    'nul.x',
    '-rf',
    '..x',
    'a b',
    "a'b",
    '$(x)',
    'a\nb',
    'a\u001b]0;x\u0007b',
    'a\u202eb',
    'ä'.repeat(60),
    'x'.repeat(200),
  ],
  ...[
    '11111111-1111-4111-8111-111111111111',
    '22222222-2222-4222-8222-222222222222',
    'agent-1',
    'agent-../x'.replace('/', '_'),
  ],
];
const FOLDERS = ['-p', '-q', '--x', '.hidden'];

export const hostile: Part = {
  name: 'hostile',
  about:
    'Mutates genuine transcripts and holds what is made of them to the laws: no crash, no byte lost, nothing unescaped.',
  unavailable: async () => (samples().length === 0 ? 'no genuine transcript is there to mutate' : null),
  round,
};

async function round({ seed, folder, log }: Round): Promise<Outcome> {
  const all = samples();
  const digested = await digestedRound(all, seed, DIGESTED);
  const stored = await storedRound(all, seed, folder, HOMES);
  log(`${digested.harm} transcripts digested, ${stored.harm} stored`);
  return {
    harm: digested.harm + stored.harm,
    checks: digested.checks + stored.checks,
    failures: [...digested.failures, ...stored.failures],
  };
}

/** `count` mutated transcripts, each digested whole and in pieces. */
export async function digestedRound(all: readonly Sample[], seed: number, count: number): Promise<Outcome> {
  let harm = 0;
  let checks = 0;
  const result = await fc.check(
    fc.asyncProperty(
      fc.nat(all.length - 1),
      mutations,
      fc.array(share, { maxLength: 4 }),
      async (index, list, cuts) => {
        const sample = all[index];
        if (sample === undefined) return;
        const bytes = mutated(sample.bytes, list);
        checks += 1;
        if (Buffer.compare(bytes, sample.bytes) !== 0) harm += 1;
        const broken = await brokenLaws(formatOf(sample.agent), bytes, cuts);
        if (broken.length > 0) throw new Error(`${sample.name}: ${broken.join('; ')}`);
      },
    ),
    { seed, numRuns: count },
  );
  return { harm, checks, failures: failuresOf(result) };
}

function failuresOf<T>(result: fc.RunDetails<T>): string[] {
  if (!result.failed) return [];
  const { errorInstance } = result;
  const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return [`${why}\n${fc.defaultReportMessage(result) ?? ''}`];
}

/** A file of a home as data: which sample, under which name, mutated how at each of three ingests. */
const planned = fc.record({
  sample: fc.nat(1000),
  name: fc.nat(NAMES.length - 1),
  folder: fc.nat(FOLDERS.length - 1),
  isSidecar: fc.boolean(),
  first: mutations,
  later: fc.option(mutations, { nil: null }),
  appends: fc.boolean(),
});
type Planned = typeof planned extends fc.Arbitrary<infer T> ? T : never;

/** `count` homes of up to eight hostile files, ingested three times as they change, listed and restored. */
export async function storedRound(
  all: readonly Sample[],
  seed: number,
  folder: string,
  count: number,
): Promise<Outcome> {
  // Whole files are held side by side here: the smaller ones say as much.
  const small = all.filter(({ bytes }) => bytes.length <= 40_000);
  let harm = 0;
  let checks = 0;
  const result = await fc.check(
    fc.asyncProperty(fc.array(planned, { minLength: 2, maxLength: FILES_MAX }), async (plan) => {
      checks += 1;
      // Two plans for one path: the later one.
      const files = [
        ...new Map(plan.flatMap((one) => fileOf(small, one)).map((file) => [file.relPath, file])).values(),
      ];
      harm += files.length;
      const broken = await brokenByHome(join(folder, `home-${checks}`), files);
      if (broken.length > 0) throw new Error(broken.slice(0, 10).join('\n'));
    }),
    // A home costs half a second: shrinking stops after so many.
    { seed, numRuns: count, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
  );
  return { harm, checks, failures: failuresOf(result) };
}

function fileOf(all: readonly Sample[], plan: Planned): HostileFile[] {
  const sample = all[plan.sample % all.length];
  if (sample === undefined) return [];
  const first = mutated(sample.bytes, plan.first);
  const second = plan.later === null ? first : changed(first, plan.later, plan.appends);
  const third = plan.appends ? Buffer.concat([second, sample.bytes]) : second;
  return [{ relPath: placeOf(sample, plan), versions: [first, second, third] }];
}

function changed(bytes: Uint8Array, list: readonly Mutation[], appends: boolean): Uint8Array {
  return appends ? Buffer.concat([bytes, mutated(bytes, list)]) : mutated(bytes, list);
}

function placeOf({ agent }: Sample, plan: Planned): string {
  const name = NAMES[plan.name] ?? 'x';
  if (agent === 'codex')
    return `.codex/sessions/2026/01/0${plan.folder + 1}/rollout-2026-01-01T00-00-00-${name}.jsonl`;
  const folder = `.claude/projects/${FOLDERS[plan.folder]}`;
  return plan.isSidecar ? `${folder}/${NAMES[12]}/subagents/agent-${name}.jsonl` : `${folder}/${name}.jsonl`;
}
