// Connections of publishers: chunks, pipelines, keep-alive, old clients, and waiting for the answer
// when they outrun delivery.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { LIGHT, figure, metrics, publish, startHub, until } from './hub.mjs';
import { Connection, chunked, requestBytes } from './http.mjs';
import { subscribe } from './sse.mjs';

const post = (data, more = {}) => requestBytes('POST', '/publish/a', { body: data, ...more });

test('chunked bodies arrive whole, with extensions and trailers', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a');
  const connection = new Connection(hub);
  const head = requestBytes('POST', '/publish/a', { headers: ['Transfer-Encoding: Chunked'] });
  for (const body of [chunked('hello ', 'world'), '5;a=b;c="d"\r\nhello\r\n006\r\n world\r\n0\r\nX-Trailer: y\r\n\r\n', '3\r\nhel\r\nA\r\nlo world..\r\n0\r\n\r\n'.replace('A\r\nlo world..', '8\r\nlo world')]) {
    connection.send(head).send(body);
    assert.equal((await connection.answer()).status, 200);
  }
  connection.send(head).send(chunked());
  assert.equal((await connection.answer()).status, 200);
  assert.deepEqual(await stream.data(4), ['hello world', 'hello world', 'hello world', '']);
});

test('a request may come byte by byte', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a');
  const connection = new Connection(hub);
  for (const byte of post('slow')) {
    connection.send(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  assert.equal((await connection.answer()).status, 200);
  const parts = Buffer.concat([requestBytes('POST', '/publish/a', { headers: ['Transfer-Encoding: chunked'] }), chunked('in', ' chunks')]);
  for (const byte of parts) {
    connection.send(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  assert.equal((await connection.answer()).status, 200);
  assert.deepEqual(await stream.data(2), ['slow', 'in chunks']);
});

test('requests in one packet are answered in order, whatever they are', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a');
  const connection = new Connection(hub).send(Buffer.concat([
    post('1'), requestBytes('GET', '/health'), post('{"a":', { headers: ['Content-Type: application/json'] }), post('2'),
    requestBytes('POST', '/publish/a', { headers: ['Transfer-Encoding: chunked'] }), chunked('3'),
    Buffer.from('\r\n'), requestBytes('GET', '/metrics'), requestBytes('GET', '/publish'), post('4', { headers: ['Connection: close'] }), post('5'),
  ]));
  const statuses = [];
  const ids = [];
  for (let i = 0; i < 8; i++) {
    const { status, json } = await connection.answer();
    statuses.push(status);
    if (json?.id) ids.push(json.id);
  }
  assert.deepEqual(statuses, [200, 200, 400, 200, 200, 200, 405, 200]);
  await connection.closed(); // nothing behind Connection: close is served
  await publish(hub, 'a', 'end');
  await stream.last('end');
  assert.deepEqual(stream.events.map(({ data }) => data), ['1', '2', '3', '4', 'end']);
  assert.deepEqual(stream.events.slice(0, 4).map(({ id }) => id), ids);
});

test('a thousand requests in one go come in order', async (t) => {
  const hub = await startHub(t, ['--history', '2000']);
  const stream = await subscribe(hub, '/events/a');
  const wanted = Array.from({ length: 1000 }, (_, i) => `${i} ${'x'.repeat(i)}`);
  const connection = new Connection(hub).send(Buffer.concat(wanted.map((data) => post(data))));
  for (let i = 0; i < 1000; i++) assert.equal((await connection.answer()).status, 200);
  assert.deepEqual(await stream.data(1000), wanted);
});

test('nobody is slept on: many publish at once, again and again, and each is answered soon', async (t) => {
  const hub = await startHub(t, ['--history', '10000']);
  const stream = await subscribe(hub, '/events/a');
  const publishers = Array.from({ length: 40 }, () => new Connection(hub));
  const requests = Buffer.concat(Array.from({ length: 10 }, () => post('x')));
  const rounds = LIGHT ? 10 : 60;
  let slowest = 0;
  for (let round = 1; round <= rounds; round++) {
    const begin = Date.now();
    await Promise.all(publishers.map(async (connection) => {
      connection.send(requests);
      for (let i = 0; i < 10; i++) assert.equal((await connection.answer()).status, 200);
    }));
    await stream.first(400 * round);
    slowest = Math.max(slowest, Date.now() - begin);
  }
  t.diagnostic(`slowest round: ${slowest} ms`);
  assert.ok(slowest < 9000, 'none waits for a timer'); // a worker's next timer is its head-timeout, 10 s
});

test('a client that reads no answers is waited for, not served without end', async (t) => {
  const hub = await startHub(t, ['--stall-timeout', '60s']);
  const connection = new Connection(hub);
  connection.socket.pause();
  const pad = `X-Pad: ${'x'.repeat(8 << 10)}`;
  const many = Buffer.concat(Array.from({ length: 128 }, () => requestBytes('GET', '/metrics', { headers: [pad] })));
  let taken = 0;
  for (let i = 0; i < 200; i++) connection.socket.write(many, () => { taken++; }); // 200 MB
  let before = -1;
  let calm = 0;
  await until(async () => { // by and by its requests are taken no more
    const now = (await metrics(hub)).freshet_bytes_in_total;
    calm = now - before < 16384 ? calm + 1 : 0;
    before = now;
    return calm === 50;
  }, 'the hub reads on and on');
  assert.ok(taken < 200, 'not all of it is taken');
  assert.ok(before < 100e6, `${before} bytes were read`);
});

test('keep-alive: HTTP/1.1 stays unless told otherwise, HTTP/1.0 closes unless told otherwise', async (t) => {
  const hub = await startHub(t);
  const rows = [['1.1', [], true], ['1.1', ['Connection: close'], false], ['1.1', ['Connection: foo, Close'], false], ['1.0', [], false], ['1.0', ['Connection: keep-alive'], true], ['1.0', ['Connection: Keep-Alive'], true], ['1.0', ['Connection: close'], false]];
  for (const [version, headers, stays] of rows) {
    const connection = new Connection(hub).send(post('x', { version, headers }));
    const answer = await connection.answer();
    assert.equal(answer.status, 200);
    if (!stays) {
      assert.equal(answer.headers.connection, 'close');
      await connection.closed();
      continue;
    }
    if (version === '1.0') assert.match(answer.headers.connection, /keep-alive/i);
    else assert.notEqual(answer.headers.connection, 'close');
    assert.equal((await connection.send(post('y', { version, headers })).answer()).status, 200);
  }
});

test('HTTP/1.0 may publish without a Host', async (t) => {
  const hub = await startHub(t);
  const connection = new Connection(hub).send('POST /publish/a HTTP/1.0\r\nContent-Length: 1\r\n\r\nx');
  assert.equal((await connection.answer()).status, 200);
  await connection.closed();
});

test('a client that half-closes behind its request still gets the answer', async (t) => {
  const hub = await startHub(t);
  const connection = new Connection(hub).send(Buffer.concat([post('1'), post('2')])).finish();
  assert.equal((await connection.answer()).status, 200);
  assert.equal((await connection.answer()).status, 200);
  await connection.closed();
});

test('a publisher that goes in the middle of its body publishes nothing', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a');
  const ways = [(connection) => connection.finish(), (connection) => connection.reset(), (connection) => connection.destroy()];
  for (const go of ways) {
    const connection = new Connection(hub).send(post('whole')).send(post('x'.repeat(1000)).subarray(0, -1));
    await connection.answer();
    go(connection);
  }
  await figure(hub, 'freshet_connections', (count) => count <= 2); // the stream's and this one's
  await publish(hub, 'a', 'end');
  await stream.last('end');
  assert.deepEqual(stream.events.map(({ data }) => data), ['whole', 'whole', 'whole', 'end']);
});

// --- outrunning delivery ---

// Readers that do nothing but read, as fast as they can; ready when each has seen its headers.
async function curls(t, hub, count) {
  await Promise.all(Array.from({ length: count }, () => {
    const reader = spawn('curl', ['-sN', '--noproxy', '*', '-D', '-', '-o', '/dev/null', `${hub.url}/events/a`]);
    t.after(() => reader.kill());
    let head = '';
    reader.stdout.on('data', (bytes) => { head += bytes; });
    return until(() => head.endsWith('\r\n\r\n'), 'a reader sees its headers');
  }));
}

for (const inFlight of [1, 8])
  test(`publishers in haste: nobody who keeps reading loses anything (4 publishers, ${inFlight} in flight each)`, async (t) => {
    const count = LIGHT ? 400 : 2000;
    const data = 'x'.repeat(64 << 10);
    // All of it is kept: how far a reader falls behind that has no processor to read with is not the matter here.
    const hub = await startHub(t, ['--history', '10000', '--history-bytes', '200M']);
    await curls(t, hub, 8);
    let next = 0;
    await Promise.all(Array.from({ length: 4 }, async () => {
      const connection = new Connection(hub);
      let open = 0;
      while (next < count || open) {
        for (; next < count && open < inFlight; open++) connection.send(post(`${next++} ${data}`));
        assert.equal((await connection.answer()).status, 200);
        open--;
      }
    }));
    await publish(hub, 'a', 'end');
    await figure(hub, 'freshet_deliveries_total', 8 * (count + 1));
    const all = await metrics(hub);
    assert.equal(all['freshet_gaps_total{reason="slow"}'], 0, 'gaps');
  });
