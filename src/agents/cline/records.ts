/**
 * Records of Cline and Roo Code: what was shown, what was sent to the model, and what of it a human said.
 * Promises: pure. Source: `ExtensionMessage.ts` of cline/cline and RooCodeInc/Roo-Code.
 */

import { blocksOf, outcomeOf, type ToolOutcome, textOfBlocks } from '../kit/anthropic-messages.ts';
import type { DocumentShape } from '../kit/document-agent.ts';
import { isRecord, type JsonRecord, listAt, parseRecord, recordAt, textAt } from '../kit/json-lines.ts';

/** `ui_messages.json`: a list of what was said and asked. */
export const SHOWN: DocumentShape = {
  recordsOf: (document) => (Array.isArray(document) && document.every(isShown) ? document : null),
  isRecord: isShown,
};

function isShown(value: unknown): boolean {
  return (
    isRecord(value) && typeof value['ts'] === 'number' && (value['type'] === 'say' || value['type'] === 'ask')
  );
}

/** `<id>.json` beside the messages of the CLI. */
export const ABOUT: DocumentShape = {
  recordsOf: (document) => (isRecord(document) && 'session_id' in document ? [document] : null),
  isRecord: (record) => 'session_id' in record,
};

/** `api_conversation_history.json` is a list of messages; `<id>.messages.json` an object with one. */
export const MESSAGES: DocumentShape = {
  recordsOf: (document) => {
    if (Array.isArray(document)) return document;
    return isRecord(document) && Array.isArray(document['messages']) ? document['messages'] : null;
  },
  isRecord: (record) => textAt(record, 'role') !== null && 'content' in record,
};

/** The folder that a task works in, as the environment's details tell it, also within JSON in JSON. */
export function cwdIn(text: string): string | null {
  const found = /# Current (?:Working|Workspace) Directory \(([^)\n"]{1,4096})\)/.exec(text)?.[1];
  // Backslashes of Windows are doubled once for each JSON around them.
  return found === undefined ? null : found.replace(/\\+/g, '\\');
}

const TAGGED = /<(task|feedback|user_message|answer|user_input)(?: [^>]{0,200})?>([\s\S]*?)<\/\1>/g;

/** What a human said in a text that was sent. `plain`: where no tag marks it, all of it is. */
export function humanTextOfMessage(text: string, plain: boolean): string | null {
  const tagged = [...text.matchAll(TAGGED)]
    .map(([, , said = '']) => said.trim())
    .filter((said) => said !== '');
  if (tagged.length > 0) return tagged.join('\n');
  const own = text.trim();
  return plain && own !== '' && !/^[<[]/.test(own) ? own : null;
}

/** A use of a tool that older versions have the model write as tags in its text. */
export interface TaggedCall {
  readonly name: string;
  readonly input: JsonRecord;
}

const TAGGED_CALL =
  /<(execute_command|write_to_file|replace_in_file|apply_diff|insert_content|read_file)>([\s\S]*?)<\/\1>/g;

export function callsIn(text: string): readonly TaggedCall[] {
  return [...text.matchAll(TAGGED_CALL)].map(([, name = '', inner = '']) => ({
    name,
    input: Object.fromEntries(
      [...inner.matchAll(/<(command|path)>([\s\S]*?)<\/\1>/g)].map(([, key = '', value = '']) => [
        key,
        value.trim(),
      ]),
    ),
  }));
}

/** What a tool that was shown does, by Cline's own words for it. */
export const DOES: Readonly<Record<string, 'read' | 'written' | 'edited'>> = {
  readFile: 'read',
  newFileCreated: 'written',
  editedExistingFile: 'edited',
  appliedDiff: 'edited',
  insertContent: 'edited',
  searchAndReplace: 'edited',
  fileDeleted: 'edited',
};

/** The JSON in a shown record's text; an empty record where it is none. */
export function jsonOf(record: JsonRecord): JsonRecord {
  return parseRecord(textAt(record, 'text') ?? '') ?? {};
}

/** How the nth command of one call is named: each has an end of its own. */
const partOf = (id: string, nth: number) => (nth === 0 ? id : `${id}.${nth}`);

/** The calls that one block makes: of `run_commands` one for each command. An editor that replaces nothing writes the file. */
export function callsOfBlock(
  block: JsonRecord,
): readonly { readonly id: string; readonly input: JsonRecord }[] {
  const [id, input] = [textAt(block, 'id') ?? '', recordAt(block, 'input')];
  const commands = listAt(input, 'commands').flatMap((one) =>
    typeof one === 'string' ? [one] : isRecord(one) ? (textAt(one, 'command') ?? []) : [],
  );
  if (commands.length > 0)
    return commands.map((command, nth) => ({ id: partOf(id, nth), input: { command } }));
  const writes = block['name'] === 'editor' && textAt(input, 'new_text') !== null && !('command' in input);
  const isWhole = writes && textAt(input, 'old_text') === null && !('insert_line' in input);
  return [{ id, input: isWhole ? { ...input, command: 'create' } : input }];
}

/** What a result tells: the CLI's own tools answer with `{query, result, error, success}`, one or a list of them, also as JSON in a text. */
export function outcomesOf(block: JsonRecord): readonly ToolOutcome[] {
  const plain = outcomeOf(block);
  if (plain === null) return [];
  const text = textAt(block, 'content') ?? textOfBlocks(blocksOf(block));
  const one = text.startsWith('{') ? parseRecord(text) : null;
  const all = one === null ? listAt(block, 'content').filter(isRecord) : [one];
  const own = all.filter((each) => typeof each['success'] === 'boolean');
  if (own.length === 0) return [plain];
  return own.map((each, nth) => {
    const output = textAt(each, 'result') ?? textAt(each, 'error') ?? '';
    const status = /\bexited with code (\d{1,10})\b/.exec(textAt(each, 'error') ?? output.slice(0, 200))?.[1];
    const hasFailed = plain.hasFailed || each['success'] === false;
    // A command that went well names no status.
    const exit = status !== undefined ? Number(status) : hasFailed ? null : 0;
    return { callId: partOf(plain.callId, nth), output, exit, hasFailed };
  });
}
