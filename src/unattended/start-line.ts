/**
 * The one line that an agent shows its person when a session begins, where something is about to be lost. Pure.
 * Promises: JSON of the one field that such agents show and hand to no model; nothing of a transcript is in it. Never: for an agent
 * that would read it, or where all is well.
 */
import type { HookedId } from './hooked.ts';

export interface Danger {
  /** Sessions that go within a week by the agents' own clean-up and are not stored. */
  readonly atRiskNotStored: number;
  readonly isOverHardCap: boolean;
}

/** They show `systemMessage` of a hook that they wait for. Codex, Qwen Code and the others were not seen to. */
const SHOWS: ReadonlySet<HookedId> = new Set(['claude-code', 'gemini-cli']);

/** Null: nothing is said. */
export function startLine(id: HookedId, { atRiskNotStored, isOverHardCap }: Danger): string | null {
  if (!SHOWS.has(id) || (atRiskNotStored === 0 && !isOverHardCap)) return null;
  const risk =
    atRiskNotStored === 0
      ? []
      : [
          `${atRiskNotStored} session${atRiskNotStored === 1 ? ' is' : 's are'} not stored and will soon be deleted by their agent`,
        ];
  const cap = isOverHardCap ? ['the store is over its hard cap, so new sessions are not stored'] : [];
  const systemMessage = `session-memory: ${[...risk, ...cap].join('; ')}. Run \`session-memory doctor\`.`;
  return `${JSON.stringify({ systemMessage })}\n`;
}
