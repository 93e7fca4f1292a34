// What docs/api.md promises and no example there shows: each limit of its table, at its edge, and
// sentences, each of which must stand on the page as it is quoted here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { table, tables } from './examples.mjs';
import { Connection, chunked, requestBytes } from './http.mjs';
import { JSON_TYPE, LIGHT, ask, figure, publish, run, startHub, within } from './hub.mjs';
import { subscribe } from './sse.mjs';

const text = readFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), '../../docs/api.md'), 'utf8');
const page = text.replaceAll(/\s+/g, ' ');

const NDJSON = { 'Content-Type': 'application/x-ndjson' };
const ORIGIN = 'https://app.example.com';
const lines = (...objects) => objects.map((object) => `${JSON.stringify(object)}\n`).join('');
const many = (count, make) => Array.from({ length: count }, (_, i) => make(i));

async function status(hub, method, target, headers = {}, body = method === 'POST' ? 'x' : undefined) {
  return (await ask(hub, method, target, { headers, body })).status;
}

const post = (hub, target, headers, body) => status(hub, 'POST', target, headers, body);
const nested = (depth) => '['.repeat(depth) + ']'.repeat(depth);

async function raw(hub, bytes) {
  const connection = new Connection(hub).send(bytes);
  const answer = await connection.answer();
  connection.destroy();
  return answer.status;
}

// The status of a stream's answer.
async function opens(hub, target, headers = []) {
  const connection = new Connection(hub).send(requestBytes('GET', target, { headers }));
  const { status: answered } = await connection.head();
  connection.destroy();
  return answered;
}

// --- limits: [what is just allowed, what is not] ---

const LIMITS = {
  'channel name': (hub) => [
    [post(hub, `/publish/${'a'.repeat(255)}`), post(hub, `/publish/${'%C3%A4'.repeat(127)}`), opens(hub, `/events/${'a'.repeat(255)}`)],
    [post(hub, `/publish/${'a'.repeat(256)}`), post(hub, '/publish/'), post(hub, '/publish/a%0Ab'), post(hub, '/publish/a*'), post(hub, '/publish/@a'),
      post(hub, '/publish/%FF'), opens(hub, `/events/${'a'.repeat(256)}`)],
  ],
  'event type': (hub) => [
    [post(hub, `/publish?event=${'a'.repeat(128)}`), post(hub, '/publish?event=freshet')],
    [post(hub, `/publish?event=${'a'.repeat(129)}`), post(hub, '/publish?event='), post(hub, '/publish?event=a%0Ab'), post(hub, '/publish?event=a%0Db'),
      post(hub, '/publish?event=a%00b'), post(hub, '/publish?event=freshet.x')],
  ],
  client_id: (hub) => [
    [post(hub, `/clients/${'a'.repeat(128)}`), post(hub, '/clients/azAZ09._-:@')],
    [post(hub, `/clients/${'a'.repeat(129)}`), post(hub, '/clients/a%20b'), opens(hub, '/events?client_id='), opens(hub, '/events?client_id=%C3%A4')],
  ],
  'idempotency key': (hub) => [
    [post(hub, '/publish', { 'Idempotency-Key': '!'.repeat(127) + '~' })],
    [post(hub, '/publish', { 'Idempotency-Key': '!'.repeat(129) }), post(hub, '/publish', { 'Idempotency-Key': 'a b' }), post(hub, '/publish', { 'Idempotency-Key': '' })],
  ],
  'channels on a stream': (hub) => [
    [opens(hub, `/events?${many(256, (i) => `channel=${i}`).join('&')}`), opens(hub, `/events?${many(300, () => 'channel=a').join('&')}`)],
    [opens(hub, `/events?${many(257, (i) => `channel=${i}`).join('&')}`)],
  ],
  'depth of JSON': (hub) => [
    [post(hub, '/publish', JSON_TYPE, nested(64)), post(hub, '/publish', NDJSON, `{"data":${nested(63)}}`)],
    [post(hub, '/publish', JSON_TYPE, nested(65)), post(hub, '/publish', NDJSON, `{"data":${nested(64)}}`)],
  ],
  limit: (hub) => [
    [status(hub, 'GET', '/channels?limit=1'), status(hub, 'GET', '/channels?limit=1000'), status(hub, 'GET', '/channels/a/events?limit=1000')],
    [status(hub, 'GET', '/channels?limit=0'), status(hub, 'GET', '/channels?limit=1001'), status(hub, 'GET', '/channels/a/events?limit=1001'),
      status(hub, 'GET', '/channels?limit='), status(hub, 'GET', '/channels?limit=x')],
  ],
  for: (hub) => [
    [status(hub, 'DELETE', '/clients/a?for=1ms'), status(hub, 'DELETE', '/clients/a?for=1d')],
    [status(hub, 'DELETE', '/clients/a?for=0ms'), status(hub, 'DELETE', '/clients/a?for=25h'), status(hub, 'DELETE', '/clients/a?for=60')],
  ],
  'header lines': (hub) => [
    [raw(hub, requestBytes('GET', '/health', { headers: many(99, (i) => `X-${i}: x`) }))],
    [raw(hub, requestBytes('GET', '/health', { headers: many(100, (i) => `X-${i}: x`) }))],
  ],
  'events in a batch': (hub) => [
    [post(hub, '/publish', NDJSON, lines(...many(10_000, (i) => ({ data: i }))))],
    [post(hub, '/publish', NDJSON, lines(...many(10_001, (i) => ({ data: i }))))],
  ],
  'bytes of a batch': (hub) => {
    const line = lines({ data: 'x'.repeat(1 << 20) });
    const seven = line.repeat(7);
    const rest = (8 << 20) - seven.length - lines({ data: '' }).length;
    return [
      [post(hub, '/publish', NDJSON, seven + lines({ data: 'x'.repeat(rest) }))],
      [post(hub, '/publish', NDJSON, seven + lines({ data: 'x'.repeat(rest + 1) }))],
    ];
  },
};

const special = ['keys remembered', 'clients kept away']; // tests of their own
const name = (cell) => cell.replaceAll('`', '');

test('each limit holds at its edge, and beyond it is answered as the table says', async (t) => {
  const rows = table(text, 'limit');
  assert.deepEqual(rows.map(([limit]) => name(limit)).sort(), [...Object.keys(LIMITS), ...special].sort());
  const hub = await startHub(t);
  for (const [limit, , beyond] of rows.filter(([cell]) => !special.includes(name(cell)))) {
    const [allowed, refused] = LIMITS[name(limit)](hub);
    for (const answer of await Promise.all(allowed)) assert.ok([200, 204].includes(answer), `${limit}: ${answer}`);
    for (const answer of await Promise.all(refused)) assert.equal(answer, Number(beyond), limit);
  }
});

test('the keys remembered are a share of the memory; without a key publishing goes on', async (t) => {
  assert.deepEqual(table(text, 'limit').find(([limit]) => limit === special[0]).slice(1), ['`--memory` / 256', '503']);
  const hub = await startHub(t, ['--memory', '1M']);
  const keyed = (from, count) => lines(...many(count, (i) => ({ data: 1, idempotency_key: `${from + i}` })));
  assert.equal(await post(hub, '/publish/a', NDJSON, keyed(0, 4095)), 200);
  assert.equal(await post(hub, '/publish/a', NDJSON, keyed(4095, 2)), 503, 'all lines or none');
  assert.equal(await post(hub, '/publish/a', { 'Idempotency-Key': 'last' }), 200);
  await figure(hub, 'freshet_idempotency_keys', 4096); // told at the engine's next turn
  assert.equal(await post(hub, '/publish/a', { 'Idempotency-Key': 'more' }), 503);
  assert.equal(await post(hub, '/publish/a', { 'Idempotency-Key': 'last' }), 200, 'a known one');
  assert.equal(await post(hub, '/publish/a'), 200);
});

test('beyond the clients that are kept away the oldest may come back', { skip: LIGHT }, async (t) => {
  assert.deepEqual(table(text, 'limit').find(([limit]) => limit === special[1]).slice(1), ['100,000', 'the oldest may come back']);
  const hub = await startHub(t);
  const connection = new Connection(hub);
  for (let i = 0; i <= 100_000;) {
    const some = many(Math.min(500, 100_001 - i), (j) => requestBytes('DELETE', `/clients/${i + j}?for=1h`));
    connection.send(Buffer.concat(some));
    for (const _ of some) assert.equal((await connection.head()).status, 204);
    i += some.length;
  }
  assert.deepEqual(await Promise.all(['0', '1', '100000'].map((id) => opens(hub, `/events?client_id=${id}`))), [200, 204, 204]);
});

// --- sentences ---

const CLAIMS = [
  ['An empty body** is an event with empty data. It needs `Content-Length: 0`', async (hub) => {
    await publish(hub, 'empty', '');
    assert.equal((await ask(hub, 'GET', '/channels/empty/events')).json.events[0].data, '');
    assert.equal(await raw(hub, requestBytes('POST', '/publish/empty')), 411);
  }],
  ['All of them arrive as LF', async (hub) => {
    await publish(hub, 'breaks', 'a\nb\rc\r\nd\n');
    assert.equal((await ask(hub, 'GET', '/channels/breaks/events')).json.events[0].data, 'a\nb\nc\nd\n');
  }],
  ['A slash as it stands begins another part of the path, and is 404', async (hub) => {
    assert.equal(await post(hub, '/publish/a/b'), 404);
    assert.equal((await ask(hub, 'POST', '/publish/a%2Fb', { body: 'x' })).json.channel, 'a/b');
  }],
  ['A parameter that comes twice counts the first time; one that the hub does not know is ignored', async (hub) =>
    assert.equal((await ask(hub, 'POST', '/publish?channel=first&channel=second&x=y', { body: 'x' })).json.channel, 'first')],
  ['what is sent there arrives too', async (hub) => {
    const stream = await subscribe(hub, '/events/a');
    await publish(hub, `@${stream.head.headers['freshet-client-id']}`, 'for you');
    await stream.last('for you');
    stream.close();
  }],
  ['`detail` names the first line that is wrong', async (hub) => {
    const { json } = await ask(hub, 'POST', '/publish/none', { headers: NDJSON, body: '{"data":1}\n\n{"data":1,"colour":2}\n{' });
    assert.match(json.detail, /^line 3: /);
    assert.equal(await status(hub, 'GET', '/channels/none'), 404, 'all lines or none');
  }],
  ['A member of another name is refused', (hub) => post(hub, '/publish', NDJSON, '{"data":1,"id":2}').then((s) => assert.equal(s, 400))],
  ['It must be there; `null` is a value', async (hub) => {
    assert.equal(await post(hub, '/publish/null', NDJSON, '{"event":"a"}'), 400);
    assert.equal(await post(hub, '/publish/null', NDJSON, '{"data":null,"channel":null,"event":null}'), 200);
    assert.equal((await ask(hub, 'GET', '/channels/null/events')).json.events[0].data, null);
  }],
  ['On `/clients/{client_id}` a line must have no `channel`', async (hub) => {
    assert.equal(await post(hub, '/clients/a', NDJSON, '{"data":1,"channel":"b"}'), 400);
    assert.equal(await post(hub, '/clients/a', NDJSON, '{"data":1}'), 200);
  }],
  ['The same key with other data, another type, or as text instead of JSON, is 422', async (hub) => {
    const key = { 'Idempotency-Key': 'k' };
    assert.equal(await post(hub, '/publish/keyed', { ...key, ...JSON_TYPE }, '1'), 200);
    for (const [target, headers, body] of [['/publish/keyed', JSON_TYPE, '2'], ['/publish/keyed?event=a', JSON_TYPE, '1'], ['/publish/keyed', {}, '1']])
      assert.equal(await post(hub, target, { ...key, ...headers }, body), 422);
  }],
  ['A request that was refused has used no key', async (hub) => {
    const key = { 'Idempotency-Key': 'refused', ...JSON_TYPE };
    assert.equal(await post(hub, '/publish/keyed', key, '{'), 400);
    assert.equal(await post(hub, '/publish/keyed', key, '{}'), 200);
  }],
  ['the header is 400 there. `count` counts repeated lines too', async (hub) => {
    assert.equal(await post(hub, '/publish/a', { ...NDJSON, 'Idempotency-Key': 'k' }, '{"data":1}'), 400);
    const twice = { data: 1, idempotency_key: 'twice' };
    const { json } = await ask(hub, 'POST', '/publish/twice', { headers: NDJSON, body: lines(twice, twice) });
    assert.equal(json.count, 2);
    assert.equal((await ask(hub, 'GET', '/channels/twice')).json.events, 1);
  }],
  ['line breaks between tokens become spaces', async (hub) => {
    await publish(hub, 'json', '[1,\r\n2]', { headers: JSON_TYPE });
    const stream = await subscribe(hub, '/events/json?envelope=1&from=earliest');
    assert.match((await stream.first(1))[0].data, /"data":\[1, 2\]\}$/);
    stream.close();
  }],
  ['What was sent to a client has the channel `@` and its `client_id`. The hub\'s own events have no envelope', async (hub) => {
    const stream = await subscribe(hub, '/events/a?envelope=1&client_id=ann', { position: 'nonsense' });
    await publish(hub, '@ann', 'x');
    assert.equal(JSON.parse((await stream.first(1))[0].data).channel, '@ann');
    assert.equal(stream.gaps[0].reason, 'unknown');
    stream.close();
  }],
  ['In these `?channel=` may stand in for the name', async (hub) => {
    await publish(hub, 'by/query', 'x');
    assert.equal((await ask(hub, 'GET', '/channels?channel=by%2Fquery')).json.events, 1);
    assert.equal((await ask(hub, 'GET', '/channels/events?channel=by%2Fquery')).json.events.length, 1);
    assert.equal(await status(hub, 'DELETE', '/channels?channel=by%2Fquery'), 204);
    assert.equal(await status(hub, 'GET', '/channels/by%2Fquery'), 404);
  }],
  ['A prefix is written without `*`. What was sent to clients is not listed, and has no history here', async (hub) => {
    assert.equal(await status(hub, 'GET', '/channels?prefix=a*'), 400);
    await publish(hub, '@ann', 'x');
    assert.deepEqual((await ask(hub, 'GET', '/channels?limit=1000')).json.channels.filter(({ channel }) => channel.includes('@')), []);
    assert.equal(await status(hub, 'GET', '/channels/@ann/events'), 400);
  }],
  ['those on a prefix of the name too. Those alone do not make a channel be listed', async (hub) => {
    const streams = [await subscribe(hub, '/events/seen:*'), await subscribe(hub, '/events/seen:b')];
    assert.equal(await status(hub, 'GET', '/channels/seen:a'), 404);
    assert.deepEqual((await ask(hub, 'GET', '/channels?prefix=seen:')).json.channels,
      [{ channel: 'seen:b', subscribers: 2, events: 0, first_id: null, last_id: null }]);
    for (const stream of streams) stream.close();
  }],
  ['Go on with `after=` the `position` until `events` is empty', async (hub) => {
    for (let i = 0; i < 6; i++) await publish(hub, 'pages', `${i}`.repeat(100_000));
    const sizes = [];
    const found = [];
    for (let after = ''; ;) {
      const { events, position } = (await ask(hub, 'GET', `/channels/pages/events${after && `?after=${after}`}`)).json;
      if (!events.length) break;
      sizes.push(events.length);
      found.push(...events.map(({ data }) => data[0]));
      after = position;
    }
    assert.equal(found.join(''), '012345');
    assert.ok(sizes.length > 1, 'a page holds fewer than the limit');
  }],
  ['A list of channels is at its end when a page is empty', async (hub) => {
    for (const channel of ['list:a', 'list:b', 'list:c', 'list:d', 'list:e']) await publish(hub, channel, 'x');
    const found = [];
    for (let after = ''; ;) {
      const { channels } = (await ask(hub, 'GET', `/channels?prefix=list:&limit=2${after && `&after=${after}`}`)).json;
      if (!channels.length) break;
      found.push(...channels.map(({ channel }) => channel));
      after = found.at(-1);
    }
    assert.deepEqual(found, ['list:a', 'list:b', 'list:c', 'list:d', 'list:e']);
  }],
  ['`after` must be an id, else 400', (hub) => status(hub, 'GET', '/channels/a/events?after=now').then((s) => assert.equal(s, 400))],
  ['on `/events` it opens no stream', async (hub) => {
    const connection = new Connection(hub).send(requestBytes('HEAD', '/events/a'));
    assert.equal((await connection.head()).headers['content-type'], 'text/event-stream');
    connection.send(requestBytes('GET', '/health'));
    assert.equal((await connection.answer()).json.status, 'ok');
    connection.destroy();
  }],
  ['With `Expect: 100-continue` a client waits for a word before it sends the body; HTTP/1.0 does not know it, and there it is ignored', async (hub) => {
    const headers = ['Expect: 100-continue', 'Content-Length: 1'];
    const connection = new Connection(hub).send(requestBytes('POST', '/publish', { headers }));
    assert.equal((await connection.head()).status, 100);
    assert.equal((await connection.send('x').answer()).status, 200);
    connection.destroy();
    assert.equal(await raw(hub, requestBytes('POST', '/publish/no*', { headers })), 400);
    assert.equal(await raw(hub, requestBytes('POST', '/publish', { version: '1.0', headers: ['Expect: 100-continue'], body: 'x' })), 200);
  }],
  ['a client that closes its side has left', async (hub) => {
    const stream = await subscribe(hub, '/events/a');
    stream.socket.end();
    await stream.connection.wait(() => stream.connection.ended ?? undefined, 'the end');
  }],
  ['trailers are read and ignored', async (hub) => {
    const bytes = requestBytes('POST', '/publish/a', { headers: ['Transfer-Encoding: chunked'], body: '' });
    assert.equal(await raw(hub, Buffer.concat([bytes, chunked('ab').subarray(0, -2), Buffer.from('X: y\r\n\r\n')])), 200);
  }],
  ['`wait=` (long polling) is not served yet: 400', (hub) => opens(hub, '/events/a?wait=1').then((s) => assert.equal(s, 400))],
];

test('what the page says and no example shows is so', async (t) => {
  const hub = await startHub(t);
  for (const [claim, holds] of CLAIMS) {
    assert.ok(page.includes(claim), `the page does not say: ${claim}`);
    await holds(hub).catch((error) => { throw new Error(`${claim}: ${error.message}`, { cause: error }); });
  }
});

test('settings beyond the bounds that docs/settings.md names are refused', async () => {
  const settings = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');
  const ranges = Object.fromEntries(tables(settings).filter(({ head }) => head[0] === 'flag')
    .flatMap(({ rows }) => rows.map(([flag, , , , range]) => [/--[a-z-]+/.exec(flag)[0], range])));
  const bounds = {
    '--listen': ['up to 16 times', ...many(17, (i) => `127.0.0.1:${i + 1}`)],
    '--cors-origin': ['up to 64 times', ...many(65, () => ORIGIN)],
    '--memory': ['at least 1M', '1023K'],
    '--max-event': ['from 1 to 256M', '257M'],
    '--max-head': ['from 256 to 1M', '255'],
    '--workers': ['at most 64', '65'],
  };
  for (const [flag, [range, ...values]] of Object.entries(bounds)) {
    assert.equal(ranges[flag], range, flag);
    const program = run(['serve', ...values.flatMap((value) => [flag, value])]);
    assert.equal((await within(program.ended, `${flag} is refused`)).code, 2, program.log);
  }
  const beyond = { 'from 100ms to 1d': ['99ms', '25h'], 'at most 1d': ['25h'], 'at most 1h': ['61m'] };
  const timeouts = Object.keys(ranges).filter((flag) => /timeout|keepalive|retry|spread/.test(flag));
  assert.equal(timeouts.length, 8);
  for (const flag of timeouts) {
    for (const value of beyond[ranges[flag]]) {
      const program = run(['serve', '--listen', '127.0.0.1:0', flag, value]);
      assert.equal((await within(program.ended, `${flag} ${value} is refused`)).code, 2, program.log);
    }
  }
});

test('subscribers alone can take 7/8 of the channels', async (t) => {
  assert.ok(page.includes('subscribers alone can take 7/8 of them'));
  const hub = await startHub(t, ['--max-channels', '8']);
  assert.equal(await opens(hub, '/events?channel=1&channel=2&channel=3&channel=4&channel=5&channel=6&channel=7'), 200);
  const streams = [];
  for (let i = 1; i <= 7; i++) streams.push(await subscribe(hub, `/events/${i}`));
  assert.equal(await opens(hub, '/events/8'), 503);
  assert.equal(await post(hub, '/publish/8'), 200);
  assert.equal(await post(hub, '/publish/9'), 503);
  for (const stream of streams) stream.close();
});

test('part of a request is answered 408 when its time is up; without one the connection closes without a word', async (t) => {
  assert.ok(page.includes('The first two answer 408 if part of a request was there; otherwise the connection closes without a word'));
  const hub = await startHub(t, ['--head-timeout', '200ms', '--body-timeout', '200ms', '--idle-timeout', '200ms']);
  assert.equal(await raw(hub, 'GET /health HTT'), 408);
  assert.equal(await raw(hub, 'POST /publish HTTP/1.1\r\nHost: hub\r\nContent-Length: 2\r\n\r\nx'), 408);
  await new Connection(hub).closed();
  const connection = new Connection(hub).send(requestBytes('GET', '/health'));
  assert.equal((await connection.answer()).status, 200);
  await connection.closed();
});

test('origins may do what the table of --cors-origin says', async (t) => {
  const may = async (hub, origin) => {
    const headers = { Origin: origin };
    const read = await ask(hub, 'GET', '/channels', { headers });
    const granted = read.headers['access-control-allow-origin'] === origin;
    return [granted && 'read', await post(hub, '/publish', headers) === 200 && 'change', read.headers['access-control-allow-credentials'] && 'with cookies']
      .filter(Boolean).join(', ');
  };
  assert.deepEqual(table(text, '`--cors-origin`').map(([origin]) => origin), ['not given', `\`${ORIGIN}\` (repeatable)`, '`*`']);
  const hubs = [await startHub(t), await startHub(t, ['--cors-origin', ORIGIN, '--cors-origin', 'http://b.example']), await startHub(t, ['--cors-origin', '*'])];
  assert.deepEqual(await Promise.all(hubs.map((hub) => may(hub, ORIGIN))), ['', 'read, change, with cookies', 'read']);
  assert.equal(await may(hubs[1], 'https://elsewhere.example'), '');
  assert.equal(await may(hubs[1], 'http://b.example'), 'read, change, with cookies');
  for (const hub of hubs) assert.match(await may(hub, hub.url), /change/, 'its own pages');
});
