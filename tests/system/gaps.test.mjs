// Promise 3: what was dropped after a position, or cannot be known, is told once and before any id
// beyond it, and nothing else is told; and a position is never answered with a 4xx.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figure, metrics, publish, startHub } from './hub.mjs';
import { Connection, requestBytes } from './http.mjs';
import { compareIds, subscribe } from './sse.mjs';

// Publishes each and gives back the ids.
async function publishAll(hub, channel, list) {
  const ids = [];
  for (const data of list) ids.push(await publish(hub, channel, data));
  return ids;
}

// What a stream from this position says of the past: { gaps, data }. The mark comes behind that.
let marks = 0;
async function past(hub, target, options) {
  const stream = await subscribe(hub, target, options);
  const mark = `mark ${marks++}`;
  const name = /client_id=(\w+)/.exec(target)?.[1] ?? stream.head.headers['freshet-client-id'];
  await publish(hub, `@${name}`, mark);
  await stream.last(mark);
  stream.close();
  const gaps = stream.gaps.map(({ before, ...gap }) => {
    assert.equal(before, 0, 'a gap before all events of the past');
    return { ...gap, channels: [...gap.channels].sort() };
  });
  return { gaps, data: stream.events.map(({ data }) => data).filter((data) => !data.startsWith('mark ')), stream };
}

// --- trimmed ---

test('trimmed by count: told from the position to the newest that was dropped', async (t) => {
  const hub = await startHub(t, ['--history', '3']);
  const ids = await publishAll(hub, 'a', ['0', '1', '2', '3', '4', '5']);
  for (const [seen, told, data] of [[0, 2, ['3', '4', '5']], [1, 2, ['3', '4', '5']], [2, null, ['3', '4', '5']], [4, null, ['5']], [5, null, []]]) {
    const gaps = told === null ? [] : [{ after: ids[seen], until: ids[told], reason: 'trimmed', channels: ['a'] }];
    for (const [query, options] of [['', { position: ids[seen] }], [`?last_event_id=${ids[seen]}`, {}], [`?from=${ids[seen]}`, {}]]) {
      const got = await past(hub, `/events/a${query}`, options);
      assert.deepEqual([got.gaps, got.data], [gaps, data], `${query} ${seen}`);
    }
  }
  const told = await past(hub, '/events/a?client_id=x', { position: ids[0] });
  assert.deepEqual(told.stream.blocks.map(({ id, event }) => id ?? event).slice(2, 5), [ids[0], 'freshet.gap', ids[3]]);
});

test('a time from which on something was dropped is a position like another', async (t) => {
  const hub = await startHub(t, ['--history', '1']);
  const since = Date.now() - 1000;
  const ids = await publishAll(hub, 'a', ['0', '1', '2']);
  const { gaps, data } = await past(hub, `/events/a?from=${since}`);
  assert.deepEqual(gaps.map(({ until, reason, channels }) => [until, reason, channels]), [[ids[1], 'trimmed', ['a']]]);
  assert.deepEqual(data, ['2']);
});

test('trimmed by age', async (t) => {
  const hub = await startHub(t, ['--ttl', '200ms']);
  const [first, second] = await publishAll(hub, 'a', ['0', '1']);
  await figure(hub, 'freshet_history_bytes', 0);
  const { gaps, data } = await past(hub, '/events/a', { position: first });
  assert.deepEqual(gaps, [{ after: first, until: second, reason: 'trimmed', channels: ['a'] }]);
  assert.deepEqual(data, []);
  assert.deepEqual((await past(hub, '/events/a', { position: second })).gaps, []);
  assert.deepEqual((await past(hub, '/events/b', { position: first })).gaps, []);
});

test('trimmed by bytes of the channel', async (t) => {
  const hub = await startHub(t, ['--history-bytes', '8K']);
  const kilobyte = 'x'.repeat(1024);
  const ids = await publishAll(hub, 'a', Array.from({ length: 20 }, (_, i) => `${i} ${kilobyte}`));
  const kept = (await past(hub, '/events/a?from=earliest')).stream.events.filter(({ data }) => data.endsWith('x'));
  assert.ok(kept.length >= 4 && kept.length <= 8, `${kept.length} are kept`);
  assert.deepEqual(kept.map(({ id }) => id), ids.slice(-kept.length));
  const { gaps } = await past(hub, '/events/a', { position: ids[0] });
  assert.deepEqual(gaps, [{ after: ids[0], until: ids[19 - kept.length], reason: 'trimmed', channels: ['a'] }]);
});

test('trimmed by memory: the oldest of all channels go, and each channel tells its own', async (t) => {
  const hub = await startHub(t, ['--memory', '1M']);
  const quiet = await publishAll(hub, 'quiet', ['0', '1']);
  const busy = await publishAll(hub, 'busy', Array.from({ length: 30 }, (_, i) => `${i} ${'x'.repeat(100 << 10)}`));
  const late = await publish(hub, 'quiet', '2');
  assert.ok((await metrics(hub)).freshet_history_bytes <= 1 << 20);
  const { gaps, data } = await past(hub, '/events/quiet', { position: quiet[0] });
  assert.deepEqual(gaps, [{ after: quiet[0], until: quiet[1], reason: 'trimmed', channels: ['quiet'] }]);
  assert.deepEqual(data, ['2']);
  assert.deepEqual((await past(hub, '/events/quiet', { position: quiet[1] })).gaps, []);
  assert.deepEqual((await past(hub, '/events/busy', { position: late })).gaps, []);
  const told = (await past(hub, '/events/busy', { position: busy[0] })).gaps;
  assert.deepEqual(told.map(({ reason, channels }) => [reason, channels]), [['trimmed', ['busy']]]);
});

for (const how of ['stop', 'kill'])
  test(`a memory engine's restart (${how}) is told as trimmed, whatever the channel`, async (t) => {
    const first = await startHub(t);
    const old = await publish(first, 'a', 'gone');
    await first[how]();
    const hub = await startHub(t, [], first.address);
    for (const [target, channels] of [['/events/a', ['a']], ['/events/never', ['never']], ['/events/a*?channel=b', ['a*', 'b']]]) {
      const { gaps, stream } = await past(hub, target, { position: old });
      assert.equal(gaps.length, 1);
      assert.deepEqual([gaps[0].after, gaps[0].reason, gaps[0].channels], [old, 'trimmed', channels]);
      assert.ok(compareIds(gaps[0].until, old) > 0);
      assert.equal(stream.blocks[2].id, old, 'the position stands until it is told');
    }
    const now = await publish(hub, 'a', 'new');
    assert.deepEqual((await past(hub, '/events/a', { position: now })).gaps, []);
    assert.deepEqual((await past(hub, '/events/a', { position: old })).data, ['new']);
  });

test('a stream from now on resumes without a gap over a restart of others', async (t) => {
  const hub = await startHub(t);
  const { position } = await subscribe(hub, '/events/a'); // the hub's first position: nothing was before
  assert.deepEqual((await past(hub, '/events/a', { position })).gaps, []);
});

// --- nothing else is told ---

test('a trimmed channel is no gap for those who did not ask for it', async (t) => {
  const hub = await startHub(t, ['--history', '2']);
  const start = await publish(hub, 'quiet', 'start');
  await publish(hub, 'quiet', 'kept');
  for (const name of ['busy', 'stock', 'stocks', 'stocksx:a', 'stocks9', 's', '@client']) await publishAll(hub, name, ['1', '2', '3', '4']);
  await publish(hub, 'stocks:a', 'kept too');
  for (const [target, data] of [['quiet', ['kept']], ['stocks:*', ['kept too']], ['stocks:*?channel=quiet', ['kept', 'kept too']], ['never', []], ['never*', []]]) {
    const got = await past(hub, `/events/${target}`, { position: start });
    assert.deepEqual([got.gaps, got.data], [[], data], target);
  }
});

test('a gap names the channels that lost, and those alone; a prefix as it was asked for', async (t) => {
  const hub = await startHub(t, ['--history', '2']);
  const start = await publish(hub, 'a', 'start');
  const b = await publishAll(hub, 'b:1', ['1', '2', '3']);
  await publishAll(hub, 'c', ['4', '5']);
  const d = await publishAll(hub, 'd', ['6', '7', '8', '9']);
  const rows = [
    ['/events?channel=a&channel=b:1&channel=c', ['b:1'], b[0], ['2', '3', '4', '5']],
    ['/events?channel=c&channel=b:*&channel=a', ['b:*'], b[0], ['2', '3', '4', '5']],
    ['/events?channel=b:*&channel=b:1&channel=b:2', ['b:*', 'b:1'], b[0], ['2', '3']],
    ['/events?channel=a&channel=c', [], null, ['4', '5']],
    ['/events?channel=d&channel=c&channel=b:1', ['b:1', 'd'], d[1], ['2', '3', '4', '5', '8', '9']],
    ['/events/*', ['*'], d[1], ['2', '3', '4', '5', '8', '9']],
  ];
  for (const [target, channels, until, data] of rows) {
    const got = await past(hub, target, { position: start });
    assert.deepEqual(got.data, data, target);
    assert.deepEqual([...new Set(got.gaps.flatMap((gap) => gap.channels))].sort(), channels, target);
    for (const gap of got.gaps) assert.deepEqual([gap.after, gap.reason], [start, 'trimmed']);
    if (until) assert.equal(got.gaps.at(-1).until, until, target);
  }
});

test('what a client lost of its own is told to it, and to nobody else', async (t) => {
  const hub = await startHub(t, ['--history', '2']);
  const start = await publish(hub, 'a', 'start');
  const ids = await publishAll(hub, '@me', ['1', '2', '3']);
  const { gaps, data } = await past(hub, '/events/a?client_id=me', { position: start });
  // The mark that past() sends to the client trims one more, before or after the stream is served.
  assert.ok(gaps.length >= 1);
  assert.deepEqual([gaps[0].after, gaps[0].until, gaps[0].reason], [start, ids[0], 'trimmed']);
  assert.deepEqual(data, ['2', '3']);
  assert.deepEqual((await past(hub, '/events/a?client_id=other', { position: start })).gaps, []);
  assert.deepEqual((await past(hub, '/events/a', { position: start })).gaps, []);
});

// --- unknown ---

const garbage = ['abc', '-', '1-', '-1-0', '1-2-3', '1.5', '0x10', 'null', 'undefined', '1795327500123', '1795327500123-',
  '1795327500123-65536', '1795327500123-99999999999', '99999999999999999999-0', ' ', '%00', 'a%0Ab', '%C3%A9', '%FF',
  'x'.repeat(5000), '9999999999999-0', '2026-01-01T00:00:00Z'];
const badFroms = [...garbage.filter((text) => !/^(1795327500123|2026.*|-1-0)$/.test(text)), 'yesterday', 'Now', '--1', '-x', '-1.5', '+5', '1e3',
  '2023-02-29T00:00:00Z', '2024-13-01T00:00:00Z', '2024-01-01T24:00:00Z', '2024-01-01', '2024-01-01T00:00:00', '2024-01-01T00:00:00+1:00'];

function assertUnknown({ stream, gaps }, what) {
  assert.deepEqual(stream.blocks.slice(0, 4).map(({ text }) => text.split(':')[0]), ['retry', '', 'event', 'id'], `${what}: told before the opening id`);
  assert.deepEqual(gaps, [{ after: null, until: stream.blocks[3].id, reason: 'unknown', channels: ['a', 'b*'] }], what);
}

test('a position that is no id, or ahead of the hub, is told as unknown wherever it stands', async (t) => {
  const hub = await startHub(t);
  await publishAll(hub, 'a', ['1', '2']);
  const target = '/events?channel=a&channel=b*';
  for (const text of garbage)
    for (const name of ['last_event_id', 'lastEventId', 'lastEventID']) {
      const got = await past(hub, `${target}&${name}=${text === ' ' ? '%20' : text}`);
      assertUnknown(got, `${name}=${text}`);
      assert.deepEqual(got.data, []);
    }
  for (const text of badFroms) {
    const got = await past(hub, `${target}&from=${text === ' ' ? '%20' : text}`);
    assertUnknown(got, `from=${text}`);
    assert.deepEqual(got.data, []);
  }
  for (const text of garbage.map(decodeLatin).filter((text) => text && !/[\0\n]/.test(text)))
    assertUnknown(await past(hub, target, { position: text }), `header ${text}`);
});

function decodeLatin(text) {
  return text.replace(/%([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))).trim();
}

test('a percent escape that is broken makes a position unknown, not the request bad', async (t) => {
  const hub = await startHub(t);
  for (const name of ['last_event_id', 'lastEventId', 'lastEventID', 'from'])
    for (const text of ['%zz', '%', '%4', 'abc%'])
      assertUnknown(await past(hub, `/events?channel=a&channel=b*&${name}=${text}`), `${name}=${text}`);
});

test('after an unknown position the stream starts as if none had been given', async (t) => {
  const hub = await startHub(t);
  const ids = await publishAll(hub, 'a', ['1', '2', '3']);
  const rows = [ // query, header, what comes
    ['', 'garbage', []], ['&from=earliest', 'garbage', ['1', '2', '3']], ['&from=-1', '9999999999999-0', ['3']],
    [`&from=${ids[1]}`, 'garbage', ['3']], ['&last_event_id=garbage&from=-2', undefined, ['2', '3']],
    ['&from=garbage', 'garbage', []], ['&from=9999999999999-0', undefined, []],
  ];
  for (const [query, position, data] of rows) {
    const got = await past(hub, `/events?channel=a&channel=b*${query}`, { position });
    assertUnknown(got, query);
    assert.deepEqual(got.data, data, query);
  }
});

test('no position is answered with a 4xx, whatever bytes it has', async (t) => {
  const hub = await startHub(t);
  for (let byte = 0; byte < 256; byte++) {
    const connection = new Connection(hub);
    connection.send(requestBytes('GET', `/events?from=%${byte.toString(16).padStart(2, '0')}&last_event_id=x%${byte.toString(16).padStart(2, '0')}`));
    assert.equal((await connection.head()).status, 200, `byte ${byte} in a parameter`);
    connection.destroy();
    if (byte < 32 && byte !== 9 || byte === 127) continue; // no header may hold these
    const header = new Connection(hub);
    header.send(requestBytes('GET', '/events', { headers: [`Last-Event-ID: x${String.fromCharCode(byte)}y`] }));
    assert.equal((await header.head()).status, 200, `byte ${byte} in the header`);
    header.destroy();
  }
});

// --- slow ---

// Wants that exactly what is missing is told: each missing event lies in one gap, and each gap has one.
function assertExact(stream, published, channel) {
  const got = new Set(stream.events.map(({ id }) => id));
  const missing = published.filter(({ id }) => !got.has(id));
  const inside = (gap, id) => compareIds(id, gap.after) > 0 && compareIds(id, gap.until) <= 0;
  for (const { id, data } of missing) assert.equal(stream.gaps.filter((gap) => inside(gap, id)).length, 1, `${data.slice(0, 10)} is missing and must be told once`);
  for (const gap of stream.gaps) {
    assert.deepEqual([gap.reason, gap.channels], ['slow', [channel]]);
    assert.ok(missing.some(({ id }) => inside(gap, id)), 'a gap has something missing');
    const before = stream.events[gap.before - 1];
    if (before) assert.ok(compareIds(before.id, gap.after) <= 0, 'what is told lies after what has come');
  }
  return missing.length;
}

const block = 'x'.repeat(32 << 10);

// Publishes so much that neither the kernel's buffers nor the windows can hold it.
async function flood(hub, channel, count) {
  const published = [];
  for (let i = 0; i < count; i++) published.push({ data: `${i} ${block}`, id: await publish(hub, channel, `${i} ${block}`) });
  return published;
}

for (const target of ['/events/busy', '/events/bus*'])
  test(`a reader of ${target} that stops reading is told what it lost, once, and goes on`, async (t) => {
    const hub = await startHub(t, ['--history', '10']);
    const stream = await subscribe(hub, target);
    stream.pause();
    const published = await flood(hub, 'busy', 400);
    stream.resume();
    await stream.last(published.at(-1).data);
    const last = { data: 'the last', id: await publish(hub, 'busy', 'the last') };
    await stream.last(last.data);
    const channel = target.slice('/events/'.length);
    assert.ok(assertExact(stream, [...published, last], channel) > 100);
    const all = await metrics(hub);
    assert.equal(all['freshet_gaps_total{reason="slow"}'], stream.gaps.length);
    assert.equal(all['freshet_gaps_total{reason="trimmed"}'], 0);
  });

test('a slow reader loses only what is not kept: its other channels come whole and in order', async (t) => {
  const hub = await startHub(t, ['--history', '10']);
  const stream = await subscribe(hub, '/events?channel=busy&channel=quiet');
  stream.pause();
  const busy = [];
  const quiet = [];
  for (let i = 0; i < 5; i++) {
    quiet.push(await publish(hub, 'quiet', `quiet ${i}`));
    busy.push(...await flood(hub, 'busy', 80));
  }
  quiet.push(await publish(hub, 'quiet', 'quiet end'));
  stream.resume();
  await stream.last('quiet end');
  assert.ok(assertExact(stream, busy, 'busy') > 100);
  assert.deepEqual(stream.events.filter(({ data }) => data.startsWith('quiet')).map(({ id }) => id), quiet);
});

test('a reader that is often too slow is told each of its losses', async (t) => {
  const hub = await startHub(t, ['--history', '10']);
  const stream = await subscribe(hub, '/events/busy');
  const published = [];
  let told = 0;
  for (let round = 0; round < 3; round++) {
    stream.pause();
    published.push(...await flood(hub, 'busy', 300));
    stream.resume();
    await stream.until(() => stream.position === published.at(-1).id, 'the end of the flood');
    assert.ok(stream.gaps.length > told, 'once more');
    told = stream.gaps.length;
  }
  assertExact(stream, published, 'busy');
});

test('a reader that stopped, but whose events are all kept, loses nothing and is told nothing', async (t) => {
  const hub = await startHub(t, ['--history', '1000', '--history-bytes', '64M']);
  const streams = await Promise.all(['/events/busy', '/events/b*', '/events?channel=busy&channel=x'].map((target) => subscribe(hub, target)));
  for (const stream of streams) stream.pause();
  const published = await flood(hub, 'busy', 400);
  for (const stream of streams) {
    stream.resume();
    await stream.first(400);
    assert.deepEqual(stream.events, published.map(({ id, data }) => ({ id, type: undefined, data })));
    assert.deepEqual(stream.gaps, []);
  }
});
