/**
 * Which version of a file a path held all of when it was last looked at. A path that held only a part of it, or an earlier one, may
 * not put its own bytes in the place of the stored ones, however long they are. Null, of a store before: it is told by length.
 */
export const held = `
ALTER TABLE sources ADD COLUMN held TEXT;`;
