/**
 * Commands for a person to copy. An address or a name in them may come from another node, so a word that a shell would
 * not take as it stands is quoted.
 */

/** The command that is sent to a node. */
export function headwaterAt(address: string, ...words: readonly string[]): string {
  return shellCommand('headwater', '--connect', address, ...words);
}

export function shellCommand(...words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
