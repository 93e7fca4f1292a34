// The log as JSON lines: all of them parse, and they say what the text says.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ask, publish, startHub, until } from './hub.mjs';
import { subscribe } from './sse.mjs';

// What differs from run to run.
const VARIABLE = /^(?:time|position|age_ms|address|url|peer)$/;
const steady = (pairs) => Object.entries(pairs).map(([key, value]) => [key, VARIABLE.test(key) ? typeof value : value]);

const CHANNELS = ['plain', '42', '1.5', 'two words', '"quoted"', '100%', 'a=b', 'back\\slash', 'Größe 😀', '{"json":true}', 'true', '-0', 'stocks:*'];

// A hub's life with streams that end in several ways; its log's lines.
async function life(t, flags) {
  const hub = await startHub(t, flags);
  for (const [i, channel] of CHANNELS.entries()) {
    if (!channel.endsWith('*')) await publish(hub, channel, 'x');
    const stream = await subscribe(hub, `/events?channel=${encodeURIComponent(channel)}&client_id=ann:${i}&from=earliest`);
    if (!channel.endsWith('*')) await stream.data(1);
    const before = hub.log.split('\n').length;
    if (i % 2) stream.close();
    else await ask(hub, 'DELETE', `/clients/ann:${i}`);
    await until(() => hub.log.split('\n').length > before, 'no line is written');
  }
  await hub.stop();
  return hub.log.split('\n').slice(0, -1);
}

test('every line of a hub that logs JSON is an object that says what the text says', async (t) => {
  const texts = (await life(t, [])).map((line) => {
    const [time, level, event, ...pairs] = line.split(' ');
    return [['time', time], ['level', level], ['event', event], ...pairs.map((pair) => pair.split(/=(.*)/s).slice(0, 2))];
  });
  const objects = (await life(t, ['--log-format', 'json'])).map((line) => JSON.parse(line));
  assert.equal(objects.length, CHANNELS.length + 3);
  for (const [i, object] of objects.entries()) {
    assert.ok(!Number.isNaN(Date.parse(object.time)), object.time);
    const text = Object.fromEntries(texts[i]);
    for (const [key, value] of Object.entries(object)) if (typeof value === 'number') text[key] = Number(text[key]);
    assert.deepEqual(steady(object), steady(text));
    if (object.event !== 'stream.closed') continue;
    assert.deepEqual(['channel', 'client', 'position', 'channels', 'events', 'age_ms'].map((key) => typeof object[key]),
      ['string', 'string', 'string', 'number', 'number', 'number']);
  }
});
