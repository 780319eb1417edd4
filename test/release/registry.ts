/** A package registry on loopback, with the npm packages of a release; it remembers which were downloaded. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

interface Manifest {
  readonly name: string;
  readonly version: string;
}

export class Registry implements AsyncDisposable {
  readonly #folder: string;
  readonly #byName = new Map<string, { manifest: Manifest; file: string }>();
  readonly #server: Bun.Server<undefined>;
  /** Names of tarballs, as they were asked for. */
  readonly downloaded: string[] = [];

  /** `folder`: of tarballs. */
  constructor(folder: string) {
    this.#folder = folder;
    for (const file of readdirSync(folder)) {
      const manifest = manifestOf(readFileSync(join(folder, file)));
      this.#byName.set(manifest.name, { manifest, file });
    }
    this.#server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: (request) => this.#answer(request) });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/`;
  }

  manifest(name: string): Manifest & Record<string, unknown> {
    const found = this.#byName.get(name);
    if (found === undefined) throw new Error(`no package ${name}`);
    return { ...found.manifest };
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  #answer(request: Request): Response {
    const path = decodeURIComponent(new URL(request.url).pathname.slice(1));
    if (path.startsWith('tarballs/')) {
      const file = path.slice('tarballs/'.length);
      this.downloaded.push(file);
      return new Response(Bun.file(join(this.#folder, file)));
    }
    const found = this.#byName.get(path);
    if (found === undefined) return new Response('{}', { status: 404 });
    const { manifest, file } = found;
    const bytes = readFileSync(join(this.#folder, file));
    const dist = {
      tarball: `${this.url}tarballs/${file}`,
      integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    };
    return Response.json({
      name: manifest.name,
      'dist-tags': { latest: manifest.version },
      versions: { [manifest.version]: { ...manifest, dist } },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

/** It comes first in the tarballs that a release makes; the others are a hundred megabytes behind it. */
function manifestOf(tarball: Uint8Array): Manifest {
  const tar = gunzipSync(tarball);
  if (!tar.subarray(0, 100).toString('latin1').startsWith('package/package.json\0'))
    throw new Error('package.json is not the first file');
  const bytes = Number.parseInt(tar.subarray(124, 135).toString('latin1'), 8);
  return JSON.parse(tar.subarray(512, 512 + bytes).toString('utf8'));
}
