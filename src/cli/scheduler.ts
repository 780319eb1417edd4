/**
 * The machine's own scheduler: which there is, what is asked of it, and what it says.
 * Promises: nothing of it is called where everything is written below a prefix.
 */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../domain/agent.ts';
import { withBlock } from '../unattended/block.ts';
import { readText } from '../unattended/disk.ts';
import type { ScheduleFacts } from '../unattended/doctor.ts';
import {
  cronLines,
  LAUNCHD_LABEL,
  launchdPlist,
  type ScheduledJob,
  systemdService,
  systemdTimer,
  TASK_NAME,
  taskXml,
} from '../unattended/schedule.ts';
import type { Step } from '../unattended/steps.ts';
import { dataFolder } from './config.ts';

export const SCHEDULERS = ['systemd', 'cron', 'launchd', 'task'] as const;
export type SchedulerKind = (typeof SCHEDULERS)[number];

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A scheduler that does not answer is as good as none. */
const ANSWER_MS = 10_000;

export class Machine {
  readonly host: Host;
  /** Below which all is written; empty: the machine itself. */
  readonly prefix: string;

  constructor(host: Host, prefix: string) {
    this.host = host;
    this.prefix = prefix;
  }

  /** Where a file of the machine is written and read. */
  at(path: string): string {
    return this.prefix === '' ? path : join(this.prefix, path.replace(/^[A-Za-z]:/, ''));
  }

  has(program: string): boolean {
    return Bun.which(program, { PATH: this.host.env['PATH'] ?? '' }) !== null;
  }

  /** Runs a program of the scheduler; null where there is none, or it does not answer. */
  ask(argv: readonly string[], input?: string): Said | null {
    if (this.prefix !== '' || !this.has(argv[0] ?? '')) return null;
    const done = Bun.spawnSync([...argv], {
      env: { ...(this.host.inheritedEnv ?? this.host.env) },
      stdin: input === undefined ? 'ignore' : new Blob([input]),
      timeout: ANSWER_MS,
    });
    if (done.exitedDueToTimeout === true) return null;
    return { code: done.exitCode, out: done.stdout.toString(), err: done.stderr.toString() };
  }

  /** The scheduler to use; null: there is none here. */
  scheduler(): SchedulerKind | null {
    const { platform } = this.host;
    if (platform === 'darwin') return 'launchd';
    if (platform === 'win32') return 'task';
    if (this.prefix !== '') return 'systemd';
    if (this.ask(['systemctl', '--user', 'show-environment'])?.code === 0) return 'systemd';
    return this.crontab() === null ? null : 'cron';
  }

  /** The table of cron as it is; null: it cannot be read, and so must not be written. */
  crontab(): string | null {
    const said = this.ask(['crontab', '-l']);
    if (said === null) return null;
    if (said.code === 0) return said.out;
    return /no crontab/i.test(said.err) ? '' : null;
  }
}

export function schedulePaths({ host }: Machine): Record<'service' | 'timer' | 'plist' | 'task', string> {
  const config = host.env['XDG_CONFIG_HOME'] ?? join(host.homeDir, '.config');
  return {
    service: join(config, 'systemd', 'user', 'session-memory.service'),
    timer: join(config, 'systemd', 'user', 'session-memory.timer'),
    plist: join(host.homeDir, 'Library', 'LaunchAgents', `${LAUNCHD_LABEL}.plist`),
    task: join(dataFolder(host), 'schedule.xml'),
  };
}

/** The files, or the lines of cron, that have `job` run every hour; `job` null: that are there, to be taken away. */
export function scheduleSteps(machine: Machine, kind: SchedulerKind, job: ScheduledJob | null): Step[] {
  const paths = schedulePaths(machine);
  const file = (path: string, text: () => string): Step[] => {
    const at = machine.at(path);
    const before = readText(at);
    const after = job === null ? null : text();
    if (before === after) return [];
    return [{ for: 'schedule', path: at, before, after, backup: 'none' }];
  };
  const made = job ?? { argv: [], env: {} };
  switch (kind) {
    case 'systemd':
      return [...file(paths.service, () => systemdService(made)), ...file(paths.timer, () => systemdTimer())];
    case 'launchd':
      return file(paths.plist, () =>
        launchdPlist(made, join(machine.host.homeDir, 'Library', 'Logs', 'session-memory.log')),
      );
    case 'task':
      return file(paths.task, () => taskXml(made));
    case 'cron': {
      const before = machine.crontab();
      if (before === null) return [];
      const after = withBlock(before, job === null ? null : cronLines(made));
      return before === after ? [] : [{ for: 'schedule', path: 'crontab', before, after, backup: 'none' }];
    }
    default:
      return kind satisfies never;
  }
}

/** What the scheduler is told once its files are written, or before they go. A code other than 0 counts only where it says so. */
export function scheduleCommands(
  machine: Machine,
  kind: SchedulerKind,
  installs: boolean,
): readonly { readonly argv: readonly string[]; readonly mayFail: boolean }[] {
  const { plist, task } = schedulePaths(machine);
  const must = (...argv: string[]) => ({ argv, mayFail: false });
  const may = (...argv: string[]) => ({ argv, mayFail: true });
  switch (kind) {
    case 'systemd':
      return installs
        ? [
            must('systemctl', '--user', 'daemon-reload'),
            must('systemctl', '--user', 'enable', '--now', 'session-memory.timer'),
          ]
        : [may('systemctl', '--user', 'disable', '--now', 'session-memory.timer')];
    case 'launchd': {
      const domain = `gui/${userInfo().uid}`;
      const out = may('launchctl', 'bootout', domain, plist);
      return installs ? [out, must('launchctl', 'bootstrap', domain, plist)] : [out];
    }
    case 'task':
      return installs
        ? [must('schtasks', '/create', '/f', '/tn', TASK_NAME, '/xml', task)]
        : [may('schtasks', '/delete', '/f', '/tn', TASK_NAME)];
    case 'cron':
      return [];
    default:
      return kind satisfies never;
  }
}

/** Whether `job` is run by itself, and when next. */
export function scheduleFacts(machine: Machine, job: ScheduledJob): ScheduleFacts {
  const kind = machine.scheduler();
  if (kind === null) return { kind, state: 'absent', next: null };
  if (scheduleSteps(machine, kind, null).length === 0) return { kind, state: 'absent', next: null };
  if (scheduleSteps(machine, kind, job).length > 0) return { kind, state: 'stale', next: null };
  if (kind !== 'systemd') return { kind, state: 'installed', next: null };
  const ask = (...words: string[]) => machine.ask(['systemctl', '--user', ...words, 'session-memory.timer']);
  if (ask('is-active')?.code !== 0) return { kind, state: 'stopped', next: null };
  const next = ask('show', '--value', '--property=NextElapseUSecRealtime')?.out.trim() ?? '';
  return { kind, state: 'installed', next: next === '' ? null : next };
}
