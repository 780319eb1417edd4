/**
 * What is left of an evicted session, sizes and hashes, against a file that may be its transcript.
 * Promises: the same content is known again under any path, compressed or not, and where its agent has only written it anew.
 */
import type { ContentForm } from '../domain/content.ts';
import type { Source } from '../files/source.ts';
import type { EvictedContent } from '../store/contents.ts';
import type { Tombstone } from '../store/read-sources.ts';
import { sameBytes } from '../store/segments.ts';
import { contentFormOf, hashContent, isPadding } from './content/content.ts';
import type { FoundFile } from './discover/discover.ts';

interface Stone {
  readonly key: string;
  readonly generation: number;
  readonly rawBytes: number;
}

/** What a file was held to be: which stone it is, and which ones it begins with. */
export interface HeldAgainst {
  readonly sameAs: Stone | null;
  readonly startsWith: readonly Stone[];
  /** There is nothing in it that a session would be for. */
  readonly saysNothing: boolean;
  readonly readBytes: number;
}

/** Holds a file against the stones of a session, and where it begins with none, against what they said. */
export async function holdAgainst(
  file: FoundFile,
  source: Source,
  tombstones: readonly Tombstone[],
  contents: readonly EvictedContent[],
): Promise<HeldAgainst> {
  const held = await holdBytes(source, tombstones);
  // One that begins with what was evicted has grown; what begins otherwise may be written anew, and say the same.
  const isGrown = held.startsWith.some(({ rawBytes }) => rawBytes > 0);
  const form = isGrown ? null : contentFormOf(file.agent, file.class.key);
  return form === null ? held : await holdContent(form, source, contents, held);
}

/** The same by what the file says, as far as that was kept; `otherwise` where it cannot be told. */
async function holdContent(
  form: ContentForm,
  source: Source,
  contents: readonly EvictedContent[],
  otherwise: HeldAgainst,
): Promise<HeldAgainst> {
  const said = await hashContent(form, source.chunks(), new Set(contents.map(({ records }) => records)));
  if (said === null) return otherwise;
  if (said.records === 0) return { ...otherwise, saysNothing: true };
  const isAll = (stone: EvictedContent) =>
    stone.records === said.records && sameBytes(stone.sha256, said.sha256);
  const startsWith = contents.filter((stone) => {
    const hash = said.at.get(stone.records);
    return isAll(stone) || (hash !== undefined && sameBytes(hash, stone.sha256));
  });
  return { ...otherwise, sameAs: startsWith.find(isAll) ?? null, startsWith };
}

/** Which tombstone's content a file is, and which ones it begins with. */
async function holdBytes(source: Source, tombstones: readonly Tombstone[]): Promise<HeldAgainst> {
  const marks = [...new Set(tombstones.map((stone) => stone.rawBytes))].sort((a, b) => a - b);
  const hasher = new Bun.CryptoHasher('sha256');
  const hashAt = new Map<number, Uint8Array>();
  let at = 0;
  let isBlank = true;
  const take = (chunk: Uint8Array) => {
    isBlank &&= isPadding(chunk);
    let rest = chunk;
    for (const place of marks) {
      if (place < at || place > at + rest.length || hashAt.has(place)) continue;
      hasher.update(rest.subarray(0, place - at));
      rest = rest.subarray(place - at);
      at = place;
      hashAt.set(place, hasher.copy().digest());
    }
    hasher.update(rest);
    at += rest.length;
  };
  take(new Uint8Array(0));
  for await (const chunk of source.chunks()) take(chunk);
  const startsWith = tombstones.filter((stone) => {
    const hash = hashAt.get(stone.rawBytes);
    return hash !== undefined && sameBytes(hash, stone.sha256);
  });
  return {
    sameAs: startsWith.find((stone) => stone.rawBytes === at) ?? null,
    startsWith,
    saysNothing: isBlank,
    readBytes: at,
  };
}
