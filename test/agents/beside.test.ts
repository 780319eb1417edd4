// What agents of today put beside a session is its own; what they keep for a whole project is nobody's.
import { expect, test } from 'bun:test';
import { claudeCode } from '../../src/agents/claude-code/index.ts';
import { cline } from '../../src/agents/cline/index.ts';
import { geminiCli } from '../../src/agents/gemini-cli/index.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const session = { nativeId: ID, project: '/p', startedAt: null };

const found = (agent: AgentFormat, relPath: string) => {
  const { nativeId, key, role } = agent.classify(relPath) ?? {};
  return nativeId === undefined ? null : { nativeId, key, role };
};

test('marks of Claude Code (archived, named, what was sent) go with their session, and back to where they lay', () => {
  for (const name of ['archived.json', 'custom-title.json', 'precompact.json', 'sent-prefix.json']) {
    const relPath = `projects/-p/${ID}/${name}`;
    const key = `session/${name}`;
    expect(found(claudeCode, relPath)).toEqual({ nativeId: ID, key, role: 'sidecar' });
    expect(claudeCode.restorePath(session, { role: 'sidecar', key, relPath })).toBe(relPath);
  }
});

test('what /chat save of Gemini CLI keeps is of a project, and no file of a session', () => {
  expect(found(geminiCli, 'tmp/p/checkpoint-x.json')).toBeNull();
  expect(found(geminiCli, 'tmp/p/chats/checkpoint-x.json')).toBeNull();
});

test('a session of Cline’s command line is gone on with there, one of its editor in the editor', () => {
  const resume = (nativeId: string) => cline.resume({ ...session, nativeId }).argv;
  expect(resume('1796002051792_u0em0')).toEqual(['cline', '-i', '--id', '1796002051792_u0em0']);
  expect(resume('1796002051792')).toEqual(['code', '/p']);
});
