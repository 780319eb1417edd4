/** Why a service refuses a request, in words, and what to do about it. */
import { type FailureError, fail } from '../domain/errors.ts';
import { cutText, plainLine } from '../domain/text.ts';
import { addressText, type BucketAddress } from './address.ts';
import { byProxy, loginHint, type ProxyInUse, proxyHint } from './proxy.ts';
import { tagOf } from './s3-xml.ts';

export interface RefusedRequest {
  readonly verb: string;
  readonly name: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly address: BucketAddress;
  readonly proxy?: ProxyInUse | null;
}

const MESSAGE_CHARS_MAX = 200;

const HINTS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Make the bucket at your service first, or mend its name.',
  InvalidAccessKeyId: 'The service does not know the key id: look at AWS_ACCESS_KEY_ID or the profile.',
  SignatureDoesNotMatch:
    'The secret is not that of the key id: look at AWS_SECRET_ACCESS_KEY or the profile.',
  ExpiredToken: 'The session token has run out: get a new one.',
  InvalidToken: 'The session token is none of this key: look at AWS_SESSION_TOKEN or the profile.',
  InvalidBucketName: 'The service takes no bucket of that name: look at the address.',
  InvalidRegionName: 'The service knows no such region: give it as --region, or as remote.region.',
  QuotaExceeded: 'The bucket is full: have your service give it more room. What is not there yet stays here.',
  RequestTimeTooSkewed: "Set this machine's clock.",
  AuthorizationHeaderMalformed: 'The region is another one: give it as --region, or as remote.region.',
  PermanentRedirect: 'The bucket is of another region or endpoint: give --region, or --endpoint.',
  AccessDenied: 'The key may not do that: it needs to list, get, put and delete objects below the prefix.',
  AllAccessDisabled: 'The service has switched the bucket off: ask there why.',
};

export function refusal(refused: RefusedRequest): FailureError {
  const { verb, name, status, headers, body, address, proxy = null } = refused;
  if (proxy !== null && tagOf(body, 'Code') === null) return refusedByProxy(refused, proxy);
  const code = tagOf(body, 'Code') ?? (status >= 300 && status < 400 ? 'PermanentRedirect' : null);
  const region = headers.get('x-amz-bucket-region') ?? tagOf(body, 'Region');
  const told = [code, tagOf(body, 'Message')]
    .filter((part) => part !== null && part.trim() !== '')
    .join(': ');
  const why = cutText(plainLine(told), MESSAGE_CHARS_MAX) || 'without a reason';
  const where = region === null ? '' : ` The service names the region ${plainLine(region)}.`;
  const hint = HINTS[code ?? ''] ?? 'Look at the address, the key and what it may do.';
  const unseen =
    code === 'AccessDenied' && verb === 'GET'
      ? ' Where it may not list, a service says so of what is not there too.'
      : '';
  return fail(
    code === 'NoSuchBucket' ? 'not_found' : 'failed',
    `the bucket ${addressText(address)} refuses ${verb} ${plainLine(name)} (${status}): ${why}`,
    `${hint}${unseen}${where}`,
  );
}

/** A service says why it refuses in XML of its own: this one is not the service's word, or not said to be. */
function refusedByProxy({ verb, name, status, address }: RefusedRequest, proxy: ProxyInUse): FailureError {
  return fail(
    'unreachable',
    `${verb} ${plainLine(name)} of the bucket ${addressText(address)} is refused${byProxy(proxy)} (${status}), not in the words of such a service`,
    status === 407 ? loginHint(proxy) : proxyHint(proxy).trim(),
  );
}
