/**
 * Keeps the list of all sessions, and the totals that are made of it, as the store is: loaded in pieces after the first frame, loaded
 * anew when the store has changed, filtered as a person types.
 */
import type { SearchResult } from '../store/search/search.ts';
import { Finder } from './finder.ts';
import type { Services } from './ports.ts';
import type { Event, Sessions } from './state.ts';
import { totalsOf } from './totals.ts';

/** A store that changes all the time must not make the list be read all the time. */
const RELOAD_MS = 2_000;
/** A load is followed by a pause of so many times its length. */
const REST_FACTOR = 20;
/** After the first frame, which comes first. */
const FIRST_LOAD_MS = 60;

export class Lister {
  readonly #services: Pick<Services, 'store' | 'clock' | 'limits'>;
  readonly #dispatch: (event: Event) => void;
  /** The list as it is shown; null: it is not. */
  readonly #sessions: () => Sessions | null;
  readonly #finder: Finder;
  readonly #failed: (thrown: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #loadTookMs = 0;
  #isLoading = false;
  /** By which filter the rows are that were shown last. */
  #shownBy = '';
  /** It has changed since it began to be read. */
  #isStale = false;

  constructor(
    services: Pick<Services, 'store' | 'clock' | 'limits'>,
    dispatch: (event: Event) => void,
    sessions: () => Sessions | null,
    failed: (thrown: unknown) => void,
  ) {
    this.#services = services;
    this.#dispatch = dispatch;
    this.#sessions = sessions;
    this.#failed = failed;
    this.#finder = new Finder(services.store);
  }

  /** What was loaded last is shown at once. */
  open(): void {
    const { catalogue } = this.#finder;
    if (catalogue === null) {
      if (!this.#isLoading) this.#async(() => this.#load());
      return;
    }
    this.#dispatch({ kind: 'catalogue', catalogue });
    this.#async(() => this.#finder.prepare());
    this.select();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#finder.forget();
  }

  #async(work: () => Promise<void>): void {
    void work().catch(this.#failed);
  }

  /** The list follows the store, however often that changes: at most every two seconds, and rested from. */
  soon(isFirst: boolean): void {
    const restMs = Math.max(RELOAD_MS, REST_FACTOR * this.#loadTookMs);
    this.#timer ??= setTimeout(
      () => {
        this.#timer = null;
        this.#async(() => this.#load());
      },
      isFirst ? FIRST_LOAD_MS : restMs,
    );
  }

  /** One at a time: a store that changes while it is read for long is read to the end, and once more. */
  async #load(): Promise<void> {
    if (this.#isLoading) {
      this.#isStale = true;
      return;
    }
    this.#isLoading = true;
    try {
      await this.#loadNow();
    } finally {
      this.#isLoading = false;
    }
    if (this.#isStale) this.soon(false);
    this.#isStale = false;
  }

  async #loadNow(): Promise<void> {
    const { clock, limits } = this.#services;
    const nowMs = Date.parse(clock.now());
    const beganMs = clock.monotonicMs();
    await this.#finder.load(nowMs, (catalogue) => {
      this.#dispatch({ kind: 'catalogue', catalogue });
      this.select();
      this.#dispatch({ kind: 'totals', totals: totalsOf(catalogue, limits, nowMs) });
    });
    this.#loadTookMs = clock.monotonicMs() - beganMs;
    if (this.#sessions() !== null) await this.#finder.prepare();
  }

  /** The index names sessions; the list knows them by the store's numbers. */
  searched(text: string, result: SearchResult): void {
    const byUid = new Map(result.hits.map((hit) => [hit.session.uid, hit]));
    this.#async(async () => {
      const numbered = await this.#services.store.numbers([...byUid.keys()]);
      const hits = new Map(
        numbered.flatMap(({ id, uid }) => {
          const hit = byUid.get(uid);
          return hit === undefined ? [] : [[id, hit] as const];
        }),
      );
      this.#dispatch({ kind: 'searched', found: { text, result, hits } });
    });
  }

  /** The list is still that of an older filter. */
  get isBehind(): boolean {
    const sessions = this.#sessions();
    return sessions !== null && sessions.catalogue !== null && sessions.typed !== this.#shownBy;
  }

  select(): void {
    const sessions = this.#sessions();
    if (sessions === null) return;
    const { typed, sort, reversed, found } = sessions;
    const wish = { typed, sort, reversed, hits: [...(found?.hits.keys() ?? [])] };
    this.#async(() =>
      this.#finder.select(wish, (shown, searched) => {
        this.#shownBy = typed;
        this.#dispatch({ kind: 'shown', shown, searched });
      }),
    );
  }
}
