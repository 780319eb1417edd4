/**
 * The full-text index of the digests. One document a session: its rowid is the session's number.
 *
 * Contentless: the words are read off the digests, and the lines that are shown too. Each word goes in once a column, so that
 * the index is a third of the digests instead of half; words that must stand side by side are looked for in the digests of the
 * candidates. (`detail=column` would be smaller still, but without content its bm25 is always 0.) The program cuts the text
 * into words; `ascii` takes them as they come.
 *
 * `search_pending` names the sessions whose digests changed and whose documents did not yet. Only plain tables stand in the
 * triggers: an SQLite without FTS5, or before 3.43, opens and changes this store, and the next search catches up.
 */
const pending = (row: 'NEW' | 'OLD') =>
  `INSERT INTO search_pending (session_id) SELECT ${row}.session_id
     WHERE NOT EXISTS (SELECT 1 FROM search_pending WHERE session_id = ${row}.session_id);`;

/** The index itself, empty: a rebuild makes it again. The weights are those of title, prompts, answer, files, commands, errors, other. */
export const searchTables = `
CREATE VIRTUAL TABLE search USING fts5(title, prompts, answer, files, commands, errors, other,
  content='', contentless_delete=1, tokenize='ascii');
INSERT INTO search (search, rank) VALUES ('rank', 'bm25(8.0, 4.0, 2.0, 3.0, 2.0, 2.0, 1.0)');
CREATE VIRTUAL TABLE search_terms USING fts5vocab(search, row);
`;

export const search = `
${searchTables}
CREATE TABLE search_pending (session_id INTEGER PRIMARY KEY) STRICT;
INSERT INTO search_pending (session_id) SELECT DISTINCT session_id FROM digests;
CREATE TRIGGER digests_search_new AFTER INSERT ON digests BEGIN ${pending('NEW')} END;
CREATE TRIGGER digests_search_changed AFTER UPDATE OF json ON digests BEGIN ${pending('NEW')} END;
CREATE TRIGGER digests_search_gone AFTER DELETE ON digests BEGIN ${pending('OLD')} END;
`;
