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

interface HostileFile {
  readonly key: string;
  readonly relPath: string;
  readonly content: string;
}

/** `contentOf`: what stands in a file that the agent obeys. `home`: the victim's, which an attacker may know. */
export async function hostileArchive(
  genuine: Uint8Array,
  agent: TriedAgent,
  contentOf: (one: Obeyed) => string,
  home: string,
): Promise<{ readonly archive: Uint8Array; readonly files: number }> {
  const all = agent.obeyed.flatMap((one) => climbing(agent, one, contentOf(one), home));
  // A session with two files of one name is refused as a whole.
  const files = [...new Map(all.map((file) => [file.key, file])).values()];
  const own = (await piecesOf(genuine)).filter(
    ({ value }: Piece & { value?: unknown }) =>
      !['header', 'contents', 'end'].includes(`${(value as Row | undefined)?.['record']}`),
  );
  const [first] = agent.obeyed;
  const evil = first === undefined ? '' : contentOf(first);
  return {
    archive: archiveOf(withFiles(own, files), ...strangers(agent, evil, home)),
    files: files.length,
  };
}

/** All names by which a file might come to where the agent obeys it. */
function climbing(agent: TriedAgent, { at }: Obeyed, content: string, home: string): HostileFile[] {
  const target = posix.relative(agent.root, at);
  const name = posix.basename(at);
  const names = new Set<string>([posix.join(home, at), `${home}/${at}`.slice(1), target]);
  for (const prefix of agent.prefixes) {
    for (let up = 0; up <= UP_MAX; up += 1) names.add(`${prefix}${'../'.repeat(up)}${target}`);
    for (const inside of [name, `x/${name}`, `.${agent.id}/${name}`, `${agent.root}/${name}`])
      names.add(`${prefix}${inside}`);
    names.add(`${prefix}x/../../../../${target}`).add(`${prefix}.\\..\\${target.replaceAll('/', '\\')}`);
  }
  return [...names].map((key, n) => ({ key, relPath: n % 2 === 0 ? target : key, content }));
}

/** The genuine session, with more files. */
function withFiles(pieces: readonly Piece[], files: readonly HostileFile[]): Piece[] {
  const more = files.map(({ key, relPath, content }, n) => ({
    ...{ role: ROLES[n % ROLES.length], key, rel_path: relPath, encoding: 'plain', extents: null },
    ...{ raw_bytes: Buffer.byteLength(content), log_bytes: Buffer.byteLength(content) },
    ...{ sha256: sha256(content), gone: false },
  }));
  const segments = files.flatMap(({ key, content }): Piece[] => {
    const stored = Bun.zstdCompressSync(content);
    const bytes = { raw_bytes: Buffer.byteLength(content), stored_bytes: stored.length };
    const told = { record: 'segment', key, log_offset: 0, ...bytes, sha256: sha256(content) };
    return [
      { kind: 'line', value: told },
      { kind: 'bytes', data: stored },
    ];
  });
  return pieces.flatMap((piece): Piece[] => {
    const row = piece.kind === 'line' ? (piece.value as Row) : {};
    if (row['record'] === 'session_end') return [...segments, piece];
    // What was made of the genuine files alone stands for no others.
    if (row['record'] === 'digest') return [];
    if (row['record'] !== 'session') return [piece];
    const known = row['files'] as Row[];
    const sum = more.reduce((bytes, { raw_bytes: each }) => bytes + each, Number(row['raw_bytes']));
    return [
      {
        kind: 'line',
        value: {
          ...{ ...row, files: [...known, ...more], file_count: known.length + more.length, raw_bytes: sum },
          ...{ raw_generation: Number(row['raw_generation']) + more.length, analyzed_at: null },
        },
      },
    ];
  });
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
    ...places.map((relPath, n) => asTranscript(`${agent.id}:${OTHER}${n}`, relPath)),
    asTranscript(`no-such-agent:${OTHER}0`, `${agent.root}/settings.json`),
    session({ uid: `${agent.id}:../../settings`, files: { main: evil } }),
    session({ uid: `droid:${OTHER}1`, files: { main: '{"type":"session_start"}\n', 'settings.json': evil } }),
    session({ uid: 'cline:1750000000000', files: { main: '[]', 'task/settings.json': evil } }),
    session({
      ...{ uid: `${agent.id}:${OTHER}9`, files: { main: 'x' }, evicted: true },
      digest: digestJson(`${agent.id}:${OTHER}9`, ['an evicted one']),
      row: { project: `${home}/work`, title: evil.slice(0, 200) },
    }),
  ];
}
