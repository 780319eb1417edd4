/**
 * Rows: a sweep against `omp gc`, which archives cold sessions of Oh My Pi: both decide on 5,000 sessions, and both let all of them go.
 * It is looked for on the PATH and in `dist/bench/peers`, where it is put by hand (see `HOW`); nothing here fetches it.
 */
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ingestSchema, reportSchema } from '../../src/cli/schemas.ts';
import { cached } from './cache.ts';
import { type Home, ompHome } from './homes.ts';
import { runCommand, settle, warm } from './process.ts';
import { copyStore, runJson, type Subject } from './program.ts';
import { atMost, type Bench, type Measured, type Row } from './row.ts';

const SESSIONS = 5000;
const HOW = '`bun add --cwd dist/bench/peers @oh-my-pi/pi-coding-agent@18.2.3`, with a package.json there';

/** What starts it; null where it is not there. It runs on Bun, whatever its first line finds. */
function ompCommand({ cache }: Pick<Bench, 'cache'>): readonly string[] | null {
  const own = join(cache, 'peers/node_modules/@oh-my-pi/pi-coding-agent/dist/cli.js');
  if (existsSync(own)) return [process.execPath, own];
  const onPath = Bun.which('omp');
  return onPath === null ? null : [onPath];
}

/** All sessions are cold: none is kept for being among the newest. */
const GC = [
  ...['gc', '--archive', '--json', '--cold-archive-after-days', '1'],
  ...['--retain-newest-global', '0', '--retain-newest-per-cwd', '0'],
];

async function gc(bench: Bench, home: string, flags: readonly string[]): Promise<Measured> {
  const ran = await runCommand(bench, [...(ompCommand(bench) ?? []), ...GC, ...flags], {
    env: { HOME: home },
  });
  const { archive } = JSON.parse(ran.out);
  const wanted = flags.includes('--apply') ? archive.archived : archive.wouldArchive;
  if (wanted !== SESSIONS) throw new Error(`omp gc took ${wanted} of ${SESSIONS}: ${ran.out.slice(0, 600)}`);
  return ran;
}

const sweep = (subject: Subject, flags: readonly string[]) =>
  runJson(subject, ['sweep', ...flags], {
    schema: reportSchema,
    isRight: ({ plan, backstop_evicted, dry_run }) =>
      (dry_run ? plan.passes[0]?.victims : backstop_evicted)?.length === SESSIONS,
  });

async function ompStore(bench: Bench, home: Home): Promise<string> {
  const folder = await cached(bench.cache, 'store-omp', `1 ${home.bytes}`, async (box) => {
    await runJson({ bench, home: home.path, store: join(box, 'store.db') }, ['ingest'], {
      schema: ingestSchema,
      isRight: ({ sessions_new, analyze_failed }) => sessions_new === SESSIONS && analyze_failed === 0,
    });
  });
  return join(folder, 'store.db');
}

function row(name: string, what: string, target: number, applies: boolean): Row {
  return {
    name,
    what,
    unit: '×',
    target: atMost(target),
    roundsMax: 3,
    unavailable: (bench) => (ompCommand(bench) === null ? `omp not installed: ${HOW}` : null),
    prepare: async (bench) => {
      const home = await ompHome(bench.cache, SESSIONS);
      const made = await ompStore(bench, home);
      const theirs = join(bench.scratch, 'omp-home');
      return {
        reset: async () => {
          if (!applies && existsSync(theirs)) return;
          rmSync(theirs, { recursive: true, force: true });
          cpSync(home.path, theirs, { recursive: true, preserveTimestamps: true });
          warm(theirs, copyStore(bench, made));
          settle();
        },
        subject: () =>
          sweep(
            { bench, home: theirs, store: join(bench.scratch, 'store/store.db') },
            applies ? ['--yes', '--no-data-loss'] : ['--dry-run'],
          ),
        baseline: async () => {
          const ran = await gc(bench, theirs, applies ? ['--apply'] : []);
          const left = readdirSync(join(theirs, '.omp/agent/sessions'), {
            recursive: true,
            encoding: 'utf8',
          });
          const count = left.filter((one) => one.endsWith('.jsonl')).length;
          if (count !== (applies ? 0 : SESSIONS)) throw new Error(`omp gc left ${count} sessions`);
          return ran;
        },
      };
    },
  };
}

export const ompRows: readonly Row[] = [
  row(
    'peer-omp-gc',
    `sweep --dry-run of ${SESSIONS} sessions, all of them victims, wall / omp gc`,
    1 / 20,
    false,
  ),
  row('peer-omp-gc-apply', `sweep --yes of the same, space given back, wall / omp gc --apply`, 1 / 10, true),
];
