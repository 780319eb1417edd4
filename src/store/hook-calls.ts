/** When each agent last called its hook, so that one that has gone silent is seen. */
import type { Iso } from '../domain/time.ts';
import type { ReadableDb, WritableDb } from './connection.ts';

export interface HookCall {
  readonly agent: string;
  readonly event: string;
  readonly firedAt: Iso;
}

/** The event's name is another program's word: a few letters of it are kept. */
const EVENT_CHARS = 40;

export function noteHookCall(db: WritableDb, { agent, event, firedAt }: HookCall): void {
  db.run(
    `INSERT INTO hook_calls (agent, event, fired_at) VALUES ($agent, $event, $firedAt)
     ON CONFLICT (agent) DO UPDATE SET event = excluded.event, fired_at = excluded.fired_at`,
    { agent, event: event.slice(0, EVENT_CHARS), firedAt },
  );
}

export function hookCalls(db: ReadableDb): HookCall[] {
  return db.all('SELECT agent, event, fired_at AS firedAt FROM hook_calls ORDER BY agent');
}
