/**
 * The little XML that a bucket's service answers with.
 * Promises: pure; what it does not know it leaves out. Source: the S3 API's ListObjectsV2 and its error document.
 */
export interface Listing {
  readonly objects: readonly { readonly key: string; readonly bytes: number; readonly etag: string }[];
  /** Null: that was the last page. */
  readonly next: string | null;
}

/** Null: it is no list. */
export function listingOf(body: Uint8Array): Listing | null {
  const text = Buffer.from(body).toString();
  if (!/<ListBucketResult[\s>/]/.test(text)) return null;
  const objects = [...text.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)].map(([, inner = '']) => ({
    key: valueIn(inner, 'Key') ?? '',
    bytes: Number(valueIn(inner, 'Size') ?? '0'),
    etag: valueIn(inner, 'ETag') ?? '',
  }));
  const isCut = valueIn(text, 'IsTruncated') === 'true';
  return { objects, next: isCut ? valueIn(text, 'NextContinuationToken') : null };
}

/** The text of the first such tag of an answer; null: there is none. */
export function tagOf(body: Uint8Array, tag: string): string | null {
  return valueIn(Buffer.from(body).toString(), tag);
}

function valueIn(text: string, tag: string): string | null {
  const value = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text)?.[1];
  return value === undefined ? null : unescaped(value);
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));/g, (all, decimal, hex, name) => {
    if (name !== undefined) return NAMED[name] ?? all;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}
