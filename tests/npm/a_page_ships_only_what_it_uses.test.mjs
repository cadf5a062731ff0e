import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

import { build } from 'vite';

import { temporary, webpackBuild } from './support/bundle.mjs';

/** Texts that only the code of one part holds; no minifier changes them. */
const MARKS = { client: 'or give a `codec`', socket: 'tidewire-socket/1' };

const BUNDLERS = {
  vite: (part, outDir) =>
    build({
      root: resolve('projects/parts'),
      configFile: false,
      logLevel: 'warn',
      build: { outDir, emptyOutDir: true, rolldownOptions: { input: resolve(`projects/parts/src/${part}.js`) } },
    }),
  webpack: (part, path) => webpackBuild('parts', path, { entry: `./src/${part}.js` }),
};

for (const [bundler, bundle] of Object.entries(BUNDLERS)) {
  for (const part of Object.keys(MARKS)) {
    test(`${bundler} ships of the package only the ${part} to a page that uses no more`, async context => {
      const folder = await temporary(context);
      await bundle(part, folder);
      const scripts = (await readdir(folder, { recursive: true })).filter(file => file.endsWith('.js'));
      const code = (await Promise.all(scripts.map(file => readFile(join(folder, file), 'utf8')))).join();
      for (const [name, mark] of Object.entries(MARKS)) {
        assert.equal(code.includes(mark), name === part, `${name} in ${scripts}`);
      }
    });
  }
}
