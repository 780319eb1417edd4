/** One session as a row of a list: what is known of it, in columns that keep their places. */
import { formatAge, formatBytes, formatCount } from '../../cli/format.ts';
import type { SessionCard } from '../../domain/session.ts';
import type { Iso } from '../../domain/time.ts';
import type { Proposal } from '../../sweep/ports.ts';
import { typedSpans } from '../line-edit.ts';
import { fit, type Line, line, pad, padLeft, span } from '../paint.ts';
import type { Wizard } from '../state.ts';
import { listLength, shownLength } from '../wizard.ts';

export interface RowLook {
  readonly cells: number;
  readonly now: Iso;
  readonly isCursor: boolean;
  /** A word in front: kept, pin, a state. Meaning is never by colour alone. */
  readonly mark: string;
  /** Cells for the mark. */
  readonly markCells: number;
  readonly bytes: number;
}

/** `origin`: of a session whose archive nobody vouches for; its own title cannot take the mark away. */
export function sessionRow(card: SessionCard & { readonly origin?: string | null }, look: RowLook): Line {
  const title = card.title ?? card.uid;
  const text = columns(
    [
      look.mark,
      formatBytes(look.bytes),
      formatAge(card.endedAt ?? card.startedAt ?? card.ingestedAt, look.now),
      card.agent,
      (card.project ?? '-').split(/[\\/]/).at(-1) ?? '-',
      card.origin == null ? title : `[imported] ${title}`,
    ],
    look,
  );
  return look.isCursor ? line(span(`›${text}`, 'cursor')) : line(` ${text}`);
}

export function rowHead(look: Pick<RowLook, 'cells' | 'markCells'>, mark: string): Line {
  return line(span(` ${columns([mark, 'stored', 'age', 'agent', 'project', 'title'], look)}`, 'dim'));
}

export const NOBODY_LIKE_THAT = '  Nobody like that.';

/** In the place of the head while it is typed whom the list is to show; null: it is not. */
export function siftLine({ sift, sifting }: Wizard, fromEnd: number, cells: number): Line | null {
  return sifting ? line(span('/ ', 'key'), ...typedSpans({ text: sift, fromEnd }, cells - 2)) : null;
}

export function positionText(wizard: Wizard, proposal: Proposal): string {
  const at = formatCount(wizard.place.cursor + 1);
  const [shown, all] = [shownLength(wizard, proposal), listLength(proposal)];
  const like = wizard.sift.trim() === '' ? '' : ` with “${wizard.sift.trim()}”, of ${formatCount(all)}`;
  return `${at} of ${formatCount(shown)}${like}`;
}

/** As in the list of sessions. Mark, size and age keep their width; the project takes a share; the title has the rest. A narrow window leaves the agent out. */
function columns(
  [mark, bytes, age, agent, project, title]: readonly [string, string, string, string, string, string],
  { cells, markCells }: Pick<RowLook, 'cells' | 'markCells'>,
): string {
  const narrow = cells < 76;
  const projectCells = cells >= 130 ? 28 : narrow ? 11 : 16;
  const text = [
    ...(markCells > 0 ? [pad(mark, markCells)] : []),
    padLeft(bytes, 9),
    padLeft(age, 6),
    ...(narrow ? [''] : [` ${pad(agent, 12)}`]),
    pad(project, projectCells),
    title,
  ].join(' ');
  return pad(fit(text, cells - 1), cells - 1);
}
