// The least that Tier 1 of STORE could take if no segment had to be found, counted or added to by itself: all bytes of each session as one
// frame, at a level that takes fifty times as long, with matches over all of it. No dictionary: `zstd -dc` reads each frame.
import { Database } from 'bun:sqlite';
import { constants, zstdCompressSync } from 'node:zlib';

const LEVEL = 19;
const WINDOW_LOG_MAX = 27;

const db = new Database(process.argv[2] ?? '', { readonly: true, strict: true });
const sessions = new Map<number, Uint8Array[]>();
for (const { id, data } of db
  .query<{ id: number; data: Uint8Array }, []>(
    'SELECT session_id AS id, data FROM segments ORDER BY session_id, file_id, log_offset',
  )
  .iterate()) {
  const parts = sessions.get(id) ?? [];
  parts.push(Bun.zstdDecompressSync(data));
  sessions.set(id, parts);
}
let bytes = 0;
for (const parts of sessions.values()) {
  const plain = Buffer.concat(parts);
  const params = {
    [constants.ZSTD_c_compressionLevel]: LEVEL,
    [constants.ZSTD_c_windowLog]: Math.min(
      WINDOW_LOG_MAX,
      Math.max(17, Math.ceil(Math.log2(plain.length + 1))),
    ),
    [constants.ZSTD_c_enableLongDistanceMatching]: 1,
  };
  bytes += zstdCompressSync(plain, { params }).length;
}
console.log(`${sessions.size} ${bytes}`);
