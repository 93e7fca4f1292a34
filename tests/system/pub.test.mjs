// `freshet pub` in a pipe: what is published byte for byte, when it leaves, what is refused, how it ends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FRESHET, LIGHT, ask, figure, metrics, startHub, until } from './hub.mjs';
import { assertSame, makeFile, pub, startServer } from './pub.mjs';
import { subscribe } from './sse.mjs';

const KEPT = ['--history', '1000000', '--history-bytes', '1G', '--memory', '1G', '--ttl', '1h'];
const problem = (status, detail, headers) => ({ status, headers, json: { title: 'T', status, detail } });

// --- one event ---

test('DATA is one event, with or without a type, on a channel or to a client', async (t) => {
  const hub = await startHub(t);
  const channel = await subscribe(hub, '/events/any%20n%C3%A4me%2F%3F');
  const client = await subscribe(hub, '/events?client_id=ann:1');
  const print = await pub(t, hub, ['any näme/?', 'two\nlines ', '--print-id']).end();
  const quiet = pub(t, hub, ['--event', 'a type', 'any näme/?', '--', '--json']);
  assert.equal(await quiet.end(), '');
  assert.equal(quiet.log, '');
  await pub(t, hub, ['@ann:1', '']).end();
  const [first, second] = await channel.first(2);
  assert.deepEqual([first, second], [{ id: print.trim(), type: undefined, data: 'two\nlines ' }, { id: second.id, type: 'a type', data: '--json' }]);
  assert.deepEqual(await client.data(1), ['']);
});

test('--json sends a value byte for byte; a member _event names the type unless --event does', async (t) => {
  const hub = await startHub(t, KEPT);
  const stream = await subscribe(hub, '/events/a?envelope=1');
  const values = ['{"a": 1.000e+0,"_event":"kind"}', '12345678901234567890.10', '"text\\u00e9"', '[\n1,\n2]', 'null', '{"_event":7}'];
  for (const value of values) await pub(t, hub, ['a', '--json', value]).end();
  await pub(t, hub, ['a', '--json', '--event', 'flag', '{"b":2,"_event":"kind"}']).end();
  await pub(t, hub, ['a', '--json'], { input: `${values.filter((value) => !value.includes('\n')).join('\n \n')}\n` }).end();
  const got = (await stream.first(12)).map(({ data }) => data);
  const shown = (text) => got.filter((data) => data.includes(text)).length;
  assert.equal(shown('"event":"kind","data":{"a": 1.000e+0}'), 2);
  assert.equal(shown('"data":12345678901234567890.10}'), 2);
  assert.equal(shown('"data":"text\\u00e9"'), 2, 'a string stays JSON');
  assert.equal(shown('"data":[ 1, 2]'), 1);
  assert.equal(shown('"data":null'), 2);
  assert.equal(shown('"data":{"_event":7}'), 2);
  assert.equal(shown('"event":"flag","data":{"b":2}'), 1);
});

// --- lines, byte for byte ---

// Every code point that is no line end, a thousand a line.
const unicode = () => {
  const lines = [];
  for (let code = 0, line = ''; code <= 0x10ffff; code++) {
    if (code !== 10 && code !== 13 && (code < 0xd800 || code > 0xdfff)) line += String.fromCodePoint(code);
    if (code % 1000 === 999 || code === 0x10ffff) {
      if (line) lines.push(line);
      line = '';
    }
  }
  return lines;
};

test('lines arrive byte for byte, whatever letters they have, in their order', async (t) => {
  const hub = await startHub(t, KEPT);
  const stream = await subscribe(hub, '/events/a');
  const lines = [...unicode(), '', '"quoted" \\ back\\u0041', '{"n": 1.0}', ' spaces \t', '', 'x'.repeat(300_000), '\u0001'.repeat(200_000), 'the last, without an end'];
  const file = makeFile(t, lines.join('\n'));
  const id = await pub(t, hub, ['a', '--file', file, '--print-id']).end();
  assertSame(await stream.data(lines.length), lines);
  assert.equal(id, `${stream.events.at(-1).id}\n`);
  await pub(t, hub, ['a', '-'], { input: 'from standard input\r\nwith CR LF\r\n' }).end();
  assert.deepEqual((await stream.data(lines.length + 2)).slice(-2), ['from standard input', 'with CR LF']);
  assert.equal((await metrics(hub)).freshet_repeated_publishes_total, 0);
});

test('many lines of all lengths, however they are cut into pieces on their way, are the same on the other side', async (t) => {
  const hub = await startHub(t, KEPT);
  const count = LIGHT ? 20_000 : 300_000;
  const stream = await subscribe(hub, '/events/a');
  const lines = Array.from({ length: count }, (_, i) => `${i} ${'é€🌊"\\'.repeat(i % 7)}`);
  const file = makeFile(t, `${lines.join('\n')}\n`);
  const one = pub(t, hub, ['a'], { from: ['cat', file] });
  await one.end();
  await stream.until(() => stream.events.length >= count, `${count} events`);
  assertSame(stream.events.map(({ data }) => data), lines);
  assert.equal(one.log, '');
});

test('--ndjson passes lines on as they are, and gives a key to those that have none', async (t) => {
  const hub = await startHub(t, KEPT);
  const stream = await subscribe(hub, '/events/*?envelope=1');
  const input = ['{"data":{"a": 1.0 }, "channel":"x"}', ' {"data":"text","event":"kind"} ', '', '{"channel":"x","data":null,"idempotency_key":"own"}', '{"idempotency_key":null,"data":3}'].join('\r\n');
  for (let twice = 0; twice < 2; twice++) await pub(t, hub, ['--ndjson', 'mine', '--key', 'k'], { input }).end();
  await pub(t, hub, ['--ndjson', '--event', 'all'], { input: '{"data":4}' }).end();
  const got = (await stream.first(5)).map(({ data }) => data.replace(/"id":"[^"]*",/, ''));
  assert.deepEqual(got, ['{"channel":"x","event":null,"data":{"a": 1.0 }}', '{"channel":"mine","event":"kind","data":"text"}',
    '{"channel":"x","event":null,"data":null}', '{"channel":"mine","event":null,"data":3}', '{"channel":"broadcast","event":"all","data":4}']);
  assert.equal((await metrics(hub)).freshet_repeated_publishes_total, 4);
});

test('one million lines from a file leave on one connection, in few requests', async (t) => {
  const hub = await startHub(t);
  const count = LIGHT ? 50_000 : 1_000_000;
  const file = makeFile(t, Array.from({ length: count }, (_, i) => `line ${i}\n`).join(''));
  const begin = Date.now();
  await pub(t, hub, ['a', '--file', file]).end();
  t.diagnostic(`${count} lines in ${Date.now() - begin} ms`);
  await figure(hub, 'freshet_events_in_total', count);
  assert.equal((await ask(hub, 'GET', '/channels/a/events?limit=1000')).json.events.at(-1).data, `line ${count - 1}`);
  const { freshet_connections_total: connections, 'freshet_answers_total{status="2xx"}': answers } = await metrics(hub);
  assert.equal(connections, 2, 'pub\'s and ours');
  assert.ok(answers < count / 2000 + 50, `${answers} answers`);
});

// --- when lines leave ---

test('a line leaves as soon as it is whole, and the next one too', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a');
  const one = pub(t, hub, ['a']);
  for (let i = 0; i < 5; i++) {
    one.write(`line ${i}\nhalf of `);
    assert.equal((await stream.data(i + 1)).at(-1), i ? `half of line ${i}` : 'line 0');
  }
  await new Promise((resolve) => one.child.stdin.end(resolve));
  await one.end();
  assert.equal((await stream.data(6))[5], 'half of ');
});

test('a connection that the hub has closed meanwhile is made again without a word', async (t) => {
  const hub = await startHub(t, ['--idle-timeout', '100ms']);
  const stream = await subscribe(hub, '/events/a');
  const one = pub(t, hub, ['a']);
  for (let i = 0; i < 3; i++) {
    one.write(`${i}\n`);
    await stream.first(i + 1);
    await figure(hub, 'freshet_connections', 2); // the reader's and the asking one's
  }
  one.child.stdin.end();
  await one.end();
  assert.equal(one.log, '');
  assert.deepEqual(await stream.data(3), ['0', '1', '2']);
});

test('lines that come while a request is under way go together in the next, on the one connection', async (t) => {
  let free;
  const held = new Promise((resolve) => { free = resolve; });
  const server = await startServer(t, (request, number) => (number === 1 ? held.then(() => undefined) : undefined));
  const one = pub(t, server, ['a']);
  one.write('first\n');
  await until(() => server.requests.length === 1, 'the first request');
  for (let i = 0; i < 1500; i++) one.write(`${i}\n`);
  await new Promise((resolve) => one.child.stdin.end(resolve));
  free();
  await one.end();
  assert.deepEqual(server.requests.map(({ lines }) => lines.length), [1, 1500]);
  assert.deepEqual(server.requests[1].lines.map(({ data }) => data), Array.from({ length: 1500 }, (_, i) => `${i}`));
  assert.equal(server.connections, 1);
  assert.equal(new Set(server.requests.flatMap(({ lines }) => lines.map(({ idempotency_key: key }) => key))).size, 1501);
});

test('a request carries at most 2000 lines or 512 KiB, and waits of the hub hold the input up', async (t) => {
  const server = await startServer(t);
  await pub(t, server, ['a'], { input: Array.from({ length: 5000 }, (_, i) => `${i}\n`).join('') }).end();
  assert.ok(server.requests.every(({ lines }) => lines.length <= 2000), 'few lines');
  server.requests.length = 0;
  await pub(t, server, ['a'], { input: Array.from({ length: 30 }, () => `${'x'.repeat(100_000)}\n`).join('') }).end();
  assert.ok(server.requests.every(({ lines }) => lines.length <= 5), 'few bytes');
  assert.equal(server.requests.flatMap(({ lines }) => lines).length, 30);

  let free;
  const held = new Promise((resolve) => { free = resolve; });
  const slow = await startServer(t, () => held.then(() => undefined));
  const one = pub(t, slow, ['a'], { from: ['yes', 'y'.repeat(100)] });
  await until(() => slow.requests.length === 1, 'a request');
  let read = -1;
  await until(async () => {
    const before = read;
    await delay(100);
    read = one.read;
    return read === before;
  }, () => `it reads no more; it has read ${read} bytes`);
  assert.ok(read < 4 << 20, `${read} bytes read`);
  const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${one.child.pid}/status`))[1]);
  if (!LIGHT) assert.ok(resident < 40_000, `${resident} KiB`);
  one.child.kill('SIGINT');
  free();
  await one.end(130);
});

// --- what is refused ---

test('a line that is wrong is named; what stands before it is published, and nothing behind', async (t) => {
  const hub = await startHub(t);
  const rows = [ // arguments, lines, events before, what it says
    [['a'], ['1', '2', Buffer.from('ab\xff', 'latin1'), '4'], 2, /line 3: not valid UTF-8 \(at byte 3\)/],
    [['a', '--json'], ['1', '', '[2]', '{"a":}', '4'], 2, /line 4: not JSON \(at byte 6\)/],
    [['a', '--json'], ['1', '{"_event":"a","_event":"b"}'], 1, /line 2: the member _event stands twice/],
    [['a', '--json'], [`${'['.repeat(65)}${']'.repeat(65)}`], 0, /line 1: JSON nested more than 64 deep/],
    [['--ndjson', 'a'], ['{"data":1}', '{"data":1', '{"data":1}'], 1, /line 2: not JSON \(at byte 10\)/],
    [['--ndjson', 'a'], ['{"data":1}', '[]'], 1, /line 2: .*one JSON object/],
    // The hub finds these.
    [['--ndjson', 'a'], ['{"data":1}', '', '{"data":2}', '{"data":3,"other":1}', '{"data":4}'], 2, /line 4 was refused: 127\.0\.0\.1:\d+ answers 400: a member that a line does not have/],
    [['--ndjson', 'a'], ['{"data":1,"event":"freshet.x"}', '{"data":1}'], 0, /line 1 was refused: .* an event type/],
    [['a'], ['1', '2', 'x'.repeat(2 << 20), '4'], 2, /line 3 was refused: .* answers 413: larger/],
    [['a'], ['1', '"'.repeat((1 << 20) + 1), '4'], 1, /line 2 was refused: .* answers 413: larger/],
    [['a'], ['1', 'x'.repeat(9 << 20), '4'], 1, /line 2 was refused: .* answers 413/],
    [['--json', 'a'], ['1', JSON.stringify('x'.repeat(2 << 20)), '4'], 1, /line 2 was refused: .* answers 413/],
  ];
  let all = 0;
  for (const [args, lines, before, pattern] of rows) {
    const input = Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')]));
    const one = pub(t, hub, args, { input });
    await one.end(1);
    assert.match(one.log, pattern);
    assert.match(one.log, before ? new RegExp(`\nfreshet: published ${before} events?, up to line \\d+\n$`) : /\nfreshet: published nothing\n$/);
    all += before;
    assert.equal((await metrics(hub)).freshet_events_in_total, all, one.log);
    const file = pub(t, hub, [...args, '--file', makeFile(t, input)]);
    await file.end(1);
    all += before;
    const next = /go on with --from-line (\d+)\n$/.exec(file.log)[1];
    const again = pub(t, hub, [...args, '--file', makeFile(t, input), '--from-line', next]);
    await again.end(1);
    assert.match(again.log, pattern);
    assert.match(again.log, /published nothing/);
    assert.equal((await metrics(hub)).freshet_events_in_total, all);
  }
});

test('a refused DATA says why and nothing of lines', async (t) => {
  const hub = await startHub(t);
  for (const [args, pattern] of [[['a', '--json', '{'], /^freshet: not JSON \(at byte 2\)\n/], [['a', 'x'.repeat((1 << 20) + 1).slice(0, 100_000), '--header', 'Origin: http://elsewhere'], /answers 403: the Origin/]]) {
    const one = pub(t, hub, args);
    await one.end(1);
    assert.match(one.log, pattern);
    assert.doesNotMatch(one.log, /line/);
    assert.match(one.log, /it was not published\n$/);
  }
});

test('a proxy with a smaller limit on bodies gets smaller requests', async (t) => {
  const server = await startServer(t, ({ body }) => (body.length > 5000 ? { status: 413, text: '<p>too large' } : undefined));
  await pub(t, server, ['a'], { input: Array.from({ length: 2000 }, (_, i) => `${i} ${'x'.repeat(100)}\n`).join('') }).end();
  const taken = server.requests.filter(({ body }) => body.length <= 5000).flatMap(({ lines }) => lines.map(({ data }) => Number(data.split(' ')[0])));
  assert.deepEqual(taken, Array.from({ length: 2000 }, (_, i) => i));
  assert.ok(server.requests.length < 150, `${server.requests.length} requests`);
});

test('what is no hub is not believed', async (t) => {
  const answers = [[{ status: 200, text: 'welcome' }, /answers 200, but not as a hub does/], [{ status: 200, json: { status: 'published', count: 1, last_id: '1-0' } }, /but not as a hub does/],
    [{ status: 308, headers: { Location: 'https://hub.example/publish?channel=a' } }, /answers 308: it is at https:\/\/hub\.example\/publish\?channel=a now/],
    [problem(401, 'bring a key\u001b[2J'), /answers 401: bring a key\?\[2J\n/], [{ status: 404, text: 'no' }, /answers 404: no\n/]];
  for (const [answer, pattern] of answers) {
    const server = await startServer(t, () => answer);
    const one = pub(t, server, ['a'], { input: '1\n2\n' });
    await one.end(1);
    assert.match(one.log, pattern);
    assert.match(one.log, /published nothing\n$/);
    assert.equal(server.requests.length, 1);
  }
});

// --- how it is used ---

test('headers, keys and URLs go as they are told', async (t) => {
  const server = await startServer(t);
  const base = { url: `${server.url}/hub/` };
  await pub(t, base, ['a b', 'x', '--event', 'é', '--key', 'k"1', '--header', 'Authorization: Bearer T', '--header', 'X-Empty:']).end();
  await pub(t, base, ['@me', '--key', 'k'], { input: 'x\ny\n' }).end();
  await pub(t, base, ['a', '--json', '"text"', '--key', 'k']).end();
  const [one, two, three] = server.requests;
  assert.equal(one.target, '/hub/publish?channel=a%20b&event=%C3%A9');
  assert.equal(one.headers.authorization, 'Bearer T');
  assert.equal(one.headers['x-empty'], '');
  assert.match(one.headers['user-agent'], /^freshet\//);
  assert.equal(one.headers.expect, undefined);
  assert.deepEqual(one.lines, [{ idempotency_key: 'k"1', data: 'x' }]);
  assert.equal(two.target, '/hub/clients/me');
  assert.deepEqual(two.lines, [{ idempotency_key: 'k-1', data: 'x' }, { idempotency_key: 'k-2', data: 'y' }]);
  assert.deepEqual([three.type, three.body, three.headers['idempotency-key']], ['application/json', '"text"', 'k']);
});

test('wrong use is 2, in words, and nothing is sent', async (t) => {
  const server = await startServer(t);
  const rows = [[[], /which channel/], [['', 'x'], /no name/], [['a', 'b', 'c'], /quote it/], [['a', 'x', '--file', 'f'], /not both/], [['a', '--json', '--ndjson'], /not both/],
    [['a', 'x', '--ndjson'], /--ndjson reads lines/], [['--ndjson', '{"data":1}'], /--ndjson reads lines/], [['a', 'x', '--from-line', '2'], /not for DATA/], [['a*', 'x'], /channel's name/], [['@a/b', 'x'], /client_id/],
    [['a', 'x', '--event', 'freshet.x'], /event type/], [['a', 'x', '--key', 'a b'], /a key has/], [['a', 'x', '--url', 'ftp://x'], /write a URL/], [['a', 'x', '--evnt', 'k'], /did you mean --event/],
    [['a', 'x', '--header', 'X'], /header/], [['a', 'x', '--give-up', '5'], /duration/], [['a', '--from-line', '0'], /out of range/]];
  for (const [args, pattern] of rows) {
    const one = pub(t, server, args, { input: '' });
    await one.end(2);
    assert.match(one.log, pattern, args.join(' '));
    assert.match(one.log, /^freshet/);
  }
  assert.equal(server.requests.length, 0);
});

test('nothing on standard input is nothing to publish; none at all is a failure', async (t) => {
  const hub = await startHub(t);
  const empty = pub(t, hub, ['a'], { input: '' });
  assert.equal(await empty.end(), '');
  assert.equal(empty.log, '');
  await pub(t, hub, ['a'], { stdin: 'ignore' }).end(); // /dev/null
  const closed = spawn('sh', ['-c', `exec ${FRESHET} pub a --url ${hub.url} <&-`]);
  let log = '';
  closed.stderr.on('data', (bytes) => { log += bytes; });
  assert.deepEqual(await once(closed, 'close'), [1, null]);
  assert.match(log, /cannot read standard input: Bad file descriptor/);
  for (const [file, pattern] of [['/nonexistent', /cannot open \/nonexistent: No such file/], ['/', /cannot read \/: Is a directory/]]) {
    const one = pub(t, hub, ['a', '--file', file]);
    await one.end(1);
    assert.match(one.log, pattern);
  }
  assert.equal((await metrics(hub)).freshet_events_in_total, 0);
});

test('--help tells of every flag, and what the exit status means', async (t) => {
  const help = await pub(t, null, ['--help']).end();
  for (const text of ['--json', '--ndjson', '--event TYPE', '--from-line N', '--key KEY', '--give-up DURATION', '--print-id', 'tail -f', 'Exit status']) assert.ok(help.includes(text), text);
});
