// What someone may ask of a recorded session, found by a second reader: JSON.parse of every line, every record looked at,
// no line of it shared with the program. It knows two agents' records by their formats and by what the recordings hold.

import { at, blocks, isJson, type Json, type Recorded, records, textAt } from './corpus.ts';

/** The facts of one session, each as the transcript has it. */
export interface Witness {
  prompts: string[];
  files: string[];
  commands: string[];
  answers: string[];
  commits: string[];
  pullRequests: string[];
  errors: string[];
  plans: string[];
  todos: { text: string; status: string }[];
  compactions: string[];
  subagents: { task: string; result: string }[];
}

const COMMIT = /^\[[^\]\n]+ ([0-9a-f]{7,40})\] /gm;
const PULL_REQUEST = /https:\/\/[\w.-]+\/[\w.-]+\/[\w.-]+\/pull\/\d+/g;

/**
 * Names that stand behind `>`, `>>`, `tee` or at the end of `sed -i` in commands, by a look that knows no shell: bodies of
 * here-documents and quoted texts are blanked out first, and what is odd is left out.
 */
export function namesWritten(commands: readonly string[]): string[] {
  return commands.flatMap((command) => {
    const plain = command
      .replace(/<<-?\s*(['"]?)(\w+)\1([^\n]*)\n[\s\S]*?\n\s*\2(?=\n|$)/g, ' $3')
      .replace(/\\./g, '_')
      .replace(/'[^']*'|"[^"]*"/g, ' "" ');
    if (/['"$`(]/.test(plain.replaceAll('""', ''))) return [];
    const into = [...plain.matchAll(/(?:^|\s)(?:>{1,2}|tee(?: -a)?)\s*([\w./-]+)/g)];
    const edited = [...plain.matchAll(/\bsed -i (?:"" )*([\w./-]+)\s*(?:$|[;&|\n])/g)];
    return [...into, ...edited].flatMap(([, name]) =>
      name === undefined || name.startsWith('/dev/') ? [] : name,
    );
  });
}

export function witness(session: Recorded): Witness {
  const seen: Witness = {
    prompts: [],
    files: [],
    commands: [],
    answers: [],
    commits: [],
    pullRequests: [],
    errors: [],
    plans: [],
    todos: [],
    compactions: [],
    subagents: [],
  };
  if (session.agent === 'codex') for (const file of session.files) codex(records(file.bytes), seen);
  else claude(session, seen);
  return seen;
}

/** The texts of a message or of a tool's result. */
function texts(content: unknown): string[] {
  if (typeof content === 'string') return [content];
  if (!Array.isArray(content)) return [];
  return content
    .filter(isJson)
    .map((block) => textAt(block, 'text'))
    .filter((text) => text !== '');
}

function claude(session: Recorded, seen: Witness): void {
  const calls = new Map<string, Json>();
  const created = new Map<string, { text: string; status: string }>();
  const changed = new Map<string, string>();
  for (const { role, bytes } of session.files) {
    for (const record of records(bytes)) {
      const isOwn = role === 'main' && record['isSidechain'] !== true;
      if (record['type'] === 'assistant') claudeAnswer(record, isOwn, calls, created, changed, seen);
      // A write or an edit that failed, or was refused, changed nothing.
      for (const block of blocks(record))
        if (block['is_error'] === true) changed.delete(textAt(block, 'tool_use_id'));
      if (record['type'] === 'user') claudeUser(record, isOwn, calls, created, seen);
      if (!isOwn) continue;
      if (record['type'] === 'pr-link') seen.pullRequests.push(textAt(record, 'prUrl'));
      if (record['type'] === 'queue-operation' && record['operation'] === 'enqueue')
        seen.prompts.push(...human(texts(record['content'])));
      if (at(record, 'attachment', 'type') === 'queued_command')
        seen.prompts.push(...human(texts(at(record, 'attachment', 'prompt'))));
    }
  }
  seen.files.push(...changed.values());
  seen.todos.push(...[...created.values()].filter(({ status }) => status !== 'deleted'));
}

/** Not in a tag of the client, no note of an interruption; what was typed behind a slash command is. */
function human(found: readonly string[]): string[] {
  return found.flatMap((text) => {
    const typed = /<command-args>([^<]+)<\/command-args>/.exec(text)?.[1];
    if (typed !== undefined && text.startsWith('<command-')) return [typed];
    return text.trim() === '' || /^\s*(?:<[a-z]|\[Request interrupted)/.test(text) ? [] : [text];
  });
}

function claudeUser(
  record: Json,
  isOwn: boolean,
  calls: ReadonlyMap<string, Json>,
  created: Map<string, { text: string; status: string }>,
  seen: Witness,
): void {
  const content = at(record, 'message', 'content');
  if (record['isCompactSummary'] === true) {
    if (isOwn) seen.compactions.push(texts(content).join('\n'));
    return;
  }
  if (isOwn && record['isMeta'] !== true) {
    seen.prompts.push(...human(texts(content)));
    for (const text of texts(content)) {
      const typed = /^<bash-input>([\s\S]*?)<\/bash-input>/.exec(text)?.[1];
      if (typed) seen.commands.push(typed);
    }
  }
  for (const block of blocks(record).filter((each) => each['type'] === 'tool_result')) {
    const call = calls.get(textAt(block, 'tool_use_id')) ?? {};
    const text = texts(block['content']).join('\n');
    const said = /To tell you how to proceed, the user said:\n([\s\S]+)/.exec(text)?.[1];
    if (isOwn && said !== undefined) seen.prompts.push(said);
    if (block['is_error'] === true && !/^(?:The user doesn't want|\[Request interrupted)/.test(text))
      seen.errors.push(text.replace(/<\/?tool_use_error>/g, ''));
    if (call['name'] === 'Bash' && block['is_error'] !== true)
      outputOf(text, textAt(call, 'input', 'command'), seen);
    if (call['name'] === 'ExitPlanMode' && isOwn) {
      const plan = textAt(call, 'input', 'plan') || textAt(record, 'toolUseResult', 'plan');
      if (plan !== '') seen.plans.push(plan);
    }
    if (/^(?:Task|Agent)$/.test(textAt(call, 'name'))) {
      const isLaunch =
        at(record, 'toolUseResult', 'isAsync') === true || text.startsWith('Async agent launched');
      const result = isLaunch ? '' : texts(at(record, 'toolUseResult', 'content')).join('\n');
      const task = textAt(call, 'input', 'description');
      seen.subagents.push({ task: task || textAt(call, 'input', 'prompt'), result });
      seen.subagents.push({ task: textAt(call, 'input', 'prompt'), result: '' });
    }
    const id = textAt(record, 'toolUseResult', 'task', 'id');
    if (call['name'] === 'TaskCreate' && isOwn && id !== '')
      created.set(id, { text: textAt(call, 'input', 'subject'), status: 'pending' });
  }
}

function claudeAnswer(
  record: Json,
  isOwn: boolean,
  calls: Map<string, Json>,
  created: ReadonlyMap<string, { text: string; status: string }>,
  changed: Map<string, string>,
  seen: Witness,
): void {
  const said = texts(at(record, 'message', 'content')).join('\n');
  if (record['isApiErrorMessage'] === true) {
    seen.errors.push(said);
    return;
  }
  if (isOwn && said !== '' && textAt(record, 'message', 'model') !== '<synthetic>') seen.answers.push(said);
  for (const call of blocks(record).filter((each) => each['type'] === 'tool_use')) {
    calls.set(textAt(call, 'id'), call);
    if (call['name'] === 'Bash') seen.commands.push(textAt(call, 'input', 'command'));
    if (/^(?:Write|Edit|MultiEdit)$/.test(textAt(call, 'name')))
      changed.set(textAt(call, 'id'), textAt(call, 'input', 'file_path'));
    if (call['name'] === 'NotebookEdit')
      changed.set(textAt(call, 'id'), textAt(call, 'input', 'notebook_path'));
    const todos = at(call, 'input', 'todos');
    if (call['name'] === 'TodoWrite' && isOwn && Array.isArray(todos))
      seen.todos = todos.map((todo) => ({ text: textAt(todo, 'content'), status: textAt(todo, 'status') }));
    const task = created.get(textAt(call, 'input', 'taskId'));
    if (call['name'] === 'TaskUpdate' && task !== undefined)
      task.status = textAt(call, 'input', 'status') || task.status;
  }
}

function outputOf(text: string, command: string, seen: Witness): void {
  if (/\bgit\b[^\n]*\b(?:commit|merge|cherry-pick|revert)\b/.test(command))
    seen.commits.push(...[...text.matchAll(COMMIT)].flatMap(([, sha]) => sha ?? []));
  seen.pullRequests.push(...(text.match(PULL_REQUEST) ?? []));
}

function codex(lines: readonly Json[], seen: Witness): void {
  const commands = new Map<string, string>();
  // A fork's file begins with its parent's history: what is asked of it here is asked of the parent.
  if (lines.some((line) => textAt(line, 'payload', 'forked_from_id') !== '')) return;
  const isSubagent = lines.some((line) => isJson(at(line, 'payload', 'source', 'subagent')));
  for (const line of lines) {
    const payload = at(line, 'payload');
    const item = isJson(payload) ? payload : line;
    if (line['type'] === 'event_msg') codexEvent(item, isSubagent, seen);
    else if (line['type'] === 'compacted') seen.compactions.push(textAt(item, 'message'));
    else codexItem(item, commands, seen);
  }
}

function codexEvent(item: Json, isSubagent: boolean, seen: Witness): void {
  const message = textAt(item, 'message').trim();
  if (item['type'] === 'user_message' && !isSubagent && message !== '' && !message.startsWith('<'))
    seen.prompts.push(message);
  if (item['type'] === 'error' || item['type'] === 'stream_error') seen.errors.push(message);
  if (item['type'] === 'item_completed' && at(item, 'item', 'type') === 'Plan')
    seen.plans.push(textAt(item, 'item', 'text'));
  const changes = at(item, 'changes');
  if (item['type'] === 'patch_apply_end' && item['success'] !== false && isJson(changes))
    seen.files.push(...Object.keys(changes));
}

function codexItem(item: Json, commands: Map<string, string>, seen: Witness): void {
  const id = textAt(item, 'call_id');
  if (item['type'] === 'message' && item['role'] === 'assistant')
    seen.answers.push(texts(item['content']).join('\n'));
  if (item['type'] === 'message' && item['role'] === 'user') {
    for (const text of texts(item['content'])) {
      const typed = /^<user_shell_command>\s*<command>\n?([\s\S]*?)\n?<\/command>/.exec(text)?.[1];
      if (typed) seen.commands.push(typed);
    }
  }
  if (item['type'] === 'custom_tool_call') patched(textAt(item, 'input'), seen);
  if (item['type'] === 'function_call') {
    const given: unknown = JSON.parse(textAt(item, 'arguments') || '{}');
    const plan = at(given, 'plan');
    if (item['name'] === 'update_plan' && Array.isArray(plan))
      seen.todos = plan.map((step) => ({ text: textAt(step, 'step'), status: textAt(step, 'status') }));
    if (!/^(?:exec_command|shell|shell_command|local_shell)$/.test(textAt(item, 'name'))) return;
    const argv = at(given, 'command');
    const command = Array.isArray(argv)
      ? String(argv.at(-1))
      : textAt(given, 'cmd') || textAt(given, 'command');
    seen.commands.push(command);
    commands.set(id, command);
    patched(command, seen);
  }
  const command = commands.get(id);
  if (item['type'] === 'function_call_output' && command !== undefined)
    outputOf(textAt(item, 'output').replaceAll('\\n', '\n'), command, seen);
}

function patched(text: string, seen: Witness): void {
  if (!text.includes('*** Begin Patch')) return;
  for (const [, name] of text.matchAll(/^\*\*\* (?:Add File|Update File|Move to): (.+)$/gm))
    seen.files.push((name ?? '').trim());
}
