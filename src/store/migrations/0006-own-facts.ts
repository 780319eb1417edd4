/**
 * What a session's facts hang on.
 *
 * `sources.held`: which version of a file a path held all of when it was last looked at. A path that held only a part of it, or an
 * earlier one, may not put its own bytes in the place of the stored ones, however long they are. Null, of a store before: it is told by
 * length.
 *
 * `sessions.later_at`: the first time in a transcript that lay too far ahead to count when it was read. Where the clock was behind, it
 * counts later, and the session's times are told again.
 */
export const ownFacts = `
ALTER TABLE sources ADD COLUMN held TEXT;
ALTER TABLE sessions ADD COLUMN later_at TEXT;
CREATE INDEX sessions_by_later_time ON sessions (later_at) WHERE later_at IS NOT NULL AND evicted_at IS NULL;`;
