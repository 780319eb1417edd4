/**
 * One table of a TOML file, `[a.b]`, put in, changed, taken out, with every other byte as it is. Pure.
 * Promises: what is written is read back, and differs from what was read in that table alone; a form that this cannot change safely
 * (inline, dotted keys, a table in two places) is refused. Marks around it would not do: agents write the file anew, and put
 * tables of others between them.
 */
import { parse, type TomlTable, type TomlValue } from 'smol-toml';
import { messageOf } from '../domain/errors.ts';
import type { Edited } from './hooks-json.ts';

type Path = readonly [string, string];
type Values = Readonly<Record<string, TomlValue>>;

/** The table as it is; null: it is not there. */
export function ownTable(
  text: string,
  path: Path,
): { readonly value: Values | null } | { readonly why: string } {
  const read = tableOf(text);
  if ('why' in read) return read;
  const value = at(read.table, path);
  return { value: isTable(value) ? value : null };
}

export function withTable(text: string, path: Path, values: Values): Edited {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = [
    `[${path.join('.')}]`,
    ...Object.entries(values).map(([key, value]) => `${key} = ${shown(value)}`),
  ];
  const found = ownTable(text, path);
  if ('why' in found) return found;
  const place = found.value === null ? null : placeOf(text, path);
  if (place !== null)
    return checked(text, path, text.slice(0, place.start) + lines.join(eol) + text.slice(place.end), values);
  const gap = text === '' ? '' : text.endsWith('\n') ? eol : eol + eol;
  return checked(text, path, `${text}${gap}${lines.join(eol)}${eol}`, values);
}

export function withoutTable(text: string, path: Path): Edited {
  const place = placeOf(text, path);
  if (place === null) return { why: `its ${path.join('.')} is written in a form that cannot be taken out` };
  const [before, behind] = [text.slice(0, place.start), text.slice(place.end).replace(/^\r?\n/, '')];
  // The blank line that parted it from what stands before goes with it.
  return checked(text, path, before.replace(/(\n|^)\r?\n$/, '$1') + behind, null);
}

interface Place {
  readonly start: number;
  /** Behind its last key, without the line's end. */
  readonly end: number;
}

/** From its header to its last key, with tables below it; what stands behind may be a comment on the next one. */
function placeOf(text: string, path: Path): Place | null {
  const name = path.map((word) => `(?:${word}|"${word}"|'${word}')`).join('\\s*\\.\\s*');
  const header = new RegExp(`^[ \\t]*\\[\\s*${name}\\s*(?:\\.[^\\]]*)?\\][ \\t]*(?:#.*)?$`);
  let [start, end] = [-1, -1];
  let isIn = false;
  let offset = 0;
  for (const line of text.split(/(?<=\n)/)) {
    const bare = line.replace(/\r?\n$/, '');
    // A line of a list may begin so too: then what is made of it does not read as it should, and is refused.
    if (/^[ \t]*\[/.test(bare)) isIn = header.test(bare);
    if (isIn && bare.trim() !== '' && !/^[ \t]*#/.test(bare)) {
      start = start < 0 ? offset : start;
      end = offset + bare.length;
    }
    offset += line.length;
  }
  return start < 0 ? null : { start, end };
}

/** Only what differs in that table alone is written. */
function checked(before: string, path: Path, after: string, values: Values | null): Edited {
  const [old, fresh] = [tableOf(before), tableOf(after)];
  if ('why' in old) return old;
  const why = { why: `its ${path.join('.')} cannot be edited safely by this program` };
  if ('why' in fresh) return why;
  const found = at(fresh.table, path);
  const isThere = values === null ? found === undefined : JSON.stringify(found) === JSON.stringify(values);
  return isThere && without(old.table, path) === without(fresh.table, path) ? { text: after } : why;
}

function tableOf(text: string): { readonly table: TomlTable } | { readonly why: string } {
  try {
    return { table: parse(text) };
  } catch (thrown) {
    return { why: `it is not TOML: ${messageOf(thrown).split('\n')[0] ?? ''}` };
  }
}

function at(table: TomlTable, [outer, inner]: Path): TomlValue | undefined {
  const above = table[outer];
  return isTable(above) ? above[inner] : undefined;
}

/** All but that table, to compare; a table above it that is empty then is none. */
function without(table: TomlTable, [outer, inner]: Path): string {
  const above = table[outer];
  if (!isTable(above)) return sorted(table);
  const { [inner]: _, ...others } = above;
  const { [outer]: __, ...rest } = table;
  return sorted(Object.keys(others).length === 0 ? rest : { ...rest, [outer]: others });
}

function sorted(value: TomlTable): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'bigint'
      ? String(one)
      : typeof one === 'object' && one !== null && !Array.isArray(one)
        ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
        : one,
  );
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

/** Strings of JSON are strings of TOML; of a list each value. */
function shown(value: TomlValue): string {
  if (isTable(value))
    return `{ ${Object.entries(value)
      .map(([key, one]) => `${JSON.stringify(key)} = ${shown(one)}`)
      .join(', ')} }`;
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  return value instanceof Date ? value.toISOString() : JSON.stringify(value);
}
