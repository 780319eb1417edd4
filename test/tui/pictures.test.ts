/** The pictures in the README and in `docs/` show what the program shows. */
import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FOLDER, pictures } from '../../scripts/pictures.ts';

const MADE = pictures();

test('there are dashboard, sessions, reader, wizard and data loss, light and dark, and no other', () => {
  expect(readdirSync(FOLDER).sort()).toEqual([
    'dashboard-dark.svg',
    'dashboard-light.svg',
    'data-loss-dark.svg',
    'data-loss-light.svg',
    'reader-dark.svg',
    'reader-light.svg',
    'sessions-dark.svg',
    'sessions-light.svg',
    'wizard-dark.svg',
    'wizard-light.svg',
  ]);
  expect([...MADE.keys()].sort()).toEqual(readdirSync(FOLDER).sort());
});

test.each([...MADE])('%s is what `bun run pictures` makes', (name, svg) => {
  expect(readFileSync(join(FOLDER, name), 'utf8')).toBe(svg);
});

test.each([...MADE])('%s has the words of its golden frame, and nothing that acts', (name, svg) => {
  const state = {
    dashboard: 'dashboard',
    wizard: 'sweep-pinned',
    'data-loss': 'loss-typed',
    sessions: 'sessions-marked',
    reader: 'reader-plain',
  }[name.replace(/-(light|dark)\.svg$/, '')];
  const golden = readFileSync(join(import.meta.dir, 'golden', `${state}.txt`), 'utf8');
  const [, first = ''] = golden.split(/^=== .*\n/m);
  const drawn = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text = '']) =>
    text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'),
  );
  expect(drawn.join(' ').replace(/\s+/g, '')).toBe(first.replace(/\s+/g, ''));
  expect(svg).not.toMatch(/<script|href|onload|url\(/);
});
