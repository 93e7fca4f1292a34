// Nobody pays for another, and nobody is forgotten: what a busy neighbour, a crowd or one's own haste must not do.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

import { ask, figure, LIGHT, publish, startHub, within } from './hub.mjs';
import { Connection, requestBytes } from './http.mjs';
import { subscribe } from './sse.mjs';

const pageRequest = requestBytes('GET', '/');

test('pipelined requests are all answered, also to a client that reads late', async (t) => {
  const hub = await startHub(t);
  const count = 400;
  const connection = new Connection(hub);
  connection.socket.pause(); // more than the buffers on the way hold must be waiting when it reads
  connection.send(Buffer.concat(Array.from({ length: count }, () => pageRequest)));
  await figure(hub, 'freshet_answers_total{status="2xx"}', (answers) => answers > 8);
  connection.socket.resume();
  for (let i = 0; i < count; i++) {
    const { status, headers } = await connection.head();
    assert.equal(status, 200);
    await connection.exactly(Number(headers['content-length']));
  }
  connection.destroy();
});

test('a publish is answered although its client asks for a stream behind it and half-closes', async (t) => {
  const hub = await startHub(t);
  for (let i = 0; i < 40; i++) {
    const connection = new Connection(hub).send(Buffer.concat([
      requestBytes('POST', '/publish/a', { body: 'x' }), requestBytes('GET', '/events/a')])).finish();
    assert.equal((await connection.answer()).status, 200);
    await connection.wait(() => connection.ended ?? undefined, 'the connection to be closed');
    connection.destroy();
  }
  await figure(hub, 'freshet_subscribers', 0);
});

test('answers that a late reader has not taken yet are not lost behind a stream and a half-close', async (t) => {
  const hub = await startHub(t);
  const connection = new Connection(hub);
  connection.socket.pause();
  const count = 300; // more than lies on the way
  connection.send(Buffer.concat([...Array.from({ length: count }, () => pageRequest), requestBytes('GET', '/events/a')])).finish();
  await figure(hub, 'freshet_answers_total{status="2xx"}', (answers) => answers > 8);
  connection.socket.resume();
  for (let i = 0; i < count; i++) await connection.exactly(Number((await connection.head()).headers['content-length']));
  await connection.wait(() => connection.ended ?? undefined, 'the connection to be closed');
  await figure(hub, 'freshet_subscribers', 0);
});

test('a quiet channel has its turn while a busy one is never done', async (t) => {
  const hub = await startHub(t, ['--workers', '1', '--history', '10000']);
  const crowd = await Promise.all(Array.from({ length: LIGHT ? 100 : 1000 }, () => subscribe(hub, '/events/busy')));
  for (const { connection } of crowd) { // they read on and keep nothing
    connection.socket.removeAllListeners('data');
    connection.socket.resume();
  }
  const quiet = await subscribe(hub, '/events/quiet');
  let going = true;
  const publisher = async () => {
    while (going) await publish(hub, 'busy', 'x'.repeat(100));
  };
  const publishers = [publisher(), publisher()];
  await figure(hub, 'freshet_deliveries_total', (deliveries) => deliveries > crowd.length);
  try {
    for (let i = 0; i < 8; i++) {
      await publish(hub, 'quiet', `${i}`);
      await quiet.last(`${i}`);
    }
  } finally {
    going = false;
  }
  await Promise.all(publishers);
});

// With a small buffer of its own, as Node can't have it: reads 1500 bytes five times a second for six times the
// stall timeout, and for longer than the kernel's timeout too. That time is what is tested.
const slowReader = `
import socket, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
s.connect((sys.argv[1], int(sys.argv[2])))
s.sendall(b'GET /events/a HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n')
s.recv(100)
print('open', flush=True)
end = time.time() + 18
while time.time() < end:
    if not s.recv(1500):
        sys.exit('the stream ended')
    time.sleep(.2)
`;

test('a reader that is slow but steady is not closed', { skip: LIGHT }, async (t) => {
  const hub = await startHub(t, ['--stall-timeout', '3s']);
  const reader = spawn('python3', ['-c', slowReader, hub.host, `${hub.port}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(reader, 'close');
  await once(reader.stdout, 'data');
  for (let i = 0; i < 20; i++) await publish(hub, 'a', 'x'.repeat(100000)); // more than lies on the way
  assert.deepEqual(await within(ended, 'the reader to end'), [0, null]);
});

test('a keepalive comes in its time after a reader was slow once', async (t) => {
  const hub = await startHub(t, ['--keepalive', '300ms', '--stall-timeout', '1h', '--history', '100000']);
  const reader = new Connection(hub).send(requestBytes('GET', '/events/a'));
  await reader.to(': connected');
  reader.socket.pause();
  for (let i = 0; i < 400; i++) await publish(hub, 'a', 'x'.repeat(10000));
  await publish(hub, 'a', 'the last');
  reader.socket.resume();
  await reader.to('the last');
  await reader.to(': keepalive');
  reader.destroy();
});

test('a parameter whose name is broken does not hide a position', async (t) => {
  const hub = await startHub(t);
  const id = await publish(hub, 'a', 'one');
  await publish(hub, 'a', 'two');
  const stream = await subscribe(hub, `/events/a?%zz=1&last_event_id=${id}`);
  assert.deepEqual(await stream.data(1), ['two']);
});

test('a HEAD gets no body that would be read as the next answer', async (t) => {
  const hub = await startHub(t);
  const connection = new Connection(hub).send(Buffer.concat([
    requestBytes('HEAD', '/health'), requestBytes('GET', '/health')]));
  assert.equal((await connection.head()).status, 200);
  assert.equal((await connection.answer()).status, 200);
  connection.destroy();
});

test('a crowd that comes at once is served, and so is who comes with it', async (t) => {
  const hub = await startHub(t);
  const count = LIGHT ? 300 : 3000;
  const crowd = Array.from({ length: count }, () => new Connection(hub).send(requestBytes('GET', '/events/a')));
  const health = ask(hub, 'GET', '/health');
  await Promise.all(crowd.map((connection) => connection.to(': connected')));
  assert.equal((await health).status, 200);
  await publish(hub, 'a', 'hello');
  await Promise.all(crowd.map((connection) => connection.to('data: hello')));
});
