// A hundred honest readers of one channel and its steady publisher, to be held beside whatever is done to a
// hub meanwhile: every reader must get every event, once, in order, without a gap, on the stream it began with.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

import { ask, LIGHT, publish, startHub, until } from './hub.mjs';
import { subscribe } from './sse.mjs';

const READERS = 100;
const PACE = 10; // ms between events
const CHANNEL = 'honest';

const QUIET_EVENTS = LIGHT ? 10 : 100;
export const tenth = (count) => (LIGHT ? Math.ceil(count / 10) : count);

// Keeps the bytes and when they came; the strict stream reads them later, so that checking delays nobody.
class Reader {
  constructor(stream) {
    Object.assign(this, { stream, bytes: [], seen: 0 });
    stream.socket.removeAllListeners('data');
    stream.socket.on('data', (chunk) => this.bytes.push([performance.now(), chunk]));
  }

  // Reads on; tells when() each new event's number and the time at which it came.
  read(when) {
    for (const [time, chunk] of this.bytes.splice(0)) {
      this.stream.feed(chunk);
      for (; this.seen < this.stream.events.length; this.seen++) when(this.seen, time);
    }
  }
}

class Honest {
  constructor(hub, streams) {
    Object.assign(this, { hub, readers: streams.map((stream) => new Reader(stream)), published: 0, sent: [], delays: [] });
  }

  async event() {
    const number = this.published++;
    this.sent[number] = performance.now();
    await publish(this.hub, CHANNEL, `${number} ${'x'.repeat(100)}`);
    await delay(Math.max(0, this.sent[number] + PACE - performance.now()));
  }

  // Publishes on and on while the promise is not settled, and `least` events in any case; then wants all of
  // them at every reader. Gives { events, deliveries, p99, max } of this phase, times in milliseconds.
  async while(promise, least = QUIET_EVENTS) {
    const before = this.published;
    let going = true;
    const over = promise.finally(() => { going = false; });
    over.catch(() => {}); // it is told below
    while (going || this.published < before + least) await this.event();
    await over;
    await this.complete();
    const delays = this.delays.splice(0).sort((a, b) => a - b);
    assert.equal(delays.length, (this.published - before) * READERS);
    return {
      events: this.published - before, deliveries: delays.length,
      p99: delays[Math.ceil(delays.length * 0.99) - 1], max: delays.at(-1),
    };
  }

  async complete() {
    for (const reader of this.readers) {
      const { stream } = reader;
      await until(() => {
        reader.read((number, time) => this.delays.push(time - this.sent[number]));
        return stream.error || stream.done || stream.events.length >= this.published;
      }, () => `an honest reader has ${stream.summary()} of ${this.published}`);
      assert.equal(stream.error ?? stream.done, null, 'nobody is cut');
      assert.equal(stream.events.length, this.published);
      stream.events.forEach(({ data }, number) => assert.ok(data.startsWith(`${number} `), `event ${number} is ${data}`));
      assert.deepEqual(stream.gaps, []);
    }
  }
}

export async function honestReaders(hub) {
  return new Honest(hub, await Promise.all(Array.from({ length: READERS }, () => subscribe(hub, `/events/${CHANNEL}`))));
}

const figures = ({ events, deliveries, p99, max }) =>
  `${events} events, ${deliveries} deliveries, p99 ${p99.toFixed(1)} ms, max ${max.toFixed(1)} ms`;

// A hub with honest readers: first left alone, then while the storm runs. storm(hub) does not come back before
// the storm is over, checks that it took place, and may give back words about it.
export async function besides(t, what, flags, prepare, storm) {
  const hub = await startHub(t, flags);
  const honest = await honestReaders(hub);
  await prepare(hub);
  await honest.while(Promise.resolve(), 20); // whoever reads here warms up
  const quiet = await honest.while(Promise.resolve());
  const begun = performance.now();
  let seconds, words;
  const during = await honest.while((async () => {
    words = await storm(hub);
    seconds = (performance.now() - begun) / 1000;
  })());
  t.diagnostic(`a quiet hub: ${figures(quiet)}`);
  t.diagnostic(`${what}, ${seconds.toFixed(1)} s: ${figures(during)}${words ? `; ${words}` : ''}`);
  assert.equal((await ask(hub, 'GET', '/health')).json.status, 'ok');
  return hub;
}
