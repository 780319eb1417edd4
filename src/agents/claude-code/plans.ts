/**
 * Plans of Claude Code: `plans/<slug>.md`, and `plans/<slug>-agent-<id>.md` of a subagent. The records of a session have its slug.
 * Promises: pure.
 */
import { lastPart, memberText, type NamedFiles } from '../../domain/named.ts';

export const PLAN = /^plans\/[\w-][\w.-]*\.md$/;

export const claudePlans: NamedFiles = {
  marks: ['"slug"', '"planFilePath"'],
  placesIn: (behind) => {
    const name = lastPart(memberText(behind) ?? '').replace(/\.md$/, '');
    return PLAN.test(`plans/${name}.md`) ? [`plans/${name}.md`, `plans/${name}-agent-*`] : [];
  },
};
