/** What happened to a file: by when, and never less than is said. */
import { expect, test } from 'bun:test';
import { typedQuery } from '../../src/cli/typed-query.ts';
import { parseSince } from '../../src/cli/values.ts';
import type { Iso } from '../../src/domain/time.ts';
import { excludeRules } from '../../src/ingest/discover/exclude.ts';
import { toolServer } from '../../src/mcp/tools.ts';
import { openReadable } from '../../src/store/open.ts';
import { World } from '../support/bench-world.ts';
import { digestUid, putDigestOf } from '../support/digests.ts';

const NOW = '2026-06-01T00:00:00.000Z' as Iso;

test('the history of a file has the newest first, however many others fit better, and says how many there are', async () => {
  using world = new World();
  const sessions = 260;
  // The older, the more of its words are about the file.
  for (let i = 1; i <= sessions; i += 1) {
    // Stored in another order than they ended in.
    const n = (i * 37) % (sessions + 1);
    putDigestOf(world.db, n, {
      title: n < 200 ? 'src/walrus.ts src walrus ts' : 'other',
      files: { read: [], written: [], edited: ['src/walrus.ts', ...(n < 200 ? ['src/walrus.ts.bak'] : [])] },
      ended_at:
        `2026-05-01T00:${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}.000Z` as Iso,
    });
  }
  const server = toolServer(
    {
      open: () => openReadable(world.db.path),
      exclude: excludeRules([], { homeDir: '/home/me', platform: 'linux' }, () => null),
      transcripts: false,
      mark: 'x',
      now: () => NOW,
      understood: (query) => typedQuery(query, NOW),
      since: (text) => parseSince(text, 'since', NOW),
    },
    '1',
  );
  const seen: string[] = [];
  let next: Record<string, unknown> | null = { path: 'src/walrus.ts' };
  for (let first = true; next !== null; first = false) {
    const { text = '' } = (await server.call('file_history', next)) ?? {};
    if (first) expect(text).toMatch(/^Sessions 1 to \d+ of more than 200, the newest first\.$/m);
    seen.push(...(text.match(/(?<=^\| )claude-code:\S+/gm) ?? []));
    next = JSON.parse(/^Next: file_history (.*)$/m.exec(text)?.[1] ?? 'null');
    if (next === null) expect(text).toMatch(/ of 260, the newest first\.$/m);
  }
  expect(seen).toEqual(Array.from({ length: sessions }, (_, i) => digestUid(sessions - i)));
});
