/**
 * The user's own analyzer: any program that reads a transcript on stdin and writes a summary on stdout (SPEC §6).
 * Promises: its output is bounded, made plain and redacted; its whole process group dies with the time-out; whether it reads
 * its stdin is its own affair. Never: lets its failure stop anything but this one analysis.
 */
import { spawn } from 'node:child_process';
import type { Host } from '../domain/agent.ts';
import { DIGEST_BYTES_MAX, type Digest } from '../domain/digest.ts';
import { messageOf } from '../domain/errors.ts';
import { cutText, plainLine, plainText } from '../domain/text.ts';
import { redactText } from './redact.ts';

/** What is kept of its answer, in bytes; a digest is never larger than 64 KiB as a whole. */
const ANSWER_BYTES_MAX = 32 * 1024;
/** What is kept of its stderr, for the first line of it. */
const ERROR_BYTES_MAX = 4 * 1024;

export interface ExternalRun {
  /** Run by `sh -c`, or `cmd /c` on Windows. */
  readonly command: string;
  readonly timeoutMs: number;
  /** The main transcript. */
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

/** Runs the program once. */
export async function runExternalAnalyzer(run: ExternalRun): Promise<ExternalAnswer> {
  const isWindows = run.host.platform === 'win32';
  const child = spawn(isWindows ? 'cmd' : 'sh', [isWindows ? '/c' : '-c', run.command], {
    env: {
      ...run.host.env,
      SESSION_UID: run.session.uid,
      SESSION_AGENT: run.session.agent,
      SESSION_PROJECT: run.session.project ?? '',
      SESSION_TITLE: run.session.title ?? '',
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own, so that what it starts dies with it.
    detached: !isWindows,
    windowsHide: true,
  });
  const answer = bounded(ANSWER_BYTES_MAX);
  const complaint = bounded(ERROR_BYTES_MAX);
  child.stdout.on('data', answer.take);
  child.stderr.on('data', complaint.take);
  let ended: 'timeout' | 'stopped' | null = null;
  const kill = (why: 'timeout' | 'stopped') => {
    ended ??= why;
    killGroup(child.pid, () => child.kill('SIGKILL'), isWindows);
  };
  // A timer counts on the monotonic clock: setting the system's clock neither fires nor delays it.
  const timer = setTimeout(() => kill('timeout'), run.timeoutMs);
  const stop = () => kill('stopped');
  run.signal.addEventListener('abort', stop, { once: true });
  try {
    const exit = exitOf(child);
    const fed = feed(child.stdin, run.transcript, () => ended !== null || child.exitCode !== null);
    const status = await exit;
    await fed;
    if (ended === 'timeout')
      return { ok: false, why: `the analyzer ran longer than ${run.timeoutMs / 1000} s and was stopped` };
    if (ended === 'stopped') return { ok: false, why: 'interrupted' };
    if (status !== '0') return { ok: false, why: await failed(status, complaint.text()) };
    const text = plainText(answer.text()).trim();
    return text === '' ? { ok: false, why: 'the analyzer gave an empty answer' } : { ok: true, text };
  } catch (thrown) {
    return { ok: false, why: `the analyzer could not be run: ${messageOf(thrown)}` };
  } finally {
    clearTimeout(timer);
    run.signal.removeEventListener('abort', stop);
    killGroup(child.pid, () => undefined, isWindows);
  }
}

function exitOf(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    // `close` waits for the pipes; what the program left running may hold them open for ever, so `exit` with a moment's grace.
    child.on('exit', (code, signal) => {
      const status = code === null ? String(signal) : String(code);
      child.on('close', () => resolve(status));
      setTimeout(() => resolve(status), 1000).unref();
    });
  });
}

async function failed(status: string, complaint: string): Promise<string> {
  const line = plainLine(complaint.split('\n').find((text) => text.trim() !== '') ?? '');
  const said = line === '' ? '' : `: ${(await redactText(cutText(line, 200))).text}`;
  return `the analyzer ended with ${/^\d+$/.test(status) ? `status ${status}` : status}${said}`;
}

/** Writes the transcript as the program reads it; one that does not read is not waited for. */
async function feed(
  stdin: NodeJS.WritableStream,
  transcript: ExternalRun['transcript'],
  isOver: () => boolean,
): Promise<void> {
  let closed = false;
  const wake: (() => void)[] = [];
  const over = () => {
    closed = true;
    for (const resolve of wake.splice(0)) resolve();
  };
  stdin.on('error', over);
  stdin.on('close', over);
  for await (const chunk of transcript) {
    if (closed || isOver()) break;
    if (!stdin.write(chunk)) {
      await new Promise<void>((resolve) => {
        wake.push(resolve);
        stdin.once('drain', resolve);
      });
    }
  }
  if (!closed) stdin.end();
}

function bounded(bytesMax: number): { take: (chunk: Uint8Array) => void; text: () => string } {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  return {
    take: (chunk) => {
      const part = chunk.subarray(0, Math.max(0, bytesMax - bytes));
      bytes += part.length;
      if (part.length > 0) parts.push(part.slice());
    },
    text: () => Buffer.concat(parts).toString('utf8'),
  };
}

function killGroup(pid: number | undefined, otherwise: () => void, isWindows: boolean): void {
  if (pid === undefined || isWindows) {
    otherwise();
    return;
  }
  try {
    // The negative number names the group.
    killProcess(-pid);
  } catch {
    // Nothing of the group is left.
    otherwise();
  }
}

/** `process` belongs to main.ts; `kill(1)` does the same for a group. */
function killProcess(group: number): void {
  Bun.spawnSync(['kill', '-KILL', '--', String(group)], { stdout: 'ignore', stderr: 'ignore' });
}

/** The digest with a summary: redacted, and cut so that the whole keeps its size. */
export async function withSummary(
  digest: Digest,
  summary: string,
): Promise<{ digest: Digest; json: string }> {
  const redacted = await redactText(plainText(summary));
  let text = redacted.text;
  for (;;) {
    const made: Digest = { ...digest, redacted: digest.redacted + redacted.count, summary: text };
    const json = JSON.stringify(made);
    const bytes = Buffer.byteLength(json);
    if (bytes <= DIGEST_BYTES_MAX || text === '') return { digest: made, json };
    text = cutText(text, Math.max(0, Math.floor([...text].length - (bytes - DIGEST_BYTES_MAX) / 2) - 1));
  }
}
