/** Agents that only a configuration knows: what their records tell, and how a configuration that does not fit is told. */
import { describe, expect, test } from 'bun:test';
import { agentOfFormat } from '../../src/agents/registry.ts';
import type { OwnFormat } from '../../src/domain/own-format.ts';
import { emptyFacts, type Facts, jsonl, linesOf, sinkInto } from './facts.ts';

const JSONL: OwnFormat = { glob: '**/*.jsonl', format: 'jsonl' };
const MARKDOWN: OwnFormat = { glob: '**/*.md', format: 'markdown' };

/** What is told of a text, and why it makes no digest. */
function read(own: OwnFormat, text: string | Uint8Array): Facts & { trouble: string | null } {
  const facts = emptyFacts();
  const reader = agentOfFormat('mine', { ...own }).reader(sinkInto(facts));
  reader.begin({ role: 'main', key: 'main' });
  for (const line of linesOf(text)) facts.verdicts.push(reader.line(line));
  reader.end();
  return { ...facts, trouble: reader.trouble?.() ?? null };
}

const said = (facts: Facts) => ({ prompts: facts.prompts.map(({ text }) => text), answers: facts.answers });

describe('records', () => {
  test.each([
    ['a text beside a role', { role: 'user', content: 'go' }, { role: 'assistant', content: 'done' }],
    [
      'messages below a member, in blocks',
      { message: { role: 'human', content: [{ type: 'text', text: 'go' }] } },
      { message: { role: 'ai', content: [{ type: 'output_text', text: 'done' }] } },
    ],
    ['a type for a role, a list of texts', { type: 'user', text: ['go'] }, { type: 'model', text: 'done' }],
  ])('are understood without a word in the configuration: %s', (_, ask, answer) => {
    const facts = read(JSONL, jsonl(ask, answer));
    expect(said(facts)).toEqual({ prompts: ['go'], answers: ['done'] });
    expect(facts.trouble).toBeNull();
  });

  test('tell calls of tools and their results as both APIs write them, each once', () => {
    const call = { id: 'c', function: { name: 'bash', arguments: '{"command":"make"}' } };
    const facts = read(
      JSONL,
      jsonl(
        { role: 'user', content: 'build', timestamp: 1_784_278_801 },
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'assistant', content: null, tool_calls: JSON.stringify([call]) },
        { role: 'tool', tool_call_id: 'c', content: '{"output":"","exit_code": 2}' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'w', name: 'Write', input: { path: '/a' } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'w', content: 'ok' }] },
        { role: 'assistant', content: 'broken' },
      ),
    );
    expect(facts.commands).toEqual([
      { id: 'c', command: 'make', exit: 2, failed: false, output: '{"output":"","exit_code": 2}' },
    ]);
    expect(facts.written).toEqual(['/a']);
    expect(facts.tools).toEqual({ bash: 1, Write: 1 });
    expect(facts.prompts).toEqual([{ text: 'build', at: '2026-07-17T09:00:01.000Z', copied: false }]);
    expect(facts.trouble).toBeNull();
  });

  test('that programs put before a prompt are no prompts; HTML that a person typed is', () => {
    const facts = read(
      JSONL,
      jsonl(
        { role: 'user', content: '<user_info>\nlinux\n</user_info>' },
        { role: 'user', content: '<div>why?</div>' },
        { role: 'assistant', content: 'so' },
      ),
    );
    expect(said(facts).prompts).toEqual(['<div>why?</div>']);
  });

  test('a member of a prototype is no member', () => {
    const own = { ...JSONL, role: ['constructor.name', 'role'], text: ['__proto__.x', 'content'] };
    const facts = read(own, jsonl({ role: 'user', content: 'a' }, { role: 'assistant', content: 'b' }));
    expect(said(facts)).toEqual({ prompts: ['a'], answers: ['b'] });
  });

  test.each<[string, Partial<OwnFormat>, object[], string]>([
    [
      'no record has a role',
      { role: ['who'] },
      [{ role: 'user', content: 'x' }],
      'no record of 1 has agents.mine.role (who); the first has role, content',
    ],
    [
      'the roles have other names',
      {},
      [
        { role: 'me', content: 'x' },
        { role: 'bot', content: 'y' },
      ],
      'no record of a person or of the agent in 2: agents.mine.role (role, message.role, type) is me, bot, none of agents.mine.user (user, human) or agents.mine.assistant (assistant, model, ai)',
    ],
    [
      'one side has another name',
      {},
      [
        { role: 'user', content: 'x' },
        { role: 'bot', content: 'y' },
      ],
      'no record of the agent in 2: agents.mine.role (role, message.role, type) is bot, none of agents.mine.assistant (assistant, model, ai)',
    ],
    [
      'the text stands elsewhere',
      { text: ['data.words'] },
      [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: 'y' },
        { role: 'system', content: 'z' },
      ],
      'no record of a person in 3 has agents.mine.text (data.words)',
    ],
    [
      'there are instructions alone',
      {},
      [{ role: 'system', content: 'z' }],
      'nothing but instructions and results of tools in 1 records',
    ],
  ])('a configuration that does not fit makes no digest: %s', (_, own, records, why) => {
    expect(read({ ...JSONL, ...own }, jsonl(...records)).trouble).toBe(why);
  });

  test('a prompt without an answer yet is one, where every record is understood', () => {
    expect(read(JSONL, jsonl({ title: 'x', cwd: '/p' }, { role: 'user', content: 'x' })).trouble).toBeNull();
  });

  test('no role and no name of a member reaches a message but a plain one', () => {
    const odd = { '\u001b]0;x\u0007': 1, 'a b': 1, ok: 1 };
    expect(read(JSONL, jsonl(odd)).trouble).toEndWith('the first has ok, …');
  });
});

describe('Markdown', () => {
  test.each([
    ['headings', '## User\n\nfix it\nnow\n\n## Assistant\n\ndone\n'],
    [
      'headings with times',
      '### Human (2026-05-01 10:00)\nfix it\nnow\n### AI — 2026-05-01T10:01:00Z\ndone\n',
    ],
    ['names in bold', '**User:** fix it\nnow\n\n**Assistant**: done\n'],
    ['lines of prompts', '#### fix it  \n#### now\n\ndone\n'],
    ['small letters and CRLF', '## user\r\nfix it\r\nnow\r\n## assistant\r\ndone\r\n'],
  ])('is understood without a word in the configuration: %s', (_, text) => {
    const facts = read(MARKDOWN, text);
    expect(facts.prompts.map((prompt) => prompt.text.replace(/ +\n/g, '\n'))).toEqual(['fix it\nnow']);
    expect(facts.answers).toEqual(['done']);
    expect(facts.trouble).toBeNull();
  });

  test('headings of an answer begin no turn', () => {
    const answer = '## User interface\n#### Details\n## Assistants\ntext';
    const facts = read(MARKDOWN, `## User\nhow?\n## Assistant\n${answer}\n`);
    expect(said(facts)).toEqual({ prompts: ['how?'], answers: [answer] });
  });

  test("a time behind a beginning is the turn's, one within a prompt is a word of it; a heading tells one too", () => {
    const facts = read(
      MARKDOWN,
      '# chat started at 2026-05-01 09:00:00\n**User:** why at 2026-05-01 10:00?\n**Assistant:** so\n_**User (2026-05-01 11:00Z)**_\nand?\n**Assistant:** yes',
    );
    expect(facts.times).toEqual(['2026-05-01T09:00:00.000Z', '2026-05-01T11:00:00.000Z']);
    expect(facts.prompts).toEqual([
      { text: 'why at 2026-05-01 10:00?', at: null, copied: false },
      { text: 'and?', at: '2026-05-01T11:00:00.000Z', copied: false },
    ]);
  });

  test("beginnings of one's own; what stands below a line is the answer where the agent has no mark", () => {
    const own = {
      ...MARKDOWN,
      user: ['> me: '],
      assistant: [],
      project: ['dir='],
      title: ['name='],
      time: ['on '],
    };
    const facts = read(own, 'dir="/p"\nname=A talk\non 2026-05-01\n> me: one\nfirst\n> me: two\nsecond\n');
    expect(said(facts)).toEqual({ prompts: ['one', 'two'], answers: ['first', 'second'] });
    expect([facts.projects, facts.titles[0], facts.times]).toEqual([
      ['/p'],
      ['A talk', 'ai'],
      ['2026-05-01T00:00:00.000Z'],
    ]);
  });

  test.each([
    [
      'no line begins a turn',
      'hello\nworld\n',
      'no line of 2 begins as agents.mine.user ("#### ", "# User", "## User", "### User", …) says',
    ],
    [
      'the answers have another name, and would pass for what was asked',
      '## User\nhow?\n## Claude\nso\n## User\nand?\n',
      'no answer in 6 lines: none begins as agents.mine.assistant ("# Assistant", "## Assistant", "### Assistant", "**Assistant**", …) says',
    ],
  ])('a configuration that does not fit makes no digest: %s', (_, text, why) => {
    expect(read(MARKDOWN, text).trouble).toBe(why);
  });

  test('a database that the glob matches is unreadable, not text', () => {
    expect(read(MARKDOWN, 'SQLite format 3\0\n## User\0').verdicts).toEqual(['unreadable', 'unreadable']);
  });

  test('megabytes of signs in one line cost no more than their length', () => {
    const signs = ': '.repeat(2_000_000);
    const facts = read(
      MARKDOWN,
      `## User${signs}x${signs}y\n${'#'.repeat(4_000_000)}\n## Assistant\n${signs}\n`,
    );
    expect(facts.prompts.length).toBe(1);
  });
});

describe('a path', () => {
  const agent = agentOfFormat('mine', { glob: 'logs/**/*.jsonl', format: 'jsonl', resume: 'mine --go {id}' });
  const target = { nativeId: 'a', project: null, startedAt: null };
  const main = { role: 'main', key: 'main' } as const;

  test('names a session where no record does, and no two the same', () => {
    const ids = [
      'logs/a.jsonl',
      'logs/x/a.jsonl',
      'logs/x--a.jsonl',
      'logs/x-/a.jsonl',
      'logs/x/-a.jsonl',
    ].map((path) => agent.classify(path)?.nativeId);
    expect(ids).toEqual(['logs--a', 'logs--x--a', 'logs/x--a', 'logs/x-/a', 'logs/x/-a']);
    expect(agent.classify('a.jsonl')).toBeNull();
  });

  test('that the glob does not match is not restored to', () => {
    expect(agent.restorePath(target, { ...main, relPath: 'logs/x/a.jsonl' })).toBe('logs/x/a.jsonl');
    expect(agent.restorePath(target, { ...main, relPath: '.bashrc' })).toBe('logs/a.jsonl');
    expect(agent.restorePath(target, { ...main, relPath: '../../x.jsonl' })).toBe('logs/a.jsonl');
  });

  test('only folders that the glob can reach are walked', () => {
    expect([agent.folders, agent.skipsFolder('logs/a/b/c')]).toEqual([['logs'], false]);
    const flat = agentOfFormat('flat', { glob: 'logs/*.jsonl', format: 'jsonl' });
    expect([flat.folders, flat.skipsFolder('logs'), flat.skipsFolder('logs/a')]).toEqual([
      ['logs'],
      false,
      true,
    ]);
  });

  test('an id is one word of the command, whatever it holds; a hashed one is none', () => {
    expect(agent.resume({ ...target, nativeId: 'a b; rm $&' }).argv).toEqual(['mine', '--go', 'a b; rm $&']);
    expect(agent.resume({ ...target, nativeId: `x-${'0'.repeat(32)}` }).argv).toEqual([]);
  });
});

describe('one JSON document a file', () => {
  const own: OwnFormat = { glob: '*.json', format: 'json', list: ['talk.turns'], id: ['session'] };
  const turns = [
    { role: 'user', content: 'Do it' },
    { role: 'user', content: 'Do it' },
    { role: 'assistant', content: 'Done' },
  ];
  const read = (...documents: unknown[]) => {
    const agent = agentOfFormat('mine', own);
    const facts = emptyFacts();
    const reader = agent.reader(sinkInto(facts));
    reader.begin({ role: 'main', key: 'main' });
    for (const [n, document] of documents.entries())
      reader.part?.(
        Buffer.from(JSON.stringify(document)),
        n === documents.length - 1 ? 'present' : 'removed',
      );
    reader.end();
    return { facts, trouble: reader.trouble?.() ?? null };
  };

  test('its turns are told wherever the list stands, each once however often it was written anew', () => {
    const { facts, trouble } = read({ session: 's', cwd: '/w', talk: { turns } });
    expect([facts.prompts.map(({ text }) => text), facts.answers, facts.projects, trouble]).toEqual([
      ...[['Do it', 'Do it'], ['Done'], ['/w'], null],
    ]);
    expect(read(turns).facts.prompts).toHaveLength(2);
    const grown = { talk: { turns: [...turns, { role: 'user', content: 'More' }] } };
    expect(read(grown.talk.turns.slice(0, 3), grown).facts.prompts.map(({ text }) => text)).toEqual([
      ...['Do it', 'Do it', 'More'],
    ]);
  });

  test('a document without the list, and a database, are none of it', () => {
    const peek = (bytes: Uint8Array) => agentOfFormat('mine', own).peek(bytes, bytes);
    expect(peek(Buffer.from('{"session":"s","settings":{}}'))).toBeNull();
    expect(peek(Buffer.from('SQLite format 3\0{"role":"user","content":"x"}'))).toBeNull();
    expect(peek(Buffer.from(JSON.stringify({ session: 's', talk: { turns } })))).toMatchObject({
      nativeId: 's',
      title: 'Do it',
    });
  });
});
