/** Cursor's database of all workspaces, after what public readers of it agree on (empathic/toolpath and others, 2026). */
import { databaseOf } from '../../support/stored-rows.ts';
import { type Sample, type SampleOptions, timeOf } from './sample.ts';

const ID = '724686cd-875e-47da-a90b-dbc3e523efb8';

export const CURSOR_SCHEMA = [
  'CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)',
  'CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)',
  `CREATE TABLE composerHeaders (composerId TEXT PRIMARY KEY, workspaceId TEXT, createdAt INTEGER, lastUpdatedAt INTEGER,
     isArchived INTEGER, isSubagent INTEGER, recency INTEGER, checkpointAt INTEGER, value TEXT, subagentTypeName TEXT)`,
];

type Rows = [table: string, row: Record<string, string | number | null>][];

/** Drawn by chance in Cursor: so the order of the keys is none of the conversation. */
const drawn = (text: string) => Bun.hash(text).toString(16).padStart(16, '0');
const NOTHING = 'composer.content.e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function database({ id, cwd, turns, unknownType }: SampleOptions): Uint8Array {
  const ms = (turn: number, second = 0) => Date.parse(timeOf(turn, second));
  const rows: Rows = [['ItemTable', { key: 'cursorAuth/accessToken', value: 'never to be read' }]];
  const put = (key: string, value: object | string) =>
    rows.push(['cursorDiskKV', { key, value: typeof value === 'string' ? value : JSON.stringify(value) }]);
  const headers: { bubbleId: string; type: number }[] = [];
  const bubble = (name: string, type: number | string, at: string, more: object) => {
    const bubbleId = drawn(name);
    if (typeof type === 'number') headers.push({ bubbleId, type });
    put(`bubbleId:${id}:${bubbleId}`, { _v: 3, type, bubbleId, createdAt: at, text: '', ...more });
    return bubbleId;
  };
  const tool = (name: string, callId: string, params: object, result: object) => ({
    capabilityType: 15,
    codeBlocks: [],
    tokenCount: { inputTokens: 0, outputTokens: 0 },
    toolFormerData: {
      tool: 1,
      toolCallId: callId,
      status: 'completed',
      name,
      additionalData: {},
      params: JSON.stringify(params),
      result: JSON.stringify(result),
    },
  });
  for (const [n, { prompt, answer, command, output, written }] of turns.entries()) {
    const [checkpoint, content] = [drawn(`${prompt} state`), `composer.content.${drawn(`${prompt} text`)}`];
    const asked = bubble(`${prompt} 1`, 1, timeOf(n), {
      text: prompt,
      checkpointId: checkpoint,
      modelInfo: { modelName: 'm-1' },
    });
    put(`messageRequestContext:${id}:${asked}`, { projectLayouts: [JSON.stringify({ rootPath: cwd })] });
    put(`checkpointId:${id}:${checkpoint}`, { files: [] });
    put(content, `the text of ${written}`);
    bubble(
      `${prompt} 2`,
      2,
      timeOf(n, 1),
      tool(
        'edit_file_v2',
        `e ${prompt}`,
        { relativeWorkspacePath: written, noCodeblock: true },
        { beforeContentId: NOTHING, afterContentId: content },
      ),
    );
    bubble(
      `${prompt} 3`,
      2,
      timeOf(n, 2),
      tool('run_terminal_command_v2', `t ${prompt}`, { command, cwd: '' }, { output, exitCodeV2: 0 }),
    );
    bubble(`${prompt} 4`, 2, timeOf(n, 3), {
      text: answer,
      tokenCount: { inputTokens: 3, outputTokens: 11 },
    });
  }
  if (unknownType !== undefined) bubble('zz', unknownType, timeOf(9), {});
  const workspaceIdentifier = { id: 'w1', uri: { $mid: 1, fsPath: cwd, path: cwd, scheme: 'file' } };
  const times = { createdAt: ms(0), lastUpdatedAt: ms(turns.length) };
  put(`composerData:${id}`, {
    _v: 16,
    composerId: id,
    name: '',
    ...times,
    status: 'completed',
    workspaceIdentifier,
    modelConfig: { modelName: 'm-1' },
    fullConversationHeadersOnly: headers,
  });
  rows.push([
    'composerHeaders',
    {
      composerId: id,
      workspaceId: 'w1',
      ...times,
      isArchived: 0,
      isSubagent: 0,
      value: JSON.stringify({ type: 'head', composerId: id, workspaceIdentifier }),
    },
  ]);
  return databaseOf(CURSOR_SCHEMA, rows);
}

export const cursorSample: Sample = {
  sessionId: ID,
  roots: {
    linux: '/home/me/.config/Cursor/User',
    darwin: '/Users/me/Library/Application Support/Cursor/User',
    win32: 'C:\\Users\\me\\AppData\\Roaming\\Cursor\\User',
  },
  moved: { XDG_CONFIG_HOME: 'moved/Cursor/User' },
  session: (options) => ({ 'globalStorage/state.vscdb': database(options) }),
  otherTables: ['ItemTable'],
  tokensOfTurn: { input: 3, cacheWrite: 0, cacheRead: 0, output: 11, reasoning: 0 },
  resume: ['cursor', '.'],
};
