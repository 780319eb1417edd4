/** Two sessions of one id, by hand: each is named, shown, and put back as its agent knows it. */
import { expect, test } from 'bun:test';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Home } from '../support/home.ts';

const ID = '81111111-1111-4111-8111-111111111111';
const talk = (text: string, cwd: string) => promptLine(ID, text).replace('/home/me/project', cwd);

async function uids(home: Home): Promise<string[]> {
  const { sessions } = schemas.listSchema.parse(JSON.parse((await home.run(['list', '--json'])).out));
  return sessions.map(({ session_uid }) => session_uid).sort();
}

test('each is named by its id with its mark, and a plain id means the one that has it', async () => {
  using home = new Home();
  home.write(claudePath(ID, '-srv-kiln'), talk('fire the kiln', '/srv/kiln'));
  home.write(claudePath(ID, '-srv-orchard'), talk('prune the trees', '/srv/orchard'));
  expect((await home.run(['ingest'])).code).toBe(0);
  const [plain = '', twin = ''] = await uids(home);
  const [idOfPlain, idOfTwin] = [plain, twin].map((uid) => uid.slice('claude-code:'.length));
  expect(idOfPlain).toBe(ID);
  expect(idOfTwin).toMatch(new RegExp(`^${ID}\\.[0-9a-f]{8}$`));
  const raw = async (name: string) => (await home.run(['show', name, '--raw'])).bytes.toString();
  const texts = [await raw(ID), await raw(idOfTwin ?? '')];
  expect(texts.map((text) => /fire the kiln|prune the trees/.exec(text)?.[0]).sort()).toEqual([
    'fire the kiln',
    'prune the trees',
  ]);
  expect(await raw((idOfTwin ?? '').slice(0, -2)), 'the beginning of a mark will do').toBe(texts[1] ?? '');
  expect((await home.run(['complete', '--', 'show', (idOfTwin ?? '').slice(0, -4)])).out).toContain(
    idOfTwin ?? '',
  );
});

test('each is put back under the id that its agent knows, in its own project', async () => {
  using home = new Home();
  const places = [claudePath(ID, '-srv-kiln'), claudePath(ID, '-srv-orchard')].map((path) =>
    join(home.path, path),
  );
  home.write(claudePath(ID, '-srv-kiln'), talk('fire the kiln', '/srv/kiln'));
  home.write(claudePath(ID, '-srv-orchard'), talk('prune the trees', '/srv/orchard'));
  await home.run(['ingest']);
  const before = places.map((path) => readFileSync(path, 'utf8'));
  for (const path of places) rmSync(path);
  for (const uid of await uids(home)) {
    const { code, out } = await home.run(['restore', uid, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out).resume.argv).toEqual(['claude', '--resume', ID]);
  }
  expect(places.map((path) => readFileSync(path, 'utf8'))).toEqual(before);
});

test('where both would lie at one place, the twin is put back beside the other', async () => {
  using home = new Home();
  home.write(claudePath(ID, '-srv-kiln'), talk('fire the kiln', '/srv/kiln'));
  home.write(claudePath(`${ID} (conflicted copy)`, '-srv-kiln'), talk('something else', '/srv/kiln'));
  await home.run(['ingest']);
  const to = join(home.path, 'to');
  expect((await home.run(['restore', '--all', '--to', to])).code).toBe(0);
  const [plain = '', twin = ''] = await uids(home);
  const at = (uid: string) => join(to, 'projects/-srv-kiln', `${uid.slice('claude-code:'.length)}.jsonl`);
  expect(readFileSync(at(plain), 'utf8')).toContain('fire the kiln');
  expect(existsSync(at(twin)) && readFileSync(at(twin), 'utf8')).toContain('something else');
});
