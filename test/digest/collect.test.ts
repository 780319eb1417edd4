// Which facts a digest holds, told as a reader tells them and worked by hand.

import { describe, expect, test } from 'bun:test';
import { Collector } from '../../src/digest/collect.ts';
import type { Digest } from '../../src/domain/digest.ts';
import type { FactSink } from '../../src/domain/facts.ts';
import type { Iso } from '../../src/domain/time.ts';
import { emptyDigest, NOW, UID } from './samples.ts';

function drafted(tell: (sink: FactSink) => void, peekTitle: string | null = null): Digest {
  const collector = new Collector(NOW);
  tell(collector);
  const agent = emptyDigest.agent;
  return collector.draft({
    uid: UID,
    agent,
    peekTitle,
    peekProject: null,
    linesRead: 0,
    linesUnreadable: 0,
  });
}

const at = (time: string) => time as Iso;

describe('times', () => {
  test('the earliest and the latest of all records are the session', () => {
    const digest = drafted((sink) => {
      sink.time(at('2026-03-02T10:00:00.000Z'));
      sink.time(at('2026-03-01T10:00:00.000Z'));
      sink.time(at('2026-03-04T10:00:00.000Z'));
    });
    expect([digest.started_at, digest.ended_at]).toEqual([
      at('2026-03-01T10:00:00.000Z'),
      at('2026-03-04T10:00:00.000Z'),
    ]);
  });

  test('one before 2000 or more than a day ahead counts as absent', () => {
    const digest = drafted((sink) => {
      sink.time(at('1999-12-31T23:59:59.999Z'));
      sink.time(at('2026-11-24T12:00:00.001Z'));
      sink.prompt('when?', at('2099-01-01T00:00:00.000Z'));
    });
    expect([digest.started_at, digest.ended_at, digest.prompts[0]?.at]).toEqual([null, null, null]);
    expect(drafted((sink) => sink.time(at('2026-11-24T12:00:00.000Z'))).ended_at).toBe(
      at('2026-11-24T12:00:00.000Z'),
    );
  });
});

describe('answers on the way', () => {
  test('are those that ended a turn; the last one is the outcome', () => {
    const digest = drafted((sink) => {
      sink.prompt('first', null);
      sink.answer('I look around.', null);
      sink.answer('Done: the mutex is there.', null);
      sink.prompt('second', null);
      sink.prompt('and in the same breath', null);
      sink.answer('Released.', null);
    });
    expect([digest.replies, digest.outcome]).toEqual([['Done: the mutex is there.'], 'Released.']);
  });

  test('of a fork are its own, not those it repeats', () => {
    const digest = drafted((sink) => {
      sink.prompt('first', null, true);
      sink.answer('said by the parent', null);
      sink.prompt('second', null);
      sink.answer('own', null);
      sink.prompt('third', null);
    });
    expect([digest.replies, digest.outcome]).toEqual([['own'], 'own']);
  });

  test('are absent where there was one turn', () => {
    const digest = drafted((sink) => {
      sink.prompt('first', null);
      sink.answer('only', null);
    });
    expect('replies' in digest).toBe(false);
  });
});

describe('the title', () => {
  const all = (sink: FactSink) => {
    sink.prompt('the first prompt', null);
    sink.title('a summary', 'summary');
    sink.title('an older one of the agent', 'ai');
    sink.title('one of the agent', 'ai');
    sink.title('one of the user', 'custom');
    sink.prompt('the second prompt', null);
  };

  test('is the one the user gave, then the agent, then a summary, then the first prompt', () => {
    expect(drafted(all).title).toBe('one of the user');
    expect(drafted((sink) => sink.title('a summary', 'summary')).title).toBe('a summary');
    expect(
      drafted((sink) => {
        sink.prompt('p', null);
        sink.title('', 'custom');
      }).title,
    ).toBe('p');
  });

  test('from outside stands where the transcript gives none', () => {
    expect(drafted(all, 'outside').title).toBe('one of the user');
    expect(drafted((sink) => sink.prompt('p', null), 'outside').title).toBe('outside');
    expect(drafted(() => undefined, 'outside').title).toBe('outside');
    expect(drafted(() => undefined, ' ').title).toBeNull();
  });

  test('is not the cut one from outside where the whole prompt is at hand', () => {
    expect(drafted((sink) => sink.prompt('use the key\nghp_abcdef', null), 'use the key ghp_…').title).toBe(
      'use the key\nghp_abcdef',
    );
  });

  test('is none of the history that a fork copied', () => {
    const digest = drafted((sink) => {
      sink.prompt('of the parent', null, true);
      sink.prompt('its own', null);
    });
    expect(digest.title).toBe('its own');
    expect(digest.prompts.map(({ copied }) => copied)).toEqual([true, undefined]);
  });
});

describe('commands', () => {
  test('a repeated one stands once, with its count and the status of its last run', () => {
    const digest = drafted((sink) => {
      for (const [id, exit] of [
        ['1', 1],
        ['2', 0],
      ] as const) {
        sink.command(id, 'make test', null);
        sink.commandResult(id, exit, exit !== 0, '');
      }
      sink.command('3', 'ls', null);
    });
    expect(digest.commands).toEqual([
      { command: 'make test', exit: 0, times: 2 },
      { command: 'ls', exit: null },
    ]);
  });

  test('a result told by halves keeps what the first half told', () => {
    const digest = drafted((sink) => {
      sink.command('1', 'make', null);
      sink.commandResult('1', 2, true, '');
      sink.commandResult('1', null, false, 'output');
    });
    expect(digest.commands).toEqual([{ command: 'make', exit: 2, failed: true }]);
  });

  test('a result without a call is nobody’s', () => {
    expect(drafted((sink) => sink.commandResult('x', 1, true, '')).commands).toEqual([]);
  });
});

describe('commits, branches and pull requests', () => {
  const ran = (command: string, output: string, failed = false) =>
    drafted((sink) => {
      sink.command('1', command, null);
      sink.commandResult('1', failed ? 1 : 0, failed, output);
    });

  test('a commit is what git says it made', () => {
    const digest = ran(
      'git add . && git commit -m "x"',
      'lint ok\n[feature/till 1a2b3c4] Round to cents\n 1 file changed\n',
    );
    expect(digest.commits).toEqual([{ sha: '1a2b3c4', branch: 'feature/till', message: 'Round to cents' }]);
    expect(digest.branches).toEqual(['feature/till']);
    expect(ran('git commit', '[main (root-commit) 00aabb1] Begin').commits).toEqual([
      { sha: '00aabb1', branch: 'main', message: 'Begin' },
    ]);
    expect(ran('git commit', '[detached HEAD 00aabb1] Try').commits).toEqual([
      { sha: '00aabb1', message: 'Try' },
    ]);
  });

  test('where git was quiet, the message that the command tells', () => {
    expect(ran('git commit -qm "Fix the till"', '').commits).toEqual([{ message: 'Fix the till' }]);
  });

  test('a commit that failed is none, and output that only looks like one is none', () => {
    expect(ran('git commit -m "x"', '[main 1a2b3c4] x', true).commits).toEqual([]);
    expect(ran('cat log', '[main 1a2b3c4] x').commits).toEqual([]);
  });

  test('a branch that a command made, and the address of a pull request in an output or an answer', () => {
    expect(ran('git checkout -b fix/rounding', '').branches).toEqual(['fix/rounding']);
    expect(ran('gh pr create', 'https://github.com/ann/shop/pull/7\n').pull_requests).toEqual([
      'https://github.com/ann/shop/pull/7',
    ]);
    const answered = drafted((sink) =>
      sink.answer('See https://gitlab.com/ann/shop/-/merge_requests/3.', null),
    );
    expect(answered.pull_requests).toEqual(['https://gitlab.com/ann/shop/-/merge_requests/3']);
  });
});

describe('tokens', () => {
  const tokens = (input: number, output: number) => ({
    input,
    cacheRead: 0,
    cacheWrite: 0,
    output,
    reasoning: 0,
  });

  test('one answer told again and growing counts once, at its largest', () => {
    const digest = drafted((sink) => {
      sink.usage('a', 'm', tokens(100, 5));
      sink.usage('b', 'm', tokens(10, 1));
      sink.usage('a', 'm', tokens(100, 631));
    });
    expect(digest.tokens).toEqual(tokens(110, 632));
  });

  test('tell the models that spent them, each once', () => {
    const digest = drafted((sink) => {
      sink.usage('a', 'opus', tokens(1, 1));
      sink.usage('b', '', tokens(1, 1));
      sink.usageTotal('gpt', tokens(1, 1));
      sink.model('opus');
    });
    expect(digest.models).toEqual(['opus', 'gpt']);
  });

  test('of a running total the last one counts', () => {
    const digest = drafted((sink) => {
      sink.usageTotal('m', tokens(5, 1));
      sink.usageTotal('m', tokens(9, 2));
    });
    expect(digest.tokens).toEqual(tokens(9, 2));
  });
});

describe('files, todos, errors', () => {
  test('a file that was read and then edited stands among the edited only', () => {
    const digest = drafted((sink) => {
      sink.fileRead('/a');
      sink.fileRead('/b');
      sink.fileEdited('/a');
      sink.fileRead('/b');
    });
    expect(digest.files).toEqual({ read: ['/b'], written: [], edited: ['/a'] });
  });

  test('todos are those at the end', () => {
    const digest = drafted((sink) => {
      sink.todos([{ text: 'old', status: 'pending' }]);
      sink.todos([{ text: 'new', status: 'completed' }]);
      sink.todoChanged('1', { text: 'task' });
      sink.todoChanged('1', { status: 'in_progress' });
      sink.todoChanged('2', { text: 'gone', status: 'deleted' });
    });
    expect(digest.todos).toEqual([
      { text: 'new', status: 'completed' },
      { text: 'task', status: 'in_progress' },
    ]);
  });

  test('an error that came again is counted', () => {
    const digest = drafted((sink) => {
      sink.error('no such file', null);
      sink.error(' no such file\n', null);
      sink.error('\u001b[31m', null);
    });
    expect(digest.errors).toEqual(['no such file (×2)']);
  });
});

describe('memory', () => {
  test('a session without end keeps the first and the last prompts and says how many it left out', () => {
    const digest = drafted((sink) => {
      for (let i = 0; i < 10_000; i++) sink.prompt(`prompt ${i}`, null);
    });
    expect(digest.prompts.length + (digest.omitted?.['prompts'] ?? 0)).toBe(10_000);
    expect([digest.prompts[0]?.text, digest.prompts.at(-1)?.text]).toEqual(['prompt 0', 'prompt 9999']);
  });

  test('usage beyond the answers that are held is still summed', () => {
    const digest = drafted((sink) => {
      for (let i = 0; i < 70_000; i++)
        sink.usage(`answer ${i}`, 'm', { input: 1, cacheRead: 0, cacheWrite: 0, output: 2, reasoning: 0 });
    });
    expect([digest.tokens.input, digest.tokens.output]).toEqual([70_000, 140_000]);
  });
});
