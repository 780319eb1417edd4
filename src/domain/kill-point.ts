/**
 * Named places where the torture build of the program can be made to die.
 * Promises: a release has none of them; the build drops every call (`scripts/build.ts`), arguments and all.
 * Never: kills by itself. Only `main.ts` can, and hands in how.
 */

type Hit = (name: string) => void;

let hit: Hit | null = null;

/** A place where a death must cost nothing. Named `<what>.<what has just happened>`. */
export function killPoint(name: string): void {
  hit?.(name);
}

/**
 * `onHit` is called at every point that is passed from now on; null: at none.
 * Named so that the build can drop it: a release cannot be armed.
 */
export function armKillPoints(onHit: Hit | null): void {
  hit = onHit;
}

/**
 * What kills at the `count`th time that a point is passed, from `name:count`, e.g. `ingest.flushed:2`; `*` stands for any
 * point. Null where the text is absent.
 */
export function killAt(text: string | undefined, kill: () => void): Hit | null {
  if (text === undefined) return null;
  const [wanted, count] = text.split(':');
  let left = Number(count ?? 1);
  return (name) => {
    if (wanted !== '*' && wanted !== name) return;
    left -= 1;
    if (left === 0) kill();
  };
}
