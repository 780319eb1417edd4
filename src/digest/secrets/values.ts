/**
 * Whether a value is a secret or only stands where one would.
 * Promises: judged by the value alone and, for a name in code, by the one character behind it; the words around never save it. A
 * value is a template as a whole or not at all: `your-password` is one, `your-Tr0ub4dor` is none.
 */

/** How a value stands: what of the match comes before it, the same with the name that it ends, and the characters on either side. */
export interface ValuePlace {
  readonly name: string;
  readonly lead: string;
  readonly before: string;
  readonly after: string;
  /** More of it was cut off: its end tells nothing. */
  readonly isCut?: boolean;
}

/** `<your password>`, `${DB_PASSWORD}`, `$PASS`, `{{ x }}`, `%PASS%`, `[redacted: key]`, `@PASS@`, `__PASS__`. */
const TEMPLATE =
  /^(?:<[^<>]*>?|\$\{[^}]*\}?|\$\(.*|\$[A-Za-z_]\w*|\{{1,2}[^{}]*\}{0,2}|%\w+%|%[sdvq]|%[({][^)}]*[)}]s?|#\{[^}]*\}?|\[[^\]]*\]?|@[A-Z_]+@|__[A-Za-z_]+__|:[a-z]\w*)$/;
const MASK = /^[xX*.•●_\-#?~0…=+]+$/;
/** Documented samples of Amazon, which stand in every tutorial, some of them cut. */
const SAMPLE =
  /^(?:A[KS]IA[A-Z0-9]{9}EXA(?:M(?:P(?:LE?)?)?)?|[A-Za-z0-9/+]{30}EXA(?:M(?:P(?:L(?:E(?:KE?Y?)?)?)?)?)?)$/;
/** `process.env.X`, `os.environ["X"]`, `config.password`, `self.pw`: names within names. */
const MEMBER = /^[A-Za-z_$@]+\d?(?:(?:\??\.|::|->)[A-Za-z_$]+\d?)+[!?]?$/;
const SEQUENCE =
  /^(?:0?1?23456789?0?|0?1234567890?|(?:0123456789)+|abc(?:def)?(?:ghi)?|0?123(?:45)?6?|abc123|foo(?:bar)?|qwerty|asdf)$/i;

/** What services put between the first word of their keys and the value. */
const BEHIND_FIRST = /^(?:live|test|proj|ant|or|admin|svcacct|pat|api\d*|v\d)$/;

/** Words of which templates and names of things are made. A value of nothing else is no secret. */
const GENERIC = new Set(
  `a access account actual add admin after alphanumeric also always an and any api apikey app arg args auth authentication authorization
  bar base basic bearer before bool boolean bytes change changeme changeit char client code config confirm confirmed correct cred credential credentials
  current data database db default demo digest dummy email empty encrypted enter env error example expired fake false field file fill foo for form from generate
  generated get go goes got has hash hashed have header here hidden id in incorrect input insert int integer invalid is it jwt key keys leave login
  masked me min missing mock my name need needed never new nil no none not nothing now null number object of old omitted on one only optional or our
  param params parameter pass passcode passphrase passwd password passwords path payload phrase pin placeholder please private prompt protected provided public put pwd
  random raw read real redacted ref refresh removed replace required reset result root sample secret secrets secure see server service session set shared should some
  something sometimes stdin store str string super test testing text that the there this to todo token tokens true type unset undefined unknown update use used user
  username userinfo val valid validate value values var variable verify void was will with write wrong x xxx xxxx you your yours yourself`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** A form of a service filled with nothing: `ghp_xxxxxxxx`, `AKIAXXXXXXXXXXXXXXXX`, `sk-your-key-here`, a documented sample. */
export function standsForNothing(value: string): boolean {
  if (SAMPLE.test(value) || MASK.test(value)) return true;
  if (/^.{0,20}?(.)\1{9,}$/s.test(value) || /^[\w-]{0,12}[*•]{4,}[\w-]{0,6}$/.test(value)) return true;
  const parts = value.split(/[-_.:/]/).filter((part) => part !== '');
  const body = parts.filter(
    (part, index) => !(index === 0 && part.length <= 6) && !(index === 1 && BEHIND_FIRST.test(part)),
  );
  const isFilled = (part: string) => isSame(part) || SEQUENCE.test(part) || isGenericWord(part);
  return body.join('').length >= 6 && body.every(isFilled);
}

function isSame(part: string): boolean {
  return new Set(part.toLowerCase()).size <= 2 && part.length >= 3;
}

/** True where a value is no secret but a template of one, a mask, a type, or a name of code. */
export function isPlaceholder(value: string): boolean {
  const bare = withoutEnd(value.replace(/^["'`\\]+/, ''), `"'\`\\.,;:!?`);
  if (bare === '' || TEMPLATE.test(value) || TEMPLATE.test(bare) || MASK.test(bare) || SAMPLE.test(bare))
    return true;
  if (/^\W*(?:redacted|masked|hidden|removed|omitted|filtered)\W*$/i.test(value)) return true;
  if (/^\$\{|^\$\(|\$\{\w+\}$|^\{\{|<[a-z_ -]+>$/i.test(value) || MEMBER.test(bare)) return true;
  if (/^(?:process|os|env|import\.meta|System|Deno|Bun|secrets|vars)[.[]/.test(value)) return true;
  if (isSame(bare) || SEQUENCE.test(bare) || isCut(value) || standsForNothing(bare)) return true;
  return isGeneric(bare);
}

/** Without such signs at its end. A pattern that looks for them tries each of many signs in turn to the end of all. */
export function withoutEnd(value: string, signs: string): string {
  let end = value.length;
  while (end > 0 && signs.includes(value.charAt(end - 1))) end--;
  return value.slice(0, end);
}

/** A beginning that its writer cut: too little is left of it to be one. */
function isCut(value: string): boolean {
  return /(?:\.{3}|…)$/.test(value) && withoutEnd(value, '.…').length <= 14;
}

/** Behind a text of which more was cut before; no text has it of itself. */
export const GOES_ON = '\ue000';

/** So few letters may be the beginning of any word. */
const CUT_LETTERS_MAX = 14;

/**
 * A value without the mark of a cut, a sign that would make a secret of a name. Null where too little is left of it, or words of a
 * template. Of other words the carrier decides: behind `PASSWORD=` any is one, in a sentence none, for its end is not known.
 */
export function cutValue(value: string): string | null {
  const isMarked = value.endsWith('…');
  if (!isMarked && !value.endsWith(GOES_ON)) return value;
  const shown = value.slice(0, -1);
  if (isMarked && isPlaceholder(value)) return null;
  const isWords = /^[a-z]+(?:[-_][a-z]+)*$/.test(shown);
  return isWords && (shown.length <= CUT_LETTERS_MAX || isGenericSoFar(shown)) ? null : shown;
}

/** `your-password-goes-he`: words of templates, and the beginning of one. */
function isGenericSoFar(words: string): boolean {
  const whole = words.split(/[-_]/);
  const last = whole.pop() ?? '';
  return whole.every(isGenericWord) && [...GENERIC].some((word) => word.startsWith(last));
}

function isGeneric(value: string): boolean {
  if (/\d{2}|[^\w\s.:|/\-[\]?!&*<>]/.test(value)) return false;
  return wordsOf(value).every(isGenericWord);
}

function isGenericWord(word: string): boolean {
  return GENERIC.has(word.toLowerCase().replace(/\d$/, ''));
}

function wordsOf(value: string): readonly string[] {
  return value
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
}

/** A name of code or a call: `getPassword(`, `tokens[`, `user.password`. */
function isCode(value: string, { before, after }: ValuePlace): boolean {
  if (/["'`]/.test(before)) return false;
  return (
    after === '(' ||
    after === '[' ||
    after === '{' ||
    (after === '<' && /^[A-Z]/.test(value)) ||
    MEMBER.test(value)
  );
}

const hasDigit = (value: string) => /\d/.test(value);
const hasLetter = (value: string) => /[A-Za-z]/.test(value);
const hasSign = (value: string) => /[!@#$%^*+=?~&]/.test(value);

/** Names of files end so; what stands before may be a secret, where a file is named by it. */
const EXTENSION =
  /\.(?:[jt]sx?|mjs|cjs|py|go|rs|rb|java|md|json|ya?ml|txt|pem|key|crt|pub|sh|env|toml|html|css|sql|log|lock|conf|cfg|ini|png|svg)$/i;
const isFileName = (value: string) => EXTENSION.test(value) && !looksSecret(value.replace(EXTENSION, ''));
/** A folder or file with the folders it lies in: words and short numbers, no such mixture as base64 is. */
const isPath = (value: string) =>
  value.includes('/') &&
  value
    .replace(EXTENSION, '')
    .split('/')
    .every((part) =>
      /^(?:[A-Za-z~.@$_-][A-Za-z_.@-]*(?:\d{1,4}[a-z_.-]*)?|[a-z0-9_.-]{0,40}|\d+)$/.test(part),
    );

/** A path, an address without a name, a version, a size, a time, an algorithm. */
function isPlain(value: string): boolean {
  return (
    /^(?:[a-z]+:)?\/\/|^~\/|^[A-Za-z]:\\|^\d[\d.,:_%/-]*[a-z]{0,3}$|^v?\d+\.\d+\.\d+/i.test(value) ||
    /^(?:sha|md|utf|base|aes|rsa|ecdsa|ed|hs|rs|es|ps|crc|blake|argon|bcrypt|pbkdf)-?\d{1,5}(?:[-_][a-z0-9]{1,8})?$/i.test(
      value,
    ) ||
    isPath(value) ||
    isFileName(value)
  );
}

/**
 * True where a value looks made up by a machine or a careful human: letters and digits mixed, or signs that no name has.
 * Identifiers, types, paths, versions and words do not.
 */
export function looksSecret(value: string): boolean {
  if (value.length < 6 || isPlain(value)) return false;
  if (hasSign(value) && (hasDigit(value) || hasLetter(value)))
    return !/^[\w.]+[=!]?=[\w.]+$/.test(value) || value.length >= 24;
  if (!hasDigit(value) || !hasLetter(value)) return false;
  // `claude-opus-4-5-20250929`, `text-embedding-3-small`, `2026-01-23-first-session`: words and numbers in turns.
  if (/^\d{4}-\d{2}-\d{2}/.test(value)) return false;
  if (/^[A-Za-z]+(?:[-_./:][A-Za-z]+|[-_./:]?\d{1,8}(?=[-_./:]|$))+$/.test(value)) return false;
  // `sha256`, `utf8`, `v1_token`, `Base64String`: names that happen to have a digit.
  return !/^[A-Za-z_.-]+\d{1,3}$|^[A-Za-z]+\d{1,3}[A-Z_.-][A-Za-z_.-]*$/.test(value) || value.length >= 20;
}

/** A value that nothing but a machine makes: long, and of three kinds of characters, or hexadecimal and longer. */
export function looksRandom(value: string, charsMin = 16): boolean {
  if (value.length < charsMin || isPlain(value)) return false;
  if (hasDisorder(stemOf(value))) return true;
  if (/^[0-9a-f]{32,}$/i.test(value)) return true;
  if (hasDisorder(value)) return true;
  return (
    /[a-z]/.test(value) && /[A-Z]/.test(value) && (value.match(/\d/g)?.length ?? 0) >= 2 && looksSecret(value)
  );
}

/** Capitals where no name has them, letters alone though it be. */
function hasDisorder(value: string): boolean {
  const turns = value.match(/[a-z][A-Z](?![a-z]{2})/g)?.length ?? 0;
  return /^[A-Za-z]+(?:\d[A-Za-z]*)?$/.test(value) && turns >= (hasDigit(value) ? 2 : 3);
}

/** What a file's name is without its ending. */
export function stemOf(name: string): string {
  return name.replace(EXTENSION, '');
}

/** Behind a name that a secret has: whatever is neither a template nor code. */
export function isNamed(value: string, place: ValuePlace): boolean {
  return !isPlaceholder(value) && !isCode(value, place) && looksSecret(value);
}

/** In quotes, or where only a password can stand: words as well. */
export function isGiven(value: string, place: ValuePlace): boolean {
  if (value.length < 4 || isPlaceholder(value) || isCode(value, place)) return false;
  if (/\s/.test(value.trim())) return looksRandom(value);
  // A file is seldom named behind the name of a password, and one with a number in its name least of all.
  const bare = /\d{2}/.test(value) ? value.replace(EXTENSION, '') : value;
  return isPlain(bare) ? /^\d{4,}$/.test(bare) : true;
}

/** Behind the name of a password, without quotes: a word with a number or a sign in it, or one that no sentence would have there. */
export function isPassword(value: string, place: ValuePlace): boolean {
  if (value.length < 5 || !isGiven(value, place)) return false;
  if (/^\d+$/.test(value)) return value.length >= 6;
  if (/[^A-Za-z0-9_.,:;-]/.test(value) || (hasDigit(value) && hasLetter(value)))
    return !/^[\w.]+[=!]?=[\w.]+$/.test(value);
  return (place.isCut !== true && isWord(value)) || hasDisorder(value);
}

/** Letters alone, that a person may have chosen. */
export function isWord(value: string, charsMin = 8): boolean {
  return value.length >= charsMin && /^[a-z]+(?:-[a-z]+)*$/.test(value) && !value.split('-').some(isProse);
}

const PROSE_END =
  /(?:ed|ing|ly|able|ible|tion|sion|ment|less|ful|ous|ive|al|ity|ness|ic|ent|ant|ance|ence|ary|ory|ise|ize|ism|ist|ers|ors|ies|ons|ts|ted|ways|where|thing|one|body|text|word|phrase|key|token|name|code|string|value|field|file|hash|data|case|time|line|size|side|base|like|self|fully|rect)$/;

/** An English word by its end: a password that a person chose seldom has one. */
export function isProse(word: string): boolean {
  return PROSE_END.test(word) || isGeneric(word);
}
