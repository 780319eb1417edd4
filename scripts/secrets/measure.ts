/** Plants made-up secrets and counts what is kept of them. */
import { redactTexts } from '../../src/digest/redact.ts';
import { CARRIERS } from './carriers.ts';
import { type Kind, PLACES } from './kind.ts';
import { Maker } from './make.ts';
import { ordinaryTexts } from './ordinary.ts';
import { SERVICES } from './services.ts';

export interface Recall {
  readonly kind: string;
  readonly planted: number;
  readonly redacted: number;
  /** One text of each that was kept. */
  readonly kept: readonly string[];
}

/** Kinds by what the table of docs/security.md calls them. */
export const GROUPS: ReadonlyMap<string, readonly Kind[]> = new Map([
  ['keys of services', SERVICES],
  ...CARRIERS,
]);
export const KINDS: readonly Kind[] = [...GROUPS.values()].flat();

/** Each kind in each of its texts at each place, `rounds` times; each text is looked at alone. */
export async function recall(seed: number, rounds: number): Promise<readonly Recall[]> {
  const maker = new Maker(seed);
  const results: Recall[] = [];
  for (const kind of KINDS) {
    const kept: string[] = [];
    let planted = 0;
    for (let round = 0; round < rounds; round++)
      for (const text of kind.texts)
        for (const [place, put] of PLACES) {
          const value = kind.make(maker);
          const whole = put(text.replace('{}', () => value));
          const core = (kind.core ?? ((all: string) => all))(value);
          const [clean] = await redactTexts([{ text: whole, charsMax: 100_000 }]);
          planted++;
          if (
            isKept(
              clean?.text ?? '',
              place === 'path' ? core.replaceAll('/', '_').replaceAll('\n', '_') : core,
            )
          )
            kept.push(`${place}: ${whole}`);
        }
    results.push({ kind: kind.name, planted, redacted: planted - kept.length, kept });
  }
  return results;
}

/** The table of docs/security.md, and what it comes to. */
export function tableOf(results: readonly Recall[]): string {
  const rows = [...GROUPS].map(([group, kinds]) => {
    const own = results.filter(({ kind }) => kinds.some(({ name }) => name === kind));
    return `| ${group} | ${kinds.length} | ${sum(own, 'planted')} | ${share(own)} |`;
  });
  return [
    '| what | kinds | made up | redacted |',
    '|---|---|---|---|',
    ...rows,
    '',
    `${share(results)} of all ${sum(results, 'planted')} secrets of ${results.length} kinds.`,
  ].join('\n');
}

export function share(results: readonly Recall[]): string {
  return `${((100 * sum(results, 'redacted')) / sum(results, 'planted')).toFixed(1)} %`;
}

function sum(results: readonly Recall[], what: 'planted' | 'redacted'): number {
  return results.reduce((total, each) => total + each[what], 0);
}

/** All of it, or half of one of 20 characters and more. White space does not count: a text may be put on one line. */
export function isKept(text: string, secret: string): boolean {
  const plain = (part: string) => part.replace(/\s+/g, ' ');
  const [all, sought] = [plain(text), plain(secret)];
  const half = Math.floor(sought.length / 2);
  return (
    all.includes(sought) ||
    (sought.length >= 20 && (all.includes(sought.slice(0, half)) || all.includes(sought.slice(half))))
  );
}

/** Ordinary texts that something was taken out of, with what they became. */
export async function falseFindings(seed: number): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const text of ordinaryTexts(new Maker(seed)))
    for (const [place, put] of PLACES) {
      const whole = put(text);
      const [clean] = await redactTexts([{ text: whole, charsMax: 100_000 }]);
      if (clean !== undefined && clean.count > 0) wrong.push(`${place}: ${whole} -> ${clean.text}`);
    }
  return wrong;
}
