/**
 * The server for agents behind an address: the conformance suite speaks HTTP alone, the program lines over stdin and stdout.
 * Promises: what is asked and answered goes through as it is, each message a line; nothing is added and nothing mended.
 */
import { linesOf } from '../../src/mcp/rpc.ts';

/** Answers a line with a line; null: it gets no answer. */
export type Ask = (line: string) => Promise<string | null>;

export interface Address {
  readonly url: string;
  stop(): Promise<void>;
}

export function overHttp(ask: Ask): Address {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      // There is no stream of what the server says by itself: it says nothing by itself.
      if (request.method !== 'POST') return new Response(null, { status: 405 });
      const answer = await ask(JSON.stringify(await request.json()));
      return answer === null
        ? new Response(null, { status: 202 })
        : new Response(answer, { headers: { 'content-type': 'application/json' } });
    },
  });
  return { url: `http://127.0.0.1:${server.port}/mcp`, stop: () => server.stop(true) };
}

/** A process that is asked one line after another. A notification gets no answer, and none is waited for. */
export function asking(child: { stdin: Bun.FileSink; stdout: ReadableStream<Uint8Array> }): Ask {
  const lines = linesOf(child.stdout);
  let last: Promise<unknown> = Promise.resolve();
  const one = async (line: string) => {
    child.stdin.write(`${line}\n`);
    await child.stdin.flush();
    if (!('id' in JSON.parse(line))) return null;
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the server ended without an answer');
    return value;
  };
  return (line) => {
    const answer = last.then(() => one(line));
    last = answer.catch(() => null);
    return answer;
  };
}
