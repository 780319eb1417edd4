/**
 * The files by which the machine's own scheduler runs `maintain` every hour, and how each is known again. Pure.
 * All paths are absolute: no scheduler has a shell's PATH.
 */
import { shellText, wordsOf } from './own-call.ts';
import { TOLD, toldVariables } from './told-variables.ts';

export interface ScheduledJob {
  /** The executable and the words of the call. */
  readonly argv: readonly string[];
  /** Variables that say where things are, as they were set when it was installed: a scheduler does not know them. */
  readonly env: Readonly<Record<string, string>>;
}

export const MAINTAIN = ['maintain', '--yes', '--no-data-loss', '--quiet'] as const;

/** The parts of a scheduled call; null: it is none. */
export function readCall(argv: readonly string[]): {
  readonly program: readonly string[];
  readonly flags: { readonly store?: string; readonly config?: string };
} | null {
  const words = argv.slice(0, -MAINTAIN.length);
  if (argv.slice(-MAINTAIN.length).join(' ') !== MAINTAIN.join(' ')) return null;
  const flags: { store?: string; config?: string } = {};
  for (const name of ['config', 'store'] as const) {
    if (words.at(-2) !== `--${name}`) continue;
    flags[name] = words.pop() ?? '';
    words.pop();
  }
  return { program: words, flags };
}

/** A minute that is nobody else's full hour. */
const MINUTE = 17;

const MADE = 'Made by session-memory install; session-memory uninstall removes it.';

/** `%` begins a specifier of systemd, `$` a variable; quotes and `\` are as in C. */
function forSystemd(word: string): string {
  return `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;
}

function forSystemdEnv(name: string, value: string): string {
  return `Environment="${name}=${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
}

const fromSystemd = (text: string) => text.replace(/\\(.)/g, '$1').replaceAll('%%', '%');

/** What `systemdService` was given. Of a text that it did not make nothing is promised; so of the others below. */
export function jobOfService(text: string): ScheduledJob {
  const env = [...text.matchAll(/^Environment="(\w+)=((?:[^"\\]|\\.)*)"$/gm)];
  const call = /^ExecStart=(.*)$/m.exec(text)?.[1] ?? '';
  const words = [...call.matchAll(/"((?:[^"\\]|\\.)*)"/g)];
  return {
    argv: words.map(([, word = '']) => fromSystemd(word).replaceAll('$$', '$')),
    env: Object.fromEntries(env.map(([, name = '', value = '']) => [name, fromSystemd(value)])),
  };
}

export function systemdService({ argv, env }: ScheduledJob): string {
  return [
    `# ${MADE}`,
    '[Unit]',
    'Description=session-memory: stores what coding agents wrote, keeps it within the budget',
    'Documentation=man:session-memory(1)',
    '',
    '[Service]',
    'Type=oneshot',
    ...Object.entries(env).map(([name, value]) => forSystemdEnv(name, value)),
    `ExecStart=${argv.map(forSystemd).join(' ')}`,
    '# Over the hard cap, or another sweep runs: status and doctor tell of it, the unit has not failed.',
    'SuccessExitStatus=4 6',
    'Nice=10',
    'IOSchedulingClass=idle',
    'TimeoutStartSec=6h',
    '',
  ].join('\n');
}

/** `Persistent` catches up after the machine was off, and does so only with OnCalendar. */
export function systemdTimer(): string {
  return [
    `# ${MADE}`,
    '[Unit]',
    'Description=session-memory every hour',
    '',
    '[Timer]',
    'OnCalendar=hourly',
    'Persistent=true',
    'RandomizedDelaySec=15min',
    'FixedRandomDelay=true',
    'AccuracySec=1min',
    '',
    '[Install]',
    'WantedBy=timers.target',
    '',
  ].join('\n');
}

const forXml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const fromXml = (text: string) =>
  text.replaceAll('&quot;', '"').replaceAll('&gt;', '>').replaceAll('&lt;', '<').replaceAll('&amp;', '&');

export function jobOfPlist(text: string): ScheduledJob {
  const inside = (name: string, tag: string) =>
    new RegExp(`<key>${name}</key>\\s*<${tag}>(.*?)</${tag}>`, 's').exec(text)?.[1] ?? '';
  const words = [...inside('ProgramArguments', 'array').matchAll(/<string>(.*?)<\/string>/gs)];
  const env = [
    ...inside('EnvironmentVariables', 'dict').matchAll(/<key>(.*?)<\/key><string>(.*?)<\/string>/gs),
  ];
  return {
    argv: words.map(([, word = '']) => fromXml(word)),
    env: Object.fromEntries(env.map(([, name = '', value = '']) => [fromXml(name), fromXml(value)])),
  };
}

/** `StartCalendarInterval` catches up after sleep, `StartInterval` does not. */
export function launchdPlist({ argv, env }: ScheduledJob, logPath: string): string {
  const strings = argv.map((word) => `    <string>${forXml(word)}</string>`);
  const variables = Object.entries(env).map(
    ([name, value]) => `    <key>${forXml(name)}</key><string>${forXml(value)}</string>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    `<!-- ${MADE} -->`,
    '<plist version="1.0">',
    '<dict>',
    `  <key>Label</key><string>${LAUNCHD_LABEL}</string>`,
    '  <key>ProgramArguments</key>',
    ...['  <array>', ...strings, '  </array>'],
    ...(variables.length === 0
      ? []
      : ['  <key>EnvironmentVariables</key>', '  <dict>', ...variables, '  </dict>']),
    `  <key>StartCalendarInterval</key><dict><key>Minute</key><integer>${MINUTE}</integer></dict>`,
    '  <key>ProcessType</key><string>Background</string>',
    '  <key>LowPriorityIO</key><true/>',
    `  <key>StandardErrorPath</key><string>${forXml(logPath)}</string>`,
    '</dict>',
    '</plist>',
    '',
  ].join('\n');
}

export const LAUNCHD_LABEL = 'com.session-memory.maintain';
export const TASK_NAME = 'session-memory';

/**
 * Of cron: `%` ends a command unless `\` stands before it, and to some of them `\\` is one `\`. So no `\` of ours stands before
 * either: within the quotes of `shellText`, two more come between.
 */
export function cronLines({ argv, env }: ScheduledJob): string[] {
  const set = Object.entries(env).map(([name, value]) => `${name}=${shellText(SH, [value])} `);
  const command = `${set.join('')}${shellText(SH, argv)}`;
  const apart = command.replace(/\\(?=[\\%])/g, "\\''");
  return [`${MINUTE} * * * * ${apart.replaceAll('%', '\\%')}`];
}

export function jobOfCron([line = '']: readonly string[]): ScheduledJob {
  const words = wordsOf(line.replaceAll('\\%', '%').split(' ').slice(5).join(' '));
  const first = words.findIndex((word) => !/^\w+=/.test(word));
  const set = words.slice(0, Math.max(0, first));
  return {
    argv: words.slice(set.length),
    env: Object.fromEntries(
      set.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
    ),
  };
}

const SH = { argv: [], platform: 'linux' } as const;

export function jobOfTask(text: string): ScheduledJob {
  const call = fromXml(/<Arguments>--headless (.*?)<\/Arguments>/s.exec(text)?.[1] ?? '');
  return toldByWords(wordsOfWindows(call));
}

/** As programs of Windows take their words out of one text. */
function forWindows(word: string): string {
  return /^[\w./:=\\-]+$/.test(word)
    ? word
    : `"${word.replace(/(\\*)("|$)/g, (_, slashes, end) => `${slashes}${slashes}${end === '' ? '' : '\\"'}`)}"`;
}

function wordsOfWindows(text: string): string[] {
  const words = text.match(/"(?:[^"\\]|\\+"?)*?(?<!\\)(?:\\\\)*"|\S+/g) ?? [];
  return words.map((word) =>
    word.startsWith('"')
      ? word
          .slice(1, -1)
          .replace(/(\\+)("|$)/g, (_, slashes, end) => slashes.slice(0, slashes.length >> 1) + end)
      : word,
  );
}

/** Variables as words of the call, for a scheduler that is told none: right behind the program. */
export function tellingWords({ argv, env }: ScheduledJob): string[] {
  const set = Object.entries(env).flatMap(([name, value]) => [TOLD, `${name}=${value}`]);
  const end = wordsOfProgram(argv);
  return [...argv.slice(0, end), ...set, ...argv.slice(end)];
}

/** The same back. */
export function toldByWords(words: readonly string[]): ScheduledJob {
  const program = words.slice(0, wordsOfProgram(words));
  const { env, rest } = toldVariables(words.slice(program.length));
  return { argv: [...program, ...rest], env };
}

/** Run from its source, that follows the runtime. */
const wordsOfProgram = ([, second = '']: readonly string[]) => (second.endsWith('.ts') ? 2 : 1);

/**
 * Both battery switches are off by default in Windows' favour: a laptop would never run it. A task has no variables of its own: they
 * are words of the call.
 */
export function taskXml(job: ScheduledJob): string {
  const call = tellingWords(job).map(forWindows).join(' ');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<!-- ${MADE} -->`,
    '<Task version="1.4" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">',
    '  <Triggers><CalendarTrigger>',
    `    <StartBoundary>2026-01-01T00:${MINUTE}:00</StartBoundary>`,
    '    <Repetition><Interval>PT1H</Interval></Repetition>',
    '    <ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay>',
    '  </CalendarTrigger></Triggers>',
    '  <Principals><Principal id="Author"><LogonType>InteractiveToken</LogonType><RunLevel>LeastPrivilege</RunLevel></Principal></Principals>',
    '  <Settings>',
    '    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>',
    '    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>',
    '    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>',
    '    <StartWhenAvailable>true</StartWhenAvailable>',
    '    <ExecutionTimeLimit>PT6H</ExecutionTimeLimit>',
    '    <Priority>8</Priority>',
    '  </Settings>',
    `  <Actions Context="Author"><Exec><Command>conhost.exe</Command><Arguments>${forXml(`--headless ${call}`)}</Arguments></Exec></Actions>`,
    '</Task>',
    '',
  ].join('\r\n');
}
