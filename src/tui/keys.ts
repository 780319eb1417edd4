/** Every key, once: the footer, the help and the handler are made from this table. */
import type { Event } from './state.ts';

export interface Key {
  /** As Ink reports it. */
  readonly input: string;
  /** As the footer shows it. */
  readonly shown: string;
  readonly does: string;
  readonly event: Event;
}

export const KEYS: readonly Key[] = [{ input: 'q', shown: 'q', does: 'quit', event: { kind: 'quit' } }];

/** What a key press means; Ctrl-C is always quit. Null: nothing. */
export function eventOf(input: string, ctrl: boolean): Event | null {
  if (ctrl && input === 'c') return { kind: 'quit' };
  return ctrl ? null : (KEYS.find((key) => key.input === input)?.event ?? null);
}

export function footer(): string {
  return KEYS.map((key) => `${key.shown} ${key.does}`).join('   ');
}
