/**
 * Every digest is to be indexed once more: documents now hold the stems of English words and the parts of names too.
 *
 * What the index holds so far stays as it is and is found as before, by whole words, until each document is replaced: no search
 * waits for all of them, and a store of 100,000 sessions opens as quickly as ever.
 */
export const searchStems = `
INSERT OR IGNORE INTO search_pending (session_id) SELECT DISTINCT session_id FROM digests;`;
