/**
 * `hook AGENT`: what an agent calls when a session begins, is compacted or ends. Stores the transcript that its event names.
 * Promises: exits 0 and prints nothing, whatever happens; is done within a second: what would take longer (a large transcript, a
 * store that another process writes to, digests) is left to a process of its own. Reads nothing outside the agent's own places.
 */
import { existsSync, statSync } from 'node:fs';
import { loadAgent } from '../../agents/by-id.ts';
import type { AgentFormat } from '../../domain/agent.ts';
import { ANALYZING } from '../../domain/analyzing.ts';
import { EXIT } from '../../domain/errors.ts';
import { ownPlaceOf } from '../../ingest/own-place.ts';
import { noteHookCall } from '../../store/hook-calls.ts';
import { openWritable } from '../../store/open.ts';
import { EVENT_BYTES_MAX, isStart, readEvent } from '../../unattended/hook-event.ts';
import { hookedAgent } from '../../unattended/hooked.ts';
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
  const own = event.path === null ? null : ownFile(context, agents, event.path);
  const later = await storedNow(context, { agent: hooked.id, event: event.name }, own);
  // No file is told, or sessions lie in a database, or old ones are about to be deleted.
  if (own === null || isStart(event)) later.push(...agents.map(({ id }) => ['ingest', '--agent', id]));
  for (const words of later) startDetached(context, words);
  return EXIT.done;
};

interface OwnFile {
  readonly agent: AgentFormat;
  readonly path: string;
}

function ownFile(context: Context, agents: readonly AgentFormat[], named: string): OwnFile | null {
  for (const agent of agents) {
    const path = ownPlaceOf(agent, context.host, named);
    if (path !== null) return { agent, path };
  }
  return null;
}

/** Notes the call and stores the file, where that is quick; returns the calls that have the rest to do. */
async function storedNow(
  context: Context,
  call: { readonly agent: string; readonly event: string },
  own: OwnFile | null,
): Promise<string[][]> {
  const { storePath } = context.settings;
  const rest = own === null ? [] : [['ingest', '--agent', own.agent.id, '--', own.path]];
  if (own === null && !existsSync(storePath)) return rest;
  try {
    const db = openWritable(storePath, { patienceMs: PATIENCE_MS });
    try {
      noteHookCall(db, { ...call, firedAt: context.clock.now() });
      if (own === null || statSync(own.path).size > AT_ONCE_BYTES) return rest;
      const { agent, path } = own;
      const options = { paths: [path], agent: agent.id, analyze: false, waiting: 'none' } as const;
      const report = await runIngest(context, db, options, false);
      return report.sessions_unchanged > 0 ? [] : rest;
    } finally {
      db.close();
    }
  } catch {
    // Busy, of an older version, full: the other process has the patience, and `doctor` tells of what lasts.
    return rest;
  }
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
