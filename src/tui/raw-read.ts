/** A piece of a raw transcript, as it was asked for: either end of it, or on from what is there. */
import type { Services } from './ports.ts';
import type { Effect, Event } from './state.ts';

type Asked = Extract<Effect, { kind: 'raw' | 'raw_end' | 'read_on' | 'read_back' }>;

export function rawRead(asked: Asked, { transcript }: Pick<Services, 'transcript'>, columns: number): Event {
  const { uid } = asked;
  const read = { kind: 'read', title: 'Raw transcript', uid, mode: 'raw' } as const;
  switch (asked.kind) {
    case 'raw':
      return { ...read, ...transcript(uid, { fromBytes: 0 }, columns) };
    case 'raw_end':
      return { ...read, atEnd: true, ...transcript(uid, { untilBytes: Number.POSITIVE_INFINITY }, columns) };
    case 'read_on': {
      const { lines, more } = transcript(uid, { fromBytes: asked.offsetBytes }, columns);
      return { kind: 'read_on', lines, more };
    }
    case 'read_back': {
      const { lines, before } = transcript(uid, { untilBytes: asked.offsetBytes }, columns);
      return { kind: 'read_back', lines, before };
    }
    default:
      return asked satisfies never;
  }
}
