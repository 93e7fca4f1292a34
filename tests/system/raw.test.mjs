// Requests byte by byte, and the one acceptable answer to each: a table to read. What is ambiguous
// is refused and the connection closed, since nobody can tell where the next request would begin.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, metrics, startHub } from './hub.mjs';
import { Connection, requestBytes } from './http.mjs';

const long = (n) => 'x'.repeat(n);
const POST = 'POST /publish/a HTTP/1.1\r\nHost: x\r\n';

// What, the bytes, the status, and whether the connection stays open behind the answer.
const STAYS = 'stays';
const CLOSES = 'closes';
const TABLE = [
  // good
  ['the least that HTTP/1.1 asks', 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n', 200, STAYS],
  ['the least that HTTP/1.0 asks', 'GET /health HTTP/1.0\r\n\r\n', 200, CLOSES],
  ['a whole URL as target; its host counts', 'GET http://hub/health HTTP/1.1\r\nHost: other\r\n\r\n', 200, STAYS],
  ['an empty line in front', '\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n', 200, STAYS],
  ['a query where none is looked for', 'GET /health?x=%zz HTTP/1.1\r\nHost: x\r\n\r\n', 200, STAYS],
  ['header names in any case, blanks around values', 'GET /health HTTP/1.1\r\nhOST:x\r\nX:\t y \t\r\n\r\n', 200, STAYS],
  ['bytes above 127 in a header', 'GET /health HTTP/1.1\r\nHost: x\r\nX: \xff\xc3\r\n\r\n', 200, STAYS],
  ['a hundred headers', `GET /health HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(99)}\r\n`, 200, STAYS],
  ['a head of 16 KiB but for a byte', `GET /health HTTP/1.1\r\nHost: x\r\nX: ${long(16383 - 40)}\r\n\r\n`, 200, STAYS],
  ['an IPv6 host with port', 'GET /health HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n', 200, STAYS],
  ['an upgrade that is not for us', 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 200, STAYS],
  ['a sized body', `${POST}Content-Length: 5\r\n\r\nhello`, 200, STAYS],
  ['a length with zeros in front', `${POST}Content-Length: 0005\r\n\r\nhello`, 200, STAYS],
  ['an empty body', `${POST}Content-Length: 0\r\n\r\n`, 200, STAYS],
  ['a chunked body', `${POST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 200, STAYS],
  ['a body to a GET is read and left alone', 'GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello', 200, STAYS],

  // where two programs could see two requests
  ['a length and chunks', `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, CLOSES],
  ['two lengths', `${POST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 400, CLOSES],
  ['two lengths in one line', `${POST}Content-Length: 5, 5\r\n\r\nhello`, 400, CLOSES],
  ['a length with a sign', `${POST}Content-Length: +5\r\n\r\nhello`, 400, CLOSES],
  ['a length in hexadecimal', `${POST}Content-Length: 0x5\r\n\r\nhello`, 400, CLOSES],
  ['a length that is nothing', `${POST}Content-Length:\r\n\r\n`, 400, CLOSES],
  ['two codings', `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, CLOSES],
  ['chunked twice', `${POST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 400, CLOSES],
  ['a coding that nobody knows', `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501, CLOSES],
  ['a coding with a vertical tab', `${POST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`, 400, CLOSES],
  ['chunks from HTTP/1.0', 'POST /publish/a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400, CLOSES],
  ['a space before the colon', `${POST}Content-Length : 5\r\n\r\nhello`, 400, CLOSES],
  ['a header on two lines', 'GET /health HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n', 400, CLOSES],
  ['a line end without CR', 'GET /health HTTP/1.1\nHost: x\n\n', 400, CLOSES],
  ['a CR alone', 'GET /health HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n', 400, CLOSES],
  ['a NUL in a header', 'GET /health HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n', 400, CLOSES],
  ['a chunk size with a sign', `${POST}Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n`, 400, CLOSES],
  ['a chunk longer than it says', `${POST}Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n`, 400, CLOSES],
  ['a chunk size that overflows', `${POST}Transfer-Encoding: chunked\r\n\r\n100000005\r\nhello\r\n0\r\n\r\n`, 400, CLOSES],
  ['a chunk line ended by LF', `${POST}Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n`, 400, CLOSES],

  // plain mistakes
  ['no host', 'GET /health HTTP/1.1\r\n\r\n', 400, CLOSES],
  ['two hosts', 'GET /health HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n', 400, CLOSES],
  ['a host that is none', 'GET /health HTTP/1.1\r\nHost: a b\r\n\r\n', 400, CLOSES],
  ['no version', 'GET /health\r\nHost: x\r\n\r\n', 400, CLOSES],
  ['another version', 'GET /health HTTP/2.0\r\nHost: x\r\n\r\n', 505, CLOSES],
  ['two spaces', 'GET  /health HTTP/1.1\r\nHost: x\r\n\r\n', 400, CLOSES],
  ['a fragment', 'GET /health#x HTTP/1.1\r\nHost: x\r\n\r\n', 400, CLOSES],
  ['a target that is no path', 'GET health HTTP/1.1\r\nHost: x\r\n\r\n', 400, CLOSES],
  ['a byte in the target that must be escaped', 'GET /events/\xe4 HTTP/1.1\r\nHost: x\r\n\r\n', 400, CLOSES],
  ['a method in lower case is another method', 'get /health HTTP/1.1\r\nHost: x\r\n\r\n', 405, STAYS],
  ['TLS on a port for HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, CLOSES],
  ['a URL of 20 KiB', `GET /events/${long(20 << 10)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414, CLOSES],
  ['a header of 20 KiB', `GET /health HTTP/1.1\r\nHost: x\r\nX: ${long(20 << 10)}\r\n\r\n`, 431, CLOSES],
  ['a hundred and one headers', `GET /health HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(100)}\r\n`, 431, CLOSES],
  ['no length', `${POST}\r\n`, 411, STAYS],
  ['a path that is none', 'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n', 404, STAYS],
  ['dots in the path', 'GET /events/../health HTTP/1.1\r\nHost: x\r\n\r\n', 404, STAYS],
  ['a connection to be made for the client', 'CONNECT hub:80 HTTP/1.1\r\nHost: hub:80\r\n\r\n', 400, CLOSES],
  ['a name with a broken escape', 'GET /events/%4 HTTP/1.1\r\nHost: x\r\n\r\n', 400, STAYS],
];

test('each raw request has its one answer', async (t) => {
  const hub = await startHub(t);
  for (const [what, bytes, status, then] of TABLE)
    await t.test(`${status} for ${what}`, async () => {
      const connection = new Connection(hub).send(bytes);
      const answer = await connection.answer();
      assert.equal(answer.status, status, answer.text);
      assert.ok(Math.abs(Date.parse(answer.headers.date) - Date.now()) < 60000, 'a Date');
      if (status >= 400) {
        assert.equal(answer.headers['content-type'], 'application/problem+json');
        assert.equal(answer.json.status, status);
        assert.ok(answer.json.detail.length > 10);
      }
      if (then === CLOSES) {
        assert.equal(answer.headers.connection, 'close');
        await connection.closed();
      } else {
        assert.notEqual(answer.headers.connection, 'close');
        assert.equal((await connection.send(requestBytes('GET', '/health')).answer()).status, 200, 'the next request is served');
        connection.destroy();
      }
    });
  assert.equal((await metrics(hub)).freshet_events_in_total, TABLE.filter(([, bytes, status]) => status === 200 && bytes.startsWith('POST')).length);
});

test('however the bytes are cut, the answer is the same', async (t) => {
  const hub = await startHub(t);
  for (const [what, bytes, status] of TABLE.filter(([, { length }]) => length < 200)) {
    const cuts = [...Array(bytes.length - 1).keys()].map((i) => i + 1);
    await Promise.all(cuts.map(async (cut) => {
      const connection = new Connection(hub).send(bytes.slice(0, cut));
      await new Promise((resolve) => connection.socket.once('connect', () => setImmediate(resolve)));
      connection.send(bytes.slice(cut));
      assert.equal((await connection.answer()).status, status, `${what}, cut at ${cut}`);
      connection.destroy();
    }));
  }
  assert.equal((await ask(hub, 'GET', '/health')).status, 200);
});

test('a head that never ends is 408', async (t) => {
  const hub = await startHub(t);
  const connection = new Connection(hub).send('GET /health HTTP/1.1\r\nHost: x\r\n');
  const answer = await connection.answer(); // after --head-timeout, which is 10s
  assert.equal(answer.status, 408);
  await connection.closed();
});
