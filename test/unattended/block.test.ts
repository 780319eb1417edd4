/** Lines of ours between two marks in a text of somebody else's. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { blockIn, withBlock } from '../../src/unattended/block.ts';
import { hookFile } from '../../src/unattended/hook-files.ts';
import type { Program } from '../../src/unattended/own-call.ts';
import { installStep, uninstallStep } from '../../src/unattended/steps.ts';

const PROGRAM: Program = { argv: ['/opt/session-memory'], platform: 'linux' };
const HOST = { homeDir: '/home/me', env: {}, platform: 'linux' } as const;

const done = (edited: { text: string } | { why: string } | null): string => {
  if (edited === null || 'why' in edited) throw new Error(JSON.stringify(edited));
  return edited.text;
};

test('lines between marks: put in once, replaced, taken out, and all else kept', () => {
  const put = (text: string, inside: readonly string[] | null) => done(withBlock(text, inside));
  const lines = fc.array(fc.stringMatching(/^[\w *#%/-]{0,12}$/));
  fc.assert(
    fc.property(lines, fc.constantFrom('\n', '\r\n'), fc.boolean(), (some, eol, ends) => {
      const text = some.join(eol) + (ends && some.length > 0 ? eol : '');
      const once = put(text, ['17 * * * * x']);
      expect(put(once, ['17 * * * * x'])).toBe(once);
      expect(blockIn(once)).toEqual(['17 * * * * x']);
      expect(blockIn(put(once, ['other']))).toEqual(['other']);
      // A last line without an end gets one: nothing could stand behind it.
      expect([text, text + eol, `${text}\n`]).toContain(put(once, null));
      expect(once.startsWith(text)).toBe(true);
    }),
  );
});

test('a law: where marks are not in pairs nothing is changed; else every line outside them stays', () => {
  const [BEGIN, END] = (done(withBlock('', ['x'])).split('\n') as [string, string, string]).filter(
    (line) => line !== 'x',
  );
  const line = fc.constantFrom(BEGIN ?? '', END ?? '', 'theirs', ` ${BEGIN}`, `${END} # mine`);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (some) => {
      const text = some.map((each) => `${each}\n`).join('');
      const marks = some.filter((each) => each === BEGIN || each === END);
      const isPaired =
        marks.length % 2 === 0 && marks.every((mark, i) => mark === (i % 2 === 0 ? BEGIN : END));
      for (const inside of [null, ['new']]) {
        const made = withBlock(text, inside);
        expect('text' in made).toBe(isPaired);
        if (!('text' in made)) continue;
        let depth = 0;
        const outside = some.filter((each) => {
          depth += each === BEGIN ? 1 : each === END ? -1 : 0;
          return depth === 0 && each !== END;
        });
        const rest = done(withBlock(made.text, null));
        expect(rest).toBe(outside.map((each) => `${each}\n`).join(''));
      }
    }),
  );
});

test('Kimi’s settings with half of our marks are refused, by install and by uninstall', () => {
  const file = hookFile('kimi-code', HOST);
  const torn = done(file.install('model = "k"\n', PROGRAM)).replace(/# <<<.*\n/, '[theirs]\n');
  expect(installStep('kimi-code', file, '/x', torn, PROGRAM)).toHaveProperty('why');
  expect(uninstallStep('kimi-code', file, '/x', torn, null)).toHaveProperty('why');
});
