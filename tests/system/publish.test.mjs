// POST /publish and POST /clients: what becomes an event and how it arrives, and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSON_TYPE, ask, metrics, publish, startHub } from './hub.mjs';
import { Connection, chunked, requestBytes } from './http.mjs';
import { compareIds, subscribe } from './sse.mjs';

function problem(answer, status, words) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.deepEqual(Object.keys(answer.json).sort(), ['detail', 'status', 'title', 'type']);
  assert.equal(answer.json.type, 'about:blank');
  assert.equal(answer.json.status, status);
  assert.match(answer.json.title, /^[A-Z]/);
  assert.match(answer.json.detail, words);
}

async function nothingPublished(hub) {
  assert.equal((await metrics(hub)).freshet_events_in_total, 0, 'a rejected publish publishes nothing');
}

// --- what arrives ---

test('the answer tells the id and the channel', async (t) => {
  const hub = await startHub(t);
  for (const [target, rest] of [
    ['/publish', { channel: 'broadcast' }], ['/publish/a', { channel: 'a' }], ['/publish?channel=a%20b', { channel: 'a b' }],
    ['/publish/%C3%A4%2F%22', { channel: 'ä/"' }], ['/clients/me', { client_id: 'me' }], ['/clients/a%40b', { client_id: 'a@b' }],
  ]) {
    const { status, headers, json } = await ask(hub, 'POST', target, { body: 'x' });
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/json');
    assert.match(json.id, /^\d{13}-\d+$/);
    assert.deepEqual(json, { status: 'published', id: json.id, ...rest });
  }
});

test('ids rise over all channels, in the order of the answers, and are near the clock', async (t) => {
  const hub = await startHub(t);
  const ids = [];
  for (let i = 0; i < 200; i++) ids.push(await publish(hub, ['a', 'b', '@c'][i % 3], 'x'));
  for (let i = 1; i < ids.length; i++) assert.ok(compareIds(ids[i], ids[i - 1]) > 0);
  assert.ok(Math.abs(Number(ids.at(-1).split('-')[0]) - Date.now()) < 60000);
});

// What a subscriber of an EventSource sees of each body. type of body: undefined is text.
const arrives = [
  ['text', 'hello', undefined, 'hello'],
  ['nothing at all', '', undefined, ''],
  ['a space in front and behind', ' x ', undefined, ' x '],
  ['what looks like fields', 'id: 7\nevent: forged\n\nretry: 1', undefined, 'id: 7\nevent: forged\n\nretry: 1'],
  ['lines ended by LF, CR and CRLF', 'a\nb\rc\r\nd', undefined, 'a\nb\nc\nd'],
  ['lines that are empty', '\n\r\r\n\n', undefined, '\n\n\n\n'],
  ['a line end at the end', 'a\n', undefined, 'a\n'],
  ['UTF-8 of every length, a NUL and other line ends', 'aä水😀\0\u2028\u0085\u000b\ufeff', undefined, 'aä水😀\0\u2028\u0085\u000b\ufeff'],
  ['a byte order mark in front', '\ufeffx', undefined, '\ufeffx'],
  ['JSON as it was written', '{ "a" : 1.0,\t"b":[ ] }', 'application/json', '{ "a" : 1.0,\t"b":[ ] }'],
  ['numbers as they were written', '[1.0,1e400,12345678901234567890,-0,0.1000,1E+2]', 'application/json', '[1.0,1e400,12345678901234567890,-0,0.1000,1E+2]'],
  ['JSON of many lines', '{\n "a":\r\n 1\r}', 'application/json', '{\n "a":\n 1\n}'],
  ['JSON that is a string', '"x\\n\\u00e4"', 'application/json', '"x\\n\\u00e4"'],
  ['JSON null', 'null', 'application/json', 'null'],
  ['JSON with members twice, as it was written', '{"a":1,"a":2}', 'application/json', '{"a":1,"a":2}'],
  ['JSON that the type does not name', '{"_event":"x"}', undefined, '{"_event":"x"}'],
  ['JSON named with a charset', '{"a":1}', 'Application/JSON ; charset="UTF-8"', '{"a":1}'],
  ['text of any type', '<x/>', 'text/xml; charset=utf-8', '<x/>'],
  ['broken JSON of another type', '{', 'application/json5', '{'],
];

test('data arrives as it was sent', async (t) => {
  const hub = await startHub(t);
  const streams = await Promise.all(['1.1', '1.0'].map((version) => subscribe(hub, '/events/a', { version })));
  for (const [what, body, type, data] of arrives) {
    const id = await publish(hub, 'a', body, { headers: type ? { 'Content-Type': type } : {} });
    for (const stream of streams) {
      await stream.until(() => stream.events.at(-1)?.id === id, what);
      assert.deepEqual(stream.events.at(-1), { id, type: undefined, data }, what);
    }
  }
  const replayed = await subscribe(hub, '/events/a?from=earliest');
  assert.deepEqual(await replayed.first(arrives.length), streams[0].events);
});

test('?event= names the type; _event in JSON does too, and is cut out', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a');
  const rows = [ // query, body, JSON or not, type, data
    ['?event=kind', 'x', false, 'kind', 'x'],
    ['?event=a%20%C3%A4:b', 'x', false, 'a ä:b', 'x'],
    ['?event=a+b', 'x', false, 'a b', 'x'],
    [`?event=${'x'.repeat(128)}`, 'x', false, 'x'.repeat(128), 'x'],
    ['', '{"_event":"kind","a":1}', true, 'kind', '{"a":1}'],
    ['', '{"a":1,"_event":"kind"}', true, 'kind', '{"a":1}'],
    ['', '{"a":1.0,"_event":"kind","b":[2]}', true, 'kind', '{"a":1.0,"b":[2]}'],
    ['', '{"_event":"kind"}', true, 'kind', '{}'],
    ['', '{"\\u005fevent":"k\\u00efnd"}', true, 'kïnd', '{}'],
    ['?event=wins', '{"_event":"kind","a":1}', true, 'wins', '{"a":1}'],
    ['', '{"_event":7}', true, undefined, '{"_event":7}'],
    ['', '{"_event":null,"a":1}', true, undefined, '{"_event":null,"a":1}'],
    ['', '{"a":{"_event":"deep"}}', true, undefined, '{"a":{"_event":"deep"}}'],
    ['', '["_event","x"]', true, undefined, '["_event","x"]'],
    ['?event=x', '7', true, 'x', '7'],
  ];
  for (const [query, body, json, type, data] of rows) {
    const answer = await ask(hub, 'POST', `/publish/a${query}`, { body, headers: json ? JSON_TYPE : {} });
    assert.equal(answer.status, 200, `${query} ${body}: ${answer.text}`);
    await stream.until(() => stream.events.at(-1)?.id === answer.json.id, body);
    assert.deepEqual(stream.events.at(-1), { id: answer.json.id, type, data }, `${query} ${body}`);
  }
});

test('an event of 1 MiB arrives whole', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a');
  const body = 'äx\n'.repeat((1 << 20) / 4);
  await publish(hub, 'a', body);
  assert.equal((await stream.data(1))[0], body);
});

test('what is sent to a client reaches all its streams and nobody else, is kept and replayed', async (t) => {
  const hub = await startHub(t);
  const [one, again, prefix, other, everything] = await Promise.all([
    '/events?client_id=me', '/events/a?client_id=me', '/events/b*?client_id=me', '/events?client_id=you', '/events/*',
  ].map((target) => subscribe(hub, target)));
  const ids = [await publish(hub, '@me', 'first'), await publish(hub, '@me', '{"a":1}', { event: 'kind', headers: JSON_TYPE })];
  for (const stream of [one, again, prefix]) {
    await stream.first(2);
    assert.deepEqual(stream.events, [{ id: ids[0], type: undefined, data: 'first' }, { id: ids[1], type: 'kind', data: '{"a":1}' }]);
  }
  const back = await subscribe(hub, '/events?client_id=me', { position: ids[0] });
  assert.deepEqual(await back.data(1), ['{"a":1}']);
  await publish(hub, '@nobody', 'is there to get it');
  for (const stream of [other, everything]) {
    await publish(hub, 'broadcast', 'end');
    assert.deepEqual(await stream.data(1), ['end']);
  }
  const later = await subscribe(hub, '/events?client_id=nobody&from=earliest');
  assert.ok((await later.last('is there to get it')).length >= 1);
});

// --- what is refused ---

test('what is no UTF-8 is 400', async (t) => {
  const hub = await startHub(t);
  for (const bytes of [[0xff], [0x61, 0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe4, 0x62, 0x63], [0x80]])
    problem(await ask(hub, 'POST', '/publish/a', { body: Buffer.from(bytes) }), 400, /UTF-8/);
  problem(await ask(hub, 'POST', '/publish/a', { body: Buffer.from([0x22, 0xff, 0x22]), headers: JSON_TYPE }), 400, /UTF-8/);
  await nothingPublished(hub);
});

test('what is no JSON is 400, and the detail says where', async (t) => {
  const hub = await startHub(t);
  const bad = [['{"a":}', 5], ['', 0], ['{', 1], ['[1,]', 3], ['{} x', 3], ['01', 1], ['nul', 3], ["{'a':1}", 1], ['"\u0001"', 1], ['"\\ud800"', 1], ['\ufeff{}', 0], ['NaN', 0]];
  for (const [body, at] of bad) {
    const answer = await ask(hub, 'POST', '/publish/a', { body, headers: JSON_TYPE });
    problem(answer, 400, /JSON/);
    assert.match(answer.json.detail, new RegExp(`\\b${at}\\b`), body);
  }
  problem(await ask(hub, 'POST', '/publish/a', { body: '['.repeat(65) + ']'.repeat(65), headers: JSON_TYPE }), 400, /64/);
  problem(await ask(hub, 'POST', '/publish/a', { body: '{"_event":"a","_event":"b"}', headers: JSON_TYPE }), 400, /twice/);
  await nothingPublished(hub);
  await publish(hub, 'a', '['.repeat(64) + ']'.repeat(64), { headers: JSON_TYPE });
});

test('a type that is none is 400', async (t) => {
  const hub = await startHub(t);
  for (const type of ['', 'a%0Ab', 'a%0Db', '%00', 'freshet.gap', 'freshet.', '%FF', 'x'.repeat(129)])
    problem(await ask(hub, 'POST', `/publish/a?event=${type}`, { body: 'x' }), 400, /type/);
  for (const type of ['', 'a\nb', 'freshet.gap', 'x'.repeat(129), '\0'])
    problem(await ask(hub, 'POST', '/publish/a', { body: JSON.stringify({ _event: type }), headers: JSON_TYPE }), 400, /type/);
  await nothingPublished(hub);
});

test('a channel or client that is none is 400', async (t) => {
  const hub = await startHub(t);
  for (const name of ['', '@x', '%40x', 'a*', '*', 'a%0A', '%FF', 'x'.repeat(256)]) {
    problem(await ask(hub, 'POST', `/publish/${name}`, { body: 'x' }), 400, /name/);
    problem(await ask(hub, 'POST', `/publish?channel=${name}`, { body: 'x' }), 400, /name/);
  }
  for (const client of ['', 'a%20b', '%C3%A9', 'x'.repeat(129), 'a*']) problem(await ask(hub, 'POST', `/clients/${client}`, { body: 'x' }), 400, /client_id/);
  await nothingPublished(hub);
});

test('a POST without a length is 411', async (t) => {
  const hub = await startHub(t);
  const connection = new Connection(hub).send('POST /publish/a HTTP/1.1\r\nHost: x\r\n\r\n');
  problem(await connection.answer(), 411, /Content-Length/);
  await nothingPublished(hub);
});

test('a body over 1 MiB is 413, and the answer arrives while it is still being sent', async (t) => {
  const hub = await startHub(t);
  const body = Buffer.alloc(5 << 20, 'x');
  for (const bytes of [
    requestBytes('POST', '/publish/a', { body }),
    Buffer.concat([requestBytes('POST', '/publish/a', { headers: ['Transfer-Encoding: chunked'] }), chunked(body)]),
    requestBytes('POST', '/publish/a', { headers: ['Content-Length: 99999999999999999999999'] }),
  ]) {
    const connection = new Connection(hub).send(bytes);
    problem(await connection.answer(), 413, /larger/);
    await connection.closed();
  }
  await nothingPublished(hub);
});

test('an answer that comes before the body was read closes the connection, and says so', async (t) => {
  const hub = await startHub(t);
  for (const [target, headers, status] of [['/publish/a', ['Origin: http://elsewhere'], 403], ['/nowhere', [], 404], ['/events', [], 405]]) {
    const connection = new Connection(hub).send(requestBytes('POST', target, { headers, body: Buffer.alloc(5 << 20, 'x') }));
    const answer = await connection.answer();
    assert.equal(answer.status, status);
    assert.equal(answer.headers.connection, 'close');
    await connection.closed();
  }
});

test('codings, charsets and multipart are 415', async (t) => {
  const hub = await startHub(t);
  const rows = [
    [{ 'Content-Encoding': 'gzip' }, /Content-Encoding/], [{ 'Content-Type': 'text/plain; charset=latin1' }, /UTF-8/],
    [{ 'Content-Type': 'application/json;charset="iso-8859-1"' }, /UTF-8/], [{ 'Content-Type': 'text/plain; a=b; CHARSET=utf-16' }, /UTF-8/],
    [{ 'Content-Type': 'multipart/form-data; boundary=x' }, /multipart/], [{ 'Content-Type': 'Multipart/mixed' }, /multipart/],
  ];
  for (const [headers, words] of rows) problem(await ask(hub, 'POST', '/publish/a', { body: '{}', headers }), 415, words);
  await nothingPublished(hub);
  for (const headers of [{ 'Content-Encoding': 'identity' }, { 'Content-Type': 'text/plain; charset=UTF-8' }, { 'Content-Type': 'text/plain;charset="utf-8"' }, { 'Content-Type': '' }])
    assert.equal((await ask(hub, 'POST', '/publish/a', { body: '{}', headers })).status, 200, JSON.stringify(headers));
});

test('another method is 405 and says which there are; another path is 404', async (t) => {
  const hub = await startHub(t);
  const rows = [
    ['GET', '/publish', 'POST'], ['PUT', '/publish/a', 'POST'], ['GET', '/clients/x', 'POST'], ['POST', '/events', 'GET'],
    ['POST', '/events/a', 'GET'], ['POST', '/health', 'GET'], ['PATCH', '/metrics', 'GET'], ['POST', '/', 'GET'],
  ];
  for (const [method, target, allow] of rows) {
    const answer = await ask(hub, method, target, { body: method === 'GET' ? undefined : 'x' });
    problem(answer, 405, /Allow/);
    assert.ok(answer.headers.allow.split(', ').includes(allow), `${method} ${target}: ${answer.headers.allow}`);
  }
  for (const target of ['/publish/a/b', '/publishx', '/clients', '/clients/a/b', '/Publish', '/health/', '/favicon.ico'])
    problem(await ask(hub, 'POST', target, { body: 'x' }), 404, /path/);
  await nothingPublished(hub);
});

test('a web page of another origin may not publish, one of this hub may', async (t) => {
  const hub = await startHub(t);
  const rows = [ // Host, Origin, status
    ['hub.example', 'http://elsewhere.example', 403], ['hub.example', 'null', 403], ['hub.example', 'http://hub.example:8080', 403],
    ['hub.example:8080', 'http://hub.example', 403], ['hub.example', 'http://hub.example.evil', 403], ['hub.example', 'hub.example', 403],
    ['hub.example', 'https://hub.example:80', 403], ['hub.example', 'http://hub.example:443', 403], ['hub.example', 'http://xhub.example', 403],
    ['hub.example', '', 403], ['hub.example', 'file://hub.example', 403],
    ['hub.example', 'http://hub.example', 200], ['hub.example:8080', 'http://hub.example:8080', 200], ['HUB.example', 'http://hub.Example', 200],
    ['hub.example:80', 'http://hub.example', 200], ['hub.example', 'http://hub.example:80', 200], ['hub.example', 'https://hub.example', 200],
    ['hub.example:443', 'https://hub.example', 200], ['hub.example', 'https://hub.example:443', 200],
    ['[::1]:8080', 'http://[::1]:8080', 200], ['127.0.0.1', 'http://127.0.0.1', 200],
  ];
  for (const [host, origin, status] of rows)
    for (const target of ['/publish/a', '/clients/x']) {
      const answer = await new Connection(hub).send(requestBytes('POST', target, { host, headers: [`Origin: ${origin}`], body: 'x' })).answer();
      if (status === 200) assert.equal(answer.status, 200, `${origin} at ${host}: ${answer.text}`);
      else problem(answer, 403, /origin/i);
    }
  const twice = requestBytes('POST', '/publish/a', { host: 'hub.example', headers: ['Origin: http://hub.example', 'Origin: http://evil.example'], body: 'x' });
  problem(await new Connection(hub).send(twice).answer(), 403, /origin/i);
  assert.equal((await ask(hub, 'GET', '/health', { headers: { Origin: 'http://elsewhere' } })).status, 200, 'looking changes nothing');
  await subscribe(hub, '/events', { headers: ['Origin: http://elsewhere'] });
});
