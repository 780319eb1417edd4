/** Whatever is installed one after the other, uninstall leaves each file as it was: all agents, all beginnings, all orders. */
import { expect, test } from 'bun:test';
import { type HookFile, hookFile } from '../../src/unattended/hook-files.ts';
import { HOOKED, type HookedId } from '../../src/unattended/hooked.ts';
import { bothIn, mcpFile } from '../../src/unattended/mcp-files.ts';
import { installStep, isStep, uninstallStep } from '../../src/unattended/steps.ts';

const HOST = { homeDir: '/home/me', env: {}, platform: 'linux' } as const;
const PROGRAM = { argv: ['/bin/session-memory'], platform: 'linux' } as const;
const MOVED = { argv: ['/opt/session-memory', '--store', '/s.db'], platform: 'linux' } as const;

/** One file and the copy of how it was. */
interface Disk {
  text: string | null;
  copy: string | null;
}

function installs(disk: Disk, id: HookedId, file: HookFile, program: typeof PROGRAM | typeof MOVED): void {
  const step = installStep(id, file, file.path, disk.text, program);
  if (!isStep(step)) throw new Error(step.why);
  if (step.after === step.before) return;
  if (step.backup === 'keep') disk.copy ??= disk.text;
  disk.text = step.after;
}

function uninstalls(disk: Disk, id: HookedId, file: HookFile): void {
  const step = uninstallStep(id, file, file.path, disk.text ?? '', disk.copy);
  if (step === null || !isStep(step)) throw new Error('nothing was taken out');
  disk.text = step.after;
  if (step.backup === 'drop') disk.copy = null;
}

/** What a file of settings may be before us. A file of ours alone is not there. */
function beginnings(file: HookFile): (string | null)[] {
  if (file.isOwn) return [null];
  return file.path.endsWith('.toml')
    ? [null, '# mine\nmodel = "x"\n']
    : [null, '{}\n', '{ // mine\n  "theme": "x"\n}\n'];
}

/** All orders of up to two of the parts, each of them by either executable. */
function orders(
  parts: readonly HookFile[],
  length = 2,
): { file: HookFile; program: typeof MOVED | typeof PROGRAM }[][] {
  if (length === 0) return [[]];
  const longer = parts.flatMap((file) =>
    [PROGRAM, MOVED].flatMap((program) =>
      orders(parts, length - 1).map((rest) => [{ file, program }, ...rest]),
    ),
  );
  return [[], ...longer];
}

test.each(HOOKED.map(({ id }) => id))('of %s', (id) => {
  const hook = hookFile(id, HOST);
  const mcp = mcpFile(id, HOST, () => false);
  const isOne = mcp !== null && mcp.path === hook.path;
  const files =
    mcp === null
      ? [[hook]]
      : isOne
        ? [[[hook], [mcp], [hook, mcp]].map((wanted) => bothIn(hook, mcp, wanted))]
        : [[hook], [mcp]];
  let tried = 0;
  for (const parts of files) {
    const whole = parts.at(-1) ?? hook;
    for (const before of beginnings(whole))
      for (const order of orders(parts).filter(({ length }) => length > 0)) {
        const disk: Disk = { text: before, copy: null };
        for (const { file, program } of order) installs(disk, id, file, program);
        uninstalls(disk, id, whole);
        const told = order.map(({ file, program }) => `${parts.indexOf(file)} by ${program.argv[0]}`);
        expect({ told, ...disk }).toEqual({ told, text: before, copy: null });
        tried += 1;
      }
  }
  expect(tried).toBeGreaterThan(5);
});
