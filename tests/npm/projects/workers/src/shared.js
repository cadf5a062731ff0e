import { Client } from 'tidewire';

onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data: server }) => {
    const client = new Client(server);
    client.addEventListener('message', event => port.postMessage(event.data));
    client.send('ahoy');
  };
};
