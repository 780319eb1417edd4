/** What a sweep that runs makes of the walk: how far its step is, since when, what was freed. */
import type { Progress } from '../../sweep/ports.ts';
import type { Wizard } from '../state.ts';

const WAITS = 'Another process is writing to the store: waiting until it is done.';

/** `atMs`: monotonic. */
export function progressed(wizard: Wizard, progress: Progress, atMs: number): Wizard {
  const running = wizard.stage.kind === 'running' ? wizard.stage : null;
  const elapsedMs = atMs - wizard.beganMs;
  switch (progress.kind) {
    case 'pass':
      return {
        ...wizard,
        beganMs: atMs,
        stage: {
          kind: 'running',
          step: progress.pass,
          done: 0,
          total: progress.victims,
          label: '',
          elapsedMs: 0,
        },
      };
    case 'evicted':
      return {
        ...wizard,
        usageBytes: progress.usageBytes,
        freedBytes: wizard.freedBytes + progress.freedBytes,
        stage:
          running === null
            ? wizard.stage
            : { ...running, done: running.done + 1, label: progress.uid, elapsedMs },
      };
    case 'analyzing': {
      const { done, total, uid: label } = progress;
      const beganMs = done === 0 ? atMs : wizard.beganMs;
      const stage = { kind: 'running', step: 'analyze', done, total, label } as const;
      return { ...wizard, beganMs, stage: { ...stage, elapsedMs: atMs - beganMs } };
    }
    case 'analyze_failed':
      return { ...wizard, failures: [...wizard.failures, { uid: progress.uid, why: progress.why }] };
    case 'reclaiming': {
      const before = wizard.stage.kind === 'reclaiming' ? wizard.stage : null;
      const beganMs = before === null ? atMs : wizard.beganMs;
      const { leftBytes } = progress;
      const totalBytes = Math.max(before?.totalBytes ?? 0, leftBytes);
      const stage = { kind: 'reclaiming', leftBytes, totalBytes, elapsedMs: atMs - beganMs } as const;
      return { ...wizard, beganMs, stage };
    }
    case 'waiting':
      return { ...wizard, notice: WAITS };
    default:
      return progress satisfies never;
  }
}
