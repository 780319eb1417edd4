/** The dashboard: the lines of the model, painted. */
import { Box, Text, useInput, useWindowSize } from 'ink';
import { useSyncExternalStore } from 'react';
import { eventOf, footer } from './keys.ts';
import type { LiveView } from './live.ts';
import { type Line, lines } from './model.ts';
import type { Event } from './state.ts';

export interface DashboardProps {
  readonly live: LiveView;
  readonly colour: boolean;
  readonly unicode: boolean;
  readonly bytes: (count: number) => string;
  readonly onEvent: (event: Event) => void;
}

export function Dashboard({ live, colour, unicode, bytes, onEvent }: DashboardProps) {
  const view = useSyncExternalStore(live.subscribe, live.snapshot);
  const { columns, rows } = useWindowSize();
  useInput((input, key) => {
    const event = eventOf(input, key.ctrl);
    if (event !== null) onEvent(event);
  });
  return (
    <Box flexDirection="column">
      {lines(view, { columns, rows, unicode, bytes, footer: footer() }).map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen
        <Row key={i} line={line} colour={colour} />
      ))}
    </Box>
  );
}

function Row({ line, colour }: { readonly line: Line; readonly colour: boolean }) {
  const text = line.text === '' ? ' ' : line.text;
  if (!colour) return <Text wrap="truncate">{text}</Text>;
  return (
    <Text
      wrap="truncate"
      bold={line.style === 'title'}
      dimColor={line.style === 'dim'}
      {...(line.style === 'warn' ? { color: 'yellow' } : {})}
    >
      {text}
    </Text>
  );
}
