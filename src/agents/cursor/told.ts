/**
 * What Cursor's messages told that must wait for the order of the conversation, which comes behind them.
 * Promises: memory is bounded: beyond it prompts are told as they came.
 */

import { ownText } from '../../domain/bytes.ts';
import type { Iso } from '../../domain/time.ts';
import { idKey } from '../kit/json-lines.ts';

interface ToldMessage {
  readonly id: string;
  readonly text: string;
  readonly at: Iso | null;
}

const PROMPT_CHARS_MAX = 8 * 1024 * 1024;
const PROMPTS_MAX = 20_000;
/** Of which the last by the order is looked for: rows out of order are few. */
const ANSWERS_MAX = 50;
const ANSWER_CHARS_MAX = 64 * 1024;
const ORDER_MAX = 200_000;

export class ToldBubbles {
  #prompts: ToldMessage[] = [];
  #chars = 0;
  #answers: ToldMessage[] = [];
  #places: ReadonlyMap<string, number> = new Map();

  /** The ids of the messages as they follow each other. */
  set order(ids: readonly string[]) {
    this.#places = new Map(ids.slice(0, ORDER_MAX).map((id, place) => [idKey(id), place]));
  }

  get isFull(): boolean {
    return this.#chars > PROMPT_CHARS_MAX || this.#prompts.length > PROMPTS_MAX;
  }

  addPrompt(id: string, text: string, at: Iso | null): void {
    this.#prompts.push({ id: idKey(id), text, at });
    this.#chars += text.length;
  }

  addAnswer(id: string, text: string, at: Iso | null): void {
    const answer = { id: idKey(id), text: ownText(text, ANSWER_CHARS_MAX), at };
    this.#answers = [...this.#answers.filter((one) => one.id !== answer.id), answer].slice(-ANSWERS_MAX);
  }

  /** By the order; what that no longer names stands before the first that is younger. */
  takePrompts(): readonly ToldMessage[] {
    const place = ({ id }: ToldMessage) => this.#places.get(id);
    const named = this.#prompts.filter((one) => place(one) !== undefined);
    const told = named.sort((a, b) => (place(a) ?? 0) - (place(b) ?? 0));
    for (const one of this.#prompts.filter((each) => place(each) === undefined)) {
      const { at } = one;
      const before = at === null ? -1 : told.findIndex((other) => other.at !== null && other.at > at);
      told.splice(before < 0 ? told.length : before, 0, one);
    }
    this.#prompts = [];
    this.#chars = 0;
    return told;
  }

  /** The last answer by the order; null where none of the last is in it. */
  lastAnswer(): ToldMessage | null {
    let last: ToldMessage | null = null;
    let lastPlace = -1;
    for (const answer of this.#answers) {
      const place = this.#places.get(answer.id) ?? -1;
      if (place > lastPlace) [last, lastPlace] = [answer, place];
    }
    return last;
  }
}
