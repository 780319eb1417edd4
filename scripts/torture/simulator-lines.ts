/** Lines as agents write them, of the forms that the program knows. */

/** `text`: what a human says in it. */
export function lineOf(
  { agent, id }: { readonly agent: 'claude' | 'codex'; readonly id: string },
  what: 'prompt' | 'session_meta',
  timestamp: string,
  text: string,
): Buffer {
  return Buffer.from(`${JSON.stringify(recordOf(agent, id, what, timestamp, text))}\n`);
}

function recordOf(
  agent: 'claude' | 'codex',
  id: string,
  what: 'prompt' | 'session_meta',
  timestamp: string,
  text: string,
): object {
  if (agent === 'claude') {
    const head = { type: 'user', sessionId: id, cwd: '/p', version: '2.1.0', uuid: text.slice(0, 12) };
    return { ...head, timestamp, message: { role: 'user', content: text } };
  }
  if (what === 'session_meta')
    return { timestamp, type: 'session_meta', payload: { id, timestamp, cwd: '/p', cli_version: '0.1.0' } };
  const payload = { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
  return { timestamp, type: 'response_item', payload };
}
