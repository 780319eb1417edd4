/** `verify`: everything read back; exit 1 and the list where anything is wrong. */
import { EXIT } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { openReadable } from '../../store/open.ts';
import { verify } from '../../store/verify.ts';
import { type Command, printJson } from '../context.ts';
import { formatBytes, plural } from '../format.ts';
import { ProgressLine } from '../io.ts';

export const verifyCommand: Command = async (context) => {
  const { io, signal } = context;
  const db = openReadable(context.settings.storePath);
  const line = new ProgressLine(io);
  try {
    const result = verify(
      db,
      (done, total) => line.show(`verify ${done + 1}/${total}`),
      () => signal.aborted,
    );
    line.clear();
    const ok = result.findings.length === 0;
    if (context.json)
      printJson(io, {
        version: 1,
        ok,
        interrupted: signal.aborted,
        sessions: result.sessions,
        segments: result.segments,
        bytes: result.bytes,
        findings: result.findings,
      });
    else {
      for (const { session_uid, file, problem } of result.findings) {
        io.out(`${plainLine([session_uid, file, problem].filter((part) => part !== null).join('  '))}\n`);
      }
      io.out(
        ok
          ? `All is well: ${plural(result.sessions, 'session')}, ${plural(result.segments, 'segment')}, ${formatBytes(result.bytes)} read back.\n`
          : `${plural(result.findings.length, 'finding')}.\n`,
      );
    }
    if (!ok) return EXIT.failed;
    return signal.aborted ? EXIT.interrupted : EXIT.done;
  } finally {
    line.clear();
    db.close();
  }
};
