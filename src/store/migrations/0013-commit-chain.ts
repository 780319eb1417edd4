/**
 * Which commit of a machine's log was the last one that this store has written or read: its SHA-256 as it lies in the bucket, in hex; null:
 * not known. The next one says from which it goes on, and so one that was lost and written anew by another is told.
 */
export const commitChain = `
ALTER TABLE remote ADD COLUMN last TEXT;
ALTER TABLE remote_machines ADD COLUMN last TEXT;`;
