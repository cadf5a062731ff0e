import { attributes } from './attributes.js';
import { closing } from './closing.js';
import { construction } from './construction.js';
import { events } from './events.js';
import { handlers } from './handlers.js';
import { sending } from './sending.js';

/**
 * Each clause: what holds, and how to see that. `subjects` where not each class can show it: `native` and `gateway`
 * have a server that takes orders, `tidewire` has the echo server.
 */
export const clauses = [...construction, ...attributes, ...sending, ...closing, ...events, ...handlers];
