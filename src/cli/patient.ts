/**
 * A consent that waits for its turn to write before the sweep does, so that keys are answered while another process writes.
 * Promises: it decides nothing; a stop that comes while it waits is a stop.
 */
import type { WritableDb } from '../store/connection.ts';
import { canWriteNow } from '../store/patience.ts';
import type { Consent, Decision } from '../sweep/ports.ts';

const LOOK_EVERY_MS = 50;
/** A stop has its report to write: that much longer it waits for it with the keys alive. */
const STOP_WAIT_MS = 55_000;

export function patient(
  consent: Consent,
  writing: WritableDb,
  signal: AbortSignal,
  onWait: () => void,
): Consent {
  let hasRun = false;
  return {
    unattended: consent.unattended,
    ask: async (proposal): Promise<Decision> => {
      const decision = await consent.ask(proposal);
      if (decision.kind === 'stop') {
        if (hasRun) await untilFree(writing, onWait, AbortSignal.timeout(STOP_WAIT_MS));
        return decision;
      }
      const isFree = await untilFree(writing, onWait, signal);
      hasRun ||= decision.kind === 'run';
      return isFree ? decision : { kind: 'stop' };
    },
  };
}

/** False: it was stopped before another process was done. */
async function untilFree(writing: WritableDb, onWait: () => void, stop: AbortSignal): Promise<boolean> {
  for (let hasSaid = false; !canWriteNow(writing); hasSaid = true) {
    if (stop.aborted) return false;
    if (!hasSaid) onWait();
    await Bun.sleep(LOOK_EVERY_MS);
  }
  return true;
}
