// `pass:` alone tells a password as often as it tells that a test passed. What else was kept when verdicts were first left alone:
// beginnings of passwords that were cut, and passwords behind two signs in a row.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Maker } from '../../scripts/secrets/make.ts';
import { redactText } from '../../src/digest/redact.ts';

const PASSWORD = '[redacted: password]';
const untouched = async (text: string) => expect(await redactText(text)).toEqual({ text, count: 0 });

describe('a password behind pass: alone was kept as if it were a verdict', () => {
  test.each([
    ['db pass: ', 'f00Bar99!', ''],
    ['smtp:\n  host: h\n  pass: ', 'Xk29sld8Qz', ''],
    ['- pass: ', 'Xk29sld8Qz', ''],
    ['wifi pass: ', 'Xk29-sld8-Qz1', ''],
    ['admin pass: ', 'Passw0rd!23', ''],
    ['PASS: ', 'Tr0ub4dor', '&3'],
    ['login bob, pass: ', 'Tr0ub4dor', '&3'],
    ['host=db1 user=bob pass: ', 'Xk29sld8Qz', ''],
    ['**Pass:** ', 'Xk29sld8Qz', ''],
    ['**PASS**: ', 'Xk29sld8Qz', ''],
    ['- **user**: bob\n- **pass**: ', 'walrus1234', ''],
    ['3 logins failed: 3\npass: ', '48291377', ''],
    ['pass: ', 'Test1234', ''],
  ])('%s%s%s', async (before, secret, behind) => {
    expect((await redactText(before + secret + behind)).text).toBe(before + PASSWORD + behind);
  });

  test('whatever it is, whoever it is for, in capitals or not', async () => {
    const before = fc.constantFrom(
      '',
      'db ',
      '- ',
      'wifi ',
      'login bob, ',
      'host=db1 user=bob ',
      'smtp:\n  ',
    );
    const word = fc.constantFrom('pass: ', 'Pass: ', 'PASS: ');
    await fc.assert(
      fc.asyncProperty(before, word, fc.nat(), async (whose, name, seed) => {
        const secret = new Maker(seed).password();
        expect((await redactText(`${whose}${name}${secret}`)).text).not.toContain(secret);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a verdict is none', () => {
  test.each([
    '--- PASS: TestA (0.00s)\n    --- PASS: TestA/Xk29sld8Qz (0.00s)',
    'FAIL: run4miles\nPASS: walk3steps',
    'PASS: TestV2Client and pass: TestV2Client/case_1',
    'PASS: sha256sum',
    'PASS: tokenizer',
    'PASS: ubuntu-22.04',
    'PASS: gdb.base/pr12345.exp: breakpoint 4',
    'PASS: tests/test_auth.py::test_v2_token[utf8-1]',
    '✅ PASS: walk3steps',
    'ok 3 - pass: utf8=on&x',
    'Fail: 0, Pass: 154800',
    'pass: 12/12+3',
  ])('%s', untouched);
});

describe('the beginning of a password of small letters was kept where it was cut', () => {
  test.each([
    ['PASSWORD=', 'correct-horse-battery-stap…', ''],
    ['DB_PASS=', 'correct_horse_battery_stap…', ''],
    ['PASSWORD=', 'walruspicklelagoo…', ''],
    ['password="', 'correct-horse-battery-stap…', '"'],
    ['sshpass -p ', 'correct-horse-battery-stap…', ' ssh a'],
    ['mysql -u root -p', 'correct-horse-battery-stap…', ''],
    ['requirepass ', 'correct-horse-battery-stap…', ''],
    ['amqp://app:', 'correct-horse-battery-stap…', '@db/app'],
  ])('%s%s%s', async (before, secret, behind) => {
    const { text } = await redactText(`${before}${secret}${behind}`);
    expect(text).toMatch(/^[^[]*\[redacted: [^\]]*\][^[]*$/);
    expect(text).not.toContain(secret.slice(0, 7));
  });

  test.each([
    'PASSWORD=your-password-goes-he…',
    'the password is authenticationser…',
    'password: internationaliza…',
    'password = getdatabasepassword…',
  ])('but not of words that go on who knows how: %s', untouched);
});

describe('a password behind two signs in a row was kept', () => {
  test.each([
    ['密码：=', 'Xk29sld8'],
    ['密码=:', 'Xk29sld8'],
    ['암호: =', 'Xk29sld8'],
    ['パスワード：：', 'Xk29sld8'],
    ['密码 := ', 'Xk29sld8'],
    ['密码::::', 'Xk29sld8'],
  ])('%s%s', async (before, secret) => {
    expect((await redactText(before + secret)).text).toBe(before + PASSWORD);
  });

  test.each(['密码:abc', '密码:=abc', '密码:'])('but the signs are none: %s', untouched);
});
