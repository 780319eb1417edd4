/** A genuine session of every agent goes from one store to another through an archive, a stranger's too, whatever its transcript is called. */
import { describe, expect, test } from 'bun:test';
import { inPieces } from '../../scripts/torture/forged-archive.ts';
import { AGENTS, agentById, agentOfFormat } from '../../src/agents/registry.ts';
import { type ExportReport, exportStream } from '../../src/archive/export.ts';
import { importStream } from '../../src/archive/import.ts';
import { analyzeSession } from '../../src/ingest/analyze.ts';
import { exportable } from '../../src/store/export.ts';
import { filesOf, listSessions } from '../../src/store/read.ts';
import { fileChunks } from '../../src/store/segments.ts';
import { Bench } from '../agents/bench.ts';
import { OWN_JSONL } from '../agents/samples/own.ts';
import { World } from '../support/bench-world.ts';

const signal = new AbortController().signal;

async function archiveOf(bench: Bench): Promise<{ bytes: Buffer; report: ExportReport }> {
  const report: ExportReport = {
    sessions: 0,
    live: 0,
    forgotten: 0,
    raw_bytes: 0,
    failed: [],
    left_out: [],
    interrupted: false,
  };
  const formatOf = (id: string) => agentById(id, bench.host);
  const options = { uids: exportable(bench.db), forgotten: [], now: bench.now, formatOf, signal };
  const chunks = exportStream(bench.db, { ...options, progress: () => undefined }, report);
  return { bytes: Buffer.concat(await Array.fromAsync(chunks)), report };
}

/** Every file of every session, by its name. */
function filesIn({ db }: World): Record<string, string> {
  return Object.fromEntries(
    [...listSessions(db)].flatMap(({ uid }) =>
      filesOf(db, uid).map((file) => [
        `${uid} ${file.role} ${file.key}`,
        Buffer.concat([...fileChunks(db, uid, file)].map((chunk) => Buffer.from(chunk))).toString('base64'),
      ]),
    ),
  );
}

const ALL = [...AGENTS, agentOfFormat('own-jsonl', OWN_JSONL)];

describe.each(ALL.map((agent) => [agent.id, agent] as const))('%s', (_id, agent) => {
  test.each([false, true])('comes whole, vouched for: %p', async (trusted) => {
    using bench = new Bench(agent);
    await bench.take();
    const { bytes, report: out } = await archiveOf(bench);
    expect([out.sessions, out.failed, out.left_out]).toEqual([1, [], []]);
    using other = new World();
    const { db, clock } = other;
    const { host } = bench;
    const report = await importStream(
      {
        read: db,
        write: db,
        trusted,
        origin: 'in.smx',
        hardCapBytes: 1e9,
        signal,
        now: () => other.now,
        progress: () => undefined,
        formatOf: (id) => agentById(id, host),
        analyze: async (uid) => (await analyzeSession({ db, clock, host, external: null }, uid, signal)).ok,
      },
      inPieces(bytes, 1000),
    );
    expect([report.added.length, report.damaged, report.left_out, report.conflicts]).toEqual([1, [], [], []]);
    expect(filesIn(other)).toEqual(filesIn(bench));
  });
});
