/**
 * A clock that was wrong when a session was analyzed leaves no place in the order of eviction behind. Only by an event that says so
 * may `analyzed_at` be another one while the session stays what it is; whether a clock was wrong, `store/clock.ts` tells.
 */
/** The last event of the log gives the session, as it stands, this time. */
const isRetimed = `EXISTS (SELECT 1 FROM events e WHERE e.id = (SELECT max(id) FROM events) AND e.kind = 'retimed'
  AND e.session_id = OLD.id AND e.generation = OLD.raw_generation AND e.at = NEW.analyzed_at)`;

export const clock = `
DROP TRIGGER sessions_analyzed_once;
CREATE TRIGGER sessions_analyzed_once BEFORE UPDATE OF analyzed_at ON sessions
WHEN OLD.analyzed_at IS NOT NULL AND NEW.analyzed_at IS NOT OLD.analyzed_at
  AND NOT (NEW.analyzed_at IS NULL AND (NEW.raw_generation > OLD.raw_generation
    OR EXISTS (SELECT 1 FROM forgotten WHERE id = OLD.id)))
  AND NOT ${isRetimed}
BEGIN SELECT RAISE(ABORT, 'refused: analyzed_at stays until the session grows'); END;`;
