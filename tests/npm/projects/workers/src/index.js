// The page of both workers: it says where the server is, and shows what they hear of it.
const server = new URLSearchParams(location.search).get('server');

const dedicated = new Worker(new URL('./dedicated.js', import.meta.url), { type: 'module' });
dedicated.onmessage = event => show(`worker: ${event.data}`);
dedicated.postMessage(server);

const { port } = new SharedWorker(new URL('./shared.js', import.meta.url), { type: 'module' });
port.onmessage = event => show(`shared worker: ${event.data}`);
port.postMessage(server);

function show(text) {
  document.body.appendChild(document.createElement('p')).textContent = text;
}
