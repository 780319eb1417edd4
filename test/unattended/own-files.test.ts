/** Files that are ours alone, and calls of ours in files of others: what is somebody else's is never taken for ours. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { hookFile } from '../../src/unattended/hook-files.ts';
import { envOf, type Program } from '../../src/unattended/own-call.ts';
import { installStep, uninstallStep } from '../../src/unattended/steps.ts';

const PROGRAM: Program = { argv: ['/opt/my tools/session-memory'], platform: 'linux' };
const MOVED: Program = { argv: ['/usr/local/bin/session-memory', '--store', '/srv/s.db'], platform: 'linux' };
const HOST = { homeDir: '/home/me', env: {}, platform: 'linux' } as const;

const done = (edited: { text: string } | { why: string } | null): string => {
  if (edited === null || 'why' in edited) throw new Error(JSON.stringify(edited));
  return edited.text;
};

describe('a file of ours alone', () => {
  const MINE = 'export const Mine = 1; // goes well with session-memory\n';
  const agents = ['opencode', 'pi', 'copilot-cli'] as const;

  test.each(agents)('of %s: one that is somebody else’s stays, though it names this program', (id) => {
    const file = hookFile(id, HOST);
    const foreign = '{"hooks":{"sessionEnd":[{"type":"command","bash":"notify session-memory"}]}}';
    for (const text of [MINE, '{}', foreign]) {
      expect(file.install(text, PROGRAM), text).toHaveProperty('why');
      expect(uninstallStep(id, file, '/x', text, null), text).toBeNull();
    }
  });

  test('of Copilot: one entry of somebody else’s makes it theirs', () => {
    const file = hookFile('copilot-cli', HOST);
    const made = JSON.parse(done(file.install(null, PROGRAM)));
    made.hooks.sessionEnd.push({ type: 'command', bash: 'mine.sh' });
    expect(file.install(JSON.stringify(made), PROGRAM)).toHaveProperty('why');
  });

  test.each(agents)('of %s: a copy is kept of all that is not what we would have written', (id) => {
    const file = hookFile(id, HOST);
    const old = done(file.install(null, { ...MOVED, env: { SESSION_MEMORY_INGEST_EXCLUDE: "it's, b" } }));
    expect(installStep(id, file, '/x', old, PROGRAM)).toMatchObject({ backup: 'none' });
    expect(uninstallStep(id, file, '/x', old, null)).toMatchObject({ after: null, backup: 'none' });
    const edited = old.replace(/\n$/, '\n\n');
    expect(installStep(id, file, '/x', edited, PROGRAM)).toMatchObject({ backup: 'keep' });
    expect(uninstallStep(id, file, '/x', edited, null)).toMatchObject({ after: null, backup: 'keep' });
    // A copy that calls us is not how it was before us, and must not come back.
    expect(uninstallStep(id, file, '/x', old, edited)).toMatchObject({ after: null, backup: 'none' });
  });
});

test('a copy of settings that has our entry in it does not come back by an uninstall', () => {
  const file = hookFile('claude-code', HOST);
  const old = done(file.install('{}\n', MOVED));
  const now = done(file.install(old, PROGRAM));
  const step = uninstallStep('claude-code', file, '/x', now, old);
  expect(step).toMatchObject({ backup: 'none' });
  expect(JSON.stringify(step)).not.toContain('hook claude-code');
});

test('what every file calls is read back from it: the program, its words and its variables', () => {
  const word = fc.oneof(
    fc.constantFrom("it's", '"q"', 'a b', '$x', '%', '\\\\'),
    fc.stringMatching(/^[\w/ .=-]{1,8}$/),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('claude-code', 'codex', 'cursor', 'copilot-cli', 'opencode', 'pi', 'kimi-code'),
      fc.dictionary(fc.constantFrom('A_B', 'C'), word),
      word,
      (id, env, store) => {
        const file = hookFile(id as 'pi', HOST);
        const text = done(file.install(null, { ...PROGRAM, argv: [...PROGRAM.argv, '--store', store], env }));
        const words = file.words(text) ?? [];
        expect(envOf(words)).toEqual(env);
        expect(words.slice(-5)).toEqual([...PROGRAM.argv, '--store', store, 'hook', id]);
      },
    ),
  );
});
