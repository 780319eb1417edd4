/**
 * `doctor`: whether what should run by itself does. One page, a line a check, each with its way out.
 * Promises: changes nothing, makes no store; exit 1 where something needs a person.
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, FailureError } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { mountOfPath, refreshMounts } from '../../files/mounts.ts';
import { failedAnalyses } from '../../store/analyses.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { besides } from '../../store/forget.ts';
import { hookCalls } from '../../store/hook-calls.ts';
import { openReadable } from '../../store/open.ts';
import { freeBytes, sizeOf } from '../../store/room.ts';
import { lastRun } from '../../store/runs.ts';
import { lastScans } from '../../store/scans.ts';
import { counters, usage } from '../../store/usage.ts';
import { codexTrust } from '../../unattended/codex-trust.ts';
import { readText } from '../../unattended/disk.ts';
import {
  agentCheck,
  type Check,
  diskCheck,
  type HookFacts,
  hookCheck,
  isWell,
  runCheck,
  type ScheduleFacts,
  scheduleCheck,
} from '../../unattended/doctor.ts';
import { hookFile, isSwitchedOff } from '../../unattended/hook-files.ts';
import { HOOKED } from '../../unattended/hooked.ts';
import { nameOf, ownEntries } from '../../unattended/own-call.ts';
import { type Command, type Context, printJson } from '../context.ts';
import { formatBytes, formatCount, formatTime, plural } from '../format.ts';
import { paint } from '../io.ts';
import { runResult } from '../report.ts';
import { Machine, scheduleFacts } from '../scheduler.ts';
import { circumstances } from '../wire.ts';
import { unmatchedOf } from './config.ts';
import { jobOf, programOf } from './install.ts';

export const doctor: Command = async (context) => {
  refreshMounts();
  const machine = new Machine(context.host, '');
  const schedule = scheduleFacts(machine, jobOf(context));
  const checks = [
    programCheck(context),
    ...storeChecks(context, (db) => insideChecks(context, db, schedule)),
    scheduleCheck(schedule),
    ...unmatchedOf(context).map(
      ({ pattern, why }): Check => ({
        ...{ check: 'exclude', state: 'warning', message: `${pattern} ${why}` },
        hint: 'Write a whole path, ~/… or a name; `session-memory config` shows the patterns.',
      }),
    ),
  ];
  const isOk = isWell(checks);
  if (context.json) printJson(context.io, { version: 1, ok: isOk, checks });
  else context.io.out(page(context, checks));
  return isOk ? EXIT.done : EXIT.failed;
};

function page({ io }: Context, checks: readonly Check[]): string {
  const colours = { ok: 'green', warning: 'yellow', wrong: 'red' } as const;
  const width = Math.max(...checks.map(({ check }) => check.length));
  const lines = checks.flatMap(({ check, state, message, hint }) => [
    `${paint(io, colours[state], state.padEnd(7))}  ${check.padEnd(width)}  ${plainLine(message)}`,
    ...(hint === null ? [] : [`${' '.repeat(9 + width + 2)}→ ${plainLine(hint)}`]),
  ]);
  const wrongs = checks.filter(({ state }) => state === 'wrong').length;
  const end =
    wrongs > 0 ? `${plural(wrongs, 'thing')} need${wrongs === 1 ? 's' : ''} you.` : 'Nothing needs you.';
  return `${lines.join('\n')}\n\n${end}\n`;
}

function programCheck({ version, self, host }: Context): Check {
  const path = self?.[0] ?? 'unknown';
  const named = Bun.which('session-memory', { PATH: host.env['PATH'] ?? '' });
  const isOther = named !== null && existsSync(path) && realpathSync(named) !== realpathSync(path);
  const message = `${version}, ${path}`;
  return isOther
    ? {
        ...{ check: 'program', state: 'warning', message: `${message}; the one on your PATH is ${named}` },
        hint: 'Remove one of them, or run `session-memory install` by the one that you want to be called.',
      }
    : { check: 'program', state: 'ok', message, hint: null };
}

function storeChecks(context: Context, inside: (db: ReadableDb) => Check[]): Check[] {
  const { storePath } = context.settings;
  if (!existsSync(storePath))
    return [
      {
        ...{ check: 'store', state: 'warning', message: `there is none yet: ${storePath}` },
        hint: 'Run `session-memory ingest`.',
      },
      ...inside(openReadable(storePath)),
    ];
  const mount = mountOfPath(storePath);
  try {
    const db = openReadable(storePath);
    try {
      const size = formatBytes(sizeOf(storePath));
      const where: Check =
        mount === null
          ? { check: 'store', state: 'ok', message: `${size}, ${storePath}`, hint: null }
          : {
              ...{
                check: 'store',
                state: 'warning',
                message: `${storePath} is on ${mount}, which may not answer`,
              },
              hint: 'Several machines must not share a store, and SQLite needs locks that network file systems may not have: move it to a local disk with --store or `store` in the configuration.',
            };
      return [where, ...inside(db)];
    } finally {
      db.close();
    }
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    const { message, hint } = thrown.failure;
    return [{ check: 'store', state: 'wrong', message, hint }];
  }
}

function insideChecks(context: Context, db: ReadableDb, schedule: ScheduleFacts): Check[] {
  const { limits, storePath } = context.settings;
  const used = usage(db).tier1Bytes;
  const last = lastRun(db);
  const isScheduled = schedule.kind !== null && schedule.state === 'installed';
  const run =
    last === null
      ? null
      : {
          startedAt: last.started_at,
          isFinished: last.finished_at !== null,
          exitCode: last.exit_code,
          result: runResult(last),
          problems: last.problems,
        };
  return [
    capCheck(used, limits.rawHardCapBytes),
    diskCheck(
      { freeBytes: freeBytes(storePath), roomBytes: Math.max(0, limits.rawHardCapBytes - used) },
      formatBytes,
    ),
    runCheck(run, isScheduled, context.clock.now(), formatTime),
    ...hookFacts(context, db).map((hook) => hookCheck(hook, formatTime)),
    ...agentChecks(db),
    ...failedChecks(context, db),
    ...copyChecks(storePath),
  ];
}

function capCheck(usedBytes: number, hardCapBytes: number): Check {
  const message = `${formatBytes(usedBytes)} of ${formatBytes(hardCapBytes)} in Tier 1`;
  return usedBytes > hardCapBytes
    ? {
        ...{ check: 'hard cap', state: 'wrong', message: `${message}: over the hard cap` },
        hint: 'Run `session-memory sweep`, unpin sessions, or raise raw_hard_cap_bytes.',
      }
    : { check: 'hard cap', state: 'ok', message, hint: null };
}

function hookFacts(context: Context, db: ReadableDb): HookFacts[] {
  const calls = new Map(hookCalls(db).map((call) => [call.agent, call.firedAt]));
  return HOOKED.flatMap(({ id, name }): HookFacts[] => {
    const file = hookFile(id, context.host, nameOf(programOf(context)));
    if (!file.signs.some((sign) => existsSync(sign))) return [];
    const facts = {
      id,
      name,
      path: file.path,
      calledAt: calls.get(id) ?? null,
      afterwards: file.afterwards ?? null,
    };
    try {
      const text = readText(file.path);
      if (text === null || file.own(text) === null) return [{ ...facts, state: 'absent' }];
      if (isSwitchedOff(id, text)) return [{ ...facts, state: 'off' }];
      const made = file.install(text, programOf(context));
      if (!('text' in made && made.text === text)) return [{ ...facts, state: 'stale' }];
      return [id === 'codex' ? trustedByCodex(context, facts, text) : { ...facts, state: 'installed' }];
    } catch {
      return [{ ...facts, state: 'unreadable' }];
    }
  });
}

/** Codex has its switch and what it was told to trust in a file beside. */
function trustedByCodex(context: Context, facts: Omit<HookFacts, 'state'>, text: string): HookFacts {
  const switchedIn = join(dirname(facts.path), 'config.toml');
  const own = ownEntries(nameOf(programOf(context)));
  const state = codexTrust(readText(switchedIn), facts.path, text, own);
  if (state === 'off') return { ...facts, state, switchedIn };
  // Whoever is trusted has nothing left to do there.
  if (state === 'trusted') return { ...facts, state: 'installed', afterwards: null };
  return { ...facts, state: state === 'untrusted' ? 'untrusted' : 'installed' };
}

function agentChecks(db: ReadableDb): Check[] {
  const known = new Map<string, number>();
  for (const { agent, sessions } of counters(db)) known.set(agent, (known.get(agent) ?? 0) + sessions);
  const scans = lastScans(db);
  // Before the first look at all agents nothing is known of what is found.
  if (scans.length === 0) return [];
  const ids = new Set([...known.keys(), ...scans.map(({ agent }) => agent)]);
  return [...ids].sort().flatMap((id) => {
    const own = scans.filter(({ agent }) => agent === id);
    const sum = (count: (scan: (typeof own)[number]) => number) =>
      own.reduce((n, scan) => n + count(scan), 0);
    const facts = {
      id,
      known: known.get(id) ?? 0,
      found: own.length === 0 ? null : sum(({ sessions }) => sessions),
      atRiskNotStored: sum(({ at_risk_not_stored: n }) => n),
    };
    return agentCheck(facts) ?? [];
  });
}

function failedChecks(context: Context, db: ReadableDb): Check[] {
  return failedAnalyses(db, circumstances(context)).map(({ reason, sessions, example, nextTryAt }) => ({
    ...{ check: 'analysis', state: 'warning' },
    message: `${plural(sessions, 'session')} without a digest: ${reason}`,
    hint: `Tried again ${nextTryAt === null ? 'by the next `maintain`' : `after ${formatTime(nextTryAt)}`}; see \`session-memory show ${example}\`, or \`session-memory analyze\` to try now.`,
  }));
}

function copyChecks(storePath: string): Check[] {
  const copies = besides(storePath).copies;
  if (copies.length === 0) return [];
  const bytes = copies.reduce((sum, path) => sum + sizeOf(path), 0);
  return [
    {
      ...{ check: 'upgrades', state: 'warning' },
      message: `${formatCount(copies.length)} copies of the store from before upgrades, ${formatBytes(bytes)}: ${copies.join(', ')}`,
      hint: 'Where all is well, remove them with rm: nothing reads them.',
    },
  ];
}
