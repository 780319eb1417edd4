/** What a scheduler is told, and that the same is read back from it. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  cronLines,
  jobOfCron,
  jobOfPlist,
  jobOfService,
  jobOfTask,
  launchdPlist,
  MAINTAIN,
  readCall,
  systemdService,
  taskXml,
} from '../../src/unattended/schedule.ts';

const odd = fc.constantFrom("it's", '"', 'a b', '$x', '$$', '%', '%%', '\\', '<&>', '&amp;', 'é', '');
const word = fc
  .array(fc.oneof(odd, fc.stringMatching(/^[\w/.=-]{1,6}$/)), { maxLength: 4 })
  .map((parts) => parts.join(''));
const job = fc.record({
  argv: fc.array(word, { maxLength: 4 }).map((words) => ['/opt/session-memory', ...words]),
  env: fc.dictionary(fc.stringMatching(/^[A-Z]{1,4}$/), word, { maxKeys: 3 }),
});

test('a property: of every scheduler the job is read back as it was told, variables too', () => {
  fc.assert(
    fc.property(job, (told) => {
      expect(jobOfService(systemdService(told))).toEqual(told);
      expect(jobOfPlist(launchdPlist(told, '/x.log'))).toEqual(told);
      expect(jobOfCron(cronLines(told))).toEqual(told);
      // A task is told no variables, and no path of Windows holds a quote.
      const argv = told.argv.map((each) => each.replaceAll('"', ''));
      expect(jobOfTask(taskXml({ argv, env: told.env }))).toEqual({ argv, env: {} });
    }),
  );
});

test('the parts of a call are told apart, and other calls are none', () => {
  const program = ['/opt/session-memory'];
  for (const flags of [{}, { store: '/s' }, { config: '/c' }, { store: '/s', config: '/c' }]) {
    const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
    expect(readCall([...program, ...words, ...MAINTAIN])).toEqual({ program, flags });
  }
  expect(readCall([...program, 'maintain', '--yes'])).toBeNull();
});
