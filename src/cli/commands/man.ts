/**
 * `man`: the manual page, made from the tables that parse the command line, in roff's man macros (man(7)).
 * Promises: pure; every command, flag and exit code of `--help` is in it.
 */
import { EXIT } from '../../domain/errors.ts';
import type { Command } from '../context.ts';
import { type CommandSpec, EXIT_MEANINGS, type Flag, GLOBAL_FLAGS } from '../spec.ts';

export const man: Command = async ({ io, version, commands }) => {
  io.out(manualPage(commands, `session-memory ${version}`));
  return EXIT.done;
};

/** `version`: as `--version` says it, for the foot of the page. */
export function manualPage(commands: readonly CommandSpec[], version: string): string {
  return [
    `.TH SESSION\\-MEMORY 1 "" "${escaped(version)}" "User Commands"`,
    '.SH NAME',
    'session\\-memory \\- keeps every coding\\-agent session within a disk budget, and never loses one silently',
    '.SH SYNOPSIS',
    '.B session\\-memory',
    '[\\fICOMMAND\\fR] [\\fIFLAGS\\fR]',
    '.SH DESCRIPTION',
    'Without a command: the dashboard in a terminal, elsewhere \\fBstatus\\fR.',
    '.SH COMMANDS',
    ...commands.flatMap(commandPart),
    '.SH FLAGS OF EVERY COMMAND',
    ...GLOBAL_FLAGS.flatMap(flagPart),
    ...placesPart(),
    '.SH EXIT STATUS',
    ...Object.entries(EXIT_MEANINGS).flatMap(([code, meaning]) => ['.TP', `.B ${code}`, escaped(meaning)]),
    '',
  ].join('\n');
}

/** What a person looks for who has no network at hand. */
function placesPart(): string[] {
  const rows = (all: readonly (readonly [string, string])[]) =>
    all.flatMap(([name, about]) => ['.TP', `.B ${escaped(name)}`, escaped(about)]);
  return [
    '.SH FILES',
    ...rows([
      [
        '~/.local/share/session-memory/store.db',
        'the store; on macOS below ~/Library/Application Support, on Windows below %LOCALAPPDATA%',
      ],
      [
        '~/.config/session-memory/config.toml',
        'the configuration; `session-memory config init` writes it with every key',
      ],
    ]),
    '.SH ENVIRONMENT',
    ...rows([
      ['SESSION_MEMORY_STORE', 'the store file'],
      ['SESSION_MEMORY_CONFIG', 'the configuration file'],
      [
        'SESSION_MEMORY_KEY',
        'any key of the configuration, in capitals, with _ for a dot: SESSION_MEMORY_ANALYZER_COMMAND',
      ],
      ['SESSION_MEMORY_NOW', 'an ISO time that the clock is held at'],
      ['SESSION_MEMORY_LOG', 'a file to which each command adds what it decided, and why'],
      ['NO_COLOR, PAGER, XDG_DATA_HOME, XDG_CONFIG_HOME', 'as usual; an empty one counts as unset'],
    ]),
    '.SH CONFIGURATION',
    'Flags win over the environment, that over the file, that over the defaults. `session-memory config` shows each value and where it comes from.',
  ];
}

function commandPart(spec: CommandSpec): string[] {
  return [
    `.SS ${[spec.name, ...spec.args].map(escaped).join(' ')}`,
    `${escaped(capital(spec.summary))}.`,
    ...(spec.about === undefined ? [] : ['.PP', escaped(spec.about)]),
    ...spec.flags.flatMap(flagPart),
    '.PP',
    'Examples:',
    '.PP',
    '.nf',
    ...spec.examples.map((example) => `    ${escaped(example)}`),
    '.fi',
    ...(spec.exits.length === 0 ? [] : ['.PP', `May also exit ${spec.exits.join(', ')}: see EXIT STATUS.`]),
  ];
}

function flagPart({ flag, help }: Flag): string[] {
  const [name = '', value] = flag.split(' ');
  const shown =
    value === undefined ? `\\fB${escaped(name)}\\fR` : `\\fB${escaped(name)}\\fR \\fI${value}\\fR`;
  return ['.TP', shown, escaped(help)];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Text that roff takes as it is: no escape, no hyphen, and no request at the start of a line. */
function escaped(text: string): string {
  const plain = text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga');
  return plain.replace(/^\./, '\\&.');
}
