/** Row: what an agent waits for when it calls its hook. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { listSchema } from '../../src/cli/schemas.ts';
import { emptyExecutable } from './cache.ts';
import { transcriptLine, uuidOf } from './homes.ts';
import { runCommand, warm } from './process.ts';
import { runJson, runProgram, type Subject } from './program.ts';
import { always, atMost, type Bench, type Row } from './row.ts';

/** A working day's transcript: some 1.8 MB. */
const LINES = 2000;
/** What an agent writes between two calls. */
const NEW_LINES = 4;
const OTHER_SESSIONS = 200;
/** What the hook leaves to a process of its own is done within so long. */
const PATIENCE_MS = 30_000;

export const hookRow: Row = {
  name: 'hook',
  what: `hook of a transcript of ${LINES} lines with ${NEW_LINES} more, wall / an empty Bun executable`,
  unit: '×',
  target: atMost(8),
  unavailable: always,
  prepare: async (bench) => {
    const empty = await emptyExecutable(bench.cache);
    const { subject, path, id } = await writtenHome(bench);
    const event = { session_id: id, transcript_path: path, cwd: '/', hook_event_name: 'SessionEnd' };
    let lines = LINES;
    return {
      reset: async () => {
        await settled(subject, lines);
        for (let i = 0; i < NEW_LINES; i += 1) appendFileSync(path, transcriptLine(id, lines++));
        warm(empty, bench.binary, path, subject.store);
      },
      subject: async () => {
        const ran = await runProgram(subject, ['hook', 'claude-code'], { input: JSON.stringify(event) });
        if (ran.out + ran.err !== '') throw new Error(`the hook said ${ran.out}${ran.err}`);
        return ran;
      },
      baseline: async () => runCommand(bench, [empty]),
    };
  },
};

interface Written {
  readonly subject: Subject;
  readonly path: string;
  readonly id: string;
}

async function writtenHome(bench: Bench): Promise<Written> {
  const home = join(bench.scratch, 'home');
  const folder = join(home, '.claude/projects/-home-me-project');
  mkdirSync(folder, { recursive: true });
  const write = (id: string, lines: number) => {
    const path = join(folder, `${id}.jsonl`);
    appendFileSync(path, Array.from({ length: lines }, (_, i) => transcriptLine(id, i)).join(''));
    return path;
  };
  for (let i = 0; i < OTHER_SESSIONS; i += 1) write(uuidOf(`other ${i}`), 10);
  const id = uuidOf('hooked');
  const path = write(id, LINES);
  const subject = { bench, home, store: join(bench.scratch, 'store', 'store.db') };
  await runProgram(subject, ['ingest']);
  return { subject, path, id };
}

/** Waits until what was told last is stored and has its digest: the next call must not find another one at work. */
async function settled(subject: Subject, lines: number): Promise<void> {
  const giveUpMs = performance.now() + PATIENCE_MS;
  const expected = { schema: listSchema, isRight: () => true };
  for (;;) {
    const { json } = await runJson(subject, ['list', '--limit', '1', '--sort', 'size'], expected);
    const [session] = json.sessions;
    if (session?.analyzed_at != null && session.raw_bytes >= lines * 960) return;
    if (performance.now() > giveUpMs) throw new Error(`no digest of ${lines} lines came`);
    await Bun.sleep(50);
  }
}
