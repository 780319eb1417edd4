/**
 * Sessions that are one JSON document each, in a format that only a person's configuration describes: the list of its turns
 * (`list`), and what stands beside that list about all of them.
 * Promises: as `jsonl.ts`; a turn that a rewritten document repeats counts once.
 */
import type { Peek } from '../../domain/agent.ts';
import type { DocumentPart, PartCounts } from '../../domain/facts.ts';
import { type OwnFormat, ownValue } from '../../domain/own-format.ts';
import { type DocumentShape, documentEnds, readPart } from '../kit/document-agent.ts';
import { isRecord, type JsonRecord, recordAt } from '../kit/json-lines.ts';
import { Once } from '../kit/seen-records.ts';
import { OwnJsonlReader, Places, peekRecordsOf } from './jsonl.ts';

function shapeOf(own: OwnFormat): DocumentShape {
  const places = new Places(own);
  const paths = ownValue(own, 'list').map((path) => path.split('.'));
  return {
    recordsOf: (document) => {
      // A document may be the list itself.
      if (Array.isArray(document)) return document;
      for (const path of paths) {
        const list = isRecord(document) ? listAtPath(document, path) : null;
        if (list !== null) return list;
      }
      return null;
    },
    isRecord: (record) => places.text(record, 'role') !== null && places.said(record).isThere,
  };
}

function listAtPath(document: JsonRecord, path: readonly string[]): readonly unknown[] | null {
  let holder = document;
  for (const part of path.slice(0, -1)) holder = recordAt(holder, part);
  const last = path.at(-1) ?? '';
  const list = Object.hasOwn(holder, last) ? holder[last] : undefined;
  return Array.isArray(list) ? list : null;
}

/** Null where neither the list nor a turn of it is found: a database, or another program's document. */
export function peekDocument(own: OwnFormat, head: Uint8Array, tail: Uint8Array): Peek | null {
  const ends = documentEnds(head, tail, shapeOf(own));
  if (ends === null || (ends.whole === null && ends.records.length === 0)) return null;
  return peekRecordsOf(own, [ends.whole ?? Object.fromEntries(ends.fields), ...ends.records]);
}

export class OwnDocumentReader extends OwnJsonlReader {
  readonly #shape: DocumentShape;
  readonly #told = new Once();
  #tooDeep = 0;

  constructor(...[sink, id, own]: ConstructorParameters<typeof OwnJsonlReader>) {
    super(sink, id, own);
    this.#shape = shapeOf(own);
  }

  override line(): 'unreadable' {
    return 'unreadable';
  }

  part(bytes: Uint8Array, part: DocumentPart): PartCounts {
    // Two turns may be alike, and one is told again by the next version: only how often it stands in one tells them apart.
    const times = new Map<string, number>();
    const tell = (record: JsonRecord) => {
      const hash = hashOf(record);
      if (hash === null) {
        this.#tooDeep += 1;
        this.unnamed = `deep ${this.#tooDeep}`;
        this.record(record);
        return;
      }
      const nth = (times.get(hash) ?? 0) + 1;
      times.set(hash, nth);
      this.unnamed = `${hash} ${nth}`;
      if (this.#told.isNewKey(this.unnamed)) this.record(record);
    };
    return readPart(bytes, part, this.#shape, tell, (whole) => this.header(whole));
  }
}

/** Null where it is nested too deep to be written out: such a turn is held to be new, since nothing tells it from another one. */
function hashOf(record: JsonRecord): string | null {
  try {
    return Bun.hash(JSON.stringify(record)).toString(36);
  } catch (thrown) {
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}
