/**
 * Whether this machine runs `maintain` by itself, for this store, by this program, and when next: for `doctor` and for the dashboard.
 * Promises: only reads; what the schedule says is read back from it, not remembered.
 */
import { resolve } from 'node:path';
import type { Host } from '../domain/agent.ts';
import type { ScheduleFacts } from '../unattended/doctor.ts';
import { readCall, type ScheduledJob } from '../unattended/schedule.ts';
import { loadSettings } from './config.ts';
import type { Context } from './context.ts';
import { differing, jobOf, leadsTo } from './own-program.ts';
import { isActive, type Machine, type SchedulerKind, scheduledJob, scheduleSteps } from './scheduler.ts';

/** This call, as a schedule would have to repeat it. Plain values: a thread is sent them. */
export interface CalledAs {
  readonly host: Host;
  readonly storePath: string;
  readonly configPath: string;
  readonly self: readonly string[];
  readonly job: ScheduledJob;
}

export function calledAs(context: Context): CalledAs {
  const { host, settings, self } = context;
  const { storePath, configPath } = settings;
  return { host, storePath, configPath: resolve(configPath), self: self ?? [], job: jobOf(context) };
}

export async function scheduleFacts(machine: Machine, called: CalledAs): Promise<ScheduleFacts> {
  const kind = machine.scheduler();
  const facts = { kind, next: null, others: [] };
  if (kind === null || scheduleSteps(machine, kind, null).length === 0) return { ...facts, state: 'absent' };
  const found = await foundJob(called, machine, kind);
  if (typeof found === 'string') return { ...facts, state: found };
  if (!isActive(machine, kind)) return { ...facts, state: 'stopped' };
  // A task has the variables of its person, whatever a shell has beside.
  const others = kind === 'task' ? [] : differing(found.env, called.job.env);
  return { kind, state: 'installed', next: kind === 'systemd' ? nextOf(machine) : null, others };
}

function nextOf(machine: Machine): string | null {
  const property = '--property=NextElapseUSecRealtime';
  const said = machine.ask(['systemctl', '--user', 'show', '--value', property, 'session-memory.timer']);
  return said?.out.trim() || null;
}

/** What the schedule runs: by this program's way of saying it, this program, for this store and configuration; else what is amiss. */
async function foundJob(
  { host, storePath, configPath, self }: CalledAs,
  machine: Machine,
  kind: SchedulerKind,
): Promise<ScheduledJob | 'stale' | 'elsewhere'> {
  try {
    const job = scheduledJob(machine, kind);
    if (job === null || scheduleSteps(machine, kind, job).length > 0) return 'stale';
    const call = readCall(job.argv);
    const [program = '', ...source] = call?.program ?? [];
    const [here = '', ...sourceHere] = self;
    if (call === null || !leadsTo(program, here) || source.join('\n') !== sourceHere.join('\n'))
      return 'stale';
    const env = kind === 'task' ? host.env : job.env;
    const own = await loadSettings({ ...host, env }, call.flags);
    return own.storePath === storePath && own.configPath === configPath ? job : 'elsewhere';
  } catch {
    return 'stale';
  }
}
