/** One agent alone is the same agent that all of them together hold. */
import { expect, test } from 'bun:test';
import { loadAgent } from '../../src/agents/by-id.ts';
import { AGENTS } from '../../src/agents/registry.ts';
import { HOOKED } from '../../src/unattended/hooked.ts';

test('each agent that is loaded by its id is the one of the registry, and no other id gives one', async () => {
  for (const agent of AGENTS) expect(await loadAgent(agent.id), agent.id).toBe(agent);
  expect(await loadAgent('no-such-agent')).toBeNull();
});

test('whoever calls a hook has an agent', async () => {
  for (const id of HOOKED.flatMap(({ agents }) => agents))
    expect((await loadAgent(id))?.id, id).toBe(id as never);
});
