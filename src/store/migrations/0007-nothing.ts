/**
 * A digest of nothing lets nothing go any more. Versions before took a blank line or a summary for an analysis: of unreadable
 * bytes stood an empty digest that covered them. Live sessions with such a digest wait for an analysis again, as though they
 * had grown; the digest stays under its old generation, where it authorises nothing.
 * What somebody said or did is told here as `Collector.told` has it; what was cut for its size (`omitted`) was something.
 */
/** Whether a list of the digest has an entry with something but white space in one of those members. */
const says = (
  list: string,
  ...members: readonly string[]
) => `EXISTS (SELECT 1 FROM json_each(d.json, '$.${list}') one
            WHERE ${members.map((name) => isText(`json_extract(one.value, '$.${name}')`)).join(' OR ')})`;
const isText = (value: string) => `trim(coalesce(${value}, ''), char(9, 10, 13, 32)) <> ''`;

export const nothing = `
UPDATE sessions SET raw_generation = raw_generation + 1, analyzed_at = NULL, analyze_error = NULL
WHERE evicted_at IS NULL AND analyzed_at IS NOT NULL AND EXISTS (
  SELECT 1 FROM digests d WHERE d.session_id = sessions.id AND d.generation = sessions.raw_generation AND d.complete = 1
    AND CASE WHEN json_valid(d.json) THEN
          json_extract(d.json, '$.omitted') IS NULL
          AND NOT (${isText("json_extract(d.json, '$.outcome')")})
          AND NOT ${says('prompts', 'text')}
          AND NOT ${says('commands', 'command')}
          AND NOT ${says('commits', 'message')}
          AND NOT ${says('subagents', 'task', 'result')}
          AND NOT EXISTS (SELECT 1 FROM json_each(d.json, '$.plans') one WHERE ${isText('one.value')})
          AND NOT EXISTS (SELECT 1 FROM json_each(d.json, '$.tools') one WHERE ${isText('one.key')})
        ELSE 0 END);`;
