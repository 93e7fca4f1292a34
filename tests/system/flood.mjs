// Many publishes as fast as the hub answers them: a few connections, each with many requests under way.
import assert from 'node:assert/strict';
import net from 'node:net';

import { within } from './hub.mjs';
import { requestBytes } from './http.mjs';

const CONNECTIONS = 8, UNDER_WAY = 64;
const PUBLISHED = '"status":"published"';

// One event with this data to each of `count` channels; name(i) is a channel's, encoded. Every answer must be 200.
export async function flood(port, count, name, data = 'x') {
  let next = 0;
  const one = () => new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    let sent = 0, answered = 0, rest = '';
    const send = () => {
      const requests = [];
      for (; sent - answered < UNDER_WAY && next < count; sent++) requests.push(requestBytes('POST', `/publish/${name(next++)}`, { body: data }));
      if (requests.length) socket.write(Buffer.concat(requests));
      if (sent === answered) socket.end(resolve);
    };
    socket.on('connect', send).on('error', reject).on('close', () => reject(new Error('cut while publishing')));
    socket.on('data', (chunk) => {
      const parts = (rest + chunk.toString('latin1')).split(PUBLISHED);
      rest = parts.at(-1);
      const refused = parts.find((part) => /HTTP\/1\.1 [^2]/.test(part));
      if (refused) reject(new Error(`a publish is refused: ${refused}`));
      answered += parts.length - 1;
      if (sent - answered < UNDER_WAY / 2) send();
    });
  });
  await within(Promise.all(Array.from({ length: CONNECTIONS }, one)), () => `only ${next} of ${count} are published`, 300_000);
  assert.equal(next, count);
}
