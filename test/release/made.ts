/** A small release, whose programs are scripts: it is put together as a real one is. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble } from '../../scripts/releasing/assemble.ts';
import { papersFrom } from '../../scripts/releasing/papers.ts';
import { TARGETS, type Target } from '../../scripts/releasing/targets.ts';

export const VERSION = '1.2.3';

/** This machine's; undefined where nothing is released for it. `process.report` names glibc only where it is what runs. */
export function targetHere(): Target | undefined {
  const report = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  const musl = report.header.glibcVersionRuntime === undefined;
  return TARGETS.find(
    ({ os, cpu, libc }) =>
      os === process.platform && cpu === process.arch && (libc === undefined || (libc === 'musl') === musl),
  );
}

/** Says its version, or ends as it is told; `wait` says which signals come. */
export const SCRIPT = `#!/bin/sh
case $1 in
  --version) echo "session-memory ${VERSION} (test)" ;;
  exit) exit "$2" ;;
  die) kill -s "$2" $$ ;;
  words) shift; for word; do printf '<%s>' "$word"; done ;;
  wait) exec node -e '
    // Node takes each signal by itself, where a shell makes one of two; one that came just before is seen before the end.
    process.on("SIGINT", () => console.log("INT"));
    process.on("SIGTERM", () => (console.log("TERM"), setImmediate(() => process.exit(7))));
    process.on("SIGHUP", () => (console.log("HUP"), process.exit(8)));
    process.stdin.on("data", () => console.log("heard"));
    setInterval(() => {}, 1000);
    console.log("ready");' ;;
  *) echo "printed for $*" ;;
esac
`;

export class Made implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'session-memory-release-'));
  readonly out: string;

  /** `out`: where it goes; otherwise into a folder of its own, which goes with it. */
  constructor(out?: string) {
    this.out = out ?? join(this.folder, 'out');
  }

  /** `programs`: what stands in place of the script. */
  async make(programs: (target: Target) => Uint8Array = () => Buffer.from(SCRIPT)): Promise<this> {
    const stub = join(this.folder, 'stub');
    writeFileSync(stub, SCRIPT);
    chmodSync(stub, 0o755);
    mkdirSync(this.out, { recursive: true });
    await assemble(this.out, {
      version: VERSION,
      commit: '0123456789ab',
      time: new Date(1_700_000_000_000),
      targets: TARGETS,
      level: 1,
      papers: papersFrom(stub),
      program: async (target) => programs(target),
    });
    return this;
  }

  /** Paths of all files, in order. */
  files(): string[] {
    return readdirSync(this.out, { recursive: true, encoding: 'utf8' })
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => statSync(join(this.out, path)).isFile())
      .sort();
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
