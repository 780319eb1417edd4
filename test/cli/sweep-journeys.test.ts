/** Sweeps as scripts run them, on the real program. */
import { describe, expect, test } from 'bun:test';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { filled, id, noise, parsed, storeBytes, uid } from '../support/filled.ts';
import { Program } from '../support/program.ts';

describe('sweep', () => {
  test('without consent prints the plan, changes not one byte and exits 2', async () => {
    using program = await filled();
    const before = storeBytes(program);
    const asked = await program.run('sweep', '--soft-cap', '0', '--hard-cap', '0', '--json');
    expect([asked.code, parsed(schemas.consentSchema, asked).error.code]).toEqual([2, 'consent_needed']);
    const dry = await program.run('sweep', '--soft-cap', '0', '--hard-cap', '0', '--dry-run', '--json');
    expect([dry.code, parsed(schemas.reportSchema, dry).dry_run]).toEqual([0, true]);
    expect(parsed(schemas.reportSchema, dry).plan_id).toBe(parsed(schemas.consentSchema, asked).plan_id);
    expect(storeBytes(program)).toBe(before);
  });

  test('an empty plan exits 0 without consent', async () => {
    using program = await filled();
    expect((await program.run('sweep')).code).toBe(0);
  });

  test('--yes --no-data-loss loses nothing and exits 4 while over the hard cap', async () => {
    using program = await filled();
    const result = await program.run(
      'sweep',
      '--yes',
      '--no-data-loss',
      '--soft-cap',
      '0',
      '--hard-cap',
      '0',
      '--json',
    );
    const report = parsed(schemas.reportSchema, result);
    expect([result.code, report.lost_data, report.over_hard_cap]).toEqual([4, false, true]);
    expect(report.budget_evicted).toEqual([uid(1), uid(2)]);
    expect(report.warnings[0]).toBe(`analyze failed for ${uid(3)}: no readable record in 1 line`);
    expect((await program.run('show', id(3), '--raw')).code).toBe(0);
  });

  test('--yes loses the unreadable one as agreed: exit 3, event, warning, tombstone, and what could be made of it', async () => {
    using program = await filled();
    const result = await program.run('sweep', '--yes', '--soft-cap', '0', '--hard-cap', '0', '--json');
    const report = parsed(schemas.reportSchema, result);
    expect([result.code, report.overflow_data_loss, report.lost_data]).toEqual([3, [uid(3)], true]);
    expect(report.warnings).toContain(`data_loss: evicted un-analyzed ${uid(3)} to stay under hard cap`);
    const history = parsed(schemas.historySchema, await program.run('history', '--json'));
    expect(
      history.events.filter((event) => event.data_loss).map((event) => [event.session_uid, event.sweep_id]),
    ).toEqual([[uid(3), report.sweep_id]]);
    expect(parsed(schemas.showSchema, await program.run('show', id(3), '--json')).digest).toMatchObject({
      partial: true,
    });
    expect((await program.run('show', id(3), '--raw')).code).toBe(1);
    expect((await program.run('verify')).code).toBe(0);
  });

  test('--plan applies exactly that plan, or exits 5 where the store has moved on', async () => {
    using program = await filled();
    const caps = ['--soft-cap', '6000', '--hard-cap', '12000'];
    const planned = parsed(schemas.reportSchema, await program.run('sweep', ...caps, '--dry-run', '--json'));
    appendFileSync(join(program.home, claudePath(id(1))), promptLine(id(1), 'more'));
    await program.run('ingest');
    expect((await program.run('sweep', ...caps, '--yes', '--plan', planned.plan_id)).code).toBe(5);
    const again = parsed(schemas.reportSchema, await program.run('sweep', ...caps, '--dry-run', '--json'));
    const done = parsed(
      schemas.reportSchema,
      await program.run('sweep', ...caps, '--yes', '--plan', again.plan_id, '--json'),
    );
    expect([...done.backstop_evicted, ...done.budget_evicted]).toEqual(
      again.plan.passes.flatMap((pass) => pass.victims.map((victim) => victim.session_uid)),
    );
  });

  test('a pinned session outlives every pass; where pins hold too much nothing is lost and it exits 4', async () => {
    using program = await filled();
    expect(parsed(schemas.pinSchema, await program.run('pin', id(1), '--json'))).toMatchObject({
      pinned: true,
      changed: true,
    });
    const result = await program.run(
      'sweep',
      '--yes',
      '--soft-cap',
      '0',
      '--hard-cap',
      '0',
      '--max-age-days',
      '0',
      '--json',
    );
    const report = parsed(schemas.reportSchema, result);
    expect([result.code, report.overflow_data_loss, report.backstop_evicted]).toEqual([4, [], [uid(2)]]);
    expect(report.warnings.join()).toContain('pinned sessions hold');
  });

  test('--no-analyze goes straight to the last resort, oldest first, down to the hard cap and no further', async () => {
    using program = await filled('--no-analyze');
    const usage = parsed(schemas.statusSchema, await program.run('status', '--json')).tier1.used_bytes;
    const result = await program.run(
      'sweep',
      '--yes',
      '--no-analyze',
      '--soft-cap',
      '0',
      '--hard-cap',
      String(usage - 1),
      '--json',
    );
    expect([result.code, parsed(schemas.reportSchema, result).overflow_data_loss]).toEqual([3, [uid(1)]]);
    expect(parsed(schemas.showSchema, await program.run('show', id(1), '--json')).digest).toMatchObject({
      partial: true,
      prompts: [expect.anything()],
    });
  });

  test('a failing external analyzer leaves the session un-analyzed, a good one adds its summary', async () => {
    using program = await filled('--no-analyze');
    const failed = parsed(
      schemas.analyzeSchema,
      await program.run('analyze', id(1), '--analyzer', 'echo no >&2; exit 3', '--json'),
    );
    expect(failed.failed).toEqual([{ session_uid: uid(1), reason: expect.stringContaining('3') }]);
    await program.run('analyze', id(1), '--analyzer', 'echo "about $SESSION_UID"');
    expect(parsed(schemas.showSchema, await program.run('show', id(1), '--json')).digest).toMatchObject({
      summary: `about ${uid(1)}`,
    });
  });
});

describe('maintain', () => {
  test('takes a history larger than the hard cap turn by turn, and loses nothing', async () => {
    using program = new Program();
    for (const n of [1, 2, 4, 5, 6])
      program.put(claudePath(id(n)), promptLine(id(n), `${n} ${noise()}`, `2026-05-0${n}T00:00:00.000Z`));
    const result = await program.run(
      'maintain',
      '--yes',
      '--no-data-loss',
      '--soft-cap',
      '5000',
      '--hard-cap',
      '10000',
      '--max-age-days',
      'off',
      '--json',
    );
    expect(result.code).toBe(0);
    const { ingests, sweeps } = parsed(schemas.maintainSchema, result);
    expect(ingests.reduce((sum, one) => sum + one.sessions_new, 0)).toBe(5);
    expect(sweeps.some((sweep) => sweep.lost_data)).toBe(false);
    const list = parsed(schemas.listSchema, await program.run('list', '--json'));
    expect(list.sessions.every((row) => row.digest_bytes > 0)).toBe(true);
  });
});
