/** `mcp`: answers agents over stdin and stdout until its input ends. Nothing but the protocol goes to stdout. */
import { EXIT } from '../../domain/errors.ts';
import { realPathOrNull } from '../../files/within.ts';
import { excludeRules } from '../../ingest/discover/exclude.ts';
import { answerLine, linesOf } from '../../mcp/rpc.ts';
import { toolServer } from '../../mcp/tools.ts';
import { openReadable } from '../../store/open.ts';
import type { Command } from '../context.ts';
import { typedQuery } from '../typed-query.ts';
import { parseSince } from '../values.ts';

export const mcp: Command = async (context) => {
  const { clock, host, io, settings, version } = context;
  const server = toolServer(
    {
      open: () => openReadable(settings.storePath),
      exclude: excludeRules(settings.exclude, host, realPathOrNull),
      transcripts: settings.mcpTranscripts,
      mark: crypto.randomUUID().slice(0, 8),
      now: () => clock.now(),
      understood: (query) => typedQuery(query, clock.now()),
      since: (text) => parseSince(text, 'since', clock.now()),
    },
    version,
  );
  for await (const line of linesOf(Bun.stdin.stream())) {
    const answer = await answerLine(server, line);
    if (answer !== null) io.out(`${answer}\n`);
  }
  return EXIT.done;
};
