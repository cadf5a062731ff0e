import init, { Connection } from '/crates/tidewire-js/pkg/tidewire_js.js';

import { talk } from './talk.js';

globalThis.talk = async (...what) => {
  await init();
  return talk(Connection, ...what);
};
