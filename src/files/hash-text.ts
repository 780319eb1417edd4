/** SHA-256 of a text's UTF-8, in hex: what ids and names are made of where the text itself is too long or no name. */
export function hashText(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
}

/** Tells one command from another without keeping it: it may hold a key. */
export function nameOfCommand(command: string): string {
  return hashText(command).slice(0, 16);
}
