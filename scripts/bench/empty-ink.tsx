/** Fifty lines, drawn anew at each key: what any screen made with Ink costs. Compiled as a baseline of the bench. */
import { Box, render, Text, useInput } from 'ink';
import { useEffect, useState } from 'react';

const LINES = Array.from({ length: 49 }, (_, i) => `line ${i + 1}`);

function App() {
  const [keys, setKeys] = useState(0);
  const [listens, setListens] = useState(false);
  useInput(() => setKeys((count) => count + 1));
  useEffect(() => setListens(true), []);
  return (
    <Box flexDirection="column">
      {LINES.map((line, i) => (
        <Text key={line}>{`${i === keys % LINES.length ? '>' : ' '} ${line}`}</Text>
      ))}
      <Text>{listens ? 'listens' : ''}</Text>
    </Box>
  );
}

render(<App />);
