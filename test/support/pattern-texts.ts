/**
 * Texts drawn from a regular expression's own parts: such as it matches, and such as make it try the most.
 * Reads what our rules are written in; anything else is refused. A text need not match, where a look around it forbids it.
 */

export type Node =
  | { readonly type: 'chars'; readonly source: string }
  | { readonly type: 'all'; readonly items: readonly Node[] }
  | { readonly type: 'any'; readonly branches: readonly Node[] }
  | { readonly type: 'repeat'; readonly item: Node; readonly min: number; readonly max: number }
  | { readonly type: 'look'; readonly isAhead: boolean; readonly isNot: boolean; readonly item: Node }
  | { readonly type: 'edge' };
type Branching = Extract<Node, { type: 'any' }>;
export type Repeat = Extract<Node, { type: 'repeat' }>;

/** How one text is drawn: which branch, how often, which character. */
export interface Choice {
  readonly branch: (node: Branching) => Node;
  /** The texts that stand in turn where a repetition does. */
  readonly repeat: (node: Repeat, draw: () => string) => string;
  readonly char: (allowed: string) => string;
  /** Whether what has to follow is written, or is left to what does follow. */
  readonly isAhead: () => boolean;
}

const EDGE: Node = { type: 'edge' };
const ESCAPE = /^\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[pP]\{[^}]*\}|.)/s;
const CLASS = /^\[(?:\\.|[^\]\\])*\]/s;
const OPENS = /^\((?:\?(?:<?[=!]|:|<\w+>))?/;
const COUNT = /^(?:[*+?]|\{(\d+)(,)?(\d*)\})\??/;

class Parser {
  #at = 0;
  readonly #source: string;
  constructor(source: string) {
    this.#source = source;
  }

  whole(): Node {
    const node = this.#any();
    if (this.#at < this.#source.length) throw new Error(`not read from ${this.#source.slice(this.#at)}`);
    return node;
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    const match = pattern.exec(this.#source.slice(this.#at));
    this.#at += match?.[0].length ?? 0;
    return match;
  }

  #any(): Node {
    const branches = [this.#all()];
    while (this.#take(/^\|/) !== null) branches.push(this.#all());
    return branches.length === 1 ? (branches[0] ?? EDGE) : { type: 'any', branches };
  }

  #all(): Node {
    const items: Node[] = [];
    while (this.#at < this.#source.length && !/[|)]/.test(this.#source[this.#at] ?? '')) {
      const item = this.#one();
      const count = this.#take(COUNT);
      items.push(count === null ? item : { type: 'repeat', item, ...timesOf(count) });
    }
    return { type: 'all', items };
  }

  #one(): Node {
    const open = this.#take(OPENS)?.[0];
    if (open !== undefined) {
      const item = this.#any();
      if (this.#take(/^\)/) === null) throw new Error(`a group does not end in ${this.#source}`);
      if (!/[=!]$/.test(open)) return item;
      return { type: 'look', isAhead: !open.includes('<'), isNot: open.endsWith('!'), item };
    }
    if (this.#take(/^(?:[$^]|\\[bB])/) !== null) return EDGE;
    const source = (this.#take(CLASS) ?? this.#take(ESCAPE) ?? this.#take(/^./su))?.[0] ?? '';
    if (/^\\[1-9k]/.test(source)) throw new Error(`${source} is not known here`);
    return { type: 'chars', source };
  }
}

function timesOf([text, min, comma, max]: RegExpExecArray): { min: number; max: number } {
  if (text.startsWith('?')) return { min: 0, max: 1 };
  if (text.startsWith('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
  if (text.startsWith('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
  const most = max === undefined || max === '' ? Number.POSITIVE_INFINITY : Number(max);
  return { min: Number(min), max: comma === undefined ? Number(min) : most };
}

const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');

export class PatternTexts {
  readonly tree: Node;
  readonly pattern: RegExp;
  readonly #alphabet: readonly string[];
  readonly #allowed = new Map<string, string>();

  constructor(pattern: RegExp) {
    this.pattern = pattern;
    this.tree = new Parser(pattern.source).whole();
    const plain = pattern.source.replace(/\\u([0-9A-Fa-f]{4})/g, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    this.#alphabet = [...new Set(`${PRINTABLE}\n\t${plain.replace(/[^\u0080-\uffff]/g, '')}`)];
  }

  /** The characters that a class takes, of those that the pattern knows. */
  allowed(source: string): string {
    const known = this.#allowed.get(source);
    if (known !== undefined) return known;
    const one = new RegExp(`^(?:${source})$`, this.pattern.flags.replace(/[gy]/g, ''));
    const allowed = this.#alphabet.filter((char) => one.test(char)).join('');
    this.#allowed.set(source, allowed);
    return allowed;
  }

  draw(choice: Choice, node: Node = this.tree): string {
    if (node.type === 'edge' || node.type === 'look') return '';
    if (node.type === 'chars') return choice.char(this.allowed(node.source) || '\0');
    if (node.type === 'any') return this.draw(choice, choice.branch(node));
    if (node.type === 'repeat') return choice.repeat(node, () => this.draw(choice, node.item));
    let text = '';
    for (const [index, item] of node.items.entries()) {
      if (item.type !== 'look') text += this.draw(choice, item);
      else if (!item.isNot) {
        const seen = this.draw(choice, item.item);
        if (item.isAhead) text += index === node.items.length - 1 && choice.isAhead() ? seen : '';
        else if (seen.endsWith(text)) text = seen;
      }
    }
    return text;
  }

  /** Each branch of each choice, with those that lead to it: what is there or not, and small classes, are choices too. */
  *branches(): Iterable<ReadonlyMap<Node, Node>> {
    yield* branchesBelow(this.tree, new Map());
  }

  repeats(): readonly { readonly node: Repeat; readonly way: ReadonlyMap<Node, Node> }[] {
    return [...repeatsBelow(this.tree, new Map())];
  }
}

/** Stands for the choice to leave out what may be left out. */
export const NONE: Node = { type: 'all', items: [] };

function* branchesBelow(node: Node, way: ReadonlyMap<Node, Node>): Iterable<ReadonlyMap<Node, Node>> {
  if (node.type === 'all') for (const item of node.items) yield* branchesBelow(item, way);
  else if (node.type === 'look' && !node.isNot) yield* branchesBelow(node.item, way);
  else if (node.type === 'any')
    for (const branch of node.branches) {
      const own = new Map(way).set(node, branch);
      yield own;
      yield* branchesBelow(branch, own);
    }
  else if (node.type === 'repeat') {
    if (node.min === 0) yield new Map(way).set(node, NONE);
    const own = new Map(way).set(node, node.item);
    yield own;
    yield* branchesBelow(node.item, own);
  }
}

function* repeatsBelow(
  node: Node,
  way: ReadonlyMap<Node, Node>,
): Iterable<{ node: Repeat; way: ReadonlyMap<Node, Node> }> {
  if (node.type === 'all') for (const item of node.items) yield* repeatsBelow(item, way);
  else if (node.type === 'look') yield* repeatsBelow(node.item, way);
  else if (node.type === 'any')
    for (const branch of node.branches) yield* repeatsBelow(branch, new Map(way).set(node, branch));
  else if (node.type === 'repeat') {
    const own = new Map(way).set(node, node.item);
    if (node.max > 1) yield { node, way: own };
    yield* repeatsBelow(node.item, own);
  }
}
