/** What a scheduler is told, and that the same is read back from it. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  cronLines,
  jobOfCron,
  jobOfPlist,
  jobOfService,
  jobOfTask,
  launchdPlist,
  MAINTAIN,
  readCall,
  systemdService,
  taskXml,
  tellingWords,
  toldByWords,
} from '../../src/unattended/schedule.ts';
import { toldVariables } from '../../src/unattended/told-variables.ts';

const odd = fc.constantFrom("it's", '"', 'a b', '$x', '$$', '%', '%%', '\\', '<&>', '&amp;', 'é', '');
const word = fc
  .array(fc.oneof(odd, fc.stringMatching(/^[\w/.=-]{1,6}$/)), { maxLength: 4 })
  .map((parts) => parts.join(''));
const job = fc.record({
  argv: fc.array(word, { maxLength: 4 }).map((words) => ['/opt/session-memory', ...words]),
  env: fc.dictionary(fc.stringMatching(/^[A-Z]{1,4}$/), word, { maxKeys: 3 }),
});

test('a property: of every scheduler the job is read back as it was told, variables too', () => {
  fc.assert(
    fc.property(job, (told) => {
      expect(jobOfService(systemdService(told))).toEqual(told);
      expect(jobOfPlist(launchdPlist(told, '/x.log'))).toEqual(told);
      expect(jobOfCron(cronLines(told))).toEqual(told);
      expect(jobOfTask(taskXml(told))).toEqual(told);
    }),
  );
});

/** What cron hands to the shell: to that of Debian `\\\\` is one `\\` too, to cronie it is not. */
function handedByCron(line: string, isDebian: boolean): string {
  const [, command = ''] = /^(?:\S+ ){5}(.*)$/.exec(line) ?? [];
  const kept = command.replace(/\\(.)|%.*$/g, (found, escaped?: string) =>
    found.startsWith('%') ? '' : escaped === '%' || (isDebian && escaped === '\\') ? (escaped ?? '') : found,
  );
  return kept;
}

test('a property: every cron hands the shell the words and variables that it was told', () => {
  fc.assert(
    fc.property(job, (told) => {
      const [line = ''] = cronLines(told);
      for (const isDebian of [true, false])
        expect(jobOfCron([`17 * * * * ${handedByCron(line, isDebian)}`])).toEqual(told);
    }),
  );
});

test('a shell takes what cron hands it, backslashes before percent signs too', () => {
  const told = { argv: ['printf', '%s\\n', 'a\\\\b', 'c\\%d', "it's\\", '%'], env: {} };
  for (const isDebian of [true, false]) {
    const shell = Bun.spawnSync(['sh', '-c', handedByCron(cronLines(told)[0] ?? '', isDebian)]);
    expect(shell.stdout.toString()).toBe("a\\\\b\nc\\%d\nit's\\\n%\n");
  }
});

const unescaped = (text: string) =>
  text.replaceAll('&quot;', '"').replaceAll('&gt;', '>').replaceAll('&lt;', '<').replaceAll('&amp;', '&');

/** As Microsoft's runtime takes a command line apart: https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments */
function windowsWords(line: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < line.length) {
    while (line[at] === ' ') at += 1;
    let [word, quoted] = ['', false];
    for (; at < line.length && (quoted || line[at] !== ' '); at += 1) {
      const slashes = /^\\+/.exec(line.slice(at))?.[0].length ?? 0;
      const meetsQuote = line[at + slashes] === '"';
      word += '\\'.repeat(meetsQuote ? slashes >> 1 : slashes);
      at += slashes;
      if (meetsQuote && slashes % 2 === 1) word += '"';
      else if (meetsQuote) quoted = !quoted;
      else if (at < line.length && (quoted || line[at] !== ' ')) word += line[at];
      else at -= 1;
    }
    words.push(word);
  }
  return words;
}

test('a property: what a task of Windows starts is this program with the words and variables that it was told', () => {
  fc.assert(
    fc.property(job, (told) => {
      const text = /<Arguments>--headless (.*?)<\/Arguments>/s.exec(taskXml(told))?.[1] ?? '';
      expect(windowsWords(unescaped(text))).toEqual(tellingWords(told));
      expect(toldByWords(tellingWords(told))).toEqual(told);
    }),
  );
});

test('variables are told by the first words of a call alone', () => {
  expect(toldVariables(['--env', 'A=b=c', '--env', 'B=', 'status'])).toEqual({
    env: { A: 'b=c', B: '' },
    rest: ['status'],
  });
  for (const words of [['status', '--env', 'A=b'], ['--env'], ['--env', '=b'], ['--env', 'a b=c']])
    expect(toldVariables(words)).toEqual({ env: {}, rest: words });
});

test('the parts of a call are told apart, and other calls are none', () => {
  const program = ['/opt/session-memory'];
  for (const flags of [{}, { store: '/s' }, { config: '/c' }, { store: '/s', config: '/c' }]) {
    const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
    expect(readCall([...program, ...words, ...MAINTAIN])).toEqual({ program, flags });
  }
  expect(readCall([...program, 'maintain', '--yes'])).toBeNull();
});
