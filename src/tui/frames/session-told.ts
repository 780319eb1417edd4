/** What is known of the session under the cursor of the list, or of the project. */
import { formatAge, formatBytes, formatCount, inUtc } from '../../cli/format.ts';
import type { SessionRow } from '../../domain/session.ts';
import { plainLine } from '../../domain/text.ts';
import type { Iso } from '../../domain/time.ts';
import type { SearchHit } from '../../store/search/search.ts';
import type { Snippet } from '../../store/search/snippets.ts';
import { isLive } from '../catalogue.ts';
import { lastPart } from '../filter.ts';
import { gist, withoutTitle } from '../gist.ts';
import { digestLine, fit, type Line, line, pad, type Span, span, type Tone, tail, wrap } from '../paint.ts';
import type { OwnFile, Sessions } from '../state.ts';
import { type ProjectGroup, projectNaming } from '../totals.ts';
import type { View } from '../view.ts';

/** The projects of what is shown, the largest first. */
export function groupRows({ catalogue, shown }: Sessions): ProjectGroup[] {
  if (catalogue === null) return [];
  const sums = new Map<number, { sessions: number; storedBytes: number; going: number }>();
  for (const row of shown) {
    const project = catalogue.projectOf[row] ?? 0;
    const sum = sums.get(project) ?? { sessions: 0, storedBytes: 0, going: 0 };
    sums.set(project, sum);
    sum.sessions += 1;
    if (isLive(catalogue.flags[row] ?? 0)) sum.storedBytes += catalogue.storedBytes[row] ?? 0;
    if ((catalogue.going[row] ?? 0) > 0) sum.going += 1;
  }
  const named = projectNaming(catalogue.projects);
  return [...sums]
    .map(([project, sum]) => ({ ...named(catalogue.projects[project] ?? ''), project, ...sum }))
    .sort((a, b) => b.storedBytes - a.storedBytes || (a.name < b.name ? -1 : 1));
}

/** The session under the cursor, where its row has been read. */
export function current({ catalogue, shown, place, rows }: Sessions): SessionRow | null {
  const row = shown[place.cursor];
  return row === undefined ? null : (rows.get(catalogue?.ids[row] ?? -1) ?? null);
}

const OWN: Readonly<Record<OwnFile, string>> = {
  there: 'is there',
  changed: 'is there, and differs',
  gone: 'is gone',
  unknown: 'is not known',
};

/** What is known of the session under the cursor, its title first. */
export function peeked(view: View, sessions: Sessions, cells: number, rows: number): Line[] {
  if (sessions.groups !== null) return groupTold(sessions, view.now, cells);
  const session = current(sessions);
  if (session === null) return [];
  const row = sessions.shown[sessions.place.cursor] ?? -1;
  const id = sessions.catalogue?.ids[row] ?? -1;
  const hit = sessions.found?.hits.get(id);
  const peek = sessions.peek?.uid === session.uid ? sessions.peek : null;
  const dim = (text: string) => line(span(fit(plainLine(text), cells), 'dim'));
  const when = inUtc(session.startedAt ?? session.endedAt ?? session.ingestedAt);
  const origin = session.origin === null ? [] : [`imported from ${session.origin}`];
  const facts = [
    session.uid,
    ...origin,
    lastPart(session.project ?? '') || '-',
    ...(session.branch === null ? [] : [session.branch]),
    when,
  ];
  const known = [
    line(span(fit(plainLine(session.title ?? 'Untitled'), cells), 'title')),
    dim(facts.join(' · ')),
    ...fate(session, sessions.catalogue?.going[row] ?? 0, peek?.own, view, cells),
    ...(hit === undefined ? [] : hitLines(hit, cells)),
  ];
  const digest = gist(withoutTitle(peek?.lines ?? []), Math.max(0, rows - known.length));
  return [...known, ...digest.map((text) => digestLine(fit(text, cells)))];
}

/** A project: where it is, how much of what is shown it takes, whose it is and when it was used last. */
function groupTold({ catalogue, shown, groups }: Sessions, now: Iso, cells: number): Line[] {
  const group = groups?.list[groups.place.cursor];
  if (catalogue === null || group === undefined || groups === null) return [];
  const agents = new Map<number, number>();
  let lastMs = 0;
  for (const row of shown) {
    if (catalogue.projectOf[row] !== group.project) continue;
    const agent = catalogue.agentOf[row] ?? 0;
    agents.set(agent, (agents.get(agent) ?? 0) + 1);
    lastMs = Math.max(lastMs, catalogue.timesMs[row] ?? 0);
  }
  const all = groups.list.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  const share = all === 0 ? '' : `, ${Math.round((100 * group.storedBytes) / all)} % of what is shown`;
  const goes =
    group.going === 0 ? 'none goes' : group.going === 1 ? '1 goes' : `${formatCount(group.going)} go`;
  const who = [...agents]
    .sort(([, a], [, b]) => b - a)
    .map(([n, times]) => `${catalogue.agents[n]} ${formatCount(times)}`);
  return [
    line(span(fit(group.name, cells), 'title')),
    line(span(tail(catalogue.projects[group.project] || 'of no known folder', cells), 'dim')),
    line(fit(`${formatBytes(group.storedBytes)} stored${share}; ${goes} with the next sweep`, cells)),
    line(fit(`By agent  ${who.join('  ')}`, cells)),
    ...(lastMs === 0
      ? []
      : [line(fit(`Last used ${formatAge(new Date(lastMs).toISOString() as Iso, now)} ago`, cells))]),
  ];
}

function fate(
  session: SessionRow,
  going: number,
  own: OwnFile | undefined,
  view: View,
  cells: number,
): Line[] {
  const file = own === undefined ? '' : `  Its agent's own file ${OWN[own]}.`;
  const { rawMaxAgeDays } = view.limits;
  const [text, tone]: [string, Tone] =
    session.state === 'evicted'
      ? [goneText(session), 'dim']
      : session.pinned
        ? ['Pinned: no sweep takes it.', 'plain']
        : session.state === 'unanalyzed'
          ? [session.analyzeError === null ? 'No digest yet.' : `No digest: ${session.analyzeError}.`, 'warn']
          : going === 1
            ? [`Goes with the next sweep: older than ${rawMaxAgeDays} days.`, 'warn']
            : going === 2
              ? ['Goes with the next sweep: over the soft cap.', 'warn']
              : ['Stays with the next sweep.', 'plain'];
  return wrap(text + file, cells).map((part) => line(span(part, tone)));
}

/** Of a session whose raw bytes are not here. */
export function goneText({
  machine,
  isInBucket,
  evictedAt,
  analyzedAt,
}: Pick<SessionRow, 'machine' | 'isInBucket' | 'evictedAt' | 'analyzedAt'>): string {
  if (machine !== undefined)
    return isInBucket === true
      ? `On ${plainLine(machine)}, and told of here; a restore fetches it from the bucket.`
      : `On ${plainLine(machine)}, and told of here; the bucket has no bytes of it.`;
  const digest = analyzedAt === null ? 'no digest covers all of it' : 'the digest stays';
  const there = isInBucket === true ? ' A restore fetches it from the bucket.' : '';
  return `Evicted ${inUtc(evictedAt)}; ${digest}.${there}`;
}

const WHERE_CELLS = 11;

function hitLines({ snippets, missing }: SearchHit, cells: number): Line[] {
  return [
    ...snippets.slice(0, 3).map((snippet) => snippetLine(snippet, cells)),
    ...(missing.length > 0
      ? [line(span(fit(`${pad('without', WHERE_CELLS)}${missing.map(plainLine).join(', ')}`, cells), 'dim'))]
      : []),
  ];
}

/** What was found is seen: a text that is too long is cut before it, too. */
function snippetLine({ where, text, marks }: Snippet, cells: number): Line {
  const room = cells - WHERE_CELLS;
  const [first = 0] = marks[0] ?? [];
  const from = Bun.stringWidth(text) > room && first > room / 2 ? first - Math.floor(room / 3) : 0;
  const lead = from > 0 ? '…' : '';
  const source = lead + text.slice(from);
  const shown = fit(source, room);
  // What had to be taken apart to fit has other places: from there on nothing is marked.
  let same = 0;
  while (same < shown.length && shown[same] === source[same]) same += 1;
  const spans: Span[] = [span(pad(where, WHERE_CELLS), 'dim')];
  let done = 0;
  for (const [markStart, markEnd] of marks) {
    const [start, end] = [markStart - from + lead.length, markEnd - from + lead.length];
    if (start < lead.length || end > same) continue;
    spans.push(span(shown.slice(done, start)), span(shown.slice(start, end), 'title'));
    done = end;
  }
  return line(...spans, shown.slice(done));
}
