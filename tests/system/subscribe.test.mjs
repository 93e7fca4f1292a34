// GET /events: which channels a stream carries, what its answer looks like, and where it starts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, publish, startHub, until } from './hub.mjs';
import { compareIds, subscribe } from './sse.mjs';

const enough = 'last of all';

// What a stream has got when everything published before this has come; marks of before left out.
let marks = 0;
async function all(hub, stream, channel) {
  const mark = `mark ${marks++}`;
  await publish(hub, channel, mark);
  return (await stream.last(mark)).map((event) => event.data).filter((data) => !data.startsWith('mark '));
}

// --- the answer ---

test('HTTP/1.1 gets a chunked stream that nothing on the way keeps or buffers', async (t) => {
  const hub = await startHub(t);
  const { head } = await subscribe(hub, '/events');
  const { date, 'freshet-client-id': client, ...headers } = head.headers;
  assert.ok(Math.abs(Date.parse(date) - Date.now()) < 60000, date);
  assert.match(client, /^[A-Za-z0-9._:@-]{1,128}$/);
  assert.deepEqual(headers, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-store, no-transform',
    'x-accel-buffering': 'no',
    connection: 'keep-alive',
    'transfer-encoding': 'chunked',
  });
});

test('HTTP/1.0 gets the same stream without chunks and without keep-alive', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a', { version: '1.0', headers: ['Connection: keep-alive'] });
  for (const name of ['connection', 'transfer-encoding', 'content-length']) assert.ok(!(name in stream.head.headers), name);
  await publish(hub, 'a', 'one\ntwo', { event: 'kind' });
  assert.deepEqual((await stream.first(1)).map(({ type, data }) => [type, data]), [['kind', 'one\ntwo']]);
});

test('the body begins with retry, the comment and the position', async (t) => {
  const hub = await startHub(t, ['--retry', '1234ms']);
  const { blocks } = await subscribe(hub, '/events');
  assert.deepEqual(blocks.map(({ text }) => text), ['retry: 1234', ': connected', `id: ${blocks[2].id}`]);
  const usual = await subscribe(await startHub(t), '/events');
  assert.equal(usual.blocks[0].text, 'retry: 3000');
});

test('the bytes on the wire are id, event and data, in that order', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events');
  const id = await publish(hub, 'broadcast', 'first\nsecond', { event: 'kind' });
  await stream.first(1);
  assert.equal(stream.blocks.at(-1).text, `id: ${id}\nevent: kind\ndata: first\ndata: second`);
  const bare = await publish(hub, 'broadcast', 'x');
  await stream.first(2);
  assert.equal(stream.blocks.at(-1).text, `id: ${bare}\ndata: x`);
});

test('the position of the opening block alone resumes exactly', async (t) => {
  const hub = await startHub(t);
  await publish(hub, 'a', 'before');
  const { position } = await subscribe(hub, '/events/a');
  await publish(hub, 'a', 'while away');
  const back = await subscribe(hub, '/events/a', { position });
  assert.equal(back.blocks[2].id, position, 'a given position is the one announced');
  assert.deepEqual(await back.data(1), ['while away']);
});

test('client_id names the subscriber; without one the hub makes one', async (t) => {
  const hub = await startHub(t);
  const name = 'Az09._-:@';
  const named = await subscribe(hub, `/events?client_id=${encodeURIComponent(name)}`);
  assert.equal(named.head.headers['freshet-client-id'], name);
  const made = await Promise.all([1, 2].map(() => subscribe(hub, '/events')));
  const ids = made.map(({ head }) => head.headers['freshet-client-id']);
  assert.notEqual(ids[0], ids[1]);
  await publish(hub, `@${ids[1]}`, 'for the second');
  assert.deepEqual(await made[1].data(1), ['for the second']);
  assert.deepEqual(await all(hub, made[0], 'broadcast'), []);
});

test('a client_id that is none is 400', async (t) => {
  const hub = await startHub(t);
  for (const bad of ['', 'a%20b', 'a+b', 'a%2Fb', '%C3%A9', 'x'.repeat(129), 'a*', '%00']) {
    const answer = await ask(hub, 'GET', `/events?client_id=${bad}`);
    assert.equal(answer.status, 400, bad);
    assert.match(answer.json.detail, /client_id/);
  }
  await subscribe(hub, `/events?client_id=${'x'.repeat(128)}`);
});

// --- which channels ---

test('a stream carries its channels and no others', async (t) => {
  const hub = await startHub(t);
  const [none, one, several, both] = await Promise.all([
    '/events', '/events/a', '/events?channel=a&channel=b', '/events/a?channel=c&channel=a',
  ].map((target) => subscribe(hub, target)));
  for (const channel of ['broadcast', 'a', 'b', 'c', 'd', 'aa', 'A']) await publish(hub, channel, channel);
  assert.deepEqual(await all(hub, none, 'broadcast'), ['broadcast']);
  assert.deepEqual(await all(hub, one, 'a'), ['a']);
  assert.deepEqual(await all(hub, several, 'b'), ['a', 'b'], 'without broadcast');
  assert.deepEqual(await all(hub, both, 'c'), ['a', 'c'], 'each once');
});

test('a prefix carries every channel that begins with it, those created later too', async (t) => {
  const hub = await startHub(t);
  await publish(hub, 'stocks:old', 'there before');
  const stream = await subscribe(hub, '/events/stocks:*?from=earliest');
  for (const channel of ['stocks:new', 'stocks:', 'stocks', 'Stocks:x', 'xstocks:y', 'stocks:new:er']) await publish(hub, channel, channel);
  assert.deepEqual(await all(hub, stream, 'stocks:z'), ['there before', 'stocks:new', 'stocks:', 'stocks:new:er']);
});

test('* alone carries every channel, and never what is sent to a client', async (t) => {
  const hub = await startHub(t);
  const made = await subscribe(hub, '/events/*');
  const later = await publish(hub, 'before', 'x');
  for (const channel of ['a', '@someone', 'ä', 'broadcast', '@someone', ' ']) await publish(hub, channel, channel);
  assert.deepEqual(await all(hub, made, 'z'), ['x', 'a', 'ä', 'broadcast', ' ']);
  await publish(hub, 'z', enough);
  const replayed = await subscribe(hub, '/events/%2A', { position: later });
  assert.deepEqual(await all(hub, replayed, 'z'), ['a', 'ä', 'broadcast', ' ', enough]);
  const own = await subscribe(hub, '/events/*?client_id=someone', { position: later });
  assert.deepEqual(await all(hub, own, 'z'), ['a', '@someone', 'ä', 'broadcast', '@someone', ' ', enough]);
});

test('an event on a channel that a stream has in three ways comes once', async (t) => {
  const hub = await startHub(t);
  const start = await publish(hub, 'ab', 'x');
  const target = '/events/ab?channel=a*&channel=*&channel=ab&channel=abc';
  const live = await subscribe(hub, target);
  for (const channel of ['ab', 'abc', 'q', 'ab']) await publish(hub, channel, channel);
  const wanted = ['ab', 'abc', 'q', 'ab', enough];
  await publish(hub, 'ab', enough);
  await live.last(enough);
  assert.deepEqual(await live.data(5), wanted);
  const replayed = await subscribe(hub, target, { position: start });
  assert.deepEqual(await replayed.data(5), wanted);
});

test('names are percent-decoded, and %2F is part of the name', async (t) => {
  const hub = await startHub(t);
  const names = ['a/b', 'ä', 'a b', 'a+b', '100%', 'x?y#z', 'a.b', '..', 'a@b', 'x'.repeat(255), '水'.repeat(85)];
  for (const name of names) {
    const stream = await subscribe(hub, `/events/${encodeURIComponent(name)}`);
    await publish(hub, name, name);
    assert.deepEqual(await stream.data(1), [name]);
    const query = await subscribe(hub, `/events?channel=${encodeURIComponent(name)}&from=-1`);
    assert.deepEqual(await query.data(1), [name]);
  }
  const plus = await subscribe(hub, '/events/a+b?channel=a+b'); // a plus in a path, a space in a query
  for (const name of ['a+b', 'a b']) await publish(hub, name, name);
  assert.deepEqual(await plus.data(2), ['a+b', 'a b']);
});

test('a second slash is 404', async (t) => {
  const hub = await startHub(t);
  for (const target of ['/events/a/b', '/events/a/', '/events//', '/event', '/events2', '/']) {
    const answer = await ask(hub, 'GET', `${target}x?from=now`);
    assert.equal(answer.status, 404, target);
  }
});

test('a name that is none is 400, and says what a name is', async (t) => {
  const hub = await startHub(t);
  const bad = ['', '%40client', '@client', 'a*b', '**', '*a', 'a%00b', 'a%0Ab', '%7F', '%FF', '%C0%80', 'x'.repeat(256), '%40*', '%zz', '%4', '%C2%85'];
  for (const name of bad)
    for (const target of [`/events/${name}`, `/events?channel=${name}`, `/events?channel=ok&channel=${name}`]) {
      const answer = await ask(hub, 'GET', target);
      assert.equal(answer.status, 400, target);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      assert.match(answer.json.detail, /name|prefix|escape/, target);
    }
});

test('256 channels on a stream work, 257 are refused in words', async (t) => {
  const hub = await startHub(t);
  const target = (count) => `/events?${Array.from({ length: count }, (_, i) => `channel=c${i}`).join('&')}`;
  const start = await publish(hub, 'c0', 'start');
  const stream = await subscribe(hub, target(256));
  for (const channel of ['c0', 'c255', 'c256', 'c128']) await publish(hub, channel, channel);
  assert.deepEqual(await all(hub, stream, 'c1'), ['c0', 'c255', 'c128']);
  const replayed = await subscribe(hub, target(256), { position: start });
  assert.deepEqual(await all(hub, replayed, 'c1'), ['c0', 'c255', 'c128']);
  const refused = await ask(hub, 'GET', target(257));
  assert.equal(refused.status, 400);
  assert.match(refused.json.detail, /256/);
});

test('the order of the channels in the URL does not matter to a position', async (t) => {
  const hub = await startHub(t);
  const names = Array.from({ length: 20 }, (_, i) => `c${i}`);
  const start = await publish(hub, 'c0', 'start');
  for (const name of names) await publish(hub, name, name);
  for (const order of [names, [...names].reverse()]) {
    const stream = await subscribe(hub, `/events?${order.map((name) => `channel=${name}`).join('&')}`, { position: start });
    assert.deepEqual(await stream.data(20), names);
  }
});

// --- where it starts ---

// Events a to e on channel x with others between, no two in one millisecond.
async function history(t, flags) {
  const hub = await startHub(t, flags);
  const ids = {};
  const times = {};
  for (const data of ['a', 'b', 'c', 'd', 'e']) {
    ids[data] = await publish(hub, 'x', data);
    await publish(hub, 'y', `${data} on y`);
    times[data] = Number(ids[data].split('-')[0]);
    await until(() => Date.now() > times[data] + 3, 'time passes');
  }
  return { hub, ids, times };
}

// What a new stream gets of the history, as one word. The mark comes to it alone, behind all that.
async function replay(hub, target, options) {
  const client = `mark${marks++}`;
  const stream = await subscribe(hub, `${target}${target.includes('?') ? '&' : '?'}client_id=${client}`, options);
  await publish(hub, `@${client}`, enough);
  const events = await stream.last(enough);
  stream.close();
  return { word: events.slice(0, -1).map(({ data }) => data).join(''), gaps: stream.gaps, stream };
}

const iso = (ms) => new Date(ms).toISOString();
// The same moment as a clock 5½ hours east, or 3½ hours west, shows it.
const east = (ms) => iso(ms + 5.5 * 3600000).replace('Z', '+05:30');
const west = (ms) => iso(ms - 3.5 * 3600000).replace('Z', '-03:30');

test('from: now, earliest, -N, an id, a time in all its ways of writing', async (t) => {
  const { hub, ids, times } = await history(t);
  const rows = [
    ['', ''], ['from=', ''], ['from=now', ''], ['from=earliest', 'abcde'],
    ['from=-1', 'e'], ['from=-3', 'cde'], ['from=-5', 'abcde'], ['from=-1000000', 'abcde'],
    [`from=${ids.b}`, 'cde'], [`from=${ids.e}`, ''],
    [`from=${times.c - 1}`, 'cde'], [`from=${times.c + 1}`, 'de'], [`from=${times.e + 1}`, ''],
    [`from=${Date.now() + 86400000}`, ''],
    [`from=${iso(times.c - 1)}`, 'cde'], [`from=${iso(times.c + 1)}`, 'de'],
    [`from=${iso(times.c + 1).toLowerCase()}`, 'de'],
    [`from=${iso(times.c + 1).replace('Z', '0001Z')}`, 'de'],
    [`from=${encodeURIComponent(east(times.d - 1))}`, 'de'],
    [`from=${east(times.d - 1)}`, 'de'], // its + is a space in a query
    [`from=${west(times.d - 1)}`, 'de'],
    ['from=9999-12-31T23:59:59Z', ''], ['from=2024-02-29T00:00:00Z', undefined], ['from=1795327500123', undefined],
  ];
  for (const [query, wanted] of rows) {
    const { word, gaps } = await replay(hub, `/events/x?${query}`);
    if (wanted !== undefined) assert.equal(word, wanted, query);
    assert.deepEqual(gaps.filter(({ reason }) => wanted !== undefined || reason === 'unknown'), [], query);
  }
});

test('from=-N and from=earliest count over all the channels together', async (t) => {
  const hub = await startHub(t);
  for (const [channel, data] of ['xa', 'yb', 'zz', 'xc', 'yd', 'zz', 'xe'].map((word) => [...word])) await publish(hub, channel, data);
  for (const target of ['/events?channel=x&channel=y', '/events/x*?channel=y', '/events?channel=y*&channel=x*&channel=x'])
    for (const [from, wanted] of [['-1', 'e'], ['-2', 'de'], ['-4', 'bcde'], ['-5', 'abcde'], ['-6', 'abcde'], ['earliest', 'abcde']])
      assert.equal((await replay(hub, `${target}&from=${from}`)).word, wanted, `${target} ${from}`);
  assert.equal((await replay(hub, '/events/*?from=-3')).word, 'dze');
  assert.equal((await replay(hub, '/events/nothing?from=-3')).word, '');
});

test('from=earliest and from=-N tell no gap for what was dropped before', async (t) => {
  const { hub } = await history(t, ['--history', '2']);
  for (const from of ['earliest', '-2', '-5'])
    assert.deepEqual({ ...(await replay(hub, `/events/x?from=${from}`)), stream: 0 }, { word: 'de', gaps: [], stream: 0 }, from);
});

test('the header wins over the parameters, both over from; an empty one is none', async (t) => {
  const { hub, ids } = await history(t);
  const rows = [ // target's query, header, what comes
    [`last_event_id=${ids.c}`, undefined, 'de'],
    [`lastEventId=${ids.c}`, undefined, 'de'],
    [`lastEventID=${ids.c}`, undefined, 'de'],
    [`last_event_id=${ids.a}`, ids.d, 'e'],
    [`lastEventID=${ids.d}&from=earliest`, undefined, 'e'],
    ['from=earliest', ids.d, 'e'],
    [`from=${ids.d}`, ids.b, 'cde'],
    ['from=earliest', '', 'abcde'],
    [`last_event_id=${ids.d}`, '', 'e'],
    ['last_event_id=&from=-2', undefined, 'de'],
    [`last_event_id=&lastEventId=${ids.c}`, undefined, 'de'],
    ['', '', ''], ['last_event_id=', undefined, ''], ['from=', undefined, ''], ['lastEventId=&lastEventID=&from=', '', ''],
    [`last_event_id=${ids.c.replace('-', '%2D')}`, undefined, 'de'],
  ];
  for (const [query, position, wanted] of rows) {
    const { word, gaps } = await replay(hub, `/events/x?${query}`, { position });
    assert.equal(word, wanted, `${query} with ${position}`);
    assert.deepEqual(gaps, [], query);
  }
});

// --- nothing is lost between ---

test('what is published after the headers were seen always arrives', async (t) => {
  const hub = await startHub(t);
  for (let i = 0; i < 100; i++) {
    const target = ['/events/a', '/events/a*', '/events?channel=b&channel=a', '/events/*'][i % 4];
    const stream = await subscribe(hub, target, { opening: false });
    await publish(hub, 'a', `${i}`);
    assert.deepEqual(await stream.data(1), [`${i}`]);
    stream.close();
  }
});

test('a stream opened while much is published lacks nothing between its position and the present', async (t) => {
  const hub = await startHub(t, ['--history', '100000']);
  const sent = [];
  let going = true;
  const publishers = [1, 2, 3].map(async () => {
    while (going) {
      const data = `${sent.length}`;
      sent.push(data);
      await publish(hub, 'a', data);
    }
  });
  const streams = [];
  for (let i = 0; i < 60; i++) streams.push(await subscribe(hub, ['/events/a', '/events/a*', '/events/a?from=-5'][i % 3]));
  going = false;
  await Promise.all(publishers);
  await publish(hub, 'a', enough);
  const whole = await subscribe(hub, '/events/a?from=earliest');
  const events = await whole.last(enough);
  assert.equal(events.length, sent.length + 1);
  for (const stream of streams) {
    await stream.last(enough);
    const opening = stream.blocks.find((block) => block.id).id;
    assert.deepEqual(stream.events, events.filter(({ id }) => compareIds(id, opening) > 0));
    assert.deepEqual(stream.gaps, []);
  }
});

test('a parameter of later versions is refused in words, not overlooked', async (t) => {
  const hub = await startHub(t);
  assert.equal((await ask(hub, 'GET', '/events?wait=1')).status, 400);
  await subscribe(hub, '/events?unknown=1&_=17');
});
