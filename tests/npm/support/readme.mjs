// The code blocks of the package's README, as it is installed.
import { readFile } from 'node:fs/promises';

/** Each block with its language and, where it has one, its name. */
export async function blocks() {
  const text = await readFile('node_modules/tidewire/README.md', 'utf8');
  return [...text.matchAll(/^( *)```(\w+)(?: (\S+))?\n(.*?)^ *```$/gms)].map(([, indent, language, name, code]) => ({
    language,
    name,
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}
