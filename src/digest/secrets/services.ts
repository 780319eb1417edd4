/**
 * Forms of the services' own keys, by the beginning that each documents.
 * Promises: every pattern is linear in the text: a literal to begin with, every repetition final or bounded; it also takes what
 * was cut, for the half of a key is still worth finding. Sources: each service's documentation of its keys.
 */
import { hintsOf, isInData, matchesIn, onlyWith, type SecretRule, token } from './rules.ts';
import { standsForNothing, withoutEnd } from './values.ts';

/** Letters, digits, `_` and `-` behind a literal of its own: most keys of today. */
function prefixed(kind: string, prefixes: string, charsMin = 16, alphabet = '\\w-'): SecretRule {
  const literals = prefixes.split(' ').map((prefix) => prefix.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(
    `(?<![A-Za-z0-9])(${literals.join('|')})([${alphabet}]{${charsMin},4096}={0,2})`,
    'g',
  );
  return {
    kind,
    hints: prefixes.split(' ').map((prefix) => `^${prefix}`),
    patterns: [pattern],
    *find(text) {
      for (const { index, 0: found, 1: prefix = '', 2: body = '' } of matchesIn(text, pattern))
        if (isMade(prefix, body) && !standsForNothing(found) && !isInData(text, index))
          yield { start: index, end: index + found.length, kind, runsOn: true };
    },
  };
}

/** What a machine made: `re_compile_the_pattern` begins like a key and is a name. */
function isMade(prefix: string, body: string): boolean {
  const bare = withoutEnd(body, '-_.=');
  if ((bare.match(/[a-z][A-Z](?![a-z]{2})/g)?.length ?? 0) >= 2) return true;
  // A long beginning is one of a service's own: behind it only a name is none.
  if (prefix.length >= 5) return !/^(?:[A-Z]?[a-z]+|[A-Z]+)(?:[-_.](?:[a-z]+|[A-Z]+|\d{1,2}))*$/.test(bare);
  return /\d/.test(bare) && !/^[A-Za-z]+\d{0,4}(?:[-_.](?:[A-Za-z]+\d{0,4}|\d{1,6}))*$/.test(bare);
}

/** What services put near the end of their keys, the last one with four capitals. */
const AZURE_MARKS = '\\+AStA|\\+ARm|\\+ACR|ACDb|AzFu|AzSe|AzCa|APIM|AAAA';

export const SERVICE_RULES: readonly SecretRule[] = [
  // Clouds
  token(
    'AWS access key',
    '^AKIA ^ASIA ^ABIA ^ACCA ^A3T',
    /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{12,16}(?![A-Za-z0-9])/g,
  ),
  prefixed('AWS Bedrock key', 'ABSK bedrock-api-key-', 30, '\\w+/=-'),
  prefixed('AWS session token', 'FwoGZXIvYXdz IQoJb3JpZ2luX2Vj', 40, '\\w+/='),
  prefixed('Google API key', 'AIza', 20),
  prefixed('Google API key', 'AQ.Ab8', 20),
  prefixed('Google OAuth secret', 'GOCSPX-', 16),
  prefixed('Google OAuth token', 'ya29. 1//0', 20, '\\w./-'),
  token('Firebase key', ':apa91b', /\b[\w-]{8,32}:APA91b[\w-]{40,200}/g),
  token('Azure key', 'key=', /\b(?:Account|SharedAccess)Key=([A-Za-z0-9+/]{20,100}={0,2})/gi),
  token('Azure signature', 'sig=', /[?&;]sig=([A-Za-z0-9%+/]{30,128}(?:=|%3D){0,2})/gi),
  token('Azure client secret', 'Q~', /(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{20,40}/g),
  token(
    'Azure key',
    hintsOf(AZURE_MARKS),
    new RegExp(`(?<![A-Za-z0-9])[A-Za-z0-9+/]{30,76}(?:${AZURE_MARKS}[A-Z]{4})[A-Za-z0-9+/]{4,8}={0,2}`, 'g'),
  ),
  token('Alibaba key', '^LTAI', /(?<![A-Za-z0-9])LTAI[A-Za-z0-9]{12,24}(?![A-Za-z0-9])/g),
  prefixed('Tencent key', 'AKID', 32, 'A-Za-z0-9'),
  prefixed('Yandex key', 'AQVN YCAJ t1.9', 30, '\\w.-'),
  prefixed('DigitalOcean token', 'dop_v1_ doo_v1_ dor_v1_', 20),
  prefixed('Fly.io token', 'fm1a_ fm1r_ fm2_ fo1_', 30, '\\w+/=-'),
  prefixed('Heroku key', 'HRKU-', 20),
  prefixed('Scalingo token', 'tk-us-', 20),
  prefixed('Render key', 'rnd_', 20, 'A-Za-z0-9'),
  prefixed('Netlify token', 'nfp_ nfc_ nfo_', 20),
  prefixed('Vercel token', 'vcp_ vci_ vca_ vcr_ vck_ vercel_blob_rw_', 20),
  prefixed('Cloudflare key', 'v1.0-', 40, 'a-f0-9-'),
  prefixed('Cloudflare key', 'cfut_ cfat_ cfk_', 20),
  prefixed('PlanetScale token', 'pscale_tkn_ pscale_pw_ pscale_oauth_', 16, '\\w.=-'),
  prefixed('Supabase key', 'sbp_ sb_secret_', 16),
  prefixed('Neon key', 'napi_ npg_', 12),
  prefixed('Aiven token', 'AVNS_ aivenv1', 16, '\\w+/='),
  prefixed('MongoDB Atlas key', 'mdb_sa_sk_', 20),
  token('Pulumi token', '^pul-', /(?<![A-Za-z0-9])pul-[a-f0-9]{30,40}/g),
  token('Terraform token', '.atlasv1.', /(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{30,}/g),
  prefixed('Vault token', 'hvs. hvb. hvr.', 20, '\\w.-'),
  token(
    'Vault token',
    '^s. ^b.',
    /(?<![A-Za-z0-9._$-])[sb]\.(?=[A-Za-z]{0,23}\d)(?=[a-z0-9]{0,23}[A-Z])[A-Za-z0-9]{24}(?![A-Za-z0-9.(])/g,
  ),
  prefixed('Doppler token', 'dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.', 30, '\\w.-'),
  prefixed('1Password token', 'ops_eyJ', 40, '\\w+/=-'),
  token(
    '1Password secret key',
    '^A3-',
    /(?<![A-Za-z0-9])A3-[A-Z0-9]{6}-(?:[A-Z0-9]{6}-[A-Z0-9]{5}|[A-Z0-9]{11})(?:-[A-Z0-9]{5}){2,3}/g,
  ),
  prefixed('Infisical token', 'st.', 60, '\\w.-'),
  // Code
  prefixed('GitHub token', 'ghp_ gho_ ghu_ ghs_ ghr_ github_pat_', 16, '\\w.-'),
  prefixed(
    'GitLab token',
    'glpat- gldt- glrt- glrtr- glptt- glft- glsoat- glcbt- glagent- glimt- gloas- glffct- glwt-',
    16,
    '\\w.-',
  ),
  token(
    'GitLab token',
    'gr1348941 _gitlab_session',
    /(?<![A-Za-z0-9])GR1348941[\w-]{16,}|_gitlab_session=([\w%.-]{16,})/g,
  ),
  prefixed('Bitbucket password', 'ATBB ATCTT3 BBDC-', 16, '\\w=+/-'),
  prefixed('Atlassian token', 'ATATT3 ATSTT3 ATTA ATOA', 24, '\\w=+/-'),
  prefixed('Sourcegraph token', 'sgp_ slk_ sgd_', 20),
  prefixed('npm token', 'npm_', 20, 'A-Za-z0-9'),
  token('npm token', '_auth', /_auth(?:Token)?\s{0,2}=\s{0,2}["']?([\w.=+/-]{12,2048})/gi),
  prefixed('PyPI token', 'pypi-Ag pypi-', 24),
  prefixed('RubyGems key', 'rubygems_', 20),
  prefixed('crates.io token', 'cio', 28, 'A-Za-z0-9'),
  prefixed('NuGet key', 'oy2', 36, 'a-z0-9'),
  prefixed('Clojars token', 'CLOJARS_', 20),
  prefixed('Docker token', 'dckr_pat_ dckr_oat_', 12),
  prefixed('Artifactory key', 'AKCp cmVmdGtu eyJ2ZXIiOiIyI', 24, '\\w.+/=-'),
  prefixed('Buildkite token', 'bkua_ bkaj_', 16),
  prefixed('CircleCI token', 'CCIPAT_ CCIPRJ_', 16),
  prefixed('Harness token', 'pat. sat.', 50, '\\w.'),
  prefixed('Octopus key', 'API-', 24, 'A-Z0-9'),
  prefixed('SonarQube token', 'squ_ sqp_ sqa_', 16),
  prefixed('Snyk token', 'snyk_uat. snyk_sat.', 16, '\\w.-'),
  prefixed('Prefect key', 'pnu_ pnb_', 16),
  prefixed('OpenShift token', 'sha256~', 20),
  prefixed('Rancher token', 'kubeconfig-u- token-', 50, 'a-z0-9:-'),
  onlyWith(
    /\.[a-z0-9]{16}/,
    token(
      'Kubernetes bootstrap token',
      '.',
      /(?<![\w.-])(?=[a-z]{0,5}\d)[a-z0-9]{6}\.(?=[a-z]{0,15}\d)(?=\d{0,15}[a-z])[a-z0-9]{16}(?![\w.(-])/g,
    ),
  ),
  // Models
  prefixed('Anthropic key', 'sk-ant-', 16),
  prefixed('OpenRouter key', 'sk-or-', 20),
  prefixed('Langfuse key', 'sk-lf- pk-lf-', 20),
  prefixed('xAI key', 'xai-', 24),
  prefixed('Groq key', 'gsk_', 24),
  prefixed('Hugging Face token', 'hf_ api_org_', 24, 'A-Za-z0-9'),
  prefixed('Replicate token', 'r8_', 24, 'A-Za-z0-9'),
  prefixed('Perplexity key', 'pplx-', 24),
  prefixed('NVIDIA key', 'nvapi-', 24),
  prefixed('Pinecone key', 'pcsk_', 24),
  prefixed('LangSmith key', 'lsv2_pt_ lsv2_sk_ ls__', 20),
  prefixed('Cerebras key', 'csk-', 24),
  prefixed('Tavily key', 'tvly-', 16),
  prefixed('Firecrawl key', 'fc-', 28, 'a-f0-9'),
  prefixed('Fireworks key', 'fw_ fpk_', 20, 'A-Za-z0-9'),
  prefixed('Voyage key', 'pa-', 32),
  prefixed('Jina key', 'jina_', 24),
  prefixed('Anyscale key', 'esecret_', 20),
  prefixed('E2B key', 'e2b_', 24),
  prefixed('Deepgram key', 'dg_', 24),
  prefixed('Modal token', 'ak- as-', 20, 'A-Za-z0-9'),
  prefixed('Wandb key', 'wandb_v1_', 20),
  prefixed('ElevenLabs key', 'sk_', 40, 'a-f0-9'),
  token(
    'OpenAI key',
    'sk-',
    /(?<![A-Za-z0-9-])sk-(?:proj-|svcacct-|admin-|None-)(?=[\w-]{0,64}\d)[\w-]{16,255}/g,
  ),
  // Others call theirs so too: of what could be a name, only what has capitals and digits or is hexadecimal.
  token(
    'OpenAI key',
    'sk-',
    /(?<![A-Za-z0-9-])sk-(?:[a-f0-9]{32,64}|(?=[\w-]{0,40}[A-Z])(?=[\w-]{0,40}\d)[A-Za-z0-9][\w-]{19,255})/g,
  ),
  // Messages
  prefixed('Slack token', 'xoxb- xoxp- xoxa- xoxe- xoxe. xoxo- xoxr- xoxs- xoxc- xoxd- xapp-', 10, '\\w.%/-'),
  token(
    'Slack webhook',
    'hooks.slack.com',
    /hooks\.slack\.com[/_](?:services|workflows|triggers)[/_]([A-Za-z0-9/_]{20,128})/g,
  ),
  onlyWith(
    /\.[\w-]{6}\.[\w-]{27}/,
    token('Discord token', '.', /(?<![\w.-])[MNO][A-Za-z0-9_-]{23,27}\.[\w-]{6}\.[\w-]{27,40}/g),
  ),
  token('Discord webhook', 'webhooks', /[/_]webhooks[/_]\d{15,22}[/_]([\w-]{40,100})/g),
  token('Teams webhook', 'webhook', /webhook\.office\.com\/webhookb2\/([\w@/-]{40,})/g),
  token(
    'webhook',
    'hooks.zapier.com .make.com/ maker.ifttt.com chat.googleapis.com',
    /\bhooks\.zapier\.com[/_]hooks[/_]catch[/_]\d+[/_](\w{4,})|\bhook\.\w{2,4}\d?\.make\.com\/(\w{16,})|\bmaker\.ifttt\.com\/trigger\/[\w-]{1,60}\/with\/key\/([\w-]{12,})|\bchat\.googleapis\.com\/v1\/spaces\/[\w/-]{4,60}\?key=([\w%&=-]{20,})/g,
  ),
  token('Telegram token', ':A', /(?<!\d)\d{8,10}:A[\w-]{32,36}/g),
  prefixed('Twilio key', 'SK', 32, 'a-f0-9'),
  prefixed('SendGrid key', 'SG.', 16, '\\w.-'),
  token('Mailgun key', 'key-', /(?<![\w-])(?:pub)?key-[0-9a-f]{24,32}/g),
  token('Mailgun key', '-', /(?<![\w-])[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![\w-])/g),
  token('Mailchimp key', '-us', /(?<![\w-])[0-9a-f]{32}-us\d{1,2}\b/g),
  prefixed('Brevo key', 'xkeysib- xsmtpsib-', 24),
  prefixed('Resend key', 're_', 24),
  prefixed('Mattermost key', 'mm_', 26, 'a-z0-9'),
  prefixed('Intercom token', 'dG9rO', 30, '\\w=+/'),
  // Money
  prefixed('Stripe key', 'sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ sk_org_', 12, 'A-Za-z0-9'),
  token('webhook secret', 'whsec_', /(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/]{16,128}={0,2}/g),
  prefixed('Shopify token', 'shpat_ shpca_ shppa_ shpss_ shpua_ shptka_', 16, 'A-Za-z0-9'),
  prefixed('Square token', 'EAAA sq0atp- sq0csp- sq0idp-', 20),
  prefixed('Plaid token', 'access-sandbox- access-development- access-production-', 16, 'a-f0-9-'),
  token('Braintree token', 'access_token$', /access_token\$(?:production|sandbox)\$[\w$]{20,}/g),
  prefixed('GoCardless token', 'live_ sandbox_', 35),
  prefixed('Lob key', 'live_ test_ live_pub_ test_pub_', 31, 'a-f0-9'),
  prefixed('Flutterwave key', 'FLWSECK_TEST- FLWSECK- FLWPUBK_TEST- FLWPUBK-', 12),
  prefixed('EasyPost key', 'EZAK EZTK', 40, 'A-Za-z0-9'),
  prefixed('Shippo token', 'shippo_live_ shippo_test_', 20),
  prefixed('Duffel token', 'duffel_live_ duffel_test_', 20, '\\w=-'),
  prefixed('Razorpay key', 'rzp_live_ rzp_test_', 12),
  prefixed('Coinbase key', 'organizations/', 30, '\\w/-'),
  onlyWith(
    /[5KLxyz][A-Za-z0-9]{49}/,
    token(
      'Bitcoin key',
      '5 k l prv',
      /(?<![A-Za-z0-9_+-])(?:5[HJK](?=[A-Za-z]{0,48}\d)[A-Za-z0-9]{49}|[KL](?=[A-Za-z]{0,50}\d)[1-9A-HJ-NP-Za-km-z]{51}|[xyz]prv[1-9A-HJ-NP-Za-km-z]{80,120})(?![A-Za-z0-9_+/=-])/g,
    ),
  ),
  prefixed('Nostr key', 'nsec1', 40, 'a-z0-9'),
  // Work
  prefixed('Notion token', 'ntn_ secret_', 40, 'A-Za-z0-9'),
  prefixed('Linear key', 'lin_api_ lin_oauth_ lin_wh_', 20),
  prefixed('Airtable token', 'pat', 70, 'A-Za-z0-9.'),
  token('Airtable token', '^pat', /(?<![A-Za-z0-9])pat[A-Za-z0-9]{14}\.[a-f0-9]{30,64}/g),
  token('Asana token', '^1/ ^2/', /(?<![\w/])[12]\/\d{10,20}(?:\/\d{10,20})?:[a-f0-9]{24,32}/g),
  prefixed('Typeform token', 'tfp_', 30, '\\w.=-'),
  prefixed('Figma token', 'figd_ figu_ figo_', 20),
  prefixed('Frame.io token', 'fio-u-', 20, '\\w=-'),
  prefixed('Postman key', 'PMAK-', 20),
  prefixed('ReadMe key', 'rdme_', 20),
  prefixed('Dropbox token', 'sl.', 60),
  prefixed('Contentful token', 'CFPAT-', 20),
  prefixed('HubSpot token', 'pat-na1- pat-eu1- pat-na2-', 16),
  prefixed('Infracost key', 'ico-', 24),
  prefixed('Intra42 secret', 's-s4t2ud- s-s4t2af-', 20),
  prefixed('Algolia key', 'alg_', 20),
  prefixed('Settlemint token', 'sm_aat_ sm_pat_ sm_sat_', 12),
  prefixed('Authress key', 'sc_ ext_ scauth_', 30, '\\w.-'),
  prefixed('Defined Networking key', 'dnkey-', 20, '\\w=-'),
  prefixed('Tailscale key', 'tskey-', 16),
  prefixed('ngrok token', 'ak_', 24, 'A-Za-z0-9'),
  prefixed('Clickhouse key', '4b1d', 34, 'A-Za-z0-9'),
  prefixed('MaxMind key', 'mmk_', 16),
  token('MaxMind key', '_mmk', /(?<![A-Za-z0-9])[A-Za-z0-9]{6}_[A-Za-z0-9]{24,29}_mmk/g),
  // Watching
  prefixed('Databricks token', 'dapi dkea dose', 30, 'a-f0-9-'),
  prefixed('New Relic key', 'NRAK- NRII- NRJS- NRIQ- NRRA- NRSP-', 16),
  token('New Relic key', 'NRAL', /(?<![A-Za-z0-9])[a-f0-9]{32,40}(?:FFFF)?NRAL/g),
  prefixed('Sentry token', 'sntrys_ sntryu_ sntrya_', 30, '\\w+/=-'),
  token('Sentry address', 'sentry', /https?:\/\/([a-f0-9]{24,32})(?=(?::[a-f0-9]{32})?@[\w.-]{1,80}sentry)/g),
  prefixed('Grafana token', 'glsa_ glc_ eyJrIjoi', 20, '\\w+/=-'),
  prefixed('Dynatrace token', 'dt0c01. dt0s01. dt0s16.', 24, '\\w.-'),
  prefixed('Honeycomb key', 'hcaik_ hcxik_ hcamk_', 20),
  prefixed('PostHog key', 'phx_ phs_', 20, 'A-Za-z0-9'),
  prefixed('LaunchDarkly key', 'sdk- api- mob-', 36, 'a-f0-9-'),
  prefixed('Better Stack token', 'btp_', 16),
  prefixed('Mapbox token', 'sk.eyJ tk.eyJ', 20, '\\w.-'),
  prefixed('Adobe secret', 'p8e-', 24),
  prefixed('Facebook token', 'EAAC EAAB EAAD EAAG EAAJ EAAM EAAW', 60),
  token('Okta token', '^00', /(?<![\w-])00(?=[\w-]{0,40}[A-Z])(?=[\w-]{0,40}[a-z])[\w-]{40}(?![\w-])/g),
  // Without a service of their own
  token(
    'JWT',
    '^eyJ ^ewog',
    /(?<![A-Za-z0-9])(?:eyJ|ewog)[\w-]{8,8192}\.(?:eyJ|ewog)?[\w-]{8,16384}(?:\.[\w-]{0,8192}){0,3}/g,
  ),
  token('JWT', '^ZXlK', /(?<![A-Za-z0-9])ZXlK[\w+/-]{40,16384}={0,2}/g),
  token(
    'signed address',
    'signature= security-token= -credential=',
    /[?&](?:X-(?:Amz|Goog|Ms)-(?:Signature|Security-Token)|Signature)=([\w%+/~=-]{20,4096})/gi,
  ),
];
