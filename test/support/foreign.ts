/** An archive as a stranger may write it: any id, any key, any path, and every hash right. */
import { bytesFrame, lineFrame } from '../../src/archive/frames.ts';
import { FORMAT, FORMAT_VERSION } from '../../src/archive/records.ts';
import type { ArchivedMeta, Incoming } from '../../src/store/archived.ts';

export interface ForeignFile {
  readonly key: string;
  readonly content: string;
  readonly role?: 'main' | 'subagent' | 'tool-result' | 'meta' | 'orphaned' | 'sidecar';
  /** Absent: the key. */
  readonly relPath?: string;
}

const AT = '2026-06-01T10:00:00.000Z';
const sha256 = (bytes: Uint8Array) => new Bun.CryptoHasher('sha256').update(bytes).digest('hex');

/** As an import reads it, or as an older program had it in its store. */
export function foreignSession(
  uid: string,
  files: readonly ForeignFile[],
  facts: Partial<ArchivedMeta> = {},
): Incoming {
  const [agent = '', id = ''] = uid.split(/:(.*)/s);
  const segments = files.map(({ key, content }) => {
    const plain = Buffer.from(content);
    const data = Bun.zstdCompressSync(plain);
    return {
      key,
      log_offset: 0,
      raw_bytes: plain.length,
      stored_bytes: data.length,
      sha256: sha256(plain),
      data: () => data,
    };
  });
  const rawBytes = segments.reduce((sum, { raw_bytes: each }) => sum + each, 0);
  const meta = {
    session_uid: uid,
    agent,
    native_id: id,
    project: '/srv/foreign',
    title: null,
    branch: null,
    parent_uid: null,
    started_at: AT,
    ended_at: AT,
    ingested_at: AT,
    analyzed_at: null,
    digest_at: null,
    evicted_at: null,
    analyze_error: null,
    pinned: false,
    raw_generation: files.length,
    covers_from: 0,
    raw_bytes: rawBytes,
    stored_bytes: 0,
    file_count: files.length,
    tombstones: [],
    events: [],
    files: files.map(({ key, role = 'sidecar', relPath = key }, n) => ({
      role,
      key,
      rel_path: relPath,
      encoding: 'plain',
      extents: null,
      gone: false,
      raw_bytes: segments[n]?.raw_bytes ?? 0,
      log_bytes: segments[n]?.raw_bytes ?? 0,
      sha256: segments[n]?.sha256 ?? null,
    })),
    ...facts,
  } as ArchivedMeta;
  return { meta, digests: [], segments };
}

export function foreignArchive(sessions: readonly Incoming[]): Buffer {
  const frames = [
    ...lineFrame({
      record: 'header',
      format: FORMAT,
      version: FORMAT_VERSION,
      made_at: AT,
      sessions: sessions.length,
    }),
  ];
  for (const { meta, segments } of sessions) {
    frames.push(...lineFrame({ record: 'session', ...meta }));
    for (const { data, ...told } of segments)
      frames.push(...lineFrame({ record: 'segment', ...told }), ...bytesFrame(data()));
    frames.push(...lineFrame({ record: 'session_end', session_uid: meta.session_uid }));
  }
  frames.push(...lineFrame({ record: 'end', sessions: sessions.length }));
  return Buffer.concat(frames);
}
