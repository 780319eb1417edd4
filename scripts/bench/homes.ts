/**
 * Made-up homes of agents, multiplied from recorded transcripts with new ids: the same bytes at each run.
 * Promises: what a home holds is known without asking the program (files, sessions, bytes), so that an ingest can be checked.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { cached } from './cache.ts';

const ROOT = join(import.meta.dir, '../..');
const CORPUS = join(ROOT, '../shared/corpus/home');
const DEMO = join(ROOT, 'src/demo-samples');
/** When all made files were last written, in seconds. */
const WRITTEN_S = Date.UTC(2026, 9, 30) / 1000;
const MIB = 1024 ** 2;

/** Bytes of UTF-8 as latin1 text, so that what is not replaced stays what it is. */
interface Sample {
  readonly relPath: string;
  readonly text: string;
}

const homeSchema = z.object({ files: z.number(), sessions: z.number(), bytes: z.number() });

export interface Home extends z.infer<typeof homeSchema> {
  readonly path: string;
}

/** At least `mib` of transcripts, in the mix of sizes that was recorded. */
export async function bigHome(cache: string, mib: number): Promise<Home> {
  const samples = recorded();
  return home(cache, `home-${mib}`, `5 ${samples.length} ${sumOf(samples)}`, (put) => {
    let bytes = 0;
    const counted: Put = (relPath, text) => {
      bytes += put(relPath, text);
      return bytes;
    };
    for (let copy = 1; bytes < mib * MIB; copy += 1) putCopy(samples, copy, counted);
  });
}

/** The same at a place that is not kept, from a copy on: of a home that would not fit on the disk, a slice. */
export function sliceOfHome(
  path: string,
  copyFirst: number,
  mib: number,
): Home & { readonly nextCopy: number } {
  const samples = recorded();
  const { put, all } = filling(path);
  let copy = copyFirst;
  for (; all.bytes < mib * MIB; copy += 1) putCopy(samples, copy, put);
  return { path, ...all, nextCopy: copy };
}

/** Claude Code's folders are named for a project, which the records in them name too. */
function putCopy(samples: readonly Sample[], copy: number, put: Put): void {
  for (const { relPath, text } of samples) {
    const renamed = withNewIds(relPath, copy).replace(/^(\.claude\/projects\/[^/]+)/, `$1-${copy}`);
    const placed = renamed.startsWith('.claude/') ? text.replace(/"cwd":"[^"\\]+/g, `$&-${copy}`) : text;
    put(renamed, withNewIds(placed, copy));
  }
}

/** Sessions of two short records each, 250 to a folder, as many as asked for. */
export async function smallHome(cache: string, files: number): Promise<Home> {
  return home(cache, `home-small-${files}`, '2', (put) => {
    for (let i = 0; i < files; i += 1) {
      const id = uuidOf(`small ${i}`);
      put(`.claude/projects/-home-me-project-${Math.floor(i / 250)}/${id}.jsonl`, shortTranscript(id, i));
    }
  });
}

/** Sessions of Oh My Pi of some 16 KiB each, 100 to a project, months old. */
export async function ompHome(cache: string, sessions: number): Promise<Home> {
  return home(cache, `home-omp-${sessions}`, '1', (put) => {
    for (let i = 0; i < sessions; i += 1) {
      const project = `project-${Math.floor(i / 100)}`;
      const at = new Date(Date.UTC(2026, 3, 1) + i * 600_000).toISOString();
      const name = `${at.replace(/[:.]/g, '-')}_${uuidOf(`omp ${i}`)}.jsonl`;
      put(`.omp/agent/sessions/--home-me-${project}--/${name}`, ompTranscript(i, at, `/home/me/${project}`));
    }
  });
}

function ompTranscript(i: number, at: string, cwd: string): string {
  const header = { type: 'session', version: 3, id: uuidOf(`omp ${i}`), timestamp: at, cwd };
  const messages = Array.from({ length: 24 }, (_, n) => ({
    type: 'message',
    id: `e${n}`,
    parentId: n === 0 ? null : `e${n - 1}`,
    timestamp: at,
    message: {
      role: n % 2 === 0 ? 'user' : 'assistant',
      timestamp: Date.parse(at),
      content: [{ type: 'text', text: `Step ${n}: ${uuidOf(`omp ${i} ${n}`)} `.repeat(12) }],
    },
  }));
  return [header, ...messages].map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** One transcript of `mib`, made of the records of the largest one that was recorded. */
export async function largeHome(cache: string, mib: number): Promise<Home> {
  const largest = recorded()
    .filter(({ relPath }) => relPath.startsWith('.claude/'))
    .reduce((a, b) => (a.text.length >= b.text.length ? a : b));
  const id = uuidOf('large');
  const session = /[0-9a-f-]{36}(?=\.jsonl$)/.exec(largest.relPath)?.[0] ?? '';
  const path = `.claude/projects/-home-me-project/${id}.jsonl`;
  const folder = await cached(cache, `home-large-${mib}`, `3 ${largest.text.length}`, (box) => {
    mkdirSync(join(box, 'home', dirname(path)), { recursive: true });
    const file = openSync(join(box, 'home', path), 'w');
    let bytes = 0;
    for (let copy = 1; bytes < mib * MIB; copy += 1) {
      const text = withNewIds(largest.text.replaceAll(session, id), copy, id);
      bytes += writeSync(file, Buffer.from(text, 'latin1'));
    }
    closeSync(file);
    writeFileSync(join(box, 'home.json'), JSON.stringify({ files: 1, sessions: 1, bytes }));
  });
  return known(folder);
}

/** Puts a file at its place; returns its bytes. */
type Put = (relPath: string, text: string) => number;

async function home(cache: string, name: string, recipe: string, fill: (put: Put) => void): Promise<Home> {
  const folder = await cached(cache, name, recipe, (box) => {
    const { put, all } = filling(join(box, 'home'));
    fill(put);
    writeFileSync(join(box, 'home.json'), JSON.stringify(all));
  });
  return known(folder);
}

/** A home that is being made, and what it holds so far. */
function filling(path: string): { readonly put: Put; readonly all: z.infer<typeof homeSchema> } {
  const all = { files: 0, sessions: 0, bytes: 0 };
  const put: Put = (relPath, text) => {
    const file = join(path, relPath);
    const content = Buffer.from(text, 'latin1');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    utimesSync(file, WRITTEN_S, WRITTEN_S);
    all.files += 1;
    // The transcripts of subagents belong to the session that started them.
    if (!relPath.includes('/subagents/')) all.sessions += 1;
    all.bytes += content.length;
    return content.length;
  };
  return { put, all };
}

function known(folder: string): Home {
  const all = homeSchema.parse(JSON.parse(readFileSync(join(folder, 'home.json'), 'utf8')));
  return { path: join(folder, 'home'), ...all };
}

/** The transcripts of the corpus where it lies beside the checkout, else those that come with the program. */
function recorded(): Sample[] {
  if (!existsSync(CORPUS)) return bundled();
  return ['.claude/projects', '.codex/sessions'].flatMap((root) =>
    readdirSync(join(CORPUS, root), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.jsonl') && statSync(join(CORPUS, root, name)).size > 0)
      .sort()
      .map((name) => ({
        relPath: join(root, name),
        text: readFileSync(join(CORPUS, root, name), 'latin1'),
      }))
      // Of a header alone no digest is made, and every session of a home is to have one.
      .filter(({ text }) => text.indexOf('\n') < text.length - 1),
  );
}

function bundled(): Sample[] {
  const places = { 'claude-code': '.claude/projects/-home-me-demo', codex: '.codex/sessions/2026/05/01' };
  return Object.entries(places).flatMap(([agent, place]) =>
    readdirSync(join(DEMO, agent))
      // One of them is unreadable, on purpose.
      .filter((name) => name.endsWith('.jsonl') && !name.startsWith('0badc0de'))
      .sort()
      .map((name) => ({
        relPath: join(place, name),
        text: readFileSync(join(DEMO, agent, name), 'latin1'),
      })),
  );
}

const sumOf = (samples: readonly Sample[]) => samples.reduce((sum, { text }) => sum + text.length, 0);

/** Every UUID and every id of a message, call or request becomes another one, the same one wherever it stands. */
function withNewIds(text: string, copy: number, kept = ''): string {
  const mask = Number(Bun.hash(`copy ${copy}`) & 0xffff_ffffn);
  return text
    .replace(/\b([0-9a-f]{8})(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b/g, (all, head, rest) =>
      all === kept ? all : ((Number.parseInt(head, 16) ^ mask) >>> 0).toString(16).padStart(8, '0') + rest,
    )
    .replace(/\b(toolu|msg|req|call|fc|rs)_[A-Za-z0-9]{12,}/g, (all) => {
      const fresh = Bun.hash(all, copy).toString(36).padStart(12, '0').slice(0, 12);
      return all.slice(0, -12) + fresh;
    });
}

/** The same text, the same UUID. */
export function uuidOf(text: string): string {
  const hex = new Bun.CryptoHasher('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A line that an agent adds to the transcript of `sessionId`; no two of them are the same. */
export function transcriptLine(sessionId: string, i: number): string {
  return `${JSON.stringify({
    type: 'user',
    sessionId,
    cwd: '/home/me/project',
    version: '2.1.0',
    message: { role: 'user', content: `Step ${i}: ${uuidOf(`text ${i}`).repeat(20)}` },
    uuid: uuidOf(`line ${i}`),
    timestamp: new Date(Date.UTC(2026, 9, 1) + i * 1000).toISOString(),
  })}\n`;
}

function shortTranscript(sessionId: string, i: number): string {
  const common = {
    isSidechain: false,
    userType: 'external',
    cwd: `/home/me/project-${Math.floor(i / 250)}`,
    sessionId,
    version: '2.1.0',
    gitBranch: 'main',
  };
  const at = (second: number) => new Date(Date.UTC(2026, 9, 1) + i * 40_000 + second * 1000).toISOString();
  const [asked, told] = [uuidOf(`asked ${i}`), uuidOf(`told ${i}`)];
  const records = [
    {
      ...common,
      parentUuid: null,
      type: 'user',
      message: { role: 'user', content: `Why does test ${i} fail since yesterday, and what would mend it?` },
      uuid: asked,
      timestamp: at(0),
    },
    {
      ...common,
      parentUuid: asked,
      type: 'assistant',
      message: {
        id: `msg_${told.replaceAll('-', '').slice(0, 24)}`,
        type: 'message',
        role: 'assistant',
        model: 'claude-opus-4-5',
        content: [{ type: 'text', text: `Test ${i} reads a clock. Give it one that is set by hand.` }],
        usage: { input_tokens: 900 + (i % 97), output_tokens: 40 + (i % 31) },
      },
      uuid: told,
      timestamp: at(7),
    },
  ];
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}
