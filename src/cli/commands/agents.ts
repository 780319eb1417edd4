/** `agents`: looks at the disk now, and remembers what it saw for `status`. */
import { isEnabled } from '../../domain/agent.ts';
import { EXIT } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { agentsOf } from '../../ingest/agents/index.ts';
import { scanAgents } from '../../ingest/scan.ts';
import { openWritable } from '../../store/open.ts';
import { saveScans } from '../../store/scans.ts';
import { type UnknownRecords, unknownRecords } from '../../store/unknown-records.ts';
import { type Command, printJson } from '../context.ts';
import { formatBytes, formatCount, table } from '../format.ts';
import { tableColumns } from '../io.ts';

export const agents: Command = async (context) => {
  const { io } = context;
  const warnings: string[] = [];
  const db = openWritable(context.settings.storePath);
  try {
    const scans = await scanAgents(db, context.host, context.clock, (text) => warnings.push(text));
    saveScans(db, scans);
    const off = agentsOf(context.host).filter((agent) => !isEnabled(agent, context.host));
    const unknown = context.flags['verbose'] === true ? unknownRecords(db) : null;
    if (context.json)
      printJson(io, {
        ...{ version: 1, agents: scans, switched_off: off.map(({ id }) => id), warnings },
        ...(unknown === null ? {} : { unknown_records: unknown }),
      });
    else {
      for (const warning of warnings) io.err(`${plainLine(warning)}\n`);
      if (scans.length === 0) io.out('No agent was found on this machine.\n');
      else {
        io.out(
          table(
            [
              { title: 'AGENT' },
              { title: 'SESSIONS', align: 'right' },
              { title: 'SIZE', align: 'right' },
              { title: 'NEW', align: 'right' },
              { title: 'GROWN', align: 'right' },
              { title: 'DELETES AFTER', align: 'right' },
              { title: 'KNOWN FROM' },
              { title: 'WHERE', shrinks: true },
            ],
            scans.map((scan) => [
              scan.name,
              formatCount(scan.sessions),
              formatBytes(scan.raw_bytes),
              formatCount(scan.sessions_not_stored - scan.sessions_grown),
              formatCount(scan.sessions_grown),
              scan.deletes_after_days === null ? 'never' : `${scan.deletes_after_days} days`,
              scan.proof === 'configuration' ? 'your configuration' : scan.proof,
              scan.root,
            ]),
            tableColumns(io),
          ),
        );
      }
      if (off.length > 0)
        io.out(
          `Switched off in ${plainLine(context.settings.configPath)}: ${off.map(({ name }) => name).join(', ')}\n`,
        );
      if (unknown !== null) io.out(unknownLines(unknown));
    }
    return EXIT.done;
  } finally {
    db.close();
  }
};

/** Each type once; what was not understood is stored all the same. */
function unknownLines(unknown: readonly UnknownRecords[]): string {
  if (unknown.length === 0) return 'Every record of every digest was of a known type.\n';
  const lines = unknown.map(({ agent, type, records, sessions }) => {
    const inSessions = sessions === 1 ? '1 session' : `${formatCount(sessions)} sessions`;
    return `  ${agent}: ${plainLine(type)}, ${formatCount(records)} in ${inSessions}\n`;
  });
  return `Records of types that are not known yet, stored exactly and left out of digests:\n${lines.join('')}`;
}
