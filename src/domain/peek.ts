/** What is told of a session before any analysis. */
import type { Iso } from './time.ts';

/** What the first and the last bytes of a transcript tell, before any analysis. */
export interface Peek {
  readonly nativeId: string | null;
  readonly project: string | null;
  readonly branch: string | null;
  readonly title: string | null;
  readonly startedAt: Iso | null;
  readonly endedAt: Iso | null;
  readonly parentNativeId: string | null;
}
