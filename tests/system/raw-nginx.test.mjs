// The table of raw requests (raw-table.mjs) with nginx in front: two parsers must agree where each
// request ends. Behind every row come two honest requests, one in the same packet and one from
// another client over the same connection between nginx and the hub; nothing of the row may be in
// their answers, and the hub sees no request that nobody sent.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { metrics, publish, startHub, until, within } from './hub.mjs';
import { requestBytes } from './http.mjs';
import { TABLE, publishes } from './raw-table.mjs';
import { subscribe } from './sse.mjs';

// What nginx (1.22) does not refuse but mends: the hub gets a request that nothing is wrong with.
// Later versions may refuse more of it.
const MENDED = new Set([
  'a whole URL with a port that is none', 'a URL of another scheme', 'two spaces behind the method',
  'two spaces before the version', 'a space behind the version', 'HTTP/0.9: no version', 'no version, but headers', 'HTTP/1.2',
  'HTTP/1.10', 'line ends without CR', 'a request line that ends in LF', 'a header that ends in LF', 'a head that ends in LF',
  'a header and a head that end in LF', 'an LF in front', 'five empty lines in front', 'a CR in front',
  'a CR too many at a line\'s end', 'a header without a colon', 'a header\'s name that is no ASCII',
  'a header\'s name in brackets', 'a header\'s name with a slash', 'a chunk size before a space', 'a chunk size before a tab',
  'a space before an extension', 'a chunk size with too many zeros', 'a chunk with LF behind', 'a chunk size ended by LF',
  'an extension ended by LF', 'a NUL in an extension', 'an extension of 257 bytes', 'an extension of 20 KiB',
  'a last chunk with a space', 'a last chunk ended by LF', 'an end without CR', 'LFs all the way',
  'no end behind the last chunk', 'a trailer without a colon', 'a trailer without a name',
  'a trailer with a space before the colon', 'a trailer on two lines', 'a trailer ended by LF', 'a trailer with a NUL',
  'trailers of 5000 bytes',
]);

// One connection to the hub for all clients, nothing collected on the way, and limits so wide that
// the hub's count. Clients shut their side behind what they send; nginx answers them all the same.
const config = (hub, dir) => `
daemon off; master_process off; pid ${dir}/pid; error_log stderr crit;
events { worker_connections 100; }
http {
  access_log off; server_tokens off;
  client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi; scgi_temp_path ${dir}/scgi;
  large_client_header_buffers 8 64k; client_max_body_size 0;
  map $http_host $named { '' none; default $http_host; }
  upstream hub { server ${hub.address}; keepalive 1; }
  server {
    listen unix:${dir}/socket;
    location / {
      proxy_pass http://hub; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $named;
      proxy_request_buffering off; proxy_buffering off; proxy_next_upstream off; proxy_ignore_client_abort on;
    }
  }
}`;

async function startNginx(t, hub) {
  const dir = await mkdtemp(path.join(tmpdir(), 'freshet-nginx-'));
  await writeFile(path.join(dir, 'conf'), config(hub, dir));
  const nginx = spawn('setpriv', ['--pdeathsig', 'KILL', 'nginx', '-p', dir, '-c', path.join(dir, 'conf'), '-e', 'stderr'],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
  const ended = new Promise((resolve) => nginx.once('close', resolve));
  nginx.log = '';
  nginx.stderr.on('data', (bytes) => { nginx.log += bytes; });
  t.after(async () => {
    nginx.kill('SIGTERM');
    await within(ended, 'nginx ends');
    await rm(dir, { recursive: true });
  });
  nginx.socket = path.join(dir, 'socket');
  await until(() => send(nginx, requestBytes('GET', '/health', { headers: ['Connection: close'] })).then(({ length }) => length > 0, () => false), () => `nginx starts: ${nginx.log}`);
  return nginx;
}

// Sends these bytes on a new connection; all that comes back until it is closed.
function send(nginx, bytes) {
  const socket = net.connect({ path: nginx.socket, allowHalfOpen: true });
  const chunks = [];
  const closed = new Promise((resolve, reject) => {
    socket.on('data', (chunk) => chunks.push(chunk)).on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.on('error', (error) => { if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error); });
  });
  socket.end(bytes);
  return within(closed, () => `nginx closes; so far: ${Buffer.concat(chunks).toString('latin1')}`);
}

// All answers in these bytes: { status, ours, json }; ours: it is the hub's, not nginx's own. What
// does not begin as an answer is one to HTTP/0.9, which has no head.
function answers(text) {
  const all = [];
  while (text) {
    const head = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/.exec(text);
    if (!head) return [...all, { status: 'no head', ours: true, text }];
    const [whole, status, lines] = head;
    const length = Number(/^content-length: (\d+)\r$/im.exec(lines)?.[1] ?? assert.fail(`an answer without a length: ${text}`));
    const body = text.slice(whole.length, whole.length + length);
    assert.equal(body.length, length, `an answer cut short: ${text}`);
    const json = /^content-type: application\/(problem\+)?json\r$/im.test(lines) ? JSON.parse(body) : undefined;
    all.push({ status: Number(status), ours: !body.includes('nginx'), json });
    text = text.slice(whole.length + length);
  }
  return all;
}

// The hub's figures, and how many requests it has answered beside those for figures.
let looks = 0;
async function look(hub) {
  const all = await metrics(hub);
  const answered = ['2xx', '4xx', '5xx'].reduce((sum, status) => sum + all[`freshet_answers_total{status="${status}"}`], 0);
  return { answered: answered - looks++, connections: all.freshet_connections, made: all.freshet_connections_total };
}

test('with nginx in front each raw request is one request or none, and no other gets its answer', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/*');
  const nginx = await startNginx(t, hub);
  const ids = [];
  const count = { 'the same': 0, refused: 0, mended: 0 };
  let before = await look(hub);
  for (const [i, row] of TABLE.entries()) {
    const [what, bytes, status] = row;
    const told = (answer) => `${what}: ${JSON.stringify(answer)}`;
    const honest = (where) => requestBytes('POST', `/publish/${where}-${i}`, { body: what });
    const [first, behind, ...more] = answers(await send(nginx, Buffer.concat([Buffer.from(bytes, 'latin1'), honest('behind')])));
    const [second, ...others] = answers(await send(nginx, honest('second')));

    // The row itself.
    let verdict = 'refused';
    if (first?.ours) verdict = MENDED.has(what) && first.status !== status ? 'mended' : 'the same';
    if (verdict === 'refused' && first) assert.ok(first.status >= 400, told(first));
    if (verdict === 'the same') assert.equal(first.status, status, told(first));
    if (verdict === 'mended') assert.ok([200, 'no head'].includes(first.status), told(first));
    count[verdict]++;
    if (first?.json?.id) {
      assert.equal(first.json.channel, 'a', told(first));
      assert.ok(publishes(row) || verdict === 'mended', told(first));
      ids.push(first.json.id);
    }

    // The honest ones.
    if (behind?.ours) {
      assert.deepEqual([behind.status, behind.json.channel], [200, `behind-${i}`], told(behind));
      ids.push(behind.json.id);
    } else if (behind) {
      assert.ok(behind.status >= 400, told(behind));
    }
    assert.deepEqual([second.status, second.json.channel], [200, `second-${i}`], told(second));
    ids.push(second.json.id);
    assert.deepEqual([...more, ...others], [], `${what}: answers to nothing`);

    // What the hub has seen of it, once it is through with what nginx gave up.
    const after = await until(async () => {
      const now = await look(hub);
      return now.connections === 3 && now; // the stream's, nginx's, and the one for figures
    }, `${what}: connections end`);
    const seen = after.answered - before.answered - (behind?.ours ? 2 : 1);
    assert.ok(seen === 1 || (seen === 0 && !first?.ours), `${what}: the hub saw ${seen} requests`);
    if (behind?.ours || seen === 0) assert.ok(after.made - before.made <= 1, `${what}: both honest requests came over one connection`);
    before = after;
    await stream.first(ids.length);
    assert.deepEqual(stream.events.slice(-5).map(({ id }) => id), ids.slice(-5), `${what}: what was published was answered`);
  }
  assert.equal(stream.events.length, ids.length);
  t.diagnostic(Object.entries(count).map(([verdict, n]) => `${verdict}: ${n}`).join(', '));
  assert.ok(count['the same'] > 50 && count.refused > 50, 'nginx passes some on and refuses some');
});
