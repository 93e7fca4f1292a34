// `freshet sub` in a pipe: what it prints, when it ends and with which status, and what it says about it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ask, FRESHET, JSON_TYPE, metrics, publish, startHub, until } from './hub.mjs';
import { inTurn, OVER, startServer, STREAM, sub } from './sub.mjs';

const subscribed = (hub, count = 1) => until(async () => (await metrics(hub)).freshet_subscribers === count, 'sub subscribes');
const json = (out) => out.split('\n').slice(0, -1).map((line) => JSON.parse(line));

test('a pipe gets the data of each event and a line break', async (t) => {
  const hub = await startHub(t);
  const texts = ['a', '', 'two\nlines', ' blanks around ', 'a\u0000b\u001b[31m', '€🌊', '\n', 'ends with a break\n'];
  for (const text of texts) await publish(hub, 'news', text);
  const one = sub(t, hub, ['news', '--from', 'earliest', '--count', `${texts.length}`]);
  assert.equal(await one.end(), texts.map((text) => `${text}\n`).join(''));
  assert.equal(one.log, '');
});

test('what is published while it follows is printed at once', async (t) => {
  const hub = await startHub(t);
  const one = sub(t, hub, []);
  await subscribed(hub);
  await publish(hub, 'broadcast', 'one');
  await one.printed('one\n');
  await publish(hub, 'other', 'not this');
  await publish(hub, 'broadcast', 'two');
  await one.printed('one\ntwo\n');
  assert.equal(await one.stop(), 'one\ntwo\n');
});

test('several channels and prefixes come on one stream', async (t) => {
  const hub = await startHub(t);
  const one = sub(t, hub, ['news', 'a b&c=d#%+/é', 'stocks:*', '--count', '3']);
  await subscribed(hub);
  await publish(hub, 'stocks', 'not this');
  await publish(hub, 'stocks:a', '1');
  await publish(hub, 'a b&c=d#%+/é', '2');
  await publish(hub, 'news', '3');
  assert.equal(await one.end(), '1\n2\n3\n');
});

test('--json prints a line an event, with its id, its type and its data as it came', async (t) => {
  const hub = await startHub(t);
  const data = '{"n": 1.0, "s":"\\u001b"}';
  const ids = [await publish(hub, 'news', data, { event: 'tick "x"', headers: JSON_TYPE }), await publish(hub, 'news', 'a\nb\u007f')];
  const one = sub(t, hub, ['news', '--json', '--from', 'earliest', '--count', '2']);
  const out = await one.end();
  assert.deepEqual(json(out), [{ id: ids[0], event: 'tick "x"', data }, { id: ids[1], event: 'message', data: 'a\nb\u007f' }]);
  assert.equal(out.split('\n')[1], `{"id":"${ids[1]}","event":"message","data":"a\\nb\u007f"}`);
});

test('--envelope prints what the hub makes of it', async (t) => {
  const hub = await startHub(t);
  const id = await publish(hub, 'news', '{"n":1.0}', { headers: JSON_TYPE });
  const one = sub(t, hub, ['*', '--envelope', '--from', 'earliest', '--count', '1']);
  assert.equal(await one.end(), `{"channel":"news","id":"${id}","event":null,"data":{"n":1.0}}\n`);
});

test('--raw prints the bytes as they came, up to the end of the last event that is wanted', async (t) => {
  const first = ': é\r\n\r\nid: 1\r\rdata: \xff\n\n';
  const server = await startServer(t, inTurn(Buffer.from(`${STREAM}retry: 0\n${first}cut`, 'latin1'), `${STREAM}data: 2\r\n\r\ndata: 3\n\n`));
  const one = sub(t, null, [server.url, '--raw', '--count', '2']);
  await one.end();
  assert.equal(one.bytes.toString('latin1'), `retry: 0\n${first}cutdata: 2\r\n\r\n`);
});

test('--from begins where it says, and a position wins', async (t) => {
  const hub = await startHub(t);
  const ids = [];
  for (let i = 0; i < 5; i++) ids.push(await publish(hub, 'news', `${i}`));
  const from = async (...args) => (await sub(t, hub, ['news', '--count', '1', ...args]).end()).trim();
  assert.equal(await from('--from', 'earliest'), '0');
  assert.equal(await from('--from', '-2'), '3');
  assert.equal(await from('--from', ids[1]), '2');
  assert.equal(await from('--from=1970-01-01T00:00:00+00:00'), '0');
  assert.equal(await from('--from', 'earliest', '--position', ids[3]), '4');
});

test('--count, --for, SIGINT and SIGTERM end it, and the status says whether all came', async (t) => {
  const hub = await startHub(t);
  for (let i = 0; i < 3; i++) await publish(hub, 'news', `${i}`);
  const all = ['news', '--from', 'earliest'];
  assert.equal(await sub(t, hub, [...all, '--count', '2']).end(), '0\n1\n');
  assert.equal(await sub(t, hub, ['none', '--for', '50ms']).end(), '');
  const few = sub(t, hub, [...all, '--count', '4', '--for', '500ms']);
  await few.end(1);
  assert.match(few.log, /^freshet: \d of 4 events came\n$/);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    for (const [more, status] of [[[], 0], [['--count', '4'], 1]]) {
      const one = sub(t, hub, [...all, ...more]);
      await one.printed('2\n');
      one.child.kill(signal);
      assert.equal(await one.end(status), '0\n1\n2\n');
    }
  }
});

test('it ends in peace when nobody reads its output any more, with events and without', async (t) => {
  const hub = await startHub(t);
  await publish(hub, 'news', 'one');
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', `set -o pipefail; '${FRESHET}' sub news --from earliest --count 9 | head -n 1`], { env: { ...process.env, FRESHET_URL: hub.url } });
  assert.equal(stdout, 'one\n');
  assert.equal(stderr, '');
});

test('output that cannot be written is a failure', { skip: !existsSync('/dev/full') }, async (t) => {
  const hub = await startHub(t);
  await publish(hub, 'news', 'one');
  const full = createWriteStream('/dev/full');
  await new Promise((resolve) => full.once('open', resolve));
  const child = spawn(FRESHET, ['sub', 'news', '--from', 'earliest'], { stdio: ['ignore', full, 'pipe'], env: { ...process.env, FRESHET_URL: hub.url } });
  let log = '';
  child.stderr.on('data', (bytes) => { log += bytes; });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 1);
  assert.equal(log, 'freshet: cannot write the output: No space left on device\n');
  full.destroy();
});

test('a reader that takes nothing does not keep it from ending', async (t) => {
  const hub = await startHub(t, ['--max-event', '8M']);
  await publish(hub, 'news', 'x'.repeat(4 << 20));
  for (const args of [[], ['--for', '300ms']]) {
    const child = spawn(FRESHET, ['sub', 'news', '--from', 'earliest', ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, FRESHET_URL: hub.url } });
    t.after(() => child.kill('SIGKILL'));
    await new Promise((resolve) => child.stdout.once('readable', resolve));
    if (!args.length) child.kill('SIGTERM');
    const code = await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(code, 0);
    child.stdout.destroy();
  }
});

test('a gap is told on standard error, with what it is about, and is no event', async (t) => {
  const hub = await startHub(t, ['--history', '1']);
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push(await publish(hub, 'news', `${i}`));
  const one = sub(t, hub, ['news', '--position', ids[0], '--count', '1']);
  assert.equal(await one.end(), '2\n');
  assert.equal(one.log, `freshet: gap: events between ${ids[0]} and ${ids[1]} on news may be missing (trimmed)\n`);
  const unknown = sub(t, hub, ['news', 'other', '--json', '--position', 'what', '--for', '300ms', '--quiet']);
  assert.equal(await unknown.end(), '');
  assert.match(unknown.log, /^freshet: gap: events up to \d+-\d+ on news, other may be missing \(unknown\)\n$/);
});

test('a gap that says less than it should is told all the same', async (t) => {
  const data = '{"channels":["a",null,7],"after":"1-0"}';
  const odd = await startServer(t, (socket) => socket.write(`${STREAM}event: freshet.gap\ndata: ${data}\n\nevent: freshet.gap\ndata: nothing\n\ndata: one\n\n`));
  const one = sub(t, null, [odd.url, '--count', '1']);
  assert.equal(await one.end(), 'one\n');
  assert.equal(one.log, 'freshet: gap: events between 1-0 and ? on a, ?, ? may be missing (?)\nfreshet: gap: events up to ? on  may be missing (?)\n');
});

test('a hub that is busy is told and asked again', async (t) => {
  const busy = `${STREAM}retry: 5\n\nevent: freshet.busy\ndata: {"reason":"too many"}\n\n`;
  const server = await startServer(t, inTurn(busy, `${STREAM}data: a\n\n`));
  const one = sub(t, null, [server.url, '--count', '1']);
  assert.equal(await one.end(), 'a\n');
  assert.match(one.log, /^freshet: the hub is busy: too many\nfreshet: the stream ended; trying again in 0\.\d s\nfreshet: connected again\n$/);
});

test('a 204 ends it, is told, and is not asked again', async (t) => {
  const server = await startServer(t, inTurn(`${STREAM}retry: 0\ndata: a\n\n`, OVER));
  const one = sub(t, null, [server.url]);
  assert.equal(await one.end(), 'a\n');
  assert.match(one.log, /\nfreshet: the server says that this stream is over \(204\)\n$/);
  assert.equal(server.heads.length, 2);
});

test('a client that is sent away stops, and says so', async (t) => {
  const hub = await startHub(t, ['--retry', '0ms']);
  const one = sub(t, hub, [`${hub.url}/events/news?client_id=me`]);
  await subscribed(hub);
  assert.equal((await ask(hub, 'DELETE', '/clients/me?for=60s')).status, 204);
  await one.end();
  assert.match(one.log, /is over \(204\)/);
});

test('a refusal for good is told in the server\'s words, a passing one is tried again', async (t) => {
  const hub = await startHub(t);
  const bad = sub(t, hub, ['@me']);
  await bad.end(1);
  assert.match(bad.log, /^freshet: 127\.0\.0\.1:\d+ answers 400: a channel's name has /);
  const page = sub(t, null, [`${hub.url}/health`]);
  await page.end(1);
  assert.match(page.log, /^freshet: this is no event stream: the server answers application\/json/);
  const server = await startServer(t, inTurn('HTTP/1.1 503 No\r\nRetry-After: 2\r\nContent-Type: text/plain\r\n\r\nfull \u001b[31m', `${STREAM}data: a\n\n`));
  const began = Date.now();
  const one = sub(t, null, [server.url, '--count', '1']);
  assert.equal(await one.end(), 'a\n');
  assert.ok(Date.now() - began >= 2000, 'not before Retry-After');
  assert.match(one.log, /^freshet: 127\.0\.0\.1:\d+ answers 503: full [^\u001b]+; trying again\nfreshet: connected again\n$/);
});

test('a server that is not there yet is told, and again when it is', async (t) => {
  const server = await startServer(t, inTurn(`${STREAM}data: a\n\n`));
  const { port } = server.server.address();
  await new Promise((resolve) => server.server.close(resolve));
  const one = sub(t, null, [`${server.url}/`, '--count', '1']);
  await one.said(/trying again/);
  server.server.listen(port, '127.0.0.1');
  assert.equal(await one.end(), 'a\n');
  assert.equal(one.log, `freshet: cannot reach 127.0.0.1:${port}: Connection refused; trying again\nfreshet: connected again\n`);
});

test('the same trouble is told once, however often it is met, and nothing with --quiet', async (t) => {
  const reset = (socket, head, number) => (number < 4 ? socket.resetAndDestroy() : socket.end(`${STREAM}data: a\n\n`));
  const loud = sub(t, null, [(await startServer(t, reset)).url, '--count', '1']);
  const quiet = sub(t, null, [(await startServer(t, reset)).url, '--count', '1', '--quiet']);
  assert.equal(await loud.end(), 'a\n');
  assert.match(loud.log, /^freshet: cannot reach [^\n]+; trying again\nfreshet: connected again\n$/);
  assert.equal(await quiet.end(), 'a\n');
  assert.equal(quiet.log, '');
});

test('an event is printed at a CR, although nothing comes behind it', async (t) => {
  const server = await startServer(t, (socket) => socket.write(`${STREAM}\ufeffdata: a\r\r`));
  const one = sub(t, null, [server.url]);
  await one.printed('a\n');
  await one.stop();
});

test('the position is sent as its bytes, whatever they are', async (t) => {
  const ids = ['1', 'a b', '€', '\u0001', 'x'.repeat(5000)];
  const server = await startServer(t, (socket, head, number) => {
    if (number > ids.length) socket.end(OVER);
    else socket.end(`${STREAM}retry: 0\nid: ${ids[number - 1]}\n\nid: cut\ndata: cut`);
  });
  await sub(t, null, [server.url, '--quiet']).end();
  const sent = server.heads.map((head) => /^last-event-id: (.*)\r$/im.exec(Buffer.from(head, 'latin1').toString())?.[1]);
  assert.deepEqual(sent, [undefined, ...ids]);
});

test('a URL is taken as it stands, without its fragment, and headers are sent', async (t) => {
  const server = await startServer(t, inTurn(OVER));
  await sub(t, null, [`${server.url}/a/%2F?b=c&d=%20e#f`, '--from', '2020-01-01T00:00:00+01:00', '--header', 'X-One: 1', '--header=Accept:']).end();
  assert.match(server.heads[0], /^GET \/a\/%2F\?b=c&d=%20e&from=2020-01-01T00:00:00%2B01:00 HTTP\/1\.1\r\n/);
  assert.match(server.heads[0], /\r\nX-One: 1\r\n/);
  assert.match(server.heads[0], /\r\nAccept:\r\n/);
});

test('a proxy of the environment is used, but not for this machine', async (t) => {
  const proxy = await startServer(t, inTurn(`${STREAM}data: by proxy\n\n`));
  const server = await startServer(t, inTurn(`${STREAM}data: directly\n\n`));
  const env = { http_proxy: proxy.url };
  assert.equal(await sub(t, null, ['http://stream.invalid/a', '--count', '1'], { env }).end(), 'by proxy\n');
  assert.match(proxy.heads[0], /^GET http:\/\/stream\.invalid\/a HTTP\/1\.1\r\n/);
  assert.equal(await sub(t, null, [server.url, '--count', '1'], { env }).end(), 'directly\n');
});

test('a connection on which nothing comes is made again', async (t) => {
  const server = await startServer(t, (socket, head, number) => socket.write(number === 1 ? `${STREAM}retry: 0\nid: 1\n\n` : `${STREAM}data: a\n\n`));
  const one = sub(t, null, [server.url, '--silence', '200ms', '--count', '1']);
  assert.equal(await one.end(), 'a\n');
  assert.match(one.log, /nothing came for 0\.2 s/);
  assert.match(server.heads[1], /\r\nLast-Event-ID: 1\r\n/);
});

test('an event over --max-event is a failure', async (t) => {
  const server = await startServer(t, inTurn(`${STREAM}data: a\n\ndata: ${'x'.repeat(3000)}\n\n`));
  const one = sub(t, null, [server.url, '--max-event', '2K']);
  assert.equal(await one.end(1), 'a\n');
  assert.equal(one.log, 'freshet: an event is larger than 2048 bytes\n');
});

test('what is used wrongly is told, with status 2', async (t) => {
  const wrong = [
    [['--json', '--raw'], /--json or --raw, not both/],
    [['ftp://a/'], /a URL begins with http:\/\/ or https:\/\//],
    [['news', 'http://a/'], /one URL, or channels/],
    [['http://a/', 'http://b/'], /one URL, or channels/],
    [['http://'], /write a URL such as/],
    [['--url', 'here'], /write a URL such as/],
    [['--url', 'http://a?b'], /neither \? nor #/],
    [['--header', 'X'], /Name: value/],
    [['--header', 'X: a\r\nY: b'], /no control characters/],
    [['--position', 'a\nb'], /no line breaks/],
    [['--count', '0'], /of at least 1/],
    [['--jsn'], /did you mean --json/],
  ];
  for (const [args, pattern] of wrong) {
    const one = sub(t, null, args);
    assert.equal(await one.end(2), '');
    assert.match(one.log, pattern);
    assert.match(one.log, /^freshet sub: .*\n$/s);
  }
});
