/** A digest that rotted on the disk lets nothing go: the raw bytes stay, and it is made anew of them. */
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import * as schemas from '../../src/cli/schemas.ts';
import { Home, id, uid } from '../support/home.ts';

/** Changes the JSON of a session's digest as rot does: in the file, past everything that refuses. */
function rot(home: Home, damage: string): void {
  const db = new Database(home.store);
  db.run('PRAGMA writable_schema = ON');
  const triggers = db
    .query<{ name: string; sql: string }, []>(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'digests'",
    )
    .all();
  for (const { name } of triggers) db.run(`DROP TRIGGER ${name}`);
  db.run(damage);
  for (const { sql } of triggers) db.run(sql);
  db.close();
}

const DAMAGES = {
  'is no JSON any more': `UPDATE digests SET json = replace(json, '"prompts":[', '"pr mpts"#[')`,
  'says something else': `UPDATE digests SET json = replace(json, 'hello 1', 'hellx 1')`,
};

const WAYS = {
  'a sweep': ['sweep', '--yes', '--no-data-loss', '--soft-cap', '0', '--max-age-days', 'off', '--json'],
  'the age limit': ['sweep', '--yes', '--no-data-loss', '--max-age-days', '0', '--json'],
  'a hand': ['evict', uid(1), '--yes', '--json'],
};

for (const [what, damage] of Object.entries(DAMAGES))
  for (const [who, args] of Object.entries(WAYS))
    test(`a session whose digest ${what} is not evicted by ${who}`, async () => {
      using home = new Home();
      home.put(1);
      expect((await home.run(['ingest'])).code).toBe(0);
      rot(home, damage);
      const raw = async () => (await home.run(['show', id(1), '--raw'])).bytes.toString();
      const before = await raw();
      const told = await home.run(args);
      expect(told.out).toContain('its digest is damaged');
      expect(JSON.parse(told.out).skipped).toEqual([
        { session_uid: uid(1), reason: expect.stringContaining('its digest is damaged') },
      ]);
      expect([await home.states(), await raw()]).toEqual([{ '70000001': 'unanalyzed' }, before]);
      // The next analysis makes it anew, and then it may go.
      expect((await home.run(['analyze'])).code).toBe(0);
      expect((await home.run(['verify'])).code).toBe(0);
      expect((await home.run(args)).code).toBe(0);
      expect(await home.states()).toEqual({ '70000001': 'evicted' });
      const { digest } = schemas.showSchema.parse(
        JSON.parse((await home.run(['show', id(1), '--json'])).out),
      );
      expect(JSON.stringify(digest)).toContain('hello 1');
    });
