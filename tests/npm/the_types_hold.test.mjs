import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { blocks } from './support/readme.mjs';

const run = promisify(execFile);

/** Runs the compiler as strictly as it gets, on the declarations of the package too. */
async function compile(...options) {
  const fixed = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--skipLibCheck',
    'false',
    '--target',
    'es2022',
  ];
  const { stdout } = await run('node_modules/.bin/tsc', [...fixed, ...options]).catch(error => error);
  assert.equal(stdout, '');
}

const FULL = ['--lib', 'es2022,dom,dom.iterable,dom.asynciterable', '--types', ''];
const BUNDLER = ['--module', 'esnext', '--moduleResolution', 'bundler'];

for (const [name, resolution] of Object.entries({
  bundler: BUNDLER,
  node16: ['--module', 'node16'],
  nodenext: ['--module', 'nodenext'],
})) {
  test(`right uses compile and wrong ones do not, resolved by ${name}`, () =>
    compile(...FULL, ...resolution, 'types/right.mts', 'types/wrong.mts'));
}

test('the declarations need no library but es2022 and dom', () =>
  compile('--lib', 'es2022,dom', '--types', '', ...BUNDLER, 'types/wrong.mts'));

test('every TypeScript example of the README compiles', async context => {
  // Beside the package, which the compiler looks for above each file.
  const folder = 'node_modules/.readme';
  await mkdir(folder, { recursive: true });
  context.after(() => rm(folder, { recursive: true }));
  const examples = (await blocks()).filter(({ language }) => language === 'ts');
  assert.ok(examples.length >= 7, `${examples.length}`);
  const files = await Promise.all(
    examples.map(async ({ code }, index) => {
      const file = `${folder}/example-${index}.mts`;
      await writeFile(file, code);
      return file;
    }),
  );
  await compile(...FULL, ...BUNDLER, ...files);
});
