/**
 * What tools of opencode and Kilo spill: `tool-output/tool_<id>`, named by the part of the call. They delete such a file after seven days.
 * Promises: pure.
 */
import type { NamedFiles } from '../../domain/named.ts';

export const OUTPUT = /^tool-output\/tool_\w+$/;

export const spilledOutputs: NamedFiles = {
  // A part is JSON within the JSON of its row.
  marks: ['outputPath'],
  placesIn: (behind) => {
    const path = /^\\*"\s*:\s*\\*"([^"]*?)\\*"/s.exec(behind)?.[1] ?? '';
    const place = /(?:^|\/)(tool-output\/[^/]+)$/.exec(path.replace(/\\+/g, '/'))?.[1];
    return place !== undefined && OUTPUT.test(place) ? [place] : [];
  },
};
