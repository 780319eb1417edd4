/**
 * A secret that somebody tells in a sentence: "the password is X", in the languages that people write to agents in.
 * Promises: a word of the language is no secret ("the password is wrong"); judged by the word itself.
 */
import { carried, hintsOf, type Judge, type SecretRule } from './rules.ts';
import {
  isPassword,
  isPlaceholder,
  isProse,
  isWord,
  looksRandom,
  looksSecret,
  withoutEnd,
} from './values.ts';

/** Names of a password, and what stands between it and its value, by language. */
const LANGUAGES: readonly (readonly [names: string, verbs: string])[] = [
  [
    'passwords?|passwd|passphrase|passcode|pass code|pwd|pw|login|credentials?|creds|pin(?: code)?|wi-?fi key|otp',
    '(?:was |has been |is )?(?:changed|set|reset|updated|rotated) to|equals|should be|must be|is now|is just|is still|is|was|will be|as|to|=|->|→|-|–|called|reads',
  ],
  ['passwort|kennwort|passphrase|zugangscode|pin|kennung', 'lautet|ist|war|heißt|heisst|auf'],
  ['mot de passe|mdp|code d.accès', 'est|était|sera|devient|:'],
  ['contraseña|contrasena|clave|pase', 'es|era|será|sera'],
  ['senha|palavra-passe|palavra passe', 'é|e|era|será'],
  ['password|parola d.ordine|parola', "è|e'|era|sarà|este"],
  ['wachtwoord', 'is|was|luidt'],
  ['hasło|haslo|hasłem', 'to|jest|brzmi|było'],
  ['пароль|пароля|паролем', '—|-|это|был|есть|такой'],
  ['пароль|гасло', '—|-|це'],
  [
    'lösenordet|lösenord|adgangskoden|adgangskode|passordet|passord|kodeordet|kodeord|salasana|salasanani',
    'är|er|on|var',
  ],
  [
    'heslo|heslem|jelszó|jelszava|a jelszó|şifre|şifresi|parola|lozinka|geslo|kata sandi|sandi|mật khẩu',
    'je|jest|az|olarak|adalah|là',
  ],
];
const TOLD =
  'password|passwort|passphrase|passcode|kennwort|mot de passe|mdp|contraseña|senha|parola|wachtwoord|hasło|пароль|пароля|lösenord|adgangskode|passord|salasana|heslo|jelszó|şifresi|şifre|geslo|lozinka|kata sandi|mật khẩu|pwd|pw';
const EASTERN =
  '密码是?|密碼是?|口令是?|パスワードは?|暗証番号は?|비밀번호는?|암호는?|كلمة المرور(?: هي)?|كلمة السر(?: هي)?|סיסמה|הסיסמה(?: היא)?|पासवर्ड(?: है)?|รหัสผ่าน(?:คือ)?|κωδικός(?: είναι)?';
/** What stands around a value in a sentence. */
const OPENS = String.raw`(?:\s{0,2}[:：=]\s{0,2}|\s{1,2})(?:\*{1,2})?[\x60"'“„«‘「『(]?`;
/** The sentence ends behind it: a full stop is not its own. */
const VALUE = String.raw`([^\s"'\x60“”„«»‘’「」『』()<>\0,，。；;]{3,256}[^\s"'\x60“”„«»‘’「」『』()<>\0,，。；;.:])`;
const OF = String.raw`(?:\s(?:for|of|on|to|in|at|für|von|zum|zur|pour|de|du|para|do|da|di|voor|van|do|dla|от|к|на|для|з|для|från|till|til)(?:\s[\p{L}\d_.@-]{1,40}){1,5}?)?`;

/** In a language other than English: a word alone only in quotes, for its own words are not known. */
const isToldElsewhere: Judge = (value, place) =>
  isTold(value, place) && (/[^a-z.,;:!?…]/.test(value) || /["'`“„«‘「『]/.test(place.before));

/** A number, a sign in the word, or such a word as no sentence ends with. */
const isTold: Judge = (value, place) => {
  const bare = withoutEnd(value, '.,;:!?…') || value;
  if (bare.length < 4 || isPlaceholder(value) || place.after === '(' || /^[-–—]/.test(bare)) return false;
  if (/^https?:\/\/|^(?:\.{0,2}|~)\//.test(value)) return false;
  if (looksSecret(bare) || /^\d{4,12}$/.test(bare) || looksRandom(bare)) return true;
  if (/\d/.test(bare) && /[A-Za-z]/.test(bare) && bare.length >= 5) return isPassword(bare, place);
  const isQuoted = /["'`“„«‘「『]/.test(place.before);
  if (/^[a-z]+$/.test(bare)) return place.isCut !== true && isWord(bare, isQuoted ? 8 : 10);
  return (
    /^[A-Za-z]{8,}$/.test(bare) &&
    (bare.match(/[a-z][A-Z]/g)?.length ?? 0) >= 2 &&
    !isProse(bare.toLowerCase())
  );
};

/** Of each name its longest part that always stands there. */
function hintsOfNames(names: string): string {
  const hints = names
    .replaceAll('(?: code)?', '?')
    .split('|')
    .map((name) => {
      const part = name
        .split(/-\?|s\?|\?|\./)
        .reduce((best, each) => (each.length > best.length ? each : best));
      return `${name.startsWith(part) ? '^' : ''}${part.replaceAll(' ', '#')}`;
    });
  return [...new Set(hints)].join(' ');
}

export const PROSE_RULES: readonly SecretRule[] = [
  ...LANGUAGES.map(([names, verbs], language) =>
    carried(
      'password',
      hintsOfNames(names),
      new RegExp(
        String.raw`(?<![\p{L}\d_-])(?:${names})${OF}(?:\s{0,2}(?:${verbs})(?![\p{L}]))${OPENS}${VALUE}`,
        'giu',
      ),
      language === 0 ? isTold : isToldElsewhere,
    ),
  ),
  // "password: X", "Passwort X" and what has no verb between
  carried(
    'password',
    hintsOf(TOLD, '^'),
    new RegExp(
      String.raw`(?<![\p{L}\d_-])(?:${TOLD})(?:\s{0,2}[:：=]\s{0,2}|\s)(?:\*{1,2})?[\x60"'“„«‘「『]?([^\s"'\x60“”„«»‘’「」『』()<>\0,，。；;]{4,256}[^\s"'\x60“”„«»‘’「」『』()<>\0,，。；;.:])`,
      'giu',
    ),
    (value, place) =>
      isTold(value, place) &&
      (/\d/.test(value) || (/[:：=]\s{0,2}["'`*“„«]*$/.test(place.lead) && !/^\d+$/.test(value))),
  ),
  carried(
    'password',
    '密 口令 パス 暗証 비밀 암호 كلمة סיס पास รหัส κωδ',
    new RegExp(
      String.raw`(?:${EASTERN})\s{0,2}(?:[:：=]\s{0,2}){0,8}[\x60"'“「『]?((?![:=])[\x21-\x7e]{4,256})`,
      'gu',
    ),
    (value) => !isPlaceholder(value) && !/^[a-z]{1,5}$/.test(value),
  ),
  // "login: admin / X", "credentials admin:X", "log in with X"
  carried(
    'password',
    '^login ^log#in ^sign#in ^credential ^creds',
    /\b(?:log ?in|sign in|credentials?|creds)\b(?:\s{0,2}:)?(?: (?:with|are|is|as|using))?\s{1,2}(?:[\w.@-]{2,40}\s?[:/]\s?)?[`"']?([^\s"'`()<>\0,;/]{6,128}[^\s"'`()<>\0,;/.:])/gi,
    (value, place) =>
      /\d/.test(value) &&
      isPassword(value, place) &&
      !/^https?:|^\d/.test(value) &&
      !/[@.]\w+\.\w+$/.test(value) &&
      !/^[0-9a-f-]+$/.test(value),
  ),
  // Keys and tokens told so: only what looks like one.
  carried(
    'secret',
    '^token$ ^tokens$ ^apikey$ ^apikeys$ ^secret$ ^code$ ^key$ ^keys$ ^seed$ ^value$',
    /\b(?:tokens?|api[ -]?keys?|access keys?|secret(?: access)?(?: keys?)?|private key|(?:license|licence|encryption|master|signing) key|client secret|secret|code|key|seed|value)\b(?:\s(?:for|of|to)(?:\s[\w.-]{1,30}){1,4}?)?(?:\s{0,2}(?:is now|is|was|will be|as|=|:|->|→|body)(?![A-Za-z])){1,2}\s{0,3}[`"'“*]{0,2}([^\s"'`“”()<>\0,;]{8,512})/gi,
    (value, place) =>
      (isMachineMade(value) && !/\b(?:value|code|key)\b/i.test(place.lead.slice(0, 6))) ||
      (isMachineMade(value) &&
        looksRandom(value, 20) &&
        !/^[0-9a-f]+$/i.test(value) &&
        !/[/.]\w+[/.]/.test(value)),
  ),
  // "api:key", "token abc…" right behind the word
  carried(
    'secret',
    '^token$ ^tokens$ ^apikey$ ^apikeys$ ^secret$ ^secrets$ ^key$ ^keys$ ^credential',
    /\b(?:token|api[ _-]key|apikey|secret|access key|private key|credential)s?\s(?!is\b)[`"']?([A-Za-z0-9_+/=.-]{20,512})/gi,
    (value) =>
      (isMachineMade(value) && looksRandom(value, 20) && !/^[0-9a-f]{40}$/.test(value)) ||
      /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(value),
  ),
  carried(
    'seed phrase',
    '^seed ^mnemonic recovery#phrase wallet#phrase wallet#words wallet#seed backup#phrase backup#words backup#seed',
    /\b(?:seed(?: phrase| words)?|mnemonic(?: phrase)?|recovery phrase|(?:wallet|backup) (?:phrase|words|seed))\b(?: is| are|\s)?[:=\s"'`\\]{0,6}((?:[a-z]{3,8}[ ,\n]{1,2}){11,23}[a-z]{3,8})/gi,
    (value) => !/\b(?:the|and|for|that|with|from)\b/.test(value),
  ),
];

function isMachineMade(value: string): boolean {
  const bare = withoutEnd(value, '.,;:!?');
  return (
    !isPlaceholder(bare) &&
    looksSecret(bare) &&
    (looksRandom(bare) || (bare.length >= 16 && /\d/.test(bare) && !/[./]/.test(bare)))
  );
}
