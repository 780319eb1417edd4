/**
 * `doctor`: whether what should run by itself does. One page, a line a check, each with its way out.
 * Promises: changes nothing, makes no store; exit 1 where something needs a person.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, FailureError } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { awayMount, mountOfPath, refreshMounts } from '../../files/mounts.ts';
import { failedAnalyses } from '../../store/analyses.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { besides } from '../../store/forget.ts';
import { hookCalls } from '../../store/hook-calls.ts';
import { openReadable } from '../../store/open.ts';
import { diskBytes } from '../../store/place.ts';
import { freeBytes, sizeOf } from '../../store/room.ts';
import { lastRun } from '../../store/runs.ts';
import { lastScans } from '../../store/scans.ts';
import { counters, usage } from '../../store/usage.ts';
import { codexTrust } from '../../unattended/codex-trust.ts';
import { obstacle, readText } from '../../unattended/disk.ts';
import {
  agentCheck,
  type Check,
  diskCheck,
  firstSweepCheck,
  type HookFacts,
  hookCheck,
  isWell,
  mcpCheck,
  ok,
  runCheck,
  type ScheduleFacts,
  scheduleCheck,
  warning,
  wrong,
} from '../../unattended/doctor.ts';
import { hookFile, isSwitchedOff } from '../../unattended/hook-files.ts';
import { HOOKED } from '../../unattended/hooked.ts';
import { envOf, nameOf, ownEntries } from '../../unattended/own-call.ts';
import { bucketChecks } from '../bucket-check.ts';
import { type Command, type Context, printJson } from '../context.ts';
import { firstSweep, firstSweepText, isOfFirstSweep } from '../first-sweep.ts';
import { formatBytes, formatCount, formatTime, hanging, plural } from '../format.ts';
import { paint, tableColumns } from '../io.ts';
import { mcpFacts } from '../mcp-facts.ts';
import { UNKNOWN_UPDATE, updateOf } from '../origin.ts';
import { ownOrigin } from '../own-origin.ts';
import { differing, namedOnPath, programOf } from '../own-program.ts';
import { runResult } from '../report.ts';
import { calledAs, scheduleFacts } from '../schedule-facts.ts';
import { Machine } from '../scheduler.ts';
import { circumstances } from '../wire.ts';
import { unmatchedOf } from './config.ts';

export const doctor: Command = async (context) => {
  refreshMounts();
  const machine = new Machine(context.host, '');
  const schedule = await scheduleFacts(machine, calledAs(context));
  const checks = [
    programCheck(context),
    updateCheck(context),
    ...storeChecks(context, (db) => insideChecks(context, db, schedule)),
    scheduleCheck(schedule),
    ...unmatchedOf(context).map(({ pattern, why }) =>
      warning(
        'exclude',
        `${pattern} ${why}`,
        'Write a whole path, ~/… or a name; `session-memory config` shows the patterns.',
      ),
    ),
  ];
  const isOk = isWell(checks);
  if (context.json) printJson<'doctor'>(context.io, { version: 1, ok: isOk, checks });
  else context.io.out(page(context, checks));
  return isOk ? EXIT.done : EXIT.failed;
};

function page({ io }: Context, checks: readonly Check[]): string {
  const colours = { ok: 'green', warning: 'yellow', wrong: 'red' } as const;
  const columns = tableColumns(io);
  const width = Math.max(...checks.map(({ check }) => check.length));
  const lines = checks.flatMap(({ check, state, message, hint }) => [
    hanging(
      `${paint(io, colours[state], state.padEnd(7))}  ${check.padEnd(width)}  `,
      plainLine(message),
      columns,
    ),
    ...(hint === null ? [] : [hanging(`${' '.repeat(9 + width + 2)}→ `, plainLine(hint), columns)]),
  ]);
  return `${lines.join('\n')}\n\n${summary(checks)}\n`;
}

/** A warning is worth a look, and can wait: who reads that nothing needs them reads no further. */
function summary(checks: readonly Check[]): string {
  const count = (state: Check['state']) => checks.filter((check) => check.state === state).length;
  const [wrongs, warnings] = [count('wrong'), count('warning')];
  if (wrongs > 0) return `${plural(wrongs, 'thing')} need${wrongs === 1 ? 's' : ''} you.`;
  if (warnings === 0) return 'Nothing needs you.';
  return `Nothing is wrong. ${plural(warnings, 'warning')} above ${warnings === 1 ? 'is' : 'are'} worth a look.`;
}

function programCheck(context: Context): Check {
  const { version, self } = context;
  const named = namedOnPath(context);
  const message = `${version}, ${self?.[0] ?? 'unknown'}`;
  const origin = ownOrigin(context);
  if (origin?.toStay !== undefined)
    return warning(
      'program',
      `${message}, ${origin.how}`,
      `That cache is emptied: install it with \`${origin.toStay}\`.`,
    );
  return named !== null && !named.leadsHere
    ? warning(
        'program',
        `${message}; the one on your PATH is ${named.path}`,
        'Remove one of them, or run `session-memory install` by the one that you want to be called.',
      )
    : ok('program', message);
}

/** Nothing updates itself: so it is said what does. */
function updateCheck(context: Context): Check {
  const isSource = (context.self?.length ?? 0) > 1;
  const origin = ownOrigin(context);
  const how = isSource ? 'run from its source' : (origin?.how ?? 'how it was installed cannot be told');
  const way = isSource ? 'git pull in its checkout' : origin === null ? UNKNOWN_UPDATE : updateOf(origin);
  return ok('update', `${how}; to update: ${way}`);
}

function storeChecks(context: Context, inside: (db: ReadableDb) => Check[]): Check[] {
  const { storePath } = context.settings;
  if (!existsSync(storePath))
    return [
      warning('store', `there is none yet: ${storePath}`, 'Run `session-memory ingest`.'),
      ...inside(openReadable(storePath)),
    ];
  const mount = mountOfPath(storePath);
  try {
    using db = openReadable(storePath);
    const size = formatBytes(diskBytes(storePath));
    const where =
      mount === null
        ? ok('store', `${size}, ${storePath}`)
        : warning(
            'store',
            `${storePath} is on ${mount}, which may not answer`,
            'Several machines must not share a store, and SQLite needs locks that network file systems may not have: move it to a local disk with --store or `store` in the configuration.',
          );
    return [where, ...inside(db)];
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    const { message, hint } = thrown.failure;
    return [wrong('store', message, hint)];
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
          problems: last.problems.filter((text) => !isOfFirstSweep(text)),
        };
  const first = firstSweep(db, limits, context.clock.now());
  return [
    capCheck(used, limits.rawHardCapBytes),
    ...(first === null ? [] : [firstSweepCheck(firstSweepText(first))]),
    diskCheck(
      { freeBytes: freeBytes(nearest(storePath)), roomBytes: Math.max(0, limits.rawHardCapBytes - used) },
      formatBytes,
    ),
    runCheck(run, isScheduled, context.clock.now(), formatTime),
    ...hookFacts(context, db).map((hook) => hookCheck(hook, formatTime)),
    ...mcpFacts(context).map(mcpCheck),
    ...agentChecks(db),
    ...failedChecks(context, db),
    ...bucketChecks(context, db),
    ...copyChecks(storePath),
  ];
}

/** Of a store that is yet to be made: what lies where it will, in the nearest folder that is there. */
function nearest(path: string): string {
  const folder = dirname(path);
  return existsSync(folder) || folder === path ? path : nearest(folder);
}

function capCheck(usedBytes: number, hardCapBytes: number): Check {
  const message = `${formatBytes(usedBytes)} of ${formatBytes(hardCapBytes)} in Tier 1`;
  return usedBytes > hardCapBytes
    ? wrong(
        'hard cap',
        `${message}: over the hard cap`,
        'Run `session-memory sweep`, unpin sessions, or raise raw_hard_cap_bytes.',
      )
    : ok('hard cap', message);
}

function hookFacts(context: Context, db: ReadableDb): HookFacts[] {
  const calls = new Map(hookCalls(db).map((call) => [call.agent, call.firedAt]));
  return HOOKED.flatMap(({ id, name }): HookFacts[] => {
    const file = hookFile(id, context.host, nameOf(programOf(context)));
    const away = [file.path, ...file.signs].map(awayMount).find((mount) => mount !== null) ?? null;
    if (away === null && !file.signs.some((sign) => existsSync(sign))) return [];
    const facts = {
      id,
      name,
      path: file.path,
      calledAt: calls.get(id) ?? null,
      afterwards: file.afterwards ?? null,
    };
    // A mount that never answers would keep all other checks from being told.
    if (away !== null) return [{ ...facts, state: 'away', mount: away }];
    try {
      const text = readText(file.path);
      const program = programOf(context);
      if (text === null || file.own(text) === null) {
        const made = file.install(text, program);
        const refusal = 'why' in made ? made.why : obstacle(file.path);
        return [{ ...facts, state: 'absent', ...(refusal === null ? {} : { refusal }) }];
      }
      if (isSwitchedOff(id, text)) return [{ ...facts, state: 'off' }];
      const told = envOf(file.words(text) ?? []);
      const made = file.install(text, { ...program, env: told });
      if (!('text' in made && made.text === text)) return [{ ...facts, state: 'stale' }];
      const found: HookFacts =
        id === 'codex' ? trustedByCodex(context, facts, text) : { ...facts, state: 'installed' };
      const others = differing(told, program.env ?? {});
      return [
        found.state === 'installed' && others.length > 0
          ? { ...found, state: 'told otherwise', others }
          : found,
      ];
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
  return failedAnalyses(db, circumstances(context)).map(({ reason, sessions, example, nextTryAt }) =>
    warning(
      'analysis',
      `${plural(sessions, 'session')} without a digest: ${reason}`,
      `Tried again ${nextTryAt === null ? 'by the next `maintain`' : `after ${formatTime(nextTryAt)}`}; see \`session-memory show ${example}\`, or \`session-memory analyze\` to try now.`,
    ),
  );
}

function copyChecks(storePath: string): Check[] {
  const copies = besides(storePath).copies;
  if (copies.length === 0) return [];
  const bytes = copies.reduce((sum, path) => sum + sizeOf(path), 0);
  return [
    warning(
      'upgrades',
      `${formatCount(copies.length)} copies of the store from before upgrades, ${formatBytes(bytes)}: ${copies.join(', ')}`,
      'Where all is well, remove them with rm: nothing reads them.',
    ),
  ];
}
