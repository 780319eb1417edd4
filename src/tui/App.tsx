/** The frame, painted; the keyboard, named. */
import { Box, Text, useApp, useInput, usePaste, useWindowSize } from 'ink';
import { useLayoutEffect, useSyncExternalStore } from 'react';
import type { Controller } from './controller.ts';
import { frame, type Theme } from './frames/frame.ts';
import { keyNames } from './input.ts';
import type { Line, Span, Tone } from './paint.ts';

export interface AppProps {
  readonly controller: Controller;
  readonly theme: Theme;
  readonly colour: boolean;
  /** Stops the process until the shell continues it. */
  readonly stopProcess: () => Promise<void>;
}

export function App({ controller, theme, colour, stopProcess }: AppProps) {
  const state = useSyncExternalStore(controller.subscribe, controller.snapshot);
  const { columns, rows } = useWindowSize();
  const { suspendTerminal } = useApp();
  useLayoutEffect(() => {
    controller.dispatch({ kind: 'resize', size: { columns, rows } });
  }, [controller, columns, rows]);
  controller.terminal.suspend = () => away(controller, () => suspendTerminal(stopProcess));
  controller.terminal.regain = () => away(controller, () => suspendTerminal(async () => undefined));
  useInput((input, key) => {
    for (const name of keyNames(input, key)) controller.dispatch({ kind: 'key', name });
  });
  usePaste((text) => controller.dispatch({ kind: 'paste', text }));
  return (
    <Box flexDirection="column">
      {frame(state, theme).map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen
        <Row key={i} line={line} colour={colour} />
      ))}
    </Box>
  );
}

/** A shell has the mouse as it was before. */
async function away(controller: Controller, leave: () => Promise<void>): Promise<void> {
  controller.terminal.giveBack();
  await leave();
  controller.terminal.takeAgain();
}

function Row({ line, colour }: { readonly line: Line; readonly colour: boolean }) {
  if (line.length === 0) return <Text> </Text>;
  return (
    <Text wrap="truncate">
      {line.map((span, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a span is its place in the line
        <Painted key={i} span={span} colour={colour} />
      ))}
    </Text>
  );
}

/** The sixteen colours that every theme, light or dark, has made legible. */
const LOOKS: Readonly<Record<Tone, Omit<React.ComponentProps<typeof Text>, 'children'>>> = {
  plain: {},
  title: { bold: true },
  dim: { dimColor: true },
  warn: { color: 'yellow' },
  danger: { color: 'red', bold: true },
  good: { color: 'green' },
  key: { bold: true },
  cursor: { inverse: true },
};

/** Who asks for no colour asks for that: what is bold, dim or turned round stays so. */
function Painted({ span, colour }: { readonly span: Span; readonly colour: boolean }) {
  const { color, ...looks } = LOOKS[span.tone];
  return (
    <Text {...looks} {...(colour && color !== undefined ? { color } : {})}>
      {span.text}
    </Text>
  );
}
