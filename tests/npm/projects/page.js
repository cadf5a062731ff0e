// What the pages of all projects do: two clients talk to the server that `?server=` names, and show what it echoes.
import { Client } from 'tidewire';

const server = new URLSearchParams(location.search).get('server');

for (const name of ['first', 'second']) {
  const client = new Client(server);
  client.addEventListener('message', event => show(`echo: ${event.data}`));
  client.addEventListener('close', event => show(`closed: ${event.error}`));
  client.send(`ahoy from the ${name}`);
}

function show(text) {
  document.body.appendChild(document.createElement('p')).textContent = text;
}
