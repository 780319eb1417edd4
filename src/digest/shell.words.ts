/**
 * A shell command, cut into simple commands with their words, redirections and here-documents.
 * Promises: linear in the text; never throws, whatever the text is; nested `$(…)` are commands too, down to `DEPTH_MAX`.
 * Never: expands or runs anything. After the Shell Command Language of POSIX.1-2017 §2, as far as names of files need it.
 */

export interface Word {
  /** Without quotes; variables stand as they were written. */
  readonly text: string;
  /** Holds a variable or an output that is not known here. */
  readonly isOpen: boolean;
  /** Holds an unquoted `*`, `?` or `[`. */
  readonly isGlob: boolean;
}

export interface SimpleCommand {
  readonly words: readonly Word[];
  /** Targets of `>`, `>>`, `>|`, `&>`. */
  readonly into: readonly Word[];
  /** The bodies of its here-documents and its here-strings. */
  readonly input: string;
  /** How many subshells it stands in: what one changes is over when it ends. */
  readonly depth: number;
}

/** Beyond it nobody reads a command, and a hostile one would take long. */
const CHARS_MAX = 64 * 1024;
const DEPTH_MAX = 8;
/** Other white space is part of a word, as a shell has it. */
const ENDS_WORD = ' \t\r\n;&|()<>';
/** Runs of characters that mean nothing but themselves: taken at once. */
const PLAIN = /[^ \t\r\n;&|()<>\\'"$`*?[]+/y;
const PLAIN_QUOTED = /[^"\\$`]+/y;

interface Pending {
  readonly delimiter: string;
  readonly indented: boolean;
  readonly command: Draft;
}

interface Draft {
  words: Word[];
  into: Word[];
  input: string;
}

export function simpleCommands(text: string): readonly SimpleCommand[] {
  const scanner = new Scanner(text.slice(0, CHARS_MAX));
  scanner.commands(0, null);
  return scanner.found;
}

class Scanner {
  readonly found: SimpleCommand[] = [];
  private readonly text: string;
  private at = 0;
  private readonly pending: Pending[] = [];

  constructor(text: string) {
    this.text = text;
  }

  /** Reads commands up to `closer`, which is stepped over, or to the end. */
  commands(depth: number, closer: ')' | null): void {
    let draft: Draft = { words: [], into: [], input: '' };
    const end = (): void => {
      const { words, into } = draft;
      const done = draft;
      // A here-document's body comes behind the line: its command is told when that is read.
      if (words.length > 0 || into.length > 0) this.tell(done, depth);
      draft = { words: [], into: [], input: '' };
    };
    while (this.at < this.text.length) {
      const char = this.text[this.at] ?? '';
      if (char === closer) {
        this.at++;
        break;
      }
      if (char === '\n') {
        end();
        this.at++;
        this.bodies();
      } else if (char === ' ' || char === '\t' || char === '\r') this.at++;
      else if (char === '#') this.toLineEnd();
      else if (char === '\\' && this.text[this.at + 1] === '\n') this.at += 2;
      else if (char === '&' && this.text[this.at + 1] === '>') {
        this.at++;
        this.redirect(draft, depth);
      } else if (char === ';' || char === '&' || char === '|') {
        end();
        this.at++;
      } else if (char === '(' || char === ')') {
        end();
        this.at++;
        if (char === '(') this.open(depth);
      } else if (char === '>' || char === '<') this.redirect(draft, depth);
      else this.wordInto(draft, depth);
    }
    end();
    if (closer === null) this.bodies();
  }

  private open(depth: number): void {
    if (this.text[this.at] === '(') this.skipPast('))');
    else if (depth < DEPTH_MAX) this.commands(depth + 1, ')');
  }

  private tell(draft: Draft, depth: number): void {
    const { words, into } = draft;
    // A getter: the body is filled in when its line has been read.
    this.found.push({
      words,
      into,
      depth,
      get input() {
        return draft.input;
      },
    });
  }

  private wordInto(draft: Draft, depth: number): void {
    const word = this.word(depth);
    const next = this.text[this.at];
    // `2>` names a descriptor, no word.
    if ((next === '>' || next === '<') && /^\d$/.test(word.text)) return;
    if (word.text === '[[' && draft.words.length === 0) this.skipPast(']]');
    else draft.words.push(word);
  }

  private redirect(draft: Draft, depth: number): void {
    const operator =
      /^(?:<<<|<<-?|<>|<&|<|>>|>\||>&|>)/.exec(this.text.slice(this.at, this.at + 3))?.[0] ?? '>';
    this.at += operator.length;
    if (this.text[this.at] === '(' && operator.length === 1) {
      this.at++;
      if (depth < DEPTH_MAX) this.commands(depth + 1, ')');
      return;
    }
    while (this.text[this.at] === ' ' || this.text[this.at] === '\t') this.at++;
    const target = this.word(depth);
    if (operator === '<<' || operator === '<<-')
      this.pending.push({ delimiter: target.text, indented: operator === '<<-', command: draft });
    else if (operator === '<<<') draft.input += target.text;
    else if (operator.startsWith('>') && !(operator === '>&' && /^(?:\d+|-)$/.test(target.text)))
      draft.into.push(target);
  }

  /** The here-documents that the line just ended has announced. */
  private bodies(): void {
    for (const { delimiter, indented, command } of this.pending.splice(0)) {
      const start = this.at;
      let end = this.text.length;
      while (this.at < this.text.length) {
        const lineEnd = this.text.indexOf('\n', this.at);
        const stop = lineEnd < 0 ? this.text.length : lineEnd;
        const line = this.text.slice(this.at, stop).replace(/\r$/, '');
        const begun = this.at;
        this.at = Math.min(this.text.length, stop + 1);
        if ((indented ? line.replace(/^\t+/, '') : line) === delimiter) {
          end = begun;
          break;
        }
      }
      command.input += this.text.slice(start, end);
    }
  }

  /** One word; empty where none begins here. */
  private word(depth: number): Word {
    let text = '';
    let isOpen = false;
    let isGlob = false;
    while (this.at < this.text.length) {
      text += this.run(PLAIN);
      const char = this.text[this.at] ?? '';
      if (char === '' || ENDS_WORD.includes(char)) break;
      if (char === '\\') {
        const next = this.text[this.at + 1] ?? '';
        // Nobody escapes a letter: it is a path of Windows.
        text += next === '\n' ? '' : /[\w.-]/.test(next) ? `\\${next}` : next;
        this.at += 2;
      } else if (char === "'") text += this.upTo("'");
      else if (char === '"') {
        const quoted = this.doubleQuoted(depth);
        text += quoted.text;
        isOpen ||= quoted.isOpen;
      } else if (char === '$' || char === '`') {
        text += this.dollar(depth);
        isOpen = true;
      } else {
        isGlob ||= char === '*' || char === '?' || char === '[';
        text += char;
        this.at++;
      }
    }
    return { text, isOpen, isGlob };
  }

  private doubleQuoted(depth: number): { text: string; isOpen: boolean } {
    let text = '';
    let isOpen = false;
    this.at++;
    while (this.at < this.text.length) {
      text += this.run(PLAIN_QUOTED);
      const char = this.text[this.at] ?? '';
      if (char === '"') {
        this.at++;
        break;
      }
      if (char === '\\') {
        const next = this.text[this.at + 1] ?? '';
        text += '"\\$`'.includes(next) ? next : `\\${next}`;
        this.at += 2;
      } else if (char === '$' || char === '`') {
        const before = this.at;
        text += this.dollar(depth);
        isOpen ||= this.at > before + 1;
      }
    }
    return { text, isOpen };
  }

  /** A variable as it was written; a command's output as nothing, its commands told. */
  private dollar(depth: number): string {
    if (this.text[this.at] === '`') {
      this.at++;
      this.skipPast('`');
      return '$?';
    }
    if (this.text[this.at + 1] === "'") {
      this.at++;
      return this.upTo("'");
    }
    if (this.text.startsWith('$((', this.at)) {
      this.skipPast('))');
      return '$?';
    }
    if (this.text[this.at + 1] === '(') {
      this.at += 2;
      if (depth < DEPTH_MAX) this.commands(depth + 1, ')');
      return '$?';
    }
    const name = /^\$(?:\w+|\{\w+\})/.exec(this.text.slice(this.at, this.at + 64))?.[0] ?? '$';
    this.at += name.length;
    return name;
  }

  /** What stands between this quote and the next; the rest where there is none. */
  private upTo(quote: string): string {
    const end = this.text.indexOf(quote, this.at + 1);
    const text = this.text.slice(this.at + 1, end < 0 ? undefined : end);
    this.at = end < 0 ? this.text.length : end + 1;
    return text;
  }

  private run(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  private skipPast(mark: string): void {
    const end = this.text.indexOf(mark, this.at);
    this.at = end < 0 ? this.text.length : end + mark.length;
  }

  private toLineEnd(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end;
  }
}
