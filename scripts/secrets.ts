/**
 * `bun run secrets [--seed N] [--rounds N] [--kept]`: how many secrets of each kind are redacted. The values are made up at run time from
 * the documented shape of each kind, so that none stands in the source. Prints the table of docs/security.md and every text
 * that was redacted in error; `--kept` shows what was not found.
 */
import { falseFindings, GROUPS, recall } from './secrets/measure.ts';

const option = (name: string, otherwise: number) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const seed = option('--seed', 1);
const results = await recall(seed, option('--rounds', 3));
const wrong = await falseFindings(seed);
const sum = (of: (result: (typeof results)[number]) => number) =>
  results.reduce((total, each) => total + of(each), 0);
const share = (redacted: number, planted: number) => `${((100 * redacted) / planted).toFixed(1)} %`;

console.log('| what | kinds | made up | redacted |\n|---|---|---|---|');
for (const [group, kinds] of GROUPS) {
  const own = results.filter(({ kind }) => kinds.some(({ name }) => name === kind));
  const count = (of: 'planted' | 'redacted') => own.reduce((total, each) => total + each[of], 0);
  console.log(
    `| ${group} | ${kinds.length} | ${count('planted')} | ${share(count('redacted'), count('planted'))} |`,
  );
}
for (const { kind, planted, redacted, kept } of results) {
  if (redacted === planted) continue;
  console.log(`not everywhere: ${kind}, ${share(redacted, planted)}`);
  if (process.argv.includes('--kept'))
    for (const text of kept.slice(0, 6)) console.log(`    ${JSON.stringify(text)}`);
}
const whole = results.filter(({ planted, redacted }) => planted === redacted).length;
console.log(`${whole} of ${results.length} kinds are redacted wherever they stand`);
console.log(
  `${share(
    sum((each) => each.redacted),
    sum((each) => each.planted),
  )} of ${sum((each) => each.planted)} secrets of ${results.length} kinds, seed ${seed}`,
);
console.log(`${wrong.length} ordinary texts redacted in error`);
for (const text of wrong) console.log(`    ${JSON.stringify(text)}`);
