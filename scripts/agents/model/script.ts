/**
 * What the scripted model does, told without the words of any agent: prompts, and what is done for each, step by step.
 * Promises: no state; which step comes next follows from how many results stand behind the prompt.
 */
import type { Asked, Call, Conversation, Entry, Json, Play, Said } from './conversation.ts';

export type Step =
  | { readonly kind: 'write'; readonly path: string; readonly content: string }
  | { readonly kind: 'edit'; readonly path: string; readonly before: string; readonly after: string }
  | { readonly kind: 'read'; readonly path: string }
  | { readonly kind: 'run'; readonly command: string }
  | { readonly kind: 'background'; readonly command: string }
  | { readonly kind: 'plan'; readonly content: string }
  | { readonly kind: 'todo'; readonly items: readonly string[] }
  | { readonly kind: 'delegate'; readonly prompt: string }
  /** Some agents offer a tool only once it has been searched for. */
  | { readonly kind: 'find-tool' }
  | { readonly kind: 'look-up'; readonly query: string }
  | { readonly kind: 'say'; readonly text: string };

export interface Turn {
  readonly prompt: string;
  readonly steps: readonly Step[];
}

/** A step as a call of one of an agent's tools; null: it has none for that. `last`: what the tool before it gave; `request`: all that was asked. */
export type Hand = (step: Exclude<Step, { kind: 'say' }>, last: string, request: string) => Call | null;

/** What is answered where only a title or a summary is asked for. */
export const TITLE = 'A greeting and what came of it';

export function playOf(turns: readonly Turn[], hand: Hand): Play {
  return (conversation) => {
    const { entries, schema } = conversation;
    if (schema) return { text: JSON.stringify(smallest(schema)) };
    const turn = turnOf(turns, conversation);
    if (turn === null) return { text: TITLE };
    const results = entries.slice(lastPrompt(entries) + 1).filter(({ who }) => who === 'result');
    const steps = turn.steps.filter((step) => step.kind === 'say' || hand(step, '', '') !== null);
    const step = steps[Math.min(results.length, steps.length - 1)];
    return step === undefined ? { text: TITLE } : said(step, conversation, hand, results.at(-1)?.text ?? '');
  };
}

/**
 * The turn that a request is about; null where it is none of the conversation's: an agent also asks for titles and summaries, and some for
 * what to remember, with the conversation before that question.
 */
export function turnOf(turns: readonly Turn[], { entries, tools }: Conversation): Turn | null {
  return tools.size === 0 ? null : turnIn(turns, entries[lastPrompt(entries)]?.text ?? '');
}

/** Not what agents say in tags beside a prompt. */
const lastPrompt = (entries: readonly Entry[]) =>
  entries.findLastIndex(({ who, text }) => who === 'person' && outsideTags(text) !== '');

const outsideTags = (text: string) =>
  text
    .replace(/<<<BEGIN_(\w+)>>>[\s\S]*?<<<END_\1>>>/g, '')
    .replace(/<([\w-]+)[^>]*>[\s\S]*?<\/\1>/g, '')
    .trim();

/** The turn whose prompt stands in a text, and where several do the one that stands last. */
export function turnIn(turns: readonly Turn[], text: string): Turn | null {
  const found = turns
    .map((turn) => ({ turn, at: text.lastIndexOf(turn.prompt) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => b.at - a.at);
  return found[0]?.turn ?? null;
}

function said(step: Step, { tools, request }: Asked, hand: Hand, last: string): Said {
  if (step.kind === 'say') return { text: step.text };
  const call = hand(step, last, request);
  if (call !== null && tools.has(call.name)) return { call };
  const text = `no tool ${call?.name} to ${step.kind}; there are ${[...tools.keys()].join(' ')}`;
  return { text, missing: true };
}

/** The smallest value that fits a schema. */
export function smallest(schema: Json): unknown {
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const named = Array.isArray(schema['type']) ? schema['type'][0] : (schema['type'] ?? 'object');
  const type = `${named}`.toLowerCase();
  if (type === 'object') {
    const inner = Object.entries((schema['properties'] ?? {}) as Record<string, Json>);
    return Object.fromEntries(inner.map(([key, value]) => [key, smallest(value)]));
  }
  const values: Json = { array: [], string: TITLE, boolean: false, number: 1, integer: 1 };
  return values[type] ?? null;
}
