/** The page says how a bucket is read with nothing of this program: what it says is done here, word for word. */
import { expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lockOfFile, unwrapped } from '../../src/remote/keys.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { id, Machine } from '../support/remote-machine.ts';

const PAGE = join(import.meta.dir, '../../docs/many-machines.md');

test('the script of the page gives every byte back', async () => {
  using model = await ModelBucket.started();
  using laptop = await Machine.joined(model, 'laptop');
  const large = Array.from({ length: 1500 }, (_, i) =>
    promptLine(id(1), `${i} ${Bun.hash(`${i}`).toString(36).repeat(300)}`),
  );
  laptop.put(claudePath(id(1)), large.join(''));
  laptop.write(2, 'a small one');
  laptop.put(
    `${dirname(claudePath(id(2)))}/${id(2)}/subagents/agent-a1.jsonl`,
    promptLine(id(2), 'of a subagent'),
  );
  await laptop.ok('ingest');
  await laptop.sync();
  laptop.put(claudePath(id(1)), [...large, promptLine(id(1), 'one more')].join(''));
  await laptop.ok('ingest');
  await laptop.sync();
  const copy = join(laptop.folder, 'copy');
  for (const [name, { body }] of model.objects) {
    const path = join(copy, name.replace(/^some\//, ''));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, body);
  }
  const [wrapped = ''] = readdirSync(join(copy, 'keys'));
  const key = await unwrapped(readFileSync(join(copy, 'keys', wrapped)), lockOfFile(laptop.key));
  const keyFile = join(laptop.folder, 'opened.txt');
  writeFileSync(keyFile, `key ${Buffer.from(key?.master ?? []).toString('hex')}\n`);
  const script = join(laptop.folder, 'rescue.mjs');
  writeFileSync(script, /<!-- rescue -->\n```js\n([\s\S]*?)```/.exec(readFileSync(PAGE, 'utf8'))?.[1] ?? '');
  const out = join(laptop.folder, 'out');
  const ran = Bun.spawnSync([process.execPath, script, copy, keyFile, out], { stderr: 'pipe' });
  expect(ran.stderr.toString()).toBe('');
  const rescued = readdirSync(out, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\/\d+-/.test(name))
    .map((name) => readFileSync(join(out, name), 'utf8'));
  const projects = join(laptop.home, '.claude/projects');
  const stored = readdirSync(projects, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readFileSync(join(projects, name), 'utf8'));
  expect(stored).toHaveLength(3);
  expect(rescued.sort()).toEqual(stored.sort());
}, 120_000);
