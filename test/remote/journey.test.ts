/** Two homes and one bucket, with the real program: what goes out, what comes in, what is fetched back, and what nobody sees. */
import { expect, test } from 'bun:test';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { doctorSchema } from '../../src/cli/schemas.unattended.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { id, Machine, uid } from '../support/remote-machine.ts';

const LONG = 120_000;

test(
  'a bucket is made ready once, and what is configured keeps every byte',
  async () => {
    using model = await ModelBucket.started();
    using laptop = new Machine(model, 'laptop');
    const config = laptop.put('.config/session-memory/config.toml', '# mine\nraw_max_age_days = 30');
    const made = await laptop.setUp('init');
    expect([made.code, made.err]).toEqual([0, '']);
    expect(made.out).toContain('is ready; this machine is called laptop there');
    const text = readFileSync(config, 'utf8');
    expect(text).toStartWith('# mine\nraw_max_age_days = 30\n\n[remote]\nurl = "s3://model/some"\n');
    expect(
      model
        .names()
        .map((name) => name.split('/').slice(0, 2).join('/'))
        .sort(),
    ).toEqual(['some/format', 'some/keys']);
    const again = await laptop.setUp('init');
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('remote add')]);
    expect(readFileSync(config, 'utf8')).toBe(text);
  },
  LONG,
);

test(
  'a service that writes over what is there is refused',
  async () => {
    using model = await ModelBucket.started();
    using laptop = new Machine(model, 'laptop');
    model.ignoresConditions = true;
    const told = await laptop.setUp('init');
    expect([told.code, told.err]).toEqual([1, expect.stringContaining('does not know If-None-Match')]);
    expect(model.names()).toEqual([]);
  },
  LONG,
);

test(
  'what one machine stores is found, shown and had back on another, and the next look is one request',
  async () => {
    using model = await ModelBucket.started();
    using laptop = new Machine(model, 'laptop');
    for (const n of [1, 2, 3]) laptop.write(n, `plantedword number ${n}`);
    await laptop.ok('ingest');
    await laptop.ok('pin', id(3));
    await laptop.ok('evict', id(1), '--yes');
    expect((await laptop.setUp('init')).code).toBe(0);
    using desktop = await Machine.joined(model, 'desktop');
    model.takeLog();
    const sent = await laptop.sync();
    expect([sent.uploaded.sessions.length, sent.uploaded.commits, sent.problems, sent.notes]).toEqual([
      3,
      1,
      [],
      [],
    ]);
    expect((await laptop.sync()).requests).toBe(1);
    const came = await desktop.sync();
    expect(came.read.sessions.sort()).toEqual([uid(1), uid(2), uid(3)]);
    expect(came.uploaded.sessions).toEqual([]);
    expect((await desktop.sync()).requests).toBe(1);
    expect((await laptop.sync()).requests).toBe(1);

    const there = await desktop.listed();
    expect(
      there.map(({ session_uid, state, machine, pinned }) => [session_uid, state, machine, pinned]).sort(),
    ).toEqual([
      [uid(1), 'evicted', 'laptop', false],
      [uid(2), 'evicted', 'laptop', false],
      [uid(3), 'evicted', 'laptop', true],
    ]);
    expect((await desktop.ok('search', 'plantedword')).out).toContain('on laptop');
    expect((await desktop.ok('show', id(2))).out).toContain('laptop');
    const raw = await desktop.ok('show', id(2), '--raw');
    expect(raw.out).toBe(promptLine(id(2), 'plantedword number 2', '2026-05-02T00:00:00.000Z'));
    const restored = await desktop.ok('restore', id(2));
    expect(restored.out).toContain('claude --resume');
    expect(restored.out).toContain('On laptop its folder is /home/me/project: ');
    expect(readFileSync(join(desktop.home, claudePath(id(2))), 'utf8')).toBe(raw.out);
    // It had been evicted before the bucket was there: no machine can give it back.
    expect((await desktop.run('show', id(1), '--raw')).code).toBe(1);
    for (const machine of [laptop, desktop])
      expect((await machine.ok('verify')).out).toStartWith('All is well');
    expect((await desktop.ok('verify', '--remote')).out).toStartWith('All is well in the bucket');
  },
  LONG,
);

test(
  'no word of a transcript, no path and no id is in the bucket',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    laptop.write(1, 'plantedword in a prompt');
    await laptop.ok('ingest');
    await laptop.sync();
    const planted = ['plantedword', 'laptop', 'claude', id(1), '.jsonl', 'session_uid', 'projects'];
    for (const [name, { body }] of model.objects)
      for (const word of planted) {
        expect(name, `the name ${name}`).not.toContain(word);
        expect(body.includes(word), `${name} holds ${word}`).toBe(false);
      }
    expect(model.names().length).toBeGreaterThan(4);
  },
  LONG,
);

test(
  'a session that is evicted here comes back out of the bucket, byte for byte',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    laptop.write(1, 'to be had back');
    await laptop.ok('ingest');
    await laptop.sync();
    await laptop.ok('evict', id(1), '--yes');
    const path = join(laptop.home, claudePath(id(1)));
    const before = readFileSync(path);
    rmSync(path);
    const raw = await laptop.ok('show', id(1), '--raw');
    expect(Buffer.from(raw.bytes).equals(before)).toBe(true);
    await laptop.ok('restore', id(1));
    expect(readFileSync(path).equals(before)).toBe(true);
    const [session] = await laptop.listed();
    expect([session?.state, session?.machine]).toEqual(['evicted', null]);
    expect((await laptop.ok('ingest')).out).toContain('Stored 0 new sessions');
  },
  LONG,
);

test(
  'a session that goes on grows in the bucket too, and what is there is not sent again',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    using desktop = await Machine.joined(model, 'desktop');
    const lines = (n: number) => Array.from({ length: n }, (_, i) => promptLine(id(1), `step ${i}`)).join('');
    laptop.put(claudePath(id(1)), lines(2));
    await laptop.ok('ingest');
    await laptop.sync();
    await desktop.sync();
    laptop.put(claudePath(id(1)), lines(4));
    await laptop.ok('ingest');
    await laptop.sync();
    expect((await desktop.sync()).read.sessions).toEqual([uid(1)]);
    expect((await desktop.ok('show', id(1), '--raw')).out).toBe(lines(4));
    expect((await desktop.ok('search', 'step 3')).out).toContain(uid(1));
    expect(await desktop.listed()).toHaveLength(1);
  },
  LONG,
);

test(
  'work goes on where it was restored, and both machines keep theirs',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    using desktop = await Machine.joined(model, 'desktop');
    const first = promptLine(id(1), 'begun on the laptop');
    laptop.put(claudePath(id(1)), first);
    await laptop.ok('ingest');
    await laptop.sync();
    await desktop.sync();
    await desktop.ok('restore', id(1));
    expect((await desktop.ok('ingest')).out).toContain('Stored 0 new sessions');
    const second = first + promptLine(id(1), 'gone on with on the desktop', '2026-05-03T00:00:00.000Z');
    desktop.put(claudePath(id(1)), second);
    await desktop.ok('ingest');
    const [own] = await desktop.listed();
    expect([own?.session_uid, own?.state, own?.machine]).toEqual([uid(1), 'analyzed', null]);
    expect((await desktop.sync()).uploaded.sessions).toEqual([uid(1)]);
    await laptop.sync();
    expect((await laptop.ok('show', id(1), '--raw')).out).toBe(first);
    // Evicted on the laptop, the fuller one of the two comes back.
    await laptop.ok('evict', id(1), '--yes');
    expect((await laptop.ok('show', id(1), '--raw')).out).toBe(second);
  },
  LONG,
);

test(
  'what is forgotten on one machine is forgotten on all, and does not come back',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    using desktop = await Machine.joined(model, 'desktop');
    using third = await Machine.joined(model, 'third');
    for (const machine of [laptop, desktop]) {
      machine.write(1, 'a leakedsecret');
      machine.write(2, 'something else');
      await machine.ok('ingest');
      await machine.sync();
    }
    await third.sync();
    await laptop.ok('forget', id(1), '--yes');
    expect((await laptop.sync()).uploaded.forgotten).toEqual([uid(1)]);
    for (const machine of [desktop, third]) {
      expect((await machine.sync()).read.forgotten).toEqual([uid(1)]);
      expect((await machine.run('show', id(1), '--raw')).err).toContain('forgotten');
      expect((await machine.ok('search', 'leakedsecret')).out).not.toContain(uid(1));
      expect(readFileSync(machine.store).includes('leakedsecret')).toBe(false);
      expect((await machine.sync()).requests).toBe(1);
    }
    expect((await desktop.ok('ingest')).out).toContain('1 forgotten session found and not stored');
    // A machine that joins later reads the whole log, and does not take it in either.
    using late = await Machine.joined(model, 'late');
    await late.sync();
    expect(
      (await late.listed()).filter(({ forgotten }) => !forgotten).map(({ session_uid }) => session_uid),
    ).toEqual([uid(2)]);
  },
  LONG,
);

test(
  'a bucket that does not answer keeps nobody from anything else',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    laptop.write(1, 'one');
    await laptop.ok('ingest');
    laptop.env = { ...laptop.env, SESSION_MEMORY_REMOTE_ENDPOINT: 'http://127.0.0.1:9' };
    expect((await laptop.ok('list')).out).toContain('one');
    const told = await laptop.run('remote', 'status', '--json');
    expect(told.code).toBe(1);
    expect(JSON.stringify(told.json())).toContain('cannot be reached');
    expect(schemas.errorSchema.parse((await laptop.run('remote', 'sync', '--json')).json()).error.code).toBe(
      'unreachable',
    );
  },
  LONG,
);

test(
  'doctor tells without a network whether the bucket is joined, met and configured, and forget what is left to do',
  async () => {
    using model = await ModelBucket.started();
    using laptop = new Machine(model, 'laptop');
    const told = async () => {
      model.takeLog();
      const { out } = await laptop.run('doctor', '--json');
      expect(model.takeLog()).toEqual([]);
      return doctorSchema
        .parse(JSON.parse(out))
        .checks.filter(({ check }) => check === 'bucket')
        .map(({ state, message }) => `${state}: ${message}`)
        .join();
    };
    laptop.write(1, 'one');
    await laptop.ok('ingest');
    expect(await told()).toBe('');
    expect((await laptop.setUp('init')).code).toBe(0);
    expect(await told()).toContain('warning: s3://model/some, last sync never; 1 session to be uploaded');
    await laptop.sync();
    expect(await told()).toStartWith('ok: ');
    laptop.env = { ...laptop.env, SESSION_MEMORY_NOW: '2026-05-20T00:00:00.000Z' };
    expect(await told()).toStartWith('warning: ');
    expect((await laptop.ok('forget', id(1), '--yes')).out).toContain('`remote gc`');
    rmSync(`${laptop.store}.remote-key`);
    expect(await told()).toContain('wrong: the key of s3://model/some is not on this machine');
    writeFileSync((await laptop.ok('config', 'path')).out.trim(), '');
    expect(await told()).toContain('wrong: the store has joined a bucket, and none is configured');
  },
  LONG,
);

test(
  'a session that two machines went on with is found on each by what either was told',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    using desktop = await Machine.joined(model, 'desktop');
    using third = await Machine.joined(model, 'third');
    const say = (machine: Machine, ...texts: string[]) =>
      machine.put(
        claudePath(id(1)),
        texts.map((text, i) => promptLine(id(1), text, `2026-05-01T00:0${i}:00.000Z`)).join(''),
      );
    say(laptop, 'both know this');
    await laptop.ok('ingest');
    await laptop.sync();
    await desktop.sync();
    say(laptop, 'both know this', 'onlylaptop one');
    say(desktop, 'both know this', 'onlydesktop one', 'onlydesktop two');
    for (const machine of [laptop, desktop]) await machine.ok('ingest');
    for (const machine of [laptop, desktop, laptop, third, desktop]) await machine.sync();
    for (const machine of [laptop, desktop, third])
      for (const word of ['onlylaptop', 'onlydesktop']) {
        const { hits } = schemas.searchSchema.parse((await machine.ok('search', word, '--json')).json());
        expect([machine.name, word, hits.map(({ session }) => session.session_uid)]).toEqual([
          machine.name,
          word,
          [uid(1)] as (typeof hits)[number]['session']['session_uid'][],
        ]);
      }
    expect((await laptop.ok('show', id(1))).out).toContain('went on otherwise on desktop');
    const status = await third.ok('remote', 'status');
    for (const name of ['laptop', 'desktop']) expect(status.out).toContain(`${name}: 1 session with`);
    const shown = schemas.showSchema.parse((await desktop.ok('show', id(1), '--json')).json());
    expect(shown.elsewhere.map(({ machine }) => machine)).toEqual(['laptop']);
    // What one says later takes the place of what it said before; nothing of this is told back and forth.
    say(laptop, 'both know this', 'onlylaptop one', 'onlylaptop late');
    await laptop.ok('ingest');
    for (const machine of [laptop, desktop]) await machine.sync();
    const later = schemas.showSchema.parse((await desktop.ok('show', id(1), '--json')).json());
    expect(later.elsewhere).toHaveLength(1);
    expect((await desktop.ok('search', 'late')).out).toContain(id(1));
    for (const machine of [laptop, desktop, third]) await machine.sync();
    for (const machine of [laptop, desktop, third]) expect((await machine.sync()).requests).toBe(1);
    for (const machine of [laptop, desktop, third])
      expect((await machine.ok('verify')).out).toStartWith('All is well');
    // Forgotten on one, nothing of it is found on any.
    await laptop.ok('forget', id(1), '--yes');
    for (const machine of [laptop, desktop, third]) await machine.sync();
    for (const machine of [laptop, desktop, third])
      expect((await machine.ok('search', 'onlylaptop')).out).not.toContain(id(1));
  },
  LONG,
);
