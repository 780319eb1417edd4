/**
 * Which files a script of Python or JavaScript writes, where it names them by literals: agents edit files so too.
 * Promises: pure; linear in the text. Never: runs anything, or guesses a name that is computed.
 */

/** Beyond it nobody reads a script. */
const CHARS_MAX = 64 * 1024;
const NAMES_MAX = 100;
const STRING = `[rbuf]?(?:"([^"\\\\\\n]{1,1024})"|'([^'\\\\\\n]{1,1024})'|\`([^\`\\\\\\n$]{1,1024})\`)`;
/** A literal, or a name that a literal was given to. */
const VALUE = `(?:${STRING}|([A-Za-z_]\\w{0,99}))`;
/** `p = "x"`, `p = Path("x")`, `const p = 'x'`. */
const GIVEN = new RegExp(
  `(?:^|[\\n;(])[ \\t]*(?:const |let |var )?([A-Za-z_]\\w{0,99})\\s*=\\s*(?:[\\w.]{0,40}Path\\(\\s*)?${STRING}`,
  'g',
);
const OPENED = new RegExp(`\\bopen\\(\\s*${VALUE}\\s*,\\s*(?:mode\\s*=\\s*)?['"][rbt]*[wax+]`, 'g');
const PATH_WRITTEN = new RegExp(
  `\\bPath\\(\\s*${VALUE}\\s*\\)\\.(?:write_text|write_bytes|touch|open\\(\\s*['"][wax])`,
  'g',
);
const VARIABLE_WRITTEN = /\b([A-Za-z_]\w{0,99})\.(?:write_text|write_bytes|open\(\s*['"][wax])/g;
const FILE_WRITTEN = new RegExp(
  `\\b(?:writeFile|writeFileSync|appendFile|appendFileSync|createWriteStream|File\\.write|Bun\\.write|Deno\\.writeTextFile)\\(\\s*${VALUE}`,
  'g',
);
const LOOPED = /\bfor\s+([A-Za-z_]\w{0,99})\s+in\s+[[(]([^\])]{1,4096})[\])]/g;

/** The names as the script has them, each once. */
export function filesOfScript(script: string): readonly string[] {
  if (!/open\(|write|touch/.test(script)) return [];
  const text = script.slice(0, CHARS_MAX);
  const given = new Map<string, readonly string[]>();
  for (const [, name = '', ...literals] of text.matchAll(GIVEN))
    given.set(name, [...(given.get(name) ?? []), ...literal(literals)]);
  for (const [, name = '', list = ''] of text.matchAll(LOOPED))
    given.set(
      name,
      [...list.matchAll(new RegExp(STRING, 'g'))].flatMap(([, ...literals]) => literal(literals)),
    );
  const names = new Set<string>();
  for (const pattern of [OPENED, PATH_WRITTEN, FILE_WRITTEN])
    for (const [, double, single, back, variable] of text.matchAll(pattern)) {
      const found = variable === undefined ? literal([double, single, back]) : (given.get(variable) ?? []);
      for (const name of found) names.add(name);
    }
  for (const [, variable = ''] of text.matchAll(VARIABLE_WRITTEN))
    for (const name of given.get(variable) ?? []) names.add(name);
  return [...names].slice(0, NAMES_MAX);
}

function literal(groups: readonly (string | undefined)[]): readonly string[] {
  const found = groups.find((group) => group !== undefined);
  return found === undefined ? [] : [found];
}
