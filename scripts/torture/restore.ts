/**
 * Archives of strangers, restored: keys that climb, names that programs obey, and a process that swaps folders for links meanwhile.
 * Promises: what may be written is told here once more, by hand and not by the program's lists; a file anywhere else is a failure.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promptLine } from '../../test/support/bench-world.ts';
import { type ForeignFile, foreignArchive, foreignSession } from '../../test/support/foreign.ts';
import { Box, filesIn } from './box.ts';
import type { Outcome, Part, Round } from './part.ts';
import { type Random, randomOf } from './random.ts';

const ID = '83000000-0000-4000-8000-000000000001';
const EVIL = '{"hooks":{}}';

interface Stranger {
  readonly agent: string;
  readonly id: string;
  /** What may lie below a root, the transcript aside. */
  readonly own: RegExp;
  readonly prefixes: readonly string[];
}

const STRANGERS: readonly Stranger[] = [
  {
    agent: 'claude-code',
    id: ID,
    own: new RegExp(
      `^(?:projects/[^/]+/${ID}|file-history/${ID}|tasks/${ID})/|^todos/${ID}-agent-|^projects/[^/]+/agent-`,
    ),
    prefixes: ['session/', 'subagents/', 'tool-results/', 'file-history/', 'tasks/', 'todos/', ''],
  },
  {
    agent: 'copilot-cli',
    id: ID,
    own: new RegExp(`^session-state/${ID}/`),
    prefixes: ['', 'files/', 'timeline/'],
  },
  { agent: 'kimi-code', id: ID, own: new RegExp(`^sessions/[^/]+/${ID}/`), prefixes: ['', 'agents/'] },
  {
    agent: 'gemini-cli',
    id: ID,
    own: new RegExp(`^tmp/[^/]+/(?:${ID}|(?:logs|tool-outputs)/session-${ID}|chats/${ID})`),
    prefixes: ['session/', 'logs/', 'tool-outputs/', 'chats/'],
  },
  {
    agent: 'cline',
    id: '1750000000000',
    own: /^(?:tasks|sessions)\/1750000000000\//,
    prefixes: ['task/', 'session/'],
  },
  { agent: 'mistral-vibe', id: ID, own: new RegExp(`^logs/session/session_${ID}/`), prefixes: [''] },
  {
    agent: 'droid',
    id: ID,
    // Its settings are no stranger's to bring.
    own: /^$/,
    prefixes: [''],
  },
  { agent: 'no-such-agent', id: 'a1', own: /^$/, prefixes: [''] },
];

const PARTS: readonly string[] = [
  ...[
    '..',
    '..',
    '..',
    '.',
    '',
    '...',
    '..\\..',
    'C:',
    'con',
    'x ',
    'x.',
    '~',
    'n'.repeat(260),
    'a\nb',
    '\u202ex',
    'é',
    'x',
  ],
  ...[
    'settings.json',
    'SETTINGS.JSON',
    'CLAUDE.md',
    '.claude',
    '.git',
    'config',
    '.envrc',
    '.mcp.json',
    'Makefile',
  ],
  ...[
    'hooks',
    'commands',
    'agents',
    'memory',
    'projects',
    'sessions',
    'tasks',
    ID,
    'agent-x.jsonl',
    'x.meta.json',
    'plan.md',
  ],
];
/** Names that nothing of a stranger may bear, wherever it lies. */
const OBEYED = /(?:^|\/)(?:\.[^/]*|settings\.json|claude\.md|makefile)(?:\/|$)/i;

export const restore: Part = {
  name: 'restore',
  about:
    'Restores archives of strangers, with climbing keys and obeyed names, while a process swaps folders for links: nothing is written elsewhere.',
  unavailable: async () => null,
  round,
};

async function round(given: Round): Promise<Outcome> {
  const keys = await keysRound(given, 40);
  const swapped = await swapRound(given, 12);
  given.log(`${keys.harm} hostile keys, ${swapped.harm} swaps`);
  return {
    harm: keys.harm + swapped.harm,
    checks: keys.checks + swapped.checks,
    failures: [...keys.failures, ...swapped.failures],
  };
}

function hostilePath(random: Random): string {
  return Array.from({ length: 1 + random.below(6) }, () => random.pick(PARTS)).join('/');
}

function hostileFiles(random: Random, { prefixes }: Stranger): ForeignFile[] {
  const keys = new Set(Array.from({ length: 12 }, () => `${random.pick(prefixes)}${hostilePath(random)}`));
  const roles = ['sidecar', 'subagent', 'tool-result', 'meta', 'orphaned'] as const;
  return [...keys].map((key) => ({
    key,
    content: EVIL,
    role: random.pick(roles),
    relPath: random.below(2) === 0 ? key : hostilePath(random),
  }));
}

/** Restored to its agent's folder and to one of the person's. */
export async function keysRound({ seed, binary, folder }: Round, archives: number): Promise<Outcome> {
  const random = randomOf(seed);
  const failures: string[] = [];
  let [harm, checks] = [0, 0];
  for (let n = 0; n < archives; n += 1) {
    const stranger = random.pick(STRANGERS);
    const box = new Box(binary, join(folder, `k${n}`));
    const main: ForeignFile = {
      key: 'main',
      role: 'main',
      content: promptLine(ID, 'hello'),
      relPath: random.below(2) === 0 ? '' : hostilePath(random),
    };
    const files = hostileFiles(random, stranger);
    harm += files.length;
    mkdirSync(box.folder, { recursive: true });
    const archive = join(box.folder, 'in.smx');
    writeFileSync(
      archive,
      foreignArchive([foreignSession(`${stranger.agent}:${stranger.id}`, [main, ...files])]),
    );
    await box.must(['import', archive], [0, 1]);
    await box.must(['restore', '--all'], [0, 1]);
    const to = join(box.folder, 'to');
    await box.must(['restore', '--all', '--force', '--to', to], [0, 1]);
    checks += 2;
    const known = new Set(['in.smx']);
    const told = {
      files: files.map(({ key, relPath }) => `${JSON.stringify(key)} at ${JSON.stringify(relPath)}`),
    };
    for (const path of filesIn(box.folder).filter((name) => !known.has(name) && !name.startsWith('data/'))) {
      const wrong = wrongAt(box.folder, path, stranger);
      if (wrong !== null)
        failures.push(`${stranger.agent}: ${wrong}: ${path}\n  of ${told.files.join(', ')}`);
    }
    if (failures.length === 0) rmSync(box.folder, { recursive: true, force: true });
  }
  return { harm, checks, failures };
}

/** Why a file should not be where it is; null where it may. */
function wrongAt(folder: string, path: string, { own }: Stranger): string | null {
  const [, root, relPath] = /^(home\/\.[^/]+(?:\/data)?|to)\/(.+)$/s.exec(path) ?? [];
  if (root === undefined || relPath === undefined) return 'it is outside every root';
  if (OBEYED.test(relPath)) return 'its name is obeyed';
  const isTranscript = readFileSync(join(folder, path), 'utf8') !== EVIL;
  return isTranscript || own.test(relPath) ? null : 'it is no file of a session';
}

/** One session of many files, restored again and again while its folders become links and folders again. */
export async function swapRound({ seed, binary, folder }: Round, restores: number): Promise<Outcome> {
  const random = randomOf(seed);
  const box = new Box(binary, join(folder, 'swap'));
  const files: ForeignFile[] = Array.from({ length: 40 }, (_, n) => ({
    key: `tool-results/${n}.txt`,
    role: 'tool-result',
    content: `${EVIL} ${n}`,
  }));
  const main: ForeignFile = { key: 'main', role: 'main', content: promptLine(ID, 'hello') };
  const archive = join(box.folder, 'in.smx');
  writeFileSync(archive, foreignArchive([foreignSession(`claude-code:${ID}`, [main, ...files])]));
  await box.must(['import', archive], [0, 1]);
  const root = join(box.home, '.claude');
  const victims = ['commands', 'hooks'].map((name) => join(root, name)).concat(join(box.folder, 'outside'));
  for (const victim of victims) mkdirSync(victim, { recursive: true });
  const project = join(root, 'projects/-srv-foreign');
  mkdirSync(join(project, ID, 'tool-results'), { recursive: true });
  const inner = [project, join(project, ID), join(project, ID, 'tool-results')].map(
    (place, n) => `${place}=${victims[(n + random.below(3)) % victims.length]}`,
  );
  // The agent's folder itself may be a link to elsewhere, which ingest follows; but not to what the agent obeys.
  const pairs = [...inner, `${join(root, 'projects')}=${victims[random.below(2)]}`];
  const swapper = Bun.spawn([process.execPath, join(import.meta.dir, 'swapper.ts'), ...pairs], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const failures: string[] = [];
  let done = 0;
  for (let n = 0; n < restores; n += 1) {
    const { code, err } = await box.run([
      'restore',
      ...(n % 2 === 0 ? [`claude-code:${ID}`] : ['--all']),
      '--force',
    ]);
    if (code === 0) done += 1;
    else if (code !== 1) failures.push(`restore exited ${code}: ${err}`);
    for (const victim of victims) {
      const names = readdirSync(victim, { recursive: true, encoding: 'utf8' });
      if (names.length > 0) failures.push(`it wrote ${names.slice(0, 3).join(', ')} to ${victim}`);
      for (const name of names) rmSync(join(victim, name), { recursive: true, force: true });
    }
  }
  swapper.stdin.end();
  const [told, why] = await Promise.all([
    new Response(swapper.stdout).text(),
    new Response(swapper.stderr).text(),
  ]);
  if ((await swapper.exited) !== 0) failures.push(`the swapper ended: ${why}`);
  const swaps = Number(told);
  // With nobody in the way it is all there.
  await box.must(['restore', `claude-code:${ID}`, '--force']);
  const there = files.every(({ content }, n) => {
    const path = join(project, ID, 'tool-results', `${n}.txt`);
    return (
      statSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path, 'utf8') === content
    );
  });
  if (!there) failures.push('a file is missing or wrong once nobody swaps any more');
  return { harm: swaps, checks: restores + 1 + done, failures };
}
