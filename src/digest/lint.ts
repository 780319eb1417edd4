/**
 * The rules of secretlint's recommended preset, run by ourselves.
 * Promises: every rule that scans sees the whole content that it is asked about.
 * Never: obeys a `secretlint-disable` that stands in the content, which is a transcript and no configuration; keeps a
 * mark of each run, as secretlint's own core does for its profiler; reads the file system.
 */
import type { creator as Preset } from '@secretlint/secretlint-rule-preset-recommend';
import type { Finding } from './secrets/rules.ts';

/** A rule of theirs as ours are asked. */
export interface LintRule {
  readonly hints: readonly string[];
  readonly find: (content: string) => Promise<readonly Finding[]>;
}

type PresetContext = Parameters<(typeof Preset)['create']>[0];
type Rule = Parameters<PresetContext['registerRule']>[0];
type RuleContext = Parameters<Rule['create']>[0];
type SourceCode = Parameters<NonNullable<ReturnType<Rule['create']>['file']>>[0];

const NOWHERE = { line: 1, column: 0 };
/** They take a whole address for its password, one of a template as well; our own rules know the password. */
const LEFT_OUT: ReadonlySet<string> = new Set(['basicauth', 'database-connection-string']);
/** What each rule's findings hold, in lower case: most texts have none of it. A rule that is not named here always runs. */
export const LINT_HINTS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    aws: 'akia a3t agpa aida aroa aipa anpa anva asia secret account',
    gcp: 'private',
    privatekey: 'private',
    npm: 'npm_ _authtoken x-oauth-basic',
    slack: 'xoxb- xoxp- xapp- xoxa- xoxo- xoxr- hooks.slack.com',
    sendgrid: 'sg.',
    shopify: 'shppa_ shpca_ shpat_ shpss_',
    stripe: 'sk_live_ sk_test_ rk_live_ rk_test_',
    github: 'ghp_ gho_ ghu_ ghs_ ghr_ github_pat_',
    gitlab: 'glpat-',
    grafana: 'glc_ glsa_',
    openai: 'sk-',
    anthropic: 'sk-ant-',
    groq: 'gsk_',
    huggingface: 'hf_',
    linear: 'lin_',
    notion: 'ntn_',
    '1password': 'ops_',
    'hashicorp-vault': 'hvs. hvb. hvr.',
    vercel: 'vcp_ vci_ vca_ vcr_ vck_',
    databricks: 'dapi',
    docker: 'dckr_',
    figma: 'figd_',
    cloudflare: 'cfk_ cfut_ cfat_',
    tailscale: 'tskey-',
  }).map(([rule, hints]) => [rule, hints.split(' ')]),
);
let loaded: Promise<readonly LintRule[]> | null = null;

/** Loads the rules once: they cost a plain command 5 ms that it does not need. */
export function loadLint(): Promise<readonly LintRule[]> {
  loaded ??= lintRules();
  return loaded;
}

async function lintRules(): Promise<readonly LintRule[]> {
  const { creator } = await import('@secretlint/secretlint-rule-preset-recommend');
  const rules: LintRule[] = [];
  creator.create(
    {
      sharedOptions: {},
      registerRule(rule, defaults) {
        // The one filter of the preset is what listens to `secretlint-disable`.
        if (rule.meta.type === 'filter' || defaults?.disabled) return;
        const kind = rule.meta.id.replace(/^.*secretlint-rule-/, '');
        if (LEFT_OUT.has(kind)) return;
        let findings: Finding[] = [];
        const context = contextOf(({ range }) => findings.push({ start: range[0], end: range[1], kind }));
        // Each rule fills in its own defaults where an option is absent.
        const handler = rule.create(context, Object.create(null));
        rules.push({
          hints: LINT_HINTS.get(kind) ?? [],
          find: async (content) => {
            findings = [];
            await handler.file?.(sourceOf(content));
            return findings;
          },
        });
      },
    },
    {},
  );
  return rules;
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
