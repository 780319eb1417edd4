/**
 * Gathers facts from a reader and drafts the digest of them.
 * Promises: bounded memory however long the transcript; the same facts give the same draft; nothing is redacted or
 * shrunk yet, and texts are longer than shown by a margin; `told` counts what makes a digest one of something.
 * Never: throws on odd values, or reads a clock (`now` bounds what times are plausible).
 */
import { DIGEST_VERSION, type Digest, type DigestPrompt } from '../domain/digest.ts';
import { type FactSink, TITLE_SOURCES, type TitleSource, type Todo, type Tokens } from '../domain/facts.ts';
import type { AgentId, SessionUid } from '../domain/ids.ts';
import { plainText } from '../domain/text.ts';
import { horizon, type Iso, plausibleTime } from '../domain/time.ts';
import { commandOf, count, inTime, keptTodo, outsideOr, type Ran } from './draft.ts';
import { changesPullRequest, commitsOf, newBranch, pullRequestsIn } from './git.ts';
import { BothEnds, CHARS, COUNTS, forgetOldest, kept, Names, sortedCounts } from './keep.ts';
import { filesOfCommand, type Touched } from './shell.ts';
import { largest, NO_TOKENS, sum } from './tokens.ts';
import { type Doubtful, doubtfulOf, untouchedBy } from './untouched.ts';

/** A run whose result may still come, or come again with what the first telling left out. */
interface Call {
  readonly ran: Ran;
  told: boolean;
  /** Files that it has changed unless it turns out to have failed. */
  changes: Doubtful | null;
}

interface Subagent {
  kind: string;
  task: string;
  result: string;
}

export interface DraftOf {
  readonly uid: SessionUid;
  readonly agent: AgentId;
  readonly peekTitle: string | null;
  readonly peekProject: string | null;
  readonly linesRead: number;
  readonly linesUnreadable: number;
}

export class Collector implements FactSink {
  readonly #now: Iso;
  readonly #latest: Iso;
  readonly #titles = new Map<TitleSource, string>();
  readonly #prompts = new BothEnds<DigestPrompt>(COUNTS.prompts);
  readonly #commands = new Map<string, Ran>();
  readonly #open = new Map<string, Call>();
  readonly #errors = new Map<string, number>();
  readonly #tools = new Map<string, number>();
  readonly #unknown = new Map<string, number>();
  readonly #branches = new Names(COUNTS.branches);
  readonly #models = new Names(COUNTS.names);
  readonly #read = new Names(COUNTS.paths);
  readonly #written = new Names(COUNTS.paths);
  readonly #edited = new Names(COUNTS.paths);
  /** Made or changed here, and only named. */
  readonly #ownPullRequests = new Names(COUNTS.pullRequests);
  readonly #pullRequests = new Names(COUNTS.pullRequests);
  readonly #plans = new Names(COUNTS.plans);
  readonly #compactions = new BothEnds<string>(COUNTS.compactions);
  readonly #commits = new Map<string, { sha?: string; branch?: string; message: string }>();
  readonly #todos = new Map<string, Todo>();
  readonly #subagents = new Map<string, Subagent>();
  readonly #usages = new Map<string, Tokens>();
  #usage: Tokens = NO_TOKENS;
  #total: Tokens | null = null;
  #todoList: readonly Todo[] = [];
  #project: string | null = null;
  #version: string | null = null;
  #parent: string | null = null;
  #startedAt: Iso | null = null;
  #endedAt: Iso | null = null;
  #outcome: string | null = null;
  readonly #replies = new BothEnds<string>(COUNTS.replies);
  /** The last answer of the turn under way. */
  #reply: string | null = null;
  /** History that a fork repeats: its answers are the parent's. */
  #isCopied = false;
  #commandsOmitted = 0;
  #errorsOmitted = 0;
  #subagentsOmitted = 0;
  readonly #steering: DigestPrompt[] = [];
  /** Records of types that no reader knew. */
  unknownRecords = 0;
  /**
   * Facts that a person said something or the agent did something: prompts, answers, calls of tools, commands, plans, what a
   * subagent was to do or said, commits. Only they make a digest that may stand for raw bytes. All else is about a session and
   * also there without it:
   * - titles, folders, times, models, tokens, parents: agents repeat them in headers and footers, and keep them after a rewrite;
   * - summaries and compactions: they repeat what was said elsewhere;
   * - links to pull requests: agents note them again at the end of a file; a command or a tool made them;
   * - files and todos: a call or a command tells of them where they were touched; without one they come from a list that a
   *   database or a footer keeps;
   * - errors: of a service, say, before anything was said.
   */
  told = 0;

  constructor(now: Iso) {
    this.#now = now;
    this.#latest = horizon(now);
  }

  time(at: Iso): void {
    if (this.#endedAt !== null && at <= this.#endedAt && this.#startedAt !== null && at >= this.#startedAt)
      return;
    if (at > this.#latest || plausibleTime(at, this.#now) === null) return;
    if (this.#startedAt === null || at < this.#startedAt) this.#startedAt = at;
    if (this.#endedAt === null || at > this.#endedAt) this.#endedAt = at;
  }

  /** The first one: where the session was begun, and where it is resumed. */
  project(cwd: string): void {
    this.#project ??= kept(cwd, CHARS.path);
  }

  branch(name: string): void {
    this.#branches.add(kept(name, CHARS.name));
  }

  agentVersion(version: string): void {
    this.#version = kept(version, CHARS.name);
  }

  title(text: string, source: TitleSource): void {
    this.#titles.set(source, kept(text, CHARS.title));
  }

  parent(nativeId: string): void {
    this.#parent ??= kept(nativeId, CHARS.name);
  }

  /** Whether a person at least steered the program. */
  get isSteered(): boolean {
    return this.#steering.length > 0;
  }

  #tells(text: string | undefined): void {
    if (text !== undefined && /\S/.test(text)) this.told++;
  }

  steering(text: string, at: Iso | null): void {
    if (this.#steering.length < COUNTS.steering)
      this.#steering.push({ at: plausibleTime(at, this.#now), text: kept(text, CHARS.prompt) });
  }

  prompt(text: string, at: Iso | null, copied = false): void {
    this.#tells(text);
    this.#turnEnds(copied);
    const shown = kept(text, CHARS.prompt);
    this.#prompts.add({
      at: plausibleTime(at, this.#now),
      text: shown,
      ...(shown.length < text.length ? { cut: text.length - shown.length } : {}),
      ...(copied ? { copied: true } : {}),
    });
    this.#pullRequestsOf(text);
    if (!copied && !this.#titles.has('prompt')) this.title(text, 'prompt');
  }

  answer(text: string): void {
    this.#tells(text);
    this.#outcome = kept(text, CHARS.outcome);
    if (!this.#isCopied) this.#reply = kept(text, CHARS.reply);
    this.#pullRequestsOf(text);
  }

  #turnEnds(isNextCopied: boolean): void {
    if (this.#reply !== null && /\S/.test(this.#reply)) this.#replies.add(this.#reply);
    this.#reply = null;
    this.#isCopied = isNextCopied;
  }

  tool(name: string): void {
    this.#tells(name);
    count(this.#tools, kept(name, CHARS.name));
  }

  fileRead(path: string): void {
    this.#read.add(kept(path, CHARS.path));
  }

  fileWritten(path: string): void {
    this.#written.add(kept(path, CHARS.path));
  }

  fileEdited(path: string): void {
    this.#edited.add(kept(path, CHARS.path));
  }

  command(callId: string, command: string, _at: Iso | null = null, cwd: string | null = null): void {
    this.#tells(command);
    const touched = filesOfCommand(command, cwd);
    const changes = doubtfulOf(touched);
    for (const path of touched.read) this.fileRead(path);
    this.#changed(touched, changes?.paths);
    const shown = kept(command, CHARS.command);
    let ran = this.#commands.get(shown);
    if (ran === undefined) {
      ran = { command: shown, beyond: command.length - shown.length, exit: null, failed: false, times: 0 };
      if (this.#commands.size < COUNTS.commands) this.#commands.set(shown, ran);
      else this.#commandsOmitted++;
    }
    ran.times++;
    this.#settle(this.#open.get(kept(callId, CHARS.name)));
    this.#open.set(kept(callId, CHARS.name), { ran, told: false, changes });
    if (this.#open.size <= COUNTS.openCalls) return;
    for (const oldest of this.#open.values()) {
      this.#settle(oldest);
      break;
    }
    forgetOldest(this.#open);
  }

  #changed({ written, edited }: Pick<Touched, 'written' | 'edited'>, without?: ReadonlySet<string>): void {
    for (const path of written) if (without?.has(path) !== true) this.fileWritten(path);
    for (const path of edited) if (without?.has(path) !== true) this.fileEdited(path);
  }

  /** `untouched`: what is known not to have been changed; absent: nothing is. */
  #settle(call: Call | undefined, untouched?: ReadonlySet<string>): void {
    if (call?.changes == null) return;
    this.#changed(call.changes, untouched);
    call.changes = null;
  }

  commandResult(callId: string, exitCode: number | null, failed: boolean, output: string): void {
    const call = this.#open.get(kept(callId, CHARS.name));
    if (call === undefined) return;
    const { ran, told } = call;
    call.told = true;
    if (call.changes !== null)
      this.#settle(call, untouchedBy(call.changes, failed || (exitCode ?? 0) !== 0, output));
    // The agent may tell one result twice, by halves; another run of the same command replaces it.
    ran.exit = told ? (exitCode ?? ran.exit) : exitCode;
    ran.failed = failed || (told && ran.failed);
    // What failed may still name it: that a pull request is there already, say.
    this.#pullRequestsOf(output, changesPullRequest(ran.command));
    if (failed) return;
    const branch = newBranch(ran.command);
    if (branch !== null) this.branch(branch);
    for (const commit of commitsOf(ran.command, output)) this.commit(commit);
  }

  commit(commit: { readonly sha?: string; readonly branch?: string; readonly message: string }): void {
    this.#tells(commit.message);
    const message = kept(commit.message, CHARS.commit);
    const sha = commit.sha === undefined ? undefined : kept(commit.sha, CHARS.name);
    const branch = commit.branch === undefined ? undefined : kept(commit.branch, CHARS.name);
    if (sha !== undefined) this.#commits.delete(message);
    if (this.#commits.size < COUNTS.commits) {
      const told = { ...(sha === undefined ? {} : { sha }), ...(branch === undefined ? {} : { branch }) };
      this.#commits.set(sha ?? message, { ...told, message });
    }
    if (branch !== undefined) this.branch(branch);
  }

  #pullRequestsOf(text: string, own = false): void {
    const names = own ? this.#ownPullRequests : this.#pullRequests;
    for (const url of pullRequestsIn(text)) names.add(kept(url, CHARS.name));
  }

  error(text: string): void {
    const shown = plainText(kept(text.trim(), CHARS.error));
    if (shown === '') return;
    const times = this.#errors.get(shown) ?? 0;
    // The last ones are those the session ended with: an error that comes again is as new as it was old.
    this.#errors.delete(shown);
    this.#errors.set(shown, times + 1);
    if (this.#errors.size <= COUNTS.errors) return;
    forgetOldest(this.#errors);
    this.#errorsOmitted++;
  }

  pullRequest(url: string): void {
    this.#ownPullRequests.add(kept(url, CHARS.name));
  }

  plan(text: string): void {
    this.#tells(text);
    this.#plans.add(kept(text, CHARS.plan));
  }

  todos(list: readonly Todo[]): void {
    this.#todoList = list.slice(0, COUNTS.todos).map(keptTodo);
  }

  todoChanged(id: string, change: Partial<Todo>): void {
    const key = kept(id, CHARS.name);
    const before = this.#todos.get(key);
    if (before === undefined && this.#todos.size >= COUNTS.todos) return;
    const text = change.text ?? before?.text ?? '';
    this.#todos.set(key, keptTodo({ text, status: change.status ?? before?.status ?? 'pending' }));
  }

  compaction(text: string): void {
    this.#compactions.add(kept(text, CHARS.compaction));
  }

  /** Fields grow on their own while an answer streams: the largest of each counts. */
  usage(key: string, model: string, tokens: Tokens): void {
    this.model(model);
    const name = kept(key, CHARS.name);
    const before = this.#usages.get(name);
    this.#usages.set(name, before === undefined ? tokens : largest(before, tokens));
    if (this.#usages.size <= COUNTS.answersWithUsage) return;
    for (const [oldest, usage] of this.#usages) {
      this.#usage = sum(this.#usage, usage);
      this.#usages.delete(oldest);
      return;
    }
  }

  usageTotal(model: string, tokens: Tokens): void {
    this.model(model);
    this.#total = tokens;
  }

  model(name: string): void {
    if (name !== '') this.#models.add(kept(name, CHARS.name));
  }

  /** What was told first of a subagent stays: the call knows the task, later records repeat or shorten it. */
  subagent(
    id: string,
    about: { readonly task?: string; readonly kind?: string; readonly result?: string },
  ): void {
    this.#tells(about.task);
    this.#tells(about.result);
    const key = kept(id, CHARS.name);
    let known = this.#subagents.get(key);
    if (known === undefined) {
      if (this.#subagents.size >= COUNTS.subagents) {
        this.#subagentsOmitted++;
        return;
      }
      known = { kind: '', task: '', result: '' };
      this.#subagents.set(key, known);
    }
    known.kind ||= kept(about.kind ?? '', CHARS.name);
    known.task ||= kept(about.task ?? '', CHARS.task);
    known.result ||= kept(about.result ?? '', CHARS.result);
  }

  unknown(type: string): void {
    this.unknownRecords++;
    count(this.#unknown, type === '' ? '(none)' : kept(type, CHARS.name));
  }

  draft(of: DraftOf): Digest {
    // What came of these is not told.
    for (const call of this.#open.values()) this.#settle(call);
    const omitted = this.#omitted();
    const replies = this.#replies.list();
    return {
      version: DIGEST_VERSION,
      session_uid: of.uid,
      agent: of.agent,
      title: this.#title(of.peekTitle),
      project: of.peekProject ?? this.#project,
      branches: this.#branches.list(),
      agent_version: this.#version,
      started_at: this.#startedAt,
      ended_at: this.#endedAt,
      parent: this.#parent,
      prompts: inTime(this.told > 0 ? this.#prompts.list() : this.#steering),
      outcome: this.#outcome,
      ...(replies.length > 0 ? { replies } : {}),
      files: {
        read: this.#read.list().filter((path) => !this.#written.has(path) && !this.#edited.has(path)),
        written: this.#written.list(),
        edited: this.#edited.list(),
      },
      commands: [...this.#commands.values()].map(commandOf),
      errors: [...this.#errors].map(([text, times]) => (times > 1 ? `${text} (×${times})` : text)),
      commits: [...this.#commits.values()],
      // Its own first: a list of all of a repository's says little.
      pull_requests: [...new Set([...this.#ownPullRequests.list(), ...this.#pullRequests.list()])],
      plans: this.#plans.list(),
      todos: [...this.#todoList, ...this.#todos.values()].filter(
        (todo) => todo.text !== '' && todo.status !== 'deleted',
      ),
      compactions: this.#compactions.list(),
      subagents: [...this.#subagents].map(([id, agent]) => ({
        id,
        ...(agent.kind === '' ? {} : { kind: agent.kind }),
        ...(agent.task === '' ? {} : { task: agent.task }),
        ...(agent.result === '' ? {} : { result: agent.result }),
      })),
      tools: sortedCounts(this.#tools),
      models: this.#models.list(),
      tokens: this.#tokens(),
      records: { read: of.linesRead, unreadable: of.linesUnreadable, unknown: sortedCounts(this.#unknown) },
      ...(Object.keys(omitted).length === 0 ? {} : { omitted }),
      redacted: 0,
    };
  }

  #title(peekTitle: string | null): string | null {
    for (const source of TITLE_SOURCES) {
      const told = this.#titles.get(source) ?? (source === 'prompt' ? this.#steeredTitle() : undefined);
      const title = source === 'prompt' ? outsideOr(told, peekTitle, this.#copiedPrompts()) : told;
      if (title !== undefined && title.trim() !== '') return title;
    }
    return null;
  }

  #copiedPrompts(): readonly string[] {
    return this.#prompts.list().flatMap(({ text, copied }) => (copied === true ? [text] : []));
  }

  #steeredTitle(): string | undefined {
    return this.told > 0 ? undefined : this.#steering[0]?.text;
  }

  #tokens(): Tokens {
    let tokens = this.#usage;
    for (const usage of this.#usages.values()) tokens = sum(tokens, usage);
    return this.#total === null ? tokens : sum(tokens, this.#total);
  }

  #omitted(): Record<string, number> {
    const counts = {
      prompts: this.#prompts.omitted,
      replies: this.#replies.omitted,
      commands: this.#commandsOmitted,
      reads: this.#read.omitted,
      written: this.#written.omitted,
      edited: this.#edited.omitted,
      errors: this.#errorsOmitted,
      compactions: this.#compactions.omitted,
      subagents: this.#subagentsOmitted,
    };
    return Object.fromEntries(Object.entries(counts).filter(([, omitted]) => omitted > 0));
  }
}
