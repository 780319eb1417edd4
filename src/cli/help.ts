/** `--help`, made from the tables: usage, flags, examples, exit codes. */
import { hanging } from './format.ts';
import { type CommandSpec, EXIT_MEANINGS, type Flag, GLOBAL_FLAGS } from './spec.ts';
import { COMMANDS } from './table.ts';

/** Columns of a terminal of which nothing is known, and the widest that is read with ease. */
const HELP_COLUMNS = [80, 100] as const;

/** `terminalColumns`: null where the reader is none. */
export function helpColumns(terminalColumns: number | null): number {
  const [plain, most] = HELP_COLUMNS;
  return terminalColumns === null ? plain : Math.min(most, terminalColumns);
}

export function programHelp(columns: number): string {
  const width = Math.max(...COMMANDS.map((spec) => spec.name.length));
  return [
    hanging(
      '',
      'session-memory keeps every coding-agent session within a disk budget, and never loses one silently.',
      columns,
    ),
    '',
    'Usage: session-memory [COMMAND] [FLAGS]',
    '',
    'Without a command: the dashboard in a terminal, elsewhere `status`.',
    '',
    'Commands:',
    ...COMMANDS.map((spec) => hanging(`  ${spec.name.padEnd(width)}  `, spec.summary, columns)),
    '',
    'Flags, before or after the command:',
    ...flagLines(GLOBAL_FLAGS, columns),
    '',
    'Examples:',
    '  session-memory ingest',
    '  session-memory sweep --dry-run',
    '  session-memory maintain --yes --no-data-loss',
    '',
    'Exit codes:',
    ...exitLines(Object.keys(EXIT_MEANINGS).map(Number), columns),
    '',
  ].join('\n');
}

export function commandHelp(spec: CommandSpec, columns: number): string {
  const usage = ['session-memory', spec.name, ...spec.args, '[FLAGS]'].join(' ');
  return [
    hanging(`session-memory ${spec.name}: `, spec.summary, columns),
    '',
    `Usage: ${usage}`,
    ...(spec.about === undefined ? [] : ['', hanging('', spec.about, columns)]),
    ...(spec.flags.length === 0 ? [] : ['', 'Flags:', ...flagLines(spec.flags, columns)]),
    '',
    'Flags of every command:',
    ...flagLines(GLOBAL_FLAGS, columns),
    '',
    'Examples:',
    ...spec.examples.map((example) => `  ${example}`),
    '',
    'Exit codes:',
    ...exitLines([0, 1, 2, ...spec.exits, 130], columns),
    '',
  ].join('\n');
}

function flagLines(flags: readonly Flag[], columns: number): string[] {
  const width = Math.max(...flags.map(({ flag }) => flag.length));
  return flags.map(({ flag, help }) => hanging(`  ${flag.padEnd(width)}  `, help, columns));
}

function exitLines(codes: readonly number[], columns: number): string[] {
  return codes.map((code) => hanging(`  ${String(code).padStart(3)}  `, EXIT_MEANINGS[code] ?? '', columns));
}
