/**
 * What values of Cursor's databases hold, and where in them what a person wants to know stands.
 * Promises: pure; odd values are nothing. A value is the same whether it is stored as text or as bytes.
 */
import { isRecord, type JsonRecord, listAt, parseRecord, recordAt, textAt } from '../kit/json-lines.ts';

/** The text of a value: read off a database or off a stored line, where bytes are `{"blob":"base64"}`. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (!isRecord(value)) return null;
  const base64 = textAt(value, 'blob') ?? textAt(value, 'text');
  return base64 === null ? null : Buffer.from(base64, 'base64').toString('utf8');
}

/** JSON text as a record; an empty one where it is anything else. */
export function recordOf(text: string | null): JsonRecord {
  return parseRecord(text ?? '') ?? {};
}

/** A record that may be written as JSON text within JSON. */
export function innerRecord(value: unknown): JsonRecord {
  return isRecord(value) ? value : typeof value === 'string' ? recordOf(value) : {};
}

/** `bubbleId:<session>:<bubble>`: the kind, and what stands behind the last colon. */
export function keyOf(row: JsonRecord): { readonly kind: string; readonly id: string } {
  const key = textOf(row['key']) ?? '';
  const colon = key.indexOf(':');
  // `composer.content.<hash>` has none.
  const kind = colon < 0 ? key.slice(0, Math.max(0, key.lastIndexOf('.'))) : key.slice(0, colon);
  return { kind, id: key.slice(key.lastIndexOf(':') + 1) };
}

/** The folder of a session: what was opened as its workspace. */
export function projectOf(about: JsonRecord): string | null {
  const uri = recordAt(recordAt(about, 'workspaceIdentifier'), 'uri');
  const path = textAt(uri, 'fsPath') ?? textAt(uri, 'path');
  return path ?? folderOfUri(textAt(uri, 'external') ?? '');
}

/** The path that a URI of an editor names, on this machine or another: `file:///c%3A/x` is `c:\x`. */
export function folderOfUri(uri: string): string | null {
  const [, scheme = '', path = ''] = /^([a-z][\w+.-]*):\/\/[^/]*(\/.*)$/is.exec(uri) ?? [];
  if (scheme !== 'file' && scheme !== 'vscode-remote') return null;
  const plain = decoded(path);
  return /^\/[A-Za-z]:/.test(plain) ? plain.slice(1).replaceAll('/', '\\') : plain;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // A path with a lone percent sign is none that was encoded.
    return path;
  }
}

/** What a human typed: plain, or as the editor of the input has it. */
export function promptText(bubble: JsonRecord): string | null {
  const text = textAt(bubble, 'text') ?? textAt(bubble, 'rawText');
  if (text !== null && text.trim() !== '') return text;
  const rich = richText(innerRecord(bubble['richText'] ?? bubble['initText']));
  return rich.trim() === '' ? null : rich;
}

/** More nodes than any prompt has. */
const NODES_MAX = 20_000;

/** The texts of a document of the input's editor, a line a paragraph. */
function richText(document: JsonRecord): string {
  const open: unknown[] = [recordAt(document, 'root')];
  let text = '';
  for (let n = 0; n < NODES_MAX; n++) {
    const node = open.pop();
    if (node === undefined) break;
    if (!isRecord(node)) continue;
    if (node['type'] === 'paragraph' && text !== '') text += '\n';
    text += textAt(node, 'text') ?? '';
    open.push(...listAt(node, 'children').toReversed());
  }
  return text;
}

/** The folders that were sent along with a prompt as those of the project. */
export function projectOfContext(context: JsonRecord): string | null {
  for (const layout of listAt(context, 'projectLayouts')) {
    const root = textAt(innerRecord(layout), 'rootPath');
    if (root !== null && /^(?:\/|[A-Za-z]:[\\/])/.test(root)) return root;
  }
  return null;
}
