// `freshet bench`: what it says of hubs that do wrong on purpose must be exactly what they did, and of
// honest ones, ours and others, that all is good; for programs, in a pipe and at a terminal.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { FRESHET, LIGHT, chance, metrics, run, startHub, until, within } from './hub.mjs';
import { DEEDS, KINDS, startMischief } from './mischief.mjs';
import { inTerminal, screen } from './pty.mjs';

const QUICK = ['--settle', '0ms', '--patience', LIGHT ? '20s' : '5s'];

// Runs it to its end: the report, the exit status, and what it said besides.
async function bench(url, ...flags) {
  const program = run(['bench', '--json', ...QUICK, ...flags.map(String), url]);
  const { code } = await within(program.ended, () => `the end of bench: ${program.log}`);
  assert.match(program.out, /^{.*}\n$/, program.log);
  return { code, log: program.log, ...JSON.parse(program.out) };
}

function assertGood(report, wanted) {
  assert.equal(report.failure, null);
  assert.equal(report.good, true, JSON.stringify(report));
  assert.equal(report.code, 0);
  assert.equal(report.log, '');
  for (const kind of ['lost', 'repeated', 'disordered', 'damaged', 'astray', 'gaps', 'busy', 'foreign', 'unanswered', 'streams_failed', 'streams_ended']) {
    assert.equal(report[kind], 0, kind);
  }
  for (const [key, value] of Object.entries(wanted)) assert.equal(report[key], value, key);
  assert.equal(report.delivered, report.expected);
}

const counted = (report) => Object.fromEntries(KINDS.map((kind) => [kind, report[kind]]));
const sum = (rows) => rows.reduce((all, { count }) => all + count, 0);

// --- hubs that do wrong ---

for (const deed of Object.keys(DEEDS)) {
  test(`one thing done wrong is that thing alone: ${deed}`, async (t) => {
    let groups = 0;
    const hub = await startMischief(t, { events: 60, choose: () => (groups++ === 7 ? deed : 'pass') });
    const report = await bench(hub.url, ...hub.flags, '--subscribers', '3', '--events', '60');
    assert.deepEqual(counted(report), hub.counts);
    assert.equal(hub.counts.lost + hub.counts.repeated + hub.counts.disordered + hub.counts.damaged + hub.counts.astray + hub.counts.gaps > 0,
      deed !== 'pass' && deed !== 'chat');
    const good = deed === 'pass' || deed === 'chat'; // a hub may have events of its own
    assert.equal(report.good, good);
    assert.equal(report.code, good ? 0 : 1);
    assert.equal(report.delivered, hub.delivered);
    assert.equal(report.expected, 180);
    assert.equal(report.published, 60);
  });
}

for (const [end, framing] of [['\n', 'chunked'], ['\r\n', 'close'], ['\r', 'length']]) {
  test(`all that is done wrong by chance is reported exactly: ${JSON.stringify(end)}, ${framing}`, async (t) => {
    const { below, pick } = chance(t);
    const deeds = Object.keys(DEEDS);
    for (let round = 0; round < (LIGHT ? 1 : 3); round++) {
      const channels = 1 + below(4);
      const perStream = 1 + below(channels);
      const events = 40 + below(100);
      const subscribers = 1 + below(20);
      const processes = 1 + below(3);
      const hub = await startMischief(t, {
        events, group: 1 + below(30), end, framing, choose: () => pick(deeds), cut: () => (below(3) ? 0 : 1 + below(200)),
      });
      const report = await bench(hub.url, ...hub.flags, '--channels', channels, '--per-stream', perStream, '--events', channels * events,
        '--subscribers', subscribers, '--processes', processes, '--size', 100 + below(200), '--patience', LIGHT ? '8s' : '1500ms');
      const what = JSON.stringify({ channels, perStream, events, subscribers, processes });
      assert.deepEqual(counted(report), hub.counts, what);
      assert.equal(report.delivered, hub.delivered, what);
      assert.equal(report.expected, subscribers * perStream * events, what);
      assert.equal(report.streams, subscribers);
      const wrong = KINDS.some((kind) => kind !== 'foreign' && hub.counts[kind]);
      assert.equal(report.good, !wrong, what);
    }
  });
}

test('streams that the hub ends are counted, and what they missed is lost', async (t) => {
  let sent = 0;
  const hub = await startMischief(t, { events: 20, group: 1, choose: () => 'pass' });
  const ending = until(() => hub.subscribers.length === 5, 'the subscribers').then(() => {
    for (const { number, response } of hub.subscribers) {
      const write = response.write.bind(response);
      response.write = (text) => {
        if (response.writableEnded) return false;
        if (number < 2 && text.includes('0000000006 ')) return response.end(); // the seventh
        sent += number < 2 && text.includes('data: bench');
        return write(text);
      };
    }
  });
  const report = await bench(hub.url, ...hub.flags, '--subscribers', '5', '--events', '20', '--settle', '500ms', '--patience', '1s');
  await ending;
  assert.equal(sent, 12);
  assert.equal(report.streams_ended, 2);
  assert.equal(report.lost, 2 * 14);
  assert.equal(report.delivered, 3 * 20 + 12);
  assert.equal(report.code, 1);
});

// A server that answers as told: listen(request, response, body).
async function startServer(t, answer) {
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (more) => { body += more; }).on('end', () => answer(request, response, body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${server.address().port}`;
}

const openStream = (response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.write(': hi\n\n');
};
const OTHER = ['--hub', 'other', '--subscribe-path', '/sub', '--publish-path', '/pub'];

test('streams that are refused are counted, and the status is told', async (t) => {
  let asked = 0;
  const url = await startServer(t, (request, response) => {
    if (++asked > 3) openStream(response);
    else response.writeHead(503).end('full');
  });
  const report = await bench(url, ...OTHER, '--subscribers', '8', '--events', '5');
  assert.equal(report.streams_failed, 3);
  assert.equal(report.streams, 5);
  assert.equal(report.published, 0);
  assert.equal(report.lost, 0); // nothing was published
  assert.equal(report.failure, 'the hub answered a subscriber with 503');
  assert.equal(report.code, 1);
});

test('a publish that is never answered is told as that', async (t) => {
  let published = 0;
  const streams = [];
  const url = await startServer(t, (request, response, body) => {
    if (request.method === 'GET') {
      openStream(response);
      streams.push(response);
      return;
    }
    for (const stream of streams) stream.write(`data: ${body}\n\n`);
    if (++published < 5) response.end();
  });
  const report = await bench(url, ...OTHER, '--subscribers', '2', '--events', '9', '--patience', '500ms');
  assert.equal(report.published, 4);
  assert.equal(report.unanswered, 1);
  assert.equal(report.delivered, 10); // it came all the same
  assert.equal(report.lost, 0);
  assert.equal(report.failure, 'given up while delivering: nothing came for 0.5 s');
  assert.equal(report.code, 1);
});

test('a publish that is refused is told with what the hub says', async (t) => {
  const url = await startServer(t, (request, response) => {
    if (request.method === 'GET') openStream(response);
    else response.writeHead(401).end('no\ntoken');
  });
  const report = await bench(url, ...OTHER, '--subscribers', '1');
  assert.equal(report.failure, 'a publish was answered with 401: no token');
  assert.equal(report.unanswered, 1);
  assert.equal(report.code, 1);
});

test('a server that is none, or speaks no HTTP, is told as that', async (t) => {
  const server = net.createServer((socket) => { socket.end('SSH-2.0-OpenSSH_9.2\r\n'); socket.resume(); });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  const report = await bench(url, '--subscribers', '2');
  assert.equal(report.failure, 'a subscriber was answered with what is no HTTP');
  assert.equal(report.streams_failed, 2);
  server.close();
  await once(server, 'close');
  const none = await bench(url, '--subscribers', '2', '--processes', '2');
  assert.equal(none.failure, 'a subscriber cannot connect: Connection refused');
  assert.equal(none.code, 1);
});

test('a hub that closes after each answer is published to all the same', async (t) => {
  const streams = [];
  const url = await startServer(t, (request, response, body) => {
    if (request.method === 'GET') {
      openStream(response);
      streams.push(response);
      return;
    }
    for (const stream of streams) stream.write(`data: ${body}\n\n`);
    response.writeHead(200, { Connection: 'close' }).end('ok');
  });
  assertGood(await bench(url, ...OTHER, '--subscribers', '3', '--events', '30'), { delivered: 90, published: 30 });
});

test('a hub may wrap what was published in text of its own', async (t) => {
  const streams = [];
  const url = await startServer(t, (request, response, body) => {
    if (request.method === 'GET') {
      openStream(response);
      streams.push(response);
      return;
    }
    const { to, text } = JSON.parse(body);
    assert.equal(request.headers['content-type'], 'application/json');
    assert.equal(request.headers['x-key'], 'secret');
    assert.equal(to, 'bench-0');
    for (const stream of streams) stream.write(`data: ${JSON.stringify({ push: { text } })}\n\n`);
    response.end();
  });
  assertGood(await bench(`${url}/api/`, '--hub', 'other', '--subscribe-path', '/sub', '--publish-path', `${url}/pub`,
    '--publish-type', 'application/json', '--publish-body', '{"to":"{channel}","text":"{data}"}', '--publish-header', 'X-Key: {token}',
    '--token', 'secret', '--event-data', '{"push":{"text":"{data}"}}', '--subscribers', '3', '--events', '20'), { delivered: 60 });
});

// --- Freshet ---

test('Freshet is good in every way of coming and going', async (t) => {
  const hub = await startHub(t);
  const pid = ['--pid', String(hub.pid)];
  const live = await bench(hub.url, ...pid, '--subscribers', '50', '--events', '200', '--settle', '100ms');
  assertGood(live, { hub: 'freshet', when: 'live', streams: 50, published: 200, delivered: 10_000, expected: 10_000, answers: 200 });
  assert.equal(sum(live.latency_histogram), 10_000);
  assert.ok(live.latency_p50_ms > 0 && live.latency_p50_ms <= live.latency_p99_ms && live.latency_p99_ms <= live.latency_max_ms);
  assert.ok(live.bytes > 10_000 * 150 && live.bytes_per_second > 0 && live.connects_per_second > 0);
  assert.equal(live.server.processes, 1);
  for (const key of ['connect_cpu_us', 'publish_cpu_us', 'delivery_cpu_us', 'own_before', 'own_idle', 'own_peak']) {
    assert.ok(live.server[key] > 0, key);
  }
  assert.equal((await metrics(hub)).freshet_deliveries_total, 10_000);

  assertGood(await bench(hub.url, '--when', 'return', '--channel', 'r-{n}', '--subscribers', '40', '--events', '50'),
    { when: 'return', published: 50, delivered: 2000, expected: 2000 });
  const after = await bench(hub.url, ...pid, '--when', 'after', '--channel', 'a-{n}', '--channels', '10', '--events', '100',
    '--subscribers', '30', '--publishers', '5');
  assertGood(after, { when: 'after', delivered: 300 });
  assert.ok(after.server.publish_cpu_us > 0);
  assertGood(await bench(hub.url, '--when', 'after', '--channel', 'e-{n}', '--channels', '4', '--per-stream', '2', '--events', '40',
    '--subscribers', '6'), { delivered: 120 });
  assertGood(await bench(hub.url, '--channel', 'b-{n}', '--channels', '6', '--per-stream', '3', '--stride', '2', '--events', '600', '--batch', '50',
    '--publishers', '2', '--subscribers', '20'), { delivered: 6000, answers: 12 });
  assertGood(await bench(hub.url, '--channel', 'c-{n}', '--events', '250', '--batch', '100', '--subscribers', '0'), { published: 250, answers: 3 });
  assertGood(await bench(hub.url, '--channel', 'd-{n}', '--events', '20', '--rate', '100', '--stuck', '5', '--subscribers', '5', '--size', '5000'),
    { streams: 10, delivered: 100 });
});

test('what an earlier run left in the history is none of this run', async (t) => {
  const hub = await startHub(t);
  await bench(hub.url, '--events', '70', '--subscribers', '0', '--channels', '2');
  const report = await bench(hub.url, '--when', 'after', '--events', '30', '--subscribers', '4');
  assert.equal(report.foreign, 4 * 35);
  assertGood({ ...report, foreign: 0 }, { delivered: 120 });
});

test('several processes and local addresses share the streams', async (t) => {
  const hub = await startMischief(t, { events: 50, group: 1, choose: () => 'pass' });
  const report = await bench(hub.url, ...hub.flags, '--processes', '3', '--subscribers', '31', '--events', '100', '--channels', '2',
    '--source', '127.0.0.2', '--source', '127.0.0.3');
  assertGood(report, { streams: 31, delivered: 16 * 50 + 15 * 50 });
  assert.deepEqual(report.generator.processes, 3);
  assert.deepEqual([...hub.sources].sort(), ['127.0.0.2', '127.0.0.3']);
  const names = hub.subscribers.map(({ names: [name] }) => name);
  assert.equal(names.filter((name) => name === 'bench-0').length, 16); // each stream is there once
  const ours = await startHub(t);
  for (const when of ['live', 'return']) {
    assertGood(await bench(ours.url, '--when', when, '--channel', `${when}-{n}`, '--processes', '3', '--subscribers', '100', '--stuck', '4',
      '--events', '200'), { streams: 104, delivered: 20_000 });
  }
});

test('Freshet says where there is a gap, and bench tells it', async (t) => {
  const hub = await startHub(t, ['--history', '10']);
  const report = await bench(hub.url, '--when', 'return', '--subscribers', '4', '--events', '50', '--patience', '1s');
  assert.equal(report.gaps, 4);
  assert.equal(report.lost, 4 * 40);
  assert.equal(report.delivered, 4 * 10);
  assert.equal(report.code, 1);
});

// --- hubs that we did not write ---

async function startNchan(t) {
  const dir = await mkdtemp(path.join(tmpdir(), 'freshet-nchan-'));
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await writeFile(path.join(dir, 'conf'), `
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off; worker_processes 2; pid ${dir}/pid; error_log stderr crit;
events { worker_connections 1000; }
http {
  access_log off;
  client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi; scgi_temp_path ${dir}/scgi;
  server {
    listen 127.0.0.1:${port};
    location = /sub { nchan_subscriber; nchan_channel_id $arg_id; nchan_channel_id_split_delimiter ","; }
    location = /pub { nchan_publisher; nchan_channel_id $arg_id; nchan_message_buffer_length 1000; }
  }
}`);
  const nginx = spawn('setpriv', ['--pdeathsig', 'TERM', 'nginx', '-p', dir, '-c', path.join(dir, 'conf'), '-e', 'stderr'],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
  const ended = once(nginx, 'close');
  let log = '';
  nginx.stderr.on('data', (bytes) => { log += bytes; });
  t.after(async () => {
    nginx.kill('SIGTERM');
    await within(ended, 'nginx ends');
    await rm(dir, { recursive: true });
  });
  const reachable = () => new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); }).on('error', () => resolve(false));
  });
  await until(reachable, () => `nginx starts: ${log}`);
  return { url: `http://127.0.0.1:${port}`, pid: nginx.pid };
}

test('nchan is understood by its preset', async (t) => {
  const nchan = await startNchan(t);
  const flags = ['--hub', 'nchan', '--pid', String(nchan.pid)];
  // nginx closes a connection after 1,000 requests; that is no fault
  const live = await bench(nchan.url, ...flags, '--subscribers', '20', '--events', '1500');
  assertGood(live, { hub: 'nchan', delivered: 30_000, published: 1500 });
  assert.equal(live.server.processes, 3); // the master and its workers
  assert.ok(live.server.delivery_cpu_us > 0 && live.server.own_idle > 0);
  assertGood(await bench(nchan.url, ...flags, '--when', 'return', '--channel', 'r-{n}', '--subscribers', '30', '--events', '40'), { delivered: 1200 });
  assertGood(await bench(nchan.url, ...flags, '--channel', 'm-{n}', '--channels', '4', '--per-stream', '2', '--publishers', '2',
    '--subscribers', '20', '--events', '100'), { delivered: 1000 });
});

// As the Mercure specification has it, without rights for subscribers.
async function startMercure(t, token) {
  const events = [];
  const streams = [];
  const send = (stream, { id, topic, data }) => {
    if (stream.topics.includes(topic)) stream.response.write(`id: ${id}\ndata: ${data}\n\n`);
  };
  return startServer(t, (request, response, body) => {
    const url = new URL(request.url, 'http://mercure');
    assert.equal(url.pathname, '/.well-known/mercure');
    if (request.method === 'GET') {
      const stream = { topics: url.searchParams.getAll('topic'), response };
      openStream(response);
      streams.push(stream);
      const after = events.findIndex(({ id }) => id === request.headers['last-event-id']);
      if (after >= 0) events.slice(after + 1).forEach((event) => send(stream, event));
      return;
    }
    if (request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401).end('Unauthorized');
      return;
    }
    const form = new URLSearchParams(body);
    const event = { id: `urn:uuid:${crypto.randomUUID()}`, topic: form.get('topic'), data: form.get('data') };
    events.push(event);
    streams.forEach((stream) => send(stream, event));
    response.end(event.id);
  });
}

test('Mercure is understood by its preset', async (t) => {
  const url = await startMercure(t, 'e30.e30.x');
  const flags = ['--hub', 'mercure', '--channel', 'https://example.com/b ä/{n}'];
  const refused = await bench(url, ...flags, '--subscribers', '2', '--events', '3');
  assert.equal(refused.failure, 'a publish was answered with 401: Unauthorized');
  flags.push('--token', 'e30.e30.x');
  assertGood(await bench(url, ...flags, '--subscribers', '10', '--events', '60', '--channels', '3', '--per-stream', '2'), { hub: 'mercure', delivered: 400 });
  assertGood(await bench(url, ...flags, '--when', 'return', '--subscribers', '10', '--events', '30'), { delivered: 300 });
});

// --- what people see ---

test('in a pipe the report is plain', async (t) => {
  const hub = await startHub(t);
  const program = run(['bench', '--subscribers', '20', '--events', '300', '--pid', String(hub.pid), ...QUICK, hub.url]);
  const { code } = await within(program.ended, 'the end of bench');
  assert.equal(code, 0);
  assert.equal(program.log, '');
  assert.doesNotMatch(program.out, /[\x1b\r\t]/);
  assert.match(program.out, /^ {2}arrived +6,000 of 6,000$/m);
  assert.match(program.out, /^ {2}lost +0$/m);
  assert.match(program.out, /^ {2}CPU a delivery +[\d.]+ [µm]s, with the publishing$/m);
  assert.match(program.out, /^Good: every event came once, whole and in order\.$/m);
  const bars = [...program.out.matchAll(/^ {2}up to +[\d.]+ \S+ +(█*) +([\d,]+) +[\d.]+ %$/gm)];
  assert.ok(bars.length >= 1 && bars.length <= 12, program.out);
  assert.equal(bars.reduce((all, [, , count]) => all + Number(count.replaceAll(',', '')), 0), 6000);
  for (const [line, bar, count] of bars) assert.equal(bar.length > 0, count !== '0', line);
  for (const line of program.out.split('\n')) assert.ok([...line].length <= 80, line);
});

test('what is wrong stands in the report', async (t) => {
  let groups = 0;
  const hub = await startMischief(t, { events: 60, choose: () => ['repeat', 'lose', 'reverse'][groups++] ?? 'pass' });
  const program = run(['bench', ...hub.flags, '--subscribers', '1', '--events', '60', ...QUICK, hub.url]);
  assert.equal((await within(program.ended, 'the end of bench')).code, 1);
  for (const row of ['repeated +10', 'lost +10', 'out of order +9']) assert.match(program.out, new RegExp(`^ {2}${row}$`, 'm'));
  assert.match(program.out, /^NOT GOOD\.$/m);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`${signal} ends a run, which is reported as far as it came`, async (t) => {
    const hub = await startHub(t);
    const args = ['bench', '--json', '--subscribers', '4', '--processes', '2', '--events', '100000', '--rate', '50', '--settle', '0ms', hub.url];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', FRESHET, ...args], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '', log = '';
    child.stdout.on('data', (bytes) => { out += bytes; });
    child.stderr.on('data', (bytes) => { log += bytes; });
    const ended = once(child, 'close');
    await until(async () => (await metrics(hub)).freshet_events_out_total >= 10, 'it publishes');
    process.kill(-child.pid, signal); // to all its processes, as a terminal does
    assert.deepEqual(await within(ended, () => `the end of bench: ${log}`), [1, null], log);
    const report = JSON.parse(out);
    assert.deepEqual([log, report.good, report.failure], ['', false, `given up while delivering: ${signal}`]);
    assert.ok(report.delivered >= 10 && report.lost === 0, out);
  });
}

test('at a terminal a line of progress is written over, and is gone in the end', async (t) => {
  const hub = await startHub(t);
  const columns = 60;
  const args = ['bench', '--subscribers', '20', '--events', '100', '--rate', '100', ...QUICK, hub.url];
  const { code, bytes } = await within(inTerminal(FRESHET, args, { columns }), 'the end of bench');
  assert.equal(code, 0, bytes);
  const shown = [...bytes.matchAll(/\r\x1b\[K([^\r\n\x1b]+)/g)].map(([, line]) => line);
  assert.ok(shown.some((line) => /^delivering, \d+ s left: 20 of 20 streams/.test(line)), JSON.stringify(shown));
  for (const line of shown) assert.ok([...line].length < columns, line);
  const left = screen(bytes);
  assert.equal(left[0], `${hub.url} (freshet)`);
  assert.ok(!left.some((line) => / s left: /.test(line)), left.join('\n'));
  assert.ok(left.some((line) => line.startsWith('Good: ')));
});

test('help is worth reading, and what is wrong with a flag is told', async () => {
  const help = run(['bench', '--help']);
  assert.deepEqual(await help.ended, { code: 0, signal: null });
  for (const flag of ['--subscribers N', '--hub HUB', '--publish-body TEMPLATE', '--pid PID']) assert.ok(help.out.includes(flag), flag);
  assert.ok(help.out.includes('freshet bench --hub nchan'));
  for (const line of help.out.split('\n')) assert.ok([...line].length <= 100, line);
  for (const [args, said] of [
    [[], 'the URL of one hub is wanted'],
    [['--subscribers', 'many', 'http://127.0.0.1:1'], '--subscribers'],
    [['--hub', 'other', 'http://127.0.0.1:1'], 'give --subscribe-path'],
    [['https://127.0.0.1:1'], 'TLS is not spoken'],
    [['--pid', '999999999', 'http://127.0.0.1:1'], 'there is no such process'],
  ]) {
    const program = run(['bench', ...args]);
    assert.deepEqual(await program.ended, { code: 2, signal: null });
    assert.match(program.log, /^freshet bench: /);
    assert.ok(program.log.includes(said), program.log);
    assert.equal(program.out, '');
  }
});
