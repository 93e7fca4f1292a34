// `freshet pub` when answers are lost, put off or refused for a while, and when its hub is restarted under it: every
// line once and in order, as far as a hub can know it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LIGHT, ask, chance, metrics, startHub, until } from './hub.mjs';
import { assertSame, ids, makeFile, pub, startServer, startWay } from './pub.mjs';
import { subscribe } from './sse.mjs';

const KEPT = ['--history', '1000000', '--history-bytes', '1G', '--memory', '1G', '--ttl', '1h', '--stop-spread', '20ms'];
const problem = (status, detail, headers) => ({ status, headers, json: { title: 'T', status, detail } });
const lineOf = (i) => `${i} ${'é€🌊'.repeat(i % 50)}`;

// --- answers ---

test('connections cut before, after and in the middle: every line once and in order', async (t) => {
  const random = chance(t);
  const hub = await startHub(t, KEPT);
  const count = LIGHT ? 10_000 : 40_000;
  const stream = await subscribe(hub, '/events/a');
  let requests = 0;
  const way = await startWay(t, hub.port, () => (requests++ === 0 ? 'after' : random.pick(['before', 'after', 'middle', 'whole', 'whole', 'whole'])));
  const lines = Array.from({ length: count }, (_, i) => lineOf(i));
  for (const form of ['text', 'json', 'ndjson']) {
    const args = { text: ['a'], json: ['a', '--json'], ndjson: ['--ndjson', 'a'] }[form];
    const mine = form === 'text' ? lines : lines.slice(0, count / 4);
    const wrap = { text: (line) => line, json: (line) => JSON.stringify([line]), ndjson: (line) => JSON.stringify({ data: line }) }[form];
    const before = stream.events.length;
    requests = 0;
    const one = pub(t, way, [...args, '--file', makeFile(t, mine.map(wrap).join('\n'))]);
    await one.end();
    assert.match(one.log, /trying again\nfreshet: 127\.0\.0\.1:\d+ answers again, after \d+\.\d s\n/);
    await stream.until(() => stream.events.length >= before + mine.length, `${mine.length} events`);
    assertSame(stream.events.slice(before).map(({ data }) => data), mine.map(form === 'json' ? wrap : (line) => line));
  }
  const met = Object.fromEntries(['before', 'after', 'middle', 'whole'].map((fate) => [fate, way.fates.filter((one) => one === fate).length]));
  t.diagnostic(JSON.stringify(met));
  const { freshet_repeated_publishes_total: repeated, freshet_events_in_total: total } = await metrics(hub);
  assert.equal(total, stream.events.length, 'none twice');
  assert.ok(repeated > 0, 'some were sent again');
});

test('a retry is the same bytes with the same keys', async (t) => {
  const server = await startServer(t, (_, number) => (number <= 3 ? [null, problem(502, 'bad'), problem(500, 'bad')][number - 1] : undefined));
  for (const args of [['a'], ['a', '--json']]) {
    server.requests.length = 0;
    await pub(t, server, args, { input: '"x"\n2\n' }).end();
    const bodies = server.requests.map(({ body, headers }) => `${headers['idempotency-key']} ${body}`);
    assert.equal(new Set(bodies.slice(0, 4)).size, 1);
    assert.equal(bodies.length, args.length === 1 ? 4 : 5);
  }
});

test('answers that say later are obeyed, told once, and nothing overtakes', async (t) => {
  const answers = [problem(503, 'stopping', { 'Retry-After': '1' }), problem(429, 'slowly'), problem(408, 'slow'), problem(425, 'early'), null, { status: 504, text: '<p>' }];
  const times = [];
  const server = await startServer(t, (_, number) => {
    times.push(Date.now());
    return answers[number - 2];
  });
  const one = pub(t, server, ['a']);
  one.write('1\n');
  await until(() => server.requests.length === 1, 'the first');
  one.write('2\n');
  await until(() => server.requests.length === 2, 'the second');
  one.write('3\n4\n').child.stdin.end();
  await one.end();
  assert.ok(times[2] - times[1] >= 1000, 'not before Retry-After');
  assert.deepEqual(server.requests.map(({ lines }) => ids(lines).join()), ['1', '2', '2', '2', '2', '2', '2', '2', '3,4']);
  assert.match(one.log, /^freshet: 127\.0\.0\.1:\d+ answers 503: stopping; trying again\nfreshet: 127\.0\.0\.1:\d+ answers again, after \d+\.\d s\n$/);
});

test('it gives up in time, and says what nobody knows', async (t) => {
  const refusing = await startServer(t, (_, number) => (number === 1 ? undefined : problem(503, 'full')));
  const one = pub(t, refusing, ['a', '--give-up', '300ms', '--print-id']);
  one.write('1\n');
  await until(() => refusing.requests.length === 1, 'the first');
  one.write('2\n3\n').child.stdin.end();
  assert.equal(await one.end(1), '7-1\n');
  assert.match(one.log, /answers 503: full; gave up\n.*published 1 event, up to line 1\n$/);

  const silent = await startServer(t, () => null);
  const file = makeFile(t, '1\n2\n3\n');
  const unsure = pub(t, silent, ['a', '--give-up', '300ms', '--file', file]);
  await unsure.end(1);
  const [, key] = /no answer from .*; gave up\n.*published nothing\n.*nobody knows whether lines 1 to 3 were published\n.*go on with --from-line 1 --key '(.*)'\n$/.exec(unsure.log);
  const hub = await startServer(t);
  await pub(t, hub, ['a', '--file', file, '--key', key]).end();
  assert.equal(hub.requests[0].body, silent.requests[0].body, 'the same keys');

  const late = pub(t, await startServer(t, () => problem(503, 'later', { 'Retry-After': '3600' })), ['a', 'x']);
  await late.end(1); // at once: 5m are less
  assert.match(late.log, /answers 503: later; gave up\nfreshet: it was not published\n$/);

  const away = pub(t, { url: 'http://127.0.0.1:9' }, ['a', 'x', '--give-up', '100ms']);
  await away.end(1);
  assert.match(away.log, /^freshet: cannot reach 127\.0\.0\.1:9: Connection refused; trying again\n.*gave up\nfreshet: it was not published\n$/);
});

test('where the hub refuses a line, those before it go alone, through lost answers too', async (t) => {
  const server = await startServer(t, ({ lines }, number) => (lines.some(({ data }) => data === '5') ? problem(400, `line ${lines.findIndex(({ data }) => data === '5') + 1}: no fives`) : number % 2 ? undefined : null));
  const one = pub(t, server, ['a'], { input: '1\n2\n3\n4\n5\n6\n' });
  await one.end(1);
  assert.deepEqual(server.requests.map(({ lines }) => lines.map(({ data }) => data).join('')), ['123456', '1234', '1234']);
  assert.match(one.log, /line 5 was refused: 127\.0\.0\.1:\d+ answers 400: no fives\n.*published 4 events, up to line 4\n$/);
});

// --- ending it ---

test('SIGINT waits for the answer that is to come, and sends nothing more; a second one does not wait', async (t) => {
  for (const [signal, twice, status, pattern] of [['SIGINT', false, 130, /published 1 event, up to line 1\n/], ['SIGTERM', false, 143, /published 1 event, up to line 1\n/], ['SIGTERM', true, 143, /published nothing\n.*nobody knows whether line 1 was published\n$/]]) {
    let free;
    const held = new Promise((resolve) => { free = resolve; });
    const server = await startServer(t, () => held.then(() => undefined));
    const one = pub(t, server, ['a']);
    one.write('1\n');
    await until(() => server.requests.length === 1, 'a request');
    const before = one.read;
    one.write('2\n');
    await until(() => one.read === before + 2, 'the second line is read');
    one.child.kill(signal);
    if (!twice) free();
    else while (one.child.exitCode === null) { // two that come at once are one
      await delay(10);
      one.child.kill(signal);
    }
    await one.end(status);
    free();
    assert.match(one.log, pattern);
    assert.equal(server.requests.length, 1);
  }
});

test('SIGINT while the hub is away ends it at once', async (t) => {
  const one = pub(t, { url: 'http://127.0.0.1:9' }, ['a', '--give-up', '0s'], { input: '1\n' });
  await one.said(/trying again/);
  one.child.kill('SIGINT');
  await one.end(130);
  assert.match(one.log, /published nothing\n$/);
});

// --- keys that the hub cannot remember ---

test('more lines than the hub can remember keys for go on without keys, which is said, and then are not sent again', async (t) => {
  const hub = await startHub(t, ['--memory', '1M']); // 4096 keys
  const count = 10_000;
  const file = makeFile(t, Array.from({ length: count }, (_, i) => `${i}\n`).join(''));
  const one = pub(t, hub, ['a', '--file', file]);
  await one.end();
  assert.match(one.log, /^freshet: the hub remembers no more idempotency keys.*\n$/);
  const { freshet_events_in_total: total, freshet_idempotency_keys: keys } = await metrics(hub);
  assert.equal(total, count);
  assert.equal(keys, 4000);

  const first = await startWay(t, hub.port, () => (first.fates.length ? 'after' : 'whole')); // with keys, without
  const cutFirst = pub(t, first, ['a', '--file', file, '--key', 'one']);
  await cutFirst.end(1);
  assert.match(cutFirst.log, /gave up\n.*published nothing\n.*nobody knows whether lines 1 to 2000 were published\n.*go on with --from-line 1\n$/);
  assert.equal((await metrics(hub)).freshet_events_in_total, count + 2000, 'once, though the connection was one that had been kept');

  const way = await startWay(t, hub.port, () => (way.fates.length < 3 ? 'whole' : 'after')); // with keys, without, without
  const cut = pub(t, way, ['a', '--file', file, '--key', 'other']);
  await cut.end(1);
  assert.match(cut.log, /no answer from .*; gave up\n.*published 4,000 events, up to line 4000\n.*nobody knows whether lines 4001 to 6000 were published\n.*go on with --from-line 4001\n$/);
  assert.equal((await metrics(hub)).freshet_events_in_total, count + 8000, 'once');
});

// --- the hub is restarted ---

// Publishes `count` lines through `rounds` hubs one after the other on one port, each ended by end(hub). Gives what was
// published on each, oldest first, and the numbers of the lines that were answered to pub.
async function restartUnderPub(t, count, rounds, end) {
  const random = chance(t);
  let hub = await startHub(t, KEPT);
  const { address } = hub;
  const way = await startWay(t, hub.port, () => 'whole');
  const one = pub(t, way, ['a']);
  const lives = [];
  let written = 0;
  for (let round = 0; round < rounds; round++) {
    const stream = await subscribe(hub, '/events/a?from=earliest');
    const share = Math.floor(count / rounds);
    const kill = written + random.below(share); // somewhere in this round's lines
    const until_ = round === rounds - 1 ? count : written + share;
    const feeding = (async () => {
      while (written < until_) {
        const some = Math.min(until_ - written, 1 + random.below(300));
        one.write(Array.from({ length: some }, (_, i) => `${lineOf(written + i)}\n`).join(''));
        written += some;
        await new Promise(setImmediate);
      }
    })();
    if (round < rounds - 1) {
      await until(() => way.answered.length > kill, () => `${way.answered.length} answered`);
      lives.push(stream);
      await end(hub); // the reader stays to the end
      await stream.ending();
      await feeding;
      hub = await startHub(t, KEPT, address);
    } else {
      await feeding;
      one.child.stdin.end();
      await one.end();
      await stream.until(() => stream.events.at(-1)?.data === lineOf(count - 1), 'the last line');
      lives.push(stream);
    }
  }
  assert.match(one.log, /trying again/);
  return { lives: lives.map(({ events }) => events.map(({ data }) => Number(data.split(' ')[0]))), bytes: lives.flatMap(({ events }) => events.map(({ data }) => data)), answered: way.answered };
}

test('a hub that is stopped and started again under it: byte for byte the same', async (t) => {
  const count = LIGHT ? 20_000 : 100_000;
  const { lives, bytes } = await restartUnderPub(t, count, 4, (hub) => hub.signal('SIGTERM'));
  t.diagnostic(`events on each hub: ${lives.map(({ length }) => length)}`);
  assert.ok(lives.every(({ length }) => length > 0));
  assertSame(bytes, Array.from({ length: count }, (_, i) => lineOf(i)));
});

test('a hub that is killed and started again: nothing twice on one hub, all in order, and nothing missing that was not answered', async (t) => {
  const count = LIGHT ? 20_000 : 100_000;
  const { lives, answered } = await restartUnderPub(t, count, 4, (hub) => {
    hub.killed = true;
    return hub.signal('SIGKILL');
  });
  t.diagnostic(`events on each hub: ${lives.map(({ length }) => length)}`);
  const seen = new Set();
  for (const life of lives) {
    assert.ok(life.length > 0);
    life.forEach((line, i) => assert.ok(i === 0 || line === life[i - 1] + 1, `${line} after ${life[i - 1]}`));
    life.forEach((line) => seen.add(line));
  }
  const told = new Set(answered);
  const missing = Array.from({ length: count }, (_, i) => i).filter((i) => !seen.has(i));
  t.diagnostic(`${missing.length} were answered and died with their hub`);
  for (const i of missing) assert.ok(told.has(i + 1), `line ${i} was not answered, and is missing`);
  assert.equal(told.size, count, 'all were answered');
  assert.equal(answered.length, count, 'each once');
});
