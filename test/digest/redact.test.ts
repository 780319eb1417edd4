// Secrets are redacted in the digest. Real formats with made-up values, put together here so that no scanner
// of this repository takes them for real ones.

import { describe, expect, test } from 'bun:test';
import { redactDigest, redactText } from '../../src/digest/redact.ts';
import { emptyDigest } from './samples.ts';

/** `count` characters that repeat no short pattern. */
function made(count: number, alphabet = 'aB3dE5gH7jK9mN2pQ4rS6tU8vW'): string {
  return Array.from(
    { length: count },
    (_, index) => alphabet[(index * 7 + Math.floor(index / 5)) % alphabet.length],
  ).join('');
}
const hex = (count: number) => made(count, '3f8a1c9e7b205d64');
const upper = (count: number) => made(count).toUpperCase();
const join = (...parts: string[]) => parts.join('');
const key = (kind: string) => join('-----BEGIN ', kind, 'PRIV', 'ATE KEY-----');

/** A name, the text that holds the secret, and the secret. */
const SECRETS: readonly (readonly [string, string, string])[] = [
  ...(
    [
      ['AWS access key', join('AK', 'IA', upper(16))],
      ['Google API key', join('AI', 'za', made(35))],
      ['PyPI', join('py', 'pi-AgEIcHlwaS5vcmc', made(70))],
      ['JWT', join('ey', 'J', made(20), '.ey', 'J', made(40), '.', made(43))],
      ['DigitalOcean', join('do', 'p_v1_', hex(64))],
      ['Telegram', join('123456789', ':AA', made(33))],
      ['xAI', join('xa', 'i-', made(80))],
      ['OpenRouter', join('sk-', 'or-v1-', hex(64))],
      ['Anthropic', join('sk-', 'ant-api03-', made(93), 'AA')],
      ['OpenAI project', join('sk-', 'proj-', made(74), 'T3Blb', 'kFJ', made(74))],
      ['OpenAI', join('sk-', made(48))],
      ['GitHub', join('gh', 'p_', made(36))],
      ['GitHub fine-grained', join('github', '_pat_', made(82))],
      ['GitLab', join('gl', 'pat-', made(20))],
      ['Slack', join('xo', 'xb-123456789012-123456789012-', made(24))],
      ['Stripe', join('sk_', 'live_', made(24))],
      ['npm', join('np', 'm_', made(36))],
      ['SendGrid', join('S', 'G.', made(22), '.', made(43))],
      ['Hugging Face', join('h', 'f_', made(34))],
      ['Groq', join('gs', 'k_', made(52))],
      ['Google OAuth', join('ya', '29.', made(60))],
      ['Cloudflare', join('cf', 'ut_', made(40), hex(8))],
    ] as const
  ).map(([name, secret]) => [name, secret, secret] as const),
  ['AWS secret key', join('aws_secret_access_key = ', made(40)), made(40)],
  ['Bearer', join('Authorization: Bearer ', made(40)), made(40)],
  ['Basic', join('Authorization: Basic ', made(32)), made(32)],
  ['assignment', join('password=', 'Tr0ub4dor', '9'), 'Tr0ub4dor9'],
  ['assignment of words', join('password=', 'correcthorsebattery'), 'correcthorsebattery'],
  ['environment', join('DB_PASSWORD="', 'hunter2hunter"'), 'hunter2hunter'],
  ['flag', join('--password ', 'correcthorse'), 'correcthorse'],
  ['JSON', join('"api_key": "', made(32), '"'), made(32)],
  ['exported token', join('export MY_TOKEN=', made(32)), made(32)],
  ['password in a URL', join('postgres://bob:', 's3cr3tpw@db.internal:5432/x'), 's3cr3tpw'],
  ['password in a URL, of words', join('https://bob:', 'correcthorse@git.corp.io/x'), 'correcthorse'],
  ['password without a user', join('redis://:', 'p4ssw0rdX@cache:6379'), 'p4ssw0rdX'],
  ['Azure storage', join('Account', 'Key=', made(86), '=='), made(86)],
  ['Azure signature', join('https://x.blob.core.windows.net/a?sv=1&sig=', made(43), '%3D'), made(43)],
  [
    'Slack webhook',
    join('https://hooks.sl', 'ack.com/services/T', made(9), '/B', made(9), '/', made(24)),
    made(24),
  ],
  ['private key', join(key('RSA '), '\n', made(200), '\n', key('RSA ').replace('BEGIN', 'END')), made(200)],
  ['private key whose end was cut off', join(key('OPENSSH '), '\n', made(300)), made(300)],
  ['curl', join('curl -u bob:', 'hunter2x https://x.io'), 'hunter2x'],
];

describe('a secret is redacted', () => {
  for (const [name, text, secret] of SECRETS) {
    test(name, async () => {
      const { text: clean, count } = await redactText(`before ${text} after`);
      expect(clean).not.toContain(secret);
      expect(clean).toMatch(/\[redacted: [^\]]+\]/);
      expect(clean.startsWith('before ')).toBe(true);
      expect(count).toBeGreaterThan(0);
    });
  }

  test('and what stands around it stays', async () => {
    const { text } = await redactText(
      join('psql postgres://bob:', 's3cr3tpw@db.internal:5432/shop -c "select 1"'),
    );
    expect(text).toBe('psql postgres://bob:[redacted: password in URL]@db.internal:5432/shop -c "select 1"');
  });

  test('also where the transcript says secretlint-disable', async () => {
    const secret = join('cf', 'ut_', made(40), hex(8));
    const { text } = await redactText(`secretlint-disable\n// secretlint-disable-next-line\n${secret}`);
    expect(text).not.toContain(secret);
  });
});

describe('what is no secret stays', () => {
  const PLAIN = [
    `password=$\{DB_PASSWORD}`,
    'password: string',
    'token = getToken()',
    'api_key=YOUR_API_KEY',
    'AKIAIOSFODNN7EXAMPLE',
    'password=REDACTED',
    'const token = parser.next_token2',
    'token_count: 1234567',
    'max_tokens: 16384',
    'http://localhost:3000/a@b',
    'git@github.com:foo/bar.git',
    'sk-learn-contrib-some-package-name',
    'cache key: sha256-abc',
    'https://registry.npmjs.org:443/@scope/x',
    'commit 3f8a1c9e7b205d643f8a1c9e7b205d643f8a1c9e',
    'session 019dc91f-21e4-78d3-9ed1-31d84a0a2c7a',
  ];
  for (const text of PLAIN) {
    test(text, async () => {
      expect(await redactText(text)).toEqual({ text, count: 0 });
    });
  }
});

describe('a digest', () => {
  test('is redacted in every text that it holds, and counts', async () => {
    const secret = join('gh', 'p_', made(36));
    const at = null;
    const digest = await redactDigest({
      ...emptyDigest,
      title: secret,
      project: secret,
      branches: [secret],
      agent_version: secret,
      parent: secret,
      outcome: secret,
      errors: [secret],
      pull_requests: [secret],
      plans: [secret],
      compactions: [secret],
      models: [secret],
      tools: { [secret]: 2 },
      summary: secret,
      prompts: [{ at, text: secret }],
      files: { read: [secret], written: [secret], edited: [secret] },
      commands: [{ command: secret, exit: 0 }],
      commits: [{ branch: secret, message: secret }],
      todos: [{ text: secret, status: secret }],
      subagents: [{ id: secret, kind: secret, task: secret, result: secret }],
      records: { read: 1, unreadable: 0, unknown: { [secret]: 1 } },
    });
    expect(JSON.stringify(digest)).not.toContain(secret);
    expect(digest.redacted).toBe(27);
    expect(digest.tools).toEqual({ '[redacted: GitHub token]': 2 });
  });

  test('without secrets is left as it is', async () => {
    expect(await redactDigest(emptyDigest)).toEqual(emptyDigest);
  });

  test('of many texts finds the secret of each, wherever the pieces are cut', async () => {
    const errors = Array.from(
      { length: 400 },
      (_, index) => `${index} ${'x '.repeat(150)}${join('cf', 'ut_', made(40), hex(8))}`,
    );
    const digest = await redactDigest({ ...emptyDigest, errors });
    expect(digest.redacted).toBe(400);
    expect(digest.errors.map((error) => error.split(' ')[0])).toEqual(errors.map((_, index) => `${index}`));
  });
});

test('hostile text costs time in proportion to its length', async () => {
  const units = [
    'a',
    key(''),
    'eyJ',
    'eyJaaaaaaaa.',
    'x://a:',
    'password=',
    'A',
    'token ',
    'sk-',
    '1234567890',
    '"',
    'x://',
    '.',
    'bearer ',
    'aa.aaaaaa.',
    ' ',
  ];
  for (const unit of units) {
    const started = performance.now();
    await redactText(unit.repeat(Math.ceil(300_000 / unit.length)));
    expect(performance.now() - started, `300 kB of ${JSON.stringify(unit)}, in ms`).toBeLessThan(3000);
  }
}, 60_000);
