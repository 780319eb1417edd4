/** Reports as the store keeps them: of any program that ever swept it, so that one may lack what was added since. Pure. */
import { evictedLists, type Report } from './report.ts';

/** A pass that the program of then did not have has evicted nobody. */
export function storedReport(json: string): Report {
  return { ...evictedLists(() => []), ...JSON.parse(json) };
}
