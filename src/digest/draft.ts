/** How facts stand in a digest, one by one. Pure. */
import type { DigestCommand, DigestPrompt } from '../domain/digest.ts';
import type { Todo } from '../domain/facts.ts';
import { plainLine } from '../domain/text.ts';
import { CHARS, COUNTS, kept } from './keep.ts';

/** A command that ran. */
export interface Ran {
  readonly command: string;
  /** Characters of the command beyond `command`. */
  readonly beyond: number;
  exit: number | null;
  failed: boolean;
  times: number;
}

/**
 * The title from outside, unless it is the first prompt again, cut: the whole prompt is taken then, since half a
 * secret at the cut would not be known as one. Nor where it is only what a fork has `copied`: the first look at its file may have seen
 * nothing of its own.
 */
export function outsideOr(
  prompt: string | undefined,
  outside: string | null,
  copied: readonly string[],
): string | undefined {
  if (outside === null || outside.trim() === '') return prompt;
  const start = plainLine(outside.replace(/…$/, ''));
  const isAgain = (text: string) => plainLine(text).startsWith(start);
  return prompt !== undefined && (isAgain(prompt) || copied.some(isAgain)) ? prompt : outside;
}

/** As they were written: what was put in line is told when it is delivered, or at the end. One without a time stays behind its neighbour. */
export function inTime(prompts: readonly DigestPrompt[]): readonly DigestPrompt[] {
  let last = '';
  const placed = prompts.map((prompt) => {
    last = prompt.at ?? last;
    return { prompt, at: last };
  });
  return placed.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).map(({ prompt }) => prompt);
}

export function commandOf(ran: Ran): DigestCommand {
  return {
    command: ran.command,
    exit: ran.exit,
    ...(ran.failed ? { failed: true } : {}),
    ...(ran.times > 1 ? { times: ran.times } : {}),
    ...(ran.beyond > 0 ? { cut: ran.beyond } : {}),
  };
}

export function keptTodo(todo: Todo): Todo {
  return { text: kept(todo.text, CHARS.todo), status: kept(todo.status, CHARS.name) };
}

export function count(counts: Map<string, number>, name: string): void {
  const before = counts.get(name);
  if (before === undefined && counts.size >= COUNTS.names) return;
  counts.set(name, (before ?? 0) + 1);
}
