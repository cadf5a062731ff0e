import { Connection } from '../../../crates/tidewire-js/pkg/tidewire_js.js';

import { talk } from './talk.js';

globalThis.talk = (...what) => talk(Connection, ...what);
