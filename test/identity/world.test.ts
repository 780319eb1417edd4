/**
 * All of a small world: files of one id at up to three paths, in all orders, over stores that two runs have left behind; and the
 * laws that whoever reads a restored transcript counts on.
 */
import { describe, expect, test } from 'bun:test';
import { compareBearers, type Held, type Standing, whose } from '../../src/identity/whose.ts';

/** What is stored of one session; a text stands for its bytes, a letter for a turn. */
interface Session {
  readonly uid: string;
  readonly state: 'live' | 'evicted' | 'forgotten';
  readonly content: string;
  /** Raised whenever the content is another one. */
  readonly version: number;
  /** Contents that were replaced. */
  readonly earlier: readonly string[];
}

interface Mark {
  readonly uid: string;
  /** The version that the path held all of; null: a part. */
  readonly held: number | null;
  readonly seen: string;
}

interface Store {
  readonly sessions: ReadonlyMap<string, Session>;
  readonly marks: ReadonlyMap<string, Mark>;
}

type Disk = Readonly<Record<string, string>>;

const EMPTY: Store = { sessions: new Map(), marks: new Map() };

function standingOf(file: string, { content, state, earlier }: Session): Standing {
  if (state === 'forgotten') return 'unknown';
  if (file === content) return 'same';
  // A session that was emptied had bytes of its own.
  if (content === '') return earlier.length === 0 ? 'unknown' : 'different';
  if (file.startsWith(content)) return 'grown';
  // Of an evicted session only its length and its hash are left.
  return state === 'live' && content.startsWith(file) ? 'shorter' : 'different';
}

/** What the store knows of a path. */
function heldBy(store: Store, disk: Disk, path: string, uid: string): Held {
  const holdsAll = (of: string) => {
    const mark = store.marks.get(of);
    return mark?.uid === uid && mark.held === store.sessions.get(uid)?.version;
  };
  if (store.marks.get(path)?.uid !== uid) return 'no';
  if (!holdsAll(path)) return 'part';
  return Object.keys(disk).some((other) => other !== path && holdsAll(other)) ? 'shared' : 'all';
}

/** One run over the files, found in that order, carried out as ingest does. */
function run(store: Store, disk: Disk, found: readonly string[]): Store {
  const sessions = new Map(store.sessions);
  const marks = new Map(store.marks);
  const bearers = found
    .filter((path) => path in disk && marks.get(path)?.seen !== disk[path])
    .map((path) => {
      const own = sessions.get(marks.get(path)?.uid ?? '');
      const isContinued = (session: Session | undefined) =>
        session !== undefined && ['same', 'grown'].includes(standingOf(disk[path] ?? '', session));
      const isSame = (session: Session) =>
        session.content !== '' && standingOf(disk[path] ?? '', session) === 'same';
      return {
        path,
        isNamedById: path === 'a',
        isCompressed: false,
        bytes: disk[path]?.length ?? 0,
        held: heldBy(store, disk, path, own?.uid ?? ''),
        continues: [...sessions.values()].some(isSame)
          ? ('same' as const)
          : isContinued(own)
            ? ('own' as const)
            : [...sessions.values()].some(isContinued)
              ? ('another' as const)
              : ('none' as const),
      };
    })
    .sort(compareBearers);
  for (const { path } of bearers) {
    const file = disk[path] ?? '';
    const candidates = [...sessions.values()]
      .sort((a, b) => (a.uid < b.uid ? -1 : 1))
      .map((each) => ({
        uid: each.uid,
        state: each.state,
        bytes: each.content.length,
        held: heldBy({ sessions, marks }, disk, path, each.uid),
        standing: standingOf(file, each),
      }));
    const fresh = !sessions.has('id')
      ? 'id'
      : sessions.has(`twin of ${path}`)
        ? `next of ${path}`
        : `twin of ${path}`;
    const { uid, reason, mayReplace } = whose(fresh, candidates);
    if (reason === 'forgotten') continue;
    const session = sessions.get(uid);
    const isAdded = session === undefined || file.startsWith(session.content);
    const isTaken = !['same', 'copy', 'evicted'].includes(reason) && file !== session?.content;
    if (isTaken) {
      expect(isAdded || mayReplace || reason === 'returns', 'only what may be replaced is').toBe(true);
      sessions.set(uid, {
        uid,
        state: 'live',
        content: file,
        version: (session?.version ?? 0) + 1,
        earlier: isAdded ? (session?.earlier ?? []) : [...(session?.earlier ?? []), session?.content ?? ''],
      });
    }
    const now = sessions.get(uid);
    marks.set(path, { uid, held: now?.content === file ? (now?.version ?? null) : null, seen: file });
  }
  return { sessions, marks };
}

function orders(paths: readonly string[]): string[][] {
  if (paths.length < 2) return [[...paths]];
  return paths.flatMap((path) =>
    orders(paths.filter((each) => each !== path)).map((rest) => [path, ...rest]),
  );
}

/** Every disk of these paths and contents; null is no file. */
function* disks(paths: readonly string[], contents: readonly (string | null)[]): Generator<Disk> {
  const [path, ...rest] = paths;
  if (path === undefined) {
    yield {};
    return;
  }
  for (const disk of disks(rest, contents))
    for (const content of contents) yield content === null ? disk : { ...disk, [path]: content };
}

/** The store with a session evicted or forgotten, for each of them, and as it is. */
function* fates(store: Store): Generator<Store> {
  yield store;
  for (const session of store.sessions.values())
    for (const state of ['evicted', 'forgotten'] as const) {
      const sessions = new Map(store.sessions);
      sessions.set(session.uid, { ...session, state, content: state === 'evicted' ? session.content : '' });
      const marks = [...store.marks].filter(([, mark]) => state === 'evicted' || mark.uid !== session.uid);
      yield { sessions, marks: new Map(marks) };
    }
}

/** What is stored, whoever bears which name: contents with their fates, and to which of them each path leads. */
function outcome({ sessions, marks }: Store): string {
  const told = [...sessions.values()]
    .map(({ state, content, earlier }) => `${state} ${content} ${earlier}`)
    .sort();
  const paths = [...marks].map(([path, { uid }]) => `${path}:${sessions.get(uid)?.content}`).sort();
  return JSON.stringify([told, paths]);
}

const WORLDS = [
  { paths: ['a', 'b'], contents: [null, '', 'x', 'xy', 'xz', 'xyw', 'q'] },
  { paths: ['a', 'b', 'c'], contents: [null, 'x', 'xy', 'xz'] },
];

describe.each(WORLDS)('files at $paths with $contents', ({ paths, contents }) => {
  const violations = new Map<string, string[]>();
  const wrong = (law: string, ...told: unknown[]) => {
    const list = violations.get(law) ?? [];
    violations.set(law, list);
    if (list.length < 3) list.push(JSON.stringify(told));
  };
  let seen = 0;

  test('obey every law', () => {
    for (const first of disks(paths, contents))
      for (const left of fates(run(EMPTY, first, paths)))
        for (const second of disks(paths, contents)) {
          const outcomes = new Set<string>();
          for (const order of orders(paths)) {
            const after = run(left, second, order);
            seen += 1;
            outcomes.add(outcome(after));
            laws(left, second, after, order);
          }
          if (outcomes.size > 1)
            wrong('the order of files changes the outcome', first, [...left.sessions.values()], second, [
              ...outcomes,
            ]);
        }
    expect(Object.fromEntries(violations)).toEqual({});
    console.log(`${seen} runs`);
  });

  test('are the same in one run and in several, from an empty store', () => {
    for (const disk of disks(paths, contents)) {
      const once = outcome(run(EMPTY, disk, paths));
      for (const order of orders(paths)) {
        let store = EMPTY;
        for (const [i] of order.entries())
          store = run(
            store,
            Object.fromEntries(Object.entries(disk).filter(([path]) => order.slice(0, i + 1).includes(path))),
            order,
          );
        const contentsOf = (text: string) => JSON.parse(text)[0];
        if (JSON.stringify(contentsOf(outcome(store))) !== JSON.stringify(contentsOf(once)))
          wrong('the order of runs changes what is together', disk, order, once, outcome(store));
      }
    }
    expect(violations.get('the order of runs changes what is together') ?? []).toEqual([]);
  });

  function laws(before: Store, disk: Disk, after: Store, order: readonly string[]): void {
    const hasForgotten = [...after.sessions.values()].some(({ state }) => state === 'forgotten');
    for (const [path, file] of Object.entries(disk)) {
      const uid = after.marks.get(path)?.uid;
      const session = uid === undefined ? undefined : after.sessions.get(uid);
      if (session === undefined) {
        if (!hasForgotten) wrong('a file is nobody`s', path, disk, before);
        continue;
      }
      const isThere = session.content.startsWith(file) || session.earlier.some((one) => one.startsWith(file));
      if (!isThere) wrong('bytes of a file are in no session', path, disk, [...before.sessions.values()]);
    }
    for (const old of before.sessions.values()) {
      const now = after.sessions.get(old.uid);
      const kept = [now?.content ?? '', ...(now?.earlier ?? [])].some((one) => one.startsWith(old.content));
      if (!kept) wrong('bytes that were stored are gone', old, disk);
      const isReplaced = now !== undefined && !now.content.startsWith(old.content);
      const byOwn = order.some((path) => {
        const mark = before.marks.get(path);
        return mark?.uid === old.uid && mark.held === old.version && path in disk;
      });
      if (isReplaced && old.content !== '' && !byOwn)
        wrong('a session was taken over', old, disk, order, now);
      const isStillThere = Object.values(disk).includes(old.content);
      if (isReplaced && isStillThere && old.state === 'live' && old.content !== '')
        wrong('a copy took a session over', old, disk, order, now);
    }
    for (const [path, file] of Object.entries(disk)) {
      const own = before.sessions.get(before.marks.get(path)?.uid ?? '');
      const now = after.sessions.get(own?.uid ?? '');
      if (own?.state !== 'live' || own.content === '') continue;
      const isOf = [...before.sessions.values()].filter(
        ({ uid, state, content }) =>
          state === 'live' &&
          content !== file &&
          content.startsWith(file) &&
          after.sessions.get(uid)?.content === content,
      );
      if (file !== '' && isOf.length > 0 && !own.content.startsWith(file) && now?.content === file)
        wrong('the beginning of one session took the place of another', path, disk, own, isOf);
      const isLeft = before.marks.get(path)?.held === own.version && own.content === now?.content;
      const isCopied = Object.entries(disk).some(
        ([other, content]) =>
          other !== path && (own.content.startsWith(content) || content.startsWith(own.content)),
      );
      if (file === '' && isLeft && !isCopied) wrong('an emptied file is not its session`s', path, disk, own);
    }
    for (const [path, file] of Object.entries(disk)) {
      const mark = before.marks.get(path);
      const old = mark === undefined ? undefined : before.sessions.get(mark.uid);
      if (
        old === undefined ||
        old.content === '' ||
        mark?.held !== old.version ||
        !file.startsWith(old.content)
      )
        continue;
      const isHeldElsewhere = (other: string) => {
        const its = before.marks.get(other);
        return its?.uid === old.uid && its.held === old.version;
      };
      const others = Object.entries(disk).some(
        ([other, content]) => other !== path && (content === file || isHeldElsewhere(other)),
      );
      if (after.marks.get(path)?.uid !== old.uid && !others)
        wrong('growth went elsewhere', path, disk, [...before.sessions.values()]);
    }
    if (outcome(run(after, disk, order)) !== outcome(after))
      wrong('a second run changes something', disk, outcome(after));
  }
});
