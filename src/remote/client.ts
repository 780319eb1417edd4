/**
 * Requests to a bucket: signed (signature V4), tried again where that can help, and never believed on a word.
 * Promises: what is written carries its SHA-256, which the service checks; an object that is made once is never written over, also
 * where an answer is lost; a body is whole or the request failed; no redirect to another host is followed; no wait is without an end,
 * and a signal ends all of them.
 * Why not the platform's own client: it drops `If-None-Match` without a word.
 */
import { AwsV4Signer } from 'aws4fetch';
import { FailureError, fail, messageOf } from '../domain/errors.ts';
import { sameBytes, sha256 } from '../store/segments.ts';
import { addressText, type BucketAddress, keyOf, objectUrl } from './address.ts';
import type { Credentials } from './credentials.ts';
import { byProxy, loginHint, type ProxyInUse, proxyHint } from './proxy.ts';
import { refusal } from './refusals.ts';
import { type Listing, listingOf, tagOf } from './s3-xml.ts';

export interface ListedObject {
  /** Below the prefix. */
  readonly name: string;
  readonly bytes: number;
  readonly etag: string;
}

/** What was asked of the service so far. */
export interface Traffic {
  requests: number;
  /** By method; a list is one of its own. */
  readonly by: Record<string, number>;
  sentBytes: number;
  receivedBytes: number;
}

export interface Waits {
  /** For the head of an answer, and between two pieces of its body. */
  readonly silenceMs: number;
  /** A body may take so much longer than a silence, either way. */
  readonly slowestBytesPerS: number;
  /** The first pause before another try; each next one is twice as long at most. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  readonly tries: number;
}

export const WAITS: Waits = {
  silenceMs: 30_000,
  slowestBytesPerS: 32 * 1024,
  firstPauseMs: 200,
  longestPauseMs: 10_000,
  tries: 6,
};

/** Pages of a list hold so many names at most; S3 knows no more. */
const PAGE = 1000;
/** XML that a service answers with: a page of a list, or why it refuses. */
const TEXT_BYTES_MAX = 8 * 1024 * 1024;
/** Of the clock of the service: its own word for it. */
const SKEWED = 'RequestTimeTooSkewed';

interface Request {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** Null: the bucket itself. */
  readonly name: string | null;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly bytesMax: number;
  /** Where the body of an answer goes, from its beginning at each try; absent: it is collected. */
  readonly into?: () => Sink;
}

interface Sink {
  take(part: Uint8Array): void;
}

interface ServiceAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

type Attempt =
  | { readonly kind: 'answer'; readonly answer: ServiceAnswer }
  /** `why`: a clause. */
  | { readonly kind: 'lost'; readonly why: string };

export interface ClientOptions {
  readonly signal: AbortSignal;
  readonly waits?: Waits;
  /** What the runtime sends requests by; null or absent: it sends them straight. */
  readonly proxy?: ProxyInUse | null;
}

export class BucketClient {
  readonly address: BucketAddress;
  readonly traffic: Traffic = { requests: 0, by: {}, sentBytes: 0, receivedBytes: 0 };
  readonly #credentials: Credentials;
  readonly #signal: AbortSignal;
  readonly #waits: Waits;
  readonly #proxy: ProxyInUse | null;
  readonly #signingKeys = new Map<string, ArrayBuffer>();
  /** How far the service's clock is ahead of this machine's. */
  #skewMs = 0;
  /** The service wants an MD5 beside the signature: one whose objects are locked for a time. */
  #wantsMd5 = false;
  /** What is removed or written over stays there as an earlier version; null: nothing was written yet that would tell. */
  keepsVersions: boolean | null = null;

  constructor(
    address: BucketAddress,
    credentials: Credentials,
    { signal, waits = WAITS, proxy = null }: ClientOptions,
  ) {
    this.address = address;
    this.#credentials = credentials;
    this.#signal = signal;
    this.#waits = waits;
    this.#proxy = proxy;
  }

  /** Makes an object that is never changed. `exists`: another one is there under that name, and stays. */
  async create(name: string, body: Uint8Array): Promise<'created' | 'exists'> {
    const answer = await this.#send({
      method: 'PUT',
      name,
      body,
      bytesMax: TEXT_BYTES_MAX,
      headers: { 'if-none-match': '*' },
    });
    // Whoever stores an object tells its ETag; a page of something in between does not, and is not believed.
    if (answer.status === 200 && answer.headers.get('etag') !== null) return 'created';
    if (answer.status === 200) {
      if (await this.holds(name, body)) return 'created';
      throw this.#foreign('PUT', name);
    }
    if (answer.status !== 412) throw this.#refused('PUT', name, answer);
    // An earlier try may have made it, and its answer was lost; a connection may repeat a request by itself, without a word.
    return (await this.holds(name, body)) ? 'created' : 'exists';
  }

  /** Whether the object is there and is just this. It is compared as it comes: nothing is held twice. */
  async holds(name: string, body: Uint8Array): Promise<boolean> {
    let compared = new Comparison(body);
    const into = () => {
      compared = new Comparison(body);
      return compared;
    };
    try {
      const there = await this.#got(name, body.length, into);
      return there !== null && compared.isSame;
    } catch (thrown) {
      // A larger one is another one.
      if (thrown instanceof FailureError && thrown.failure.code === 'corrupt') return false;
      throw thrown;
    }
  }

  /** Writes an object that may change; returns its ETag, or null where the service tells none. */
  async replace(name: string, body: Uint8Array): Promise<string | null> {
    const answer = await this.#send({ method: 'PUT', name, body, bytesMax: TEXT_BYTES_MAX });
    if (answer.status !== 200) throw this.#refused('PUT', name, answer);
    return answer.headers.get('etag');
  }

  /** All of an object; null where there is none. One that is larger than `bytesMax` is a failure. */
  async get(name: string, bytesMax: number): Promise<Uint8Array | null> {
    return await this.#got(name, bytesMax);
  }

  async #got(name: string, bytesMax: number, into?: () => Sink): Promise<Uint8Array | null> {
    const request = { method: 'GET' as const, name, bytesMax };
    const answer = await this.#send(into === undefined ? request : { ...request, into });
    if (answer.status === 200) return answer.body;
    if (answer.status === 404 && tagOf(answer.body, 'Code') !== 'NoSuchBucket') return null;
    throw this.#refused('GET', name, answer);
  }

  /** Those whose name begins so, in the order of their names; `after`: only names behind that one. */
  async *list(folder: string, after: string | null = null): AsyncGenerator<ListedObject> {
    const prefix = keyOf(this.address, '');
    const start = after === null ? {} : { 'start-after': prefix + after };
    const query = { 'list-type': '2', 'max-keys': String(PAGE), prefix: prefix + folder, ...start };
    for (let page: string | null = ''; page !== null; ) {
      const more = page === '' ? {} : { 'continuation-token': page };
      const answer = await this.#send({
        method: 'GET',
        name: null,
        bytesMax: TEXT_BYTES_MAX,
        query: { ...query, ...more },
      });
      if (answer.status !== 200) throw this.#refused('LIST', folder, answer);
      const listing: Listing | null = listingOf(answer.body);
      if (listing === null) throw this.#foreign('LIST', folder);
      const { objects, next } = listing;
      for (const { key, bytes, etag } of objects)
        if (key.startsWith(prefix)) yield { name: key.slice(prefix.length), bytes, etag };
      if (next !== null && next === page)
        throw fail('unreachable', 'the list of the bucket does not end', TRY_LATER);
      page = next;
    }
  }

  /** One that is not there is no failure. */
  async remove(name: string): Promise<void> {
    const answer = await this.#send({ method: 'DELETE', name, bytesMax: TEXT_BYTES_MAX });
    if (answer.status !== 404 && Math.floor(answer.status / 100) !== 2)
      throw this.#refused('DELETE', name, answer);
  }

  #refused(verb: string, name: string, { status, headers, body }: ServiceAnswer): FailureError {
    return refusal({ verb, name, status, headers, body, address: this.address, proxy: this.#proxy });
  }

  /** An answer that says yes and is no answer of such a service: the page of a network that wants a login first, say. */
  #foreign(verb: string, name: string): FailureError {
    return fail(
      'unreachable',
      `the bucket ${addressText(this.address)} at ${this.address.endpoint}${byProxy(this.#proxy)} answers ${verb} ${name} with what is no answer of such a service`,
      `${proxyHint(this.#proxy)}Something in between may want a login first: open a page in a browser. ${TRY_LATER}`,
    );
  }

  /** Tries until there is an answer that another try would not change. */
  async #send(request: Request): Promise<ServiceAnswer> {
    let wasSkewed = false;
    const hash = Buffer.from(sha256(request.body ?? new Uint8Array(0))).toString('hex');
    for (let tries = 1; ; tries += 1) {
      const attempt = await this.#attempt(request, hash);
      if (this.#signal.aborted) throw interrupted();
      if (attempt.kind === 'answer') {
        const { answer } = attempt;
        const isSkewed: boolean = !wasSkewed && answer.status === 403 && this.#takesSkew(answer);
        wasSkewed ||= isSkewed;
        const wantsMd5: boolean = !this.#wantsMd5 && asksForMd5(answer);
        this.#wantsMd5 ||= wantsMd5;
        if (wantsMd5) continue;
        if (request.method !== 'GET') this.#noteVersions(answer);
        if (!isSkewed && !isPassing(answer.status)) return answer;
        if (tries >= this.#waits.tries)
          throw this.#unreachable(request, `it answers ${answer.status}`, tries);
        if (!isSkewed) await this.#pause(tries, waitAsked(answer.headers));
      } else {
        if (tries >= this.#waits.tries) throw this.#unreachable(request, attempt.why, tries);
        await this.#pause(tries, 0);
      }
    }
  }

  #noteVersions({ status, headers }: ServiceAnswer): void {
    if (status >= 300) return;
    this.keepsVersions ??= false;
    this.keepsVersions ||= (headers.get('x-amz-version-id') ?? 'null') !== 'null';
  }

  #unreachable({ name }: Request, why: string, tries: number): FailureError {
    const { endpoint } = this.address;
    const what = name === null ? addressText(this.address) : `${addressText(this.address)} (${name})`;
    return fail(
      'unreachable',
      `the bucket ${what} at ${endpoint} cannot be reached${byProxy(this.#proxy)}: ${why}, ${tries} times`,
      this.#proxy !== null && WANTS_LOGIN.test(why)
        ? loginHint(this.#proxy)
        : `${proxyHint(this.#proxy)}${WRONG_PLACE.test(why) ? 'Look at the endpoint and the network. ' : ''}${TRY_LATER}`,
    );
  }

  /** Whether the service has another time, which is taken over. */
  #takesSkew({ headers, body }: Pick<ServiceAnswer, 'headers' | 'body'>): boolean {
    if (tagOf(body, 'Code') !== SKEWED) return false;
    const there = Date.parse(headers.get('date') ?? '');
    if (!Number.isFinite(there)) return false;
    this.#skewMs = there - Date.now();
    return true;
  }

  async #attempt(request: Request, hash: string): Promise<Attempt> {
    const { method, name, body } = request;
    const verb = name === null ? 'LIST' : method;
    this.traffic.requests += 1;
    this.traffic.by[verb] = (this.traffic.by[verb] ?? 0) + 1;
    const silence = new Silence(this.#signal);
    try {
      const sendMs = ((body?.length ?? 0) / this.#waits.slowestBytesPerS) * 1000;
      silence.wait(this.#waits.silenceMs + sendMs);
      const { url, headers } = await this.#signed(request, hash);
      const sent = body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> };
      const answer = await fetch(url, {
        method,
        headers,
        ...sent,
        redirect: 'manual',
        signal: silence.signal,
      });
      this.traffic.sentBytes += body?.length ?? 0;
      const got = await this.#body(answer, request, silence);
      this.traffic.receivedBytes += got.bytes;
      return { kind: 'answer', answer: { status: answer.status, headers: answer.headers, body: got.body } };
    } catch (thrown) {
      if (thrown instanceof TooLarge)
        throw fail(
          'corrupt',
          `${name ?? 'a list'} in the bucket is larger than it can be`,
          'Nothing of it was taken.',
        );
      return { kind: 'lost', why: silence.isOver ? 'it does not answer' : shortly(messageOf(thrown)) };
    } finally {
      silence.end();
    }
  }

  /** All of it, or it throws: a connection that ends early looks like an end to some. */
  async #body(answer: Response, { bytesMax, into }: Request, silence: Silence) {
    const isDone = answer.status === 200;
    const length = answer.headers.get('content-length');
    const told = length === null ? null : Number(length);
    if (told !== null && told > bytesMax && isDone) throw new TooLarge();
    const most = isDone ? bytesMax : TEXT_BYTES_MAX;
    const collected = new Collection(told !== null && told <= most ? told : null);
    const sink = isDone && into !== undefined ? into() : collected;
    let bytes = 0;
    const reader = answer.body?.getReader();
    const { silenceMs, slowestBytesPerS } = this.#waits;
    // A byte now and then is no silence, and would keep a run for ever.
    const endMs = performance.now() + silenceMs + (most / slowestBytesPerS) * 1000;
    for (;;) {
      silence.wait(Math.max(0, Math.min(silenceMs, endMs - performance.now())));
      const step = await reader?.read();
      if (step === undefined || step.done) break;
      bytes += step.value.length;
      if (bytes > most) throw new TooLarge();
      sink.take(step.value);
    }
    if (told !== null && told !== bytes) throw new Error(`its answer ends after ${bytes} of ${told} bytes`);
    return { bytes, body: collected.all() };
  }

  async #signed({ method, name, query = {}, headers = {}, body }: Request, hash: string) {
    const md5 =
      body === undefined || !this.#wantsMd5
        ? {}
        : { 'content-md5': new Bun.CryptoHasher('md5').update(body).digest('base64') };
    const { keyId, secret, token } = this.#credentials;
    const url = objectUrl(this.address, name);
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      service: 's3',
      region: this.address.region,
      headers: { ...headers, ...md5, 'x-amz-content-sha256': hash },
      accessKeyId: keyId,
      secretAccessKey: secret,
      ...(token === null ? {} : { sessionToken: token }),
      datetime: new Date(Date.now() + this.#skewMs).toISOString().replace(/[:-]|\.\d{3}/g, ''),
      cache: this.#signingKeys,
    });
    const signed = await signer.sign();
    return { url: signed.url, headers: signed.headers };
  }

  /** Longer after each try, and never the same for two machines that wait for one service. */
  async #pause(tries: number, askedMs: number): Promise<void> {
    const { firstPauseMs, longestPauseMs } = this.#waits;
    const most = Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1));
    const ms = Math.min(longestPauseMs, Math.max(askedMs, most * (0.5 + Math.random() / 2)));
    await pause(ms, this.#signal);
    if (this.#signal.aborted) throw interrupted();
  }
}

const TRY_LATER = 'Nothing was lost: try again when it answers, `maintain` does so by itself.';

/** Nobody there, nobody of that name, or somebody who speaks otherwise or shows another name. */
const WRONG_PLACE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EPROTO|TLS|certificate|CERT_/i;

/** Source: S3 demands it of what is written where objects are locked by default. */
function asksForMd5({ status, body }: ServiceAnswer): boolean {
  return status === 400 && /Content-?MD5/i.test(Buffer.from(body).toString());
}
/** How the runtime tells of a proxy that opens no tunnel to strangers. */
const WANTS_LOGIN = /\b407\b/;

/** Without the advice that the runtime adds, which is ours to give. */
function shortly(message: string): string {
  if (message.startsWith('UnsupportedProxyProtocol'))
    return 'a proxy of that kind is not known here, only http and https';
  return message.replace(/\.? Is the computer able.*$/s, '').replace(/\.$/, '');
}

class TooLarge extends Error {}

/** A body in one piece; where its length was told it is never held twice. */
class Collection implements Sink {
  readonly #whole: Buffer | null;
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(told: number | null) {
    // Not cleared before: fewer bytes than were told are refused.
    this.#whole = told === null ? null : Buffer.allocUnsafeSlow(told);
  }

  take(part: Uint8Array): void {
    if (this.#whole === null) this.#parts.push(part);
    // More than was told is no body: that is found at its end.
    else if (this.#bytes + part.length <= this.#whole.length) this.#whole.set(part, this.#bytes);
    this.#bytes += part.length;
  }

  all(): Uint8Array {
    return this.#whole ?? Buffer.concat(this.#parts);
  }
}

/** Holds what comes against what should, and keeps none of it. */
class Comparison implements Sink {
  readonly #body: Uint8Array;
  #at = 0;
  #differs = false;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  take(part: Uint8Array): void {
    this.#differs ||= !sameBytes(part, this.#body.subarray(this.#at, this.#at + part.length));
    this.#at += part.length;
  }

  get isSame(): boolean {
    return !this.#differs && this.#at === this.#body.length;
  }
}

/** Ends a request that is silent for too long; the person's signal ends it at once. */
class Silence {
  readonly #over = new AbortController();
  readonly signal: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#over.signal]);
  }

  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** From now on so long. */
  wait(ms: number): void {
    this.end();
    this.#timer = setTimeout(() => this.#over.abort(), ms);
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** What a service says when it is busy, or when two write at once; anything else it would say again. */
function isPassing(status: number): boolean {
  return [408, 409, 429, 500, 502, 503, 504].includes(status);
}

function waitAsked(headers: Headers): number {
  const seconds = Number(headers.get('retry-after') ?? '0');
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
  });
}

function interrupted(): FailureError {
  return fail('interrupted', 'interrupted', 'What is in the bucket stays; the next run goes on.');
}
