/** `mcp`: answers agents over stdin and stdout until its input ends. Nothing but the protocol goes to stdout. */
import { EXIT } from '../../domain/errors.ts';
import { realPathIfThere } from '../../files/file-names.ts';
import { mountOfPath } from '../../files/mounts.ts';
import { excludeRules } from '../../ingest/discover/exclude.ts';
import { answerLine, linesOf } from '../../mcp/rpc.ts';
import { toolServer } from '../../mcp/tools.ts';
import { openReadable } from '../../store/open.ts';
import type { Command } from '../context.ts';
import { typedQuery } from '../typed-query.ts';

/** What lies on a mount that may never answer is known by the name that is written. */
const realPath = (path: string) => (mountOfPath(path) === null ? realPathIfThere(path) : null);

export const mcp: Command = async (context) => {
  const { clock, host, io, settings, version } = context;
  const server = toolServer(
    {
      open: () => openReadable(settings.storePath),
      exclude: excludeRules(settings.exclude, host, realPath),
      transcripts: settings.mcpTranscripts,
      mark: crypto.randomUUID().slice(0, 8),
      now: () => clock.now(),
      understood: (query) => typedQuery(query, clock.now()),
    },
    version,
  );
  for await (const line of linesOf(Bun.stdin.stream())) {
    const answer = await answerLine(server, line);
    if (answer !== null) io.out(`${answer}\n`);
  }
  return EXIT.done;
};
