// Starting in plain words, and stopping so that nobody loses anything and not all come back at once.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { LIMIT, figure, metrics, publish, run, startHub, until, within } from './hub.mjs';
import { Connection, requestBytes } from './http.mjs';
import { subscribe } from './sse.mjs';

const post = (data, more = {}) => requestBytes('POST', '/publish/a', { body: data, ...more });
const refused = (hub) => new Promise((resolve) => {
  const socket = net.connect(hub.port, hub.host);
  socket.on('connect', () => { socket.destroy(); resolve(false); }).on('error', ({ code }) => resolve(code === 'ECONNREFUSED'));
});

async function stopped(hub, signal) {
  const begin = Date.now();
  const ended = await within(hub.signal(signal), () => `the hub does not end: ${hub.log}`);
  assert.deepEqual(ended, { code: 0, signal: null }, hub.log);
  return Date.now() - begin;
}

// --- stopping ---

for (const signal of ['SIGTERM', 'SIGINT'])
  test(`${signal}: each stream gets a time to come back at, and a clean end; exit 0`, async (t) => {
    const hub = await startHub(t, ['--stop-spread', '60s', '--stop-timeout', '1h']);
    const targets = ['/events/a', '/events/a*', '/events?channel=a&channel=b', '/events/quiet'];
    const streams = await Promise.all(Array.from({ length: 40 }, (_, i) => subscribe(hub, targets[i % 4], { version: i % 8 === 7 ? '1.0' : '1.1' })));
    await publish(hub, 'a', 'the last');
    await stopped(hub, signal); // it waits for nobody, else it would for an hour
    const retries = [];
    for (const [i, stream] of streams.entries()) {
      assert.equal(await stream.ending(), stream.version === '1.0' ? 'end' : 'complete');
      assert.equal(stream.events.length, i % 4 === 3 ? 0 : 1, 'all that was published');
      const last = stream.blocks.at(-1);
      assert.match(last.text, /^retry: \d+$/);
      retries.push(Number(last.retry));
    }
    for (const retry of retries) assert.ok(retry >= 1 && retry <= 60001, `${retry} within the spread`);
    assert.ok(new Set(retries).size > 30, 'they differ');
    assert.ok(Math.max(...retries) - Math.min(...retries) > 20000, `they are spread: ${retries}`);
    assert.deepEqual(hub.lines('stream.closed').map(({ reason }) => reason), retries.map(() => 'stopped'));
    assert.match(hub.log, /server\.stopping .*signal=(TERM|INT)\n/);
    assert.match(hub.log, /server\.stopped .*status=0\n$/);
  });

test('without anybody there it ends at once', async (t) => {
  const hub = await startHub(t);
  assert.ok(await stopped(hub) < 2000);
});

test('idle connections are closed, and no new ones are taken', async (t) => {
  const hub = await startHub(t, ['--stop-timeout', '20s']);
  const fresh = new Connection(hub);
  const used = new Connection(hub).send(requestBytes('GET', '/health'));
  await used.answer();
  await figure(hub, 'freshet_connections', 3);
  assert.ok(await stopped(hub) < 5000);
  await fresh.closed();
  await used.closed();
  assert.equal(await refused(hub), true);
});

test('while it stops, no new connection is taken', async (t) => {
  const hub = await startHub(t, ['--stop-timeout', '3s', '--stall-timeout', '60s']);
  const stuck = await subscribe(hub, '/events/a');
  stuck.pause();
  for (let i = 0; i < 60; i++) await publish(hub, 'a', 'x'.repeat(128 << 10));
  const ended = hub.signal();
  await until(() => refused(hub), 'connections are refused');
  assert.equal(hub.ended, undefined, 'though it has not ended yet');
  assert.deepEqual(await within(ended, 'the end'), { code: 0, signal: null });
});

test('publishes in hand are answered and delivered, whatever their moment', async (t) => {
  for (let round = 0; round < 10; round++) {
    const hub = await startHub(t, ['--history', '100000', '--stop-timeout', '20s']);
    const streams = await Promise.all(['/events/a', '/events/a*'].map((target) => subscribe(hub, target)));
    const publishers = Array.from({ length: 4 }, () => new Connection(hub));
    const answered = [];
    let refusals = 0;
    const publishing = Promise.all(publishers.map(async (connection, p) => {
      for (let i = 0; ; i++) {
        connection.send(post(`${p} ${i}`));
        // After the last answer the hub closes; a request that it did not read is not answered.
        const answer = await connection.wait(() => (connection.bytes.length || connection.ended ? true : undefined), 'an answer or the end').then(() => (connection.bytes.length ? connection.answer() : null));
        if (answer?.status === 200) answered.push({ id: answer.json.id, data: `${p} ${i}` });
        if (answer?.status === 200 && answer.headers.connection !== 'close') continue;
        if (answer && answer.status !== 200) {
          assert.equal(answer.status, 503, answer.text);
          assert.ok(answer.headers['retry-after']);
          refusals++;
        }
        connection.destroy();
        return;
      }
    }));
    await until(() => answered.length > 50 * (round + 1), 'some are published');
    await stopped(hub);
    await within(publishing, 'the publishers come to their end');
    for (const stream of streams) {
      assert.equal(await stream.ending(), 'complete');
      const got = new Map(stream.events.map(({ id, data }) => [id, data]));
      for (const { id, data } of answered) assert.equal(got.get(id), data, 'what was answered was delivered');
      assert.ok(got.size <= answered.length + 4);
    }
    t.diagnostic(`${answered.length} answered, ${refusals} refused`);
  }
});

test('a request under way when the hub is told to stop gets its answer', async (t) => {
  const hub = await startHub(t, ['--stop-timeout', '20s']);
  const stream = await subscribe(hub, '/events/a');
  const connection = new Connection(hub);
  const bytes = Buffer.concat(Array.from({ length: 8 }, (_, i) => post(`${i}`)));
  connection.send(bytes);
  await stream.first(1);
  const ended = hub.signal();
  let answers = 0;
  while (await connection.wait(() => connection.bytes.length || connection.ended || undefined, 'an answer or the end') && connection.bytes.length) {
    const { status } = await connection.answer();
    assert.ok(status === 200 || status === 503);
    if (status === 200) answers++;
  }
  connection.destroy();
  await stream.ending();
  assert.deepEqual(await within(ended, 'the end'), { code: 0, signal: null });
  assert.equal(answers, stream.events.length, 'as many answers as events');
});

test('readers that are behind get all that is kept before they are sent away', async (t) => {
  const hub = await startHub(t, ['--stop-timeout', '20s', '--history-bytes', '64M']);
  const slow = await Promise.all(['/events/a', '/events/a*'].map((target) => subscribe(hub, target)));
  for (const stream of slow) stream.pause();
  const wanted = Array.from({ length: 100 }, (_, i) => `${i} ${'x'.repeat(64 << 10)}`);
  for (const data of wanted) await publish(hub, 'a', data);
  const ended = hub.signal();
  await until(() => /server\.stopping/.test(hub.log), 'it stops');
  for (const stream of slow) {
    stream.resume();
    assert.equal(await stream.ending(), 'complete');
    assert.deepEqual(stream.events.map(({ data }) => data), wanted);
    assert.deepEqual(stream.gaps, []);
  }
  assert.deepEqual(await ended, { code: 0, signal: null });
});

test('a stuck reader holds it up for stop-timeout, no longer', async (t) => {
  const hub = await startHub(t, ['--stop-timeout', '700ms', '--stall-timeout', '1h']);
  const stuck = await subscribe(hub, '/events/a');
  const honest = await subscribe(hub, '/events/a');
  stuck.pause();
  for (let i = 0; i < 60; i++) await publish(hub, 'a', 'x'.repeat(128 << 10));
  await honest.first(60);
  const took = await stopped(hub);
  assert.ok(took >= 600, `${took} ms`); // and no longer than this test waits, where a stall may last an hour
  assert.equal(await honest.ending(), 'complete');
});

test('half a request, half a body and a client that reads no answers do not hold it up longer', async (t) => {
  const hub = await startHub(t, ['--stop-timeout', '700ms', '--stall-timeout', '60s']);
  new Connection(hub).send('GET /hea');
  new Connection(hub).send(post('x'.repeat(1000)).subarray(0, 300));
  const deaf = new Connection(hub);
  deaf.socket.pause();
  for (let i = 0; i < 20; i++) deaf.socket.write(Buffer.concat(Array.from({ length: 500 }, () => requestBytes('GET', '/metrics'))));
  await figure(hub, 'freshet_connections', 4);
  assert.ok(await stopped(hub) < 5000);
});

test('clients that do not close their side when the hub has closed its own do not hold it up longer', async (t) => {
  const hub = await startHub(t, ['--stop-timeout', '700ms']);
  for (const target of ['/events/a', '/events/b*']) await (new Connection(hub).send(requestBytes('GET', target))).head();
  await (new Connection(hub).send(requestBytes('GET', '/health'))).answer();
  assert.ok(await stopped(hub) < 5000);
});

test('a second signal changes nothing', async (t) => {
  const hub = await startHub(t, ['--stop-timeout', '1s', '--stall-timeout', '60s']);
  const stuck = await subscribe(hub, '/events/a');
  stuck.pause();
  for (let i = 0; i < 60; i++) await publish(hub, 'a', 'x'.repeat(128 << 10));
  const ended = hub.signal();
  await until(() => /server\.stopping/.test(hub.log), 'it stops');
  for (let i = 0; i < 200 && !hub.ended; i++) {
    hub.program.child.kill(i % 2 ? 'SIGINT' : 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.deepEqual(await ended, { code: 0, signal: null });
});

test('a client that comes back resumes at the next hub on the same port', async (t) => {
  const first = await startHub(t);
  const stream = await subscribe(first, '/events/a');
  await publish(first, 'a', 'x');
  await stopped(first);
  await stream.ending();
  const hub = await startHub(t, [], first.address); // the port is free at once
  const back = await subscribe(hub, '/events/a', { position: stream.position });
  await back.until(() => back.gaps.length === 1, 'the gap');
  assert.equal(back.gaps[0].reason, 'trimmed');
});

// --- starting ---

async function runs(...args) {
  const program = run(args);
  const { code, signal } = await within(program.ended, `freshet ${args.join(' ')} does not end`, LIMIT).finally(() => program.child.kill('SIGKILL'));
  assert.equal(signal, null);
  return { code, out: program.out, log: program.log };
}

test('a port that is taken: exit 1, and plain words that name the address', async (t) => {
  const hub = await startHub(t);
  const { code, log } = await runs('serve', '--listen', hub.address);
  assert.equal(code, 1);
  assert.match(log, new RegExp(`${hub.address.replaceAll('.', '\\.')}.*another program`));
  assert.ok((await metrics(hub)).freshet_connections >= 1, 'the one that was there stays');
});

test('an address that is none: one line that says what to write, and no hub', async () => {
  for (const address of ['127.0.0.1', '8080', ':8080', '127.0.0.1:', '127.0.0.1:x', '127.0.0.1:99999', '::1:8080', '127.0.0.1:-1', 'nowhere.invalid:80', '192.0.2.1:8080']) {
    const { code, log } = await runs('serve', '--listen', address);
    assert.notEqual(code, 0, address);
    assert.ok(log.includes(address), log);
    assert.match(log, /^freshet: [^\n]+\n$/, 'one line');
  }
});

test('a flag that is wrong: exit 2, and one line that says what would be right', async () => {
  const rows = [
    [['--nonsense', '1'], /--nonsense.*--help/], [['--history'], /--history.*value/], [['--history', 'many'], /--history many.*number/],
    [['--history=-1'], /number/], [['--ttl', '5'], /--ttl 5.*30s/], [['--ttl', '5 m'], /30s/], [['--memory', '1X'], /--memory 1X.*64K/], [['--memory', '1'], /--memory.*1M/],
    [['--keepalive', '1ms'], /--keepalive.*100ms/], [['--workers', '1000'], /--workers.*64/], [['history', '5'], /history.*flag/], [['--', '--history'], /flag/],
    [['-x'], /flag/], [['--history', '99999999999999999999'], /number/], [['--history', ''], /number/],
  ];
  for (const [flags, words] of rows) {
    const { code, out, log } = await runs('serve', '--listen', '127.0.0.1:0', ...flags);
    assert.equal(code, 2, `${flags}: ${log}`);
    assert.equal(out, '');
    assert.match(log, words);
    assert.match(log, /^freshet: [^\n]+\n$/, 'one line');
  }
});

test('--help names every flag and its default; wrong verbs tell which there are', async () => {
  const { code, out, log } = await runs('serve', '--help');
  assert.deepEqual([code, log], [0, '']);
  const defaults = { listen: '127.0.0.1:8080', history: '1000', ttl: '5m', 'history-bytes': '16M', memory: '256M', keepalive: '30s', retry: '3s', workers: '0', 'stall-timeout': '30s', 'stop-spread': '5s', 'stop-timeout': '10s' };
  for (const [flag, value] of Object.entries(defaults)) assert.match(out, new RegExp(`--${flag} .*\\[${value.replaceAll('.', '\\.')}\\]`), flag);
  const top = await runs('--help');
  assert.equal(top.code, 0);
  assert.match(top.out, /serve/);
  assert.match((await runs('--version')).out, /^freshet \d+\.\d+\.\d+\n$/);
  for (const args of [[], ['nonsense']]) {
    const wrong = await runs(...args);
    assert.equal(wrong.code, 2);
    assert.match(wrong.log, /serve/);
  }
});

test('several addresses are served at once', async (t) => {
  const hub = await startHub(t, ['--listen', '127.0.0.2:0']);
  await until(() => hub.lines('server.listening').length === 2, 'both are told');
  const addresses = hub.lines('server.listening').map(({ address }) => address);
  const stream = await subscribe(hub, '/events/a');
  const [host, port] = addresses.find((address) => address.startsWith('127.0.0.2:')).split(':');
  const other = new Connection(hub, { host, port: Number(port) }).send(post('from the other side'));
  assert.equal((await other.answer()).status, 200);
  assert.deepEqual(await stream.data(1), ['from the other side']);
});
