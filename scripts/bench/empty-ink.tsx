/** Fifty lines, drawn anew at each key: what any screen made with Ink costs. Compiled as a baseline of the bench. */
import { Box, render, Text, useInput } from 'ink';
import { useState } from 'react';

const LINES = Array.from({ length: 49 }, (_, i) => `line ${i + 1}`);

function App() {
  const [keys, setKeys] = useState(0);
  useInput(() => setKeys((count) => count + 1));
  return (
    <Box flexDirection="column">
      {LINES.map((line, i) => (
        <Text key={line} inverse={i === keys % LINES.length}>
          {line}
        </Text>
      ))}
    </Box>
  );
}

render(<App />);
