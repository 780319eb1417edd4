/**
 * Keeps a store of today's schema for the tests of tomorrow: `bun scripts/old-store.ts` with a built executable.
 * Run once, before a migration is added; what it writes is never made again.
 * The store has a session of each kind: whole, appended, rewritten, pinned, evicted by a sweep, unreadable, one of Codex.
 */
import { Database } from 'bun:sqlite';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const ROOT = join(import.meta.dir, '..');
const BINARY = join(ROOT, 'dist/session-memory');
const SAMPLES = join(ROOT, 'src/demo-samples');
const INTO = join(ROOT, 'test/store/old');
const LINE_CHARS = 118;

const folder = mkdtempSync(join(tmpdir(), 'old-store-'));
const home = join(folder, 'home');
const store = join(folder, 's.db');

function put(relPath: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(home, relPath)), { recursive: true });
  writeFileSync(join(home, relPath), content);
}

function run(now: string, ...args: string[]): Buffer {
  const { stdout, stderr, exitCode } = Bun.spawnSync([BINARY, '--store', store, ...args], {
    env: { HOME: home, SESSION_MEMORY_NOW: now, LANG: 'C.UTF-8' },
  });
  if (exitCode !== 0) throw new Error(`${args.join(' ')} exits ${exitCode}: ${stderr}`);
  return Buffer.from(stdout);
}

const claude = (n: number) => `.claude/projects/-p/${id(n)}.jsonl`;
const id = (n: number) => `0c000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function line(n: number, day: string, content: string): string {
  const record = { type: 'user', sessionId: id(n), cwd: '/p', version: '2.1.0' };
  const message = { role: 'user', content };
  return `${JSON.stringify({ ...record, uuid: `u${Bun.hash(content)}`, timestamp: `${day}T10:00:00.000Z`, message })}\n`;
}

put('.claude/projects/-p/0badc0de-0000-4000-8000-00000000dead.jsonl', sample('claude-code', '0badc0de'));
put('.claude/projects/-p/469f7b3b-257a-4df1-bde9-eeb8db451279.jsonl', sample('claude-code', '469f7b3b'));
const [rollout = ''] = readdirSync(join(SAMPLES, 'codex'));
const [, year, month, day] = /rollout-(\d{4})-(\d\d)-(\d\d)/.exec(rollout) ?? [];
put(`.codex/sessions/${year}/${month}/${day}/${rollout}`, readFileSync(join(SAMPLES, 'codex', rollout)));
put(claude(1), line(1, '2026-03-01', 'evicted by the backstop'));
put(claude(2), line(2, '2026-05-30', 'to be appended'));
put(claude(3), line(3, '2026-05-30', 'to be rewritten') + line(3, '2026-05-30', 'stays'));
put(claude(4), line(4, '2026-03-02', 'pinned'));
run('2026-06-01T00:00:00.000Z', 'ingest');
put(claude(2), line(2, '2026-05-30', 'to be appended') + line(2, '2026-05-31', 'and more'));
put(claude(3), line(3, '2026-05-30', 'stays') + line(3, '2026-05-31', 'new'));
run('2026-06-02T00:00:00.000Z', 'ingest');
run('2026-06-02T00:00:00.000Z', 'pin', id(4));
run('2026-06-02T00:00:00.000Z', 'sweep', '--yes', '--no-data-loss');

const sessions = JSON.parse(run('2026-06-02T00:00:00.000Z', 'list', '--json').toString()).sessions;
const hash = (bytes: Uint8Array) => new Bun.CryptoHasher('sha256').update(bytes).digest('hex');
const truth = sessions.map((session: { session_uid: string; state: string; title: string | null }) => ({
  session_uid: session.session_uid,
  state: session.state,
  title: session.title,
  raw_sha256:
    session.state === 'evicted'
      ? null
      : hash(run('2026-06-02T00:00:00.000Z', 'show', session.session_uid, '--raw')),
}));

const db = new Database(store);
db.run('PRAGMA wal_checkpoint(TRUNCATE)');
const version = db.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0;
db.close(true);
const packed = Buffer.from(Bun.zstdCompressSync(readFileSync(store), { level: 19 })).toString('base64');
mkdirSync(INTO, { recursive: true });
writeFileSync(
  join(INTO, `v${version}.zst.base64`),
  `${packed.match(new RegExp(`.{1,${LINE_CHARS}}`, 'g'))?.join('\n')}\n`,
);
writeFileSync(join(INTO, `v${version}.json`), `${JSON.stringify({ version, sessions: truth }, null, 2)}\n`);
rmSync(folder, { recursive: true });
console.log(`kept a store of version ${version}: ${packed.length} characters, ${truth.length} sessions`);

function sample(agent: string, start: string): Uint8Array {
  const name = readdirSync(join(SAMPLES, agent)).find((one) => one.startsWith(start)) ?? '';
  cpSync(join(SAMPLES, agent, name), join(folder, basename(name)));
  return readFileSync(join(folder, basename(name)));
}
