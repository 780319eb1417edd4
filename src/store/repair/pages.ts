/**
 * The rows of a store file whose pages SQLite refuses, read page by page.
 * Promises: only reads; takes a page for part of a table only where a tree or the file's own map of pages (`auto_vacuum` keeps
 * one) says so, so that no freed page comes back to life; memory is bounded by one row and a number for each page.
 * Source of the format: "Database File Format" of sqlite.org, sections 1.2 to 1.8 and 4 (the log).
 */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { openOwn } from '../own-files.ts';
import { committedPages } from './log.ts';
import { headerAt, localBytes, PAGE_KIND, recordOf, type Value, varint } from './records.ts';

export interface RawRow {
  /** The rowid; 0 in indexes and tables without one. */
  readonly rowid: number;
  readonly values: readonly Value[];
}

/** Every page of this program's stores; a file that says otherwise has a damaged header. */
const PAGE_BYTES = 4096;
/** One page of the map tells of so many pages after it: five bytes each. */
const MAPPED_PAGES = Math.floor(PAGE_BYTES / 5);
const MAP_ROOT = 1;
const MAP_TREE = 5;

export class StorePages implements Disposable {
  readonly #handle: number;
  readonly #log: ReadonlyMap<number, Uint8Array>;
  readonly count: number;
  /** The root page of the tree that each page belongs to, 0 where none does. */
  readonly #owner: Uint32Array;
  /** Pages of trees that could not be read as such. */
  readonly broken: number[] = [];

  /** `roots`: the root pages of all tables and indexes. */
  constructor(path: string, roots: readonly number[]) {
    this.#handle = openOwn(path);
    this.#log = committedPages(`${path}-wal`, PAGE_BYTES);
    const inFile = Math.ceil(fstatSync(this.#handle).size / PAGE_BYTES);
    this.count = Math.max(inFile, ...this.#log.keys(), 0);
    this.#owner = new Uint32Array(this.count + 1);
    for (const root of roots) this.#walk(root);
    const isRoot = new Set(roots);
    for (let pageNo = 1; pageNo <= this.count; pageNo += 1) {
      if (this.#owner[pageNo] === 0) this.#owner[pageNo] = this.#mappedRoot(pageNo, isRoot);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#handle);
  }

  /** Rows of a table with rowids, each once. Rows on pages that no tree leads to any more come last. */
  *rows(root: number): Generator<RawRow> {
    for (const { rowid, payload } of this.#cells(root, PAGE_KIND.tableLeaf)) {
      const values = payload === null ? null : recordOf(payload);
      if (values !== null) yield { rowid, values };
    }
  }

  /** Entries of an index or of a table without rowids. */
  *entries(root: number): Generator<RawRow> {
    for (const kind of [PAGE_KIND.indexLeaf, PAGE_KIND.indexInterior]) {
      for (const { payload } of this.#cells(root, kind)) {
        const values = payload === null ? null : recordOf(payload);
        if (values !== null) yield { rowid: 0, values };
      }
    }
  }

  /** A page as the log or the file has it; one that the file was cut off in is as good as none. */
  #page(pageNo: number): Uint8Array | null {
    const logged = this.#log.get(pageNo);
    if (logged !== undefined) return logged;
    if (pageNo < 1 || pageNo > this.count) return null;
    const page = new Uint8Array(PAGE_BYTES);
    const got = readSync(this.#handle, page, 0, PAGE_BYTES, (pageNo - 1) * PAGE_BYTES);
    return got === PAGE_BYTES ? page : null;
  }

  #walk(root: number): void {
    const waiting = [root];
    for (let pageNo = waiting.pop(); pageNo !== undefined; pageNo = waiting.pop()) {
      if (pageNo < 1 || pageNo > this.count || this.#owner[pageNo] !== 0) continue;
      const page = this.#page(pageNo);
      this.#owner[pageNo] = root;
      if (page === null || cellPlaces(page, pageNo) === null) this.broken.push(pageNo);
      else waiting.push(...childrenOf(page, pageNo));
    }
  }

  /** By the map: from parent to parent up to a root; 0 where the map says that the page is free, or nothing. */
  #mappedRoot(pageNo: number, isRoot: ReadonlySet<number>): number {
    let at = pageNo;
    for (let steps = 0; steps < 32; steps += 1) {
      if (isRoot.has(at)) return at;
      const mapNo = Math.floor((at - 2) / (MAPPED_PAGES + 1)) * (MAPPED_PAGES + 1) + 2;
      const map = at > 2 && at !== mapNo ? this.#page(mapNo) : null;
      if (map === null) return 0;
      const place = 5 * (at - mapNo - 1);
      if (map[place] === MAP_ROOT) return isRoot.has(at) ? at : 0;
      if (map[place] !== MAP_TREE) return 0;
      at = u32(map, place + 1);
    }
    return 0;
  }

  *#cells(root: number, kind: number): Generator<{ rowid: number; payload: Uint8Array | null }> {
    const seen = new Set<number>();
    const isTable = kind === PAGE_KIND.tableLeaf;
    for (let pageNo = 1; pageNo <= this.count; pageNo += 1) {
      if (this.#owner[pageNo] !== root) continue;
      const page = this.#page(pageNo);
      if (page === null || page[headerAt(pageNo)] !== kind) continue;
      for (const place of cellPlaces(page, pageNo) ?? []) {
        const length = varint(page, place + (kind === PAGE_KIND.indexInterior ? 4 : 0));
        const rowid = isTable && length !== null ? varint(page, length.next) : null;
        if (length === null || (isTable && (rowid === null || seen.has(rowid.value)))) continue;
        if (rowid !== null) seen.add(rowid.value);
        yield {
          rowid: rowid?.value ?? 0,
          payload: this.#payload(page, rowid?.next ?? length.next, length.value, isTable),
        };
      }
    }
  }

  /**
   * A cell's payload with its overflow pages. Where the chain breaks, the rest is zeros: what stands before it, such as a
   * segment's hash, is worth having, and no hash holds for the zeros.
   */
  #payload(page: Uint8Array, at: number, bytes: number, isTable: boolean): Uint8Array | null {
    if (bytes < 0 || bytes > this.count * PAGE_BYTES) return null;
    const local = localBytes(bytes, PAGE_BYTES, isTable);
    if (at + local > PAGE_BYTES) return null;
    const payload = new Uint8Array(bytes);
    payload.set(page.subarray(at, at + local));
    let next = local < bytes ? u32(page, at + local) : 0;
    for (let done = local; done < bytes; ) {
      const overflow = this.#page(next);
      if (overflow === null) break;
      const piece = overflow.subarray(4, 4 + Math.min(PAGE_BYTES - 4, bytes - done));
      payload.set(piece, done);
      done += piece.length;
      next = u32(overflow, 0);
    }
    return payload;
  }
}

/** Where a page's cells begin, null where it is no page of a tree. A place outside the page is left out. */
function cellPlaces(page: Uint8Array, pageNo: number): number[] | null {
  const header = headerAt(pageNo);
  const kind = page[header];
  const isInterior = kind === PAGE_KIND.tableInterior || kind === PAGE_KIND.indexInterior;
  if (!isInterior && kind !== PAGE_KIND.tableLeaf && kind !== PAGE_KIND.indexLeaf) return null;
  const cells = u16(page, header + 3);
  const array = header + (isInterior ? 12 : 8);
  // A damaged count is no reason to lose the cells before it; one of six bytes is the smallest there is.
  const most = Math.floor((PAGE_BYTES - array) / 6);
  const places = Array.from({ length: Math.min(cells, most) }, (_, i) => u16(page, array + 2 * i));
  return places.filter((place) => place >= array && place < PAGE_BYTES - 3);
}

function childrenOf(page: Uint8Array, pageNo: number): number[] {
  const header = headerAt(pageNo);
  const kind = page[header];
  if (kind !== PAGE_KIND.tableInterior && kind !== PAGE_KIND.indexInterior) return [];
  const places = cellPlaces(page, pageNo) ?? [];
  return [...places.map((place) => u32(page, place)), u32(page, header + 8)];
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x10000 + u16(bytes, at + 2);
}
