/**
 * `bun run secrets [--seed N] [--rounds N] [--kept]`: how many secrets of each kind are redacted. The values are made up at run time from
 * the documented shape of each kind, so that none stands in the source. Prints the table of docs/security.md and every text
 * that was redacted in error; `--kept` shows what was not found.
 */
import { falseFindings, recall, share, tableOf } from './secrets/measure.ts';

if (process.argv.includes('--help')) {
  console.log(`bun run secrets [--seed N] [--rounds N] [--kept]

  --seed N    the values that are made up follow from it (1)
  --rounds N  so many values of each kind in each place (3)
  --kept      shows what was not found`);
  process.exit(0);
}
const option = (name: string, otherwise: number) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const seed = option('--seed', 1);
const results = await recall(seed, option('--rounds', 3));
const wrong = await falseFindings(seed);

console.log(tableOf(results));
for (const result of results) {
  if (result.redacted === result.planted) continue;
  console.log(`not everywhere: ${result.kind}, ${share([result])}`);
  if (process.argv.includes('--kept'))
    for (const text of result.kept.slice(0, 6)) console.log(`    ${JSON.stringify(text)}`);
}
const whole = results.filter(({ planted, redacted }) => planted === redacted).length;
console.log(`${whole} of ${results.length} kinds are redacted wherever they stand, seed ${seed}`);
console.log(`${wrong.length} ordinary texts redacted in error`);
for (const text of wrong) console.log(`    ${JSON.stringify(text)}`);
