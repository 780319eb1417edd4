/**
 * What a run of tests says behind `PASS:`, which is also how people tell a password: `PASS: TestV2Client`, `pass: Xk29sld8`.
 * Promises: judged by the value and by what stands before it; what stands behind may be cut off later. What it leaves it leaves when
 * it is cut, too.
 */
import { looksSecret, type ValuePlace, withoutEnd } from './values.ts';

/** The word alone, and a colon: no name of a setting, as `DB_PASS:` is. */
const PASS_ALONE = /(?<![\w.$-])pass\]?\*{0,2}[ \t]*:\*{0,2}[ \t]*$/i;
/** Go says so of every test, and a part of a test may have any name. */
const GO = /--- PASS: $/;
/** A verdict in its frame, a line of TAP, a mark, or another verdict on the line before. */
const IN_RUN =
  /(?:\[|\*\*)PASS[\]*: \t]+$|(?<![A-Za-z])ok \d+ - [^\n]*$|[✓✔✅☑] *PASS[: \t]*$|(?<![\w.])(?:PASS|FAIL|SKIP|XFAIL|XPASS)(?:: [^\n]*)?\n\W*PASS[: \t]*$/;
/** `Fail: 3, Pass: 154800`. */
const COUNTED = /\b(?:fail(?:ed|ures)?|skip(?:ped)?|total)(?:: ?|=)\d+[ ,;]+pass[: \t]*$/i;

/** `TestParse/case_1`, `BenchmarkX-8`, `test_v2_token`, `auth::sha256_of_2fa`, `Client2Test`. */
const TEST_NAME =
  /^(?:Test|Benchmark|Example|Fuzz)[A-Z_]\w*(?:[/:.#-].*)?$|^(?:tests?|checks?|specs?|cases?)[-_./#][a-z\d_./:#-]*$|^[A-Za-z_][\w./-]*::[\w:[\]-]*$|^[A-Z][A-Za-z\d]*(?:Tests?|Spec)$/;
/** `tests/check_v2.sh`, `gdb.base/pr123.exp`: of a kind that is run, for any word may stand before `.txt`. */
const TEST_FILE = /^[\w./+-]+\.(?:sh|bats|py|exp|[ch]|cc|cpp|[cm]?[jt]sx?|go|rs|rb|pl|t|ll|mlir|java)$/;
/** `12/12+3`, `10.5MB/s`. */
const COUNT = /^\d+[/_][\d+/_]*$|^\d[\d.]*[kMG]i?B(?:[/_]\w{0,2})?$/;
/** `sha256sum`, `utf8-2-latin1`, `v2client`, `t0001-init`: what programs are named by. */
const NAME_OF_CODE =
  /^(?:(?:sha|md|utf|base|aes|rsa|crc|http|ipv|tls|oauth|es|arm|amd|x|v|t|pr|bug|issue)-?\d{1,5}[a-z\d_.-]*|(?:python|node|ubuntu|debian|alpine|windows|macos|java|php|ruby|gcc|clang|exit|rc|step|part|phase)[-_]?\d{1,2}(?:[._-][a-z\d_.-]*)?)$/;
/** No verdict is one long word. */
const WORDS = /^(?:[a-z]{1,11}|[a-z]+(?:[-_][a-z]+)+)$/;

export function isVerdict(value: string, place: ValuePlace): boolean {
  if (!PASS_ALONE.test(place.name)) return false;
  if (GO.test(place.name)) return true;
  const bare = withoutEnd(value, '.,:');
  if (TEST_NAME.test(bare) || TEST_FILE.test(bare) || COUNT.test(bare)) return true;
  if (/^\d+$/.test(bare) && COUNTED.test(place.name)) return true;
  if (/P/.test(place.lead) && (NAME_OF_CODE.test(bare) || WORDS.test(bare))) return true;
  return (place.isCut === true || IN_RUN.test(place.name)) && !isMadeUp(bare);
}

/** Capitals and small letters and digits without the order of a name, or a sign that no name has. */
function isMadeUp(value: string): boolean {
  return (
    looksSecret(value) &&
    (/[!$^*?~]/.test(value) || (/[a-z]/.test(value) && /[A-Z]/.test(value) && /\d/.test(value)))
  );
}
