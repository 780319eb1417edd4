/**
 * Sessions that are about the same as one: the same files, the same telling words.
 * Promises: reads only; never the session itself; what both have is told of each, files that both changed first. A session
 * without a digest, or with nothing telling in it, has none.
 */
import type { SessionRow } from '../../domain/session.ts';
import { plainLine } from '../../domain/text.ts';
import { sessionsByIds } from '../browse.ts';
import type { ReadableDb } from '../connection.ts';
import { digestsOf } from '../read.ts';
import { type CandidateFilter, candidates, type Weights, weightsOf } from './candidates.ts';
import { type FoundIn, type SearchField, searchFields } from './fields.ts';
import { Looker } from './look.ts';
import { type Group, parseQuery, wordsOf } from './query.ts';
import { digestsByIds, type RawState, rawState } from './search.ts';
import { stemOf } from './stem.ts';
import { unitsOf } from './words.ts';

export interface Related {
  readonly session: SessionRow;
  readonly raw: RawState;
  /** Paths that both name, as the other one has them. */
  readonly files: readonly string[];
  /** Telling words that both have, the rarest first. */
  readonly words: readonly string[];
}

/** What a session was for; what its commands printed is nobody's subject. */
const TELLING: readonly FoundIn[] = [
  'title',
  'prompt',
  'commit',
  'summary',
  'answer',
  'plan',
  'todo',
  'branch',
];
const WORDS_MAX = 16;
const FILES_MAX = 16;
/** Words that are weighed to choose from: the first ones say what a session was about. */
const WEIGHED_MAX = 120;
/** Of a path its last parts are looked for: the project may lie elsewhere by now. */
const PARTS = 3;
const LOOKED_AT = 60;
/** A file that both name says more than a word that both have. */
const FILE_WEIGHT = 2;
/** One word alone may be chance; so much of the best is no kin any more. */
const SHARE_MIN = 0.15;
const SHOWN_MAX = 8;
/** Where no file is shared, fewer words than that are chance. */
const WORDS_ALONE_MIN = 3;

export function related(
  db: ReadableDb,
  session: SessionRow,
  filter: CandidateFilter & { readonly limit: number },
): Related[] {
  return db.snapshot(() => {
    const fields = digestsOf(db, session.uid).flatMap(({ json }) => searchFields(json));
    const subject = subjectOf(db, fields);
    if (subject.groups.length === 0) return [];
    const asked = { groups: subject.groups, without: [] };
    const { list } = candidates(db, filter, asked, subject.weights);
    const looker = new Looker(asked, subject.weights);
    const best = list.slice(0, Math.max(LOOKED_AT, filter.limit * 2));
    const ids = best.map(({ id }) => id);
    const [rows, jsons] = [sessionsByIds(db, ids), digestsByIds(db, ids)];
    const kin = best.flatMap(({ id, length }) => {
      const [row, texts] = [rows.get(id), jsons.get(id) ?? []];
      const look = row === undefined || row.uid === session.uid ? null : looker.look(texts, length);
      if (row === undefined || look === null) return [];
      const has = subject.groups.flatMap((_group, i) => (look.missing.includes(i) ? [] : [i]));
      const words = has.flatMap((i) => subject.names.slice(i, i + 1)).filter((name) => name !== '');
      const files = sharedFiles(subject.files, texts.flatMap(searchFields));
      return files.length === 0 && words.length < WORDS_ALONE_MIN
        ? []
        : [{ row, files, words, score: look.score }];
    });
    const top = Math.max(...kin.map(({ score }) => score));
    return kin
      .filter(({ score }) => score >= top * SHARE_MIN)
      .sort((a, b) => b.score - a.score)
      .slice(0, filter.limit)
      .map(({ row, files, words }) => ({
        session: row,
        raw: rawState(db, row),
        files: files.slice(0, SHOWN_MAX),
        words: words.slice(0, SHOWN_MAX),
      }));
  });
}

interface Subject {
  readonly groups: readonly Group[];
  readonly weights: Weights;
  /** Of each group the word; empty for a file. */
  readonly names: readonly string[];
  /** Ends of the paths that it changed, else read. */
  readonly files: ReadonlySet<string>;
}

/** The rarest of its telling words, and its files. */
function subjectOf(db: ReadableDb, fields: readonly SearchField[]): Subject {
  const words = tellingWords(fields);
  const all = weightsOf(
    db,
    words.map(({ group }) => group),
  );
  const chosen = words
    .map((word, i) => ({ ...word, idf: all.idf[i] ?? 0, sessions: all.sessions[i] ?? 0 }))
    // One that no other session has leads nowhere.
    .filter(({ sessions, idf }) => sessions > 1 && idf > 1)
    .sort((a, b) => b.idf - a.idf)
    .slice(0, WORDS_MAX);
  const paths = fields.filter(({ where }) => where === 'file').slice(0, FILES_MAX);
  const ends = paths.map(({ text }) => endOf(text));
  const files = [...new Set(ends)].flatMap((end): Group[] => {
    const units = unitsOf(end);
    return units.length === 0
      ? []
      : [{ any: [{ text: end, units, isPrefix: false, column: 'files', isExact: true }], isMust: false }];
  });
  const groups = [...chosen.map(({ group }) => group), ...files];
  const weights = weightsOf(db, groups);
  return {
    groups,
    weights: { ...weights, idf: weights.idf.map((idf, i) => (i < chosen.length ? idf : idf * FILE_WEIGHT)) },
    names: [...chosen.map(({ name }) => name), ...files.map(() => '')],
    files: new Set(ends),
  };
}

function tellingWords(fields: readonly SearchField[]): { readonly name: string; readonly group: Group }[] {
  const text = TELLING.flatMap((where) => fields.filter((field) => field.where === where)).map(
    ({ text }) => text,
  );
  const known = new Map<string, { name: string; group: Group }>();
  for (const group of text.flatMap((one) => parseQuery(plainWords(one)).groups)) {
    const sought = group.any[0];
    const word = sought?.units.map((unit) => unit.text).join('') ?? '';
    // A number or two letters are no subject.
    if (sought === undefined || /^\d+$/.test(word) || (word.length < 3 && !sought.units[0]?.isGlyph))
      continue;
    if (known.size >= WEIGHED_MAX) break;
    if (!known.has(stemOf(word)))
      known.set(stemOf(word), { name: sought.text, group: { ...group, isMust: false } });
  }
  return [...known.values()];
}

/** Nothing of it means anything to a query but its words. */
function plainWords(text: string): string {
  return wordsOf(plainLine(text), false)
    .map(({ any: [sought] }) => sought?.text ?? '')
    .filter((word) => word !== 'OR')
    .join(' ');
}

/** The last parts of a path, however they are parted. */
function endOf(path: string): string {
  return path
    .split(/[\\/]+/)
    .filter(Boolean)
    .slice(-PARTS)
    .join('/');
}

function sharedFiles(ends: ReadonlySet<string>, fields: readonly SearchField[]): string[] {
  return fields
    .filter(({ where, text }) => where === 'file' && ends.has(endOf(text)))
    .map(({ text }) => text);
}
