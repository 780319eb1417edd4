/** The one place where a failure is shown. */
import { EXIT_OF_CODE, type ExitCode, type Failure } from '../domain/errors.ts';
import { plainLine } from '../domain/text.ts';
import { printJson } from './context.ts';
import { type Io, paint } from './io.ts';
import type { ReportOf } from './schemas.by-command.ts';

/** What a failure is about, where one of its schemas has more than the failure. */
type Details = Without<'version' | 'error', ReportOf<'error'>>;
type Without<Keys extends string, Form> = Form extends unknown ? Omit<Form, Keys> : never;

/** A failure as text on stderr, or with `--json` as an object on stdout; returns its exit code. `more` adds keys to the object. */
export function printFailure(io: Io, json: boolean, shown: Failure, more: Details = {}): ExitCode {
  const message = plainLine(shown.message);
  const hint = plainLine(shown.hint);
  if (json) printJson<'error'>(io, { version: 1, error: { code: shown.code, message, hint }, ...more });
  else io.err(`${paint(io, 'red', 'session-memory:')} ${message}\n  ${hint}\n`);
  return EXIT_OF_CODE[shown.code];
}
