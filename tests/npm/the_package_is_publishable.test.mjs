import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const FOLDER = 'node_modules/tidewire';

async function packed() {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', `./${FOLDER}`]);
  const [{ files }] = JSON.parse(stdout);
  return files.map(({ path }) => path);
}

const manifest = JSON.parse(await readFile(join(FOLDER, 'package.json'), 'utf8'));

function* targets(exported) {
  if (typeof exported === 'string') {
    yield exported;
  } else {
    for (const value of Object.values(exported)) {
      yield* targets(value);
    }
  }
}

test('the tarball holds the code, its types, the licences and the README, and nothing else', async () => {
  const files = await packed();
  const strange = files.filter(
    file => !/^(package\.json|README\.md|LICENSE-(APACHE|MIT)|dist\/(tidewire\.wasm|[\w-]+\.(js|d\.ts)))$/.test(file),
  );
  assert.deepEqual(strange, []);
  for (const file of ['package.json', 'README.md', 'LICENSE-APACHE', 'LICENSE-MIT', 'dist/tidewire.wasm']) {
    assert.ok(files.includes(file), file);
  }
});

test('everything that the manifest names is in the tarball', async () => {
  const files = await packed();
  const named = [...targets(manifest.exports), manifest.main, manifest.types, ...manifest.sideEffects];
  for (const file of named) {
    assert.ok(files.includes(file.replace('./', '')), file);
  }
  // The first condition that holds counts.
  assert.equal(Object.keys(manifest.exports['.'])[0], 'types');
  assert.equal(Object.keys(manifest.exports['.']).at(-1), 'default');
  assert.deepEqual([manifest.license, manifest.dependencies], ['MIT OR Apache-2.0', undefined]);
});

test('every relative import of the tarball leads into it', async () => {
  const files = await packed();
  for (const file of files.filter(name => /\.(js|d\.ts)$/.test(name))) {
    const code = await readFile(join(FOLDER, file), 'utf8');
    for (const [, path] of code.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)) {
      const target = file.endsWith('.d.ts') ? path.replace(/\.js$/, '.d.ts') : path;
      assert.ok(files.includes(join('dist', target)), `${file} imports ${path}`);
    }
  }
});

test('each entry resolves, and the package exports what it documents', async () => {
  for (const entry of Object.keys(manifest.exports)) {
    assert.ok(import.meta.resolve(entry.replace('.', 'tidewire')).startsWith('file:'), entry);
  }
  const names = [
    'Client',
    'ConfigurationError',
    'ConnectionError',
    'DecodeError',
    'MessageError',
    'Receipt',
    'TidewireError',
    'TidewireSocket',
    'json',
  ];
  assert.deepEqual(Object.keys(await import('tidewire')).sort(), names);
});
