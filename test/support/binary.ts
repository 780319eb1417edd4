/** The built program, for tests that need it and not the source; where it is not built that is said. */
export const BINARY = Bun.env['SESSION_MEMORY_BIN'];
if (BINARY === undefined)
  console.log('skipped: what needs the built program (SESSION_MEMORY_BIN; ./scripts/test sets it)');
