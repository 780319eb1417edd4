/**
 * Which places lie on a file system that may never answer: a share whose server is gone, a file system in user space.
 * A look at such a place can hold a thread for good, and nothing but a kill ends it. So the table of mounts is asked
 * first, which the system answers from memory, and links are followed by hand up to the edge of such a mount.
 * Promises: never enters one, save the one that this process was started for.
 */
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import type { AgentFormat } from '../domain/agent.ts';
import { onDisk } from './on-disk.ts';

/** File systems that answer from this machine's own disks or memory. Any other may wait for somebody. */
const LOCAL = new Set(
  (
    'ext2 ext3 ext4 xfs btrfs zfs tmpfs ramfs rootfs overlay aufs f2fs bcachefs jfs jfs2 reiserfs nilfs2 ubifs ' +
    'vfat exfat msdos ntfs ntfs3 hfs hfsplus iso9660 udf squashfs erofs devtmpfs proc sysfs'
  ).split(' '),
);

/** As many links as Linux follows in one path. */
const LINKS_MAX = 40;

export interface Mount {
  readonly point: string;
  readonly type: string;
}

/** Mounts by their points, of text in the form of Linux's `/proc/self/mountinfo`; of two on one point the later counts. */
export function mountsOf(text: string): Mount[] {
  const byPoint = new Map<string, Mount>();
  for (const line of text.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const point = before.split(' ')[4];
    const [type] = after.split(' ');
    if (point === undefined || type === undefined || type === '') continue;
    const plain = point.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)));
    byPoint.set(plain, { point: plain, type });
  }
  return [...byPoint.values()];
}

/** Where a path leads as far as that can be told without asking a mount that may not answer. */
export interface Lead {
  readonly path: string;
  /** The point of the mount that it leads to or into; null: none that may not answer. */
  readonly mount: string | null;
}

/** What was looked up, for one run: the table is read once, and each folder above the places once. */
export class Mounts {
  readonly #away: ReadonlySet<string>;
  /** By path: where a link leads, null for what is none, undefined for what is not there. */
  readonly #seen = new Map<string, string | null | undefined>();

  /** `home`: whoever has it on a share works there; were it gone, no program would run. */
  constructor(mounts: readonly Mount[], home: string) {
    const away = mounts.filter(({ type }) => !LOCAL.has(type)).map(({ point }) => point);
    this.#away = new Set(away.filter((point) => !isPseudo(point)));
    if (this.#away.size === 0) return;
    const ofHome = this.leadOf(home).mount;
    if (ofHome !== null) this.#away = new Set([...this.#away].filter((point) => point !== ofHome));
  }

  /** Nothing here may fail to answer, as on most machines: nothing need be looked up. */
  get isEmpty(): boolean {
    return this.#away.size === 0;
  }

  leadOf(path: string): Lead {
    const whole = resolve(path);
    if (this.#away.size === 0) return { path: whole, mount: null };
    let rest = whole.split(sep).slice(1);
    let at = '';
    for (let links = 0; rest.length > 0 && links <= LINKS_MAX; ) {
      const [part = '', ...others] = rest;
      const next = `${at}${sep}${part}`;
      const lead = { path: [next, ...others].join(sep), mount: next };
      if (this.#away.has(next)) return lead;
      const target = this.#targetOf(next);
      if (target === undefined) return { ...lead, mount: null };
      if (target === null) {
        at = next;
        rest = others;
        continue;
      }
      links += 1;
      rest = [
        ...resolve(at === '' ? sep : at, target)
          .split(sep)
          .slice(1),
        ...others,
      ];
      at = '';
    }
    // A link that leads to itself leads nowhere: not to the top, where all mounts are.
    return { path: rest.length > 0 ? whole : at === '' ? sep : at, mount: null };
  }

  /** The same for a folder with all below it. */
  leadBelow(path: string): Lead {
    const lead = this.leadOf(path);
    if (lead.mount !== null) return lead;
    const before = lead.path.endsWith(sep) ? lead.path : lead.path + sep;
    const below = [...this.#away].find((point) => point.startsWith(before));
    return below === undefined ? lead : { path: lead.path, mount: below };
  }

  #targetOf(path: string): string | null | undefined {
    if (this.#seen.has(path)) return this.#seen.get(path);
    const target = readTarget(path);
    this.#seen.set(path, target);
    return target;
  }
}

function readTarget(path: string): string | null | undefined {
  try {
    const stats = lstatSync(onDisk(path), { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    return stats.isSymbolicLink() ? readlinkSync(onDisk(path)) : null;
  } catch {
    // Too long, a file in a folder's place, nobody may look: nothing is behind it for us.
    return undefined;
  }
}

/** The kernel's own: no transcript lies there. */
function isPseudo(point: string): boolean {
  return /^\/(?:proc|sys|dev)(?:\/|$)/.test(point);
}

let view: Mounts | null = null;
/** The mount that this process was started to look at, and may be left for. */
let visited: string | null = null;

let isWatched = false;

/** From here on the mounts are those of now. */
export function refreshMounts(): void {
  if (!isWatched) view = null;
}

/** From here on this process looks at that mount, and at no other one that may not answer. */
export function visit(mount: string): void {
  visited = mount;
  refreshMounts();
}

function mounts(): Mounts {
  view ??= new Mounts(readMounts(), homedir());
  return view;
}

/** Only Linux has such a table as a file; elsewhere every place is asked directly. */
function readMounts(): Mount[] {
  try {
    return mountsOf(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    // No Linux, or no /proc.
    return [];
  }
}

/** The mount that a path leads to and that this process must not wait for; null: it may look. */
export function awayMount(path: string): string | null {
  const leads = mounts();
  if (leads.isEmpty) return null;
  const { mount } = leads.leadOf(path);
  return mount === visited ? null : mount;
}

/** Which mount that may not answer an agent's root leads to, by itself or by a folder that is walked in it. */
export function mountOfRoot(
  agent: Pick<AgentFormat, 'folders' | 'flatFolders'>,
  root: string,
): string | null {
  const leads = mounts();
  if (leads.isEmpty) return null;
  const own = leads.leadOf(root).mount;
  if (own !== null) return own;
  for (const folder of agent.folders) {
    const { mount } = leads.leadBelow(join(root, folder));
    if (mount !== null) return mount;
  }
  for (const pattern of agent.flatFolders ?? []) {
    const [fixed = ''] = pattern.split('*');
    const isFixed = fixed === pattern;
    const place = join(root, isFixed ? fixed : dirname(`${fixed}x`));
    const { mount } = isFixed ? leads.leadOf(place) : leads.leadBelow(place);
    if (mount !== null) return mount;
  }
  return null;
}

/** Whether no place on this machine may fail to answer. */
export function allAnswer(): boolean {
  return mounts().isEmpty;
}

/** Which mount that may not answer a named path leads to, or has below it. */
export function mountOfPath(path: string): string | null {
  return mounts().leadBelow(path).mount;
}

/** From here on this process looks anywhere: whoever started it watches, and leaves it where nothing moves. */
export function lookAnywhere(): void {
  view = new Mounts([], homedir());
  isWatched = true;
}

/** Whether this process was started to look at one mount, and at nothing else. */
export function isVisit(): boolean {
  return visited !== null;
}

/** Whether this process looks at what lies on such a mount (`null`: on none). */
export function mayLook(mount: string | null): boolean {
  return mount === visited;
}
