/** Arithmetic of tokens, field by field. Promises: pure; a sum stays a whole number, whatever a transcript claims. */
import type { Tokens } from '../domain/facts.ts';

export const NO_TOKENS: Tokens = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };

function added(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}

export function sum(a: Tokens, b: Tokens): Tokens {
  return {
    input: added(a.input, b.input),
    cacheRead: added(a.cacheRead, b.cacheRead),
    cacheWrite: added(a.cacheWrite, b.cacheWrite),
    output: added(a.output, b.output),
    reasoning: added(a.reasoning, b.reasoning),
  };
}

/** Each field's larger value: fields of a streamed answer grow on their own. */
export function largest(a: Tokens, b: Tokens): Tokens {
  return {
    input: Math.max(a.input, b.input),
    cacheRead: Math.max(a.cacheRead, b.cacheRead),
    cacheWrite: Math.max(a.cacheWrite, b.cacheWrite),
    output: Math.max(a.output, b.output),
    reasoning: Math.max(a.reasoning, b.reasoning),
  };
}
