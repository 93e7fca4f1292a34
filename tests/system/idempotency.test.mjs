// Idempotency keys: a retry gets the first event's id and publishes nothing, whatever came between.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSON_TYPE, ask, figure, metrics, publish, startHub, until } from './hub.mjs';
import { Connection, requestBytes } from './http.mjs';
import { assertProblem, assertWell } from './hostile.mjs';
import { subscribe } from './sse.mjs';

const keyed = (hub, target, key, body, headers = {}) => ask(hub, 'POST', target, { body, headers: { 'Idempotency-Key': key, ...headers } });

async function idOf(answer) {
  const { status, text, json } = await answer;
  assert.equal(status, 200, text);
  assert.equal(json.status, 'published');
  return json.id;
}

const published = async (hub) => (await metrics(hub)).freshet_events_in_total;

// --- the same key ---

test('the same key on the same channel answers the first id and publishes nothing', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a');
  const first = await keyed(hub, '/publish/a', 'k', 'once');
  for (const [target, headers] of [['/publish/a'], ['/publish?channel=a'], ['/publish/%61'], ['/publish/a', { 'Content-Type': 'text/plain' }]])
    assert.deepEqual((await keyed(hub, target, 'k', 'once', headers)).json, first.json, target);
  await publish(hub, 'a', 'end');
  assert.deepEqual(await stream.data(2), ['once', 'end']);
  const all = await metrics(hub);
  assert.equal(all.freshet_events_in_total, 2);
  assert.equal(all.freshet_repeated_publishes_total, 4);
  assert.equal(all.freshet_idempotency_keys, 1);
});

test('a key belongs to its channel: on another it is another', async (t) => {
  const hub = await startHub(t);
  const targets = ['/publish', '/publish/a', '/publish/ab', '/publish/A', '/clients/a', '/clients/b', '/publish/broadcast2'];
  const ids = [];
  for (const target of targets) ids.push(await idOf(keyed(hub, target, 'k', 'x')));
  assert.equal(new Set(ids).size, targets.length);
  for (const [i, target] of targets.entries()) assert.equal(await idOf(keyed(hub, target, 'k', 'x')), ids[i], target);
  assert.equal(await idOf(keyed(hub, '/publish/broadcast', 'k', 'x')), ids[0], 'broadcast by its name');
  // What could be taken for one another if channel and key were only written side by side.
  assert.notEqual(await idOf(keyed(hub, '/publish/xy', 'z', 'x')), await idOf(keyed(hub, '/publish/x', 'yz', 'x')));
  assert.equal(await published(hub), targets.length + 2);
});

test('what is sent to a client has keys like a channel', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events?client_id=me');
  const first = await keyed(hub, '/clients/me', 'k', '{"a":1}', JSON_TYPE);
  assert.deepEqual(Object.keys(first.json).sort(), ['client_id', 'id', 'status']);
  assert.deepEqual((await keyed(hub, '/clients/me', 'k', '{"a":1}', JSON_TYPE)).json, first.json);
  assertProblem(await keyed(hub, '/clients/me', 'k', '{"a":2}', JSON_TYPE), 422, /another body/, 'another body');
  await publish(hub, '@me', 'end');
  assert.deepEqual(await stream.data(2), ['{"a":1}', 'end']);
});

test('the same key with another body is 422, and publishes nothing; the first still counts', async (t) => {
  const hub = await startHub(t);
  const id = await idOf(keyed(hub, '/publish/a', 'k', '{"a":1}', JSON_TYPE));
  const rows = [ // query, body, headers
    ['', '{"a":2}', JSON_TYPE], ['', '{"a":1} ', JSON_TYPE], ['', '{"a":1.0}', JSON_TYPE], ['', '', {}], ['', '{"a":1}{', {}],
    ['?event=kind', '{"a":1}', JSON_TYPE], ['', '{"a":1,"_event":"kind"}', JSON_TYPE],
    ['', '{"a":1}', {}], // the same bytes, but text
  ];
  for (const [query, body, headers] of rows)
    assertProblem(await keyed(hub, `/publish/a${query}`, 'k', body, headers), 422, /key.*new/, `${query} ${body}`);
  assert.equal(await idOf(keyed(hub, '/publish/a', 'k', '{"a":1}', JSON_TYPE)), id);
  assert.equal(await published(hub), 1);
  const typed = await idOf(keyed(hub, '/publish/a?event=kind', 'typed', '{"a":1}', JSON_TYPE));
  assert.equal(await idOf(keyed(hub, '/publish/a', 'typed', '{"a":1,"_event":"kind"}', JSON_TYPE)), typed, 'the same event, told in another way');
  assertProblem(await keyed(hub, '/publish/a', 'typed', '{"a":1}', JSON_TYPE), 422, /key/, 'without its type');
});

test('a refused publish leaves its key free', async (t) => {
  const hub = await startHub(t);
  for (const [body, headers, status] of [['{', JSON_TYPE, 400], [Buffer.from([0xff]), {}, 400], ['x', { 'Content-Type': 'text/plain; charset=latin1' }, 415], ['x', { Origin: 'http://elsewhere' }, 403]])
    assert.equal((await keyed(hub, '/publish/a', 'k', body, headers)).status, status);
  assert.equal((await metrics(hub)).freshet_idempotency_keys, 0);
  await idOf(keyed(hub, '/publish/a', 'k', 'good'));
});

test('a key holds when its event has long left the history, and when the history is deleted', async (t) => {
  const hub = await startHub(t, ['--history', '1']);
  const id = await idOf(keyed(hub, '/publish/a', 'k', 'x'));
  for (let i = 0; i < 5; i++) await publish(hub, 'a', `${i}`);
  assert.equal(await idOf(keyed(hub, '/publish/a', 'k', 'x')), id);
  assert.equal((await ask(hub, 'DELETE', '/channels/a')).status, 204);
  assert.equal(await idOf(keyed(hub, '/publish/a', 'k', 'x')), id);
  assert.equal(await published(hub), 6);
});

test('keys in ndjson and in the header are the same', async (t) => {
  const hub = await startHub(t);
  const ndjson = (body) => ask(hub, 'POST', '/publish/a', { body, headers: { 'Content-Type': 'application/x-ndjson' } });
  const json = await idOf(keyed(hub, '/publish/a', 'j', '{"a":1}', JSON_TYPE));
  const text = await idOf(keyed(hub, '/publish/a?event=kind', 't', 'hello'));
  assert.equal((await ndjson('{"data":{"a":1},"idempotency_key":"j"}')).json.last_id, json);
  assert.equal((await ndjson('{"data":"hello","event":"kind","idempotency_key":"t"}')).json.last_id, text);
  assert.equal((await ndjson('{"data":"hello","idempotency_key":"t"}')).status, 422);
  const other = (await ndjson('{"data":"x","channel":"b","idempotency_key":"n"}')).json.last_id;
  assert.equal(await idOf(keyed(hub, '/publish/b', 'n', 'x')), other);
  assert.equal(await published(hub), 3);
});

// --- what is a key ---

test('a key has 1 to 128 bytes of visible ASCII, and stands there once', async (t) => {
  const hub = await startHub(t);
  const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('');
  for (const key of ['k', 'x'.repeat(128), visible, '"quoted"', '0']) {
    const id = await idOf(keyed(hub, '/publish/a', key, 'x'));
    assert.equal(await idOf(keyed(hub, '/publish/a', key, 'x')), id, key);
  }
  const bad = [['Idempotency-Key:'], ['Idempotency-Key: '], [`Idempotency-Key: ${'x'.repeat(129)}`], ['Idempotency-Key: a b'], ['Idempotency-Key: a\tb'],
    ['Idempotency-Key: \xe4'], ['Idempotency-Key: a\x7f'], ['Idempotency-Key: a\x01'], ['Idempotency-Key: a', 'Idempotency-Key: a'], ['Idempotency-Key: a', 'idempotency-key: b']];
  for (const headers of bad) {
    const answer = await new Connection(hub).send(requestBytes('POST', '/publish/a', { headers, body: 'x' })).answer();
    assertProblem(answer, 400, /key|control/, JSON.stringify(headers));
  }
  const spaced = await new Connection(hub).send(requestBytes('POST', '/publish/a', { headers: ['IDEMPOTENCY-KEY:  \t k \t'], body: 'x' })).answer();
  assert.equal(spaced.json.id, await idOf(keyed(hub, '/publish/a', 'k', 'x')), 'white space around is not the key\'s');
  assert.equal(await published(hub), 5);
});

// --- at the same time ---

test('the same publish on many connections at once: one event, and all get its id', async (t) => {
  const hub = await startHub(t, ['--workers', '4']);
  const stream = await subscribe(hub, '/events/a');
  const rounds = 20;
  for (let round = 0; round < rounds; round++) {
    const connections = Array.from({ length: 40 }, () => new Connection(hub));
    await Promise.all(connections.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
    for (const connection of connections) connection.send(requestBytes('POST', '/publish/a', { headers: [`Idempotency-Key: ${round}`], body: `${round} ${'x'.repeat(10000)}` }));
    const ids = await Promise.all(connections.map((connection) => idOf(connection.answer())));
    assert.equal(new Set(ids).size, 1);
    await stream.until(() => stream.events.length > round, 'the event');
    assert.equal(stream.events[round].id, ids[0]);
    connections.forEach((connection) => connection.destroy());
  }
  await publish(hub, 'a', 'end');
  await stream.last('end');
  assert.equal(stream.events.length, rounds + 1);
});

test('a duplicate waits for the first while that is under way, and the others do not wait for it', async (t) => {
  const hub = await startHub(t, ['--workers', '2', '--history', '20000']);
  const lines = Array.from({ length: 10000 }, (_, i) => `{"data":${i},"idempotency_key":"${i}"}`).join('\n');
  const batch = () => ask(hub, 'POST', '/publish/a', { body: lines, headers: { 'Content-Type': 'application/x-ndjson' } });
  const connections = [0, 1, 2].map(() => new Connection(hub));
  const batches = [batch(), batch(), batch()];
  connections.forEach((connection) => connection.send(requestBytes('POST', '/publish/a', { headers: ['Idempotency-Key: 9999', 'Content-Type: application/json'], body: '9999' })));
  const single = await Promise.all(connections.map((connection) => idOf(connection.answer())));
  await publish(hub, 'b', 'goes on');
  const answers = await Promise.all(batches);
  for (const { json } of answers) assert.deepEqual(json, { status: 'published', count: 10000, last_id: single[0] });
  assert.equal(new Set(single).size, 1);
  assert.equal(await published(hub), 10001);
  assert.equal((await metrics(hub)).freshet_idempotency_keys, 10000);
});

test('a batch and another with the same keys backwards wait for no one in vain', async (t) => {
  const hub = await startHub(t, ['--workers', '2']);
  const lines = Array.from({ length: 1000 }, (_, i) => `{"data":${i},"idempotency_key":"${i}"}`);
  const send = (body) => ask(hub, 'POST', '/publish/a', { body: body.join('\n'), headers: { 'Content-Type': 'application/x-ndjson' } });
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => send(i % 2 ? [...lines].reverse() : lines)));
  for (const { status, json } of answers) assert.deepEqual([status, json.count], [200, 1000]);
  assert.equal(await published(hub), 1000);
});

test('a retry after the connection was cut before the answer publishes nothing twice', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a');
  for (let i = 0; i < 100; i++) {
    const request = requestBytes('POST', '/publish/a', { headers: [`Idempotency-Key: ${i}`], body: `${i}` });
    const cut = new Connection(hub).send(i % 3 ? request : request.subarray(0, -1));
    if (i % 2) await until(() => cut.socket.bytesWritten >= request.length - 1, 'it is sent');
    if (i % 5) cut.destroy();
    else cut.reset();
    const id = await idOf(keyed(hub, '/publish/a', `${i}`, `${i}`));
    await stream.until(() => stream.events.some((event) => event.id === id), `event ${i}`);
  }
  await publish(hub, 'a', 'end');
  await stream.last('end');
  assert.deepEqual(stream.events.slice(0, -1).map(({ data }) => data), Array.from({ length: 100 }, (_, i) => `${i}`));
  stream.close();
  await assertWell(hub);
});

// --- how many ---

test('more keys than fit into the memory\'s share are 503; what has no key goes on, and known ones still hold', async (t) => {
  const hub = await startHub(t, ['--memory', '1M']);
  const max = 4096;
  const lines = (from, to) => Array.from({ length: to - from }, (_, i) => `{"data":${from + i},"idempotency_key":"${from + i}"}`).join('\n');
  const send = (body) => ask(hub, 'POST', '/publish/a', { body, headers: { 'Content-Type': 'application/x-ndjson' } });
  assertProblem(await send(lines(0, max + 1)), 503, /keys/, 'too many at once');
  await figure(hub, 'freshet_idempotency_keys', 0);
  const { last_id: last } = (await send(lines(0, max))).json;
  await figure(hub, 'freshet_idempotency_keys', max);
  const refused = await keyed(hub, '/publish/a', 'new', 'x');
  assertProblem(refused, 503, /keys.*without a key/, 'one more');
  assert.match(refused.headers['retry-after'], /^[1-9]\d*$/);
  assertProblem(await send(`{"data":1}\n${lines(max, max + 1)}`), 503, /keys/, 'one more in a batch');
  assert.equal(await published(hub), max);
  assert.equal(await idOf(keyed(hub, '/publish/a', `${max - 1}`, `${max - 1}`, JSON_TYPE)), last);
  assertProblem(await keyed(hub, '/publish/a', '0', 'other'), 422, /key/, 'a known one with another body');
  const stream = await subscribe(hub, '/events/a');
  await publish(hub, 'a', 'without');
  assert.deepEqual(await stream.data(1), ['without']);
});
