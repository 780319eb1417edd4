/** What stays of an evicted session’s files: each one’s key, size and hash. */
import { expect, test } from 'bun:test';
import type { SessionUid } from '../../src/domain/ids.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = '7a000000-0000-4000-8000-000000000001';
const UID = `claude-code:${ID}` as SessionUid;

test('every file of an evicted session has its tombstone, those beside the main one too', async () => {
  using made = new World();
  const beside = ['a1', 'b2'].map((name) =>
    claudePath(ID).replace('.jsonl', `/subagents/agent-${name}.jsonl`),
  );
  const paths = [claudePath(ID), ...beside];
  const texts = paths.map((_, n) => promptLine(ID, `text ${n}`.padEnd(20 + n)));
  for (const [n, path] of paths.entries()) made.put(path, texts[n] ?? '');
  await made.ingest();
  made.evict(UID);
  const kept = made.db
    .all<{ raw_bytes: number; hash: string }>('SELECT raw_bytes, lower(hex(sha256)) AS hash FROM tombstones')
    .map(({ raw_bytes: bytes, hash }) => `${bytes} ${hash}`);
  const due = texts.map(
    (text) => `${Buffer.byteLength(text)} ${new Bun.CryptoHasher('sha256').update(text).digest('hex')}`,
  );
  expect(kept.sort()).toEqual(due.sort());
});
