/** What opencode and its fork Kilo have in common. */
import { type Hands, handOf, type Place, within } from './facts.ts';

/** A provider of its own, which speaks as OpenAI does; the package for it is part of the program. */
export const configOf = (url: string) => ({
  autoupdate: false,
  share: 'disabled',
  model: 'rig/scripted',
  small_model: 'rig/scripted',
  permission: { '*': 'allow' },
  provider: {
    rig: {
      npm: '@ai-sdk/openai-compatible',
      name: 'Rig',
      options: { baseURL: `${url}/v1`, apiKey: 'none' },
      models: {
        scripted: { name: 'Scripted', limit: { context: 200_000, output: 8000 }, tool_call: true },
      },
    },
  },
});

/** `more`: what one of them has beyond the other. */
export const opencodeHand = (place: Place, more: Hands = {}) =>
  handOf({
    write: ({ path, content }) => ['write', { filePath: within(place, path), content }],
    read: ({ path }) => ['read', { filePath: within(place, path) }],
    edit: ({ path, before, after }) => [
      'edit',
      { filePath: within(place, path), oldString: before, newString: after },
    ],
    run: ({ command }) => ['bash', { command, description: 'Run it' }],
    todo: ({ items }) => [
      'todowrite',
      {
        todos: items.map((content, n) => ({
          id: `${n + 1}`,
          content,
          priority: 'high',
          status: n === 0 ? 'in_progress' : 'pending',
        })),
      },
    ],
    delegate: ({ prompt }) => ['task', { description: 'Run the errand', prompt, subagent_type: 'general' }],
    ...more,
  });
