/**
 * Where a bucket is: what a person writes, checked, and the URL of each of its objects.
 * Promises: pure; what cannot be an address is a failure that says what one looks like; no name of an object needs escaping.
 */
import { fail } from '../domain/errors.ts';

export interface BucketAddress {
  readonly bucket: string;
  /** Without slashes at its ends; '' is the whole bucket. */
  readonly prefix: string;
  /** Scheme and host, without a path. */
  readonly endpoint: string;
  readonly region: string;
  /** The bucket's name stands in the path, not in the host's name. */
  readonly pathStyle: boolean;
}

export interface AddressSettings {
  readonly url: string;
  readonly endpoint: string | null;
  readonly region: string | null;
  /** Null: by the address. */
  readonly pathStyle: boolean | null;
}

const URL_FORM = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])(?:\/([A-Za-z0-9._/-]*))?$/;
const REGION_FORM = /^[A-Za-z0-9-]{1,64}$/;

export function bucketAddress({ url, endpoint, region, pathStyle }: AddressSettings): BucketAddress {
  const [, bucket, path = ''] = URL_FORM.exec(url) ?? [];
  const prefix = path.replace(/\/+$/, '');
  if (bucket === undefined || prefix.split('/').some((part) => part === '.' || part === '..'))
    throw wrong(`${url} is no address of a bucket`, 'Write s3://BUCKET/PREFIX, with letters, digits and -._');
  if (prefix.startsWith('/') || prefix.includes('//'))
    throw wrong(`${url} has an empty part`, 'Write s3://BUCKET/PREFIX, with one slash between the parts.');
  const at = region ?? 'us-east-1';
  if (!REGION_FORM.test(at)) throw wrong(`${at} is no region`, 'Write one such as eu-central-1, or auto.');
  const host = endpoint === null ? `https://s3.${at}.amazonaws.com` : originOf(endpoint);
  // Services that people run themselves seldom have a name for each bucket, and no certificate fits a name with dots.
  const byAddress = endpoint !== null || bucket.includes('.');
  return { bucket, prefix, endpoint: host, region: at, pathStyle: pathStyle ?? byAddress };
}

function originOf(endpoint: string): string {
  const url = URL.parse(endpoint);
  const isPlain = url !== null && url.pathname === '/' && url.search === '' && url.username === '';
  if (isPlain && (url.protocol === 'https:' || url.protocol === 'http:')) return url.origin;
  throw wrong(`${endpoint} is no endpoint`, 'Write its scheme and host: https://s3.example.com');
}

/** The URL of an object, or of the bucket itself where `name` is null. `name` is below the prefix. */
export function objectUrl(address: BucketAddress, name: string | null): URL {
  const { bucket, endpoint, pathStyle } = address;
  const url = new URL(endpoint);
  if (!pathStyle) url.hostname = `${bucket}.${url.hostname}`;
  const key = name === null ? '' : keyOf(address, name);
  url.pathname = pathStyle ? `/${bucket}${key === '' ? '' : `/${key}`}` : `/${key}`;
  return url;
}

/** An object's key in the bucket. */
export function keyOf({ prefix }: BucketAddress, name: string): string {
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** As a person wrote it. */
export function addressText({ bucket, prefix }: BucketAddress): string {
  return `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
}

function wrong(message: string, hint: string) {
  return fail('config', message, hint);
}
