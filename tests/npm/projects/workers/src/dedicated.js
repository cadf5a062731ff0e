import { Client } from 'tidewire';

onmessage = async ({ data: server }) => {
  const client = new Client(server);
  client.send('ahoy');
  for await (const message of client) {
    postMessage(message);
  }
};
