/**
 * Files that only records name: which session each is of.
 * Promises: a file that is known stays its session's without a look into anything. Transcripts that are to be taken are read for the names of
 * others; all that are stored only where such a file was never looked for as it is now. What was evicted is not woken by it.
 */
import type { AgentFormat } from '../../domain/agent.ts';
import { BEHIND_BYTES, isNamedIn, type NamedFiles } from '../../domain/named.ts';
import { openSource } from '../../files/contained/contained.ts';
import type { DiscoverOptions, FoundFile } from './as-found.ts';

/** By agent and by id, files of one session or of several that bear the id. */
export type Groups = ReadonlyMap<AgentFormat, Map<string, FoundFile[]>>;

/** Puts each file into the group that names it; returns those that none names. */
export async function claimNamed(
  groups: Groups,
  files: readonly FoundFile[],
  options: DiscoverOptions,
): Promise<FoundFile[]> {
  const left: FoundFile[] = [];
  for (const [agent, own] of Map.groupBy(files, ({ agent }) => agent)) {
    const { named } = agent;
    if (named === undefined) continue;
    const open = new Set(own);
    const all = [...(groups.get(agent)?.values() ?? [])].filter((group) => group.some(isTranscript));
    const isTaken = (group: readonly FoundFile[]) =>
      options.full === true || group.some((file) => file.isChanged);
    for (const group of all.filter(isTaken)) await claim(group, open, named, options);
    const isNew = ({ path, stat }: FoundFile) => options.known.unnamed.get(path) !== stat;
    const fresh = new Set([...open].filter(isNew));
    for (const group of fresh.size === 0 ? [] : newestFirst(all.filter((one) => !isTaken(one)))) {
      if (fresh.size === 0) break;
      if (group.some(({ path }) => options.known.isEvictedAt(path))) continue;
      for (const file of await claim(group, fresh, named, options)) open.delete(file);
    }
    left.push(...open);
  }
  return left;
}

const isTranscript = ({ class: { role } }: FoundFile) => role === 'main' || role === 'subagent';

function newestFirst(groups: readonly FoundFile[][]): FoundFile[][] {
  const newest = (group: readonly FoundFile[]) => Math.max(...group.map(({ mtimeMs }) => mtimeMs));
  return groups.toSorted((a, b) => newest(b) - newest(a));
}

/** Moves those that the transcripts of a group name from `open` into it. */
async function claim(
  group: FoundFile[],
  open: Set<FoundFile>,
  named: NamedFiles,
  options: DiscoverOptions,
): Promise<FoundFile[]> {
  const claimed: FoundFile[] = [];
  for (const transcript of group.filter(isTranscript)) {
    if (open.size === 0 || options.signal?.aborted === true) break;
    const names = await namesIn(transcript, named);
    for (const file of open)
      if (file.root === transcript.root && isNamedIn(names, file.relPath)) claimed.push(file);
    for (const file of claimed) open.delete(file);
  }
  group.push(...claimed);
  return claimed;
}

async function namesIn(transcript: FoundFile, named: NamedFiles): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  const marks = named.marks.map((mark) => Buffer.from(mark));
  const keptBytes = BEHIND_BYTES + Math.max(...marks.map(({ length }) => length));
  try {
    using source = openSource(transcript);
    let rest = Buffer.alloc(0);
    for await (const chunk of source.chunks()) {
      const window = Buffer.concat([rest, chunk]);
      // What begins in the last bytes is looked at with the next ones.
      const end = Math.max(0, window.length - keptBytes);
      noteNames(window, end, marks, named, names);
      rest = window.subarray(end);
    }
    noteNames(rest, rest.length, marks, named, names);
  } catch {
    // What cannot be read is named when it is taken.
  }
  return names;
}

function noteNames(
  window: Buffer,
  end: number,
  marks: readonly Buffer[],
  named: NamedFiles,
  names: Set<string>,
): void {
  for (const mark of marks) {
    for (let at = window.indexOf(mark); at >= 0 && at < end; at = window.indexOf(mark, at + mark.length)) {
      const from = at + mark.length;
      for (const name of named.placesIn(window.toString('utf8', from, from + BEHIND_BYTES))) names.add(name);
    }
  }
}
