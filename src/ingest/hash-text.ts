/** SHA-256 of a text's UTF-8, in hex: what ids and names are made of where the text itself is too long or no name. */
export function hashText(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
}
