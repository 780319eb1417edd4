/**
 * Filters within the words of a search: `agent:codex project:web since:7d`. Pure.
 * Promises: what is no filter stays a word, so that anything at all may be typed; what stands in quotes is never one.
 * (`file:` and `command:` are things to look for, and are read with the words.)
 */
import { FailureError, invalid } from '../domain/errors.ts';
import type { Iso } from '../domain/time.ts';
import type { SearchQuery } from '../store/search/search.ts';
import { parseSince } from './values.ts';

const FILTER = /^(agent|project|since|until):(?:"([^"]+)"?|([^\s"]+))$/;
/** A word with its quoted value, a phrase, or a word. */
const TOKEN = /\w+:"[^"]*"?|-?"[^"]*"?\*?|[^\s"]+/g;
const NAMES = /^(?:agent|project|since|until|file|command):/;

type Filters = Pick<SearchQuery, 'agent' | 'project' | 'since' | 'until'>;

/** The query with the filters out of its words. What was asked for twice with two values is a failure. */
export function typedQuery<Query extends SearchQuery>(query: Query, now: Iso): Query {
  let found: Filters = {};
  const words = query.text.match(TOKEN)?.filter((token) => {
    const filter = filterIn(token, now);
    if (filter === null) return true;
    found = both(found, filter);
    return false;
  });
  const filters = both(found, {
    ...(query.agent === undefined ? {} : { agent: query.agent }),
    ...(query.project === undefined ? {} : { project: query.project }),
    ...(query.since === undefined ? {} : { since: query.since }),
    ...(query.until === undefined ? {} : { until: query.until }),
  });
  return Object.keys(found).length === 0 ? query : { ...query, ...filters, text: (words ?? []).join(' ') };
}

function filterIn(token: string, now: Iso): Filters | null {
  const [, name, quoted, bare] = FILTER.exec(token) ?? [];
  const value = quoted ?? bare ?? '';
  if (name === 'agent') return { agent: value };
  if (name === 'project') return { project: value };
  if (name !== 'since' && name !== 'until') return null;
  try {
    return { [name]: parseSince(value, name, now) };
  } catch (thrown) {
    // `since:the` is no time: two words, then.
    if (thrown instanceof FailureError) return null;
    throw thrown;
  }
}

function both(one: Filters, other: Filters): Filters {
  for (const name of ['agent', 'project', 'since', 'until'] as const) {
    const [a, b] = [one[name], other[name]];
    if (a !== undefined && b !== undefined && a !== b)
      throw new FailureError(invalid(`${name} is asked for twice: ${a} and ${b}`, 'Give one of them.'));
  }
  return { ...one, ...other };
}

/** Arguments as one text. A shell takes the quotes away: one of several with blanks in it was a phrase, or a filter's value. */
export function textOf(args: readonly string[]): string {
  return args
    .map((arg) => {
      if (!/\s/.test(arg) || arg.includes('"') || args.length === 1) return arg;
      const name = NAMES.exec(arg)?.[0] ?? '';
      return `${name}"${arg.slice(name.length)}"`;
    })
    .join(' ');
}
