// Sessions that were run with real agents against a scripted model: the script says what must be told of them.

import { describe, expect, test } from 'bun:test';
import { droid } from '../../src/agents/droid.ts';
import { makeDigest } from '../../src/digest/digest.ts';
import { type AgentFormat, toldAs } from '../../src/domain/agent.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { doneIn, tokensIn, toldOf } from './recorded-homes.ts';

const FAILING = 'echo to-stdout; echo oops-on-stderr >&2; exit 3';

describe('Codex that calls its tools by a script', () => {
  test('each command that ran is told with its end, and none that only stands in the script', async () => {
    const told = await toldOf('codex-code-mode');
    const session = told.get('01a22a19-c66f-75e0-824f-e8caee2f34ec');
    expect(doneIn(session)).toEqual({
      commands: [
        ['echo before-the-failure; exit 3', 3],
        ['echo second; exit 5', 5],
        ['echo first', 0],
      ],
      written: ['/home/dev/agents/projects/codex2/hello.txt'],
      edited: [],
    });
    expect(tokensIn(session)).toEqual([6400, 1600, 400, 56]);
    expect(session?.digest?.records.unknown).toEqual({});
  });

  test('a subagent has its own tokens and its task, not those of its parent', async () => {
    const told = await toldOf('codex-code-mode');
    const child = told.get('01a22a1a-28ac-7982-828a-b73769ed5938');
    expect([child?.title, child?.digest?.prompts, tokensIn(child)]).toEqual([
      'delegate_it',
      [],
      [800, 200, 50, 7],
    ]);
    const stopped = told.get('01a22a1a-747c-7df3-80d7-7baf8e483cc0');
    expect(stopped?.digest?.subagents.map(({ task }) => task)).toEqual([
      'mock:sub write a file in your own conversation',
    ]);
  });
});

test('Codex: a patch that the shell was to apply, and that was refused, edits nothing', async () => {
  const session = (await toldOf('codex-plain')).get('01a22cdd-ffe0-75a1-b649-126ec61664dc');
  const file = '/home/dev/agents/home/projects/greeting/hello.txt';
  expect(session?.digest?.files).toEqual({ read: [], written: [file], edited: [file] });
  const refused = session?.digest?.commands.filter(({ failed }) => failed);
  expect(refused?.map(({ command, exit }) => [/: (.+)/.exec(command)?.[1], exit])).toEqual([
    ['/dev/null/never-written.txt', 1],
    // Nothing was run that could have had a status.
    ['untouched.txt', null],
    [undefined, 3],
  ]);
});

describe('Copilot CLI', () => {
  test('the sums of a shutdown go on over resumes, and what failed was not written', async () => {
    const session = (await toldOf('copilot-cli')).get('d14d951a-4e53-48a0-8ed4-de8c4e71f4ce');
    expect(tokensIn(session)).toEqual([3400, 800, 180, 0]);
    expect(doneIn(session)).toEqual({ commands: [[FAILING, 3]], written: [], edited: [] });
  });

  test('a session that was killed has the tokens of each call', async () => {
    const session = (await toldOf('copilot-cli')).get('c95fd69b-3819-4166-ae50-96530f532d0c');
    expect(tokensIn(session)).toEqual([2520, 600, 132, 0]);
    expect(session?.digest?.records.unknown).toEqual({});
  });

  test('a file that was made is written, not edited too', async () => {
    const session = (await toldOf('copilot-cli')).get('9608c798-5506-4c42-a79f-c80c6143f873');
    const file = '/home/dev/agents/h/copilot/project/notes/made-here.txt';
    expect(doneIn(session)).toEqual({ commands: [[FAILING, 3]], written: [file], edited: [] });
  });

  test('one subagent is one', async () => {
    const session = (await toldOf('copilot-cli')).get('a3135c41-ed28-4e81-994b-263144d79369');
    expect(session?.digest?.subagents).toEqual([
      {
        id: '38a87fc4-efe1-4642-b52f-5da9e04d0694',
        kind: 'explore',
        task: 'RESUMED child task of the helper, please. Marker CHILD-TASK',
        result: 'Answer after the resume: the file notes/made-here.txt is from before.',
      },
    ]);
    expect(tokensIn(session)).toEqual([2480, 600, 128, 0]);
  });
});

describe('Cline on the command line', () => {
  test('commands with their ends, project, branch, version, and cached tokens once', async () => {
    const session = (await toldOf('cline')).get('1796002051792_u0em0');
    const project = '/home/dev/agents/h/cline/project';
    expect(doneIn(session)).toEqual({
      commands: [[FAILING, 3]],
      written: [`${project}/notes/made-here.txt`],
      edited: [],
    });
    expect([session?.project, session?.digest?.branches, session?.digest?.agent_version]).toEqual([
      ...[project, ['main'], '3.0.65'],
    ]);
    expect(tokensIn(session)).toEqual([3400, 800, 180, 0]);
  });

  test('a subagent belongs to its session', async () => {
    const session = (await toldOf('cline')).get('1796003877129_91w25');
    expect(session?.files).toContain('session/agent_1796003877518_4sk8gd.messages.json');
    expect(tokensIn(session)).toEqual([2480, 600, 128, 0]);
  });
});

describe('Droid', () => {
  test('its model stands in the messages, its tokens in the settings beside them', async () => {
    const session = (await toldOf('droid')).get('dee9b951-fa75-4caa-9aca-e79fa6cb8467');
    expect([session?.digest?.models, tokensIn(session)]).toEqual([['custom:mock'], [2550, 600, 135, 0]]);
    expect(doneIn(session).commands).toEqual([[FAILING, 3]]);
    expect(session?.files).toEqual(['main', 'settings.json']);
  });
});

test('what lies beside a transcript alone makes no digest', async () => {
  const files = [
    ['main', '{"type":"session_start","id":"s","cwd":"/w"}\n'],
    ['settings.json', '{"model":"m","tokenUsage":{"inputTokens":5,"outputTokens":7}}'],
  ] as const;
  const talks: AgentFormat = {
    ...droid,
    reader: (sink) => ({
      begin: () => undefined,
      end: () => undefined,
      line: () => 'read' as const,
      part: () => {
        sink.answer('said beside the transcript', null);
        return { read: 1, unreadable: 0 };
      },
    }),
  };
  const made = await makeDigest({
    uid: 'droid:s' as SessionUid,
    agent: talks,
    rawBytes: 100,
    now: '2026-12-01T00:00:00.000Z' as Iso,
    files: files.map(([key, text]) => {
      const present = [Buffer.from(text)];
      const role = toldAs(droid, key === 'main' ? 'main' : 'sidecar', key);
      if (role === null) throw new Error(`${key} is not read`);
      return key === 'main'
        ? { role, key, chunks: present }
        : { role, key, chunks: [], document: { present, removed: [] } };
    }),
  });
  expect(made.ok).toBe(false);
});
