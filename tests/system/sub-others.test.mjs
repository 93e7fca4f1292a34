// `freshet sub` against servers that we did not write: nchan, PHP's own, and node's HTTPS and HTTP/2.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { chance, until, within } from './hub.mjs';
import { startCutter, sub } from './sub.mjs';

async function directory(t) {
  const dir = await mkdtemp(path.join(tmpdir(), 'freshet-sub-'));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// Another server, until its port answers. It ends with the test.
async function startOther(t, port, command, options = {}) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: ['ignore', 'ignore', 'pipe'], ...options });
  const ended = once(child, 'close');
  let log = '';
  child.stderr.on('data', (bytes) => { log += bytes; });
  t.after(async () => {
    child.kill('SIGTERM');
    await within(ended, `${command[0]} ends`);
  });
  await until(() => new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' }, () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  }), () => `${command[0]} starts: ${log}`);
}

const lines = (out) => out.split('\n').slice(0, -1).map((line) => JSON.parse(line));

const NCHAN = ['/usr/lib/nginx/modules/ngx_nchan_module.so'].find(existsSync);

test('nchan: everything comes once, although the connection is cut again and again', { skip: !NCHAN && 'nchan is not installed' }, async (t) => {
  const random = chance(t);
  const dir = await directory(t);
  const port = await freePort();
  await writeFile(path.join(dir, 'conf'), `
    load_module ${NCHAN}; daemon off; master_process off; pid ${dir}/pid; error_log stderr crit;
    events { worker_connections 100; }
    http {
      access_log off; client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/fastcgi;
      uwsgi_temp_path ${dir}/uwsgi; scgi_temp_path ${dir}/scgi;
      server {
        listen 127.0.0.1:${port};
        location = /sub { nchan_subscriber eventsource; nchan_channel_id $arg_id; nchan_subscriber_first_message oldest; }
        location = /pub { nchan_publisher; nchan_channel_id $arg_id; nchan_message_buffer_length 10000; nchan_message_timeout 1h; }
      }
    }`);
  await startOther(t, port, ['nginx', '-p', dir, '-c', path.join(dir, 'conf'), '-e', 'stderr'], { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
  const way = await startCutter(t, port, { least: 400, cutAfter: () => random.below(2000) });
  const data = Array.from({ length: 60 }, (_, i) => `${i} é€🌊 ${'x'.repeat(random.below(60))}`);
  const publish = async (text) => {
    const answer = await fetch(`http://127.0.0.1:${port}/pub?id=a`, { method: 'POST', body: text, headers: { 'Content-Type': 'text/plain', 'X-EventSource-Event': 'tick' } });
    assert.ok(answer.ok, `${answer.status}`);
    await answer.text();
  };
  await publish(data[0]);
  const one = sub(t, null, [`${way.url}/sub?id=a`, '--json', '--quiet', '--count', `${data.length}`]);
  for (const text of data.slice(1)) await publish(text);
  const events = lines(await one.end());
  assert.deepEqual(events.map((event) => event.data), data);
  assert.equal(new Set(events.map((event) => event.id)).size, data.length, 'each has its id');
  assert.deepEqual(new Set(events.map((event) => event.event)), new Set(['tick']));
  t.diagnostic(`${way.cuts} cuts`);
  assert.ok(way.cuts > 1, `${way.cuts} cuts`);
});

test('PHP: streams that end are asked for again with the position, until a 204', async (t) => {
  const dir = await directory(t);
  const port = await freePort();
  await writeFile(path.join(dir, 'index.php'), `<?php
    $last = (int) ($_SERVER['HTTP_LAST_EVENT_ID'] ?? 0);
    if ($last >= 9) { http_response_code(204); exit; }
    header('Content-Type: text/event-stream; charset=utf-8');
    echo "retry: 1\\n";
    for ($i = $last + 1; $i <= $last + 3; $i++) { echo "id: $i\\r\\nevent: n\\r\\ndata: line $i\\r\\ndata: é\\r\\n\\r\\n"; flush(); }
    echo "data: cut off";`);
  await startOther(t, port, ['php', '-S', `127.0.0.1:${port}`, '-t', dir]);
  const one = sub(t, null, [`http://127.0.0.1:${port}/`, '--json']);
  assert.deepEqual(lines(await one.end()), Array.from({ length: 9 }, (_, i) => ({ id: `${i + 1}`, event: 'n', data: `line ${i + 1}\né` })));
  assert.match(one.log, /this stream is over \(204\)/);
});

test('HTTPS and HTTP/2: a certificate that is trusted, and one that is not', async (t) => {
  const dir = await directory(t);
  const [key, cert] = ['key', 'cert'].map((name) => path.join(dir, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert,
    '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'pipe' });
  const options = { key: readFileSync(key), cert: readFileSync(cert) };
  const versions = [];
  const answer = (request, response) => {
    versions.push(request.httpVersion);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.end(`data: ${request.headers['last-event-id'] ?? 'none'}\nid: 1\nretry: 0\n\n`);
  };
  for (const [version, server] of [['1.1', https.createServer(options, answer)], ['2.0', http2.createSecureServer(options, answer)]]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const url = `https://127.0.0.1:${server.address().port}/`;
    const trusting = sub(t, null, [url, '--ca-file', cert, '--count', '2', '--quiet']);
    assert.equal(await trusting.end(), 'none\n1\n');
    assert.equal(versions.at(-1), version);
    const wary = sub(t, null, [url]);
    assert.equal(await wary.end(1), '');
    assert.match(wary.log, /^freshet: cannot reach 127\.0\.0\.1:\d+: SSL certificate problem: /);
  }
});
