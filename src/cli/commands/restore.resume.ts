/** What is typed to go on with a session that was restored. */
import type { AgentFormat, RestoreTarget, Resume } from '../../domain/agent.ts';
import type { SessionRow } from '../../domain/session.ts';
import type { SessionToPlace } from '../../restore/placement.ts';

export function resumeOf(
  agent: AgentFormat | null,
  session: SessionRow,
  {
    asked,
    placed,
    otherProject,
    path,
    machine,
  }: {
    readonly asked: SessionToPlace;
    readonly placed: RestoreTarget;
    readonly otherProject: string | null;
    readonly path: string | undefined;
    /** Of the person's own, that it is known by; null: it was met here, or came with an archive. */
    readonly machine: string | null;
  },
): Resume {
  if (agent === null) return { cwd: null, argv: [] };
  const resume =
    otherProject === null ? wayBackTo(agent, session, asked, { path, machine }) : agent.resume(placed);
  if (machine === null || agent.isAnotherElsewhere !== true) return resume;
  const told = `${agent.name} writes the whole session anew when it is gone on with here: from then on it is another one, beside that of ${machine}.`;
  return { ...resume, needs: [resume.needs ?? '', told].join(' ').trim() };
}

/** A word of a command that does not begin so may be taken for a flag, or for another folder. */
const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/]|\\\\)/;

/** A folder that only an archive tells of is a stranger's word, and that of another machine need not be here: nobody is led into it. */
function wayBackTo(
  agent: AgentFormat,
  { project }: SessionRow,
  { target, isForeign }: SessionToPlace,
  { path, machine }: { readonly path: string | undefined; readonly machine: string | null },
): Resume {
  const at = path === undefined ? target : { ...target, path };
  if (project === null || (!isForeign && ABSOLUTE.test(project))) return agent.resume(at);
  const resume = agent.resume({ ...at, project: null });
  if (!isForeign) return { ...resume, cwd: null };
  const told =
    machine === null
      ? `It came with an archive, which says that its folder is ${project}: go to the folder that you mean first.`
      : `On ${machine} its folder is ${project}: go to the one that you mean first, or give --project DIR.`;
  return { ...resume, cwd: null, needs: [told, resume.needs ?? ''].join(' ').trim() };
}
