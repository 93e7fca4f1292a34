// The log as JSON lines: all of them parse, and they say what the text says.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { ask, figure, publish, startHub, until } from './hub.mjs';
import { subscribe } from './sse.mjs';

// What differs from run to run.
const VARIABLE = /^(?:time|position|age_ms|address|url|peer)$/;
const steady = (pairs) => Object.entries(pairs).map(([key, value]) => [key, VARIABLE.test(key) ? typeof value : value]);

const CHANNELS = ['plain', '42', '1.5', 'two words', '"quoted"', '100%', 'a=b', 'back\\slash', 'Größe 😀', '{"json":true}', 'true', '-0', 'stocks:*'];

// A hub's life with streams that end in several ways; its log's lines.
async function life(t, flags) {
  const folder = mkdtempSync(path.join(tmpdir(), 'freshet-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'freshet.yaml');
  writeFileSync(file, 'ttl: 1m\n');
  const hub = await startHub(t, ['--config', file, ...flags]);
  for (const [i, channel] of CHANNELS.entries()) {
    if (!channel.endsWith('*')) await publish(hub, channel, 'x');
    const stream = await subscribe(hub, `/events?channel=${encodeURIComponent(channel)}&client_id=ann:${i}&from=earliest`);
    if (!channel.endsWith('*')) await stream.data(1);
    const before = hub.log.split('\n').length;
    if (i % 2) stream.close();
    else await ask(hub, 'DELETE', `/clients/ann:${i}`);
    await until(() => hub.log.split('\n').length > before, 'no line is written');
  }
  const files = { 'settings.reloaded': 'ttl: 2m\nworkers: 7\ncors-origin: [http://a, http://b]\n', 'settings.refused': 'ttl: 2 m\n"his\\"tory": 5\n' };
  for (const [event, text] of Object.entries(files)) {
    writeFileSync(file, text);
    process.kill(hub.pid, 'SIGHUP');
    await until(() => hub.log.includes(event), `there is no ${event}`);
  }
  await hub.stop();
  return hub.log.split('\n').slice(0, -1).map((line) => line.replaceAll(folder, '/etc'));
}

test('every line of a hub that logs JSON is an object that says what the text says', async (t) => {
  const texts = (await life(t, [])).map((line) => {
    const [, time, level, event, pairs] = /^(\S+) (\S+) (\S+) (.*)$/.exec(line);
    return [['time', time], ['level', level], ['event', event],
      ...[...pairs.matchAll(/(\S+?)=(?:"([^"]*)"|(\S*))/g)].map(([, key, words, value]) => [key, words ?? value])];
  });
  const objects = (await life(t, ['--log-format', 'json'])).map((line) => JSON.parse(line));
  assert.equal(objects.length, texts.length);
  assert.ok(objects.some(({ error }) => error?.includes(' ')), 'there are words in quotes');
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

test('who does not read the log holds nobody up, and is told how many lines are missing', async (t) => {
  const hub = await startHub(t);
  const { stderr } = hub.program.child;
  stderr.pause();
  let asked = 0;
  const ended = async () => { // a stream that ends is a line; a pipe holds some hundred of them
    const stream = await subscribe(hub, `/events?channel=${'long'.repeat(50)}`);
    stream.close();
    asked++;
  };
  await until(async () => {
    await Promise.all(Array.from({ length: 50 }, ended));
    return asked >= 1000;
  }, 'the hub does not go on');
  assert.equal((await ask(hub, 'GET', '/health')).status, 200);
  await figure(hub, 'freshet_subscribers', 0);
  stderr.resume();
  await until(async () => {
    await ended();
    return hub.lines('log.dropped').length;
  }, 'it is not told that lines are missing');
  const told = hub.lines('log.dropped').reduce((sum, { lines }) => sum + Number(lines), 0);
  await until(() => hub.lines('stream.closed').length + told === asked, () => `${hub.lines('stream.closed').length} + ${told} of ${asked}`);
});
