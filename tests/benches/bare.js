// The bare API of the browser at a plain WebSocket echo, with the exchanges of `time_echoes`.
const [url, burst, trips, done] = arguments;
const TEXT = "a message of thirty-two letters.";
const socket = new WebSocket(url);
let missing = 0;
let arrived;
socket.onmessage = ({ data }) => {
  if (data !== TEXT) return done({ error: "an echo did not come back as it was sent" });
  missing -= 1;
  if (missing === 0) arrived();
};
socket.onclose = () => done({ error: "the WebSocket closed" });
const echoes = (count) => new Promise((resolve) => {
  missing = count;
  arrived = resolve;
  for (let sent = 0; sent < count; sent += 1) socket.send(TEXT);
});
socket.onopen = async () => {
  await echoes(100);
  let start = performance.now();
  for (let trip = 0; trip < trips; trip += 1) await echoes(1);
  const tripsTook = performance.now() - start;
  start = performance.now();
  await echoes(burst);
  done([performance.now() - start, tripsTook, burst]);
};
