// A strict reader of one stream, for assertions: whatever a lenient client would forgive (a lost
// chunk, an unknown field, an id that does not rise, a block cut off) makes it fail.
import assert from 'node:assert/strict';
import { Connection, requestBytes } from './http.mjs';
import { within } from './hub.mjs';

const ID = /^(\d{1,15})-(\d{1,5})$/;

export function compareIds(a, b) {
  const [, am, an] = ID.exec(a);
  const [, bm, bn] = ID.exec(b);
  return Number(am) - Number(bm) || Number(an) - Number(bn);
}

class Stream {
  constructor(connection, version) {
    Object.assign(this, {
      connection, version, socket: connection.socket, head: null,
      blocks: [], events: [], gaps: [], position: null, // what came, in order; the newest id of all blocks
      text: '', error: null, done: null, // done: 'complete' (last chunk), 'end' (HTTP/1.0), or why not
      waiting: [], raw: Buffer.alloc(0), size: -1,
      decoder: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }),
    });
  }

  // --- from bytes to text ---

  feed(bytes) {
    try {
      if (this.version === '1.0') this.read(this.decoder.decode(bytes, { stream: true }));
      else this.dechunk(bytes);
    } catch (error) {
      this.fail(error);
    }
    this.wake();
  }

  dechunk(bytes) {
    this.raw = this.raw.length ? Buffer.concat([this.raw, bytes]) : bytes;
    let text = '';
    for (;;) {
      if (this.size < 0) {
        const at = this.raw.indexOf('\r\n');
        if (at < 0) break;
        const line = this.raw.toString('latin1', 0, at);
        assert.match(line, /^[0-9a-f]{1,8}$/, 'a chunk size');
        assert.equal(this.done, null, 'nothing behind the last chunk');
        this.size = parseInt(line, 16);
        this.raw = this.raw.subarray(at + 2);
      }
      if (this.raw.length < this.size + 2) break;
      assert.equal(this.raw.toString('latin1', this.size, this.size + 2), '\r\n', 'a chunk\'s end');
      if (this.size === 0) this.done = 'complete';
      else text += this.decoder.decode(this.raw.subarray(0, this.size), { stream: true });
      this.raw = this.raw.subarray(this.size + 2);
      this.size = -1;
    }
    if (text) this.read(text);
  }

  ended(how) {
    if (this.version === '1.0') this.done ??= how;
    if (this.done && this.text) this.fail(new Error(`the stream ends within a block: ${this.text}`));
    this.done ??= `cut (${how})`;
    this.wake();
  }

  // --- from text to blocks ---

  read(text) {
    const parts = (this.text + text).split('\n\n');
    this.text = parts.pop();
    for (const part of parts) this.take(part);
  }

  take(text) {
    const block = { text, comments: [] };
    for (const line of text.split('\n')) {
      const match = /^(id|event|data|retry|): (.*)$/s.exec(line);
      if (!match || line.includes('\r')) assert.fail(`no line of a block: ${JSON.stringify(line)} in ${JSON.stringify(text)}`);
      const [, field, value] = match;
      if (field === '') block.comments.push(value);
      else if (field === 'data') block.data = block.data === undefined ? value : `${block.data}\n${value}`;
      else if (field in block) assert.fail(`${field} twice in a block: ${text}`);
      else block[field] = value;
    }
    if (block.id !== undefined) this.rise(block.id);
    if (block.retry !== undefined) assert.match(block.retry, /^\d+$/);
    this.blocks.push(block);
    if (block.event === 'freshet.gap') this.takeGap(block);
    else if (block.data !== undefined) this.events.push({ id: block.id, type: block.event, data: block.data });
  }

  rise(id) {
    if (!ID.test(id)) assert.fail(`no id: ${id}`);
    if (this.position !== null && compareIds(id, this.position) <= 0) assert.fail(`ids do not rise: ${id} after ${this.position}`);
    this.position = id;
  }

  takeGap(block) {
    assert.equal(block.id, undefined, 'a notice has no id');
    const gap = JSON.parse(block.data);
    assert.deepEqual(Object.keys(gap).sort(), ['after', 'channels', 'reason', 'until']);
    assert.match(gap.until, ID);
    if (this.position !== null) assert.ok(compareIds(gap.until, this.position) > 0, `a gap is told before ids beyond it: ${block.data} after ${this.position}`);
    if (gap.reason === 'unknown') assert.equal(gap.after, null);
    else assert.ok(compareIds(gap.after, gap.until) < 0, `a gap has a length: ${block.data}`);
    this.gaps.push({ ...gap, before: this.events.length });
  }

  // --- waiting ---

  fail(error) {
    this.error ??= error;
    this.socket.destroy();
    this.wake();
  }

  wake() {
    for (const check of this.waiting.splice(0)) check();
  }

  // Waits until condition(stream) is true. A stream that has ended meanwhile is a failure, unless
  // the condition is about that.
  until(condition, what) {
    const found = new Promise((resolve, reject) => {
      const check = () => {
        if (this.error) reject(this.error);
        else if (condition(this)) resolve();
        else if (this.done) reject(new Error(`the stream ended (${this.done}) before ${what}; it has ${this.summary()}`));
        else this.waiting.push(check);
      };
      check();
    });
    return within(found, () => `${what}; the stream has ${this.summary()}`);
  }

  summary() {
    return `${this.events.length} events, ${this.gaps.length} gaps, position ${this.position}, last ${JSON.stringify(this.events.at(-1))?.slice(0, 200)}`;
  }

  // The first `count` events.
  async first(count) {
    await this.until(() => this.events.length >= count, `${count} events`);
    return this.events.slice(0, count);
  }

  async data(count) {
    return (await this.first(count)).map((event) => event.data);
  }

  // Until an event with this data has come.
  async last(data) {
    await this.until(() => this.events.at(-1)?.data === data || this.events.some((event) => event.data === data), `an event with ${data}`);
    return this.events;
  }

  ending() {
    return this.until(() => this.done !== null, 'the end').then(() => this.done);
  }

  pause() { this.socket.pause(); }
  resume() { this.socket.resume(); }
  close() { this.socket.destroy(); }
}

// Subscribes; the stream is given back once its head was seen, and what is published from then on
// must arrive. headers: lines. opening: wait for the opening block too.
export async function subscribe(hub, target, { version = '1.1', headers = [], position, opening = true, port } = {}) {
  if (position !== undefined) headers = [...headers, `Last-Event-ID: ${position}`];
  const connection = new Connection(hub, { port });
  connection.send(requestBytes('GET', target, { version, headers }));
  const stream = new Stream(connection, version);
  stream.head = await connection.head();
  assert.equal(stream.head.status, 200, connection.bytes.toString());
  assert.equal(stream.head.headers['content-type'], 'text/event-stream');
  connection.socket.removeAllListeners('data');
  connection.socket.on('data', (bytes) => stream.feed(bytes));
  connection.socket.on('end', () => { stream.ended('end'); connection.finish(); }).on('close', () => stream.ended('close'))
    .on('error', (error) => stream.ended(error.code));
  stream.feed(connection.take(connection.bytes.length));
  if (connection.ended) stream.ended(connection.ended);
  if (opening) await stream.until(() => stream.position !== null, 'the opening block');
  return stream;
}
