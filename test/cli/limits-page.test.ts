import { expect, test } from 'bun:test';
import { limitsPage } from '../../src/cli/limits-page.ts';
import { SETTING_KEYS, type SettingKey } from '../../src/cli/settings.ts';
import { widthOf } from '../../src/tui/paint.ts';

const PATH = '/home/me/.config/session-memory/config.toml';
const SETTINGS = {
  configPath: PATH,
  values: new Map<SettingKey, string | number>([
    ['raw_soft_cap_bytes', 4 * 1024 ** 3],
    ['raw_hard_cap_bytes', 6 * 1024 ** 3],
    ['raw_max_age_days', 'off'],
    ['distilled_cap_bytes', 1024 ** 3],
  ]),
  origins: {
    ...(Object.fromEntries(SETTING_KEYS.map((key) => [key, 'default'])) as Record<SettingKey, string>),
    raw_max_age_days: PATH,
    raw_soft_cap_bytes: '--soft-cap',
  },
};

test('each limit is told with its value, where it comes from and what it does', () => {
  const page = limitsPage(SETTINGS, true, 78).join('\n');
  expect(page).toContain('age limit  off  (the configuration)');
  expect(page).toContain('soft cap   4.0 GiB  (--soft-cap)');
  expect(page).toContain('hard cap   6.0 GiB  (default)');
  expect(page).toContain('digests    1.0 GiB  (default)');
  expect(page).toContain(`  ${PATH}\n    raw_max_age_days = 45\n    raw_soft_cap_bytes = "4GiB"`);
});

test('a configuration that is not there is said, with what makes it', () => {
  expect(limitsPage(SETTINGS, false, 78).join('\n')).toContain('config init');
  expect(limitsPage(SETTINGS, true, 78).join('\n')).not.toContain('config init');
});

test('all of it fits the narrowest window', () => {
  for (const text of limitsPage(SETTINGS, false, 58))
    expect([text, widthOf(text) <= 58]).toEqual([text, true]);
});
