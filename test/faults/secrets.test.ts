/** Secrets: who may read the files, what is taken out of what is kept for good, what an eviction leaves. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { filled, id, noise, uid } from '../support/filled.ts';
import { Program } from '../support/program.ts';

/** Values of real forms and made up, put together here so that no scanner takes them for real ones. */
const made = (count: number, alphabet = 'aB3dE5gH7jK9mN2pQ4rS6tU8vW') =>
  Array.from({ length: count }, (_, n) => alphabet[(n * 7 + Math.floor(n / 5)) % alphabet.length]).join('');
const SECRETS: readonly string[] = [
  ['gh', 'p_', made(36)].join(''),
  ['AK', 'IA', made(16).toUpperCase()].join(''),
  ['sk-', 'ant-api03-', made(93), 'AA'].join(''),
  ['xo', 'xb-123456789012-123456789012-', made(24)].join(''),
  ['gl', 'pat-', made(20)].join(''),
  ['sk_', 'live_', made(24)].join(''),
  ['ey', 'J', made(20), '.ey', 'J', made(40), '.', made(43)].join(''),
  ['AI', 'za', made(35)].join(''),
];

describe('files are their owner’s alone, whatever the umask', () => {
  test('the store, what stands beside it, what is restored, and what is made in passing', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'session-memory-tmp-'));
    using program = new Program();
    program.env = { TMPDIR: temporary, SESSION_MEMORY_NOW: '2026-06-01T00:00:00.000Z' };
    const seen = new Map<string, number>();
    const look = () => {
      for (const folder of [dirname(program.store), temporary, join(program.folder, 'to')])
        for (const path of below(folder)) seen.set(path.slice(program.folder.length), modeOf(path) ?? 0o600);
    };
    const unmasked = async (...args: string[]) => {
      const child = umaskedRun(program, args);
      while (child.exitCode === null) {
        look();
        await Bun.sleep(1);
      }
      look();
      expect(child.exitCode, `${args.join(' ')}: ${await new Response(child.stderr).text()}`).toBe(0);
    };
    try {
      program.put(claudePath(id(1)), promptLine(id(1), `one ${noise()}`, '2026-04-01T00:00:00.000Z'));
      program.put(claudePath(id(2)), promptLine(id(2), `two ${noise()}`, '2026-05-30T00:00:00.000Z'));
      await unmasked('ingest', '--dry-run');
      await unmasked('ingest');
      await unmasked('sweep', '--yes', '--no-data-loss');
      await unmasked('restore', id(2), '--to', join(program.folder, 'to'));
      await unmasked('verify');
      const open = [...seen].filter(([, mode]) => (mode & 0o077) !== 0);
      expect(open.map(([path, mode]) => `${mode.toString(8)} ${path}`)).toEqual([]);
      const names = [...seen.keys()].join('\n');
      for (const name of [
        's.db',
        's.db-wal',
        's.db-shm',
        's.db.reserve',
        's.db.sweep-lock',
        `${id(2)}.jsonl`,
      ])
        expect(names, 'it was looked at').toContain(name);
      expect(modeOf(dirname(program.store))).toBe(0o700);
      expect(below(temporary), 'nothing made in passing stays').toEqual([]);
    } finally {
      rmSync(temporary, { recursive: true });
    }
  }, 60_000);
});

describe('what is kept for good', () => {
  test('no secret in any table but the raw tier, nor in any output', async () => {
    using program = new Program();
    for (const [n, secret] of SECRETS.entries()) program.put(claudePath(id(n)), transcriptOf(id(n), secret));
    program.put(claudePath(id(9)), Buffer.from(`\u0001 no record ${SECRETS[0]}\n`));
    const outputs: string[] = [];
    const run = async (...args: string[]) => {
      const { out, err } = await program.run(...args);
      outputs.push(`${args.join(' ')}: ${out}${err}`);
    };
    await run('ingest', '--no-analyze');
    await run('list', '--json');
    // Out of a file: what is typed on a command line is the user's own.
    const told = program.put('told', SECRETS.join(' and '));
    await run('analyze', '--analyzer', `printf "no access with %s" "$(cat ${told})" >&2; exit 3`);
    await run('list', '--json');
    await run('status', '--json');
    await run('analyze', '--analyzer', `printf "It used %s." "$(cat ${told})"`);
    for (const [n] of SECRETS.entries()) await run('show', id(n), '--json');
    await run('list');
    await run('sweep', '--dry-run', '--soft-cap', '0', '--hard-cap', '0', '--json');
    await run('sweep', '--yes', '--soft-cap', '0', '--hard-cap', '0', '--json');
    await run('history', '--json');
    for (const [n] of SECRETS.entries()) await run('show', id(n));
    const said = outputs.join('\n');
    const kept = rowsOf(program.store);
    expect(said.match(/\[redacted: /g)?.length, 'there was something to redact').toBeGreaterThan(
      SECRETS.length,
    );
    for (const secret of SECRETS) {
      const sayers = outputs.flatMap((output) => output.split('\n').filter((text) => text.includes(secret)));
      expect(sayers, secret.slice(0, 8)).toEqual([]);
      expect(
        kept.filter(({ text }) => text.includes(secret)).map(({ table }) => table),
        secret.slice(0, 8),
      ).toEqual([]);
    }
  }, 60_000);
});

describe('an evicted transcript', () => {
  /** Of the bytes on disk: every 16th piece of 12 bytes that the evicted session's segments had. */
  async function piecesLeft(
    ...flags: string[]
  ): Promise<{ left: number; of: number; before: number; said: string }> {
    using program = await filled('--no-analyze');
    program.put(claudePath(id(4)), transcriptOfNoise(id(4), 200));
    program.put(claudePath(id(5)), transcriptOfNoise(id(5), 200).replaceAll('2026-03', '2026-05'));
    await program.run('ingest');
    // What the other transcript, of the same make, happens to have too is no trace of this one.
    const others = segmentTexts(program.store, uid(5));
    const pieces = piecesOf(program.store, uid(4)).filter(
      (piece) => !others.some((text) => text.includes(piece)),
    );
    const before = held(program.store, pieces);
    const sweep = await program.run('sweep', '--yes', '--no-data-loss', '--soft-cap', '4GiB', ...flags);
    expect(sweep.code).toBe(0);
    expect((await program.run('list', '--state', 'evicted', '--json')).out).toContain(uid(4));
    expect(
      (await program.run('show', id(5), '--raw')).bytes.length,
      'the other one is whole',
    ).toBeGreaterThan(100_000);
    return { left: held(program.store, pieces), of: pieces.length, before, said: sweep.out + sweep.err };
  }

  test('leaves no piece in the store, its log or beside it', async () => {
    const { left, of, before } = await piecesLeft();
    expect(before, 'its pieces were there, save those torn by a page').toBeGreaterThan(of * 0.95);
    expect(of).toBeGreaterThan(1000);
    expect(left).toBe(0);
  }, 60_000);

  test('may leave pieces with --no-reclaim, which says so', async () => {
    const { left, said } = await piecesLeft('--no-reclaim');
    expect(left).toBeGreaterThan(0);
    expect(said).toContain('may still be readable');
  }, 60_000);
});

/** One prompt, command, file, error, title, branch, project, id, … each with the secret in it. */
function transcriptOf(session: string, secret: string): string {
  const common = {
    sessionId: session,
    timestamp: '2026-05-01T10:00:00.000Z',
    cwd: `/home/ann/${secret}`,
    gitBranch: `fix/${secret}`,
    version: secret,
  };
  const text = `use ${secret} now`;
  const tools = [
    ['Bash', { command: `curl -H "x: ${secret}" https://x.io` }],
    ['Bash', { command: `git commit -m "${secret}"` }],
    ['Read', { file_path: `/a/${secret}` }],
    ['Write', { file_path: `/b/${secret}` }],
    ['Edit', { file_path: `/c/${secret}` }],
    ['TodoWrite', { todos: [{ content: text, status: secret }] }],
    ['Task', { description: text, subagent_type: secret }],
    ['ExitPlanMode', { plan: text }],
    [secret, {}],
  ].map(([name, input], n) => ({ type: 'tool_use', id: `t${n}`, name, input }));
  const results = tools.map(({ id: call }) => ({
    type: 'tool_result',
    tool_use_id: call,
    is_error: call === 't0',
    content: `Exit code 1\n${text}\n[main abc1234] ${text}`,
  }));
  const records: readonly Record<string, unknown>[] = [
    { ...common, type: 'user', uuid: `${session}1`, message: { content: text } },
    { ...common, type: 'custom-title', customTitle: text },
    { ...common, type: 'pr-link', prUrl: `https://github.com/a/${secret}/pull/1` },
    {
      ...common,
      type: 'assistant',
      uuid: `${session}2`,
      message: {
        id: secret,
        model: secret,
        content: [{ type: 'text', text }, ...tools],
        usage: { input_tokens: 1 },
      },
    },
    { ...common, type: 'user', uuid: `${session}3`, message: { content: results } },
    { ...common, type: 'user', uuid: `${session}4`, isCompactSummary: true, message: { content: text } },
    { ...common, type: 'system', subtype: 'api_error', error: { message: text } },
    { ...common, type: secret },
    {
      ...common,
      type: 'assistant',
      uuid: `${session}5`,
      message: { model: secret, content: [{ type: 'text', text }] },
    },
  ];
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** Records of which a digest keeps nothing: a file that was read, with noise that compresses to itself. */
function transcriptOfNoise(session: string, lines: number): string {
  const common = { sessionId: session, timestamp: '2026-03-01T10:00:00.000Z', cwd: '/p' };
  const records: Record<string, unknown>[] = [
    { ...common, type: 'user', uuid: `${session}0`, message: { content: 'read it' } },
  ];
  for (let n = 0; n < lines; n += 1)
    records.push({ ...common, type: 'progress', uuid: `${session}${n + 1}`, data: noise().slice(0, 1500) });
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

function piecesOf(store: string, session: string): string[] {
  // A piece that begins on one page of the file may end on another: twelve bytes rarely do.
  return segmentTexts(store, session).flatMap((text) =>
    Array.from({ length: Math.floor(text.length / 128) }, (_, n) => text.slice(n * 128, n * 128 + 12)),
  );
}

/** The compressed bytes of a session's segments, a character each. */
function segmentTexts(store: string, session: string): string[] {
  const db = new Database(store, { readonly: true });
  const rows = db
    .query<{ data: Uint8Array }, [string]>(
      'SELECT data FROM segments WHERE session_id = (SELECT id FROM sessions WHERE session_uid = ?)',
    )
    .all(session);
  db.close();
  return rows.map(({ data }) => Buffer.from(data).toString('latin1'));
}

/** How many of the pieces are in any file of the store's folder. A piece torn by a page's end is found on neither page. */
function held(store: string, pieces: readonly string[]): number {
  const files = below(dirname(store)).filter((path) => statSync(path).isFile());
  const texts = files.map((path) => readFileSync(path).toString('latin1'));
  return pieces.filter((piece) => texts.some((text) => text.includes(piece))).length;
}

/** Every text of every row of every table but the raw tier's. */
function rowsOf(store: string): { table: string; text: string }[] {
  const db = new Database(store, { readonly: true });
  const tables = db
    .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'segments'")
    .all();
  const rows = tables.flatMap(({ name }) =>
    db
      .query<Record<string, unknown>, []>(`SELECT * FROM "${name}"`)
      .all()
      .map((row) => ({ table: name, text: JSON.stringify(row).replaceAll('\\"', '"') })),
  );
  db.close();
  return rows;
}

function below(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path));
}

/** Null where it has gone since it was listed. */
function modeOf(path: string): number | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? null : stats.mode & 0o777;
}

function umaskedRun(program: Program, args: readonly string[]) {
  const binary = Bun.env['SESSION_MEMORY_BIN'];
  const command =
    binary === undefined ? [process.execPath, join(import.meta.dir, '../../src/main.ts')] : [binary];
  return Bun.spawn(
    ['sh', '-c', 'umask 000; exec "$@"', 'sh', ...command, '--store', program.store, ...args],
    {
      env: {
        PATH: Bun.env['PATH'] ?? '',
        HOME: program.home,
        BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
        ...program.env,
      },
      stdout: 'ignore',
      stderr: 'pipe',
    },
  );
}
