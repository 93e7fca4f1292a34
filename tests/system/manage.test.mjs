// /channels and DELETE: what the hub tells of its channels, and how they and clients are sent away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSON_TYPE, ask, figure, publish, startHub, until } from './hub.mjs';
import { assertProblem } from './hostile.mjs';
import { compareIds, subscribe } from './sse.mjs';

const byBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const encoded = encodeURIComponent;

async function got(hub, target) {
  const { status, headers, text, json } = await ask(hub, 'GET', target);
  assert.equal(status, 200, `${target}: ${text}`);
  assert.equal(headers['content-type'], 'application/json');
  return json;
}

async function gone(hub, target, headers) {
  const answer = await ask(hub, 'DELETE', target, { headers });
  assert.deepEqual([answer.status, answer.text], [204, ''], target);
}

const names = async (hub, query = '') => (await got(hub, `/channels${query}`)).channels.map(({ channel }) => channel);

// Follows `after` to the end.
async function paged(hub, limit, query = '') {
  const all = [];
  for (;;) {
    const page = await names(hub, `?limit=${limit}${query}${all.length ? `&after=${encoded(all.at(-1))}` : ''}`);
    assert.ok(page.length <= limit);
    if (page.length === 0) return all;
    all.push(...page);
  }
}

const ODD = ['a', 'A', 'ab', 'a/b', 'a//b', '/', '/a', 'a/', 'events', 'a/events', 'a/events?x=1', 'channels', ' ', ' a ', 'a+b', 'a b', '%', '%2F', 'a%', '?', '#', '&', '=', 'a=b&c=d', '"', '\\', "'", '<b>',
  '.', '..', '../..', 'a@b', 'a,b', '\u00a0', 'ä', 'ä'.normalize('NFD'), '水', '\ud7ff', '\ue000', '\uffff', '😀', '\u2028', '\ufeff', '~', 'z', 'z'.repeat(255), '😀'.repeat(63), '0', ':', 'A:', '?channel=x', 'null'];

// --- looking ---

test('channels are listed by the bytes of their names, each with its figures', async (t) => {
  const hub = await startHub(t);
  assert.deepEqual(await got(hub, '/channels'), { channels: [] });
  const ids = {};
  for (const name of ODD) ids[name] = [await publish(hub, name, '1'), await publish(hub, name, '2')];
  await publish(hub, '@client', 'is no channel');
  const { channels } = await got(hub, '/channels');
  assert.deepEqual(channels.map(({ channel }) => channel), [...ODD].sort(byBytes));
  for (const row of channels) assert.deepEqual(row, { channel: row.channel, subscribers: 0, events: 2, first_id: ids[row.channel][0], last_id: ids[row.channel][1] });
  for (const row of channels)
    for (const target of [`/channels/${encoded(row.channel).replaceAll('.', '%2E')}`, `/channels?channel=${encoded(row.channel)}`])
      assert.deepEqual(await got(hub, target), row, target);
});

test('prefix, limit and after choose among them, to the end', async (t) => {
  const hub = await startHub(t);
  const sorted = [...ODD].sort(byBytes);
  for (const name of [...ODD].reverse()) await publish(hub, name, 'x');
  for (const limit of [1, 2, 7, 1000]) assert.deepEqual(await paged(hub, limit), sorted);
  for (const prefix of ['a', 'a/', '/', '%', 'ä', 'z', '😀', 'z'.repeat(255), '\uffff', 'nothing', '']) {
    const wanted = sorted.filter((name) => Buffer.from(name).subarray(0, Buffer.byteLength(prefix)).equals(Buffer.from(prefix)));
    assert.deepEqual(await names(hub, `?prefix=${encoded(prefix)}`), wanted, prefix);
    assert.deepEqual(await paged(hub, 2, `&prefix=${encoded(prefix)}`), wanted, prefix);
  }
  for (const after of ['a', 'ac', 'A', '\u0020', '~', '😀'.repeat(63), 'zz', '\u{10ffff}', ''])
    assert.deepEqual(await names(hub, `?after=${encoded(after)}`), sorted.filter((name) => !after || byBytes(name, after) > 0), after);
  assert.deepEqual(await names(hub, '?prefix=a&after=b'), []);
  assert.deepEqual(await names(hub, '?prefix=b&after=a'), []);
  assert.deepEqual(await names(hub, '?after=a&prefix=a&limit=1'), sorted.filter((name) => name.startsWith('a') && byBytes(name, 'a') > 0).slice(0, 1));
});

test('limits and names that are none are 400', async (t) => {
  const hub = await startHub(t);
  await publish(hub, 'a', 'x');
  for (const path of ['/channels', '/channels/a/events']) {
    for (const limit of ['', '0', '-1', '1001', 'x', '1.0', '0x10', '1e2', '99999999999999999999', ' 1', '9'.repeat(1000)])
      assertProblem(await ask(hub, 'GET', `${path}?limit=${encoded(limit)}`), 400, /limit/, `${path} ${limit}`);
    for (const limit of ['1', '1000', '%31']) await got(hub, `${path}?limit=${limit}`);
  }
  for (const name of ['@x', 'a*', 'a%0A', '%FF', '%00', 'x'.repeat(256), '%zz']) {
    for (const target of [`/channels?prefix=${name}`, `/channels?after=${name}`, `/channels/${name}`, `/channels?channel=${name}`, `/channels/${name}/events`])
      assertProblem(await ask(hub, 'GET', target), 400, /name|escape/, target);
    assertProblem(await ask(hub, 'DELETE', `/channels/${name}`), 400, /name|escape/, name);
  }
  for (const target of ['/channels/', '/channels?channel=', '/channels/events?channel=']) assertProblem(await ask(hub, 'GET', target), 400, /name/, target);
  for (const target of ['/channels/a/b', '/channels/a/events/', '/channels/a/events/b', '/channels//events/x']) assertProblem(await ask(hub, 'GET', target), 404, /path/, target);
  for (const after of ['x', '1', '1-', '-1', '1-65536', '99999999999999999-0', '%FF', '0'.repeat(1000)])
    assertProblem(await ask(hub, 'GET', `/channels/a/events?after=${after}`), 400, /not an id/, after);
});

test('one channel is 404 without history and subscribers', async (t) => {
  const hub = await startHub(t);
  const unknown = async (name) => assertProblem(await ask(hub, 'GET', `/channels/${name}`), 404, /neither history nor subscribers/, name);
  await unknown('a');
  const stream = await subscribe(hub, '/events/a');
  assert.deepEqual(await got(hub, '/channels/a'), { channel: 'a', subscribers: 1, events: 0, first_id: null, last_id: null });
  assert.deepEqual(await got(hub, '/channels'), { channels: [{ channel: 'a', subscribers: 1, events: 0, first_id: null, last_id: null }] });
  stream.close();
  await until(async () => (await ask(hub, 'GET', '/channels/a')).status === 404, 'the last subscriber has left');
  assert.deepEqual(await names(hub), []);
  await subscribe(hub, '/events/b*');
  await unknown('b'); // a prefix alone makes no channel
  const id = await publish(hub, 'b', 'x');
  assert.deepEqual(await got(hub, '/channels/b'), { channel: 'b', subscribers: 1, events: 1, first_id: id, last_id: id });
  await gone(hub, '/channels/b');
  await unknown('b');
});

test('subscribers are counted over all workers, those by prefix too, and a stream once a channel', async (t) => {
  const hub = await startHub(t, ['--workers', '4']);
  for (const name of ['a', 'ab', 'b', 'broadcast']) await publish(hub, name, 'x');
  const targets = ['/events/a', '/events?channel=a&channel=b', '/events/a?channel=a&channel=%61', '/events/ab*', '/events/*', '/events/a*', '/events', '/events/abc?client_id=x'];
  const streams = (await Promise.all([1, 2, 3, 4, 5].map(() => Promise.all(targets.map((target) => subscribe(hub, target)))))).flat();
  const counts = async () => Object.fromEntries((await got(hub, '/channels')).channels.map(({ channel, subscribers }) => [channel, subscribers]));
  assert.deepEqual(await counts(), { a: 25, ab: 15, abc: 20, b: 10, broadcast: 10 });
  assert.equal((await got(hub, '/channels/abc')).subscribers, 20);
  streams.forEach((stream, i) => i % targets.length && stream.close());
  await figure(hub, 'freshet_subscribers', 5);
  assert.deepEqual(await counts(), { a: 5, ab: 0, b: 0, broadcast: 0 });
});

// --- history ---

test('history comes oldest first and in pages, embedded as in the envelope', async (t) => {
  const hub = await startHub(t);
  const bodies = [['text', false], ['{"a" : 1.0}', true], ['{\n"b":\r\n2}', true], ['a\nb\r\nc "\\ \0 😀', false], ['12345678901234567890', true], ['', false], ['null', true], ['[1e400]', true]];
  const stream = await subscribe(hub, '/events/a?envelope=1');
  for (const [i, [body, json]] of bodies.entries()) {
    await publish(hub, 'a', body, { event: i % 2 ? `t"${i}` : undefined, headers: json ? JSON_TYPE : {} });
    await publish(hub, 'b', 'between');
  }
  const shown = (await stream.first(bodies.length)).map(({ data }) => data.replace('"channel":"a",', ''));
  const { text } = await ask(hub, 'GET', '/channels/a/events');
  assert.match(text, /^\{"events":\[(.*)\],"position":"\d+-\d+","gap":false\}$/s);
  assert.equal(/^\{"events":\[(.*)\],"position"/s.exec(text)[1], shown.join(','));
  const head = await publish(hub, 'b', 'the newest of all');
  for (const limit of [1, 2, 3, 8, 1000]) {
    const collected = [];
    for (let after = '', seen = 0, last = false; !last;) {
      const page = await ask(hub, 'GET', `/channels/a/events?limit=${limit}${after && `&after=${after}`}`);
      const { events, position, gap } = page.json;
      assert.equal(gap, false);
      seen += events.length;
      if (seen < bodies.length) assert.equal(position, events.at(-1).id);
      if (after) assert.ok(compareIds(position, after) >= 0);
      if (events.length) collected.push(/"events":\[(.*)\],"position"/s.exec(page.text)[1]);
      last = position === head;
      after = position;
    }
    assert.equal(collected.join(','), shown.join(','), `limit ${limit}`);
  }
  assert.deepEqual(await got(hub, `/channels/a/events?after=${head}`), { events: [], position: head, gap: false });
  assert.deepEqual(await got(hub, '/channels/a/events?after='), JSON.parse(text.replace(/"position":"[^"]*"/, `"position":"${head}"`)));
  assert.deepEqual(await got(hub, '/channels/never/events'), { events: [], position: head, gap: false });
});

test('the position of a page is one to subscribe from, and the gap tells what was trimmed before', async (t) => {
  const hub = await startHub(t, ['--history', '3']);
  const ids = [];
  for (let i = 0; i < 6; i++) ids.push(await publish(hub, 'a', `${i}`));
  for (const [after, gap, data] of [[0, true, '345'], [1, true, '345'], [2, false, '345'], [3, false, '45'], [5, false, '']]) {
    const page = await got(hub, `/channels/a/events?after=${ids[after]}`);
    assert.deepEqual([page.gap, page.events.map((event) => event.data).join('')], [gap, data], `after ${after}`);
  }
  const first = await got(hub, '/channels/a/events?limit=2');
  assert.deepEqual([first.gap, first.events.map(({ data }) => data), first.position], [false, ['3', '4'], ids[4]]);
  const stream = await subscribe(hub, '/events/a', { position: first.position });
  assert.deepEqual(await stream.data(1), ['5']);
  const at = (await got(hub, '/channels/quiet/events')).position;
  await publish(hub, 'quiet', 'next');
  assert.deepEqual(await (await subscribe(hub, '/events/quiet', { position: at })).data(1), ['next']);
});

test('a long history is paged to its end whatever its events weigh', async (t) => {
  const hub = await startHub(t, ['--history-bytes', '64M']);
  const bodies = Array.from({ length: 60 }, (_, i) => (i % 20 ? `${i}`.padEnd(1000 * i, 'x') : '\u0001'.repeat(1 << 20)));
  for (const body of bodies) await publish(hub, 'a', body);
  const all = [];
  for (let after = ''; ;) {
    const { events, position } = await got(hub, `/channels/a/events?limit=1000${after && `&after=${after}`}`);
    if (events.length === 0) break;
    all.push(...events.map(({ data }) => data));
    after = position;
  }
  assert.deepEqual(all, bodies);
});

// --- names with slashes, and ?channel= ---

test('?channel= stands in for the name in every path', async (t) => {
  const hub = await startHub(t);
  for (const name of ODD) {
    const query = `channel=${encoded(name)}`;
    const stream = await subscribe(hub, `/events?${query}`);
    const answer = await ask(hub, 'POST', `/publish?x=1&${query}`, { body: 'x' });
    assert.deepEqual([answer.status, answer.json.channel], [200, name]);
    assert.deepEqual(await stream.data(1), ['x'], name);
    assert.equal((await got(hub, `/channels?${query}&limit=7`)).channel, name);
    assert.deepEqual((await got(hub, `/channels/events?${query}`)).events.map(({ id }) => id), [answer.json.id]);
    assert.deepEqual((await got(hub, `/channels/events?${query}&after=${answer.json.id}`)).events, []);
    await gone(hub, `/channels?${query}`);
    assert.equal((await got(hub, `/channels?${query}`)).events, 0);
    stream.close();
  }
  const refused = await ask(hub, 'DELETE', '/channels');
  assertProblem(refused, 405, /Allow/, 'no name, and all are not meant');
  await until(async () => (await names(hub)).length === 0, 'nobody is left');
});
