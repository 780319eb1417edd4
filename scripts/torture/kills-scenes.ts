/** What is going on while the program is killed: a store and a home made ready, one command, and the points that it passes. */
import { Database } from 'bun:sqlite';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Box } from './box.ts';
import { idOf, pathOf, promptOf, type Scene } from './kills-records.ts';
import { UNATTENDED_SCENES } from './kills-unattended.ts';
import { noiseOf } from './random.ts';
import { harm, regionsOf } from './rot-store.ts';

const SAMPLES = join(import.meta.dir, '../../src/demo-samples');
const MIB = 1024 ** 2;

/** Lines of noise that make a transcript of about so many bytes. */
export function linesOf(id: string, bytes: number): string {
  const count = Math.max(1, Math.floor(bytes / 64_000));
  return Array.from({ length: count }, (_, i) =>
    promptOf(id, noiseOf(`${id} ${i}`, Math.min(bytes, 64_000))),
  ).join('');
}

function genuine(box: Box): void {
  for (const name of readdirSync(join(SAMPLES, 'claude-code')))
    box.put(`.claude/projects/-p/${name}`, readFileSync(join(SAMPLES, 'claude-code', name)));
  for (const name of readdirSync(join(SAMPLES, 'codex'))) {
    const [, year, month, day] = /rollout-(\d{4})-(\d\d)-(\d\d)/.exec(name) ?? [];
    box.put(`.codex/sessions/${year}/${month}/${day}/${name}`, readFileSync(join(SAMPLES, 'codex', name)));
  }
}

/** A session with a subagent and a spilled tool result. */
function withSidecars(box: Box, id: string): void {
  box.put(pathOf(id), promptOf(id, 'with a subagent'));
  box.put(`.claude/projects/-p/${id}/subagents/agent-aaaaaaaa.jsonl`, promptOf(id, 'of the subagent'));
  box.put(`.claude/projects/-p/${id}/tool-results/long.txt`, noiseOf(id, 5000));
}

/** Six analyzed sessions of which two are old, two that wait, one that no analyzer can read; about 100 KB each. */
async function sixAndThree(box: Box): Promise<void> {
  for (const n of [1, 2, 3, 4, 5, 6]) {
    const at = n <= 2 ? `2026-03-0${n}T10:00:00.000Z` : `2026-06-0${n}T10:00:00.000Z`;
    box.put(pathOf(idOf(n)), promptOf(idOf(n), noiseOf(n, 100_000), at));
  }
  await box.must(['ingest']);
  for (const n of [7, 8])
    box.put(pathOf(idOf(n)), promptOf(idOf(n), noiseOf(n, 100_000), `2026-06-1${n}T10:00:00.000Z`));
  box.put(pathOf(idOf(9)), `\u0001 unreadable ${noiseOf(9, 100_000)}\n`);
  await box.must(['ingest', '--no-analyze']);
}

/** A store that has one session as it was, and a file of another that has more of it, and others, one of them evicted. */
async function twoMachines(box: Box): Promise<void> {
  box.put(pathOf(idOf(1)), promptOf(idOf(1), 'first'));
  await box.must(['ingest']);
  const kept = `${box.folder}/first`;
  cpSync(dirname(box.store), kept, { recursive: true });
  box.put(pathOf(idOf(1)), promptOf(idOf(1), noiseOf(1, 100_000)), 'a');
  withSidecars(box, idOf(2));
  box.put(pathOf(idOf(3)), promptOf(idOf(3), 'third'));
  await box.must(['ingest']);
  await box.must(['evict', idOf(3), '--yes']);
  await box.must(['export', '--all', 'all.smx']);
  rmSync(dirname(box.store), { recursive: true });
  cpSync(kept, dirname(box.store), { recursive: true });
}

export const SCENES: readonly Scene[] = [
  ...UNATTENDED_SCENES,
  {
    name: 'ingest',
    args: ['ingest'],
    codes: [0],
    points: [
      ...[
        'open.file-made',
        'open.migrated',
        'migrate.applied',
        'reserve.half-made',
        'store.statement',
        'store.commit',
      ],
      ...['store.committed', 'ingest.flushed', 'ingest.new', 'ingest.session-stored'],
      ...['analyze.digested', 'analyze.saved', 'ingest.done'],
    ],
    prepare: async (box) => {
      genuine(box);
      withSidecars(box, idOf(1));
      box.put(pathOf(idOf(2)), '');
      box.put(pathOf(idOf(3)), `\u0001 unreadable\n`);
      // Stored in several steps, and together below what threads are started for.
      box.put(pathOf(idOf(4)), linesOf(idOf(4), 6 * MIB));
    },
  },
  {
    name: 'ready',
    args: ['ingest'],
    codes: [0],
    points: ['ready.session-stored', 'ready.before-batch', 'ready.batch-stored'],
    prepare: async (box) => {
      for (let n = 1; n <= 9; n += 1) box.put(pathOf(idOf(n)), linesOf(idOf(n), MIB));
      withSidecars(box, idOf(20));
    },
  },
  {
    name: 'append',
    args: ['ingest'],
    codes: [0],
    points: ['ingest.grown', 'ingest.flushed', 'analyze.saved'],
    prepare: async (box) => {
      genuine(box);
      for (const n of [1, 2]) box.put(pathOf(idOf(n)), promptOf(idOf(n), `first ${n}`));
      withSidecars(box, idOf(3));
      await box.must(['ingest']);
      box.put(pathOf(idOf(1)), promptOf(idOf(1), 'second', '2026-06-02T10:00:00.000Z'), 'a');
      box.put(pathOf(idOf(2)), linesOf(idOf(2), 6 * MIB), 'a');
      box.put(
        `.claude/projects/-p/${idOf(3)}/subagents/agent-bbbbbbbb.jsonl`,
        promptOf(idOf(3), 'of another one'),
      );
    },
  },
  {
    name: 'rewrite',
    args: ['ingest'],
    codes: [0],
    points: ['rewrite.stored', 'analyze.saved'],
    prepare: async (box) => {
      const lines = Array.from({ length: 40 }, (_, i) => promptOf(idOf(1), `line ${i} ${noiseOf(i, 2000)}`));
      box.put(pathOf(idOf(1)), lines.join(''));
      box.put(pathOf(idOf(2)), lines.slice(0, 20).join(''));
      await box.must(['ingest']);
      box.put(
        pathOf(idOf(1)),
        [...lines.slice(0, 5), promptOf(idOf(1), 'a summary'), ...lines.slice(20)].join(''),
      );
      box.put(pathOf(idOf(2)), lines.slice(0, 7).join(''));
    },
  },
  {
    name: 'large-rewrite',
    args: ['ingest'],
    codes: [0],
    points: ['rewrite.cut', 'ingest.flushed'],
    isLarge: true,
    prepare: async (box) => {
      const start = linesOf(idOf(1), 2 * MIB);
      box.put(pathOf(idOf(1)), start + linesOf(idOf(2), 49 * MIB));
      await box.must(['ingest', '--no-analyze']);
      // More is new than is matched by its lines.
      box.put(pathOf(idOf(1)), start + linesOf(idOf(3), 49 * MIB));
    },
  },
  {
    name: 'large-matched',
    args: ['ingest'],
    codes: [0],
    points: ['rewrite.stored'],
    isLarge: true,
    prepare: async (box) => {
      const [start, end] = [linesOf(idOf(1), 2 * MIB), linesOf(idOf(2), 49 * MIB)];
      box.put(pathOf(idOf(1)), start + promptOf(idOf(1), 'taken out') + end);
      await box.must(['ingest', '--no-analyze']);
      box.put(pathOf(idOf(1)), start + end);
    },
  },
  {
    name: 'return',
    args: ['ingest'],
    codes: [0],
    points: ['return.noted', 'ingest.new', 'analyze.saved'],
    prepare: async (box) => {
      withSidecars(box, idOf(1));
      box.put(pathOf(idOf(2)), promptOf(idOf(2), 'first'));
      box.put(pathOf(idOf(3)), promptOf(idOf(3), 'stays away'));
      await box.must(['ingest']);
      await box.must(['sweep', '--yes', '--soft-cap', '0', '--max-age-days', 'off']);
      box.put(pathOf(idOf(1)), promptOf(idOf(1), 'more'), 'a');
      box.put(pathOf(idOf(2)), promptOf(idOf(2), 'something else'));
    },
  },
  {
    name: 'digest-only',
    args: ['ingest'],
    codes: [0],
    points: ['digest-only.session-made', 'digest-only.recorded'],
    prepare: async (box) => {
      box.env = { SESSION_MEMORY_RAW_SOFT_CAP_BYTES: '50000', SESSION_MEMORY_RAW_HARD_CAP_BYTES: '50000' };
      box.put(pathOf(idOf(1)), promptOf(idOf(1), noiseOf(1, 200_000)));
    },
  },
  {
    name: 'analyze',
    args: ['analyze'],
    codes: [0],
    points: ['analyze.digested', 'analyze.saved', 'store.committed'],
    prepare: async (box) => {
      genuine(box);
      withSidecars(box, idOf(1));
      await box.must(['ingest', '--no-analyze']);
    },
  },
  {
    name: 'sweep',
    args: ['sweep', '--yes', '--soft-cap', '50KiB', '--hard-cap', '50KiB', '--no-data-loss'],
    // What no analyzer can read stays.
    codes: [4],
    points: [
      ...[
        'sweep.begun',
        'sweep.backstop',
        'sweep.budget',
        'sweep.analyze',
        'sweep.budget_again',
        'evict.evicted',
      ],
      ...['reclaim.step', 'reclaim.truncated', 'sweep.finished'],
    ],
    prepare: sixAndThree,
  },
  {
    name: 'data-loss',
    args: ['sweep', '--yes', '--soft-cap', '0', '--hard-cap', '10KiB'],
    codes: [3, 0],
    points: ['analyze.salvaged', 'evict.data_loss', 'sweep.data_loss', 'reclaim.step', 'sweep.finished'],
    prepare: sixAndThree,
  },
  {
    name: 'reclaim',
    args: ['sweep', '--yes', '--soft-cap', '0', '--max-age-days', 'off'],
    codes: [0],
    points: ['sweep.budget', 'reclaim.step', 'reclaim.truncated', 'sweep.finished'],
    prepare: async (box) => {
      for (let n = 1; n <= 4; n += 1) box.put(pathOf(idOf(n)), linesOf(idOf(n), 2 * MIB));
      await box.must(['ingest']);
    },
  },
  {
    name: 'restore',
    args: ['restore', idOf(1)],
    codes: [0],
    points: [
      'restore.temporary-made',
      'restore.temporary-written',
      'restore.renamed',
      'restore.written',
      'store.committed',
    ],
    writesHome: true,
    prepare: async (box) => {
      withSidecars(box, idOf(1));
      box.put(pathOf(idOf(1)), linesOf(idOf(1), MIB));
      box.put(pathOf(idOf(2)), promptOf(idOf(2), 'another one'));
      await box.must(['ingest']);
      rmSync(join(box.home, pathOf(idOf(1))));
      rmSync(join(box.home, `.claude/projects/-p/${idOf(1)}`), { recursive: true });
    },
  },
  {
    name: 'restore all',
    args: ['restore', '--all'],
    codes: [0],
    points: ['restore.temporary-made', 'restore.temporary-written', 'restore.renamed', 'restore.written'],
    writesHome: true,
    prepare: async (box) => {
      withSidecars(box, idOf(1));
      for (const n of [1, 2, 3]) box.put(pathOf(idOf(n)), linesOf(idOf(n), MIB / 4));
      await box.must(['ingest']);
      rmSync(join(box.home, '.claude/projects'), { recursive: true });
    },
  },
  {
    name: 'evict',
    args: ['evict', idOf(1), idOf(9), '--data-loss', '--yes'],
    codes: [3, 0],
    points: ['evict.evicted', 'analyze.salvaged', 'evict.data_loss', 'reclaim.truncated'],
    prepare: sixAndThree,
  },
  {
    name: 'forget',
    args: ['forget', idOf(1), idOf(9), '--yes'],
    codes: [0],
    points: ['forget.forgotten', 'forget.written-anew', 'store.committed'],
    prepare: sixAndThree,
  },
  {
    name: 'import',
    args: ['import', '--trust', 'all.smx'],
    codes: [0],
    points: [
      'import.session-added',
      'import.session-merged',
      'import.session-stored',
      'import.batch-stored',
      'store.commit',
    ],
    prepare: twoMachines,
  },
  {
    name: 'export',
    args: ['export', '--all', 'all.smx', '--force'],
    codes: [0],
    points: ['export.written', 'export.moved'],
    writesHome: true,
    prepare: sixAndThree,
  },
  {
    name: 'curate',
    args: ['curate', '--drop', idOf(1), '--yes'],
    codes: [3, 0],
    points: ['curate.dropped', 'store.committed'],
    prepare: async (box) => {
      for (const n of [1, 2]) box.put(pathOf(idOf(n)), promptOf(idOf(n), noiseOf(n, 5000)));
      await box.must(['ingest']);
      await box.must(['evict', idOf(1), '--yes']);
    },
  },
  {
    name: 'migration',
    args: ['analyze'],
    codes: [0],
    points: ['migrate.copy-made', 'migrate.copied', 'migrate.applied', 'open.migrated'],
    leaves: /\.before-v\d+$/,
    prepare: async (box) => {
      mkdirSync(dirname(box.store), { recursive: true });
      writeFileSync(box.store, oldStore(1));
    },
  },
  {
    name: 'repair',
    args: ['verify', '--repair', '--yes'],
    codes: [0],
    points: ['repair.step', 'store.statement', 'store.committed'],
    isDamaged: true,
    prepare: async (box) => {
      for (const n of [1, 2, 3]) box.put(pathOf(idOf(n)), promptOf(idOf(n), noiseOf(n, 100_000)));
      await box.must(['ingest']);
      for (const n of [1, 2]) flipData(box.store, `claude-code:${idOf(n)}`);
    },
  },
  {
    name: 'rebuild',
    args: ['verify', '--repair', '--yes'],
    codes: [0],
    points: ['repair.rebuilt', 'repair.kept', 'repair.swapped'],
    isDamaged: true,
    leaves: /\.damaged-/,
    prepare: async (box) => {
      genuine(box);
      await box.must(['ingest']);
      const [[first] = [0]] = regionsOf(box.store).get('sessions_by_age leaf') ?? [];
      harm(box.store, { kind: 'zero', offset: first, size: 4096 });
    },
  },
];

/** A store as an older program left it. */
function oldStore(version: number): Uint8Array {
  const path = join(import.meta.dir, `../../test/store/old/v${version}.zst.base64`);
  return Bun.zstdDecompressSync(Buffer.from(readFileSync(path, 'utf8'), 'base64'));
}

/** Flips a bit in the stored bytes of a session's first segment. */
function flipData(store: string, uid: string): void {
  using db = new Database(store);
  db.run('PRAGMA wal_checkpoint(TRUNCATE)');
  const row = db
    .query<{ data: Uint8Array }, [string]>(
      'SELECT data FROM segments WHERE session_id = (SELECT id FROM sessions WHERE session_uid = ?)',
    )
    .get(uid);
  const at = readFileSync(store).indexOf(row?.data.subarray(-40) ?? '');
  if (at < 0) throw new Error(`no bytes of ${uid} in ${store}`);
  harm(store, { kind: 'flip', offset: at + 20, size: 0 });
}
