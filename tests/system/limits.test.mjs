// What the hub does at its limits: as many channels as it may have, as many buffers as fit.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { LIGHT, ask, figure, metrics, publish, startHub, until } from './hub.mjs';
import { Connection, chunked, requestBytes } from './http.mjs';
import { assertProblem, assertWell } from './hostile.mjs';
import { subscribe } from './sse.mjs';

const MIB = 1 << 20;
const STREAM = 'Accept: text/event-stream';
const NDJSON = { 'Content-Type': 'application/x-ndjson' };

// The answer to a subscriber whom the hub cannot take: { retry, reason }.
async function busy(hub, target, { version, headers = [STREAM] } = {}) {
  const connection = new Connection(hub).send(requestBytes('GET', target, { version, headers }));
  const answer = await connection.answer();
  await connection.closed();
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['content-type'], 'text/event-stream');
  assert.equal(answer.headers['cache-control'], 'no-cache, no-store, no-transform');
  const match = /^retry: (\d+)\n\nevent: freshet\.busy\ndata: (\{.*\})\n\n$/.exec(answer.text);
  assert.ok(match, JSON.stringify(answer.text));
  const data = JSON.parse(match[2]);
  assert.deepEqual(Object.keys(data), ['reason']);
  assert.ok(Number(match[1]) >= 500, match[1]);
  return { retry: Number(match[1]), reason: data.reason };
}

// --- channels ---

test('a publish to one channel more is 503 in words, and what is there goes on', async (t) => {
  const hub = await startHub(t, ['--max-channels', '8']);
  const stream = await subscribe(hub, '/events/*');
  for (let i = 0; i < 7; i++) await publish(hub, `c${i}`, `${i}`);
  await publish(hub, '@me', 'a client has one too');
  const rows = [['/publish/more', {}, 'x'], ['/clients/more', {}, 'x'], ['/publish/c1', NDJSON, '{"data":1}\n{"data":2,"channel":"more"}'], ['/publish/more', NDJSON, '{"data":1}'], ['/publish/more', { 'Idempotency-Key': 'k' }, 'x']];
  for (const [target, headers, body] of rows) {
    const refused = await ask(hub, 'POST', target, { headers, body });
    assertProblem(refused, 503, /max-channels/, target);
    assert.match(refused.headers['retry-after'], /^[1-9]\d*$/);
  }
  await publish(hub, 'c1', 'goes on');
  await stream.last('goes on');
  assert.equal(stream.events.length, 8, 'nothing of the batch');
  assert.equal((await ask(hub, 'DELETE', '/channels/c2')).status, 204);
  const again = await ask(hub, 'POST', '/publish/more', { headers: { 'Idempotency-Key': 'k' }, body: 'another: it was not kept' });
  assert.equal(again.status, 200, again.text);
  await stream.last('another: it was not kept');
});

test('a subscriber to one channel more is told to come back at a random time, or 503 if it wants no stream', async (t) => {
  const hub = await startHub(t, ['--max-channels', '8']);
  const streams = await Promise.all(Array.from({ length: 7 }, (_, i) => subscribe(hub, `/events/c${i}`))); // an eighth is the publishers'
  const retries = new Set();
  for (let i = 0; i < 30; i++) {
    const { retry, reason } = await busy(hub, ['/events/more', '/events?channel=c1&channel=more', '/events?channel=more&channel=c*&from=earliest', '/events/c1?channel=more&client_id=me'][i % 4],
      { version: i % 3 ? '1.1' : '1.0', headers: [['Accept: text/event-stream'], ['Accept: text/html, TEXT/Event-Stream;q=0.9', 'Last-Event-ID: 1-0']][i % 2] });
    assert.equal(reason, 'channels');
    retries.add(retry);
  }
  assert.ok(retries.size > 10, `at random: ${[...retries]}`);
  for (const headers of [[], ['Accept: application/json']]) {
    const connection = new Connection(hub).send(requestBytes('GET', '/events/more', { headers }));
    const answer = await connection.answer();
    assertProblem(answer, 503, /max-channels/, `${headers}`);
    assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
    await connection.closed();
  }
  const all = await metrics(hub);
  assert.deepEqual([all.freshet_busy_total, all.freshet_subscribers, all.freshet_subscribers_total], [32, 7, 7]);
  await publish(hub, 'eighth', 'x');
  streams.push(await subscribe(hub, '/events/c1?channel=c6'));
  await publish(hub, 'c6', 'x');
  assert.deepEqual(await streams[6].data(1), ['x']);
  assert.deepEqual(await streams[7].data(1), ['x']);
  assert.equal((await ask(hub, 'DELETE', '/channels/eighth')).status, 204);
  streams[3].close();
  await until(async () => {
    const connection = new Connection(hub).send(requestBytes('GET', '/events/more', { headers: [STREAM] }));
    const open = (await connection.head()).headers['transfer-encoding'] === 'chunked';
    connection.destroy();
    return open;
  }, 'there is room when one has left');
});

test('idle channels give way, and who returns is told that something may be lost', async (t) => {
  const hub = await startHub(t, ['--max-channels', '8', '--workers', '2']);
  const start = await publish(hub, 'a', 'start');
  const lost = [];
  for (const name of ['a', 'b', 'c', 'd']) {
    lost.push(await publish(hub, name, 'deleted'));
    assert.equal((await ask(hub, 'DELETE', `/channels/${name}`)).status, 204);
  }
  const held = await subscribe(hub, '/events/never?channel=b');
  for (let round = 0; round < 3; round++)
    for (let i = 0; i < 6; i++) {
      await publish(hub, `${round} ${i}`, 'x');
      assert.equal((await ask(hub, 'DELETE', `/channels/${round}%20${i}`)).status, 204);
    }
  assert.ok((await metrics(hub)).freshet_channels <= 8);
  const end = await publish(hub, 'a', 'end');
  for (const [target, position] of [['/events/a', start], ['/events/a', lost[0].replace(/\d+$/, '0')], ['/events/a*', start], ['/events/b', lost[0]]]) {
    const stream = await subscribe(hub, target, { position });
    const mark = await publish(hub, `@${stream.head.headers['freshet-client-id']}`, 'mark').catch(() => null);
    await stream.until(() => stream.gaps.length > 0, 'the gap');
    assert.deepEqual([stream.gaps.length, stream.gaps[0].after, stream.gaps[0].reason], [1, position, 'trimmed'], `${target} ${mark}`);
    stream.close();
  }
  const back = await subscribe(hub, '/events/a', { position: end });
  await publish(hub, 'a', 'more');
  assert.deepEqual(await back.data(1), ['more']);
  assert.deepEqual([back.gaps, held.gaps], [[], []]);
});

test('a channel that has neither history nor subscribers is forgotten', async (t) => {
  const hub = await startHub(t);
  const streams = await Promise.all(Array.from({ length: 100 }, (_, i) => subscribe(hub, `/events?${Array.from({ length: 10 }, (_, k) => `channel=c${i}.${k}`).join('&')}`)));
  assert.ok((await metrics(hub)).freshet_channels >= 1000);
  streams.forEach((stream) => stream.close());
  await figure(hub, 'freshet_channels', 0);
  await publish(hub, 'a', 'x');
  await figure(hub, 'freshet_channels', 1);
});

// --- buffers ---

const peak = (hub) => Number(/VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${hub.pid}/status`, 'utf8'))[1]) << 10;

// Opens connections that hold these bytes of an unfinished request; each gives its answer, or undefined
// while it is still waited for.
function hold(hub, count, bytes) {
  return Array.from({ length: count }, () => {
    const held = { connection: new Connection(hub).send(bytes) };
    held.connection.answer().then((answer) => { held.answer = answer; }, (error) => { held.error = error; });
    return held;
  });
}

const kinds = [
  ['bodies of a length', (part) => requestBytes('POST', '/publish/big', { headers: [`Content-Length: ${MIB}`] }), (part) => part],
  ['bodies in chunks', () => requestBytes('POST', '/publish/big', { headers: ['Transfer-Encoding: chunked'] }), (part) => chunked(part).subarray(0, -5)],
];

for (const [what, head, framed] of kinds)
  test(`unfinished ${what} beyond the memory's share are 503, and small publishes and streams go on`, async (t) => {
    const hub = await startHub(t, ['--memory', '16M', '--workers', '1', '--body-timeout', '1h']);
    const stream = await subscribe(hub, '/events/a');
    const count = 60;
    const held = hold(hub, count, Buffer.concat([head(), framed(Buffer.alloc(MIB - 1, 'x'))]));
    await until(() => held.some(({ answer }) => answer), 'one is refused');
    for (let i = 0; i < 100; i++) {
      await publish(hub, 'a', `${i}`);
      await stream.first(i + 1);
    }
    (await subscribe(hub, '/events/b')).close();
    const share = 16 * MIB;
    await until(() => held.filter(({ answer }) => !answer).length * MIB <= share, () => `${held.filter(({ answer }) => answer).length} of ${count} are refused`);
    for (const { answer, error } of held) {
      assert.equal(error, undefined);
      if (!answer) continue;
      assertProblem(answer, 503, /memory/, what);
      assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
      assert.equal(answer.headers.connection, 'close');
    }
    const waiting = held.filter(({ answer }) => !answer);
    assert.ok(waiting.length >= 4, `${waiting.length} are waited for`);
    for (const { connection } of waiting) connection.send(what.includes('length') ? 'x' : '0\r\n\r\n');
    await until(() => waiting.every(({ answer }) => answer), 'the others are answered');
    assert.ok(waiting.some(({ answer }) => answer.status === 200));
    if (!LIGHT) assert.ok(peak(hub) < 64 * MIB, `the hub took ${peak(hub) >> 20} MiB`);
    held.forEach(({ connection }) => connection.destroy());
    stream.close();
    await assertWell(hub);
    const big = await ask(hub, 'POST', '/publish/big', { body: Buffer.alloc(MIB, 'x') });
    assert.equal(big.status, 200, 'there is room again');
  });

test('unfinished batches beyond the memory\'s share are 503, and a whole one is taken again afterwards', async (t) => {
  const hub = await startHub(t, ['--memory', '16M', '--workers', '1', '--body-timeout', '1h']);
  const line = `{"data":"${'x'.repeat(1000)}"}\n`;
  const text = Buffer.from(line.repeat(7000));
  const head = requestBytes('POST', '/publish/big', { headers: ['Content-Type: application/x-ndjson', `Content-Length: ${text.length}`] });
  const held = hold(hub, 12, Buffer.concat([head, text.subarray(0, -1)]));
  await until(() => held.filter(({ answer }) => !answer).length * text.length <= 16 * MIB, 'those beyond are refused');
  for (const { answer } of held) if (answer) assertProblem(answer, 503, /memory/, 'refused');
  await publish(hub, 'a', 'small');
  if (!LIGHT) assert.ok(peak(hub) < 96 * MIB, `the hub took ${peak(hub) >> 20} MiB`);
  held.forEach(({ connection }) => connection.destroy());
  await figure(hub, 'freshet_connections', 1);
  const answer = await ask(hub, 'POST', '/publish/big', { body: text, headers: NDJSON });
  assert.deepEqual([answer.status, answer.json.count], [200, 7000]);
});

test('answers that nobody reads beyond the memory\'s share make others 503, and the hub stays bounded', async (t) => {
  const hub = await startHub(t, ['--memory', '16M', '--workers', '1']);
  for (let i = 0; i < 8; i++) await publish(hub, 'big', '\u0001'.repeat(MIB));
  const stream = await subscribe(hub, '/events/a');
  const statuses = [];
  const readers = Array.from({ length: 300 }, () => {
    const connection = new Connection(hub);
    connection.head().then(({ status }) => {
      statuses.push(status);
      connection.socket.pause();
    }, (error) => statuses.push(error));
    return connection.send(requestBytes('GET', '/channels/big/events'));
  });
  await until(() => statuses.length === readers.length, () => `${statuses.length} are answered`);
  const whole = statuses.filter((status) => status === 200).length;
  assert.ok(whole > 0 && whole * 6 < 32, `${whole} are answered at the same time`);
  assert.equal(statuses.filter((status) => status === 503).length, readers.length - whole);
  for (let i = 0; i < 50; i++) await publish(hub, 'a', `${i}`);
  await stream.first(50);
  assert.equal((await ask(hub, 'GET', '/health')).status, 200);
  if (!LIGHT) assert.ok(peak(hub) < 128 * MIB, `the hub took ${peak(hub) >> 20} MiB`);
  readers.forEach((connection) => connection.destroy());
  await figure(hub, 'freshet_connections', 2);
  assert.equal((await ask(hub, 'GET', '/channels/big/events?limit=1')).json.events.length, 1);
});

test('publishers of the largest events at full speed do not make the hub grow', async (t) => {
  const hub = await startHub(t, ['--memory', '32M', '--workers', '2']);
  const stream = await subscribe(hub, '/events/a');
  const stuck = await subscribe(hub, '/events/big');
  stuck.pause();
  const body = Buffer.alloc(MIB, 'x');
  let answers = 0;
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let i = 0; i < (LIGHT ? 5 : 25); i++) {
      const { status } = await ask(hub, 'POST', '/publish/big', { body });
      assert.ok(status === 200 || status === 503, `${status}`);
      answers++;
      if (answers % 10 === 0) await publish(hub, 'a', 'small');
    }
  }));
  await publish(hub, 'a', 'end');
  await stream.last('end');
  assert.deepEqual(stream.gaps, []);
  assert.ok((await metrics(hub)).freshet_history_bytes <= 32 * MIB);
  if (!LIGHT) assert.ok(peak(hub) < 128 * MIB, `the hub took ${peak(hub) >> 20} MiB`);
});
