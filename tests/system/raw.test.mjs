// The table of raw requests (raw-table.mjs), put to the hub itself: alone, in a hurry, and in pieces.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIGHT, ask, metrics, publish, startHub } from './hub.mjs';
import { Connection, requestBytes } from './http.mjs';
import { CLOSES, STAYS, TABLE, publishes } from './raw-table.mjs';
import { subscribe } from './sse.mjs';

test('the table has each row once', () => {
  assert.equal(new Set(TABLE.map(([what]) => what)).size, TABLE.length);
  assert.equal(new Set(TABLE.map(([, bytes]) => bytes)).size, TABLE.length);
});

test('each raw request has its one answer', async (t) => {
  const hub = await startHub(t);
  for (const [what, bytes, status, then] of TABLE)
    await t.test(`${status} for ${what}`, async () => {
      const connection = new Connection(hub).send(bytes);
      const answer = await connection.answer();
      assert.equal(answer.status, status, answer.text);
      assert.ok(Math.abs(Date.parse(answer.headers.date) - Date.now()) < 60000, 'a Date');
      if (status >= 400) {
        assert.equal(answer.headers['content-type'], 'application/problem+json');
        assert.equal(answer.json.status, status);
        assert.ok(answer.json.detail.length > 10);
      }
      if (then === CLOSES) {
        assert.equal(answer.headers.connection, 'close');
        await connection.closed();
      } else {
        assert.notEqual(answer.headers.connection, 'close');
        assert.equal((await connection.send(requestBytes('GET', '/health')).answer()).status, 200, 'the next request is served');
        connection.destroy();
      }
    });
  assert.equal((await metrics(hub)).freshet_events_in_total, TABLE.filter(publishes).length);
});

test('what stands in one packet with a raw request is the next request, or nothing', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/*');
  const ids = [];
  for (const [i, row] of TABLE.entries()) {
    const [what, bytes, status, then] = row;
    const behind = requestBytes('POST', `/publish/behind-${i}`, { body: what });
    const connection = new Connection(hub).send(Buffer.concat([Buffer.from(bytes, 'latin1'), behind]));
    const answer = await connection.answer();
    assert.equal(answer.status, status, `${what}: ${answer.text}`);
    if (publishes(row)) ids.push(answer.json.id);
    if (then === STAYS) {
      const { json } = await connection.answer();
      assert.equal(json.channel, `behind-${i}`, what);
      ids.push(json.id);
    } else {
      await connection.closed();
    }
    connection.destroy();
    ids.push(await publish(hub, 'mark', what));
    await stream.first(ids.length);
    assert.deepEqual(stream.events.map(({ id }) => id), ids, `${what}: what was published was answered`);
  }
});

test('however the bytes are cut, the answer is the same', async (t) => {
  const hub = await startHub(t);
  const step = LIGHT ? 7 : 1;
  for (const [what, bytes, status] of TABLE.filter(([, { length }]) => length < 200)) {
    const cuts = [...Array(bytes.length - 1).keys()].map((i) => i + 1).filter((cut) => cut % step === 0);
    await Promise.all(cuts.map(async (cut) => {
      const connection = new Connection(hub).send(bytes.slice(0, cut));
      await new Promise((resolve) => connection.socket.once('connect', () => setImmediate(resolve)));
      connection.send(bytes.slice(cut));
      assert.equal((await connection.answer()).status, status, `${what}, cut at ${cut}`);
      connection.destroy();
    }));
  }
  assert.equal((await ask(hub, 'GET', '/health')).status, 200);
});
