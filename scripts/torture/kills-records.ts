/** What the scenes of the kills are made of. */
export const idOf = (n: number) => `7a000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const pathOf = (id: string) => `.claude/projects/-p/${id}.jsonl`;

/** A made-up record of a prompt. */
export function promptOf(id: string, content: string, at = '2026-06-01T10:00:00.000Z'): string {
  return `${JSON.stringify({
    type: 'user',
    sessionId: id,
    cwd: '/p',
    version: '2.1.0',
    gitBranch: 'main',
    message: { role: 'user', content },
    uuid: Bun.hash(content + at).toString(16),
    timestamp: at,
  })}\n`;
}
