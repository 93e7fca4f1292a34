// The clients that people use: npm's eventsource and eventsource-client, undici's EventSource, curl.
// They receive what was published, and resume exactly over connections that are cut.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { EventSource } from 'eventsource';
import { createEventSource } from 'eventsource-client';
import { EventSource as UndiciEventSource } from 'undici';
import { JSON_TYPE, LIGHT, chance, metrics, publish, startHub, until } from './hub.mjs';

// Each client: open(url) gives an object whose `events` grow, { id, type, data }, and whose `opens`
// counts how often it had a connection. What it overlooks of the standard stands beside it, since the
// hub cannot mend that.
const TYPES = ['message', 'kind', 'freshet.gap'];

function byListeners(Source) {
  return (url) => {
    const source = new Source(url);
    const following = { events: [], opens: 0, close: () => source.close() };
    source.addEventListener('open', () => { following.opens++; });
    for (const type of TYPES)
      source.addEventListener(type, ({ data, lastEventId }) => following.events.push({ id: lastEventId, type, data }));
    return following;
  };
}

const CLIENTS = [
  { name: 'eventsource 3', open: byListeners(EventSource), overlooksBareIds: true },
  {
    name: 'eventsource-client 1',
    open(url) {
      const following = { events: [], opens: 0, close: () => source.close() };
      const source = createEventSource({
        url,
        onConnect: () => { following.opens++; },
        onMessage: ({ id, event, data }) => following.events.push({ id: id ?? '', type: event ?? 'message', data }),
      });
      return following;
    },
    overlooksBareIds: true,
  },
  { name: "undici 6's EventSource", open: byListeners(UndiciEventSource), endsForGoodWhenRefused: true },
];

// Follows; given back once it has a connection, and so must get what is published from then on.
async function follow(t, client, url) {
  const following = client.open(url);
  t.after(() => following.close());
  await until(() => following.opens === 1, `${client.name} has a connection`);
  return following;
}

const shown = ({ events }) => events.map(({ type, data }) => [type, data]);
const come = (following, count) => until(() => following.events.length >= count, () => `${count} events; there are ${following.events.length}`);

// --- a proxy that cuts ---

// Stands before the hub. cut() ends every connection that passes; `budget`, where it is set, gives each
// new connection so many bytes of the answer to live for, which may end in the midst of an event.
class Proxy {
  constructor(hub) {
    Object.assign(this, { hub, ready: Promise.resolve(), pairs: new Set(), cuts: 0, budget: () => Infinity });
    this.server = net.createServer((client) => this.pass(client));
  }

  async listen(t) {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    t.after(() => { this.cut(); this.server.close(); });
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async pass(client) {
    await this.ready; // until then it is let in, and waits
    const upstream = net.connect(this.hub.port, this.hub.host);
    const pair = { client, upstream, left: this.budget(), tail: '' };
    this.pairs.add(pair);
    for (const socket of [client, upstream]) socket.on('error', () => {}).on('close', () => this.end(pair));
    client.on('data', (bytes) => upstream.write(bytes));
    upstream.on('data', (bytes) => {
      if (pair.over || client.destroyed) return;
      const some = bytes.subarray(0, Math.min(bytes.length, pair.left));
      client.write(some);
      pair.tail = (pair.tail + some.toString('latin1')).slice(-4);
      pair.left -= some.length;
      if (pair.left <= 0) this.over(pair);
    });
    upstream.on('end', () => client.end());
  }

  // Its bytes are used up.
  over(pair) {
    this.cuts++;
    pair.over = true;
    pair.upstream.destroy();
    pair.client.resetAndDestroy();
  }

  end(pair) {
    this.pairs.delete(pair);
    pair.upstream.destroy();
    pair.client.destroy();
  }

  cut() {
    for (const pair of this.pairs) this.over(pair);
  }
}

// --- receiving ---

for (const client of CLIENTS) {
  test(`${client.name} gets data, types and ids`, async (t) => {
    const hub = await startHub(t);
    const following = await follow(t, client, `${hub.url}/events?channel=a&channel=b*`);
    const ids = [
      await publish(hub, 'a', 'text'), await publish(hub, 'b:1', '{"n":1.0}', { event: 'kind', headers: JSON_TYPE }),
      await publish(hub, 'a', 'one\r\ntwo\n\n äöü 水😀'), await publish(hub, 'a', ' spaces '),
    ];
    await publish(hub, 'a', 'seen by none', { event: 'other' });
    await publish(hub, 'a', 'end');
    await until(() => following.events.some(({ data }) => data === 'end'), 'the end');
    assert.deepEqual(shown(following).filter(([, data]) => data !== 'seen by none').slice(0, 4),
      [['message', 'text'], ['kind', '{"n":1.0}'], ['message', 'one\ntwo\n\n äöü 水😀'], ['message', ' spaces ']]);
    assert.deepEqual(following.events.slice(0, 4).map(({ id }) => id), ids);
  });

  test(`${client.name} resumes exactly over connections that are cut again and again`, async (t) => {
    const count = LIGHT ? 300 : 1500;
    const dice = chance(t);
    const hub = await startHub(t, ['--retry', '20ms', '--history', '10000', '--workers', '2']);
    const proxy = await new Proxy(hub).listen(t);
    const following = await follow(t, client, `${proxy.url}/events?channel=a&channel=b*`);
    await publish(hub, 'a', '0');
    await come(following, 1); // now each of them has an id
    proxy.budget = () => 600 + dice.below(2000);
    proxy.cut();
    for (let i = 1; i < count; i++) await publish(hub, dice.pick(['a', 'b:1', 'b:2']), `${i}`);
    await come(following, count);
    assert.deepEqual(shown(following), Array.from({ length: count }, (_, i) => ['message', `${i}`]));
    assert.ok(proxy.cuts >= 5, `${proxy.cuts} cuts`);
    t.diagnostic(`${proxy.cuts} cuts`);
    assert.equal((await metrics(hub))['freshet_gaps_total{reason="unknown"}'], 0);
  });

  test(`${client.name} that was cut off before its first event ${client.overlooksBareIds ? 'needs from=, for it overlooks the opening id' : 'resumes exactly'}`, async (t) => {
    const hub = await startHub(t, ['--retry', '20ms']);
    const start = await publish(hub, 'a', 'before');
    const proxy = await new Proxy(hub).listen(t);
    const following = await follow(t, client, `${proxy.url}/events/a${client.overlooksBareIds ? `?from=${start}` : ''}`);
    await until(() => [...proxy.pairs].some(({ tail }) => tail === '\n\n\r\n'), 'the opening block passes');
    proxy.cut();
    await publish(hub, 'a', 'while away');
    await come(following, 1);
    await publish(hub, 'a', 'after');
    await come(following, 2);
    assert.deepEqual(shown(following), [['message', 'while away'], ['message', 'after']]);
  });

  test(`${client.name} comes back when the hub was restarted, and is told what that lost`, async (t) => {
    const first = await startHub(t, ['--retry', '50ms']);
    const proxy = await new Proxy(first).listen(t);
    const following = await follow(t, client, `${client.endsForGoodWhenRefused ? proxy.url : first.url}/events/a`);
    const id = await publish(first, 'a', 'first');
    await come(following, 1);
    let start;
    proxy.ready = new Promise((resolve) => { start = resolve; });
    await first.signal();
    const hub = await startHub(t, [], first.address);
    start();
    await until(() => following.opens === 2, 'it comes back');
    await publish(hub, 'a', 'second');
    await come(following, 3);
    assert.deepEqual(shown(following).map(([type, data]) => (type === 'freshet.gap' ? JSON.parse(data).reason : data)), ['first', 'trimmed', 'second']);
    assert.equal(JSON.parse(following.events[1].data).after, id);
    assert.ok(['', id].includes(following.events[1].id), 'a notice moves no position');
  });

  test(`${client.name} goes on after a position that the hub does not know`, async (t) => {
    const hub = await startHub(t);
    const following = await follow(t, client, `${hub.url}/events/a?last_event_id=garbage`);
    await come(following, 1);
    await publish(hub, 'a', 'on');
    await come(following, 2);
    assert.deepEqual(shown(following).map(([type]) => type), ['freshet.gap', 'message']);
  });
}

// --- curl ---

test('curl publishes, reads a stream as it comes, and ends without complaint when the hub stops', async (t) => {
  const hub = await startHub(t);
  const curl = (...args) => spawn('curl', ['-sS', '--noproxy', '*', ...args]);
  const reader = curl('-N', `${hub.url}/events/a`);
  let out = '';
  let complaints = '';
  reader.stdout.on('data', (bytes) => { out += bytes; });
  reader.stderr.on('data', (bytes) => { complaints += bytes; });
  t.after(() => reader.kill());
  await until(() => /\nid: \S+\n\n/.test(out), 'the opening block');
  for (const args of [['-d', 'hello'], ['-H', 'Content-Type: application/json', '-d', '{"_event":"kind","a":1}'], ['--http1.0', '-d', 'old'], ['-H', 'Transfer-Encoding: chunked', '-d', 'chunks']]) {
    const publisher = curl('--fail', ...args, `${hub.url}/publish/a`);
    assert.deepEqual(await once(publisher, 'exit'), [0, null], args.join(' '));
  }
  await until(() => out.includes('chunks'), 'the events');
  assert.deepEqual(out.split('\n').filter((line) => /^(data|event)/.test(line)), ['data: hello', 'event: kind', 'data: {"a":1}', 'data: old', 'data: chunks']);
  hub.signal('SIGTERM');
  assert.deepEqual(await once(reader, 'exit'), [0, null], complaints);
  assert.match(out, /retry: \d+\n\n$/);
});
