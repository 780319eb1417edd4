/**
 * One seed for all that a run draws by chance: the same cases each time, so that a change that breaks something is told from luck.
 * `FC_SEED=N` repeats another run, `FC_SEED=random` looks further, `bun run torture` for hours. Loaded before every test file.
 */
import fc from 'fast-check';

const given = Bun.env['FC_SEED'];
export const SEED =
  given === undefined ? 20_261_124 : given === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(given);

fc.configureGlobal({ seed: SEED });
console.log(`FC_SEED=${SEED}`);
