/**
 * Forms of secrets that the kept rules of secretlint miss or want whole, and what only looks like one.
 * Promises: every pattern is linear in the text: a literal to begin with, every repetition bounded or final.
 * Sources: the vendors' documented prefixes; gitleaks and secretlint for the lengths.
 */

export interface SecretForm {
  readonly kind: string;
  /** The pattern only runs on text that has one of these, compared in lower case. */
  readonly hints: readonly string[];
  /** The secret is group 1 where there is one, else the whole match. */
  readonly pattern: RegExp;
  /** Set for assignments and the like, whose value is mostly no secret: it has to look like one. */
  readonly loose?: true;
}

/** A block of key material; where its end is missing (a cut text) all that follows goes with it. */
const PRIVATE_KEY =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g;
/** `key = value`, `"key": "value"`, `--key value` and `KEY=value`. */
const ASSIGNED =
  /(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|apikey|access[_-]?key|account[_-]?key|private[_-]?key|client[_-]?secret|credentials?)(?:\\?["'])?(?: {0,3}[:=]{1,2} {0,3}| {1,2})(?:\\?["'])?([^\s"'`,;&|<>()[\]{}\\]{6,256})/gi;

export const SECRET_FORMS: readonly SecretForm[] = [
  { kind: 'private key', hints: ['private key'], pattern: PRIVATE_KEY },
  {
    kind: 'AWS access key',
    hints: ['akia', 'asia', 'abia', 'acca'],
    pattern: /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g,
  },
  {
    kind: 'AWS secret key',
    hints: ['secret'],
    pattern:
      /secret_?(?:access_?)?key["']?\s{0,3}(?:=>|[:=])?\s{0,3}["']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/gi,
  },
  { kind: 'Google API key', hints: ['aiza'], pattern: /\bAIza[\w-]{35}(?![\w-])/g },
  { kind: 'Google OAuth secret', hints: ['gocspx-'], pattern: /\bGOCSPX-[\w-]{20,64}/g },
  { kind: 'Google OAuth token', hints: ['ya29.'], pattern: /\bya29\.[\w-]{20,2048}/g },
  { kind: 'PyPI token', hints: ['pypi-'], pattern: /\bpypi-[\w-]{50,1024}/g },
  { kind: 'JWT', hints: ['eyj'], pattern: /\beyJ[\w-]{8,4096}\.eyJ[\w-]{8,8192}(?:\.[\w-]{0,2048})?/g },
  {
    kind: 'bearer token',
    hints: ['bearer'],
    pattern: /\bbearer[ :=]{1,3}["']?([\w.~+/-]{16,4096}={0,2})/gi,
    loose: true,
  },
  {
    kind: 'basic authorization',
    hints: ['basic '],
    pattern: /\bauthorization["']?[ :=]{1,3}["']?basic ([A-Za-z0-9+/]{8,1024}={0,2})/gi,
  },
  {
    kind: 'password in URL',
    hints: ['://'],
    pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@"'`<>?#]{0,128}:([^\s/@"'`<>]{1,256})@/gi,
    loose: true,
  },
  {
    kind: 'Azure key',
    hints: ['key='],
    pattern: /\b(?:Account|SharedAccess)Key=([A-Za-z0-9+/]{40,100}={0,2})/gi,
  },
  { kind: 'Azure signature', hints: ['sig='], pattern: /[?&;]sig=([A-Za-z0-9%+/]{30,128}(?:=|%3D){0,2})/gi },
  {
    kind: 'Azure client secret',
    hints: ['q~'],
    pattern: /(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~-])/g,
  },
  { kind: 'DigitalOcean token', hints: ['_v1_'], pattern: /\bdo[opr]_v1_[a-f0-9]{64}\b/g },
  { kind: 'Telegram token', hints: [':aa'], pattern: /(?<!\d)\d{8,10}:AA[\w-]{32,34}(?![\w-])/g },
  { kind: 'xAI key', hints: ['xai-'], pattern: /\bxai-[A-Za-z0-9]{40,128}/g },
  { kind: 'OpenRouter key', hints: ['sk-or-'], pattern: /\bsk-or-(?:v1-)?[A-Za-z0-9]{32,128}/g },
  { kind: 'Anthropic key', hints: ['sk-ant-'], pattern: /\bsk-ant-[\w-]{20,256}/g },
  {
    kind: 'OpenAI key',
    hints: ['sk-'],
    pattern: /\bsk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9][\w-]{19,255}/g,
    loose: true,
  },
  {
    kind: 'GitHub token',
    hints: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    pattern: /\bgh[pousr]_[A-Za-z0-9]{20,255}/g,
  },
  { kind: 'GitHub token', hints: ['github_pat_'], pattern: /\bgithub_pat_\w{20,255}/g },
  {
    kind: 'GitLab token',
    hints: ['gl'],
    pattern: /\bgl(?:pat|dt|rt|ptt|ft|soat|cbt|agent|imt|oas)-[\w.-]{20,300}/g,
  },
  { kind: 'Slack token', hints: ['xox', 'xapp-'], pattern: /\b(?:xox[abceoprs]|xapp)-[A-Za-z0-9-]{10,255}/g },
  {
    kind: 'Slack webhook',
    hints: ['hooks.slack.com'],
    pattern: /hooks\.slack\.com\/(?:services|workflows)\/([A-Za-z0-9/]{20,128})/g,
  },
  {
    kind: 'Stripe key',
    hints: ['k_live_', 'k_test_'],
    pattern: /\b[srp]k_(?:live|test)_[A-Za-z0-9]{16,247}/g,
  },
  { kind: 'webhook secret', hints: ['whsec_'], pattern: /\bwhsec_[A-Za-z0-9+/]{24,128}={0,2}/g },
  { kind: 'npm token', hints: ['npm_'], pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  {
    kind: 'npm token',
    hints: ['_authtoken'],
    pattern: /_authToken\s{0,2}=\s{0,2}["']?([\w.=+/-]{16,512})/gi,
  },
  { kind: 'SendGrid key', hints: ['sg.'], pattern: /\bSG\.[\w-]{16,32}\.[\w-]{16,64}/g },
  { kind: 'Twilio key', hints: ['sk'], pattern: /\bSK[0-9a-f]{32}\b/g },
  { kind: 'Mailgun key', hints: ['key-'], pattern: /\bkey-[0-9a-f]{32}\b/g },
  { kind: 'Hugging Face token', hints: ['hf_'], pattern: /\bhf_[A-Za-z0-9]{30,64}\b/g },
  { kind: 'Groq key', hints: ['gsk_'], pattern: /\bgsk_[A-Za-z0-9]{40,64}\b/g },
  { kind: 'Replicate token', hints: ['r8_'], pattern: /\br8_[A-Za-z0-9]{30,48}\b/g },
  { kind: 'Perplexity key', hints: ['pplx-'], pattern: /\bpplx-[A-Za-z0-9]{40,64}\b/g },
  {
    kind: 'Notion token',
    hints: ['ntn_', 'secret_'],
    pattern: /\b(?:ntn_[A-Za-z0-9]{40,64}|secret_[A-Za-z0-9]{43})\b/g,
  },
  { kind: 'Linear key', hints: ['lin_'], pattern: /\blin_(?:api|oauth)_[A-Za-z0-9]{32,128}/g },
  { kind: 'Shopify token', hints: ['shp'], pattern: /\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b/g },
  {
    kind: 'Discord token',
    hints: ['.'],
    pattern: /\b[MNO][A-Za-z0-9_-]{23,27}\.[\w-]{6}\.[\w-]{27,38}(?![\w-])/g,
    loose: true,
  },
  {
    kind: 'Discord webhook',
    hints: ['/api/webhooks/'],
    pattern: /\/api\/webhooks\/\d{15,22}\/([\w-]{40,100})/g,
  },
  { kind: 'Databricks token', hints: ['dapi'], pattern: /\bdapi[a-f0-9]{32}\b/g },
  { kind: 'Docker Hub token', hints: ['dckr_'], pattern: /\bdckr_(?:pat|oat)_[\w-]{20,64}/g },
  { kind: 'Vault token', hints: ['hvs.', 'hvb.', 'hvr.'], pattern: /\bhv[sbr]\.[\w-]{20,300}/g },
  { kind: 'age key', hints: ['age-secret-key'], pattern: /AGE-SECRET-KEY-1[0-9A-Z]{20,80}/g },
  { kind: 'Supabase token', hints: ['sbp_'], pattern: /\bsbp_[a-f0-9]{40}\b/g },
  { kind: 'Fly.io token', hints: ['fm2_', 'fo1_'], pattern: /\b(?:fm2|fo1)_[\w+/=-]{40,2048}/g },
  { kind: 'Netlify token', hints: ['nfp_'], pattern: /\bnfp_[A-Za-z0-9]{36,64}\b/g },
  { kind: 'Atlassian token', hints: ['atatt3'], pattern: /\bATATT3[\w=-]{40,300}/g },
  { kind: 'Postman key', hints: ['pmak-'], pattern: /\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}\b/g },
  { kind: 'New Relic key', hints: ['nrak-'], pattern: /\bNRAK-[A-Z0-9]{27}\b/g },
  { kind: 'Sentry token', hints: ['sntry'], pattern: /\bsntry[su]_[\w+/=-]{40,512}/g },
  { kind: 'Doppler token', hints: ['dp.'], pattern: /\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,64}/g },
  { kind: 'Figma token', hints: ['figd_'], pattern: /\bfigd_[\w-]{30,64}/g },
  {
    kind: 'Vercel token',
    hints: ['vcp_', 'vci_', 'vca_', 'vcr_', 'vck_'],
    pattern: /\bvc[piark]_[A-Za-z0-9]{20,64}\b/g,
  },
  { kind: 'PlanetScale token', hints: ['pscale_'], pattern: /\bpscale_(?:tkn|pw|oauth)_[\w.-]{32,64}/g },
  { kind: 'Grafana token', hints: ['glsa_', 'glc_'], pattern: /\bgl(?:sa|c)_[\w+/=]{32,400}/g },
  { kind: 'Terraform token', hints: ['.atlasv1.'], pattern: /\b[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,80}/g },
  { kind: 'RubyGems key', hints: ['rubygems_'], pattern: /\brubygems_[a-f0-9]{48}\b/g },
  { kind: 'Tailscale key', hints: ['tskey-'], pattern: /\btskey-[a-z]{2,16}-[\w-]{16,96}/g },
  // The user's own words and flags make these passwords, whatever they look like.
  {
    kind: 'password',
    hints: ['passw', 'passphrase'],
    pattern:
      /(?:--[a-z-]{0,20}|[A-Z_]{2,40}|[;?&]|\b)(?:password|passwd|passphrase|PASSWORD|PASSWD|PASSPHRASE)(?:=|(?<=--[a-z-]{0,20}(?:password|passwd|passphrase)) )["']?([^\s"'`,;&|<>()[\]{}\\]{6,256})/g,
  },
  {
    kind: 'password',
    hints: ['curl', 'wget'],
    pattern: /(?:\s-u|--user)[ =]["']?[^\s:"']{1,64}:([^\s"']{4,128})/g,
  },
  {
    kind: 'session cookie',
    hints: ['cookie'],
    pattern: /\bcookie: ?[^\n]{0,200}?(?:sess|auth|token|sid)[\w.-]{0,20}=([\w.%+/-]{20,4096})/gi,
  },
  {
    kind: 'password',
    hints: ['passw', 'passphrase', 'pwd', 'secret', 'token', 'key', 'credential'],
    pattern: ASSIGNED,
    loose: true,
  },
];

/** Values that stand where a secret would: already masked, an example, a variable, a piece of code. */
const PLACEHOLDERS: readonly RegExp[] = [
  /redacted|example|placeholder|change-?me|change_?this|replace|your|dummy|sample|insert|masked|hidden|secret-?here|my-?(?:secret|password|token|key)/i,
  /^(?:x+|\*+|\.+|-+|_+|0+|1234567?8?9?0?|abc(?:123|def)?|foo(?:bar)?|test(?:ing)?|password\d?|passwd|pass|secret|token|string|number|boolean|null|none|nil|true|false|undefined|required|optional|empty|value|user|admin|root|postgres)$/i,
  /(.)\1{7}/,
  /[xX*]{4,}|\.{3}|…/,
  /^[$%@:#]|^[\w$]+[._](?:password|passwd|pass|secret|token|key|env)\b|\$\{|^process\.env|^os\.environ|^env[.[]|^import\.meta|^config\./,
];

/** True where a match is no secret. */
export function isPlaceholder(value: string): boolean {
  return PLACEHOLDERS.some((form) => form.test(value));
}

/**
 * True where the value of an assignment looks made up by a machine or a careful human: letters and digits mixed,
 * or signs that no name has. Identifiers, types, paths, versions and words do not.
 */
export function looksSecret(value: string): boolean {
  if (/^(?:[a-z]+:)?\/\/|^[./~]|^\d[\d.,:_-]*%?$/.test(value)) return false;
  const digit = /\d/.test(value);
  const letter = /[A-Za-z]/.test(value);
  const sign = /[!@#$%^*+=?~]/.test(value);
  if (sign && (digit || letter)) return value.length >= 6 && !/^[\w.]+[=!]=?[\w.]*$/.test(value);
  if (!digit || !letter) return false;
  // `sha256`, `utf8`, `v1_token`, `Base64String`: names that happen to have a digit.
  return !/^[A-Za-z_.-]+\d{1,3}$|^[A-Za-z]+\d{1,3}(?:[A-Z_.-][A-Za-z]*)+$/.test(value) || value.length >= 20;
}
