/**
 * Our entries in a file of hooks, `{ "hooks": { EVENT: [ … ] } }`: put in, brought up to date, taken out. Pure.
 * Promises: twice is once; entries of others keep every byte; what is not understood as a whole is refused.
 */
import { getNodeValue, type Node } from 'jsonc-parser';
import { hasTwice, nodeAt, treeOf, withElement, withMember, withoutChild, withValue } from './json-edit.ts';
import { type IsOwn, isOwnEntry } from './own-call.ts';

/** What stands in the list of each event. */
export type WantedEntry = ReadonlyMap<string, unknown>;

export type Edited = { readonly text: string } | { readonly why: string };

/** A list of an event and where in it one of ours is: an element, or one of the `hooks` of an element. */
interface Own {
  readonly event: string;
  readonly path: readonly (string | number)[];
  readonly node: Node;
}

/** The file with exactly these entries of ours. `empty`: what a file that is not there begins with. */
export function withHooks(
  text: string | null,
  wanted: WantedEntry,
  empty = '{}\n',
  isOwn: IsOwn = isOwnEntry,
): Edited {
  const { bom, body } = parted(text === null || text.trim() === '' ? empty : text);
  const wrong = whyNot(body);
  if (wrong !== null) return { why: wrong };
  let edited = body;
  for (const event of eventsOf(edited)) if (!wanted.has(event)) edited = withoutOwn(edited, event, 0, isOwn);
  for (const [event, entry] of wanted) edited = withEntry(edited, event, entry, isOwn);
  return whole(bom, edited);
}

/** The file without any entry of ours, and without lists that were made for them. */
export function withoutHooks(text: string, isOwn: IsOwn = isOwnEntry): Edited {
  const { bom, body } = parted(text);
  if (whyNot(body) !== null) return ownIn(text) ? { why: whyNot(body) ?? '' } : { text };
  let edited = body;
  for (const event of eventsOf(edited)) edited = withoutOwn(edited, event, 0, isOwn);
  return whole(bom, edited);
}

/** What was edited, unless it can no longer be read: then it is not written. */
function whole(bom: string, edited: string): Edited {
  return whyNot(edited) === null
    ? { text: bom + edited }
    : { why: 'it cannot be edited safely by this program' };
}

/** The entries of ours, as they stand in the file; null: it cannot be read. */
export function ownHooks(text: string, isOwn: IsOwn = isOwnEntry): ReadonlyMap<string, unknown> | null {
  const { body } = parted(text);
  if (whyNot(body) !== null) return null;
  return new Map(
    eventsOf(body)
      .flatMap((event) => ownOf(body, event, isOwn).slice(0, 1))
      .map((own) => [own.event, entryOf(body, own)]),
  );
}

/** The whole element that holds it, as it is wanted. */
function entryOf(text: string, { path }: Own): unknown {
  const tree = treeOf(text);
  const node = tree === null ? undefined : nodeAt(tree, path.slice(0, 3));
  return node === undefined ? undefined : getNodeValue(node);
}

function ownIn(text: string): boolean {
  return text.includes('session-memory');
}

function parted(text: string): { bom: string; body: string } {
  return text.startsWith('\ufeff') ? { bom: '\ufeff', body: text.slice(1) } : { bom: '', body: text };
}

function whyNot(text: string): string | null {
  const tree = treeOf(text);
  if (tree === null) return 'it is not JSON that can be edited safely';
  const hooks = nodeAt(tree, ['hooks']);
  if (hooks === undefined) return null;
  if (hooks.type !== 'object') return 'its "hooks" are no object';
  if (hasTwice(hooks)) return 'an event stands twice among its hooks';
  for (const property of hooks.children ?? [])
    if (property.children?.[1]?.type !== 'array')
      return `its hooks of ${property.children?.[0]?.value} are no list`;
  return null;
}

function eventsOf(text: string): string[] {
  const tree = treeOf(text);
  const hooks = tree === null ? undefined : nodeAt(tree, ['hooks']);
  return (hooks?.children ?? []).map((property) => String(property.children?.[0]?.value));
}

function ownOf(text: string, event: string, isOwn: IsOwn): Own[] {
  const tree = treeOf(text);
  const list = tree === null ? undefined : nodeAt(tree, ['hooks', event]);
  return (list?.children ?? []).flatMap((element, i): Own[] => {
    if (isOwn(getNodeValue(element))) return [{ event, path: ['hooks', event, i], node: element }];
    const inner = element.type === 'object' ? nodeAt(element, ['hooks']) : undefined;
    const calls = inner?.type === 'array' ? (inner.children ?? []) : [];
    return calls.flatMap((call, k) => {
      if (!isOwn(getNodeValue(call))) return [];
      return calls.length === 1
        ? [{ event, path: ['hooks', event, i], node: element }]
        : [{ event, path: ['hooks', event, i, 'hooks', k], node: call }];
    });
  });
}

function withEntry(text: string, event: string, entry: unknown, isOwn: IsOwn): string {
  const [first] = ownOf(text, event, isOwn);
  if (first === undefined) return appended(text, event, entry);
  const alone = withoutOwn(text, event, 1, isOwn);
  const [own] = ownOf(alone, event, isOwn);
  if (own === undefined) return appended(alone, event, entry);
  const inner = own.path.length > 3 ? innerOf(entry) : entry;
  return JSON.stringify(getNodeValue(own.node)) === JSON.stringify(inner)
    ? alone
    : withValue(alone, own.node, inner);
}

/** Where a person has put our call beside calls of others, only that is ours. */
function innerOf(entry: unknown): unknown {
  const hooks =
    typeof entry === 'object' && entry !== null ? new Map(Object.entries(entry)).get('hooks') : undefined;
  return Array.isArray(hooks) ? hooks[0] : entry;
}

function appended(text: string, event: string, entry: unknown): string {
  const tree = treeOf(text);
  if (tree === null) return text;
  const hooks = nodeAt(tree, ['hooks']);
  if (hooks === undefined) return withMember(text, tree, 'hooks', { [event]: [entry] });
  const list = nodeAt(tree, ['hooks', event]);
  return list === undefined ? withMember(text, hooks, event, [entry]) : withElement(text, list, entry);
}

/** Takes out all of ours of an event but the first `kept`; a list that is empty then goes, and so do the hooks. */
function withoutOwn(text: string, event: string, kept: number, isOwn: IsOwn): string {
  let edited = text;
  for (
    let own = ownOf(edited, event, isOwn).slice(kept).at(-1);
    own !== undefined;
    own = ownOf(edited, event, isOwn).slice(kept).at(-1)
  )
    edited = withoutPath(edited, own.path);
  if (edited === text) return text;
  for (const path of [['hooks', event], ['hooks']]) {
    const tree = treeOf(edited);
    const node = tree === null ? undefined : nodeAt(tree, path);
    if (node !== undefined && (node.children ?? []).length === 0 && isBlank(edited, node))
      edited = withoutPath(edited, path);
  }
  return edited;
}

/** No comment in it either. */
function isBlank(text: string, node: Node): boolean {
  return text.slice(node.offset + 1, node.offset + node.length - 1).trim() === '';
}

function withoutPath(text: string, path: readonly (string | number)[]): string {
  const tree = treeOf(text);
  const node = tree === null ? undefined : nodeAt(tree, path);
  // Of a member the property goes, of a list the element.
  const child = node?.parent?.type === 'property' ? node.parent : node;
  const parent = child?.parent;
  if (child === undefined || parent === undefined) return text;
  return withoutChild(text, parent, (parent.children ?? []).indexOf(child));
}
