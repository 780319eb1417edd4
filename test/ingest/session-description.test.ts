/** What is kept of a session's head is free of secrets, whether it is new or has grown; what is kept already is not looked at again. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { aboutOf } from '../../src/ingest/session-description.ts';

const KEY = ['AI', 'za', 'SyB3dE5gH7jK9mN2pQ4rS6tU8vW1xY0zAb'].join('');
const text = fc.constantFrom(null, 'main', 'fix the lamp', '/home/me/x', `PASS=${KEY}`, `/home/me/${KEY}`);
const about = fc.record({ title: text, project: text, branch: text });

test('growing is as if it were new: what differs is looked at, what is there stays, no secret comes in', async () => {
  await fc.assert(
    fc.asyncProperty(about, about, async (before, after) => {
      const stored = await aboutOf(before);
      const grown = await aboutOf(after, stored);
      const asNew = await aboutOf({ ...after, title: stored.title === null ? after.title : null });
      expect(grown).toEqual(asNew);
      expect(JSON.stringify([stored, grown])).not.toContain(KEY);
    }),
    { numRuns: 60 },
  );
});
