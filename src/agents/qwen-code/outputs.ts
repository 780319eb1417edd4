/**
 * What Qwen Code's tools spill: `tmp/<hash of the project>/<tool>_<id>.output` and `tmp/<hash>/tool-results/<call>.txt`, named by the record of
 * the call. It may delete the latter after a day.
 * Promises: pure.
 */
import { type NamedFiles, unquoted } from '../../domain/named.ts';

export const OUTPUT = /^tmp\/[0-9a-f]{64}\/(?:[\w-][\w.-]*\.output|tool-results\/[\w-][\w.-]*\.txt)$/;

export const qwenOutputs: NamedFiles = {
  // A list of paths, and the sentences that the model is told.
  marks: ['"outputFiles"', 'output has been saved to: ', 'output saved to: '],
  placesIn: (behind) => {
    const list = /^\s*:\s*\[([^\]]*)\]/s.exec(behind)?.[1];
    // A line break within JSON is two signs.
    const told = [`"${/^[^"\n]*?(?=\\n|\n|"|$)/.exec(behind)?.[0] ?? ''}"`];
    const quoted = list === undefined ? told : (list.match(/"(?:[^"\\]|\\.)*"/gs) ?? []);
    return quoted.flatMap((json) => {
      const path = (unquoted(json) ?? '').replaceAll('\\', '/');
      const place = /(?:^|\/)(tmp\/[^/]+\/(?:tool-results\/)?[^/]+)$/.exec(path)?.[1];
      return place !== undefined && OUTPUT.test(place) ? [place] : [];
    });
  },
};
