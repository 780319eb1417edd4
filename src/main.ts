// The only file that touches process. For now it says its version.

declare const SESSION_MEMORY_BUILD: { version: string; commit: string } | undefined;

const build =
  typeof SESSION_MEMORY_BUILD === 'undefined' ? { version: '0.0.0', commit: 'source' } : SESSION_MEMORY_BUILD;
process.stdout.write(`session-memory ${build.version} (${build.commit})\n`);
