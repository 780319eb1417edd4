/**
 * What Codex's own settings say of our hooks: it runs one only after a person has trusted it, and notes that in `config.toml`. Pure.
 * Never: writes there; trust is the person's to give. Whether a trusted hash is still that of the entry, only Codex can tell.
 */
import { parse } from 'smol-toml';
import type { IsOwn } from './own-call.ts';

export type CodexTrust = 'trusted' | 'untrusted' | 'off' | 'unknown';

/** `hooksPath`: the file of hooks as Codex names it, its whole path; `hooks`: its text. `config`: null where there is none. */
export function codexTrust(
  config: string | null,
  hooksPath: string,
  hooks: string,
  isOwn: IsOwn,
): CodexTrust {
  let settings: unknown;
  let places: string[];
  try {
    settings = parse((config ?? '').replace(/^\ufeff/, ''));
    places = ownPlaces(JSON.parse(hooks), isOwn);
  } catch {
    return 'unknown';
  }
  const features = at(settings, 'features');
  // The second name is that of versions in which hooks were still tried out.
  if (at(features, 'hooks') === false || at(features, 'codex_hooks') === false) return 'off';
  if (places.length === 0) return 'unknown';
  const states = places.map((place) => at(at(at(settings, 'hooks'), 'state'), `${hooksPath}:${place}`));
  if (states.some((state) => at(state, 'enabled') === false)) return 'off';
  return states.every((state) => typeof at(state, 'trusted_hash') === 'string') ? 'trusted' : 'untrusted';
}

/** `session_end:0:1`: the event, the group and the hook in it, counted from 0. */
function ownPlaces(file: unknown, isOwn: IsOwn): string[] {
  return Object.entries(asObject(at(file, 'hooks'))).flatMap(([event, groups]) =>
    asList(groups).flatMap((group, g) =>
      asList(at(group, 'hooks')).flatMap((hook, h) => (isOwn(hook) ? [`${snake(event)}:${g}:${h}`] : [])),
    ),
  );
}

function snake(event: string): string {
  return event.replace(/(?<=[a-z])[A-Z]/g, '_$&').toLowerCase();
}

function at(value: unknown, key: string): unknown {
  return Object.hasOwn(asObject(value), key) ? asObject(value)[key] : undefined;
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
