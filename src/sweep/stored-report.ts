/** Reports as the store keeps them: of any program that ever swept it, so that one may lack what was added since. Pure. */
import { parsedJson } from '../domain/parsed.ts';
import { evictedLists, type Report } from './report.ts';

/** A pass that the program of then did not have has evicted nobody. Null where there is no report, or a damaged one. */
export function storedReport(json: string | null): Report | null {
  const told = json === null ? null : parsedJson(json);
  return typeof told === 'object' && told !== null
    ? ({ ...evictedLists(() => []), ...told } as Report)
    : null;
}
