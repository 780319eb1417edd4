// What aider's reader tells of a history: by the lines that its public source writes.

import { describe, expect, test } from 'bun:test';
import { aider } from '../../src/agents/aider/index.ts';
import { factsOf } from './facts.ts';
import { answered, chat, told, typed } from './samples/aider.ts';

describe('what is told', () => {
  const banner =
    told('Aider v0.86.2') + told('Main model: m1 with diff edit format') + told('Weak model: m2');
  const facts = (...said: string[]) =>
    factsOf(aider, { bytes: chat('2026-05-01 10:00:00', banner, ...said) });

  test('commands are those that were typed and those that were let run', () => {
    const { commands, prompts } = facts(
      typed('/run echo a'),
      typed('!echo b'),
      typed('/test make t'),
      typed('/git status'),
      typed('/add x.ts'),
      told('Running in circles'),
      told('rm -rf x'),
      told("Run shell command? (Y)es/(N)o/(D)on't ask again [Yes]: n"),
      told('Running rm -rf x'),
      told('npm i'),
      told("Run shell command? (Y)es/(N)o/(D)on't ask again [Yes]: y"),
      told('Running npm i'),
    );
    expect(commands.map(({ command }) => command)).toEqual([
      'echo a',
      'echo b',
      'make t',
      'git status',
      'npm i',
    ]);
    expect(prompts).toEqual([]);
  });

  test('what only steers is no prompt, nor is what aider was started with', () => {
    const { prompts, steering } = facts(
      told('/usr/local/bin/aider --model m1 --message say ok --yes-always'),
      told('/usr/local/bin/aider --model m1 --msg-file x'),
      typed('/tokens'),
    );
    expect(prompts).toEqual([]);
    expect(steering).toEqual(['/usr/local/bin/aider --model m1 --message say ok --yes-always', '/tokens']);
  });

  test('no answer stands before anything was typed: a torn beginning is none', () => {
    expect(factsOf(aider, { bytes: '{"torn":1\nand more\n\n' }).answers).toEqual([]);
    expect(facts(answered('fell in'), typed('ask'), answered('said')).answers).toEqual(['said']);
  });

  test('a prompt has its lines, and what asks the model is one', () => {
    const { prompts } = facts(
      typed('one\n\ntwo'),
      typed('/ask why?'),
      typed('/clear'),
      typed('Add file? (Y)es/(N)o/(A)ll [Yes]: all'),
      typed('/etc/hosts is odd'),
    );
    expect(prompts.map(({ text }) => text)).toEqual(['one\n\ntwo', '/ask why?', '/etc/hosts is odd']);
    expect(prompts.map(({ at }) => at)).toEqual(['2026-05-01T10:00:00.000Z', null, null]);
  });

  test('headings and quotations of the model are its answer', () => {
    const answer = '#### A heading\n\n```md\n> quoted\n# not a start\n```\n\nDone.';
    expect(facts(typed('x'), answered(answer), told('Tokens: 5 sent, 2 received.'))).toMatchObject({
      answers: [answer],
      prompts: [{ text: 'x' }],
    });
  });

  test('thinking is no answer', () => {
    const mark = `thinking-content-${'7bbeb8e1441453ad999a0bbba8a46d4b'}`;
    const { answers } = facts(
      ...[typed('x'), answered(`<${mark}>\nhm\n</${mark}>\n\nyes`), typed('y'), answered(`<${mark}>\nhm`)],
      ...[typed('z'), answered('► **THINKING**\n\nhm\n\n► **ANSWER**\n\nno')],
    );
    expect(answers).toEqual(['yes', 'no']);
  });

  test('files are added, made and edited; commits and failures are told', () => {
    const { read, written, edited, commits, errors, models } = facts(
      told('Added a.ts to the chat.'),
      told('Added b.ts to the chat (read-only).'),
      told('Added 3 lines of output to the chat.'),
      told('new.ts'),
      told('Create new file? (Y)es/(N)o [Yes]: y'),
      told('Applied edit to new.ts'),
      told('Applied edit to a.ts'),
      told('Did not apply edit to c.ts (--dry-run)'),
      told('Commit 27e879f feat: more'),
      told('litellm.NotFoundError: no such model'),
    );
    expect({ read, written, edited, commits, errors, models: [...models] }).toEqual({
      read: ['a.ts', 'b.ts'],
      written: ['new.ts'],
      edited: ['a.ts'],
      commits: ['27e879f feat: more'],
      errors: ['litellm.NotFoundError: no such model'],
      models: ['m1', 'm2'],
    });
  });

  test('a history that an editor trimmed, or that has the line ends of Windows, tells the same', () => {
    const text = chat('2026-05-01 10:00:00', typed('a\nb'), answered('one'), told('Applied edit to x'));
    const plain = factsOf(aider, { bytes: text });
    for (const other of [text.replace(/ +$/gm, ''), text.replaceAll('\n', '\r\n')]) {
      const { prompts, answers, edited } = factsOf(aider, { bytes: other });
      expect({ prompts, edited }).toEqual({ prompts: plain.prompts, edited: plain.edited });
      expect(answers.map((answer) => answer.trim())).toEqual(['one']);
    }
  });
});
