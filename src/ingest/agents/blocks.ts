/**
 * Messages in the form of Anthropic's API, which several agents write down as they send them: text, tool_use, tool_result.
 * Promises: an answer that is written again under its id counts its tokens once. Knows no agent.
 */
import type { Tokens } from '../../domain/facts.ts';
import type { Iso } from '../../domain/time.ts';
import { countAt, idKey, isRecord, type JsonRecord, listAt, recordAt, textAt } from './jsonl.ts';
import { LinesReader } from './lines.ts';
import { Once } from './once.ts';

/** The texts of a message: a string, or those of its blocks. Null where there is none. */
export function textOfBlocks(content: unknown): string | null {
  if (typeof content === 'string') return content === '' ? null : content;
  if (!Array.isArray(content)) return null;
  const texts = content.flatMap((block) =>
    isRecord(block) && block['type'] === 'text' ? (textAt(block, 'text') ?? []) : [],
  );
  return texts.length === 0 ? null : texts.join('\n');
}

export abstract class BlocksReader extends LinesReader {
  readonly #once = new Once();

  /** Null where the text is not what a human typed. */
  protected abstract human(text: string): string | null;

  protected message(message: JsonRecord, at: Iso | null, entryId: string): void {
    if (message['role'] === 'user') this.#user(message, at);
    else if (message['role'] === 'assistant') this.#assistant(message, at, entryId);
  }

  #user(message: JsonRecord, at: Iso | null): void {
    const text = textOfBlocks(message['content']);
    const human = text === null ? null : this.human(text);
    if (human !== null) this.prompt(human, at);
    for (const block of listAt(message, 'content')) {
      if (!isRecord(block) || block['type'] !== 'tool_result') continue;
      const output = outputOf(block['content']);
      const failed = block['is_error'] === true;
      const exit = /\bexit code:? (\d{1,10})\b/i.exec(output)?.[1];
      const exitCode = exit === undefined ? null : Number(exit);
      this.result(textAt(block, 'tool_use_id') ?? '', { exitCode, failed, output }, at);
    }
  }

  #assistant(message: JsonRecord, at: Iso | null, entryId: string): void {
    const model = textAt(message, 'model') ?? '';
    const usage = recordAt(message, 'usage');
    if ('usage' in message) this.sink.usage(idKey(textAt(message, 'id') ?? entryId), model, tokensOf(usage));
    else if (model !== '') this.sink.model(model);
    const text = textOfBlocks(message['content']);
    if (text !== null) this.sink.answer(text, at);
    for (const block of listAt(message, 'content')) {
      if (!isRecord(block) || block['type'] !== 'tool_use' || !this.#once.isNew('call', block)) continue;
      this.call(textAt(block, 'name') ?? 'tool', textAt(block, 'id') ?? '', recordAt(block, 'input'), at);
    }
  }
}

function tokensOf(usage: JsonRecord): Tokens {
  return {
    input: countAt(usage, 'input_tokens'),
    cacheRead: countAt(usage, 'cache_read_input_tokens'),
    cacheWrite: countAt(usage, 'cache_creation_input_tokens'),
    output: countAt(usage, 'output_tokens'),
    reasoning: 0,
  };
}

/** A string, blocks of text, or whatever a tool answered in the form of another API. */
function outputOf(content: unknown): string {
  const text = textOfBlocks(content);
  if (text !== null) return text;
  if (!isRecord(content)) return '';
  const response = recordAt(recordAt(recordAt(content, 'responseParts'), 'functionResponse'), 'response');
  return textAt(response, 'output') ?? textAt(response, 'error') ?? textAt(content, 'text') ?? '';
}
