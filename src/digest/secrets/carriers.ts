/**
 * What carries a secret that has no form of its own: names and their values, headers, addresses, files of settings.
 * Promises: every pattern is linear in the text; a value ends where its carrier ends it. Names alone, types, calls and
 * templates are no values (`values.ts`).
 */
import {
  carried,
  type Finding,
  hinted,
  hintsOf,
  type Judge,
  matchesIn,
  onlyWith,
  type SecretRule,
  within,
} from './rules.ts';
import {
  GOES_ON,
  isGiven,
  isNamed,
  isPassword,
  isPlaceholder,
  isWord,
  looksRandom,
  looksSecret,
  stemOf,
} from './values.ts';
import { isVerdict } from './verdict.ts';

/** In quotes of any kind, escaped or not; the quote that ends it is not part of the match. */
export const QUOTED = String.raw`(?:\\{0,3}"([^"\n\0\\]{1,4096})(?=\\{0,3}")|\\{0,3}'([^'\n\0\\]{1,4096})(?=\\{0,3}')|\x60([^\x60\n\0]{1,4096})(?=\x60))`;
export const BARE = String.raw`([^\s"'\x60,;&|<>()[\]{}\\\0]{4,4096})`;
const VALUE = `(?:${QUOTED}|${BARE})`;
/** `=`, `:`, `=>`, `:=`; what compares or only may be there is none. */
const GIVES = String.raw`(?:\\{0,3}["'\x60])?\]?\*{0,2}[ \t]{0,8}(?:=>|:=|\?=|=(?!=)|:(?!:))\*{0,2}[ \t]{0,8}(?:[nbrufN](?=["']))?`;
/** `_PROD`, `_1`, `Test` behind a name. */
const TAIL = String.raw`(?:[_-]?(?:\d{1,2}|prod|production|dev|test|staging|stage|local|default|value|plain|raw|old|new|current|PROD|PRODUCTION|DEV|TEST|STAGING|LOCAL|DEFAULT|VALUE|OLD|NEW))?`;

/*
 * Each name begins with letters and looks back from them: what begins by looking back, or with many words, is tried at every
 * character of every text.
 */
const LONE = (name: string) => `${name}(?<![A-Za-z]${name})`;
const PASS = `(?:[Pp]ass(?:word|wd|wort|phrase|code)|PASS(?:WORD|WD|WORT|PHRASE|CODE)?|${LONE('pass')}|Pass(?<![A-Z]Pass)|${LONE('pwd')}|Pwd(?<![A-Z]Pwd)|${LONE('PWD')}|pw(?<=_pw)|PW(?<=[_a-z]PW)|[Cc]ontrase(?:ñ|n)a|[Mm]otdepasse|[Pp]arola?|[Ww]achtwoord|[Hh]aslo|[Ss]enha|[Pp]sk|PSK)`;
const LONE_NAMES =
  'bearer jwt sig signature hmac dsn pin otp license licence webhook cookie DSN PAT JWT PIN LICENSE';
const WEAK = `(?:[Ss]ecret|SECRET|[Tt]oken|TOKEN|[Cc]red(?:ential)?s?|CRED(?:ENTIAL)?S?|[Aa]uth|AUTH|_PAT|_pat|[Ss]alt|SALT|PEPPER|sonar\\.login|${LONE_NAMES.split(' ').map(LONE).join('|')})`;
const KEYS =
  'api|access|secret|private|encrypt(?:ion)?|sign(?:ing)?|master|auth|service|account|client|app|application|deploy|license|webhook|jwt|session|cookie|crypto?|hmac|aes|rsa|ssh|token|admin|root|server|storage|shared|consumer|subscription|integration|ingest(?:ion)?|developer|dev|user|wallet|host|machine|fernet|hash|salt|security|write|read|rest|live|test|prod|stripe|openai|google|github|sendgrid|twilio|algolia|datadog|maps|heroku|fastly|postmark|mailgun|sentry|rollbar|okta|snyk|codecov|cohere|mistral|deepseek|gemini|azure|aws|gcp|data';
const CAMEL_KEYS =
  '[Aa]pi|[Aa]ccess|[Ss]ecret|[Pp]rivate|[Ee]ncryption|[Ss]igning|[Mm]aster|[Aa]uth|[Aa]ccount|[Cc]lient|[Aa]pp|[Ss]ervice|[Ii]nstrumentation|[Ss]ubscription';
const KEY = `(?:key(?<=(?:${KEYS})[ _.-]?key)|Key(?<=(?:${CAMEL_KEYS})Key)|KEY(?<=[A-Z][A-Z0-9]_?KEY)|client-key-data)`;
/** Keys that everybody may know, or that name a place. */
const OPEN_KEY =
  /(?:public|publishable|primary|foreign|cache|sort|partition|row|group|idempotency|dedupe|object|map|query|unique|natural|composite|storage|host|data|test|read|write|hash)[_-]?key["'\s:=>\\\]]*$/i;

/** In quotes a word counts too, where the name says password; bare, in the manner of an environment, as well. */
const judgePass: Judge = (value, place) => {
  if (/^PWD|(?<![A-Za-z])pwd/.test(place.lead) && /^[./~_]|^[A-Za-z]:/.test(value)) return false;
  if (/["'`]/.test(place.before)) return isGiven(value, place);
  if (isVerdict(value, place)) return false;
  const isEnvironment = /[A-Z]{3,}[A-Z_\d]*=$/.test(place.name);
  const isSetting = /[=]$/.test(place.lead) && /[\s&;"'`<\0]|^$/.test(place.after);
  const isLine = /[:=][ \t]+$/.test(place.lead) && /[\s`"'\0]|^$/.test(place.after);
  // No variable of an environment that is named so holds the name of a file.
  if (isEnvironment) return isGiven(stemOf(value), place);
  return isSetting || isLine ? isPassword(value, place) : isNamed(value, place);
};

const judgeKey: Judge = (value, place) => {
  if (OPEN_KEY.test(place.name) || /public_?key/i.test(place.name))
    return isHardKey(value) && !/public|cache|primary|foreign|idempotency/i.test(place.name);
  if (/["'`]/.test(place.before) && /\s/.test(value)) return false;
  return isNamed(value, place) || isLetters(value, place);
};

const isHardKey = (value: string) => !isPlaceholder(value) && looksRandom(value, 20);

/** All letters, and no name: capitals and small ones without order, or a long run of one kind behind `=`. */
const isLetters: Judge = (value, place) =>
  /^[A-Za-z]{12,}$/.test(stemOf(value)) &&
  !isPlaceholder(value) &&
  /[ "'=]/.test(place.before) &&
  ((value.match(/[a-z][A-Z]{2}|[A-Z][a-z](?=[A-Z])|[A-Z]{2}[a-z]/g)?.length ?? 0) >= 3 ||
    (place.isCut !== true &&
      /[A-Z]{3}[A-Z\d_]*["' ]?[=:]\s{0,2}["']?$/.test(place.name) &&
      value.length >= 16 &&
      !/[a-z][A-Z][a-z]/.test(value) &&
      value !== value.toUpperCase()));

const judgeWeak: Judge = (value, place) => {
  if (/["'`]/.test(place.before) && /\s/.test(value)) return false;
  return (
    isNamed(value, place) ||
    isLetters(value, place) ||
    (/secret/i.test(place.lead) && /["'`=]/.test(place.before) && isPassword(value, place))
  );
};

/** What stands in a text beside the value is not looked at: the lead is the name, and the sign. */
const anything: Judge = (value) => isGiven(value, { name: '', lead: '', before: '"', after: '"' });

const COOKIE_NAMES =
  'PHPSESSID|JSESSIONID|ASP\\.NET_SessionId|connect\\.sid|laravel_session|sessionid|session_token|_session|sid|csrftoken|xsrf-token|auth_token|remember_token';
/** Of the queries of addresses. */
const PARAMETERS =
  'key|token|secret|sig|signature|password|passwd|pass|pwd|auth|code|jwt|session|sid|credential|otp|invite';

function headers(): readonly SecretRule[] {
  return [
    carried(
      'bearer token',
      'bearer',
      /\bbearer[ :=]{1,3}\\{0,3}["']?([\w.~+/%-]{12,8192}={0,2})/gi,
      (value, place) => isNamed(value, place) || looksRandom(value),
    ),
    carried(
      'authorization',
      'authorization',
      /\b(?:proxy-)?authorization\\{0,3}["']?[ :=]{1,3}\\{0,3}["'`]?(?:basic|token|ssws|apikey|digest|key|negotiate|hmac|aws|splunk|genie(?:key)?|pve(?:api)?token|bot|[a-z-]{3,16})?[ =:]{0,2}([\w.~+/%|:!-]{8,8192}={0,2})/gi,
      (value, place) => isHeader(value, place),
    ),
    carried('basic authorization', 'basic', /\bbasic[ ]([A-Za-z0-9+/]{8,1024}={0,2})(?![A-Za-z])/gi, isPair),
    carried(
      'header',
      '^x- -key -token -auth -secret -signature -password -credential -jwt -pat',
      /(?<![A-Za-z0-9])(?:x-[a-z-]{0,30}|[a-z-]{0,30}-)(?:key|token|auth|secret|signature|password|credential|jwt|pat)\\{0,3}["']?\]?\s{0,2}[:=]\s{0,2}\\{0,3}["'\x60]?([^\s"'\x60,;\\\0]{8,4096})/gi,
      (value, place) => isNamed(value, place) && !OPEN_KEY.test(place.name),
    ),
    within(
      'session cookie',
      'cookie',
      /\b(?:set-)?cookies?\\{0,3}["']?\s{0,2}[:=]\s{0,2}[^\n\0]{4,4096}/gi,
      COOKIE,
      isCookie,
    ),
    within(
      'session cookie',
      '^curl ^wget ^http ^xh & -b --cookie',
      /\b(?:curl|wget|https?|xh)\b[^\n\0]{0,2000}/g,
      /(?:\s-b|\s--cookie)[ =]\\{0,3}["']?[^\s=;"']{1,60}=([^\s;"'\\]{6,4096})/g,
      (value) => !isPlaceholder(value),
    ),
    carried(
      'session cookie',
      hintsOf(COOKIE_NAMES.toLowerCase(), '^', '$'),
      new RegExp(String.raw`(?<![A-Za-z])(?:${COOKIE_NAMES})["']?[=:]\s?["']?([\w.%+/:~-]{16,4096})`, 'gi'),
      (value, place) =>
        (looksRandom(value) && !isPlaceholder(value) && !isIdentity(value)) || isCookieName(value, place),
    ),
    carried(
      'password in URL',
      '@ & :// :__',
      /(?<![A-Za-z0-9])[a-z][a-z0-9+.-]{1,24}:(?:\/\/|__)[^\s:/@"'`<>?#\0]{0,256}:([^\s@"'`<>\0]{1,512})(?=@[^\s@]|@$)/gi,
      isInAddress,
    ),
    carried(
      'token in URL',
      '@ & ^http',
      /\bhttps?:\/\/([\w.~%-]{20,512})(?=(?::x-oauth-basic)?@[\w-])/gi,
      (value) => !isPlaceholder(value) && looksSecret(value),
    ),
    carried(
      'token in URL',
      `${hintsOf(PARAMETERS, '', '=')} & ? &`,
      new RegExp(String.raw`[?&](?:[\w.-]{0,30}(?:${PARAMETERS}))=([^\s&"'\x60<>#,;\\)\]}\0]{6,4096})`, 'gi'),
      (value, place) =>
        isNamed(value, place) &&
        (!/[?&](?:code|session|invite|key)=/i.test(place.lead) || looksRandom(value, 16)),
    ),
    carried(
      'connection string',
      'password pwd & ;',
      /;\s{0,2}(?:password|pwd)\s{0,2}=\s{0,2}([^;"'\n\0]{3,512})/gi,
      (value) => !isPlaceholder(value),
    ),
  ];
}

const COOKIE = /(?:[=:;]\s{0,2}["']?|\s)[\w.-]{1,80}=([^\s;"'\\,]{6,4096})/g;
const COOKIE_PLAIN =
  /(?:^|[\s:;="'])(?:path|expires|max-age|domain|samesite|lang|locale|theme|version|priority|httponly|secure)=$/i;
const isCookie: Judge = (value, place) =>
  !isPlaceholder(value) &&
  !COOKIE_PLAIN.test(place.lead) &&
  (looksSecret(value) || looksRandom(value) || /(?:sess|auth|token|sid)/i.test(place.lead));
const isCookieName: Judge = (value, place) =>
  /(?:PHPSESSID|JSESSIONID|connect\.sid|csrftoken)/i.test(place.lead) && !isPlaceholder(value);

const isHeader: Judge = (value, place) =>
  !isPlaceholder(value) &&
  !/^(?:basic|bearer|token|header|required|digest|negotiate)$/i.test(value) &&
  place.after !== '(' &&
  (looksSecret(value) || looksRandom(value) || isPair(value, place));

/** base64 of `name:password`. */
function isPair(value: string, _place: InText): boolean {
  const text = Buffer.from(value, 'base64').toString('latin1');
  return /^[\x20-\x7e]{0,128}:[\x20-\x7e]{1,512}$/.test(text) && !isPlaceholder(value);
}
type InText = Parameters<Judge>[1];

/** An id of a session, which every transcript is full of. */
function isIdentity(value: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-|^\d{4}-\d{2}-\d{2}/i.test(value);
}

const isInAddress: Judge = (value, place) => {
  // A port and a path behind a host: `http://localhost:3000/a@b`.
  if (/^\d{2,5}(?:[/_]|$)/.test(value) && /^https?:/i.test(place.lead)) return false;
  if (/\//.test(value) && !/^(?:postgres|mysql|mongodb|redis|amqp|mssql|jdbc)/i.test(place.lead))
    return false;
  return !isPlaceholder(value) || /^(?:pass(?:word)?|secret)\d{2,}/.test(value);
};

function filesOfSecrets(): readonly SecretRule[] {
  return [
    carried(
      'password',
      'login & password',
      /\blogin\s{1,4}\S{1,128}\s{1,4}(?:account\s+\S{1,64}\s+)?password\s{1,4}["']?([^\s"'\0]{3,512})/gi,
      (value) => !isPlaceholder(value),
    ),
    // Settings of a connection, where `pass` alone tells enough
    carried(
      'password',
      'user login email & pass:',
      /(?:[Uu]ser|[Ll]ogin|[Ee]mail)\w{0,12}["']?:[ \t]{1,4}[^\n\0]{1,200}(?:\n[ \t-]{0,40})?(?<=[\s,;-])pass:[ \t]{1,4}([^\s"'\x60,;\0]{4,512})/g,
      (value, place) => isPassword(stemOf(value), place),
    ),
    // .pgpass: host:port:database:user:password
    onlyWith(
      /:(?:\d{4,5}|\*):/,
      carried(
        'password',
        ':',
        /(?<![\w:.*])(?:[\w.-]{1,128}|\*):(?:\d{4,5}|\*):[\w.*-]{1,64}:[\w.@*-]{1,64}:([^\s:"'`,;\0]{4,256})/g,
        (value, place) =>
          !isPlaceholder(value) && !/^\d+$/.test(value) && !/^[0-9A-F:]+$/.test(place.lead + value),
      ),
    ),
    carried(
      'docker login',
      '"auth',
      /"auth\\{0,3}"\s{0,3}:\s{0,3}\\{0,3}"([A-Za-z0-9+/]{8,2048}={0,2})/g,
      (value) => !isPlaceholder(value),
    ),
    carried(
      'private key',
      'client-key-data .key',
      /(?:client-key-data|\.key(?<=\w\.key))\\{0,3}["']?\s{0,3}:\s{0,3}\\{0,3}["']?([A-Za-z0-9+/]{24,16384}={0,2})/g,
      (value) => !isPlaceholder(value),
    ),
    {
      kind: 'Kubernetes secret',
      ...hinted('kind & secret'),
      patterns: [MANIFEST, DATA, PAIR],
      find: kubernetesSecrets,
    },
    // One name and its crypt, or a password for chpasswd
    carried(
      'password',
      'chpasswd',
      /\b(?:echo|printf)\s+["']?[\w.-]{1,64}:([^\s"'|\0]{3,512})(?=["']?\s{0,3}\|\s{0,3}(?:sudo\s+)?chpasswd)/g,
      (value) => !isPlaceholder(value),
    ),
    carried(
      'private key id',
      'private_key_id',
      /"private_key_id\\{0,3}"\s{0,3}:\s{0,3}\\{0,3}"([0-9a-f]{40})/g,
      () => true,
    ),
  ];
}

const MANIFEST = /kind\\{0,3}["']?: {0,3}\\{0,3}["']?Secret(?![A-Za-z])/g;
const DATA = /(?:stringData|data)\\{0,3}["']?:/;
const PAIR = /[\w.-]{1,100}\\{0,3}["']?: {1,3}\\{0,3}["']?([^\s"'\\,{}\0]{4,4096})/g;

/** Every value below `data` and `stringData` of a Secret, whatever its name. */
function* kubernetesSecrets(text: string): Iterable<Finding> {
  let at = 0;
  for (const match of matchesIn(text, MANIFEST)) {
    if (match.index < at) continue;
    const near = text.slice(match.index, match.index + 8192);
    const stop = near.search(/\n---|\0/);
    const own = stop < 0 ? near : near.slice(0, stop);
    at = match.index + own.length;
    const data = DATA.exec(own);
    if (data === null) continue;
    const from = data.index + data[0].length;
    for (const pair of matchesIn(own.slice(from), PAIR)) {
      const value = pair[1] ?? '';
      if (isPlaceholder(value) || /^(?:type|kind|name|namespace|apiVersion)["']?:/.test(pair[0])) continue;
      const end = match.index + from + pair.index + pair[0].length;
      yield { start: end - value.length, end, kind: 'Kubernetes secret' };
    }
  }
}

export const CARRIER_RULES: readonly SecretRule[] = [
  carried(
    'password',
    'pass pwd pw motdepasse parol wachtwoord haslo senha contrase psk',
    new RegExp(`${PASS}s?${TAIL}${GIVES}${VALUE}`, 'g'),
    judgePass,
  ),
  carried('secret', 'key', new RegExp(`${KEY}${TAIL}${GIVES}${VALUE}`, 'g'), judgeKey),
  carried(
    'secret',
    'secret token cred auth _pat ^PAT salt PEPPER ^bearer ^jwt ^sig ^hmac ^dsn ^pin ^otp ^licen ^webhook ^cookie sonar.login',
    new RegExp(
      `${WEAK}(?:[_-]?(?:[Kk]ey|KEY|[Ss]tring|STRING|[Vv]alue|[Bb]ase|BASE)){0,2}${TAIL}${GIVES}${VALUE}`,
      'g',
    ),
    judgeWeak,
  ),
  carried(
    'AWS secret key',
    'secret & key',
    /secret_?(?:access_?)?key\\{0,3}["']?\s{0,3}(?:=>|[:=])?\s{0,3}\\{0,3}["']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/gi,
    (value) => !isPlaceholder(value),
  ),
  // `define('DB_PASSWORD', 'x')`, `set("password", "x")`, `--from-literal`, `configure set name value`
  carried(
    'secret',
    'pass pwd secret token key salt',
    new RegExp(
      String.raw`["'][\w.:-]{0,60}(?:pass(?:word|wd)?|pwd|secret|token|_?key|salt)["']\s{0,3},\s{0,3}${QUOTED}(?!\\{0,3}["'\x60]\s{0,2}[:…${GOES_ON}])`,
      'gi',
    ),
    (value, place) =>
      /salt|_key|_KEY/.test(place.lead)
        ? value.length >= 20 && !isPlaceholder(value) && looksSecret(value.replace(/\s/g, ''))
        : /pass|pwd/i.test(place.lead)
          ? isGiven(value, place) && value.length >= 6
          : isNamed(value, place),
  ),
  // XML
  carried(
    'password',
    'pass pwd secret token key & </',
    /<(?:[\w.-]{1,40}:)?[\w.-]{0,40}(?:pass(?:word|wd|phrase)?|pwd|secret|token|api-?key|secretkey|privatekey)(?:\s[^<>\n\0]{0,100})?>\s{0,8}(?:<!\[CDATA\[)?([^<>\s\0]{4,4096})(?=\s{0,8}(?:\]\]>)?<\/)/gi,
    anything,
  ),
  carried(
    'password',
    'pass pwd secret token key & value=',
    /(?:name|key|id)=\\{0,3}["'][\w.:-]{0,60}(?:pass(?:word|wd|phrase)?|pwd|secret|token|key)\\{0,3}["']\s{1,4}(?:value=)\\{0,3}["']([^"'\n\0<>\\]{4,4096})/gi,
    anything,
  ),
  carried(
    'password',
    'pass pwd secret token key & <entry <string <property <item <prop <param',
    /<(?:entry|string|property|item|prop|param)\s(?:name|key)="[\w.:-]{0,60}(?:pass(?:word|wd|phrase)?|pwd|secret|token|key)">([^<>\n\0]{4,4096})(?=<\/)/gi,
    anything,
  ),
  carried(
    'password',
    '</key>',
    /<key>[\w.:-]{0,60}(?:pass(?:word)?|secret|token|key)<\/key>\s{0,8}<string>([^<>\n\0]{4,4096})(?=<\/)/gi,
    anything,
  ),
  // A variable of Terraform and its default
  carried(
    'password',
    'variable',
    new RegExp(
      String.raw`variable\s{1,3}\\{0,3}"[\w-]{0,60}(?:pass(?:word|wd|phrase)?|pwd|secret|token|key)[\w-]{0,20}\\{0,3}"\s{0,3}\{[^}\0]{0,400}?default\s{0,3}=\s{0,3}${QUOTED}`,
      'gi',
    ),
    anything,
  ),
  carried(
    'password',
    'sensitive',
    new RegExp(
      String.raw`default\s{0,3}=\s{0,3}${QUOTED}(?=\\{0,3}"\s{1,20}sensitive\s{0,3}=\s{0,3}true)`,
      'g',
    ),
    anything,
  ),
  // HCL, gradle, configuration by a blank: `storePassword 'x'`, `requirepass x`, `wpa_passphrase=x`
  carried(
    'password',
    'password secret token apikey api_key',
    new RegExp(String.raw`(?:[Pp]assword|[Ss]ecret|[Tt]oken|[Aa]piKey|api_key)[ \t]{1,3}${QUOTED}`, 'g'),
    (value, place) =>
      isGiven(value, place) && (/[\d!@#$%^&*+=?]/.test(value) || (place.isCut !== true && isWord(value))),
  ),
  carried(
    'password',
    'requirepass masterauth rootpw ansible_become',
    /(?<![A-Za-z])(?:requirepass|masterauth|rootpw(?: --plaintext)?)\s{1,4}["']?([^\s"'\0]{4,512})/gi,
    anything,
  ),
  carried(
    'password',
    'identified# #password',
    /\b(?:IDENTIFIED (?:WITH \w+ )?BY|(?:WITH |ENCRYPTED |LOGIN |SET )PASSWORD(?: FOR [^\n=]{1,60})?|(?:ROLE|USER|LOGIN) [\w"'@%.-]{1,60} (?:WITH )?(?:LOGIN |SUPERUSER )?PASSWORD)\s{0,3}=?\s{0,3}N?(?:PASSWORD\()?\\{0,3}["']([^"'\n\0\\]{3,512})(?=\\{0,3}["'])/gi,
    anything,
  ),
  ...filesOfSecrets(),
  ...headers(),
];
