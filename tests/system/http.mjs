// Connections that send exactly the bytes they are told to, and read answers strictly.
import assert from 'node:assert/strict';
import net from 'node:net';
import { within } from './hub.mjs';

export class Connection {
  // host and port: the hub's, or those of something that stands before it.
  constructor(hub, { port = hub.port, host = hub.host, allowHalfOpen = true } = {}) {
    Object.assign(this, { bytes: Buffer.alloc(0), waiting: [], ended: null, hub });
    this.socket = net.connect({ host, port, allowHalfOpen });
    this.socket.setNoDelay(true);
    hub.sockets.add(this.socket);
    this.socket.on('data', (chunk) => {
      this.bytes = this.bytes.length ? Buffer.concat([this.bytes, chunk]) : chunk;
      this.wake();
    });
    const end = (how) => {
      this.ended ??= how;
      this.wake();
    };
    this.socket.on('end', () => end('end'));
    this.socket.on('error', (error) => end(error.code));
    this.socket.on('close', () => {
      end('close');
      hub.sockets.delete(this.socket);
    });
  }

  wake() {
    for (const check of this.waiting.splice(0)) check();
  }

  send(bytes) {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  // Half-closes: nothing more is sent, everything is still read.
  finish() {
    this.socket.end();
    return this;
  }

  // Waits until take() returns something other than undefined.
  async wait(take, what) {
    const found = new Promise((resolve, reject) => {
      const check = () => {
        try {
          const value = take();
          if (value !== undefined) resolve(value);
          else this.waiting.push(check);
        } catch (error) {
          reject(error);
        }
      };
      check();
    });
    return within(found, () => `${what}; so far: ${JSON.stringify(this.bytes.toString('latin1').slice(-300))}, ended: ${this.ended}`);
  }

  // Takes bytes up to and with the mark.
  to(mark) {
    return this.wait(() => {
      const at = this.bytes.indexOf(mark);
      if (at >= 0) return this.take(at + mark.length).toString('latin1');
      assert.equal(this.ended, null, `ended before ${JSON.stringify(mark)}: ${this.bytes.toString('latin1')}`);
      return undefined;
    }, `bytes up to ${JSON.stringify(mark)}`);
  }

  exactly(size) {
    return this.wait(() => {
      if (this.bytes.length >= size) return this.take(size);
      assert.equal(this.ended, null, `ended with ${this.bytes.length} of ${size} bytes`);
      return undefined;
    }, `${size} bytes`);
  }

  take(size) {
    const taken = this.bytes.subarray(0, size);
    this.bytes = this.bytes.subarray(size);
    return taken;
  }

  async head() {
    const [first, ...lines] = (await this.to('\r\n\r\n')).slice(0, -4).split('\r\n');
    const match = /^HTTP\/1\.1 (\d{3}) ([ -~]+)$/.exec(first);
    assert.ok(match, `a status line: ${first}`);
    const headers = {};
    for (const line of lines) {
      const pair = /^([A-Za-z-]+): ([ -~]*)$/.exec(line);
      assert.ok(pair, `a header line: ${line}`);
      assert.ok(!(pair[1].toLowerCase() in headers), `${pair[1]} once`);
      headers[pair[1].toLowerCase()] = pair[2];
    }
    return { status: Number(match[1]), headers };
  }

  // The next answer with its body, which must have a Content-Length: { status, headers, text, json }.
  async answer() {
    const { status, headers } = await this.head();
    assert.match(headers['content-length'] ?? '', /^\d+$/, 'answers have a length');
    const text = (await this.exactly(Number(headers['content-length']))).toString();
    return { status, headers, text, json: /json/.test(headers['content-type']) ? JSON.parse(text) : undefined };
  }

  // Wants the peer to close, and nothing to stand before that.
  async closed() {
    await this.wait(() => this.ended ?? undefined, 'the connection to be closed');
    assert.equal(this.bytes.toString('latin1'), '', 'nothing before the end');
    assert.equal(this.ended, 'end', 'a clean end');
    this.socket.destroy();
  }

  destroy() {
    this.socket.destroy();
  }

  // Goes without a goodbye: the peer gets a reset.
  reset() {
    this.socket.resetAndDestroy();
  }
}

// A whole request as bytes. headers: lines.
export function requestBytes(method, target, { version = '1.1', host = 'hub', headers = [], body } = {}) {
  const lines = [`${method} ${target} HTTP/${version}`, `Host: ${host}`, ...headers];
  const content = body === undefined ? Buffer.alloc(0) : Buffer.from(body);
  if (body !== undefined && !headers.some((line) => /^transfer-encoding/i.test(line))) lines.push(`Content-Length: ${content.length}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), content]);
}

export function chunked(...parts) {
  return Buffer.concat([...parts, ''].map((part) => {
    const bytes = Buffer.from(part);
    return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from(bytes.length ? '\r\n' : '\r\n')]);
  }));
}
