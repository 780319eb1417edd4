/**
 * A format of a person's own, as the configuration tells it: which files are transcripts, and where in them stands what a
 * digest is made of.
 * Promises: plain values only, so that it travels to other threads; the defaults stand here once, for readers and for `config`.
 */

export const OWN_FORMS = ['jsonl', 'json', 'markdown'] as const;
export type OwnFormatKind = (typeof OWN_FORMS)[number];

/** As it was written; what is absent has its default (`ownValue`). */
export interface OwnFormat {
  /** For people; absent: the agent's id. */
  readonly name?: string;
  /** Below a root, `/` between parts: a file that it matches is one session's transcript. */
  readonly glob: string;
  /** Told by the glob's ending where it was not written. */
  readonly format: OwnFormatKind;
  /** The session's own id; absent: the file's path below its root. */
  readonly id?: readonly string[];
  readonly time?: readonly string[];
  readonly role?: readonly string[];
  readonly text?: readonly string[];
  readonly project?: readonly string[];
  readonly title?: readonly string[];
  /** Of one JSON document a file: where in it the list of turns stands; a document may be the list itself. */
  readonly list?: readonly string[];
  /** What marks the turn of a person, and of the agent: values of `role`, or what a line of Markdown begins with. */
  readonly user?: readonly string[];
  readonly assistant?: readonly string[];
  /** Words of a command, `{id}` for the session's id. */
  readonly resume?: string;
}

/** The keys that hold lists: places in a record, each tried in turn, or beginnings of lines. */
export const OWN_LISTS = [
  ...(['id', 'time', 'role', 'text', 'project', 'title', 'list', 'user', 'assistant'] as const),
] as const;
export type OwnList = (typeof OWN_LISTS)[number];
export const OWN_KEYS = ['name', 'glob', 'format', ...OWN_LISTS, 'resume'] as const;

/** Whether a key means something in a format: only a document has a list, and Markdown no records. */
export function hasKey(format: OwnFormatKind, key: OwnList): boolean {
  if (key === 'list') return format === 'json';
  return format !== 'markdown' || (key !== 'role' && key !== 'text');
}

/** How aider begins each line of a prompt. That line is all of it: what stands below is the answer. */
export const LINE_PROMPT = '#### ';

const HEADINGS = ['# ', '## ', '### '];
const headed = (words: readonly string[]) =>
  words.flatMap((word) => [
    ...HEADINGS.map((heading) => heading + word),
    `**${word}**`,
    `**${word}:**`,
    `_**${word}`,
  ]);

const RECORDS: Readonly<Record<OwnList, readonly string[]>> = {
  id: [],
  time: ['timestamp', 'time', 'created_at', 'createdAt', 'created', 'ts'],
  role: ['role', 'message.role', 'type'],
  text: ['content', 'message.content', 'text', 'message.text', 'message'],
  project: ['cwd'],
  title: [],
  list: [],
  user: ['user', 'human'],
  assistant: ['assistant', 'model', 'ai'],
};
const DEFAULTS: Readonly<Record<OwnFormatKind, Readonly<Record<OwnList, readonly string[]>>>> = {
  jsonl: RECORDS,
  json: { ...RECORDS, title: ['title'], list: ['messages', 'history', 'conversation', 'turns'] },
  markdown: {
    id: [],
    time: [],
    role: [],
    text: [],
    project: [],
    title: [],
    list: [],
    user: [LINE_PROMPT, ...headed(['User', 'Human', 'You'])],
    assistant: headed(['Assistant', 'AI', 'Agent', 'Model']),
  },
};

/** What a list of the format is, written or not. */
export function ownValue(own: Pick<OwnFormat, 'format' | OwnList>, key: OwnList): readonly string[] {
  return own[key] ?? DEFAULTS[own.format][key];
}

/** The format that a glob's ending tells, else null: `**` + `/*.jsonl.zst`, `*.{md,markdown}`. */
export function formatOfGlob(glob: string): OwnFormatKind | null {
  const endings = (glob.split('/').at(-1) ?? '').split(/[.,{}]/).map((part) => part.toLowerCase());
  const told = new Set(endings.flatMap((ending) => ENDINGS.get(ending) ?? []));
  const [only] = told;
  return told.size === 1 && only !== undefined ? only : null;
}

const ENDINGS: ReadonlyMap<string, OwnFormatKind> = new Map([
  ['jsonl', 'jsonl'],
  ['ndjson', 'jsonl'],
  ['md', 'markdown'],
  ['markdown', 'markdown'],
]);
