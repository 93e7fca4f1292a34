// HTTP around the API: HEAD, OPTIONS and origins, Expect, limits and timeouts at their borders, closing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIGHT, ask, figure, metrics, publish, startHub } from './hub.mjs';
import { Connection, chunked, requestBytes } from './http.mjs';
import { assertProblem, assertWell } from './hostile.mjs';
import { subscribe } from './sse.mjs';

const READ = ['/', '/health', '/metrics', '/events', '/events/a', '/events?channel=a&envelope=1', '/channels', '/channels/a', '/channels?channel=a', '/channels/a/events', '/channels/events?channel=a'];
const CHANGE = [['POST', '/publish'], ['POST', '/publish/a'], ['POST', '/publish?channel=a'], ['POST', '/clients/me'], ['DELETE', '/channels/a'], ['DELETE', '/channels?channel=a'], ['DELETE', '/clients/me'], ['DELETE', '/clients/me?for=1s']];
const body = (method) => (method === 'POST' ? 'x' : undefined);

// One request on a connection of its own; its whole answer, a stream's head alone, an empty one's too.
async function one(hub, method, target, options = {}) {
  const connection = new Connection(hub).send(requestBytes(method, target, options));
  const { status, headers } = await connection.head();
  const size = method === 'HEAD' || headers['transfer-encoding'] ? 0 : Number(headers['content-length'] ?? 0);
  const text = (await connection.exactly(size)).toString();
  connection.destroy();
  return { status, headers, text, json: /json/.test(headers['content-type']) && text ? JSON.parse(text) : undefined };
}

// --- HEAD ---

test('HEAD answers the headers of GET alone, and the next request on the connection works', async (t) => {
  const hub = await startHub(t);
  await publish(hub, 'a', 'x');
  const varies = ({ date, 'freshet-client-id': id, ...headers }, target) => {
    assert.ok(date);
    if (target.startsWith('/metrics')) delete headers['content-length'];
    return [Boolean(id), headers];
  };
  for (const target of [...READ, '/nowhere', '/events/a*b', '/channels/never', '/channels?limit=0', '/events?open=7', '/publish', '/events?client_id=a%20b']) {
    const whole = await one(hub, 'GET', target);
    const connection = new Connection(hub).send(requestBytes('HEAD', target));
    const head = await connection.head();
    assert.deepEqual([head.status, varies(head.headers, target)], [whole.status, varies(whole.headers, target)], target);
    connection.send(Buffer.concat([requestBytes('HEAD', target), requestBytes('GET', '/health')]));
    assert.equal((await connection.head()).status, whole.status);
    assert.deepEqual((await connection.answer()).json, { status: 'ok' }, target);
    connection.destroy();
    const old = new Connection(hub).send(requestBytes('HEAD', target, { version: '1.0' }));
    assert.equal((await old.head()).status, whole.status);
    await old.closed();
  }
  await figure(hub, 'freshet_subscribers', 0);
  assert.equal((await one(hub, 'HEAD', '/events?client_id=me')).headers['freshet-client-id'], 'me');
});

test('HEAD makes no subscriber and publishes, deletes and dismisses nothing', async (t) => {
  const hub = await startHub(t);
  await publish(hub, 'a', 'x');
  const stream = await subscribe(hub, '/events/a?client_id=me');
  for (const [, target] of CHANGE.filter(([, target]) => !target.startsWith('/channels'))) assert.equal((await one(hub, 'HEAD', target)).status, 405, target);
  for (const target of READ) assert.equal((await one(hub, 'HEAD', target)).status, 200, target);
  const all = await metrics(hub);
  assert.deepEqual([all.freshet_subscribers, all.freshet_subscribers_total, all.freshet_events_in_total], [1, 1, 1]);
  stream.close();
});

// --- OPTIONS and origins ---

const GRANTS = ['access-control-allow-origin', 'access-control-allow-methods', 'access-control-allow-headers', 'access-control-allow-credentials', 'access-control-expose-headers'];
const granted = (headers) => GRANTS.filter((name) => name in headers).map((name) => [name, headers[name]]);
const preflight = (origin, method = 'GET') => [`Origin: ${origin}`, `Access-Control-Request-Method: ${method}`, 'Access-Control-Request-Headers: last-event-id, authorization, cache-control, content-type'];

const METHODS = [
  ['/', 'GET, HEAD, OPTIONS'], ['/health', 'GET, HEAD, OPTIONS'], ['/metrics', 'GET, HEAD, OPTIONS'], ['/events', 'GET, HEAD, OPTIONS'], ['/events/a', 'GET, HEAD, OPTIONS'],
  ['/publish', 'POST, OPTIONS'], ['/publish/a', 'POST, OPTIONS'], ['/clients/me', 'POST, DELETE, OPTIONS'], ['/channels', 'GET, HEAD, OPTIONS'],
  ['/channels/a', 'GET, HEAD, DELETE, OPTIONS'], ['/channels?channel=a', 'GET, HEAD, DELETE, OPTIONS'], ['/channels/a/events', 'GET, HEAD, OPTIONS'],
];

test('OPTIONS tells the methods of every path, as a 405 does, and grants nothing', async (t) => {
  const hub = await startHub(t);
  for (const [target, methods] of METHODS) {
    for (const headers of [[], preflight('http://hub'), preflight('http://elsewhere', 'POST')]) {
      const answer = await one(hub, 'OPTIONS', target, { headers });
      assert.deepEqual([answer.status, answer.headers.allow, granted(answer.headers)], [204, methods, []], target);
      assert.ok(!('content-length' in answer.headers));
    }
    const refused = await one(hub, 'PATCH', target, { body: 'x' });
    assertProblem(refused, 405, /Allow/, target);
    assert.equal(refused.headers.allow, methods);
  }
  assert.equal((await one(hub, 'OPTIONS', '/nowhere')).status, 404);
  for (const target of READ) assert.deepEqual(granted((await one(hub, 'GET', target, { headers: ['Origin: http://elsewhere'] })).headers), [], target);
});

test('an allowed origin is granted all, another nothing', async (t) => {
  const hub = await startHub(t, ['--cors-origin', 'https://app.example', '--cors-origin', 'http://localhost:3000']);
  await publish(hub, 'a', 'x');
  for (const origin of ['https://app.example', 'http://localhost:3000', 'HTTPS://App.Example'])
    for (const [target, methods] of METHODS) {
      const { status, headers } = await one(hub, 'OPTIONS', target, { headers: preflight(origin, methods.split(',')[0]) });
      assert.equal(status, 204);
      assert.equal(headers['access-control-allow-origin'], origin);
      assert.equal(headers['access-control-allow-methods'], methods);
      assert.equal(headers['access-control-allow-credentials'], 'true');
      assert.match(headers.vary, /\bOrigin\b/);
      const allowed = headers['access-control-allow-headers'].toLowerCase().split(', ');
      for (const name of ['last-event-id', 'authorization', 'cache-control', 'content-type', 'idempotency-key']) assert.ok(allowed.includes(name), name);
    }
  const seen = [...READ.map((target) => ['GET', target]), ...CHANGE, ['GET', '/nowhere'], ['PUT', '/publish'], ['GET', '/channels/never']];
  for (const [method, target] of seen) {
    const { status, headers } = await one(hub, method, target, { headers: ['Origin: https://app.example'], body: body(method) });
    assert.notEqual(status, 403, target);
    assert.equal(headers['access-control-allow-origin'], 'https://app.example', `${method} ${target}`);
    assert.equal(headers['access-control-allow-credentials'], 'true');
    const exposed = headers['access-control-expose-headers'].toLowerCase().split(', ');
    for (const name of ['freshet-client-id', 'retry-after']) assert.ok(exposed.includes(name));
    assert.match(headers.vary, /\bOrigin\b/);
  }
  for (const headers of [[], ['Origin: http://app.example'], ['Origin: https://app.example:444'], ['Origin: https://app.example.evil'], ['Origin: null'], ['Origin: '], ['Origin: https://app.example', 'Origin: https://app.example']])
    for (const [method, target] of [['GET', '/events/a'], ['GET', '/channels'], ['OPTIONS', '/publish']]) {
      const answer = await one(hub, method, target, { headers: [...headers, 'Access-Control-Request-Method: POST'] });
      assert.deepEqual(granted(answer.headers), [], `${headers} ${target}`);
      assert.match(answer.headers.vary, /\bOrigin\b/, 'a cache must know');
    }
});

test('--cors-origin * lets every page read without credentials, and none change anything', async (t) => {
  const hub = await startHub(t, ['--cors-origin', '*', '--cors-origin', 'https://app.example']);
  await publish(hub, 'a', 'x');
  for (const origin of ['http://any.example', 'null']) {
    for (const target of READ) {
      const { status, headers } = await one(hub, 'GET', target, { headers: [`Origin: ${origin}`] });
      assert.equal(status, 200);
      assert.ok([origin, '*'].includes(headers['access-control-allow-origin']), target);
      assert.ok(!('access-control-allow-credentials' in headers));
    }
    for (const [method, target] of CHANGE) {
      assertProblem(await one(hub, method, target, { headers: [`Origin: ${origin}`], body: body(method) }), 403, /origin/i, `${method} ${target}`);
      const { headers } = await one(hub, 'OPTIONS', target, { headers: preflight(origin, method) });
      assert.doesNotMatch(headers['access-control-allow-methods'] ?? '', /POST|DELETE/);
    }
  }
  const trusted = await one(hub, 'GET', '/events', { headers: ['Origin: https://app.example'] });
  assert.equal(trusted.headers['access-control-allow-credentials'], 'true');
  assert.notEqual((await one(hub, 'POST', '/publish/a', { headers: ['Origin: https://app.example'], body: 'x' })).status, 403);
});

test('what changes something is 403 to a foreign origin on every path, however its body comes', async (t) => {
  const hub = await startHub(t, ['--cors-origin', 'https://app.example']);
  await publish(hub, 'a', 'x');
  const stream = await subscribe(hub, '/events/a?client_id=me');
  for (const [method, target] of CHANGE)
    for (const origin of ['http://elsewhere', 'null', '', 'http://app.example', '*']) {
      assertProblem(await one(hub, method, target, { headers: [`Origin: ${origin}`], body: body(method) }), 403, /origin/i, `${method} ${target} ${origin}`);
      const parts = Buffer.concat([requestBytes(method, target, { headers: [`Origin: ${origin}`, 'Transfer-Encoding: chunked'] }), chunked('x')]);
      const connection = new Connection(hub).send(parts);
      assert.equal((await connection.answer()).status, 403);
      await connection.closed();
    }
  assert.equal((await metrics(hub)).freshet_events_in_total, 1);
  assert.equal((await ask(hub, 'GET', '/channels/a')).json.events, 1);
  assert.equal(stream.done, null);
});

// --- Expect ---

test('Expect: 100-continue gets its 100 first, then the answer', async (t) => {
  const hub = await startHub(t);
  for (const [how, rest] of [[['Content-Length: 3'], ['abc']], [['Content-Length: 3'], ['a', 'b', 'c']], [['Transfer-Encoding: chunked'], [chunked('a', 'bc')]]])
    for (const expect of ['100-continue', '100-Continue']) {
      const connection = new Connection(hub).send(requestBytes('POST', '/publish/a', { headers: [...how, `Expect: ${expect}`] }));
      const { status, headers } = await connection.head();
      assert.deepEqual([status, headers], [100, {}]);
      for (const part of rest) connection.send(part);
      assert.equal((await connection.answer()).status, 200);
      connection.send(requestBytes('GET', '/health')); // and it stays open
      assert.equal((await connection.answer()).status, 200);
      connection.destroy();
    }
});

test('no 100 where no body is awaited: none, already here, HTTP/1.0', async (t) => {
  const hub = await startHub(t);
  for (const [method, target, options] of [['GET', '/health', {}], ['POST', '/publish/a', { body: 'here' }], ['POST', '/publish/a', { body: '' }], ['POST', '/publish/a', { version: '1.0', body: 'x' }], ['DELETE', '/channels/a', {}]]) {
    const { status } = await one(hub, method, target, { ...options, headers: ['Expect: 100-continue'] });
    assert.equal(status, method === 'DELETE' ? 204 : 200, `${method} ${target}`);
  }
  const old = new Connection(hub).send(requestBytes('POST', '/publish/a', { version: '1.0', headers: ['Content-Length: 1', 'Expect: 100-continue'] }));
  old.send('x');
  assert.equal((await old.answer()).status, 200);
  const odd = await one(hub, 'POST', '/publish/a', { version: '1.0', headers: ['Expect: something'], body: 'x' });
  assert.equal(odd.status, 200, 'HTTP/1.0 knows no expectations');
});

test('what is refused is refused before its body, without a 100', async (t) => {
  const hub = await startHub(t);
  const rows = [ // target, headers, status
    ['/publish/a', ['Content-Length: 99999999'], 413], ['/publish/a*', ['Content-Length: 9'], 400], ['/publish/@x', ['Content-Length: 9'], 400], ['/publish/a?event=', ['Content-Length: 9'], 400],
    ['/clients/a*', ['Content-Length: 9'], 400], ['/publish/a', ['Content-Length: 9', 'Content-Encoding: gzip'], 415], ['/publish/a', ['Content-Length: 9', 'Content-Type: multipart/form-data; boundary=x'], 415],
    ['/publish/a', ['Content-Length: 9', 'Content-Type: text/plain; charset=latin1'], 415], ['/publish/a', ['Content-Length: 9', 'Origin: http://elsewhere'], 403], ['/publish/a', [], 411],
    ['/publish/a', ['Content-Length: 9', 'Idempotency-Key: a b'], 400], ['/publish/a', ['Content-Length: 9', 'Content-Type: application/x-ndjson', 'Idempotency-Key: k'], 400],
    ['/publish/a', ['Content-Length: 8388609', 'Content-Type: application/x-ndjson'], 413], ['/nowhere', ['Content-Length: 9'], 404], ['/events', ['Content-Length: 9'], 405],
  ];
  for (const [target, headers, wanted] of rows) {
    const connection = new Connection(hub).send(requestBytes('POST', target, { headers: [...headers, 'Expect: 100-continue'] }));
    const answer = await connection.answer();
    assertProblem(answer, wanted, /./, `${target} ${headers}`);
    if (wanted !== 411) {
      assert.equal(answer.headers.connection, 'close');
      await connection.closed();
    }
    connection.destroy();
  }
  for (const expect of [['Expect: something'], ['Expect: 100-continue, x'], ['Expect: 100-continue', 'Expect: 100-continue'], ['Expect: 100-continue=1'], ['Expect: ']])
    assertProblem(await one(hub, 'POST', '/publish/a', { headers: expect, body: 'x' }), 417, /Expect/, `${expect}`);
  assert.equal((await metrics(hub)).freshet_events_in_total, 0);
  await assertWell(hub);
});

// --- closing gently ---

test('a client that sends 20 MB to a refusal still gets the whole answer, every time', async (t) => {
  const hub = await startHub(t, ['--workers', '2']);
  const big = Buffer.alloc(20 << 20, 'x');
  const kinds = [['/publish/a', 413], ['/nowhere', 404], ['/publish/a*', 400], ['/events', 405]];
  for (let i = 0; i < (LIGHT ? 8 : 40); i++) {
    const [target, status] = kinds[i % kinds.length];
    const whole = i % 2 ? requestBytes('POST', target, { body: big }) : Buffer.concat([requestBytes('POST', target, { headers: ['Transfer-Encoding: chunked'] }), chunked(big)]);
    const connection = new Connection(hub).send(whole);
    const answer = await connection.answer();
    assertProblem(answer, status, /./, target);
    assert.equal(answer.headers.connection, 'close');
    await connection.closed();
  }
  await assertWell(hub);
});

// --- limits and timeouts at their borders ---

test('--max-event: its size is taken, one byte more is 413', async (t) => {
  const hub = await startHub(t, ['--max-event', '1000']);
  const send = async (text, headers, inChunks) => {
    const request = inChunks ? Buffer.concat([requestBytes('POST', '/publish/a', { headers: [...headers, 'Transfer-Encoding: chunked'] }), chunked(text.slice(0, 500), text.slice(500))]) : requestBytes('POST', '/publish/a', { headers, body: text });
    const connection = new Connection(hub).send(request);
    const { status } = await connection.answer();
    connection.destroy();
    return status;
  };
  for (const inChunks of [false, true])
    for (const [text, headers] of [['x'.repeat(1000), []], [`"${'x'.repeat(998)}"`, ['Content-Type: application/json']], ['ä'.repeat(500), []]])
      assert.deepEqual([await send(text, headers, inChunks), await send(`${text} `, headers, inChunks)], [200, 413]);
  assert.equal((await metrics(hub)).freshet_events_in_total, 6);
});

test('--max-head: its size is taken, one byte more is 431, or 414 where the URL is to blame', async (t) => {
  for (const max of [256, 1000, 40000]) {
    const hub = await startHub(t, ['--max-head', `${max}`]);
    const sized = (size) => {
      const [front, back] = ['GET /health HTTP/1.1\r\nHost: hub\r\nX: ', '\r\n\r\n'];
      return `${front}${'x'.repeat(size - front.length - back.length)}${back}`;
    };
    const long = (size) => `GET /health?${'x'.repeat(size - 36)} HTTP/1.1\r\nHost: hub\r\n\r\n`;
    assert.equal(long(max).length, max);
    for (const [bytes, status] of [[sized(max), 200], [long(max), 200], [sized(max + 1), 431], [sized(3 * max), 431], [long(3 * max).slice(0, max), 414]]) {
      for (const slowly of [false, true]) {
        const connection = new Connection(hub);
        if (slowly) for (let i = 0; i < bytes.length; i += 100) connection.send(bytes.slice(i, i + 100));
        else connection.send(bytes);
        assert.equal((await connection.answer()).status, status, `${max} ${status}`);
        connection.destroy();
      }
    }
    const two = new Connection(hub).send(sized(max) + sized(max)); // each counts for itself
    assert.deepEqual([(await two.answer()).status, (await two.answer()).status], [200, 200]);
  }
});

test('--head-timeout and --body-timeout: what is not whole gets 408 and the end, however it drips', async (t) => {
  const hub = await startHub(t, ['--head-timeout', '300ms', '--body-timeout', '400ms']);
  const post = (...headers) => requestBytes('POST', '/publish/a', { headers });
  const slow = ['GET /health HTTP/1.1\r\nHost: hub\r\n', 'G', '\r\n', post('Content-Length: 5'), Buffer.concat([post('Content-Length: 5'), Buffer.from('half')]),
    Buffer.concat([post('Transfer-Encoding: chunked'), Buffer.from('5\r\nab')])];
  const dripping = ['GET /health HTTP/1.1\r\nHost: hub\r\nX: ', post('Content-Length: 1000000'), Buffer.concat([post('Transfer-Encoding: chunked'), Buffer.from('fffff\r\n')])];
  await Promise.all([...slow, ...dripping].map(async (bytes, i) => {
    const connection = new Connection(hub).send(bytes);
    const beat = i < slow.length ? undefined : setInterval(() => connection.send('x'), 20);
    t.after(() => clearInterval(beat));
    const answer = await connection.answer();
    clearInterval(beat);
    assertProblem(answer, 408, /too long/, `${bytes}`);
    assert.equal(answer.headers.connection, 'close');
    await connection.closed();
  }));
  await new Connection(hub).closed(); // nothing was asked
  const waits = new Connection(hub).send(post('Content-Length: 1', 'Expect: 100-continue'));
  assert.equal((await waits.head()).status, 100);
  assertProblem(await waits.answer(), 408, /too long/, 'it was told to go on, and did not');
  await waits.closed();
  await assertWell(hub);
  assert.equal((await metrics(hub)).freshet_events_in_total, 1);
});

test('--idle-timeout: a connection without a request is closed without a word, a stream is not', async (t) => {
  const hub = await startHub(t, ['--idle-timeout', '300ms', '--head-timeout', '300ms']);
  const stream = await subscribe(hub, '/events/a');
  for (const requests of [['/health'], ['/health', '/channels', '/metrics']]) {
    const connection = new Connection(hub);
    for (const target of requests) {
      connection.send(requestBytes('GET', target));
      assert.equal((await connection.answer()).status, 200);
    }
    await connection.closed();
  }
  assert.equal((await one(hub, 'POST', '/publish/a', { body: 'x' })).status, 200);
  assert.deepEqual(await stream.data(1), ['x']);
});

// --- on one connection ---

test('requests of every kind in one go are answered in order', async (t) => {
  const hub = await startHub(t);
  const requests = [
    ['POST', '/publish/a', { body: 'x' }, 200], ['GET', '/channels/a', {}, 200], ['HEAD', '/channels/a', {}, 200], ['OPTIONS', '/channels/a', {}, 204], ['GET', '/channels/a/events', {}, 200],
    ['DELETE', '/channels/a', {}, 204], ['GET', '/channels/a', {}, 404], ['POST', '/publish/a', { headers: ['Content-Type: application/x-ndjson'], body: '{"data":1}\n{"data":2}' }, 200], ['PUT', '/health', { body: 'x' }, 405], // closes
  ];
  for (const last of [8, 9]) {
    const connection = new Connection(hub).send(Buffer.concat(requests.map(([method, target, options]) => requestBytes(method, target, options))));
    for (const [method, target, , status] of requests.slice(0, last)) {
      const head = await connection.head();
      if (method !== 'HEAD' && head.headers['content-length']) await connection.exactly(Number(head.headers['content-length']));
      assert.equal(head.status, status, `${method} ${target}`);
    }
    connection.destroy();
  }
  const closing = new Connection(hub).send(Buffer.concat([requestBytes('GET', '/channels', { headers: ['Connection: close'] }), requestBytes('POST', '/publish/a', { body: 'never' })]));
  assert.equal((await closing.answer()).headers.connection, 'close');
  await closing.closed();
  assert.equal((await metrics(hub)).freshet_events_in_total, 6);
});
