/** A root on a mount that never answers, or stops to answer: it is named and left, all else goes on, a stop is heeded. */
import { describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcessVisitor } from '../../src/cli/visitor.ts';
import type { IngestOptions } from '../../src/ingest/ingest-report.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { DeadMount } from '../support/dead-mount.ts';
import { Program } from '../support/program.ts';

const ID = '11111111-1111-4111-8111-111111111111';

/** A process in the place of ours, with a script for what it does. `fifo`: whoever opens it waits for good. */
class Stand implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'session-memory-visit-'));

  visitor(script: string, silentMs: number): ProcessVisitor {
    const [path, fifo] = [join(this.folder, 'stand.ts'), join(this.folder, 'fifo')];
    if (Bun.spawnSync(['mkfifo', fifo]).exitCode !== 0) throw new Error('no FIFO');
    writeFileSync(path, `const fifo = ${JSON.stringify(fifo)};\n${script}`);
    return new ProcessVisitor({ self: [process.execPath, path], globals: [], external: null, silentMs });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const SAYS = `console.log(JSON.stringify({ scan: { scans: [], unplaced: [], warnings: ['seen'] } }));\n`;
const WAITS_FOR_GOOD = `require('node:fs').openSync(fifo, 'r');\n`;

describe('the process that looks at a mount', () => {
  test('is heard where it ends', async () => {
    using stand = new Stand();
    const visit = await stand.visitor(SAYS, 60_000).scan('/ends', false);
    expect(visit).toEqual({ kind: 'done', result: { scans: [], unplaced: [], warnings: ['seen'] } });
  });

  test('is left where it comes to wait for good, at its start or after it has said something', async () => {
    for (const [n, script] of [WAITS_FOR_GOOD, SAYS + WAITS_FOR_GOOD].entries()) {
      using stand = new Stand();
      const visit = await stand.visitor(script, 1_500).scan(`/waits${n}`, false);
      expect(visit).toEqual({ kind: 'silent', afterMs: 1_500 });
    }
  });

  test('is not asked again at once where it was left', async () => {
    using stand = new Stand();
    const visitor = stand.visitor(WAITS_FOR_GOOD, 1_500);
    expect(await visitor.scan('/again', false)).toMatchObject({ kind: 'silent' });
    const startedMs = performance.now();
    expect(await visitor.scan('/again', false)).toMatchObject({ kind: 'silent' });
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  test.skipIf(process.platform !== 'linux')(
    'is waited for where it is slow: each answer moves it on',
    async () => {
      using stand = new Stand();
      const slow = `for (let n = 0; n < 30; n += 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);\n`;
      expect(await stand.visitor(slow + SAYS, 1_500).scan('/slow', false)).toMatchObject({ kind: 'done' });
    },
  );

  test('that fails is told so', async () => {
    using stand = new Stand();
    expect(await stand.visitor('process.exit(3)', 60_000).scan('/fails', false)).toEqual({
      kind: 'failed',
      why: 'the look at it failed (exit 3)',
    });
  });

  test('is left at a stop, whether or not it heeds one', async () => {
    const heard = `console.log(JSON.stringify({ progress: {} }));\n`;
    for (const script of [
      heard + WAITS_FOR_GOOD,
      `process.on('SIGTERM', () => {});\n${heard}${WAITS_FOR_GOOD}`,
    ]) {
      using stand = new Stand();
      const stop = new AbortController();
      const visitor = stand.visitor(script, 60_000);
      // What it is asked does not matter to a script.
      const visit = visitor.ingest('/stops', {} as IngestOptions, () => stop.abort(), stop.signal);
      expect(await visit).toEqual({ kind: 'stopped' });
    }
  });
});

/** One healthy root, and one behind a link and one by configuration on a mount that never answers; null: cannot be made here. */
function withDeadMount(work: (program: Program, mount: string) => Promise<void>): () => Promise<void> {
  return async () => {
    using program = new Program();
    using dead = new DeadMount(join(program.folder, 'dead'));
    if (!dead.isMounted) return;
    program.put(claudePath(ID), promptLine(ID, 'hello'));
    symlinkSync(join(dead.path, 'qwen'), join(program.home, '.qwen'));
    symlinkSync(join(dead.path, 'x'), join(program.home, '.claude/projects/link.jsonl'));
    program.put(
      '.config/session-memory/config.toml',
      `[agents.codex]\nroots = ["${dead.path}/box/.codex"]\n[agents.opencode]\nroots = ["${dead.path}/oc"]\n`,
    );
    await work(program, dead.path);
  };
}

/** Once the program has started the process that looks at the mount. */
async function hasVisitor(pid: number): Promise<void> {
  const children = `/proc/${pid}/task/${pid}/children`;
  while (readFileSync(children, 'utf8').trim() === '') await Bun.sleep(20);
}

/** The store or the configuration on a mount that never answers; null: cannot be made here. */
function withOwnPlaceDead(
  work: (program: Program, mount: string, what: 'store' | 'config') => Promise<void>,
): () => Promise<void> {
  const at = async (what: 'store' | 'config') => {
    using program = new Program();
    using dead = new DeadMount(join(program.folder, 'dead'));
    if (!dead.isMounted) return;
    program.put(claudePath(ID), promptLine(ID, 'hello'));
    if (what === 'store') program.store = join(dead.path, 's.db');
    else program.env = { XDG_CONFIG_HOME: join(dead.path, 'config') };
    await work(program, dead.path, what);
  };
  return async () => {
    await Promise.all([at('store'), at('config')]);
  };
}

const LONG_MS = 60_000;

test.each([
  ['SIGINT', ['ingest']],
  ['SIGTERM', ['import', 'MOUNT/x.smx']],
  ['SIGTERM', ['install', '--dry-run']],
  ['SIGINT', ['uninstall', '--dry-run']],
  ['SIGTERM', ['maintain', '--yes', '--no-data-loss']],
  ['SIGTERM', ['agents']],
  ['SIGINT', ['restore', ID, '--to', 'MOUNT/to']],
] as const)(
  'one %s ends the wait of %p for a dead mount',
  (signal, args) =>
    withDeadMount(async (program, mount) => {
      const child = program.start(...args.map((arg) => arg.replace('MOUNT', mount)));
      await hasVisitor(child.pid);
      const startedMs = performance.now();
      child.kill(signal);
      expect(await child.exited).toBe(130);
      expect(performance.now() - startedMs).toBeLessThan(8_000);
    })(),
  LONG_MS,
);

// Those that wait until it is given up, ten seconds and more, wait together: `concurrent`, and one after the other here.
test.concurrent(
  'a dead mount is named with what is on it, all else goes on, and only what was named by its path has failed',
  withDeadMount(async (program, mount) => {
    const [ingest, agents, named] = await Promise.all([
      program.run('ingest'),
      program.run('agents'),
      program.run('ingest', join(mount, 'x.jsonl')),
    ]);
    for (const { err } of [ingest, agents, named]) expect(err).toContain(`${mount} does not answer`);
    for (const root of [join(program.home, '.qwen'), `${mount}/box/.codex`, `${mount}/oc`])
      expect(ingest.err).toContain(root);
    expect(ingest.out).toContain('Stored 1 new session');
    expect(agents.out).toContain('Claude Code');
    expect([ingest.code, agents.code, named.code]).toEqual([0, 0, 1]);
  }),
  LONG_MS,
);

test.concurrent(
  'a dead mount keeps no other check of doctor from being told, and an archive on it is named and left',
  withDeadMount(async (program, mount) => {
    const [doctor, taken, given] = await Promise.all([
      program.run('doctor'),
      program.run('import', join(mount, 'x.smx')),
      program.run('export', '--all', join(mount, 'x.smx')),
    ]);
    expect(doctor.out.replace(/\s+/g, ' ')).toContain(
      `${join(program.home, '.qwen', 'settings.json')} was not looked at: ${mount} may not answer`,
    );
    expect(doctor.out).toContain('schedule');
    for (const { code, err } of [taken, given])
      expect([code, err]).toEqual([1, expect.stringContaining(`${mount} does not answer`)]);
  }),
  LONG_MS,
);

test.concurrent(
  'what lies on a mount that has died since is shown, told of and asked for again without waiting for it',
  async () => {
    using program = new Program();
    program.put(join('box', claudePath(ID)), promptLine(ID, 'hello'));
    program.put(
      '.config/session-memory/config.toml',
      `[agents.claude-code]\nroots = ["${join(program.home, 'box/.claude')}"]\n`,
    );
    expect((await program.run('ingest')).out).toContain('Stored 1 new session');
    using dead = new DeadMount(join(program.home, 'box'));
    if (!dead.isMounted) return;
    const show = await program.run('show', ID);
    expect([show.code, show.out.includes('hello'), show.out.includes('there still')]).toEqual([
      0,
      true,
      false,
    ]);
    expect((await program.run('evict', ID, '--yes', '--data-loss')).err).not.toContain('unexpected');
    const gone = await program.run('restore', ID, '--to', join(program.folder, 'to'));
    expect([gone.code, gone.err.includes('there still')]).toEqual([1, false]);
    const again = await program.run('ingest', '--again', join(program.home, 'box', claudePath(ID)));
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('does not answer')]);
  },
  LONG_MS,
);

test.concurrent(
  'each command is told of a dead mount below the store or the configuration, and ends by itself',
  withOwnPlaceDead(async (program, mount, what) => {
    const commands = what === 'store' ? [['status'], ['ingest']] : [['list', '--json']];
    for (const { code, out, err } of await Promise.all(commands.map((args) => program.run(...args)))) {
      expect([code, out + err]).toEqual([1, expect.stringContaining(`${mount} does not answer`)]);
      expect(out + err).toContain(what === 'store' ? '--store' : '--config');
    }
  }),
  LONG_MS,
);

test(
  'a hook is not held up by a dead mount below the store or the configuration, and a stop is heeded',
  withOwnPlaceDead(async (program) => {
    const hook = await program.run('hook', 'claude-code');
    expect([hook.code, hook.out]).toEqual([0, '']);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const child = program.start('maintain', '--yes');
      await hasVisitor(child.pid);
      child.kill(signal);
      expect(await child.exited).toBe(130);
    }
  }),
  LONG_MS,
);
