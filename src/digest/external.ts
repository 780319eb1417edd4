/**
 * The user's own analyzer: any program that reads a transcript on stdin and writes a summary on stdout.
 * Promises: its output is bounded, made plain and redacted; its whole process group dies with the time-out; whether it
 * reads its stdin is its own affair, and so is what it leaves running after a good end.
 * Never: lets its failure stop anything but this one analysis; throws.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../domain/agent.ts';
import { ANALYZER_FOLDER, ANALYZING } from '../domain/analyzing.ts';
import { DIGEST_BYTES_MAX, type Digest } from '../domain/digest.ts';
import { messageOf } from '../domain/errors.ts';
import { plainLine, plainText } from '../domain/text.ts';
import { CUT_MARGIN_CHARS, cutMarked } from './keep.ts';
import { redactText } from './redact.ts';
import { jsonBytes, shrink } from './shrink.ts';

/** What is read of its answer, in bytes; a digest is never larger as a whole. */
const ANSWER_BYTES_MAX = DIGEST_BYTES_MAX;
/** A longer summary was cut, or nearly so: what stands at its end may be the half of a secret. */
const WHOLE_BYTES_MAX = ANSWER_BYTES_MAX - 1024;
/** What is kept of its stderr, for the first line of it. */
const ERROR_BYTES_MAX = 4 * 1024;
const COMPLAINT_CHARS = 200;
/** A summary may always take so much, in bytes of JSON; more only where the facts leave the room. */
const SUMMARY_BYTES = 16 * 1024;
/** What the program left running may hold its pipes open for ever: output is waited for so long after its end. */
const PIPES_GRACE_MS = 1000;
/** Longer, and a timer fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;
/** An environment with a longer text than the kernel takes (128 KiB on Linux) would keep the program from starting. */
const ENV_CHARS = 4096;

export interface ExternalRun {
  /** Run by `sh -c`, or `cmd /c` on Windows. */
  readonly command: string;
  readonly timeoutMs: number;
  /** The main transcript. A chunk is done with before the next one is asked for. */
  readonly transcript: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly session: {
    readonly uid: string;
    readonly agent: string;
    readonly project: string | null;
    readonly title: string | null;
  };
  readonly host: Host;
  readonly signal: AbortSignal;
}

export type ExternalAnswer =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: string };

/** Why the program was killed. */
type Stop = 'timeout' | 'interrupted' | { readonly unread: string };

/** Runs the program once. */
export async function runExternalAnalyzer(run: ExternalRun): Promise<ExternalAnswer> {
  if (run.signal.aborted) return { ok: false, why: 'interrupted' };
  const isWindows = run.host.platform === 'win32';
  let stopped: Stop | null = null;
  let stop = (_why: Stop): void => undefined;
  const onAbort = () => stop('interrupted');
  // A timer counts on the monotonic clock: setting the system's clock neither fires nor delays it.
  const timer = setTimeout(() => stop('timeout'), Math.min(run.timeoutMs, TIMER_MS_MAX));
  run.signal.addEventListener('abort', onAbort, { once: true });
  let folder: string | null = null;
  try {
    folder = mkdtempSync(join(tmpdir(), ANALYZER_FOLDER));
    const child = start(run, isWindows, folder);
    stop = (why) => {
      if (stopped !== null) return;
      stopped = why;
      killGroup(child, isWindows);
    };
    const answer = bounded(child.stdout, ANSWER_BYTES_MAX);
    const complaint = bounded(child.stderr, ERROR_BYTES_MAX);
    const exit = exitOf(child);
    const fed = feed(child.stdin, run.transcript, () => stopped !== null).catch((thrown: unknown) =>
      stop({ unread: messageOf(thrown) }),
    );
    const status = await exit;
    // What it left running may hold the pipes: nobody reads on, and this program's own end does not wait for it.
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
    child.unref();
    await fed;
    return stopped === null
      ? await verdict(status, answer(), complaint())
      : { ok: false, why: reason(stopped, run.timeoutMs) };
  } catch (thrown) {
    return { ok: false, why: `the analyzer could not be run: ${plainLine(messageOf(thrown))}` };
  } finally {
    clearTimeout(timer);
    run.signal.removeEventListener('abort', onAbort);
    if (folder !== null) cleared(folder);
  }
}

/** What the program left there is of no use to anybody; where something still holds it, the system clears it some day. */
function cleared(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // It has what it was made for behind it.
  }
}

function start(run: ExternalRun, isWindows: boolean, folder: string) {
  const { uid, agent, project, title } = run.session;
  return spawn(isWindows ? 'cmd' : 'sh', [isWindows ? '/c' : '-c', run.command], {
    cwd: folder,
    env: {
      ...(run.host.inheritedEnv ?? run.host.env),
      [ANALYZING]: folder,
      SESSION_UID: uid,
      SESSION_AGENT: agent,
      SESSION_PROJECT: plainText(project ?? '').slice(0, ENV_CHARS),
      SESSION_TITLE: plainLine(title ?? '').slice(0, ENV_CHARS),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own, so that what it starts dies with it.
    detached: !isWindows,
    windowsHide: true,
  });
}

/** Its exit status or the signal that ended it, once its output is read too. */
function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      const status = code === null ? String(signal) : String(code);
      const timer = setTimeout(() => resolve(status), PIPES_GRACE_MS);
      child.on('close', () => {
        clearTimeout(timer);
        resolve(status);
      });
    });
  });
}

async function verdict(status: string, answer: string, complaint: string): Promise<ExternalAnswer> {
  if (status !== '0') {
    const line = plainLine(complaint.split('\n').find((text) => plainLine(text) !== '') ?? '');
    const said = line === '' ? '' : `: ${(await redactText(line, COMPLAINT_CHARS)).text}`;
    const ended = /^\d+$/.test(status) ? `status ${status}` : status;
    return { ok: false, why: `the analyzer ended with ${ended}${said}` };
  }
  const text = plainText(answer).trim();
  return text === '' ? { ok: false, why: 'the analyzer gave an empty answer' } : { ok: true, text };
}

function reason(stopped: Stop, timeoutMs: number): string {
  if (stopped === 'interrupted') return 'interrupted';
  if (stopped === 'timeout') return `the analyzer ran longer than ${timeoutMs / 1000} s and was stopped`;
  return `the transcript could not be read: ${stopped.unread}`;
}

/** Writes the transcript as the program reads it; one that does not read is not waited for. */
async function feed(
  stdin: NodeJS.WritableStream,
  transcript: ExternalRun['transcript'],
  isStopped: () => boolean,
): Promise<void> {
  let closed = false;
  let wake = (): void => undefined;
  const over = () => {
    closed = true;
    wake();
  };
  // A program that closes its stdin early (EPIPE) has read what it wanted.
  stdin.on('error', over);
  stdin.on('close', over);
  for await (const chunk of transcript) {
    if (closed || isStopped()) break;
    await new Promise<void>((resolve) => {
      wake = resolve;
      stdin.write(chunk, () => resolve());
    });
  }
  if (!closed) stdin.end();
}

/** Reads a stream to its end, keeps the first bytes of it; the text so far when asked. */
function bounded(stream: NodeJS.ReadableStream, bytesMax: number): () => string {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Uint8Array) => {
    const part = chunk.slice(0, Math.max(0, bytesMax - bytes));
    bytes += part.length;
    if (part.length > 0) parts.push(part);
  });
  return () => {
    const text = Buffer.concat(parts).toString('utf8');
    // The cut may have torn the last character.
    return bytes < bytesMax ? text : text.replace(/\ufffd$/, '');
  };
}

/** `process` belongs to main.ts; the shell's own `kill` knows groups, and a shell is there, or nothing had started. */
function killGroup(child: ChildProcess, isWindows: boolean): void {
  if (child.pid === undefined) return;
  const argv = isWindows
    ? ['taskkill', '/pid', String(child.pid), '/t', '/f']
    : ['sh', '-c', 'kill -9 "-$1"', 'sh', String(child.pid)];
  try {
    Bun.spawnSync(argv, { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' });
  } finally {
    child.kill('SIGKILL');
  }
}

/**
 * The digest with a summary: made plain, redacted, and cut so that the whole keeps its size. A summary of up to 16 KiB
 * stays, and the facts make room as they do for one another.
 */
export async function withSummary(
  digest: Digest,
  summary: string,
): Promise<{ digest: Digest; json: string }> {
  const plainSummary = plainText(summary).trim();
  const isWhole = Buffer.byteLength(plainSummary) <= WHOLE_BYTES_MAX;
  const charsMax = isWhole ? undefined : plainSummary.length - CUT_MARGIN_CHARS;
  const { text, count } = await redactText(plainSummary, charsMax);
  const plain: Digest = { ...digest, redacted: digest.redacted + count };
  const room = DIGEST_BYTES_MAX - jsonBytes(plain) - jsonBytes({ summary: '' });
  const kept = cutToBytes(text, Math.max(SUMMARY_BYTES, room));
  return shrink({ ...plain, summary: kept }, DIGEST_BYTES_MAX);
}

/** As many characters as fit `bytesMax` of JSON, the cut marked. */
function cutToBytes(text: string, bytesMax: number): string {
  let low = 0;
  let high = text.length;
  while (low < high) {
    const chars = Math.ceil((low + high) / 2);
    if (jsonBytes(cutMarked(text, chars)) <= bytesMax) low = chars;
    else high = chars - 1;
  }
  return cutMarked(text, low);
}
