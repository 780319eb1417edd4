/** Rows: storing transcripts, against the tools that only pack or list them. */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { analyzeSchema, ingestSchema, maintainSchema, statusSchema } from '../../src/cli/schemas.ts';
import { cached, leastExecutable } from './cache.ts';
import { bigHome, type Home, largeHome, smallHome } from './homes.ts';
import { ompRows } from './peer-omp.ts';
import { runCommand, settle, warm } from './process.ts';
import { copyStore, runJson, type Subject } from './program.ts';
import { always, atMost, type Bench, type Contest, type Measured, needs, type Row } from './row.ts';

export const HOME_MIB = 420;
const SMALL_FILES = 50_000;
const LARGE_MIB = 2048;
/** The clock is held, and transcripts are of any age: nothing is to be evicted by the way. */
export const NO_LIMITS = ['--hard-cap', '1TiB'];
const NO_DIGESTS = ['--no-analyze'];

/** A cold ingest must have stored every byte of every file and digested every session. */
export const storedAll = (home: Home) => ({
  schema: ingestSchema,
  isRight: (report: ReturnType<typeof ingestSchema.parse>) =>
    report.failed === 0 &&
    report.analyze_failed === 0 &&
    report.files_read === home.files &&
    report.sessions_new === home.sessions &&
    report.raw_bytes_added === home.bytes,
});

const tarZstd = (bench: Bench, home: Home) =>
  runCommand(bench, [
    'sh',
    '-c',
    'cd "$0" && tar c . | zstd -3 -T2 -q -f -o "$1"',
    home.path,
    join(bench.scratch, 'home.tar.zst'),
  ]);

function freshStore(bench: Bench, home: Home): Subject {
  return { bench, home: home.path, store: join(bench.scratch, 'store', 'store.db') };
}

const clear = (bench: Bench, ...names: readonly string[]) => {
  for (const name of names) rmSync(join(bench.scratch, name), { recursive: true, force: true });
};

/** A store of the whole home, made by the program as it is now and kept until it changes. */
export async function storeOfHome(bench: Bench, home: Home, name: string): Promise<string> {
  const program = statSync(bench.binary);
  const recipe = `${program.size} ${program.mtimeMs} ${home.bytes}`;
  const folder = await cached(bench.cache, name, recipe, async (box) => {
    const subject = { bench, home: home.path, store: join(box, 'store.db') };
    await runJson(subject, ['ingest', ...NO_LIMITS], storedAll(home));
  });
  return join(folder, 'store.db');
}

async function coldContest(
  bench: Bench,
  home: Home,
  flags: readonly string[],
  baseline: () => Promise<Measured>,
): Promise<Contest> {
  const subject = freshStore(bench, home);
  return {
    reset: async () => {
      clear(bench, 'store', 'peer', 'home.tar.zst');
      warm(home.path);
      settle();
    },
    subject: () => runJson(subject, ['ingest', ...NO_LIMITS, ...flags], storedAll(home)),
    baseline,
  };
}

function coldRow(about: Pick<Row, 'name' | 'what' | 'target'>, flags: readonly string[]): Row {
  return {
    ...about,
    unit: '×',
    unavailable: needs('tar', 'zstd'),
    prepare: async (bench) => {
      const home = await bigHome(bench.cache, HOME_MIB);
      return coldContest(bench, home, flags, () => tarZstd(bench, home));
    },
  };
}

const ingestCold = coldRow(
  {
    name: 'ingest-cold',
    what: `ingest with digests of ${HOME_MIB} MiB into a new store, wall / tar c | zstd -3 -T2`,
    target: atMost(2),
  },
  [],
);

const ingestColdNoDigests = coldRow(
  {
    name: 'ingest-cold-no-digests',
    what: `ingest without digests of ${HOME_MIB} MiB into a new store, wall / the same`,
    target: atMost(1.6),
  },
  NO_DIGESTS,
);

const ingestColdLeast: Row = {
  name: 'ingest-cold-least',
  what: 'limit: a program of the same runtime that only reads, hashes, compresses and stores those files, wall / the same',
  unit: '×',
  target: null,
  unavailable: needs('tar', 'zstd'),
  prepare: async (bench) => {
    const home = await bigHome(bench.cache, HOME_MIB);
    const least = await leastExecutable(bench.cache, 'least-store');
    const contest = await coldContest(bench, home, [], () => tarZstd(bench, home));
    return {
      ...contest,
      reset: async () => {
        await contest.reset?.();
        mkdirSync(join(bench.scratch, 'store'));
      },
      subject: async () => {
        const ran = await runCommand(bench, [least, home.path, join(bench.scratch, 'store', 'store.db')]);
        if (ran.out.trim() !== `${home.files} ${home.bytes}`) throw new Error(`it stored ${ran.out}`);
        return ran;
      },
    };
  },
};

const ingestAgain: Row = {
  name: 'ingest-again',
  what: `ingest of ${SMALL_FILES} unchanged files, wall / find -type f -printf '%s %T@ %i'`,
  unit: '×',
  target: atMost(2),
  unavailable: needs('find'),
  prepare: async (bench) => {
    const home = await smallHome(bench.cache, SMALL_FILES);
    const made = await storeOfHome(bench, home, 'store-small');
    const subject = { bench, home: home.path, store: copyStore(bench, made) };
    const isRight = (report: ReturnType<typeof ingestSchema.parse>) =>
      report.sessions_unchanged === home.sessions && report.files_read === 0 && report.failed === 0;
    return {
      reset: async () => settle(),
      subject: () => runJson(subject, ['ingest', ...NO_LIMITS], { schema: ingestSchema, isRight }),
      baseline: async () => {
        const ran = await runCommand(bench, ['find', home.path, '-type', 'f', '-printf', '%s %T@ %i\n']);
        const lines = ran.out.split('\n').length - 1;
        if (lines !== home.files) throw new Error(`find found ${lines} of ${home.files} files`);
        return ran;
      },
    };
  },
};

const ingestAgainLeast: Row = {
  name: 'ingest-again-least',
  what: 'limit: a program of the same runtime that only lists those files and looks at each, wall / the same',
  unit: '×',
  target: null,
  unavailable: needs('find'),
  prepare: async (bench) => {
    const again = await ingestAgain.prepare(bench);
    const home = await smallHome(bench.cache, SMALL_FILES);
    const least = await leastExecutable(bench.cache, 'least-list');
    return {
      ...again,
      subject: async () => {
        const ran = await runCommand(bench, [least, home.path]);
        if (!ran.out.startsWith(`${home.files} `)) throw new Error(`it found ${ran.out}`);
        return ran;
      },
    };
  },
};

const maintainAgain: Row = {
  name: 'maintain-nothing-new',
  what: 'maintain --yes with nothing to do in the same home, wall / find',
  unit: '×',
  target: null,
  unavailable: needs('find'),
  prepare: async (bench) => {
    const again = await ingestAgain.prepare(bench);
    const home = await smallHome(bench.cache, SMALL_FILES);
    const subject = { bench, home: home.path, store: join(bench.scratch, 'store', 'store.db') };
    const limits = ['--soft-cap', '1TiB', ...NO_LIMITS, '--max-age-days', 'off'];
    return {
      ...again,
      subject: () =>
        runJson(subject, ['maintain', '--yes', '--no-data-loss', ...limits], {
          schema: maintainSchema,
          isRight: ({ ingests, sweeps }) =>
            ingests.every((report) => report.files_read === 0) &&
            sweeps.every((report) => report.bytes_freed === 0),
        }),
    };
  },
};

const analyzeAlone: Row = {
  name: 'analyze-alone',
  what: `analyze of ${HOME_MIB} MiB that are stored and wait, wall / zstd -3 -T2 of the same`,
  unit: '×',
  target: null,
  unavailable: needs('tar', 'zstd'),
  prepare: async (bench) => {
    const home = await bigHome(bench.cache, HOME_MIB);
    const waiting = join(bench.scratch, 'waiting.db');
    await runJson({ bench, home: home.path, store: waiting }, ['ingest', ...NO_DIGESTS, ...NO_LIMITS], {
      schema: ingestSchema,
      isRight: (report) => report.sessions_new === home.sessions,
    });
    const subject = freshStore(bench, home);
    return {
      reset: async () => {
        clear(bench, 'store', 'home.tar.zst');
        copyStore(bench, waiting);
        warm(home.path);
        settle();
      },
      subject: () =>
        runJson(subject, ['analyze'], {
          schema: analyzeSchema,
          isRight: ({ analyzed, failed }) => analyzed.length === home.sessions && failed.length === 0,
        }),
      baseline: () => tarZstd(bench, home),
    };
  },
};

/** Peak memory of a first ingest. */
function memoryOfIngest(
  about: Pick<Row, 'name' | 'what' | 'roundsMax'>,
  homeOf: (bench: Bench) => Promise<Home>,
): Row {
  return {
    ...about,
    unit: 'MiB',
    target: atMost(256),
    unavailable: () => (existsSync('/proc/self/status') ? null : 'no /proc here'),
    prepare: async (bench) => {
      const home = await homeOf(bench);
      const subject = freshStore(bench, home);
      return {
        reset: async () => clear(bench, 'store'),
        subject: async () => {
          const ran = await runJson(subject, ['ingest', ...NO_LIMITS], storedAll(home), {
            watchesMemory: true,
          });
          return { ...ran, value: ran.peakBytes / 1024 ** 2 };
        },
      };
    },
  };
}

const memoryOfLarge = memoryOfIngest(
  { name: 'memory-2gib', what: 'ingest of one transcript of 2 GiB, peak memory', roundsMax: 1 },
  (bench) => largeHome(bench.cache, LARGE_MIB),
);

const memoryOfMany = memoryOfIngest(
  { name: 'memory-ingest', what: `ingest with digests of ${HOME_MIB} MiB into a new store, peak memory` },
  (bench) => bigHome(bench.cache, HOME_MIB),
);

/** A size is no time: both sides give bytes, once. */
const size = (bytes: number): Measured => ({ value: bytes, wallMs: 0, cpuMs: 0 });

const sizeOfTier1: Row = {
  name: 'size-tier1',
  what: `stored bytes of ${HOME_MIB} MiB / zstd -3 of each file by itself`,
  unit: '×',
  target: atMost(1),
  roundsMax: 1,
  unavailable: always,
  prepare: async (bench) => {
    const home = await bigHome(bench.cache, HOME_MIB);
    const status = await statusOf(bench, home);
    return {
      subject: async () => size(status.tier1.used_bytes),
      baseline: async () => size(await eachByItself(bench, home)),
    };
  },
};

const CORPUS = join(import.meta.dir, '../../../shared/corpus/home');

const sizeOfCorpus: Row = {
  name: 'size-corpus',
  what: 'stored bytes of all sessions of the corpus, each by itself',
  unit: 'MB',
  target: atMost(6.5),
  roundsMax: 1,
  unavailable: () => (existsSync(CORPUS) ? null : 'no corpus beside the checkout'),
  prepare: async (bench) => {
    const subject = { bench, home: CORPUS, store: join(bench.scratch, 'store', 'store.db') };
    await runJson(subject, ['ingest', ...NO_LIMITS], {
      schema: ingestSchema,
      isRight: (report) => report.failed === 0 && report.sessions_new === report.sessions_found,
    });
    const { json } = await runJson(subject, ['status'], {
      schema: statusSchema,
      isRight: ({ tier1 }) => tier1.raw_bytes > 50e6,
    });
    return { subject: async () => size(json.tier1.used_bytes / 1e6) };
  },
};

const sizeOfCorpusLeast: Row = {
  ...sizeOfCorpus,
  name: 'size-corpus-least',
  what: 'limit: all bytes of each session of the corpus as one frame at level 19, with matches over all of it',
  target: null,
  prepare: async (bench) => {
    const least = await leastExecutable(bench.cache, 'least-pack');
    await sizeOfCorpus.prepare(bench);
    const ran = await runCommand(bench, [least, join(bench.scratch, 'store', 'store.db')]);
    return { subject: async () => size(Number(ran.out.split(' ')[1]) / 1e6) };
  },
};

const sizeOfDigests: Row = {
  name: 'size-digests',
  what: `digests of ${HOME_MIB} MiB, of the raw bytes`,
  unit: '%',
  target: atMost(3),
  roundsMax: 1,
  unavailable: always,
  prepare: async (bench) => {
    const home = await bigHome(bench.cache, HOME_MIB);
    const status = await statusOf(bench, home);
    return { subject: async () => size((100 * status.tier2.used_bytes) / home.bytes) };
  },
};

async function statusOf(bench: Bench, home: Home): Promise<ReturnType<typeof statusSchema.parse>> {
  const store = await storeOfHome(bench, home, 'store-home');
  const { json } = await runJson({ bench, home: home.path, store }, ['status'], {
    schema: statusSchema,
    isRight: ({ tier1 }) => tier1.raw_bytes === home.bytes,
  });
  return json;
}

async function eachByItself(bench: Bench, home: Home): Promise<number> {
  const packed = await packedHome(bench, home);
  const names = readdirSync(packed, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.zst'))
    .reduce((sum, name) => sum + statSync(join(packed, name)).size, 0);
}

/** Each file of the home by itself, `zstd -3`. */
export function packedHome(bench: Bench, home: Home): Promise<string> {
  return cached(bench.cache, 'home-packed', `1 ${home.files} ${home.bytes}`, async (box) => {
    cpSync(home.path, join(box, 'home'), { recursive: true });
    await runCommand(bench, ['zstd', '-3', '-q', '-r', '--rm', join(box, 'home')]);
  });
}

/** A program that is no rival in what it promises, but makes a copy of the same bytes; how it makes a repository, and fills it. */
interface Peer {
  readonly tool: string;
  readonly first: string;
  readonly fill: string;
}

const restic: Peer = {
  tool: 'restic',
  first: 'restic init -q -r "$0"',
  fill: 'restic backup -q -r "$0" "$1"',
};
const borg: Peer = {
  tool: 'borg',
  first: 'borg init -e none "$0"',
  fill: 'cd "$1" && borg create --compression zstd,3 "$0::one" .',
};

function peer(
  { tool, first, fill }: Peer,
  { name, target, flags = [] }: { name: string; target: Row['target']; flags?: readonly string[] },
): Row {
  return {
    name,
    what: `ingest ${flags.length > 0 ? 'without' : 'with'} digests of ${HOME_MIB} MiB into a new store, wall / ${tool} of the same home`,
    unit: '×',
    target,
    unavailable: needs(tool),
    prepare: async (bench) => {
      const home = await bigHome(bench.cache, HOME_MIB);
      const env = {
        RESTIC_PASSWORD: 'bench',
        RESTIC_CACHE_DIR: join(bench.scratch, 'peer-cache'),
        BORG_BASE_DIR: join(bench.scratch, 'peer-base'),
      };
      const repository = join(bench.scratch, 'peer');
      return coldContest(bench, home, flags, async () => {
        await runCommand(bench, ['sh', '-c', first, repository, home.path], { env });
        return runCommand(bench, ['sh', '-c', fill, repository, home.path], { env });
      });
    },
  };
}

/** Programs that index the same transcripts. */
const ofItsKind: Row = {
  name: 'peers-of-its-kind',
  what: 'deja-vu, cass and agentsview over the same home',
  unit: '×',
  target: null,
  unavailable: () => 'none of them can be built from npm or Debian (Go 1.25 and 1.27, crates)',
  prepare: () => Promise.reject(new Error('there is none to prepare')),
};

export const ingestRows: readonly Row[] = [
  ingestCold,
  ingestColdNoDigests,
  ingestColdLeast,
  ingestAgain,
  ingestAgainLeast,
  maintainAgain,
  analyzeAlone,
  memoryOfLarge,
  memoryOfMany,
  sizeOfTier1,
  sizeOfCorpus,
  sizeOfCorpusLeast,
  sizeOfDigests,
  peer(restic, { name: 'peer-restic', target: atMost(1) }),
  peer(restic, { name: 'peer-restic-no-digests', target: atMost(0.7), flags: NO_DIGESTS }),
  peer(borg, { name: 'peer-borg', target: null }),
  ...ompRows,
  ofItsKind,
];
