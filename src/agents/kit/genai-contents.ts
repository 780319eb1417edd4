/**
 * Contents in the form of Google's GenAI API, which Gemini CLI and its descendants record: parts of text, calls, responses.
 * Promises: pure; a thought is no text.
 */
import { isRecord, type JsonRecord, recordAt, textAt } from './json-lines.ts';

/** What parts say, without the model's thoughts; `parts` may be one text. */
export function textOfParts(parts: unknown): string {
  if (typeof parts === 'string') return parts;
  if (!Array.isArray(parts)) return '';
  return parts
    .map((part: unknown) => {
      if (typeof part === 'string') return part;
      return isRecord(part) && part['thought'] !== true ? (textAt(part, 'text') ?? '') : '';
    })
    .filter((text) => text !== '')
    .join('\n');
}

/** The member `name` of each part that has it as a record: `functionCall`, `functionResponse`. */
export function partsOf(parts: readonly unknown[], name: string): readonly JsonRecord[] {
  return parts.flatMap((part) => {
    const found = isRecord(part) ? part[name] : null;
    return isRecord(found) ? [found] : [];
  });
}

/** What a tool answered the model. */
export function outputOfResponse(functionResponse: JsonRecord): string {
  const response = recordAt(functionResponse, 'response');
  return textAt(response, 'output') ?? textAt(response, 'error') ?? '';
}

/**
 * The exit status behind a shell's output, null where it does not tell. Newer versions write only what differs from
 * success; an output without a code, a signal or an error is one.
 */
export function exitOf(output: string, hasFailed: boolean): number | null {
  const exit = /^Exit Code: (\d{1,10})\s*$/m.exec(output)?.[1];
  if (exit !== undefined) return Number(exit);
  const isSuccess =
    !hasFailed && /^Output: /m.test(output) && !/^(?:Signal|Error): (?!\((?:none|empty)\))/m.test(output);
  return isSuccess ? 0 : null;
}
