import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { clauses } from './pages/drop-in/clauses/all.js';
import { startBackend } from './support/backend.mjs';
import { echo, gateway } from './support/server.mjs';
import { browse, open, serve } from './support/site.mjs';

const SUBJECTS = ['native', 'gateway', 'tidewire'];

let backend, front, sessions, site, browser, page;
const runs = Object.fromEntries(SUBJECTS.map(subject => [subject, 0]));

before(async () => {
  backend = await startBackend();
  [front, sessions, site, browser] = await Promise.all([
    gateway({ backend: `${backend.ws}/echo` }),
    echo(),
    serve(fileURLToPath(new URL('.', import.meta.url))),
    browse(),
  ]);
  ({ page } = await open(browser, `${site.url}/pages/drop-in/`));
});

after(() => {
  const figures = Object.entries(runs).map(([subject, count]) => `${subject} ${count}`);
  console.log(`clauses: ${clauses.length}; tested against ${figures.join(', ')}`);
});

// What takes one turn comes last: it leaves sockets that never connected, for which Chromium delays later ones.
const isOfOneTurn = ({ run }) => run.constructor === Function;
const ordered = [...clauses.filter(clause => !isOfOneTurn(clause)), ...clauses.filter(isOfOneTurn)];

for (const { name, subjects = SUBJECTS } of ordered) {
  test(name, async () => {
    const places = {
      native: `${backend.ws}/echo`,
      gateway: `${front.ws}/echo`,
      tidewire: `${sessions.ws}/live`,
    };
    const outcomes = await Promise.allSettled(
      subjects.map(subject =>
        page.evaluate(
          ([name, subject, place]) => globalThis.run(name, subject, place),
          [name, subject, { address: places[subject], records: backend.http }],
        ),
      ),
    );
    subjects.forEach(subject => runs[subject]++);
    const failures = outcomes.flatMap(({ reason }, index) =>
      reason ? [`${subjects[index]}: ${reason.message.split('\n')[0]}`] : [],
    );
    assert.deepEqual(failures, []);
  });
}

test('no two clauses have one name', () => {
  assert.equal(new Set(clauses.map(({ name }) => name)).size, clauses.length);
});
