// Readers that are slow, stuck, half gone or gone: noticed, counted off, and nobody else's burden.
// And silence: what keeps the living from being taken for dead.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figure, metrics, publish, startHub, until } from './hub.mjs';
import { Connection, requestBytes } from './http.mjs';
import { compareIds, subscribe } from './sse.mjs';

const block = 'x'.repeat(64 << 10);
const closed = (reason) => `freshet_closed_streams_total{reason="${reason}"}`;

// --- stuck ---

test('a reader that takes no byte for stall-timeout is closed, logged and counted; others get all', async (t) => {
  const hub = await startHub(t, ['--stall-timeout', '400ms', '--keepalive', '1h']);
  const stuck = await subscribe(hub, '/events/a?client_id=stuck');
  const honest = await subscribe(hub, '/events/a?client_id=honest');
  const silent = await subscribe(hub, '/events/other'); // has nothing to take
  stuck.pause();
  const wanted = [];
  for (let i = 0; i < 100; i++) {
    wanted.push(`${i} ${block}`);
    await publish(hub, 'a', wanted[i]);
  }
  await figure(hub, closed('stalled'), 1);
  const [line] = hub.lines('stream.closed');
  assert.deepEqual([line.reason, line.client, line.channel], ['stalled', 'stuck', 'a']);
  assert.ok(Number(line.age_ms) >= 400);
  await figure(hub, 'freshet_subscribers', 2);
  assert.deepEqual(await honest.data(100), wanted);
  await publish(hub, 'other', 'still here');
  assert.deepEqual(await silent.data(1), ['still here']);
  assert.equal(hub.lines('stream.closed').length, 1);
  stuck.resume(); // what was under way comes, and then an end that is no clean one
  assert.match(await stuck.ending(), /cut/);
});

test('many readers that are stuck at any moment are all closed in time', async (t) => {
  const hub = await startHub(t, ['--stall-timeout', '300ms', '--keepalive', '1h', '--history', '20']);
  const streams = await Promise.all(Array.from({ length: 40 }, (_, i) => subscribe(hub, ['/events/a', '/events/a*', '/events/a?from=earliest'][i % 3])));
  for (const [i, stream] of streams.entries()) {
    stream.pause();
    await publish(hub, 'a', `${i} ${block}`);
    await publish(hub, 'a', `${i} ${block}`);
  }
  await until(async () => { // so much that the last of them is stuck too, whatever lies in buffers
    await publish(hub, 'a', block);
    return (await metrics(hub))[closed('stalled')] === 40;
  }, 'all are closed');
});

test('publishing to a stuck reader on and on does not keep it alive', async (t) => {
  const hub = await startHub(t, ['--stall-timeout', '500ms']);
  const stuck = await subscribe(hub, '/events/a');
  stuck.pause();
  await until(async () => { // an event each 10 ms or so re-arms no timer
    await publish(hub, 'a', block.slice(0, 32 << 10));
    return (await metrics(hub))[closed('stalled')] === 1;
  }, 'the stuck reader is closed');
});

test('a reader that takes a little now and then is slow, and stays', async (t) => {
  const hub = await startHub(t, ['--stall-timeout', '600ms', '--history', '500', '--history-bytes', '64M']);
  const slow = await subscribe(hub, '/events/a');
  slow.pause();
  for (let i = 0; i < 200; i++) await publish(hub, 'a', `${i} ${block}`);
  const begin = Date.now();
  let resting = false;
  slow.socket.on('data', () => { // some 64 KiB each time
    if (resting || Date.now() - begin > 3000) return;
    resting = true;
    slow.pause();
    setTimeout(() => { resting = false; slow.resume(); }, 60);
  });
  slow.resume();
  await slow.first(200);
  assert.ok(Date.now() - begin > 1200, 'it took more than stall-timeout in all');
  assert.deepEqual(slow.gaps, []);
  assert.equal((await metrics(hub))[closed('stalled')], 0);
});

test('a publisher that takes no answer is closed after stall-timeout too', async (t) => {
  const hub = await startHub(t, ['--stall-timeout', '300ms']);
  const connection = new Connection(hub);
  connection.socket.pause();
  const many = Buffer.concat(Array.from({ length: 1000 }, () => requestBytes('GET', '/metrics')));
  connection.socket.on('error', () => {});
  for (let i = 0; i < 20; i++) connection.socket.write(many); // 60 MB of answers
  await figure(hub, 'freshet_bytes_in_total', (bytes) => bytes > many.length);
  await until(async () => (await metrics(hub)).freshet_connections === 1, 'it is closed');
});

// --- gone ---

for (const [what, go] of [['closes', (stream) => stream.close()], ['resets', (stream) => stream.connection.reset()], ['half-closes', (stream) => stream.connection.finish()]])
  test(`a reader that ${what} is counted off at once, without anything being published`, async (t) => {
    const hub = await startHub(t);
    const [a, b] = await Promise.all(['/events/a', '/events/b*'].map((target) => subscribe(hub, target)));
    await figure(hub, 'freshet_subscribers', 2);
    go(a);
    await figure(hub, 'freshet_subscribers', 1);
    assert.equal((await metrics(hub))[closed('left')], 1);
    go(b);
    await figure(hub, 'freshet_subscribers', 0);
    await figure(hub, 'freshet_connections', 1);
    assert.deepEqual(hub.lines('stream.closed').map(({ reason }) => reason), ['left', 'left']);
  });

test('a reader that goes while it is being written to harms nobody', async (t) => {
  const hub = await startHub(t);
  const honest = await subscribe(hub, '/events/a');
  let sent = 0;
  for (let round = 0; round < 20; round++) {
    const streams = await Promise.all([1, 2, 3, 4].map(() => subscribe(hub, '/events/a')));
    streams.forEach((stream, i) => stream.until(() => stream.events.length > i, 'some').then(() => (i % 2 ? stream.close() : stream.connection.reset())).catch(() => {}));
    for (let i = 0; i < 6; i++) await publish(hub, 'a', `${sent++}`);
  }
  assert.deepEqual(await honest.data(sent), Array.from({ length: sent }, (_, i) => `${i}`));
  await figure(hub, 'freshet_subscribers', 1);
  await figure(hub, closed('left'), 80);
});

test('a reader that goes while it waits for its opening harms nobody', async (t) => {
  const hub = await startHub(t);
  const many = Array.from({ length: 100 }, (_, i) => `channel=c${i}`).join('&');
  for (let i = 0; i < 100; i++) {
    const connection = new Connection(hub).send(requestBytes('GET', `/events?${many}&from=earliest`));
    if (i % 2) setImmediate(() => connection.reset());
    else connection.socket.once('connect', () => connection.reset());
  }
  await figure(hub, 'freshet_connections', 1);
  await figure(hub, 'freshet_subscribers', 0);
  const stream = await subscribe(hub, '/events/c1');
  await publish(hub, 'c1', 'well');
  assert.deepEqual(await stream.data(1), ['well']);
});

test('bytes that a reader sends behind its request do not matter', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a');
  stream.connection.send('x'.repeat(1 << 20)).send(requestBytes('GET', '/health'));
  await publish(hub, 'a', 'well');
  assert.deepEqual(await stream.data(1), ['well']);
});

// --- silence ---

test('after a silence a comment comes, again and again, and nothing with it where nothing moved', async (t) => {
  const hub = await startHub(t, ['--keepalive', '200ms']);
  const streams = await Promise.all(['1.1', '1.0'].map((version) => subscribe(hub, '/events/a', { version })));
  for (const stream of streams) {
    await stream.until(() => stream.blocks.length === 6, 'three keepalives');
    assert.deepEqual(stream.blocks.slice(3).map(({ text }) => text), [': keepalive', ': keepalive', ': keepalive']);
  }
});

test('no keepalive comes while events do', async (t) => {
  const hub = await startHub(t, ['--keepalive', '1s']);
  const stream = await subscribe(hub, '/events/a');
  const end = Date.now() + 2500;
  let longest = 0; // between two events, should the machine be busy with something else
  for (let last = Date.now(); last < end;) {
    await publish(hub, 'a', 'x');
    await new Promise((resolve) => setTimeout(resolve, 20));
    longest = Math.max(longest, Date.now() - last);
    last = Date.now();
  }
  if (longest < 900) assert.deepEqual(stream.blocks.filter(({ comments }) => comments.includes('keepalive')), []);
  else t.diagnostic(`the machine was away for ${longest} ms: nothing is shown`);
});

test('with the keepalive comes the position, where it moved on other channels', async (t) => {
  const hub = await startHub(t, ['--keepalive', '200ms']);
  for (const target of ['/events/quiet', '/events/quiet*', '/events?channel=quiet&channel=none*']) {
    const stream = await subscribe(hub, target);
    const opening = stream.position;
    const id = await publish(hub, 'busy', 'x');
    await stream.until(() => stream.position === id, 'the moved position');
    const block = stream.blocks.find((each) => each.id === id);
    assert.deepEqual([block.event, block.data], [undefined, undefined], 'a block of id alone');
    const before = stream.blocks[stream.blocks.indexOf(block) - 1];
    assert.deepEqual(before.comments, ['keepalive']);
    assert.ok(compareIds(id, opening) > 0);
    const count = stream.blocks.length;
    await stream.until(() => stream.blocks.length >= count + 2, 'two more');
    assert.deepEqual(stream.blocks.slice(count, count + 2).map(({ text }) => text), [': keepalive', ': keepalive'], 'once');
  }
});

test('a reader of a quiet channel that returns with a moved position has no gap, however much others trimmed', async (t) => {
  const hub = await startHub(t, ['--keepalive', '200ms', '--history', '5', '--memory', '1M']);
  const kept = await publish(hub, 'quiet', 'old');
  const stream = await subscribe(hub, '/events/quiet', { position: kept });
  let last;
  for (let i = 0; i < 50; i++) last = await publish(hub, 'busy', block);
  await stream.until(() => stream.position === last, 'the moved position');
  stream.close();
  const back = await subscribe(hub, '/events/quiet', { position: last });
  await publish(hub, 'quiet', 'new');
  assert.deepEqual(await back.data(1), ['new']);
  assert.deepEqual(back.gaps, []);
});

test('a position that moved skips nothing that comes later', async (t) => {
  const hub = await startHub(t, ['--keepalive', '150ms']);
  const stream = await subscribe(hub, '/events?channel=a&channel=b');
  for (let round = 0; round < 4; round++) {
    const moved = await publish(hub, 'elsewhere', 'x');
    await stream.until(() => compareIds(stream.position, moved) >= 0, 'the moved position');
    await publish(hub, 'a', `a${round}`);
    await publish(hub, 'b', `b${round}`);
  }
  assert.deepEqual(await stream.data(8), [0, 1, 2, 3].flatMap((round) => [`a${round}`, `b${round}`]));
});
