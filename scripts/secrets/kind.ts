/** A kind of secret: what one looks like, and the texts that it stands in. */
import type { Maker } from './make.ts';

export interface Kind {
  readonly name: string;
  readonly make: (maker: Maker) => string;
  /** `{}` is where the value stands. */
  readonly texts: readonly string[];
  /** What of the value must not stay, where it is not all of it. */
  readonly core?: (value: string) => string;
}

export function kind(name: string, make: Kind['make'], ...texts: string[]): Kind {
  return { name, make, texts: texts.length === 0 ? ['{}'] : texts };
}

/** The places of a digest that a text comes to stand at, each with the words around it. */
export const PLACES: readonly (readonly [string, (text: string) => string])[] = [
  ['prompt', (text) => `Please set this up:\n${text}\nand run the tests`],
  [
    'command',
    (text) => (/^[a-z][\w-]* [^\n]*$/.test(text) ? text : `echo '${text.replaceAll("'", '"')}' >> .env`),
  ],
  ['path', (text) => `/srv/app/keys/${text.replaceAll('/', '_').replaceAll('\n', '_').slice(0, 200)}.txt`],
  ['error', (text) => `Exit code 1\nERROR: request failed with ${text}\n401 unauthorized`],
  ['answer', (text) => `All done. I have set ${text} in the configuration and the tests pass.`],
  ['plan', (text) => `## Plan\n1. put \`${text}\` into the config\n2. deploy`],
  ['todo', (text) => `Rotate ${text}`],
  ['commit', (text) => `chore: add ${text}`],
];
