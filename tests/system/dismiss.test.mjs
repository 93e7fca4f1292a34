// DELETE: a channel's history is forgotten, a client is sent away; others notice nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, metrics, publish, startHub, until } from './hub.mjs';
import { Connection, requestBytes } from './http.mjs';
import { assertProblem, assertWell } from './hostile.mjs';
import { compareIds, subscribe } from './sse.mjs';

async function gone(hub, target) {
  const answer = await ask(hub, 'DELETE', target);
  assert.deepEqual([answer.status, answer.text], [204, ''], target);
}

const trimmed = (after, until, channels = ['a']) => ({ after, until, reason: 'trimmed', channels, before: 0 });

// --- channels ---

test('DELETE of a channel is 204 whether it is known or not, and forgets its history alone', async (t) => {
  const hub = await startHub(t);
  for (const target of ['/channels/a', '/channels/a', '/channels/never', '/channels/%C3%A4%2Fb', `/channels/${'x'.repeat(255)}`]) await gone(hub, target);
  for (const channel of ['a', 'ab', '@a']) await publish(hub, channel, 'old');
  await gone(hub, '/channels/a');
  assert.equal((await ask(hub, 'GET', '/channels/a')).status, 404);
  assert.deepEqual((await ask(hub, 'GET', '/channels/a/events')).json.events, []);
  assert.equal((await ask(hub, 'GET', '/channels/ab')).json.events, 1);
  const streams = await Promise.all(['/events/a?from=earliest', '/events/a?from=-5', '/events/a*?from=earliest&client_id=a'].map((target) => subscribe(hub, target)));
  await publish(hub, 'a', 'new');
  for (const [i, data] of [['new'], ['new'], ['old', 'old', 'new']].entries()) {
    assert.deepEqual(await streams[i].data(data.length), data);
    assert.deepEqual(streams[i].gaps, []);
  }
});

test('a live reader that has its events is not disturbed', async (t) => {
  const hub = await startHub(t, ['--workers', '2']);
  const streams = await Promise.all(['/events/a', '/events/a*', '/events?channel=a&channel=b', '/events/a?envelope=1', '/events/a', '/events/*'].map((target) => subscribe(hub, target)));
  for (let i = 0; i < 20; i++) {
    await publish(hub, 'a', `${i}`);
    for (const stream of streams) await stream.first(i + 1);
    await gone(hub, '/channels/a');
  }
  for (const stream of streams) assert.deepEqual([stream.events.length, stream.gaps], [20, []]);
});

test('who returns is told exactly what was deleted after its position, once', async (t) => {
  const hub = await startHub(t);
  const ids = [];
  for (let i = 0; i < 4; i++) ids.push(await publish(hub, 'a', `${i}`));
  const between = await publish(hub, 'b', 'b');
  await gone(hub, '/channels/a');
  const kept = await publish(hub, 'a', 'kept');
  for (const [position, gaps] of [[ids[0], [trimmed(ids[0], ids[3])]], [ids[2], [trimmed(ids[2], ids[3])]], [ids[3], []], [between, []]]) {
    const stream = await subscribe(hub, '/events/a', { position });
    assert.deepEqual(await stream.data(1), ['kept']);
    assert.deepEqual(stream.gaps, gaps, position);
    stream.close();
  }
  await gone(hub, '/channels/a'); // a second time: no gap to those who have got it, and one to the others
  const end = await publish(hub, 'a', 'end');
  for (const [position, gaps] of [[kept, []], [between, [trimmed(between, kept)]], [ids[1], [trimmed(ids[1], kept)]]]) {
    const stream = await subscribe(hub, '/events/a', { position });
    assert.deepEqual((await stream.first(1))[0].id, end);
    assert.deepEqual(stream.gaps, gaps, position);
  }
});

test('who returns after its position was deleted beyond gets the gap on those channels alone', async (t) => {
  const hub = await startHub(t);
  const start = await publish(hub, 'other', 'start');
  const ids = [];
  for (const channel of ['a', 'b', 'a', 'b']) ids.push(await publish(hub, channel, channel));
  await gone(hub, '/channels/a');
  for (const [target, channels] of [['/events?channel=b&channel=a', ['a']], ['/events/*', ['*']], ['/events/a*?channel=b', ['a*']]]) {
    const stream = await subscribe(hub, target, { position: start });
    assert.deepEqual(await stream.data(2), ['b', 'b'], target);
    assert.deepEqual(stream.gaps, [trimmed(start, ids[2], channels)], target);
  }
  for (const position of [ids[2], ids[3]]) assert.deepEqual((await subscribe(hub, '/events?channel=b&channel=a', { position })).gaps, []);
  for (const target of ['/events/b', '/events/other', '/events/a?from=earliest'])
    assert.deepEqual((await subscribe(hub, target, target.includes('from') ? {} : { position: start })).gaps, [], target);
  assert.deepEqual((await ask(hub, 'GET', `/channels/a/events?after=${start}`)).json.gap, true);
});

test('a stuck reader that had not got the events is told so when it goes on', async (t) => {
  const hub = await startHub(t, ['--history', '10000']);
  const stream = await subscribe(hub, '/events/a');
  stream.pause();
  const ids = [];
  const big = 'x'.repeat(64 << 10);
  for (let i = 0; i < 200; i++) ids.push(await publish(hub, 'a', `${i} ${big}`));
  await gone(hub, '/channels/a');
  await publish(hub, 'a', 'new');
  stream.resume();
  const events = await stream.last('new');
  assert.equal(stream.gaps.length, 1);
  const [gap] = stream.gaps;
  const got = events.length - 1;
  assert.ok(got < 200, 'it was stuck');
  assert.deepEqual(gap, { after: ids[got - 1] ?? gap.after, until: ids[199], reason: 'trimmed', channels: ['a'], before: got });
  assert.deepEqual(events.slice(0, -1).map(({ id }) => id), ids.slice(0, got));
});

// --- clients ---

test('DELETE of a client ends its streams cleanly behind what was sent before; others stay', async (t) => {
  const hub = await startHub(t, ['--workers', '3']);
  const mine = await Promise.all(Array.from({ length: 12 }, (_, i) => subscribe(hub, ['/events?client_id=me', '/events/a*?client_id=me', '/events/a?envelope=1&client_id=me'][i % 3], { version: i % 4 ? '1.1' : '1.0' })));
  const others = await Promise.all(['me2', 'm', 'ME', 'you'].map((client) => subscribe(hub, `/events/a?client_id=${client}`)));
  others.push(await subscribe(hub, '/events/a'));
  const goodbye = await publish(hub, '@me', 'goodbye', { event: 'bye' });
  await gone(hub, '/clients/me');
  for (const stream of mine) {
    assert.equal(await stream.ending(), stream.version === '1.1' ? 'complete' : 'end');
    assert.deepEqual(stream.events.map(({ id, type }) => [id, type]), [[goodbye, 'bye']]);
  }
  assert.equal((await metrics(hub))['freshet_closed_streams_total{reason="dismissed"}'], 12);
  await publish(hub, 'a', 'still here');
  for (const stream of others) assert.deepEqual(await stream.data(1), ['still here']);
  const back = await subscribe(hub, '/events?client_id=me', { position: goodbye });
  await publish(hub, '@me', 'again');
  assert.deepEqual(await back.data(1), ['again']);
  assert.deepEqual(back.gaps, []);
});

test('a goodbye and the DELETE sent in one go both arrive, in that order, every time', async (t) => {
  const hub = await startHub(t, ['--workers', '3']);
  const admin = new Connection(hub);
  for (let i = 0; i < 50; i++) {
    const streams = await Promise.all([0, 1, 2].map((k) => subscribe(hub, `/events/a${k}?client_id=me`)));
    admin.send(Buffer.concat([requestBytes('POST', '/clients/me', { body: `bye ${i}` }), requestBytes('DELETE', '/clients/me')]));
    for (const stream of streams) {
      assert.equal(await stream.ending(), 'complete');
      assert.deepEqual(stream.events.map(({ data }) => data), [`bye ${i}`]);
    }
    assert.equal((await admin.answer()).status, 200);
    assert.equal((await admin.head()).status, 204);
  }
});

test('DELETE of a client that is not there is 204, and keeps nobody away', async (t) => {
  const hub = await startHub(t);
  for (const client of ['nobody', 'a%40b', 'x'.repeat(128), 'a.b_c-d:e']) await gone(hub, `/clients/${client}`);
  (await subscribe(hub, '/events?client_id=nobody')).close();
  for (const client of ['', 'a%20b', '%C3%A9', 'x'.repeat(129), 'a*', '%00', '%zz']) assertProblem(await ask(hub, 'DELETE', `/clients/${client}`), 400, /client_id|escape/, client);
  assertProblem(await ask(hub, 'DELETE', '/clients'), 404, /path/, 'no name');
});

test('?for= answers 204 to its next tries on every worker, then opens again; nobody else is kept away', async (t) => {
  const hub = await startHub(t, ['--workers', '4']);
  const stream = await subscribe(hub, '/events?client_id=me');
  await gone(hub, '/clients/me?for=1d');
  assert.equal(await stream.ending(), 'complete');
  const tries = Array.from({ length: 16 }, (_, i) => {
    const version = i % 4 ? '1.1' : '1.0';
    return new Connection(hub).send(requestBytes('GET', ['/events?client_id=me', '/events/a*?client_id=%6de&from=earliest'][i % 2], { version, headers: ['Accept: text/event-stream', 'Last-Event-ID: 1-0'] })).head();
  });
  for (const { status, headers } of await Promise.all(tries)) {
    assert.equal(status, 204);
    assert.equal(headers['content-length'], undefined);
  }
  for (const client of ['me2', 'm', 'Me']) (await subscribe(hub, `/events?client_id=${client}`)).close();
  await publish(hub, '@me', 'is kept');
  await gone(hub, '/clients/me?for=1ms'); // the last word counts
  await until(async () => (await new Connection(hub).send(requestBytes('GET', '/events?client_id=me')).head()).status === 200, 'it may come back');
  const back = await subscribe(hub, '/events?client_id=me', { position: stream.position });
  assert.deepEqual(await back.data(1), ['is kept']);
});

test('a DELETE without for= takes nothing from one with it', async (t) => {
  const hub = await startHub(t);
  const status = async () => (await new Connection(hub).send(requestBytes('GET', '/events?client_id=me')).head()).status;
  await gone(hub, '/clients/me?for=1d');
  await gone(hub, '/clients/me');
  assert.equal(await status(), 204);
  await gone(hub, '/clients/you');
  assert.equal(await status(), 204);
});

test('a ?for= that is no duration up to a day is 400, and sends nobody away', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events?client_id=me');
  for (const value of ['', '0', '0s', '1', '60', '-1s', '1.5s', '+1s', '1x', 's', '2d', '25h', '1s1s', '99999999999999999999s', '%FF', 'x'.repeat(1000), '%zz'])
    assertProblem(await ask(hub, 'DELETE', `/clients/me?for=${value}`), 400, /for is how long|escape/, value);
  await publish(hub, '@me', 'still here');
  assert.deepEqual(await stream.data(1), ['still here']);
});

test('a page of another origin may not manage, one of this hub may', async (t) => {
  const hub = await startHub(t);
  await publish(hub, 'a', 'x');
  const stream = await subscribe(hub, '/events/a?client_id=me');
  for (const origin of ['http://elsewhere', 'null', 'https://hub:8080'])
    for (const target of ['/channels/a', '/channels?channel=a', '/clients/me', '/clients/me?for=1d']) {
      const connection = new Connection(hub).send(requestBytes('DELETE', target, { host: 'hub', headers: [`Origin: ${origin}`] }));
      const answer = await connection.answer();
      connection.destroy();
      assertProblem(answer, 403, /origin/i, `${origin} ${target}`);
    }
  assert.equal((await ask(hub, 'GET', '/channels/a')).json.events, 1);
  assert.equal(stream.done, null);
  for (const target of ['/channels/a', '/clients/me']) {
    const connection = new Connection(hub).send(requestBytes('DELETE', target, { headers: ['Origin: http://hub'] }));
    assert.equal((await connection.head()).status, 204);
    connection.destroy();
  }
  await stream.ending();
  stream.close();
  await assertWell(hub);
});

test('deleting and publishing at the same time leaves each event delivered or told', async (t) => {
  const hub = await startHub(t, ['--workers', '2']);
  const streams = await Promise.all(['/events/a', '/events/a*'].map((target) => subscribe(hub, target)));
  const start = streams[0].position;
  const ids = [];
  const publisher = (async () => { for (let i = 0; i < 500; i++) ids.push(await publish(hub, 'a', `${i}`)); })();
  const deleter = (async () => { for (let i = 0; i < 100; i++) await gone(hub, '/channels/a'); })();
  await Promise.all([publisher, deleter]);
  ids.push(await publish(hub, 'a', 'end'));
  for (const stream of streams) {
    await stream.last('end');
    const got = new Set(stream.events.map(({ id }) => id));
    for (const id of ids.filter((one) => !got.has(one)))
      assert.ok(stream.gaps.some(({ after, until: last, reason }) => reason === 'trimmed' && compareIds(after, id) < 0 && compareIds(id, last) <= 0), `${id} is missing, and no gap says so`);
  }
  const back = await subscribe(hub, '/events/a', { position: start });
  await back.last('end');
  assert.equal(back.gaps.length, 1);
  assert.deepEqual(back.events.map(({ id }) => id), ids.slice(ids.indexOf(back.gaps[0].until) + 1));
});
