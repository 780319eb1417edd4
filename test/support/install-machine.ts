/** A made-up home with made-up schedulers, for `install`: this machine's own are never called. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { installSchema } from '../../src/cli/schemas.unattended.ts';
import { Program } from './program.ts';

/** A home with some agents, and programs of schedulers that only note what they are asked. */
export class Machine extends Program {
  readonly bin = join(this.folder, 'bin');

  constructor(scheduler: 'systemd' | 'cron' | 'none') {
    super();
    mkdirSync(this.bin);
    const log = join(this.folder, 'asked');
    writeFileSync(log, '');
    if (scheduler === 'systemd') {
      this.program('systemctl', `echo systemctl "$@" >> ${log}`);
      this.program('loginctl', `echo Linger=no`);
    }
    const table = join(this.folder, 'crontab');
    if (scheduler === 'cron')
      this.program(
        'crontab',
        `echo crontab "$@" >> ${log}; if [ "$1" = -l ]; then [ -f ${table} ] || { echo no crontab for me >&2; exit 1; }; /bin/cat ${table}; else /bin/cat > ${table}; fi`,
      );
    this.env = { PATH: this.bin, USER: 'me' };
  }

  program(name: string, body: string): void {
    writeFileSync(join(this.bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(this.bin, name), 0o755);
  }

  asked(): string[] {
    return readFileSync(join(this.folder, 'asked'), 'utf8').trim().split('\n');
  }

  /** Without questions that change nothing. */
  told(): string[] {
    return this.asked().filter((call) => !/show-environment|is-active|is-enabled| -l$/.test(call));
  }

  text(relPath: string): string {
    return readFileSync(join(this.home, relPath), 'utf8');
  }

  /** Every file below the home, with its bytes, mode and where it leads. */
  tree(): Record<string, string> {
    const names = readdirSync(this.home, { recursive: true, encoding: 'utf8' }).sort();
    return Object.fromEntries(
      names.map((name) => {
        const stats = lstatSync(join(this.home, name));
        if (stats.isSymbolicLink()) return [name, `-> ${readlinkSync(join(this.home, name))}`];
        return [
          name,
          stats.isDirectory() ? 'folder' : `${(stats.mode & 0o777).toString(8)} ${this.text(name)}`,
        ];
      }),
    );
  }

  async json(...args: string[]) {
    return installSchema.parse((await this.run(...args, '--json')).json());
  }
}
