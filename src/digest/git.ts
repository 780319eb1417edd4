/**
 * What a command and its output tell of commits, branches and pull requests.
 * Promises: pure; linear in the text, of which at most `OUTPUT_CHARS_MAX` are looked at.
 */
import type { DigestCommit } from '../domain/digest.ts';

/** A commit's line stands near the beginning or the end (hooks print before it, `push` behind it). */
const OUTPUT_CHARS_MAX = 64 * 1024;
/** `[branch sha] message`, `[branch (root-commit) sha]`, `[detached HEAD sha]`: git-commit(1). */
const COMMIT_LINE = /^\[([^\]\n]{1,200}?)(?: \(root-commit\))? ([0-9a-f]{7,40})\] ([^\n]{1,400})$/gm;
const COMMITS = /\b(?:commit|merge|cherry-pick|revert|rebase|pull|am)\b/;
const IS_COMMIT = /\bgit\b[^\n|;&]{0,200}?\bcommit\b/;
const NEW_BRANCH = /\bgit (?:checkout -[bB]|switch (?:-[cC]|--create)|branch) +([\w./-]{1,120})/;
const PULL_REQUEST =
  /https?:\/\/[\w.-]{1,120}\/[\w./~-]{1,200}?\/(?:pull|pulls|merge_requests|pull-requests)\/\d{1,9}/g;

/** The commits that an output names; where a quiet one names none, the one that the command's `-m` tells. */
export function commitsOf(command: string, output: string): readonly DigestCommit[] {
  if (!COMMITS.test(command)) return [];
  const commits: DigestCommit[] = [];
  for (const [, place, sha, message] of bothEnds(output).matchAll(COMMIT_LINE)) {
    if (sha === undefined || message === undefined || place === undefined) continue;
    commits.push({ sha, ...(place === 'detached HEAD' ? {} : { branch: place }), message: message.trim() });
  }
  if (commits.length > 0 || !IS_COMMIT.test(command)) return commits;
  const message = messageIn(command);
  return message === null ? [] : [{ message }];
}

/** The first line of `-m "…"`, of a here-document handed to it, or null. */
function messageIn(command: string): string | null {
  const here = /<<-?\s*['"]?(\w{1,40})['"]?[^\n]*\n\s*([^\n]{1,400})/.exec(command)?.[2];
  const quoted = /\s(?:-\w*m|--message)[ =]?\s*(?:"([^"\n$]{1,400})|'([^'\n]{1,400}))/.exec(command);
  return (quoted?.[1] ?? quoted?.[2] ?? here)?.trim() || null;
}

/** The branch that a command makes, else null. */
export function newBranch(command: string): string | null {
  const name = NEW_BRANCH.exec(command)?.[1];
  return name === undefined || name.startsWith('-') ? null : name;
}

/** Whether a command makes, changes or feeds a pull or merge request: what it prints is the session's own. */
export function changesPullRequest(command: string): boolean {
  return /\b(?:pr|mr|pull-request) (?:create|new|merge|edit|ready|close)\b|\bgit\b[^\n|;&]{0,200}?\bpush\b/.test(
    command,
  );
}

/** The pull or merge requests whose address stands in a text, in order, each once. */
export function pullRequestsIn(text: string): readonly string[] {
  if (!text.includes('/pull') && !text.includes('/merge_requests/')) return [];
  return [...new Set(bothEnds(text).match(PULL_REQUEST) ?? [])];
}

function bothEnds(text: string): string {
  if (text.length <= OUTPUT_CHARS_MAX) return text;
  return `${text.slice(0, OUTPUT_CHARS_MAX / 2)}\n${text.slice(-OUTPUT_CHARS_MAX / 2)}`;
}
