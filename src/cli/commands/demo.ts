/**
 * `demo`: every pass on a throw-away store of bundled sessions, under tiny caps and a clock of its own.
 * Promises: nothing of the user's is read or written; the temporary folder is removed whatever happens.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import noise from '../../demo-samples/claude-code/0badc0de-0000-4000-8000-00000000dead.jsonl' with {
  type: 'file',
};
import failingCommand from '../../demo-samples/claude-code/469f7b3b-257a-4df1-bde9-eeb8db451279.jsonl' with {
  type: 'file',
};
import releaseWorkflow from '../../demo-samples/claude-code/488c5296-fc78-4fdf-8cfd-f1cae9454bd0.jsonl' with {
  type: 'file',
};
import threeAgents from '../../demo-samples/claude-code/be498d73-b37e-4d70-8b26-782a56e04612.jsonl' with {
  type: 'file',
};
import licenceFile from '../../demo-samples/claude-code/cf564e14-9b07-42ad-8d9a-4faa1b79a0ed.jsonl' with {
  type: 'file',
};
import refusedTool from '../../demo-samples/claude-code/db57d2ab-41c6-41bd-8c68-5c7ab400d493.jsonl' with {
  type: 'file',
};
import approvedPlan from '../../demo-samples/claude-code/f319cfc0-4fdd-4c57-966e-2da94e76c02e.jsonl' with {
  type: 'file',
};
import shellCommand from '../../demo-samples/codex/rollout-2026-04-26T09-29-13-019dc91f-21e4-78d3-9ed1-31d84a0a2c7a.jsonl' with {
  type: 'file',
};
import oneTurn from '../../demo-samples/codex/rollout-2026-05-31T10-31-32-019e7d96-c2d9-7753-a8e4-fce4389a9da0.jsonl' with {
  type: 'file',
};
import { failure } from '../../domain/errors.ts';
import type { Limits } from '../../domain/limits.ts';
import type { Iso } from '../../domain/time.ts';
import { openWritable } from '../../store/open.ts';
import { allEvicted, exitCodeOf } from '../../sweep/report.ts';
import { type Command, type Context, hasScreens } from '../context.ts';
import { printFailure } from '../failure.ts';
import { formatBytes, plural } from '../format.ts';
import { runIngest } from '../one-ingest.ts';
import { planPage } from '../report.ts';
import { printIngest } from './ingest.ts';
import { planOnly, printReport, runSweep } from './sweep.ts';

const claude = (id: string) => `.claude/projects/-home-demo-website/${id}.jsonl`;
const codex = (day: string, name: string) => `.codex/sessions/${day}/${name}.jsonl`;

/** Digested at once when they are ingested. */
const ANALYZED: Readonly<Record<string, string>> = {
  [claude('488c5296-fc78-4fdf-8cfd-f1cae9454bd0')]: releaseWorkflow,
  [claude('cf564e14-9b07-42ad-8d9a-4faa1b79a0ed')]: licenceFile,
  [claude('db57d2ab-41c6-41bd-8c68-5c7ab400d493')]: refusedTool,
  [claude('469f7b3b-257a-4df1-bde9-eeb8db451279')]: failingCommand,
  [claude('f319cfc0-4fdd-4c57-966e-2da94e76c02e')]: approvedPlan,
  [codex('2026/04/26', 'rollout-2026-04-26T09-29-13-019dc91f-21e4-78d3-9ed1-31d84a0a2c7a')]: shellCommand,
  [codex('2026/05/31', 'rollout-2026-05-31T10-31-32-019e7d96-c2d9-7753-a8e4-fce4389a9da0')]: oneTurn,
};

/** Left for the overflow pass: one that can be analyzed then, and one that nobody can read. */
const WAITING: Readonly<Record<string, string>> = {
  [claude('be498d73-b37e-4d70-8b26-782a56e04612')]: threeAgents,
  [claude('0badc0de-0000-4000-8000-00000000dead')]: noise,
};

/** After the last sample, so that the first four are older than the limit. */
const NOW = '2026-06-10T12:00:00.000Z' as Iso;

/** So small that each pass has something to do, and only the unreadable session stands between usage and the hard cap. */
const LIMITS: Limits = {
  rawSoftCapBytes: 1024,
  rawHardCapBytes: 2048,
  rawMaxAgeDays: 45,
  distilledCapBytes: 1024 ** 2,
};

export const demo: Command = async (outer) => {
  const { io } = outer;
  const folder = mkdtempSync(join(outer.tempFolder, 'session-memory-demo-'));
  try {
    chmodSync(folder, 0o700);
    const home = join(folder, 'home');
    const context: Context = {
      ...outer,
      host: { ...outer.host, homeDir: home, env: {}, agents: {} },
      clock: { now: () => NOW, monotonicMs: outer.clock.monotonicMs, isSet: true },
      settings: {
        ...outer.settings,
        storePath: join(folder, 'store', 'store.db'),
        limits: LIMITS,
        analyzerCommand: null,
        exclude: [],
      },
    };
    say(
      context,
      `A throw-away store in ${folder}; its clock stands at ${NOW}. Nothing of yours is touched.\n`,
    );
    return await walkThrough(
      context,
      home,
      outer.flags['yes'] === true || !(io.stdinIsTty && io.stdoutIsTty),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

async function walkThrough(context: Context, home: string, consents: boolean) {
  const { io, json, settings } = context;
  const roomy = { hardCapBytes: 1024 ** 3 };
  using db = openWritable(settings.storePath);
  await place(home, ANALYZED);
  // What a whole machine's history would mean is no part of the demo.
  const first = await runIngest(context, db, roomy, false);
  if (!json) printIngest(context, first);
  await place(home, WAITING);
  const second = await runIngest(context, db, { ...roomy, analyze: false }, false);
  if (!json) printIngest(context, second);
  say(
    context,
    `\nNow the caps shrink to ${formatBytes(LIMITS.rawSoftCapBytes)} and ${formatBytes(LIMITS.rawHardCapBytes)}. The plan:\n\n`,
  );
  if (!json) io.out(planPage(io, planOnly(context), LIMITS));
  if (!consents && hasScreens(context)) return await context.screens(context, 'sweep');
  if (!consents) {
    const needed = failure(
      'consent_needed',
      'the demo loses one unreadable session, and that needs consent',
      'Run `session-memory demo --yes`.',
    );
    return printFailure(io, json, needed);
  }
  say(context, `\nThe sweep, with consent to all of it:\n\n`);
  const report = await runSweep(context, db);
  printReport(context, db, report);
  say(
    context,
    `${plural(allEvicted(report).length, 'session')} left their digests behind; one was lost, with its consent, and is on record.\n`,
  );
  return exitCodeOf(report);
}

function say(context: Context, text: string): void {
  if (!context.json) context.io.out(text);
}

async function place(home: string, samples: Readonly<Record<string, string>>): Promise<void> {
  for (const [relPath, bundled] of Object.entries(samples)) {
    const path = join(home, relPath);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, await Bun.file(bundled).bytes(), { mode: 0o600 });
  }
}
