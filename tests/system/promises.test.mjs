// Promises 1 and 2, the big way: readers that drop at random and come back with their last position,
// while many events are published on several channels. Each must get every event of its channels that
// came after its first position, once, in order, and no gap may be told, since all of it is kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIGHT, LIMIT, chance, figure, metrics, publish, startHub, within } from './hub.mjs';
import { Connection, requestBytes } from './http.mjs';
import { compareIds, subscribe } from './sse.mjs';

const EVENTS = LIGHT ? 5000 : 100_000;
const CHANNELS = ['a', 'b', 'p:1', 'p:2', 'p:2:x', 'q', '@me'];

// The readers: what they ask for, and which channels that is.
const starts = (prefix) => (channel) => channel.startsWith(prefix);
const either = (...names) => (channel) => names.includes(channel);
const READERS = [
  ['/events/a', either('a')],
  ['/events/q', either('q')],
  ['/events?channel=b&channel=a', either('a', 'b')],
  ['/events?channel=a&channel=p%3A2&channel=q&channel=none', either('a', 'p:2', 'q', 'none')],
  ['/events/p:*', starts('p:')],
  ['/events/p:2*', starts('p:2')],
  ['/events?channel=p:*&channel=b', (channel) => channel.startsWith('p:') || channel === 'b'],
  ['/events/*', (channel) => channel !== '@me'],
  ['/events?channel=*&channel=a&channel=p:*', (channel) => channel !== '@me'],
  ['/events/b?client_id=me', either('b', '@me')],
  ['/events/p:1*?client_id=me', either('p:1', '@me')],
  ['/events/none?client_id=me', either('none', '@me')],
];

// --- publishing: several connections, each with requests on their way; what was answered is the truth ---

async function publishMany(hub, { below, pick }, truth, count) {
  let next = 0;
  await Promise.all([1, 2, 3, 4].map(async () => {
    const connection = new Connection(hub);
    const waiting = [];
    while (next < count || waiting.length) {
      const requests = [];
      while (next < count && waiting.length < 32) {
        const event = { channel: pick(CHANNELS), data: `${next++} ${'x'.repeat(below(60))}` };
        const target = event.channel === '@me' ? '/clients/me' : `/publish/${encodeURIComponent(event.channel)}`;
        requests.push(requestBytes('POST', target, { body: event.data }));
        waiting.push(event);
      }
      if (requests.length) connection.send(Buffer.concat(requests));
      const { status, json, text } = await connection.answer();
      assert.equal(status, 200, text);
      truth.push({ ...waiting.shift(), id: json.id });
    }
  }));
  truth.sort((one, other) => compareIds(one.id, other.id));
}

// --- reading: a little while, then gone, again and again ---

// One reader until it has come to `end()`, a position that is known only when all is published.
async function read(hub, target, position, { random, below, pick }, end) {
  const got = [];
  let visits = 0;
  while (end() === undefined || compareIds(position, end()) < 0) {
    const way = pick(['header', 'last_event_id', 'lastEventId', 'from']);
    const query = way === 'header' ? '' : `${target.includes('?') ? '&' : '?'}${way}=${position}`;
    const stream = await subscribe(hub, target + query, {
      position: way === 'header' ? position : undefined,
      version: random() < 0.1 ? '1.0' : '1.1',
      opening: false, // it may be gone before the opening block is there
    });
    const wanted = below(pick([2, 50, 500, 5000]));
    if (random() < 0.2) {
      stream.pause(); // and reads on when others have gone on
      const before = (await metrics(hub)).freshet_events_in_total;
      if (end() === undefined) await figure(hub, 'freshet_events_in_total', (count) => count > before + below(500) || end() !== undefined);
      stream.resume();
    }
    await stream.until(() => stream.events.length >= wanted || (end() !== undefined && stream.position !== null && compareIds(stream.position, end()) >= 0),
      `${wanted} events on ${target}`);
    if (random() < 0.5) stream.close();
    else stream.connection.reset();
    assert.deepEqual(stream.gaps, [], `${target} is told a gap`);
    for (const event of stream.events) got.push(event);
    position = stream.position ?? position;
    visits++;
  }
  return { got, visits };
}

for (const [what, flags] of [['all kept in memory', []], ['with one worker', ['--workers', '1']]])
  test(`${EVENTS} events on ${CHANNELS.length} channels, readers drop and resume: none lost, repeated or out of order (${what})`, async (t) => {
    const count = flags.length ? EVENTS / 5 : EVENTS;
    const dice = chance(t);
    const hub = await startHub(t, ['--history', '200000', '--history-bytes', '1G', '--memory', '1G', '--ttl', '1h', '--keepalive', '300ms', ...flags]);
    const first = await publish(hub, 'a', 'first');
    const truth = [];
    let end;
    const readers = READERS.map(([target]) => read(hub, target, first, dice, () => end));
    const reading = Promise.all(readers);
    reading.catch(() => {}); // told below
    await Promise.race([publishMany(hub, dice, truth, count), reading.then(() => assert.fail('readers ended before all was published'))]);
    // One more event for each channel, so that every reader comes to the end.
    for (const channel of [...CHANNELS, 'none']) truth.push({ channel, data: 'end', id: await publish(hub, channel, 'end') });
    end = truth.at(-1).id;
    const results = await within(reading, 'readers come to the end', 3 * LIMIT);
    results.forEach(({ got, visits }, i) => {
      const [target, carries] = READERS[i];
      const wanted = truth.filter(({ channel }) => carries(channel));
      t.diagnostic(`${target}: ${got.length} events in ${visits} visits`);
      assertSame(got, wanted, target);
    });
    const all = await metrics(hub);
    assert.equal(all.freshet_events_in_total, count + CHANNELS.length + 2);
    for (const reason of ['trimmed', 'slow', 'unknown']) assert.equal(all[`freshet_gaps_total{reason="${reason}"}`], 0);
  });

// As deepEqual, but it says the first difference of two long lists shortly.
function assertSame(got, wanted, what) {
  for (let i = 0; i < Math.max(got.length, wanted.length); i++)
    if (got[i]?.id !== wanted[i]?.id || got[i]?.data !== wanted[i]?.data)
      assert.fail(`${what}: event ${i} is ${JSON.stringify(got[i])}, not ${JSON.stringify(wanted[i])}; ${got.length} of ${wanted.length}`);
}
