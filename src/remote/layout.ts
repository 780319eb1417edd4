/**
 * The names of all objects of a bucket, below its prefix.
 * Promises: pure; each name belongs to one kind, and what has none of these names is not ours. Names are random or numbers: none tells
 * of a content.
 *
 * format              what this is, and the bucket's own id; made once
 * keys/ID.age         the master key, wrapped with age
 * heads/MACHINE       the number of that machine's last commit: only a hint, it may lag
 * log/MACHINE/NUMBER  a commit: which sessions lie where; made once, never changed
 * packs/XX/ID         what they hold; made once, never changed
 */
export const FORMAT_NAME = 'format';
export const HEADS = 'heads/';
export const KEYS = 'keys/';
export const PACKS = 'packs/';
export const LOG = 'log/';

const NUMBER_DIGITS = 10;
const ID = '[0-9a-f]{32}';
const FORMS = [
  ['format', /^format$/],
  ['key', new RegExp(`^keys/${ID}\\.age$`)],
  ['head', new RegExp(`^heads/(${ID})$`)],
  ['commit', new RegExp(`^log/(${ID})/(\\d{${NUMBER_DIGITS}})$`)],
  ['pack', /^packs\/([0-9a-f]{2})\/(\1[0-9a-f]{30})$/],
  // Made and taken away again, to see whether the service keeps its word.
  ['probe', new RegExp(`^probe/${ID}$`)],
] as const;
export type ObjectKind = (typeof FORMS)[number][0];

export interface ObjectName {
  readonly kind: ObjectKind;
  /** Of a head or a commit. */
  readonly machine: string | null;
  /** Of a commit. */
  readonly number: number | null;
  /** The id of a pack. */
  readonly pack: string | null;
}

/** What an object is by its name; null: none of ours. */
export function objectNamed(name: string): ObjectName | null {
  for (const [kind, form] of FORMS) {
    const match = form.exec(name);
    if (match === null) continue;
    const isOfMachine = kind === 'head' || kind === 'commit';
    return {
      kind,
      machine: isOfMachine ? (match[1] ?? null) : null,
      number: kind === 'commit' ? Number(match[2]) : null,
      pack: kind === 'pack' ? (match[2] ?? null) : null,
    };
  }
  return null;
}

/** 32 hex digits that nobody else has. */
export function newId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex');
}

export function isId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}

export function keyName(id: string): string {
  return `${KEYS}${id}.age`;
}

export function headName(machine: string): string {
  return HEADS + machine;
}

export function logFolder(machine: string): string {
  return `${LOG}${machine}/`;
}

export function commitName(machine: string, number: number): string {
  return logFolder(machine) + String(number).padStart(NUMBER_DIGITS, '0');
}

/** Spread over 256 folders: some services serve each by itself. */
export function packName(id: string): string {
  return `${PACKS}${id.slice(0, 2)}/${id}`;
}

export function probeName(): string {
  return `probe/${newId()}`;
}
