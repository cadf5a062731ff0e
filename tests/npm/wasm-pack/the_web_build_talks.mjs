// Run by .ci/run behind `wasm-pack build crates/tidewire-js --target web`, whose output it loads.
import { resolve } from 'node:path';
import { test } from 'node:test';

import { talks } from './talks.mjs';

test('the class that wasm-pack builds for the web connects and is echoed', async () => {
  await talks(resolve('../..'), 'tests/npm/wasm-pack/');
});
