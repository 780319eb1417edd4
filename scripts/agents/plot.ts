/**
 * The work that every agent is given: what is prompted, what the scripted model then does, and what of it a digest must tell.
 * Promises: each prompt and command stands here once, so that no check repeats what it checks.
 */
import type { Turn } from './model/script.ts';

const NEVER = '/dev/null/never-written.txt';
const UNTOUCHED = 'untouched.txt';

/** Stands in the project before the first turn. */
export const BEFORE = { path: UNTOUCHED, content: 'as it was\n' };
/** The slow command leaves it when it has begun. */
export const SLOW_BEGAN = 'slow-began';
/** Output of a tool that a resumed conversation must carry to the model. */
export const SEEN = 'before-the-failure';
export const BRANCH = 'greetings';

export const FIRST: Turn = {
  prompt: 'Please write the greeting and try two commands.',
  steps: [
    { kind: 'write', path: 'hello.txt', content: 'hello from the script\n' },
    { kind: 'read', path: 'hello.txt' },
    { kind: 'edit', path: 'hello.txt', before: 'hello from', after: 'goodbye from' },
    { kind: 'write', path: NEVER, content: 'nothing can be here\n' },
    { kind: 'read', path: UNTOUCHED },
    { kind: 'edit', path: UNTOUCHED, before: 'is not in it', after: 'never comes to be' },
    { kind: 'run', command: `echo ${SEEN}; exit 3` },
    { kind: 'run', command: 'echo it-went-well' },
    { kind: 'say', text: 'The greeting stands, said the script.' },
  ],
};

export const SECOND: Turn = {
  prompt: 'What came of the greeting?',
  steps: [{ kind: 'say', text: 'It says goodbye now, said the script.' }],
};

export const SLOW: Turn = {
  prompt: 'Now something that takes long.',
  steps: [
    { kind: 'run', command: `touch ${SLOW_BEGAN}; sleep 90` },
    { kind: 'say', text: 'It took long, said the script.' },
  ],
};

export const AFTER_KILL: Turn = {
  prompt: 'Are you still there after all that?',
  steps: [{ kind: 'say', text: 'Still here, said the script.' }],
};

export const AFTER_EVICTION: Turn = {
  prompt: 'And after it was stored away?',
  steps: [{ kind: 'say', text: 'Back again, said the script.' }],
};

export const ELSEWHERE: Turn = {
  prompt: 'Do you remember it on this machine?',
  steps: [{ kind: 'say', text: 'Here as there, said the script.' }],
};

/** What a person calls the session. */
export const NAME = 'Ada’s greetings';
export const NAMED: Turn = {
  prompt: 'Are you found by your name?',
  steps: [{ kind: 'say', text: 'By its name, said the script.' }],
};

export const TODOS = ['count the greetings', 'answer each of them'];
export const ERRAND: Turn = {
  prompt: 'The errand: fetch the answer to the greeting.',
  steps: [
    { kind: 'write', path: 'by-helper.txt', content: 'fetched\n' },
    { kind: 'say', text: 'The errand is done, said the helper.' },
  ],
};
export const HELPED: Turn = {
  prompt: 'Keep a list of it, and have a helper run the errand.',
  steps: [
    { kind: 'todo', items: TODOS },
    { kind: 'delegate', prompt: ERRAND.prompt },
    { kind: 'say', text: 'The helper came back, said the script.' },
  ],
};

/** Stands at the end of output that is too long for a conversation: agents put such aside. */
export const LAST_OF_MANY = 'line 9000 of the long list';
export const SPILLED: Turn = {
  prompt: 'List them all, however many they are.',
  steps: [
    { kind: 'run', command: "seq 1 9000 | sed 's/.*/line & of the long list/'" },
    { kind: 'say', text: 'They are many, said the script.' },
  ],
};

/** What a command says that goes on behind the conversation. */
export const BEHIND = 'said-from-behind';
export const BACKGROUND: Turn = {
  prompt: 'Have something run behind us.',
  steps: [
    { kind: 'background', command: `echo ${BEHIND}` },
    { kind: 'run', command: 'sleep 2' },
    { kind: 'say', text: 'It runs behind us, said the script.' },
  ],
};

export const PLAN = '# Greetings\n\nFirst count them, then answer each.\n';
export const PLANNED: Turn = {
  prompt: 'Think of a plan for the greetings.',
  steps: [
    { kind: 'plan', content: PLAN },
    { kind: 'say', text: 'The plan stands, said the script.' },
  ],
};
export const UNPLANNED: Turn = {
  prompt: 'Now without a plan.',
  steps: [{ kind: 'say', text: 'Without one, said the script.' }],
};
export const PLANNED_ON: Turn = {
  prompt: 'Is the plan still there?',
  steps: [{ kind: 'say', text: 'It is the same plan, said the script.' }],
};

export const FORKED: Turn = {
  prompt: 'Now on another branch of this talk.',
  steps: [{ kind: 'say', text: 'Another branch it is, said the script.' }],
};

export const AFTER_COMPACTION: Turn = {
  prompt: 'What is left of it in short?',
  steps: [{ kind: 'say', text: 'The short of it, said the script.' }],
};

/** What an older session holds; the model asks for a word of it, and is to be answered with another. */
export const RECORDED = {
  folder: 'older',
  prompt: 'Mend the walrus feeder, and keep the spanner-of-the-keeper dry.',
  query: 'walrus feeder',
  word: 'spanner-of-the-keeper',
};
export const ASKED: Turn = {
  prompt: 'Was anything like it done before?',
  steps: [
    { kind: 'find-tool' },
    { kind: 'look-up', query: RECORDED.query },
    { kind: 'say', text: 'It was done before, said the script.' },
  ],
};

export const TURNS: readonly Turn[] = [
  ...[FIRST, SECOND, SLOW, AFTER_KILL, AFTER_EVICTION, ELSEWHERE, NAMED, HELPED, ERRAND],
  ...[SPILLED, BACKGROUND, PLANNED, UNPLANNED, PLANNED_ON, FORKED, AFTER_COMPACTION, ASKED],
];

export interface Command {
  readonly command: string;
  readonly exit: number;
}

/** What of a turn must stand in a digest. Paths are relative to the project. */
export interface Deeds {
  readonly written: readonly string[];
  readonly edited: readonly string[];
  /** What was tried to write or edit, and failed. */
  readonly untouched: readonly string[];
  readonly commands: readonly Command[];
}

export const DEEDS: Deeds = {
  written: ['hello.txt'],
  edited: ['hello.txt'],
  untouched: [NEVER, UNTOUCHED],
  commands: FIRST.steps.flatMap((step) =>
    step.kind === 'run'
      ? [{ command: step.command, exit: Number(/exit (\d+)/.exec(step.command)?.[1] ?? 0) }]
      : [],
  ),
};

/** The first command of a turn. */
export function commandOf({ steps }: Turn): string {
  const step = steps.find(({ kind }) => kind === 'run' || kind === 'background');
  return step !== undefined && 'command' in step ? step.command : '';
}
