/** What a collector has done, as a person reads it. */
import type { Collected } from '../../remote/collect.ts';
import type { Context } from '../context.ts';
import { plural } from '../format.ts';

export function sayCollected(
  { io }: Pick<Context, 'io'>,
  { removed, purged, waiting, others, kept_versions: keptVersions }: Collected,
): void {
  io.out(
    `Removed ${plural(removed.length, 'pack')} from the bucket, ${purged} of them with pieces of what was forgotten.\n`,
  );
  if (keptVersions)
    io.out(
      'The bucket keeps versions: what was removed is there still, sealed, as an earlier version. Remove those with a tool of your service, or have a rule of the bucket do it.\n',
    );
  if (waiting > 0)
    io.out(`${plural(waiting, 'pack')} that nothing names: they go once that is so for a week.\n`);
  if (others > 0)
    io.out(
      `${plural(others, 'pack')} with pieces of what was forgotten hold sessions of other machines too: run \`session-memory remote gc\` there, and then here again; where a machine is gone, \`session-memory remote forget --machine NAME\`.\n`,
    );
}
