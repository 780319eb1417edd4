/** What Codex's settings say of our hooks: off, not yet trusted, or trusted, told by the very entry. */
import { expect, test } from 'bun:test';
import { codexTrust } from '../../src/unattended/codex-trust.ts';
import { hookFile } from '../../src/unattended/hook-files.ts';
import { isOwnEntry } from '../../src/unattended/own-call.ts';

const PATH = '/home/me/.codex/hooks.json';
const host = { homeDir: '/home/me', env: {}, platform: 'linux' } as const;
const FOREIGN = JSON.stringify({
  hooks: { SessionEnd: [{ hooks: [{ type: 'command', command: 'other' }] }] },
});

function installed(before: string | null): string {
  const made = hookFile('codex', host).install(before, { argv: ['/bin/session-memory'], platform: 'linux' });
  if (!('text' in made)) throw new Error(made.why);
  return made.text;
}

const trusting = (...places: string[]) =>
  places.map((place) => `[hooks.state."${PATH}:${place}"]\ntrusted_hash = "sha256:1"\n`).join('');
const EACH = ['session_start:0:0', 'pre_compact:0:0', 'session_end:0:0'];

const CASES: readonly (readonly [string, string | null, string | null, string])[] = [
  ['no settings', null, null, 'untrusted'],
  ['settings that say nothing of hooks', 'model = "x"\n', null, 'untrusted'],
  ['all three trusted', trusting(...EACH), null, 'trusted'],
  ['one of three left', trusting(...EACH.slice(1)), null, 'untrusted'],
  ['the entry of another program trusted in our place', trusting(...EACH), FOREIGN, 'untrusted'],
  ['ours behind it', trusting(EACH[0] ?? '', EACH[1] ?? '', 'session_end:1:0'), FOREIGN, 'trusted'],
  ['of another file', trusting(...EACH).replaceAll(PATH, '/x/hooks.json'), null, 'untrusted'],
  ['hooks switched off', `[features]\nhooks = false\n${trusting(...EACH)}`, null, 'off'],
  ['switched off by their older name', '[features]\ncodex_hooks = false\n', null, 'off'],
  ['switched on', `[features]\nhooks = true\n${trusting(...EACH)}`, null, 'trusted'],
  ['one of ours switched off', trusting(...EACH).replace('"sha256:1"', '"x"\nenabled = false'), null, 'off'],
  ['settings that cannot be read', '[features\n', null, 'unknown'],
  ['a state of another shape', '[hooks]\nstate = 3\n', null, 'untrusted'],
];

test.each(CASES)('%s', (_, config, before, told) => {
  expect(codexTrust(config, PATH, installed(before), isOwnEntry)).toBe(told as never);
});

test('a file of hooks without ours, or of another shape, tells nothing and never throws', () => {
  for (const text of [
    FOREIGN,
    '{}',
    '[]',
    'null',
    '{"hooks":[1]}',
    '{',
    '{"hooks":{"SessionEnd":[null,{"hooks":{}}]}}',
  ])
    expect(codexTrust('', PATH, text, isOwnEntry)).toBe('unknown');
});
