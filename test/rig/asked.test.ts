/** What of a server's answer must arrive, and how a tool is come by that is offered only once it was searched for. */
import { describe, expect, test } from 'bun:test';
import { answerProblem } from '../../scripts/agents/asked.ts';
import { handOf } from '../../scripts/agents/facts.ts';
import { KNOWN } from '../../scripts/agents/known.ts';
import { anthropic } from '../../scripts/agents/model/anthropic.ts';
import type { Json } from '../../scripts/agents/model/conversation.ts';
import { playOf } from '../../scripts/agents/model/script.ts';
import * as plot from '../../scripts/agents/plot.ts';
import { ANSWER_BYTES_MAX, framed } from '../../src/mcp/frame.ts';
import { HOOKED } from '../../src/unattended/hooked.ts';
import { mcpFile } from '../../src/unattended/mcp-files.ts';

const word = `| ${plot.RECORDED.prompt}`;
const whole = framed([plot.RECORDED.prompt], 'a1b2c3d4');

describe('the answer of the server', () => {
  test('is found where it came whole, whatever the agent wraps it in', () => {
    expect(answerProblem(['another', whole])).toBeNull();
    expect(answerProblem([JSON.stringify({ content: [{ type: 'text', text: whole }] })])).toBeNull();
  });
  test.each([
    ['no tool was called', [], 'no tool answered'],
    ['it has no marks', [word], 'the answer is'],
    [
      'the marks are of two answers',
      [whole.replace('/recorded-text-a', '/recorded-text-b')],
      'the answer is',
    ],
    ['it is cut', [whole.slice(0, whole.lastIndexOf('</'))], 'the answer is'],
    ['what is stored stands outside of it', [`${framed(['nothing'], 'a1b2c3d4')}\n${word}`], 'the answer is'],
    ['another session was found', [framed(['Paint the pool'], 'a1b2c3d4')], 'the answer is'],
  ])('is not where %s', (_, results, problem) => expect(answerProblem(results)).toStartWith(problem));
  test('holds a word that neither the prompt nor the call has', () => {
    expect(plot.RECORDED.prompt).toContain(plot.RECORDED.word);
    expect(JSON.stringify(plot.ASKED)).not.toContain(plot.RECORDED.word);
    expect(Buffer.byteLength(whole)).toBeLessThan(ANSWER_BYTES_MAX);
  });
});

test('each agent that the server is registered with is asked to call it, and no other', () => {
  const host = { env: {}, homeDir: '/home/me', platform: 'linux' } as never;
  const place = { home: '/home/me', project: '/home/me/greeting', url: 'http://127.0.0.1:1' };
  const registered = new Set<string>(
    HOOKED.map(({ id }) => id).filter((id) => mcpFile(id, host, () => false) !== null),
  );
  for (const { id, hand } of KNOWN) {
    const call = hand(place)({ kind: 'look-up', query: 'x' }, '', '');
    expect([id, call !== null]).toEqual([id, registered.has(id)]);
    if (call !== null) expect(JSON.stringify(call)).toContain('search_sessions');
  }
});

test('what Claude Code says beside a tool that was found is no prompt: the script goes on', () => {
  const hand = handOf({
    'find-tool': () => ['ToolSearch', { query: 'select:search' }],
    'look-up': ({ query }) => ['search', { query }],
  });
  const asked = (results: readonly Json[]) => {
    const names = ['ToolSearch', ...(results.length > 0 ? ['search'] : [])];
    const body = {
      model: 'm',
      tools: names.map((name) => ({ name })),
      messages: [{ role: 'user', content: plot.ASKED.prompt }, ...results],
    };
    return playOf(plot.TURNS, hand)({ ...anthropic.read(body), request: '' });
  };
  const result = (content: unknown, ...beside: readonly Json[]) => ({
    role: 'user',
    content: [{ type: 'tool_result', tool_use_id: 'a', content }, ...beside],
  });
  const found = result([{ type: 'tool_reference', tool_name: 'search' }], {
    type: 'text',
    text: 'Tool loaded.',
  });
  expect(asked([])).toHaveProperty('call.name', 'ToolSearch');
  expect(asked([found])).toEqual({ call: { name: 'search', args: { query: plot.RECORDED.query } } });
  expect(asked([found, result('an answer')])).toHaveProperty('text', 'It was done before, said the script.');
});
