/**
 * What a request to a model asks and what is answered, in the words of no one API. The dialects beside this turn requests into it and
 * answers back.
 */

export type Json = Record<string, unknown>;

/** A turn of the conversation that a request carries. `model`: what was answered before; `result`: what a tool gave. */
export interface Entry {
  readonly who: 'person' | 'model' | 'result';
  readonly text: string;
}

export interface Offer {
  /** Called with a text of its own, not with an object. */
  readonly custom: boolean;
  /** Codex keeps some tools in a group, and a call must name it. */
  readonly namespace?: string;
}

export interface Conversation {
  readonly model: string;
  readonly entries: readonly Entry[];
  /** Tools on offer, by name; none where the agent asks for a title or a summary. */
  readonly tools: ReadonlyMap<string, Offer>;
  /** The JSON schema that the answer must fit; null: any text. */
  readonly schema: Json | null;
}

/** With the request as it came: an agent tells some things beside the conversation. */
export interface Asked extends Conversation {
  readonly request: string;
}

export interface Call {
  readonly name: string;
  readonly args: Json | string;
}

/** `missing`: the text says that a tool which the script wants is not on offer. */
export type Said = { readonly text: string; readonly missing?: true } | { readonly call: Call };

/** What decides on the answer: it follows from the conversation alone. */
export type Play = (conversation: Asked) => Said;

/** Tokens of an answer: `input` is without what came from a cache or went to one, `output` with the reasoning. */
export interface Usage {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly output: number;
  readonly reasoning: number;
}

/** How one API is spoken. */
export interface Dialect {
  read(body: Json): Conversation;
  /** Of what is scripted, what this API can tell. */
  usage(scripted: Usage): Usage;
  whole(body: Json, said: Said, usage: Usage): Json;
  /** The same as the events of a stream, each as it goes over the line. */
  stream(body: Json, said: Said, usage: Usage): readonly string[];
}

export const list = (value: unknown): Json[] => (Array.isArray(value) ? value : []);

export const newId = (kind: string) => `${kind}_${crypto.randomUUID().replaceAll('-', '').slice(0, 20)}`;

/** In pieces, since no model sends a text at once. */
export const pieces = (text: string): string[] => text.match(/[\s\S]{1,24}/g) ?? [];

/** All texts of a message's content, which is a text or a list of blocks. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  const blocks = list(content).map((block) => {
    // What Codex hands to a helper is called encrypted; from this model it comes back as it was said.
    const text = block['text'] ?? block['encrypted_content'];
    return typeof text === 'string' ? text : textOf(block['content']);
  });
  return blocks.join('\n');
}

/** Who says a message whose role the API tells. */
export const whoIs = (role: unknown): Entry['who'] =>
  role === 'assistant' || role === 'model' ? 'model' : 'person';
