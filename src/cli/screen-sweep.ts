/**
 * A sweep as the screens have it done, on a thread of its own: it plans, asks who holds the keys before each step, and does what that says.
 * Promises: by the same code as the command; its report is in the store when it ends.
 */
import type { WritableDb } from '../store/connection.ts';
import type { Decision, Progress } from '../sweep/ports.ts';
import { sweep } from '../sweep/sweep.ts';
import { sweepFlags } from './commands/sweep.ts';
import { type Context, textFlag } from './context.ts';
import { type ProposalPiece, piecesOf } from './proposal-pieces.ts';
import { sweepDeps } from './wire.ts';

export interface Asker {
  readonly tell: (progress: Progress) => void;
  /** The answer to the last piece is the decision; to any before it that the next may come. */
  readonly ask: (piece: ProposalPiece) => Promise<Decision | null>;
}

/** Returns the id of the sweep. */
export async function sweepAsked(context: Context, db: WritableDb, { tell, ask }: Asker): Promise<string> {
  const { flags, settings } = context;
  const { sweep_id: sweepId } = await sweep(
    sweepDeps(context, db, tell),
    {
      limits: settings.limits,
      flags: sweepFlags(context),
      reclaim: flags['reclaim'] !== false && settings.reclaims,
      planId: textFlag(flags, 'plan'),
    },
    {
      unattended: false,
      ask: async (proposal) => {
        let decision: Decision | null = null;
        for (const piece of piecesOf(proposal)) decision = await ask(piece);
        return decision ?? { kind: 'stop' };
      },
    },
  );
  return sweepId;
}
