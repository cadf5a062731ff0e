// The code blocks of a document: of the package's README, as it is installed, unless another is named.
import { readFile } from 'node:fs/promises';

/** Each block with its language and, where it has one, its name. */
export async function blocks(file = 'node_modules/tidewire/README.md') {
  const text = await readFile(file, 'utf8');
  return [...text.matchAll(/^( *)```(\w+)(?: (\S+))?\n(.*?)^ *```$/gms)].map(([, indent, language, name, code]) => ({
    language,
    name,
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}
