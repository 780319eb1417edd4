/** Random choices that follow from a seed alone, and bytes that do not compress. */

export interface Random {
  /** From 0 up to, not including, `below`. */
  below(below: number): number;
  pick<T>(list: readonly T[]): T;
}

/** Source: "Mulberry32", Tommy Ettinger, public domain. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    pick: (list) => {
      const picked = list[below(list.length)];
      if (picked === undefined) throw new Error('nothing to pick from');
      return picked;
    },
  };
}

/** Text that compresses to three quarters at best, the same at each run. */
export function noiseOf(seed: number | string, bytes: number): string {
  const parts = Array.from({ length: Math.ceil(bytes / 43) }, (_, i) =>
    new Bun.CryptoHasher('sha256').update(`${seed} ${i}`).digest('base64'),
  );
  return parts.join('').slice(0, bytes);
}
