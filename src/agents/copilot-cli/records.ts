/**
 * What Copilot CLI writes down, in its three generations: events, one a line (in a folder, before that in one file), and
 * before those one JSON document a session, with a timeline as it was shown and the messages as they were sent.
 * Promises: pure. Source: recordings; of the documents one (Mai0313/VibeCodingTracker, `examples`) and what readers say.
 */
import type { DocumentShape } from '../kit/document-agent.ts';
import { isRecord, type JsonRecord, listAt, recordAt, textAt } from '../kit/json-lines.ts';

/** Ends the output of every shell command. */
const EXIT =
  /<(?:(?:shellId: [^>]*?|command) )?(?:completed|exited|finished)? ?with exit code (-?\d{1,10})>\s*$/;

/** The status that an output ends with; null: it tells none. */
export function exitIn(output: string): number | null {
  const exit = EXIT.exec(output.slice(-500))?.[1];
  return exit === undefined ? null : Number(exit);
}

/** What a person typed; null for what Copilot or one of its agents put into their mouth. */
export function humanText(record: JsonRecord): string | null {
  const data = recordAt(record, 'data');
  if (textAt(record, 'agentId') !== null || data['isAutopilotContinuation'] === true) return null;
  const source = textAt(data, 'source');
  return source === null || source === 'user' ? textAt(data, 'content') : null;
}

/** A document of the first generation. Its messages have no time: they are its records where it has no timeline. */
export const DOCUMENT: DocumentShape = {
  recordsOf: (document) => {
    if (!isRecord(document) || textAt(document, 'sessionId') === null) return null;
    const timeline = listAt(document, 'timeline');
    const isOurs = Array.isArray(document['timeline']) || Array.isArray(document['chatMessages']);
    return isOurs ? (timeline.length > 0 ? timeline : listAt(document, 'chatMessages')) : null;
  },
  isRecord: isEntry,
};

export function isEntry(record: JsonRecord): boolean {
  return textAt(record, 'type') !== null && textAt(record, 'timestamp') !== null && !('data' in record);
}

/** Of a message that was sent, without the time and the reminders that Copilot puts behind it. */
export function humanTextOfMessage(message: JsonRecord): string | null {
  const text = textAt(message, 'content') ?? '';
  const end = text.search(/\s<(?:current_datetime|reminder)>/);
  const said = (end < 0 ? text : text.slice(0, end)).trim();
  return said === '' ? null : said;
}
