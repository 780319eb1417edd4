/** `--help`, made from the tables: usage, flags, examples, exit codes. */
import { type CommandSpec, EXIT_MEANINGS, type Flag, GLOBAL_FLAGS } from './spec.ts';
import { COMMANDS } from './table.ts';

export function programHelp(): string {
  const width = Math.max(...COMMANDS.map((spec) => spec.name.length));
  return [
    'session-memory keeps every coding-agent session within a disk budget, and never loses one silently.',
    '',
    'Usage: session-memory [COMMAND] [FLAGS]',
    '',
    'Without a command: the dashboard in a terminal, elsewhere `status`.',
    '',
    'Commands:',
    ...COMMANDS.map((spec) => `  ${spec.name.padEnd(width)}  ${spec.summary}`),
    '',
    'Flags, before or after the command:',
    ...flagLines(GLOBAL_FLAGS),
    '',
    'Examples:',
    '  session-memory ingest',
    '  session-memory sweep --dry-run',
    '  session-memory maintain --yes --no-data-loss',
    '',
    'Exit codes:',
    ...exitLines(Object.keys(EXIT_MEANINGS).map(Number)),
    '',
  ].join('\n');
}

export function commandHelp(spec: CommandSpec): string {
  const usage = ['session-memory', spec.name, ...spec.args, '[FLAGS]'].join(' ');
  return [
    `session-memory ${spec.name}: ${spec.summary}`,
    '',
    `Usage: ${usage}`,
    ...(spec.about === undefined ? [] : ['', spec.about]),
    ...(spec.flags.length === 0 ? [] : ['', 'Flags:', ...flagLines(spec.flags)]),
    '',
    'Flags of every command:',
    ...flagLines(GLOBAL_FLAGS),
    '',
    'Examples:',
    ...spec.examples.map((example) => `  ${example}`),
    '',
    'Exit codes:',
    ...exitLines([0, 1, 2, ...spec.exits, 130]),
    '',
  ].join('\n');
}

function flagLines(flags: readonly Flag[]): string[] {
  const width = Math.max(...flags.map(({ flag }) => flag.length));
  return flags.map(({ flag, help }) => `  ${flag.padEnd(width)}  ${help}`);
}

function exitLines(codes: readonly number[]): string[] {
  return codes.map((code) => `  ${String(code).padStart(3)}  ${EXIT_MEANINGS[code] ?? ''}`);
}
