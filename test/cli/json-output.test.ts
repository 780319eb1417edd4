/**
 * The page of what `--json` prints is made from the schemas: docs/json-output.md cannot say anything else than `schema` does.
 * `UPDATE_GOLDEN=1` writes its tables anew.
 */
import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SCHEMAS } from '../../src/cli/schemas.by-command.ts';
import { COMMANDS } from '../../src/cli/table.ts';

const PAGE = join(import.meta.dir, '../../docs/json-output.md');
const BEGIN = '<!-- made by test/cli/json-output.test.ts -->';
const END = '<!-- end -->';

/** As much of JSON Schema as ours have. */
interface Node {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node | false;
  readonly prefixItems?: readonly Node[];
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
}

/** What else a report is the same as: written out once. */
const SAME: ReadonlyMap<string, string> = new Map([
  ['maintain ingests[]', 'as of `ingest`'],
  ['maintain sweeps[]', 'as of `sweep`'],
  ['history sweeps[].report', 'as of `sweep`'],
  ['search hits[].session', 'as in `list`'],
  ['related related[].session', 'as in `list`'],
  ['show session', 'as in `list`'],
  ['restore restored[]', 'as of one session, without `version`'],
  ['show older_digests[]', 'as `digest`'],
  ['show elsewhere[].digest', 'as `digest`'],
]);

function rows(command: string, node: Node, at: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, value]) =>
    key === 'version' && at === ''
      ? []
      : row(command, value, at === '' ? key : `${at}.${key}`, node.required?.includes(key) !== true),
  );
}

function row(command: string, given: Node, at: string, mayMiss: boolean): string[] {
  const isNullable = mayBeNull(given);
  const forms = given.anyOf?.filter(({ type }) => type !== 'null') ?? [given];
  const [only = given] = forms;
  const isList = only.type === 'array' && forms.length === 1 && only.prefixItems === undefined;
  const element = isList && only.items !== undefined && only.items !== false ? only.items : only;
  const name = isList ? `${at}[]` : at;
  const same = SAME.get(`${command} ${name}`);
  const type = [
    ...(same !== undefined ? [same] : forms.length > 1 ? forms.map(typeOf) : [typeOf(element)]),
    ...(isNullable || mayBeNull(element) ? ['null'] : []),
    ...(mayMiss ? ['may be missing'] : []),
  ];
  const says = given.description ?? element.description ?? '';
  // Of an object without a word of its own its members say all.
  const isPlain = type.join() === 'object' && says === '';
  const own = `| \`${name}\` | ${type.join(', ')} | ${says.replaceAll('|', '\\|')} |`.replace('|  |', '| |');
  const inner = element.anyOf?.find(({ type: of }) => of === 'object') ?? element;
  return [...(isPlain ? [] : [own]), ...(same === undefined ? rows(command, inner, name) : [])];
}

function mayBeNull({ type, anyOf }: Node): boolean {
  return (
    (Array.isArray(type) && type.includes('null')) || (anyOf?.some((one) => one.type === 'null') ?? false)
  );
}

function typeOf(node: Node): string {
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if (node.anyOf !== undefined)
    return node.anyOf
      .filter(({ type }) => type !== 'null')
      .map(typeOf)
      .join(', ');
  if (node.format === 'date-time') return 'time';
  if (node.pattern?.startsWith('^[a-z0-9-]+:') === true) return 'id of a session';
  if (node.prefixItems !== undefined) return `[${node.prefixItems.map(typeOf).join(', ')}]`;
  const values = node.additionalProperties;
  if (node.properties === undefined && typeof values === 'object') return `${typeOf(values)} by name`;
  const [type = 'any'] = [node.type ?? []].flat().filter((one) => one !== 'null');
  return { integer: 'number', array: 'list' }[type] ?? type;
}

function part(): string {
  const shown = COMMANDS.filter(({ name }) => name in SCHEMAS).map(({ name }) => name);
  const sections = [...shown, 'error'].flatMap((name) => {
    const forms = Object.entries(SCHEMAS).find(([command]) => command === name)?.[1] ?? [];
    const title = name === 'error' ? 'A failure' : `\`${name}\``;
    const nodes = forms.map((form): Node => JSON.parse(JSON.stringify(z.toJSONSchema(form))));
    const either = nodes.flatMap((node) => node.anyOf ?? [node]);
    return either.flatMap((node, i) => {
      const told = node.description === undefined ? [] : [`${node.description}:`, ''];
      if (i > 0) expect(told, `a further form of ${title} says when it is printed`).not.toEqual([]);
      return [
        ...(i === 0 ? [`## ${title}`, ''] : []),
        ...told,
        ...['| key | is | |', '|---|---|---|', ...rows(name, node, ''), ''],
      ];
    });
  });
  return [BEGIN, '', ...sections, END].join('\n');
}

test('the page of what --json prints is that of the schemas', () => {
  const text = () => readFileSync(PAGE, 'utf8');
  const there = () => text().slice(text().indexOf(BEGIN), text().indexOf(END) + END.length);
  if (Bun.env['UPDATE_GOLDEN'] === '1')
    writeFileSync(
      PAGE,
      text().replace(there(), () => part()),
    );
  expect(there()).toBe(part());
});
