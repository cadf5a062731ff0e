// Run by .ci/run behind `wasm-pack build crates/tidewire-js --target bundler`, whose output it bundles with webpack.
import { test } from 'node:test';

import { temporary, webpackBuild } from '../support/bundle.mjs';
import { talks } from './talks.mjs';

test('the class that wasm-pack builds for bundlers connects and is echoed', async context => {
  const folder = await temporary(context);
  // A module that imports a wasm file as a module itself: webpack asks for this switch.
  await webpackBuild('../wasm-pack', folder, {
    entry: './bundler.js',
    experiments: { asyncWebAssembly: true },
  });
  await talks(folder, '');
});
