/**
 * `hook AGENT`: what an agent calls when a session begins, is compacted or ends. Stores the transcript that its event names.
 * Promises: exits 0, whatever happens, and prints nothing but the one line of `start-line.ts`; is done within a second: what would take longer (a large transcript, a
 * store that another process writes to, digests) is left to a process of its own. Reads nothing outside the agent's own places.
 */
import { existsSync, statSync } from 'node:fs';
import { loadAgent } from '../../agents/by-id.ts';
import type { AgentFormat } from '../../domain/agent.ts';
import { ANALYZING } from '../../domain/analyzing.ts';
import { decided } from '../../domain/decisions.ts';
import { EXIT } from '../../domain/errors.ts';
import { killPoint } from '../../domain/kill-point.ts';
import { ownPlaceOf } from '../../ingest/own-place.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { noteHookCall } from '../../store/hook-calls.ts';
import { openWritable } from '../../store/open.ts';
import { isWaitingAt } from '../../store/read-sources.ts';
import { lastScans } from '../../store/scans.ts';
import { usage } from '../../store/usage.ts';
import { EVENT_BYTES_MAX, type HookEvent, isStart, readEvent } from '../../unattended/hook-event.ts';
import { type HookedId, hookedAgent } from '../../unattended/hooked.ts';
import { startLine } from '../../unattended/start-line.ts';
import { type Command, type Context, textFlag } from '../context.ts';
import { runIngest } from '../one-ingest.ts';

/** An agent writes its event at once; one that keeps its end of the pipe open is not waited for. */
const INPUT_WAIT_MS = 250;
/** Another writer is waited for so long. */
const PATIENCE_MS = 200;
/** So much is read, hashed and stored within a second on a slow disk too. */
const AT_ONCE_BYTES = 16 * 1024 * 1024;

export const hook: Command = async (context) => {
  // It is called by the agent that writes a summary for us.
  if (context.host.env[ANALYZING] !== undefined) return EXIT.done;
  const hooked = hookedAgent(context.args[0] ?? '');
  if (hooked === null) return EXIT.done;
  const event = readEvent((await context.readInput?.(EVENT_BYTES_MAX, INPUT_WAIT_MS)) ?? null);
  const agents = (await Promise.all(hooked.agents.map((id) => loadAgent(id, context.host)))).filter(
    (agent) => agent !== null,
  );
  decided('hook', hooked.id, `${event.name} ${event.path ?? 'names no transcript'}`);
  const own = event.path === null ? null : ownFile(context, agents, event.path);
  const { later, danger } = await storedNow(context, { agent: hooked.id, event }, own);
  // No file is told, or sessions lie in a database, or old ones are about to be deleted.
  if (own === null || isStart(event)) later.push(...agents.map(({ id }) => ['ingest', '--agent', id]));
  for (const words of later) startDetached(context, words);
  if (danger !== null) context.io.out(danger);
  return EXIT.done;
};

interface HookFile {
  readonly agent: AgentFormat;
  readonly path: string;
}

function ownFile(context: Context, agents: readonly AgentFormat[], named: string): HookFile | null {
  for (const agent of agents) {
    const path = ownPlaceOf(agent, context.host, named);
    if (path !== null) return { agent, path };
  }
  return null;
}

interface Stored {
  /** The calls that have the rest to do. */
  readonly later: string[][];
  /** What the person is told. */
  readonly danger: string | null;
}

/** Notes the call and stores the file, where that is quick. */
async function storedNow(
  context: Context,
  { agent: caller, event }: { readonly agent: HookedId; readonly event: HookEvent },
  own: HookFile | null,
): Promise<Stored> {
  const { storePath } = context.settings;
  const rest = own === null ? [] : [['ingest', '--agent', own.agent.id, '--', own.path]];
  if (own === null && !existsSync(storePath)) return { later: rest, danger: null };
  try {
    const db = openWritable(storePath, { patienceMs: PATIENCE_MS });
    try {
      noteHookCall(db, { agent: caller, event: event.name, firedAt: context.clock.now() });
      const danger = isStart(event) ? dangerOf(context, db, caller) : null;
      if (own === null || statSync(own.path).size > AT_ONCE_BYTES) return { later: rest, danger };
      const { agent, path } = own;
      const options = { paths: [path], agent: agent.id, analyze: false, waiting: 'none' } as const;
      const report = await runIngest(context, db, options, false);
      // Of a call that was killed the bytes may be stored, and nobody went on to the digest.
      const isDone = report.sessions_unchanged > 0 && !isWaitingAt(db, path);
      return { later: isDone ? [] : rest, danger };
    } finally {
      db.close();
      killPoint('hook.stored');
    }
  } catch {
    // Busy, of an older version, full: the other process has the patience, and `doctor` tells of what lasts.
    return { later: rest, danger: null };
  }
}

function dangerOf({ settings }: Context, db: ReadableDb, caller: HookedId): string | null {
  return startLine(caller, {
    atRiskNotStored: lastScans(db).reduce((sum, scan) => sum + scan.at_risk_not_stored, 0),
    isOverHardCap: usage(db).tier1Bytes > settings.limits.rawHardCapBytes,
  });
}

/** Goes on when the agent has ended, and when its terminal is closed. */
function startDetached({ self, settings, flags, host }: Context, words: readonly string[]): void {
  if (self === null) return;
  const [program = '', ...before] = self;
  const config = textFlag(flags, 'config') === null ? [] : ['--config', settings.configPath];
  try {
    Bun.spawn([program, ...before, '--store', settings.storePath, ...config, ...words], {
      cwd: host.homeDir,
      env: { ...(host.inheritedEnv ?? host.env) },
      stdio: ['ignore', 'ignore', 'ignore'],
      detached: true,
      windowsHide: true,
    }).unref();
  } catch {
    // The executable is being replaced: the hourly run stores what is left.
  }
}
