/** What is asked before something is done to several sessions: how many, how much, and who is left out and why. Pure. */
import { formatBytes, formatCount, plural } from '../cli/format.ts';
import type { SessionRow } from '../domain/session.ts';
import { plainLine } from '../domain/text.ts';
import { padLeft } from './paint.ts';
import type { Question } from './state.ts';

/** So many are named; the rest is counted. */
const NAMED_MAX = 200;

export function questionOf(
  what: 'restore' | 'evict' | 'export',
  rows: readonly SessionRow[],
  exportFile: string,
): Question {
  const live = rows.filter(({ state }) => state !== 'evicted');
  const gone = leftOut(rows.length - live.length, 'whose raw bytes are evicted');
  switch (what) {
    case 'evict': {
      const going = live.filter(({ state, pinned }) => state === 'analyzed' && !pinned);
      const pinned = leftOut(live.filter((row) => row.pinned).length, 'that are pinned');
      const bare = leftOut(
        live.filter((row) => row.state === 'unanalyzed' && !row.pinned).length,
        'without a digest: a sweep digests them first',
      );
      return {
        name: 'Evict',
        file: null,
        title: `Evict the raw bytes of ${plural(going.length, 'session')}, ${bytesOf(going)}: their digests stay`,
        lines: [...pinned, ...bare, ...gone, ...named(going)],
        does: 'Press enter to evict them.',
        effect: going.length === 0 ? null : { kind: 'evict', uids: going.map(({ uid }) => uid) },
      };
    }
    case 'restore':
      return {
        name: 'Restore',
        file: null,
        title: `Restore ${plural(live.length, 'session')} to where their agents look for them`,
        lines: [...gone, 'Nothing that differs is written over.', ...named(live)],
        does: 'Press enter to write them.',
        effect: live.length === 0 ? null : { kind: 'restore_marked', uids: live.map(({ uid }) => uid) },
      };
    case 'export':
      return {
        name: 'Write to a file',
        file: exportFile,
        title: `Write ${plural(rows.length, 'session')}, ${bytesOf(rows)} stored, to a file`,
        lines: ['Digests and all that is known of them go along. They stay here, too.', ...named(rows)],
        does: 'Press enter to write the file.',
        effect:
          rows.length === 0
            ? null
            : { kind: 'export_marked', uids: rows.map(({ uid }) => uid), file: exportFile },
      };
    default:
      return what satisfies never;
  }
}

function bytesOf(rows: readonly SessionRow[]): string {
  return formatBytes(rows.reduce((sum, row) => sum + (row.state === 'evicted' ? 0 : row.storedBytes), 0));
}

function leftOut(count: number, who: string): string[] {
  return count === 0 ? [] : [`Left out: ${formatCount(count)} ${who}.`];
}

/** As a report has them: the size first, the largest above. */
function named(rows: readonly SessionRow[]): string[] {
  const sizeOf = (row: SessionRow) => (row.state === 'evicted' ? 0 : row.storedBytes);
  const lines = rows
    .toSorted((a, b) => sizeOf(b) - sizeOf(a))
    .slice(0, NAMED_MAX)
    .map(
      (row) => `${padLeft(formatBytes(sizeOf(row)), 10)}  ${plainLine(row.title ?? 'Untitled')} · ${row.uid}`,
    );
  return rows.length > NAMED_MAX ? [...lines, `  … and ${formatCount(rows.length - NAMED_MAX)} more`] : lines;
}
