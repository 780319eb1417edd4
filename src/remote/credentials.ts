/**
 * The keys that a bucket's service knows a person by, from where all clients look for them.
 * Promises: never shown, kept or logged; where there are none, one failure says where they are looked for.
 */
import { join } from 'node:path';
import type { Host } from '../domain/agent.ts';
import { fail, messageOf } from '../domain/errors.ts';
import { readPlain } from '../files/plain-file.ts';

export interface Credentials {
  readonly keyId: string;
  readonly secret: string;
  readonly token: string | null;
}

const FILE_BYTES_MAX = 1024 * 1024;

/** The environment first; then the profile that AWS_PROFILE names, or `default`. */
export function findCredentials(host: Pick<Host, 'env' | 'homeDir'>): Credentials {
  const { env } = host;
  const [keyId, secret] = [env['AWS_ACCESS_KEY_ID'] ?? '', env['AWS_SECRET_ACCESS_KEY'] ?? ''];
  if (keyId !== '' && secret !== '') return { keyId, secret, token: env['AWS_SESSION_TOKEN'] || null };
  const { name, values, paths } = profileOf(host);
  const [ownId, ownSecret] = [values.get('aws_access_key_id'), values.get('aws_secret_access_key')];
  if (ownId !== undefined && ownSecret !== undefined)
    return { keyId: ownId, secret: ownSecret, token: values.get('aws_session_token') ?? null };
  const missing = [keyId === '' ? 'AWS_ACCESS_KEY_ID' : '', secret === '' ? 'AWS_SECRET_ACCESS_KEY' : ''];
  const half = keyId === secret ? null : missing.join('');
  const borrowed = BORROWED.find((key) => values.has(key));
  throw fail(
    'config',
    `no credentials for the bucket: neither in the environment${half === null ? '' : `, where ${half} is not set,`} nor as [${name}] in ${paths.join(' or ')}`,
    borrowed === undefined
      ? 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile by AWS_PROFILE.'
      : `The profile gets its keys by ${borrowed}, which is not followed here: \`aws configure export-credentials --format env\` gives keys for the environment.`,
  );
}

/** Keys of a profile that has no credentials of its own. */
const BORROWED = [
  'sso_session',
  'sso_start_url',
  'credential_process',
  'role_arn',
  'web_identity_token_file',
];

/** Whether they come from the environment, which a schedule does not have. */
export function areInEnvironment({ env }: Pick<Host, 'env'>): boolean {
  return (env['AWS_ACCESS_KEY_ID'] ?? '') !== '' && (env['AWS_SECRET_ACCESS_KEY'] ?? '') !== '';
}

/** The region that the environment names, or the profile; null: none. */
export function regionOf(host: Pick<Host, 'env' | 'homeDir'>): string | null {
  const { env } = host;
  return env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || profileOf(host).values.get('region') || null;
}

/** The same of the service's address. */
export function endpointOf(host: Pick<Host, 'env' | 'homeDir'>): string | null {
  const { env } = host;
  const named =
    env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'] || profileOf(host).values.get('endpoint_url');
  return named?.replace(/\/+$/, '') || null;
}

interface Profile {
  readonly name: string;
  readonly values: ReadonlyMap<string, string>;
  readonly paths: readonly string[];
}

/** What both of the usual files say of it; where both do, the one that is for secrets. */
function profileOf({ env, homeDir }: Pick<Host, 'env' | 'homeDir'>): Profile {
  const name = env['AWS_PROFILE'] || 'default';
  const config = env['AWS_CONFIG_FILE'] || join(homeDir, '.aws', 'config');
  const secrets = env['AWS_SHARED_CREDENTIALS_FILE'] || join(homeDir, '.aws', 'credentials');
  const inConfig = sectionOf(textOf(config), name === 'default' ? name : `profile ${name}`);
  return {
    name,
    values: new Map([...inConfig, ...sectionOf(textOf(secrets), name)]),
    paths: [secrets, config],
  };
}

function textOf(path: string): string {
  try {
    return readPlain(path, FILE_BYTES_MAX).toString();
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return '';
    throw fail('config', `cannot read ${path}: ${messageOf(thrown)}`, 'Mend it, or set AWS_ACCESS_KEY_ID.');
  }
}

/** The keys of one section of an INI file. */
function sectionOf(text: string, section: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let isIn = false;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[\s*(.*?)\s*\]/.exec(line)?.[1];
    if (header !== undefined) isIn = header === section;
    const [, key, value] = /^\s*([^#;=\s]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (isIn && key !== undefined && value !== undefined && value !== '')
      values.set(key.toLowerCase(), value);
  }
  return values;
}
