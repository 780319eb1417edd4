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
export function findCredentials({ env, homeDir }: Pick<Host, 'env' | 'homeDir'>): Credentials {
  const [keyId, secret] = [env['AWS_ACCESS_KEY_ID'] ?? '', env['AWS_SECRET_ACCESS_KEY'] ?? ''];
  if (keyId !== '' && secret !== '') return { keyId, secret, token: env['AWS_SESSION_TOKEN'] || null };
  const profile = env['AWS_PROFILE'] || 'default';
  const path = env['AWS_SHARED_CREDENTIALS_FILE'] || join(homeDir, '.aws', 'credentials');
  const values = sectionOf(textOf(path), profile);
  const [ownId, ownSecret] = [values.get('aws_access_key_id'), values.get('aws_secret_access_key')];
  if (ownId !== undefined && ownSecret !== undefined)
    return { keyId: ownId, secret: ownSecret, token: values.get('aws_session_token') ?? null };
  throw fail(
    'config',
    `no credentials for the bucket: neither in the environment nor as [${profile}] in ${path}`,
    'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile by AWS_PROFILE.',
  );
}

/** The region that the environment names; null: none. */
export function regionOf({ env }: Pick<Host, 'env'>): string | null {
  return env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || null;
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
