/**
 * The rules of secretlint's recommended preset, run by ourselves.
 * Promises: every rule that scans sees the whole content; findings in order of where they begin.
 * Never: obeys a `secretlint-disable` that stands in the content, which is a transcript and no configuration; keeps a
 * mark of each run, as secretlint's own core does for its profiler; reads the file system.
 */
import type { creator as Preset } from '@secretlint/secretlint-rule-preset-recommend';

/** Where a secret stands, in UTF-16 units of the content, and what it is. */
export interface Finding {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
}

export type Lint = (content: string) => Promise<readonly Finding[]>;

type PresetContext = Parameters<(typeof Preset)['create']>[0];
type Rule = Parameters<PresetContext['registerRule']>[0];
type RuleContext = Parameters<Rule['create']>[0];
type Handler = ReturnType<Rule['create']>;
type SourceCode = Parameters<NonNullable<Handler['file']>>[0];

const NOWHERE = { line: 1, column: 0 };
let loaded: Promise<Lint> | null = null;

/** Loads the rules once: they cost a plain command 5 ms that it does not need. */
export function loadLint(): Promise<Lint> {
  loaded ??= makeLint();
  return loaded;
}

async function makeLint(): Promise<Lint> {
  const { creator } = await import('@secretlint/secretlint-rule-preset-recommend');
  const handlers: { readonly handler: Handler; readonly use: (report: Finding[]) => void }[] = [];
  creator.create(
    {
      sharedOptions: {},
      registerRule(rule, defaults) {
        // The one filter of the preset is what listens to `secretlint-disable`.
        if (rule.meta.type === 'filter' || defaults?.disabled) return;
        const kind = rule.meta.id.replace(/^.*secretlint-rule-/, '');
        let findings: Finding[] = [];
        const context = contextOf(({ range }) => findings.push({ start: range[0], end: range[1], kind }));
        // Each rule fills in its own defaults where an option is absent.
        const handler = rule.create(context, Object.create(null));
        handlers.push({
          handler,
          use: (report) => {
            findings = report;
          },
        });
      },
    },
    {},
  );
  return async (content) => {
    const findings: Finding[] = [];
    const source = sourceOf(content);
    for (const { handler, use } of handlers) {
      use(findings);
      await handler.file?.(source);
    }
    return findings.sort((a, b) => a.start - b.start || b.end - a.end);
  };
}

function contextOf(report: RuleContext['report']): RuleContext {
  return {
    sharedOptions: {},
    // What a rule would say to a person is not needed; the kind is.
    createTranslator: () => (messageId, data) => ({ message: '', messageId: String(messageId), data }),
    report,
    ignore: () => undefined,
  };
}

/** A text without a file: rules that look at names or lines find none. */
function sourceOf(content: string): SourceCode {
  return {
    hasBOM: false,
    content,
    filePath: undefined,
    physicalFilePath: undefined,
    contentType: 'text',
    ext: '.txt',
    getFilePath: () => undefined,
    getPhysicalFilePath: () => undefined,
    locationToRange: () => [0, content.length],
    rangeToLocation: () => ({ start: NOWHERE, end: NOWHERE }),
    positionToIndex: () => 0,
    indexToPosition: () => NOWHERE,
  };
}
