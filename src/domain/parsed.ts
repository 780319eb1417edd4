/** JSON of which nobody vouches that it is JSON still. Pure. */

/** The value; undefined where the text is none: what a disk did to it stops nobody else. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
