/**
 * An archive of a stranger around a session that the agent itself has written: beside its genuine files it has every file that the agent
 * would obey, under all names that may climb there, and sessions of other agents and forms.
 * Promises: every hash is right; nothing is left out for the program's sake.
 */
import { posix } from 'node:path';
import { archiveOf, digestJson, type Piece, piecesOf, type Row, session } from '../torture/forged-archive.ts';
import type { Obeyed, TriedAgent } from './tried-agents.ts';

const UP_MAX = 5;
const ROLES = ['sidecar', 'meta', 'subagent', 'tool-result', 'orphaned'];
const OTHER = '85000000-0000-4000-8000-00000000000';
const sha256 = (content: string) => new Bun.CryptoHasher('sha256').update(content).digest('hex');

interface SessionFile {
  readonly role: unknown;
  readonly key: string;
  readonly relPath: string;
  readonly content: string;
}

interface Genuine {
  readonly row: Row;
  readonly files: readonly SessionFile[];
}

/** `contentOf`: what stands in a file that the agent obeys. `home`: the victim's, which an attacker may know. */
export async function hostileArchive(
  archive: Uint8Array,
  agent: TriedAgent,
  contentOf: (one: Obeyed) => string,
  home: string,
): Promise<{ readonly archive: Uint8Array; readonly files: number }> {
  const all = agent.obeyed.flatMap((one) => climbing(agent, one, contentOf(one), home));
  // A session with two files of one name is refused as a whole.
  const files = [...new Map(all.map((file) => [file.key, file])).values()];
  const genuine = genuineIn(await piecesOf(archive));
  const [first] = agent.obeyed;
  const evil = first === undefined ? '' : contentOf(first);
  return {
    archive: archiveOf(
      withFiles(genuine, files),
      // Each once more by itself: what keeps one from being written must not keep all others from it.
      ...files.map((file) => withFiles(copyOf(genuine), [file])),
      ...strangers(agent, evil, home),
    ),
    files: files.length,
  };
}

function genuineIn(pieces: readonly Piece[]): Genuine {
  let row: Row = {};
  let key = '';
  const contents = new Map<string, Uint8Array[]>();
  for (const piece of pieces) {
    if (piece.kind === 'bytes')
      contents.set(key, [...(contents.get(key) ?? []), Bun.zstdDecompressSync(piece.data)]);
    const value = piece.kind === 'line' ? (piece.value as Row) : {};
    if (value['record'] === 'session') row = value;
    if (value['record'] === 'segment') key = `${value['key']}`;
  }
  const files = (row['files'] as Row[]).map((file) => ({
    role: file['role'],
    key: `${file['key']}`,
    relPath: `${file['rel_path']}`,
    content: Buffer.concat(contents.get(`${file['key']}`) ?? []).toString(),
  }));
  return { row, files };
}

/** The same under another id, as another session of the agent. */
function copyOf({ row, files }: Genuine): Genuine {
  const [id, other] = [`${row['native_id']}`, crypto.randomUUID()];
  const renamed = (text: string) => text.replaceAll(id, other).replaceAll(id.slice(0, 8), other.slice(0, 8));
  const copies = files.map((file) => ({
    role: file.role,
    key: renamed(file.key),
    relPath: renamed(file.relPath),
    content: renamed(file.content),
  }));
  return { row: { ...row, native_id: other, session_uid: renamed(`${row['session_uid']}`) }, files: copies };
}

/** All names by which a file might come to where the agent obeys it. */
function climbing(agent: TriedAgent, { at }: Obeyed, content: string, home: string): SessionFile[] {
  const target = posix.relative(agent.root, at);
  const name = posix.basename(at);
  const names = new Set<string>([posix.join(home, at), `${home}/${at}`.slice(1), target]);
  for (const prefix of agent.prefixes) {
    for (let up = 0; up <= UP_MAX; up += 1) names.add(`${prefix}${'../'.repeat(up)}${target}`);
    for (const inside of [name, `x/${name}`, `.${agent.facts.id}/${name}`, `${agent.root}/${name}`])
      names.add(`${prefix}${inside}`);
    names.add(`${prefix}x/../../../../${target}`).add(`${prefix}.\\..\\${target.replaceAll('/', '\\')}`);
  }
  return [...names].map((key, n) => ({
    role: ROLES[n % ROLES.length],
    key,
    content,
    relPath: n % 2 === 0 ? target : key,
  }));
}

/** A session of the agent's own, with more files; what was made of its files alone is left out. */
function withFiles({ row, files }: Genuine, more: readonly SessionFile[]): Piece[] {
  const all = [...files, ...more];
  const sizes = all.map(({ content }) => Buffer.byteLength(content));
  const rows = all.map(({ role, key, relPath, content }, n) => ({
    role,
    key,
    rel_path: relPath,
    encoding: 'plain',
    extents: null,
    gone: false,
    raw_bytes: sizes[n],
    log_bytes: sizes[n],
    sha256: sha256(content),
  }));
  const segments = all.flatMap(({ key, content }, n): Piece[] => {
    if (content === '') return [];
    const data = Bun.zstdCompressSync(content);
    const bytes = { log_offset: 0, raw_bytes: sizes[n], stored_bytes: data.length };
    const value = { record: 'segment', key, ...bytes, sha256: sha256(content) };
    return [
      { kind: 'line', value },
      { kind: 'bytes', data },
    ];
  });
  const counts = {
    file_count: all.length,
    raw_generation: segments.length / 2,
    raw_bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
  const value = {
    ...row,
    ...counts,
    files: rows,
    analyzed_at: null,
    digest_at: null,
    events: [],
    covers_from: 0,
  };
  const end = { record: 'session_end', session_uid: row['session_uid'] };
  return [{ kind: 'line', value }, ...segments, { kind: 'line', value: end }];
}

/** Sessions whose transcripts would be settings, of this agent, of others, of none that is known. */
function strangers(agent: TriedAgent, evil: string, home: string): Piece[][] {
  const places = agent.obeyed.map(({ at }) => posix.relative(agent.root, at));
  const asTranscript = (uid: string, relPath: string): Piece[] => {
    const pieces = session({ uid, files: { main: evil } });
    const [row] = pieces;
    if (row?.kind === 'line')
      for (const file of (row.value as Row)['files'] as Row[]) file['rel_path'] = relPath;
    return pieces;
  };
  return [
    ...places.map((relPath, n) => asTranscript(`${agent.facts.id}:${OTHER}${n}`, relPath)),
    asTranscript(`no-such-agent:${OTHER}0`, `${agent.root}/settings.json`),
    session({ uid: `${agent.facts.id}:../../settings`, files: { main: evil } }),
    session({ uid: `droid:${OTHER}1`, files: { main: '{"type":"session_start"}\n', 'settings.json': evil } }),
    session({ uid: 'cline:1750000000000', files: { main: '[]', 'task/settings.json': evil } }),
    session({
      uid: `${agent.facts.id}:${OTHER}9`,
      files: { main: 'x' },
      evicted: true,
      digest: digestJson(`${agent.facts.id}:${OTHER}9`, ['an evicted one']),
      row: { project: `${home}/work`, title: evil.slice(0, 200) },
    }),
  ];
}
