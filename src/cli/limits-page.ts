/** The limits that sweeps go by, where each comes from, and how it is changed: a page of the screens. Pure. */
import type { Settings } from './config.ts';
import { formatBytes, wrapIndented } from './format.ts';
import { SETTINGS, type SettingKey } from './settings.ts';

interface LimitTold {
  readonly key: SettingKey;
  readonly name: string;
  /** What a sweep makes of it. */
  readonly does: string;
}

const LIMITS: readonly LimitTold[] = [
  {
    key: 'raw_max_age_days',
    name: 'age limit',
    does: 'The backstop pass evicts what is analyzed and was last used longer ago.',
  },
  {
    key: 'raw_soft_cap_bytes',
    name: 'soft cap',
    does: 'Above it the budget pass evicts what is analyzed, the oldest first, down to it.',
  },
  {
    key: 'raw_hard_cap_bytes',
    name: 'hard cap',
    does: 'Above it the overflow analyzes what has no digest, evicts that, and asks before anything is lost.',
  },
  {
    key: 'distilled_cap_bytes',
    name: 'digests',
    does: 'Digests above it are told of; none is ever dropped.',
  },
];

/** `isThere`: the configuration file. */
export function limitsPage(
  { values, origins, configPath }: Pick<Settings, 'values' | 'origins' | 'configPath'>,
  isThere: boolean,
  columns: number,
): string[] {
  const amountOf = (key: SettingKey) => {
    const value = values.get(key) ?? null;
    if (key.endsWith('_bytes')) return formatBytes(Number(value));
    return value === 'off' ? 'off' : `${value} days`;
  };
  const under = (text: string) => wrapIndented(`${' '.repeat(13)}${text}`, columns);
  return [
    'In force',
    ...LIMITS.flatMap(({ key, name, does }) => [
      `  ${name.padEnd(11)}${amountOf(key)}  (${origins[key] === configPath ? 'the configuration' : origins[key]})`,
      ...under(does),
    ]),
    '',
    'To change one for good',
    ...wrapIndented(
      isThere
        ? '  Set it in the configuration, then start the screens again:'
        : '  `session-memory config init` writes the configuration, which is not there yet; set it there, then start the screens again:',
      columns,
    ),
    `  ${configPath}`,
    ...LIMITS.map(
      ({ key }) => `    ${SETTINGS.find((one) => one.key === key)?.line.replace(/ +#.*/, '') ?? key}`,
    ),
    '',
    'For one sweep, or only to look',
    '  session-memory sweep --max-age-days 90',
    '  session-memory sweep --soft-cap 8GiB --hard-cap 12GiB',
    '  session-memory sweep --dry-run --max-age-days off',
    '',
    ...wrapIndented('What must stay whatever the limits are is pinned: p in the list of sessions.', columns),
  ];
}
