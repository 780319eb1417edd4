/**
 * Which sessions their agents were about to delete when their folders were last looked at. The days that an agent keeps its sessions do not tell
 * it of each: some are kept longer, some go at the next start.
 */
export const atRisk = `
CREATE TABLE at_risk (
  agent      TEXT    NOT NULL,
  root       TEXT    NOT NULL,
  session_id INTEGER NOT NULL,
  goes_at    TEXT    NOT NULL,
  PRIMARY KEY (agent, root, session_id)
) STRICT, WITHOUT ROWID;`;
