// `freshet sub` as tests run it, in a pipe or on a terminal, and servers for it that say what they are told.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { FRESHET, until, within } from './hub.mjs';

class Sub {
  constructor(child) {
    Object.assign(this, { child, bytes: Buffer.alloc(0), log: '' });
    child.stdout.on('data', (bytes) => { this.bytes = Buffer.concat([this.bytes, bytes]); });
    child.stderr.on('data', (bytes) => { this.log += bytes; });
    this.ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  get out() { return this.bytes.toString(); }

  // Waits until what was printed, or said, holds this.
  printed(text) { return until(() => this.out.includes(text), () => `${JSON.stringify(text)} in ${JSON.stringify(this.out.slice(-500))}; it says: ${this.log}`); }
  said(pattern) { return until(() => pattern.exec(this.log), () => `${pattern} in what it says: ${this.log}`); }

  // Its end, which must have this status.
  async end(status = 0) {
    const ended = await within(this.ended, () => `sub does not end; it printed ${this.out.slice(-500)} and says: ${this.log}`);
    assert.deepEqual(ended, { code: status, signal: null }, `${this.out.slice(-500)}\n${this.log}`);
    return this.out;
  }

  async stop(status = 0) {
    this.child.kill('SIGTERM');
    return this.end(status);
  }
}

function start(t, command, { env = {}, stdin = 'ignore' } = {}) {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^FRESHET_|^NO_COLOR$|_proxy$/i.test(name)));
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: [stdin, 'pipe', 'pipe'], env: { ...clean, ...env } });
  t.after(() => child.kill('SIGKILL'));
  return new Sub(child);
}

// In a pipe. hub: where its channels are; may be left out for a URL.
export function sub(t, hub, args, { env } = {}) {
  return start(t, [FRESHET, 'sub', ...args], { env: { ...(hub && { FRESHET_URL: hub.url }), ...env } });
}

// On a terminal of so many columns, which gives what it is sent with CR LF for LF, standard error among it.
export function subOnTerminal(t, hub, args, { columns = 80, env } = {}) {
  const quoted = [FRESHET, 'sub', ...args].map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(' ');
  return start(t, ['script', '-qefc', `stty cols ${columns} && exec ${quoted}`, '/dev/null'],
    { env: { TERM: 'xterm', SHELL: '/bin/sh', ...(hub && { FRESHET_URL: hub.url }), ...env }, stdin: 'pipe' });
}

// A server that gives each request to answer(socket, head, number), which writes bytes and ends the socket as it
// likes. { url, heads, sockets }, heads as Latin-1.
export async function startServer(t, answer) {
  const server = net.createServer();
  const made = { heads: [], sockets: new Set(), server };
  server.on('connection', (socket) => {
    let head = '';
    made.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {}).on('close', () => made.sockets.delete(socket));
    socket.on('data', (bytes) => {
      head += bytes.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      made.heads.push(head);
      const whole = head;
      head = '';
      answer(socket, whole, made.heads.length);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of made.sockets) socket.destroy();
  });
  made.url = `http://127.0.0.1:${server.address().port}`;
  return made;
}

export const STREAM = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n';
export const OVER = 'HTTP/1.1 204 No Content\r\n\r\n';

// Answers in turn; the last holds for all after it. A text is sent and the connection closed.
export const inTurn = (...answers) => (socket, head, number) => socket.end(Buffer.from(answers[Math.min(number, answers.length) - 1]));

// A way to the server at `port` that is cut after below(most) bytes of each answer, behind `least` of them, until
// `uncut` says so. { url, cuts }
export async function startCutter(t, port, { least, cutAfter, uncut = () => false }) {
  const way = { cuts: 0 };
  const server = net.createServer((client) => {
    const upstream = net.connect({ port, host: '127.0.0.1' });
    let left = least + cutAfter();
    const close = () => {
      client.destroy();
      upstream.destroy();
    };
    upstream.on('error', close).on('close', () => client.end());
    client.on('error', close).on('close', close).pipe(upstream);
    upstream.on('data', (bytes) => {
      if (bytes.length < left || uncut()) {
        left -= bytes.length;
        client.write(bytes);
        return;
      }
      way.cuts++;
      upstream.destroy();
      client.write(bytes.subarray(0, left));
      if (way.cuts % 2) client.end(); // cut in an orderly way, or not
      else client.resetAndDestroy();
    });
    t.after(close);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  way.url = `http://127.0.0.1:${server.address().port}`;
  return way;
}
