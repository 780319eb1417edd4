// Which files a command writes, worked by hand from what a shell would do with it.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { filesOfCommand } from '../../src/digest/shell.ts';

/** `w` written, `e` edited, below /w unless absolute. */
const CASES: readonly (readonly [command: string, written: readonly string[], edited?: readonly string[]])[] =
  [
    ['echo hi > a.txt', ['/w/a.txt']],
    ['make 2>&1 >build.log; echo x &>all.log; ls 2>/dev/null', ['/w/build.log', '/w/all.log']],
    ["cat > \"my notes.md\" << 'EOF'\nit's > no.txt\nEOF\necho x >> ./b.txt", ['/w/my notes.md', '/w/b.txt']],
    ['cat <<-END > a\n\tx > no\n\tEND\ntouch b', ['/w/a', '/w/b']],
    ['cat << A > 1 && cat << B > 2\na > no\nA\nb > no\nB\n', ['/w/1', '/w/2']],
    ["git commit -m \"$(cat <<'EOF'\nDon't > break\nEOF\n)\" && echo ok > done", ['/w/done']],
    ['echo a | tee -a one two >/dev/null', ['/w/one', '/w/two']],
    ['cd src/lib && echo > x.ts; cd ..; echo > y.ts', ['/w/src/lib/x.ts', '/w/src/y.ts']],
    ['(cd sub; echo > in); echo > out', ['/w/sub/in', '/w/out']],
    ['cd "$SOMEWHERE" && echo > x', ['x']],
    ["sed -i 's/a/b/' f.ts g.ts", [], ['/w/f.ts', '/w/g.ts']],
    ["sed -i '' -e 's/a/b/' -e 's/c>d/e/' f.ts", [], ['/w/f.ts']],
    [
      "sed -E -i.bak 's/(a)/b/' f.ts; sed -n 's/i/x/p' no.ts; sed --in-place=.o '1d' g",
      [],
      ['/w/f.ts', '/w/g'],
    ],
    [
      "perl -0pi -e 's/a/b/' f.ts; perl -i -pe 's/a/b/' g.ts; perl -ne 'print' no.ts",
      [],
      ['/w/f.ts', '/w/g.ts'],
    ],
    [
      'git mv old.ts new.ts; mv a.ts src/; cp b.ts c.ts lib; cp -r dir other',
      ['/w/new.ts', '/w/src/a.ts', '/w/lib/b.ts', '/w/lib/c.ts', '/w/other'],
    ],
    ['for f in a.ts "b c.ts"; do sed -i s/x/y/ "$f"; done', [], ['/w/a.ts', '/w/b c.ts']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's variable
    ['OUT=dist/x.json; jq . in.json > "${OUT}"; cat > $UNKNOWN/y', ['/w/dist/x.json']],
    ["bash -lc 'cd /opt && echo hi > a'", ['/opt/a']],
    ['sudo tee /etc/x.conf < in; LANG=C sort -o sorted in > /tmp/log', ['/etc/x.conf', '/tmp/log']],
    ['[[ a > b ]] && (( 3 > 2 )) && test 1 \\> 0 && echo "x > y" \'p > q\' # > no', []],
    ['diff <(sort a) <(sort b); grep -c "->" f; echo $((4 > 3))', []],
    ['rm -f > *.log; echo x > /dev/stderr; cat a > -', []],
    ['curl -sSLo pkg.tgz https://x.test/p; wget -O w.bin http://y.test', ['/w/pkg.tgz', '/w/w.bin']],
    [
      'apply_patch <<EOF\n*** Begin Patch\n*** Add File: n.ts\n*** Update File: u.ts\n*** Move to: m.ts\n*** End Patch\nEOF',
      ['/w/n.ts', '/w/m.ts'],
      ['/w/u.ts'],
    ],
    [
      'apply_patch *** Begin Patch\n*** Update File: a b.ts\n@@\n+it\'s "x > no\n*** End Patch',
      [],
      ['/w/a b.ts'],
    ],
    [
      'git apply - <<EOF\n--- a/f.c\n+++ b/f.c\n@@ -1 +1 @@\n--- /dev/null\n+++ b/n.c\nEOF',
      ['/w/n.c'],
      ['/w/f.c'],
    ],
    [
      "python3 - <<'PY'\np = Path('src/x.py')\np.write_text('a')\nopen('y.txt', 'w')\nopen('no.txt')\nPY",
      ['/w/y.txt', '/w/src/x.py'],
    ],
    ["python -c \"for f in ['a.md', 'b.md']: open(f, 'a').write('x')\"", ['/w/a.md', '/w/b.md']],
    ["node -e \"require('fs').writeFileSync('o.json', 1)\"", ['/w/o.json']],
  ];

describe('the files of a command', () => {
  test.each(CASES.map(([command, written, edited = []]) => [command, written, edited] as const))(
    '%s',
    (command, written, edited) => {
      const found = filesOfCommand(command, '/w');
      expect({ written: [...found.written].sort(), edited: [...found.edited].sort() }).toEqual({
        written: [...written].sort(),
        edited: [...edited].sort(),
      });
    },
  );

  test('that are only looked at are read', () => {
    const command =
      "sed -n '1,20p' a.ts; cat b.ts c.ts > d.ts; head -n 20 e.ts; tail -n +5 /f; nl -ba g.ts | sed 's/x/y/'; cat *.md";
    expect(filesOfCommand(command, '/w')).toMatchObject({
      read: ['/w/a.ts', '/w/b.ts', '/w/c.ts', '/w/e.ts', '/f', '/w/g.ts'],
      written: ['/w/d.ts'],
      edited: [],
    });
  });

  test('are as they were typed where the folder is not known', () => {
    expect(filesOfCommand('echo > ./a/../b.txt; echo > ~/.rc', null).written).toEqual(['b.txt', '~/.rc']);
  });

  test('have the slashes of their folder', () => {
    const command = 'Set-Content -Path .\\a.txt -Value x; echo y > D:\\out\\b.txt; echo z >> sub\\c.txt';
    expect(filesOfCommand(command, 'C:\\w').written).toEqual([
      'C:\\w\\a.txt',
      'D:\\out\\b.txt',
      'C:\\w\\sub\\c.txt',
    ]);
  });

  test('end, whatever a command holds', () => {
    const piece = fc.constantFrom(
      ...`' " \\ \` $ ( ) { } < > << >> & | ; # [[ (( \n \v \u00a0 EOF a sed -i -c bash mv`.split(
        /(?<!\\n) /,
      ),
      ' ',
      '\n',
      '$(',
      '<<E',
      "$'",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const { written, edited } = filesOfCommand(`> x ${pieces.join('')}`, '/w');
        expect(written.length + edited.length).toBeLessThanOrEqual(400);
      }),
    );
    const deep = `${'$('.repeat(20_000)}${'"'.repeat(20_000)}`;
    expect(filesOfCommand(`> first ${deep}`, '/w').written).toContain('/w/first');
  });
});
