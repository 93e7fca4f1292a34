// Storms, a process of their own, so that the readers who are measured do not wait for them:
// node storms.mjs KIND PORT COUNT. Each says in lines of JSON how far it is and ends by itself, or, where it
// holds something, when its input ends. What a storm may not be told by a healthy hub makes it fail.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { ask, until, within } from './hub.mjs';

const SOURCES = 8; // addresses to come from: each has its own ports

const say = (counts) => process.stdout.write(`${JSON.stringify(counts)}\n`);
const request = (method, target, more = '') => `${method} ${target} HTTP/1.1\r\nHost: hub\r\n${more}\r\n`;

let opened = 0;

function connect(port) {
  const socket = net.connect({ host: '127.0.0.1', port, localAddress: `127.0.0.${2 + (opened++ % SOURCES)}` });
  socket.setNoDelay(true);
  return socket;
}

// Runs work(0) to work(count - 1), so many at a time.
async function eachOf(count, at_once, work) {
  let next = 0;
  await Promise.all(Array.from({ length: at_once }, async () => {
    while (next < count) await work(next++);
  }));
}

// Resolves once the mark has come; rejects if the connection ends before.
function seen(socket, mark) {
  return new Promise((resolve, reject) => {
    let rest = '';
    const look = (chunk) => {
      rest += chunk.toString('latin1');
      if (rest.includes(mark)) {
        socket.off('data', look);
        resolve(rest);
      }
      rest = rest.slice(-mark.length);
    };
    socket.on('data', look).on('error', reject).on('close', () => reject(new Error(`closed before ${mark}`)));
  });
}

const kinds = {
  // Heads and bodies without an end, `count` at once. Who is sent away comes again.
  async 'half-open'(port, count) {
    const halves = ['', 'GET /events/a HTTP/1.1\r\nHost: hub\r\nX: ', 'POST /publish/a HTTP/1.1\r\nHost: hub\r\nContent-Length: 100\r\n\r\nhalf'];
    const sockets = new Set();
    let open = 0, again = 0, over = false;
    const begin = (number) => {
      const socket = connect(port);
      sockets.add(socket);
      socket.on('connect', () => {
        open++;
        socket.write(halves[number % halves.length]);
      }).on('data', () => {}).on('error', () => {}).on('close', () => {
        sockets.delete(socket);
        if (over) return;
        open--;
        again++;
        begin(number);
      });
    };
    for (let i = 0; i < count; i++) {
      begin(i);
      if (i % 500 === 499) await until(() => open >= i - 100, () => `only ${open} are open`);
    }
    await until(() => open >= count, () => `only ${open} are open`);
    say({ open });
    process.stdin.resume();
    await once(process.stdin, 'end');
    over = true;
    for (const socket of sockets) socket.destroy();
    say({ open, again });
  },

  // `count` connections, 2,000 a second, that do one thing each and go, half of them with a reset.
  async 'come-and-go'(port, count) {
    const counts = { nothing: 0, asked: 0, subscribed: 0, published: 0 };
    const deeds = [
      ['nothing', null, null],
      ['asked', request('GET', '/health'), '"ok"'],
      ['subscribed', request('GET', '/events/crowd'), ': connected'],
      ['published', request('POST', '/publish/crowd', 'Content-Length: 2\r\n') + 'hi', '"published"'],
    ];
    const visit = async (number) => {
      const [name, bytes, mark] = deeds[number % deeds.length];
      const socket = connect(port);
      await within(once(socket, 'connect'), `connection ${number}`);
      if (bytes) {
        socket.write(bytes);
        await within(seen(socket, mark), `${mark} on connection ${number}`);
      }
      counts[name]++;
      socket.removeAllListeners('close').on('error', () => {});
      if (number & 4) socket.resetAndDestroy();
      else socket.destroy();
    };
    const begun = performance.now();
    const all = [];
    while (all.length < count) {
      const due = Math.min(count, Math.floor((performance.now() - begun) * 2));
      while (all.length < due) all.push(visit(all.length));
      await delay(2);
    }
    await Promise.all(all);
    say({ ...counts, rate: Math.round(count / (performance.now() - begun) * 1000) });
  },

  // `count` events of 1 MiB, by two who publish without pause, with two who read along: all of it, or what they
  // miss by their slowness is told.
  async 'big-events'(port, count) {
    const publisher = (body) => Buffer.concat([Buffer.from(request('POST', '/publish/big', `Content-Length: ${body.length}\r\n`)), body]);
    const publish = async (socket, bytes) => {
      const answered = seen(socket, '"published"');
      socket.write(bytes);
      await within(answered, 'an answer to an event of 1 MiB');
      socket.removeAllListeners('close').removeAllListeners('error');
    };
    const readers = await Promise.all([0, 1].map(async () => {
      const socket = connect(port);
      socket.write(request('GET', '/events/big'));
      await seen(socket, ': connected');
      return { socket, gap: seen(socket, 'event: freshet.gap'), last: seen(socket, 'data: last') };
    }));
    let left = count;
    const event = publisher(Buffer.alloc(1 << 20, 'x'));
    await Promise.all([0, 1].map(async () => {
      const socket = connect(port);
      while (left-- > 0) await publish(socket, event);
    }));
    await publish(connect(port), publisher(Buffer.from('last')));
    for (const { socket, gap, last } of readers) {
      await within(last, 'the last of the events of 1 MiB');
      if (socket.bytesRead < count << 20) await within(gap, 'a notice of what was missed');
    }
    say({ published: count, read: readers.reduce((sum, { socket }) => sum + socket.bytesRead, 0) });
    process.exit();
  },

  // `count` times the whole history of a channel, to its last event, four at a time.
  async replays(port, count) {
    let bytes = 0;
    await eachOf(count, 4, async () => {
      const socket = connect(port);
      socket.write(request('GET', '/events/full?from=earliest'));
      await within(seen(socket, 'data: last'), 'the last event of the history');
      bytes += socket.bytesRead;
      socket.destroy();
    });
    say({ replays: count, bytes });
  },

  // `count` channels, one event to each, in batches.
  async channels(port, count) {
    const hub = { host: '127.0.0.1', port, agent: new http.Agent({ keepAlive: true }) };
    for (let next = 0; next < count;) {
      const end = Math.min(next + 1000, count);
      let body = '';
      for (; next < end; next++) body += `{"channel":"c-${next}","data":"x"}\n`;
      const answer = await ask(hub, 'POST', '/publish', { body, headers: { 'Content-Type': 'application/x-ndjson' } });
      assert.equal(answer.status, 200, answer.text);
    }
    hub.agent.destroy();
    say({ channels: count });
  },

  // `count` streams with 256 of 1,000 channels each; says how many events they have got.
  async wide(port, count) {
    let events = 0;
    const sockets = [];
    await eachOf(count, 100, async (number) => {
      const socket = connect(port);
      sockets.push(socket);
      const names = Array.from({ length: 256 }, (_, i) => `channel=w-${(number * 37 + i * 3) % 1000}`);
      socket.write(request('GET', `/events?${names.join('&')}`));
      await within(seen(socket, ': connected'), `stream ${number}`);
      socket.removeAllListeners('close').removeAllListeners('error');
      let rest = '';
      socket.on('data', (chunk) => {
        const parts = (rest + chunk.toString('latin1')).split('data: wide');
        events += parts.length - 1;
        rest = parts.at(-1).slice(-10);
      }).on('close', () => assert.ok(process.stdin.readableEnded, 'a stream is cut'));
    });
    say({ streams: count, events });
    const telling = setInterval(() => say({ streams: count, events }), 50);
    process.stdin.resume();
    await once(process.stdin, 'end');
    clearInterval(telling);
    say({ streams: count, events });
    for (const socket of sockets) socket.destroy();
  },
};

class Storm {
  constructor(kind, hub, count) {
    this.child = spawn(process.execPath, [fileURLToPath(import.meta.url), kind, hub.port, count], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.said = [];
    this.errors = '';
    let out = '';
    this.child.stdout.on('data', (bytes) => {
      const lines = (out + bytes).split('\n');
      out = lines.pop();
      this.said.push(...lines.map((line) => JSON.parse(line)));
    });
    this.child.stderr.on('data', (bytes) => { this.errors += bytes; });
    this.ended = once(this.child, 'close').then(([code]) => {
      this.over = true;
      assert.equal(code, 0, `the storm ended badly: ${this.errors}`);
      return this.said.at(-1);
    });
    this.ended.catch(() => {});
  }

  // Until it has said what is waited for; gives that.
  until(condition) {
    return until(() => {
      assert.ok(!this.over, `the storm has ended: ${this.errors}`);
      return this.said.find(condition);
    }, () => `the storm said last: ${JSON.stringify(this.said.at(-1))}`);
  }

  begun() {
    return this.until(() => true);
  }

  // Tells one that holds something to end. Gives what it said last.
  end() {
    this.child.stdin.end();
    return this.ended;
  }
}

export function startStorm(t, hub, kind, count) {
  const storm = new Storm(kind, hub, count);
  t.after(() => storm.child.kill('SIGKILL'));
  return storm;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [kind, port, count] = process.argv.slice(2);
  await kinds[kind](Number(port), Number(count));
}
