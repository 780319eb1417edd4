/**
 * Which version of each file a restore gives.
 * Promises: the present one, unless a person names another; where it has lost most of what an earlier one held, nothing is given
 * before a person has said which.
 */
import type { AgentFormat } from '../../domain/agent.ts';
import { type Failure, FailureError, failure, invalid } from '../../domain/errors.ts';
import type { SessionRow } from '../../domain/session.ts';
import { factsOf, fullerVersion } from '../../ingest/fuller.ts';
import type { PlannedFile } from '../../restore/replaced-files.ts';
import type { ReadableDb } from '../../store/connection.ts';
import type { StoredFile } from '../../store/rows.ts';
import { asVersion, type EarlierVersion, presentNumber, versionsOf } from '../../store/versions.ts';
import { formatBytes, formatCount, formatTime, plural } from '../format.ts';

/** A number is one of the main transcript; the words are for all files. */
export type WantedVersion = number | 'present' | 'fullest';

/** What `--version` was given; null: it was not. */
export function wantedVersion(text: string | null): WantedVersion | null {
  if (text === null || text === 'present' || text === 'fullest') return text;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new FailureError(
    invalid(
      `--version is no version: ${text}`,
      'Write a number of `session-memory show UID --versions`, or fullest, or present.',
    ),
  );
}

export type ChosenFile = Pick<PlannedFile, 'file' | 'version'>;

export function chosenVersions(
  db: ReadableDb,
  session: SessionRow,
  agent: AgentFormat | null,
  files: readonly StoredFile[],
  wanted: WantedVersion | null,
): ChosenFile[] {
  const versions = versionsOf(db, session.uid);
  if (versions.length === 0 && typeof wanted !== 'number') return files.map(presently);
  return files.map((file) => {
    if (wanted === 'present') return presently(file);
    if (typeof wanted === 'number' && file.role === 'main') return numbered(session, file, versions, wanted);
    const fuller = fullerVersion(db, session.uid, agent, file, versions);
    if (fuller === null) return presently(file);
    if (wanted === null) throw new FailureError(choice(db, session, agent, { file, fuller, versions }));
    return { file: asVersion(file, fuller), version: fuller.number };
  });
}

function presently(file: StoredFile): ChosenFile {
  return { file, version: null };
}

/** The version of that number; a failure that names those that there are. */
export function numbered(
  { uid }: SessionRow,
  file: StoredFile,
  versions: readonly EarlierVersion[],
  number: number,
): ChosenFile {
  const version = versions.find((one) => one.fileId === file.fileId && one.number === number);
  if (version !== undefined) return { file: asVersion(file, version), version: number };
  const present = presentNumber(versions, file.fileId);
  if (number === present) return presently(file);
  throw new FailureError(
    invalid(
      present === 1
        ? `${uid} has one version only, the present one`
        : `${uid} has no version ${number} of its transcript; the present one is ${present}`,
      `See \`session-memory show ${uid} --versions\`.`,
    ),
  );
}

function choice(
  db: ReadableDb,
  { uid }: SessionRow,
  agent: AgentFormat | null,
  of: { file: StoredFile; fuller: EarlierVersion; versions: readonly EarlierVersion[] },
): Failure {
  const { file, fuller, versions } = of;
  const isMain = file.role === 'main';
  const what = agent?.isDocument?.(file.key) === true ? 'record' : 'line';
  const size = (records: number | null, bytes: number) =>
    records === null ? formatBytes(bytes) : `${plural(records, what)} (${formatBytes(bytes)})`;
  const now = size(factsOf(db, uid, agent, file).records, file.rawBytes);
  const before = size(fuller.records, fuller.rawBytes);
  const number = presentNumber(versions, file.fileId);
  const [earlier, present] = isMain ? [String(fuller.number), String(number)] : ['fullest', 'present'];
  return failure(
    'consent_needed',
    `${isMain ? 'its transcript' : file.key} has lost most of what it held: version ${formatCount(fuller.number)} had ${before} until ${formatTime(fuller.replacedAt)}, the present version ${formatCount(number)} has ${now}; nothing was written`,
    `Say which one is meant: \`session-memory restore ${uid} --version ${earlier}\` gives the fuller one, \`--version ${present}\` the present one; \`session-memory show ${uid} --versions\` lists all.`,
  );
}
