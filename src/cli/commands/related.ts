/** `related UID`: sessions about the same, by files and words that they share. */
import { EXIT } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { openReadable } from '../../store/open.ts';
import { resolveSession } from '../../store/read.ts';
import { awayText, whereabouts } from '../../store/remote/whereabouts.ts';
import { type Related, related } from '../../store/search/related.ts';
import { type Command, printJson, textFlag } from '../context.ts';
import { formatTime } from '../format.ts';
import { paint } from '../io.ts';
import { parseLimit } from '../values.ts';
import { onlyArg } from '../wire.ts';
import { asJson } from './list.ts';

/** A screen of them. */
const LIMIT = 10;
const LABEL_COLUMNS = 7;

export const relatedCommand: Command = async (context) => {
  const { io, flags, settings } = context;
  const project = textFlag(flags, 'project');
  const asked = textFlag(flags, 'limit');
  const limit = asked === null ? LIMIT : parseLimit(asked);
  using db = openReadable(settings.storePath);
  const session = resolveSession(db, onlyArg(context, 'UID'));
  const kin = related(db, session, { limit, ...(project === null ? {} : { project }) });
  if (context.json)
    printJson<'related'>(io, {
      version: 1,
      session_uid: session.uid,
      related: kin.map(({ session: other, ...rest }) => ({
        session: asJson(other, false, whereabouts(db, other.uid)),
        ...rest,
      })),
    });
  else if (kin.length > 0)
    io.out(kin.map((one) => block(io, one, awayText(whereabouts(db, one.session.uid)))).join('\n'));
  else
    io.out(
      session.digestBytes === 0
        ? `${session.uid} has no digest to compare.\n`
        : 'No other session has the same files or words.\n',
    );
  return EXIT.done;
};

function block(
  io: Parameters<typeof paint>[0],
  { session, raw, files, words }: Related,
  away: string | null,
): string {
  const when = formatTime(session.endedAt ?? session.startedAt ?? session.ingestedAt);
  const state = raw === 'live' ? 'raw stored' : (away ?? (raw === 'evicted' ? 'raw evicted' : 'raw lost'));
  const facts = [session.uid, plainLine(session.project ?? ''), when, plainLine(state)].filter(
    (fact) => fact !== '',
  );
  const rows = [
    ['files', files.map(plainLine).join('  ')],
    ['words', words.map(plainLine).join(', ')],
  ] as const;
  return [
    `${paint(io, 'bold', plainLine(session.title ?? '') || 'Untitled')}\n${facts.join('  ')}\n`,
    ...rows.flatMap(([label, text]) => (text === '' ? [] : [`  ${label.padEnd(LABEL_COLUMNS)}${text}\n`])),
  ].join('');
}
