/**
 * What a program that nobody watches has to remember: how the last analysis of a session went, what its runs did, and when
 * an agent last called it.
 *
 * `analyses` has a row for each session whose analysis failed, and for each whose summary an external analyzer made; a row
 * without failures says by which. `tried_at` is empty in rows of failures from before this version: those are tried at once.
 * `runs` has a row a run, but one for all runs in a row that did nothing and ended alike.
 */
export const unattended = `
CREATE TABLE analyses (
  session_id INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  failures   INTEGER NOT NULL CHECK (failures >= 0),
  tried_at   TEXT    NOT NULL,
  analyzer   TEXT    NOT NULL,
  program    TEXT    NOT NULL
) STRICT;
CREATE INDEX analyses_failed ON analyses (session_id) WHERE failures > 0;
INSERT INTO analyses SELECT id, raw_generation, 1, '', '', '' FROM sessions
  WHERE analyze_error IS NOT NULL AND analyzed_at IS NULL AND evicted_at IS NULL;
CREATE TRIGGER analyses_evicted AFTER UPDATE OF evicted_at ON sessions
WHEN NEW.evicted_at IS NOT NULL AND OLD.evicted_at IS NULL
BEGIN DELETE FROM analyses WHERE session_id = NEW.id; END;
CREATE TABLE runs (
  id          INTEGER PRIMARY KEY,
  command     TEXT    NOT NULL,
  first_at    TEXT    NOT NULL,
  started_at  TEXT    NOT NULL,
  finished_at TEXT,
  times       INTEGER NOT NULL CHECK (times > 0),
  exit_code   INTEGER,
  had_effect  INTEGER NOT NULL CHECK (had_effect IN (0, 1)),
  problems    TEXT    NOT NULL
) STRICT;
CREATE TABLE hook_calls (
  agent    TEXT PRIMARY KEY,
  event    TEXT NOT NULL,
  fired_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;`;
