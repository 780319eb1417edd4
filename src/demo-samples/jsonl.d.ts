/** A transcript bundled as a file: the import is its path, also inside the executable. */
declare module '*.jsonl' {
  const path: string;
  export default path;
}
