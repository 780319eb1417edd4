/**
 * Edits of JSON with comments that change nothing else: what is not ours keeps every byte, its order and its line ends. Pure.
 * Never: prints a parsed value again; touches a text that it does not understand as a whole.
 */
import { createScanner, findNodeAtLocation, type Node, type ParseError, parseTree } from 'jsonc-parser';

/** The tree of a text, or null where it is no object, is torn, or names a member twice along `path`. */
export function treeOf(text: string): Node | null {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  if (tree === undefined || errors.length > 0 || tree.type !== 'object' || hasTwice(tree)) return null;
  return tree;
}

export const nodeAt = (tree: Node, path: readonly (string | number)[]) => findNodeAtLocation(tree, [...path]);

/** Of two members of one name programs take the last, and editors the first. */
export function hasTwice(tree: Node): boolean {
  const names = (tree.children ?? []).map((property) => String(property.children?.[0]?.value));
  return new Set(names).size < names.length;
}

const endOf = (node: Node) => node.offset + node.length;

/** How a text is laid out. */
interface Style {
  readonly unit: string;
  readonly eol: string;
  /** Everything on one line. */
  readonly isFlat: boolean;
}

function styleOf(text: string): Style {
  const indent = /\n([ \t]+)["\]}]/.exec(text)?.[1] ?? '  ';
  return {
    unit: indent.startsWith('\t') ? '\t' : indent,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
    isFlat: !text.trim().includes('\n') && text.trim() !== '{}',
  };
}

/** The white space that the line begins with on which `offset` lies. */
function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? '';
}

function rendered(value: unknown, style: Style, indent: string): string {
  if (style.isFlat) return JSON.stringify(value);
  return JSON.stringify(value, null, style.unit).replaceAll('\n', `${style.eol}${indent}`);
}

/** Adds a member behind the last one of an object. */
export function withMember(text: string, object: Node, name: string, value: unknown): string {
  return withChild(text, object, value, `${JSON.stringify(name)}:${styleOf(text).isFlat ? '' : ' '}`);
}

/** Adds an element behind the last one of a list. */
export function withElement(text: string, list: Node, value: unknown): string {
  return withChild(text, list, value, '');
}

function withChild(text: string, parent: Node, value: unknown, before: string): string {
  const style = styleOf(text);
  const outer = indentAt(text, parent.offset);
  const last = parent.children?.at(-1);
  const line = style.isFlat ? '' : style.eol;
  const isBegun = last !== undefined && text.slice(0, last.offset).match(/\n[ \t]*$/) !== null;
  const indent = style.isFlat ? '' : isBegun ? indentAt(text, last.offset) : outer + style.unit;
  const child = `${line}${indent}${before}${rendered(value, style, indent)}`;
  if (last !== undefined) return `${text.slice(0, endOf(last))},${child}${text.slice(endOf(last))}`;
  const inner = text.slice(parent.offset + 1, endOf(parent) - 1);
  const rest = inner.trim() === '' ? `${line}${style.isFlat ? '' : outer}` : inner;
  return `${text.slice(0, parent.offset + 1)}${child}${rest}${text.slice(endOf(parent) - 1)}`;
}

/** Puts a value in the place of another. */
export function withValue(text: string, node: Node, value: unknown): string {
  const shown = rendered(value, styleOf(text), indentAt(text, node.offset));
  return text.slice(0, node.offset) + shown + text.slice(endOf(node));
}

/** Takes out the child of that number, with its comma and the white space before it; comments stay. */
export function withoutChild(text: string, parent: Node, index: number): string {
  const children = parent.children ?? [];
  const [child, before, next] = [children[index], children[index - 1], children[index + 1]];
  if (child === undefined) return text;
  if (before !== undefined) {
    const between = text.slice(endOf(before), child.offset);
    if (/^\s*,\s*$/.test(between)) return text.slice(0, endOf(before)) + text.slice(endOf(child));
    const comma = commaIn(between);
    const kept = text.slice(0, endOf(before)) + between.slice(0, comma);
    return kept + joined(between.slice(comma + 1), text.slice(endOf(child)), styleOf(text).eol);
  }
  if (next !== undefined) {
    const between = text.slice(endOf(child), next.offset);
    if (/^\s*,\s*$/.test(between)) return text.slice(0, child.offset) + text.slice(next.offset);
    const comma = commaIn(between);
    return (
      text.slice(0, child.offset) +
      between.slice(0, comma) +
      between.slice(comma + 1) +
      text.slice(next.offset)
    );
  }
  const tail = text.slice(endOf(child), endOf(parent) - 1);
  const comma = commaIn(tail);
  const head = text.slice(parent.offset + 1, child.offset);
  const inner = head + (comma < 0 ? tail : tail.slice(0, comma) + tail.slice(comma + 1));
  return (
    text.slice(0, parent.offset + 1) + (inner.trim() === '' ? '' : inner) + text.slice(endOf(parent) - 1)
  );
}

/** Two pieces without the white space that the first ends with; what ends a comment of one line stays behind it. */
function joined(comments: string, rest: string, eol: string): string {
  const scanner = createScanner(comments);
  let end = 0;
  let last: number = EOF;
  for (let kind: number = scanner.scan(); kind !== EOF; kind = scanner.scan()) {
    if (kind === LINE_BREAK || kind === BLANK) continue;
    end = scanner.getTokenOffset() + scanner.getTokenLength();
    last = kind;
  }
  const isOpen = last === LINE_COMMENT && !/^[\r\n]/.test(rest);
  return comments.slice(0, end) + (isOpen ? eol : '') + rest;
}

/** Of the library's `SyntaxKind`, whose names are gone when it is compiled. */
const [COMMA, LINE_COMMENT, LINE_BREAK, BLANK, EOF] = [5, 12, 14, 15, 17];

/** Where the first comma stands that is in no comment; -1: nowhere. */
function commaIn(text: string): number {
  const scanner = createScanner(text);
  for (let kind = scanner.scan(); kind !== EOF; kind = scanner.scan())
    if (kind === COMMA) return scanner.getTokenOffset();
  return -1;
}
