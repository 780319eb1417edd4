/** Text that should be JSON and may be damaged, or anybody's. Pure. */

/** The value; undefined where the text is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
