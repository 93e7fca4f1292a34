// `freshet pub` as tests run it, in a pipe or on a terminal, and what stands between it and a hub.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FRESHET, until, within } from './hub.mjs';

class Pub {
  constructor(child) {
    Object.assign(this, { child, out: '', log: '' });
    child.stdout.on('data', (bytes) => { this.out += bytes; });
    child.stderr.on('data', (bytes) => { this.log += bytes; });
    child.stdin?.on('error', () => {}); // it may end before it has read all
    this.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  write(text) {
    this.child.stdin.write(text);
    return this;
  }

  // How much it has read, of whatever.
  get read() { return Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${this.child.pid}/io`))[1]); }

  said(pattern) { return until(() => pattern.exec(this.log), () => `${pattern} in what it says: ${this.log}`); }

  // Its end, which must have this status; gives what it printed.
  async end(status = 0) {
    const ended = await within(this.ended, () => `pub does not end; it says: ${this.log}`);
    assert.deepEqual(ended, { code: status, signal: null }, this.log);
    return this.out;
  }
}

const environment = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^FRESHET_|^NO_COLOR$|_proxy$/i.test(name)));

function start(t, command, { url, input, stdin = 'pipe', env = {} }) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: [stdin, 'pipe', 'pipe'], env: { ...environment(), ...(url && { FRESHET_URL: url }), ...env } });
  t.after(() => child.kill('SIGKILL'));
  const pub = new Pub(child);
  if (input !== undefined) child.stdin.end(input);
  return pub;
}

// In a pipe. hub: anything with a url. input: all of standard input; from: a command whose output it is; without
// either the caller writes.
export function pub(t, hub, args, { input, stdin, from } = {}) {
  const source = from && spawn(from[0], from.slice(1), { stdio: ['ignore', 'pipe', 'ignore'] });
  const one = start(t, [FRESHET, 'pub', ...args], { url: hub?.url, input, stdin: source?.stdout ?? stdin });
  source?.stdout.destroy(); // pub has its own
  return one;
}

// On a terminal of so many columns, which has standard error; file: standard input.
export function pubOnTerminal(t, hub, args, { file, pipe, columns = 80, env } = {}) {
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const command = [FRESHET, 'pub', ...args].map(quote).join(' ');
  const whole = `stty cols ${columns} && ${pipe ? `${pipe} | ${command}` : `exec ${command}${file ? ` < ${quote(file)}` : ''}`}`;
  return start(t, ['script', '-qefc', whole, '/dev/null'], { url: hub?.url, env: { TERM: 'xterm', SHELL: '/bin/sh', ...env } });
}

// A file for one test.
export function makeFile(t, bytes) {
  const directory = mkdtempSync(path.join(tmpdir(), 'freshet-pub-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const name = path.join(directory, 'lines');
  writeFileSync(name, bytes);
  return name;
}

async function listen(t, server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

// As deepEqual for long lists, but says only where they part.
export function assertSame(actual, expected) {
  const at = expected.findIndex((one, i) => actual[i] !== one);
  if (at >= 0) assert.fail(`entry ${at} is ${JSON.stringify(actual[at])}, not ${JSON.stringify(expected[at])}; ${actual.length} of ${expected.length} entries`);
  assert.equal(actual.length, expected.length);
}

export const ids = (batch) => batch.map(({ idempotency_key: key }) => Number(/-(\d+)$/.exec(key)[1]));

const publishedAnswer = ({ type, body }) => {
  const lines = type === 'application/x-ndjson' ? body.split('\n').length - 1 : 0;
  return { status: 200, json: { status: 'published', ...(lines ? { count: lines, last_id: `7-${lines}` } : { id: '7-0', channel: 'a' }) } };
};

// A server that answers POSTs as told: answer(request, number) gives { status, headers, json or text }, nothing for
// an answer as a hub gives it, or null to break the connection. { url, requests, connections }; a request is
// { target, headers, type, body, lines }.
export async function startServer(t, answer = () => undefined) {
  const made = { requests: [], connections: 0 };
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk)).on('error', () => {});
    request.on('end', async () => {
      const taken = { target: request.url, headers: request.headers, type: request.headers['content-type'], body: Buffer.concat(chunks).toString() };
      taken.lines = taken.type === 'application/x-ndjson' ? taken.body.split('\n').slice(0, -1).map((line) => JSON.parse(line)) : [];
      made.requests.push(taken);
      const said = await answer(taken, made.requests.length);
      if (said === null) {
        request.socket.destroy();
        return;
      }
      const { status, headers = {}, json, text = '' } = said ?? publishedAnswer(taken);
      const type = !json ? 'text/plain' : status < 400 ? 'application/json' : 'application/problem+json';
      response.writeHead(status, { 'Content-Type': type, ...headers });
      response.end(json ? JSON.stringify(json) : text);
    });
  });
  server.on('connection', () => { made.connections++; });
  made.url = await listen(t, server);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return made;
}

// A way to the hub at `port`, on which each request has a fate: 'whole', or the connection is cut 'before' the request
// has arrived whole, 'after' it has (no answer comes), or in the 'middle' of the answer. For one request at a time.
// { url, fates, answered }: fates met, and the numbers of lines whose 200 came through.
export async function startWay(t, port, fateOf) {
  const way = { fates: [], answered: [] };
  const server = net.createServer((client) => {
    const upstream = net.connect({ port, host: '127.0.0.1' });
    let fate, request = '';
    const close = () => {
      client.destroy();
      upstream.destroy();
    };
    client.on('error', close).on('close', close);
    upstream.on('error', close).on('close', close);
    client.on('data', (bytes) => {
      if (!request) way.fates.push(fate = fateOf());
      request += bytes.toString('latin1');
      if (fate === 'before') {
        upstream.write(bytes.subarray(0, Math.floor(bytes.length / 2)), close);
        return;
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (fate === 'after') close();
      else if (fate === 'middle') client.write(bytes.subarray(0, bytes.length - 5), close);
      else {
        if (bytes.toString('latin1').startsWith('HTTP/1.1 200')) way.answered.push(...[...request.matchAll(/idempotency_key":"[^"]*-(\d+)"/g)].map(([, number]) => Number(number)));
        client.write(bytes);
      }
      request = '';
    });
    t.after(close);
  });
  way.url = await listen(t, server);
  t.after(() => server.close());
  return way;
}
