// A hub that does wrong on purpose and keeps count: what a checker finds must be exactly that.
import http from 'node:http';
import { once } from 'node:events';

const FRONT = /^bench (\d{8}) (\d{10}) (\d{19}) /;

// What can be done to a group of events on its way to one subscriber: the messages that are sent
// instead, and what that counts as.
export const DEEDS = {
  pass: (group) => ({ messages: group }),
  lose: (group) => ({ messages: [], lost: group.length }),
  repeat: (group) => ({ messages: [...group, ...group], repeated: group.length }),
  reverse: (group) => ({ messages: [...group].reverse(), disordered: group.length - 1 }),
  damage: (group) => ({ messages: group.map((data) => `${data.slice(0, -1)}!`), damaged: group.length }),
  shorten: (group) => ({ messages: group.map((data) => data.slice(0, -1)), damaged: group.length }),
  mislead: (group) => ({ messages: [...group, group[0].replace(FRONT, 'bench 77777777 $2 $3 ')], astray: 1 }),
  invent: (group) => ({ messages: [group[0].replace(FRONT, 'bench $1 4000000000 $3 '), ...group], astray: 1 }),
  gap: (group) => ({ messages: [null, ...group], gaps: 1 }),
  chat: (group) => ({ messages: ['hello', ...group], foreign: 1 }),
};

export const KINDS = ['lost', 'repeated', 'disordered', 'damaged', 'astray', 'gaps', 'foreign'];

// Publish with POST /pub/CHANNEL, subscribe with GET /sub/CHANNEL?more=CHANNEL…. Every `group` events
// of a channel (and the last ones, of `events` in each) go out together, as choose(subscriber) names a
// deed. Lines end in `end`; framing: chunked, close (until the connection ends) or length.
export async function startMischief(t, { events, group = 10, choose, end = '\n', framing = 'chunked', cut = () => false }) {
  const hub = { counts: Object.fromEntries(KINDS.map((kind) => [kind, 0])), delivered: 0, subscribers: [], sources: new Set(), published: 0 };
  const channels = new Map(); // name to { waiting, seen }

  const write = (response, text) => {
    for (let rest = text; rest;) { // in pieces, so that readers get lines cut anywhere
      const n = cut() || rest.length;
      response.write(rest.slice(0, n));
      rest = rest.slice(n);
    }
  };
  const block = (data) => (data === null ? `event: freshet.gap${end}data: {}${end}${end}` : `id: ${++hub.published}:x${end}data: ${data}${end}${end}`);
  const flush = (name, waiting) => {
    for (const subscriber of hub.subscribers.filter(({ names }) => names.includes(name))) {
      const { messages, ...counts } = DEEDS[choose(subscriber)](waiting);
      for (const [kind, count] of Object.entries(counts)) hub.counts[kind] += count;
      hub.delivered += messages.filter((data) => data && FRONT.test(data)).length;
      write(subscriber.response, messages.map(block).join(''));
    }
  };
  const publish = (name, data) => {
    if (!channels.has(name)) channels.set(name, { waiting: [], seen: 0 });
    const channel = channels.get(name);
    channel.waiting.push(data);
    channel.seen++;
    if (channel.waiting.length === group || channel.seen === events) flush(name, channel.waiting.splice(0));
  };

  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://hub');
    const name = decodeURIComponent(url.pathname.slice(5));
    if (request.method === 'GET') {
      hub.sources.add(request.socket.remoteAddress);
      response.useChunkedEncodingByDefault = framing === 'chunked';
      response.writeHead(200, { 'Content-Type': 'text/event-stream', ...(framing === 'length' ? { 'Content-Length': 1e12 } : {}) });
      write(response, `: hi${end}${end}`);
      hub.subscribers.push({ number: hub.subscribers.length, names: [name, ...url.searchParams.getAll('more')], response });
      return;
    }
    let body = '';
    request.setEncoding('utf8').on('data', (more) => { body += more; }).on('end', () => {
      publish(name, body);
      response.writeHead(202).end('taken');
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => { server.closeAllConnections(); server.close(); });
  hub.url = `http://127.0.0.1:${server.address().port}`;
  hub.flags = ['--hub', 'other', '--subscribe-path', '/sub/{channel}?', '--subscribe-more', '&more={channel}', '--publish-path', '/pub/{channel}'];
  return hub;
}
