/**
 * Which sessions their agents were about to delete when their folders were last looked at. The days that an agent keeps its sessions do not tell
 * it of each: some are kept longer, some go at the next start.
 *
 * `unnamed_files` has the files of agents that only a record of a session would name, and none did when all of them were last read for it: as
 * long as such a file is what it was, only transcripts that have changed are.
 */
export const atRisk = `
CREATE TABLE at_risk (
  agent      TEXT    NOT NULL,
  root       TEXT    NOT NULL,
  session_id INTEGER NOT NULL,
  goes_at    TEXT    NOT NULL,
  PRIMARY KEY (agent, root, session_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE unnamed_files (
  path TEXT PRIMARY KEY,
  stat TEXT NOT NULL
) STRICT, WITHOUT ROWID;`;
