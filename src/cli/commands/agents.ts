/** `agents`: looks at the disk now, and remembers what it saw for `status`. */

import { agentsOf, enabledAgents } from '../../agents/registry.ts';
import { isEnabled, rootsOf } from '../../domain/agent.ts';
import { EXIT } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { type AgentScan, lookAtAgents, type Unplaced } from '../../ingest/discover/scan.ts';
import { noteScans } from '../../ingest/no-room.ts';
import { openWritable } from '../../store/open.ts';
import { type UnknownRecords, unknownRecords } from '../../store/unknown-records.ts';
import { type Command, type Context, printJson } from '../context.ts';
import { formatBytes, formatCount, plural, table } from '../format.ts';
import { tableColumns } from '../io.ts';
import { ProcessVisitor } from '../visitor.ts';
import { visitorSetup } from '../wire.ts';

export const agents: Command = async (context) => {
  const { io } = context;
  const warnings: string[] = [];
  const db = openWritable(context.settings.storePath);
  try {
    const setup = visitorSetup(context, db.path);
    const verbose = context.flags['verbose'] === true;
    const { scans, unplaced } = await lookAtAgents(
      {
        db,
        host: context.host,
        clock: context.clock,
        signal: context.signal,
        warn: (text) => void warnings.push(text),
        ...(setup === null ? {} : { visitor: new ProcessVisitor(setup) }),
      },
      verbose,
    );
    if (context.signal.aborted) return EXIT.interrupted;
    noteScans(db, scans, (text) => void warnings.push(text));
    const off = agentsOf(context.host).filter((agent) => !isEnabled(agent, context.host));
    const unknown = verbose ? unknownRecords(db) : null;
    if (context.json)
      printJson<'agents'>(io, {
        version: 1,
        agents: scans,
        switched_off: off.map(({ id }) => id),
        warnings,
        ...(unknown === null ? {} : { unknown_records: unknown, unplaced }),
      });
    else {
      for (const warning of warnings) io.err(`${plainLine(warning)}\n`);
      if (scans.length === 0) io.out(nothingFound(context));
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
              deletesAfter(scan),
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
      if (verbose) io.out(unplacedLines(unplaced));
      if (unknown !== null) io.out(unknownLines(unknown));
    }
    return EXIT.done;
  } finally {
    db.close();
  }
};

function deletesAfter({ deletes_after_days: days, sessions_due: due }: AgentScan): string {
  if (days === null) return 'never';
  return due === 0 ? `${days} days` : `${days} days; ${formatCount(due)} at its next start`;
}

/** Where was looked: a folder that a variable moves, or another user's, is told from one that is empty. */
function nothingFound({ host }: Context): string {
  const folders = [...new Set(enabledAgents(host).flatMap((agent) => rootsOf(agent, host)))];
  const shown = folders.map((folder) => `  ${plainLine(folder)}\n`).join('');
  return `No agent was found on this machine. Looked for:\n${shown}One that keeps its sessions elsewhere needs \`roots\` in the configuration: \`session-memory config init\`.\n`;
}

/** More than anyone reads; `--json` has all. */
const UNPLACED_SHOWN_MAX = 20;

/** What no agent of these will ever find by itself is named, so that a person may. */
function unplacedLines(unplaced: readonly Unplaced[]): string {
  const lines = unplaced.flatMap(({ agent, root, transcripts, other_files: others }) => [
    ...transcripts.slice(0, UNPLACED_SHOWN_MAX).map((path) => `  ${agent}: ${plainLine(path)}\n`),
    ...(transcripts.length > UNPLACED_SHOWN_MAX
      ? [`  ${agent}: and ${formatCount(transcripts.length - UNPLACED_SHOWN_MAX)} more, see --json\n`]
      : []),
    ...(others > 0 ? [`  ${agent}: ${plural(others, 'other file')} in ${plainLine(root)}\n`] : []),
  ]);
  if (lines.length === 0) return 'Every file in the agents’ folders lies where their layout knows it.\n';
  const count = unplaced.reduce((sum, { transcripts }) => sum + transcripts.length, 0);
  const others = unplaced.reduce((sum, each) => sum + each.other_files, 0);
  return `Where no layout knows them: ${plural(count, 'transcript')}, ${plural(others, 'other file')}. A transcript is stored by \`session-memory ingest PATH\`:\n${lines.join('')}`;
}

/** Each type once; what was not understood is stored all the same. */
function unknownLines(unknown: readonly UnknownRecords[]): string {
  if (unknown.length === 0) return 'Every record of every digest was of a known type.\n';
  const lines = unknown.map(({ agent, type, records, sessions }) => {
    const inSessions = sessions === 1 ? '1 session' : `${formatCount(sessions)} sessions`;
    return `  ${agent}: ${plainLine(type)}, ${formatCount(records)} in ${inSessions}\n`;
  });
  return `Records of types that are not known yet, stored exactly and left out of digests:\n${lines.join('')}`;
}
