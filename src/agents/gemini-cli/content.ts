/**
 * What of Gemini CLI's lines is content.
 * Promises: the file that a resume leaves behind, a header and the context that the CLI puts before a talk, says nothing; so it is no
 * session of its own beside the talk.
 * Source: versions 0.4x to 0.61, google-gemini/gemini-cli `chatRecordingService.ts`, and recordings.
 */
import type { ContentForm, ContentRecord } from '../../domain/content.ts';
import { isRecord, listAt, textAt } from '../kit/json-lines.ts';

export const geminiContent: ContentForm = { isOrdered: true, isRemembered: false, reader: () => contentOf };

const CONTEXT = '<session_context>';

function contentOf(record: ContentRecord): unknown {
  const set = record['$set'];
  if (isRecord(set)) {
    const said = listAt(set, 'messages').filter((message) => !isRecord(message) || !isContext(message));
    const { lastUpdated: _, ...rest } = set;
    if (!('messages' in rest)) return Object.keys(rest).length === 0 ? null : { $set: rest };
    return said.length === 0 ? null : { $set: { ...rest, messages: said } };
  }
  const isHeader = textAt(record, 'sessionId') !== null && !('type' in record);
  return isHeader || isContext(record) ? null : record;
}

/** What the CLI itself puts before the first prompt. */
function isContext(message: ContentRecord): boolean {
  if (message['type'] !== 'user') return false;
  const parts = listAt(message, 'content');
  return (
    parts.length > 0 &&
    parts.every((part) => isRecord(part) && textAt(part, 'text')?.startsWith(CONTEXT) === true)
  );
}
