/**
 * A bucket's service in memory, written from the S3 API and from nothing of the product: it checks signatures, hashes and conditions,
 * and fails when it is told to.
 */
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const KEY_ID = 'MODELKEY';
export const SECRET = 'model/secret+of the bucket';
export const REGION = 'eu-test-1';

export interface Asked {
  readonly method: string;
  /** Empty: the bucket itself. */
  readonly key: string;
  /** From 0, over all requests. */
  readonly nth: number;
}

/**
 * `status`: that answer, and nothing is done. `reset`: the connection is cut, and nothing is done. `lost`: it is done, and the connection
 * is cut before the answer. `half`: half of the answer's body, then the end. `silent`: no answer ever. `slow`: a byte at a time.
 */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly code: string; readonly retryAfter?: number }
  | { readonly kind: 'reset' | 'lost' | 'half' | 'silent' | 'slow' };

interface Stored {
  readonly body: Buffer;
  readonly etag: string;
}

const hash = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const mac = (key: string | Uint8Array, text: string) => createHmac('sha256', key).update(text).digest();
const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export class ModelBucket implements Disposable {
  readonly objects = new Map<string, Stored>();
  readonly log: string[] = [];
  /** What it answers amiss. */
  fault: (asked: Asked) => Fault | null = () => null;
  /** What a request waits for before it is looked at; null: nothing. */
  gate: (asked: Asked) => Promise<unknown> | null = () => null;
  /** How far its clock is ahead; it takes a quarter of an hour of difference. */
  skewMs = 0;
  /** A service that knows no conditions writes over what is there. */
  ignoresConditions = false;
  /** What is removed or written over stays there as an earlier version, and each write is told its number. */
  keepsVersions = false;
  /** Objects are locked for a time: what is written needs its MD5. */
  wantsMd5 = false;
  readonly #server: Server;
  readonly #bucket: string;
  readonly #pageSize: number;
  #asked = 0;

  private constructor(bucket: string, pageSize: number) {
    this.#bucket = bucket;
    this.#pageSize = pageSize;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async started(bucket = 'model', pageSize = 1000): Promise<ModelBucket> {
    const model = new ModelBucket(bucket, pageSize);
    await new Promise<void>((resolve) => model.#server.listen(0, '127.0.0.1', resolve));
    return model;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get env(): Record<string, string> {
    return { AWS_ACCESS_KEY_ID: KEY_ID, AWS_SECRET_ACCESS_KEY: SECRET, AWS_REGION: REGION };
  }

  /** All names, in order. */
  names(begin = ''): string[] {
    return [...this.objects.keys()].filter((key) => key.startsWith(begin)).sort();
  }

  bytes(key: string): Buffer {
    const found = this.objects.get(key);
    if (found === undefined) throw new Error(`no object ${key}`);
    return found.body;
  }

  put(key: string, body: Uint8Array): void {
    this.objects.set(key, {
      body: Buffer.from(body),
      etag: `"${createHash('md5').update(body).digest('hex')}"`,
    });
  }

  /** Asked since the last time; and begins to count anew. */
  takeLog(): string[] {
    return this.log.splice(0);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const url = new URL(request.url ?? '/', 'http://model');
    const host = request.headers.host ?? '';
    const isVirtual = host.startsWith(`${this.#bucket}.`);
    const path = decodeURIComponent(url.pathname);
    const inBucket = isVirtual ? path.slice(1) : path.slice(1).replace(new RegExp(`^${this.#bucket}/?`), '');
    const method = request.method ?? '';
    const asked = { method, key: inBucket, nth: this.#asked };
    this.#asked += 1;
    this.log.push(
      `${inBucket === '' && method === 'GET' ? 'LIST' : method} ${inBucket || url.searchParams.get('prefix') || ''}`,
    );
    const listed = url.searchParams.get('prefix') ?? '';
    await this.gate(inBucket === '' ? { ...asked, key: `list ${listed}` } : asked);
    const fault = this.fault(asked);
    if (fault?.kind === 'silent') return;
    if (fault?.kind === 'reset') return void request.socket.destroy();
    if (fault?.kind === 'status') return refuse(response, fault.status, fault.code, fault.retryAfter);
    const isOurs = isVirtual || path === `/${this.#bucket}` || path.startsWith(`/${this.#bucket}/`);
    const wrong = this.#wrong(request, url, body, host);
    const answer = isOurs
      ? (wrong ?? this.#do(method, inBucket, url, request, body))
      : ([404, 'NoSuchBucket'] as const);
    if (fault?.kind === 'lost') return void request.socket.destroy();
    if (this.keepsVersions && method !== 'GET') response.setHeader('x-amz-version-id', `v${asked.nth}`);
    await send(response, answer, fault?.kind ?? null, this.skewMs);
  }

  /** Why it is refused before anything is done; null: it is signed as it should be. */
  #wrong(request: IncomingMessage, url: URL, body: Buffer, host: string): Answered | null {
    const { headers } = request;
    const date = String(headers['x-amz-date'] ?? '');
    const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    if (!(Math.abs(at - (Date.now() + this.skewMs)) < 900_000)) return [403, 'RequestTimeTooSkewed'];
    const told =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
        String(headers.authorization ?? ''),
      );
    if (told === null) return [403, 'AccessDenied'];
    const [, keyId = '', day = '', region = '', names = '', signature = ''] = told;
    if (keyId !== KEY_ID) return [403, 'InvalidAccessKeyId'];
    if (region !== REGION) return [400, 'AuthorizationHeaderMalformed'];
    const contentHash = String(headers['x-amz-content-sha256'] ?? '');
    const query = [...url.searchParams]
      .map(([k, v]) => `${encoded(k)}=${encoded(v)}`)
      .sort()
      .join('&');
    const signed = names
      .split(';')
      .map((name) => `${name}:${name === 'host' ? host : String(headers[name] ?? '').trim()}`);
    // What is not signed could be changed on the way.
    for (const name of Object.keys(headers))
      if ((name.startsWith('x-amz-') || name === 'if-none-match') && !names.split(';').includes(name))
        return [403, 'AccessDenied'];
    const canonical = [request.method, url.pathname, query, ...signed, '', names, contentHash].join('\n');
    const scope = `${day}/${region}/s3/aws4_request`;
    const key = mac(mac(mac(mac(`AWS4${SECRET}`, day), region), 's3'), 'aws4_request');
    const right = mac(key, ['AWS4-HMAC-SHA256', date, scope, hash(canonical)].join('\n')).toString('hex');
    if (right !== signature) return [403, 'SignatureDoesNotMatch'];
    return contentHash === hash(body) ? null : [400, 'XAmzContentSHA256Mismatch'];
  }

  #do(method: string, key: string, url: URL, { headers }: IncomingMessage, body: Buffer): Answered {
    if (key === '' && method === 'GET') return [200, this.#list(url.searchParams)];
    const there = this.objects.get(key);
    switch (method) {
      case 'PUT': {
        const md5 = createHash('md5').update(body).digest('base64');
        if (this.wantsMd5 && headers['content-md5'] !== md5)
          return [400, 'InvalidRequest', 'Content-MD5 HTTP header is required for objects that are locked'];
        if (headers['if-none-match'] === '*' && there !== undefined && !this.ignoresConditions)
          return [412, 'PreconditionFailed'];
        this.put(key, body);
        return [200, '', this.objects.get(key)?.etag ?? ''];
      }
      case 'GET':
        return there === undefined ? [404, 'NoSuchKey'] : [200, there.body, there.etag];
      case 'DELETE':
        this.objects.delete(key);
        return [204, ''];
      default:
        return [405, 'MethodNotAllowed'];
    }
  }

  #list(query: URLSearchParams): string {
    const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
    const all = this.names(query.get('prefix') ?? '').filter((key) => key > after);
    const size = Math.min(this.#pageSize, Number(query.get('max-keys') ?? this.#pageSize));
    const page = all.slice(0, size);
    const rows = page.map((key) => {
      const { body, etag } = this.objects.get(key) as Stored;
      const text = key.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      return `<Contents><Key>${text}</Key><Size>${body.length}</Size><ETag>${etag.replaceAll('"', '&quot;')}</ETag></Contents>`;
    });
    const isCut = all.length > page.length;
    const next = isCut ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isCut}</IsTruncated>${next}${rows.join('')}</ListBucketResult>`;
  }

  [Symbol.dispose](): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** `told`: the ETag, or of a refusal its reason. */
type Answered = readonly [status: number, body: string | Buffer, told?: string];

function refuse(response: ServerResponse, status: number, code: string, retryAfter?: number): void {
  response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>as told</Message></Error>`);
}

async function send(
  response: ServerResponse,
  [status, body, etag]: Answered,
  fault: Fault['kind'] | null,
  skewMs: number,
): Promise<void> {
  const date = { date: new Date(Date.now() + skewMs).toUTCString() };
  const isError = status >= 400;
  const bytes = isError
    ? Buffer.from(
        `<?xml version="1.0"?><Error><Code>${body}</Code><Message>${etag ?? 'the model says so'}</Message></Error>`,
      )
    : Buffer.from(body);
  const tag = etag === undefined || isError ? {} : { etag };
  response.sendDate = false;
  response.writeHead(status, { ...date, ...tag, 'content-length': String(bytes.length) });
  if (fault === 'half') {
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)));
    await new Promise<void>((resolve) => setTimeout(resolve, 5));
    return void response.socket?.destroy();
  }
  if (fault === 'slow')
    for (const byte of bytes) {
      response.write(Buffer.from([byte]));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  else response.write(bytes);
  response.end();
}
