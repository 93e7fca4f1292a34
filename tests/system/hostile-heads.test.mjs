// Request heads that mean harm or make no sense: too large, endless, slow, of other protocols, random.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIGHT, chance, metrics, startHub, until } from './hub.mjs';
import { assertProblem, assertWell, latin } from './hostile.mjs';
import { Connection, requestBytes } from './http.mjs';

const KIB32 = 32 << 10;
const many = (text) => text.repeat(Math.ceil(KIB32 / text.length));
const HEAD = 'GET /health HTTP/1.1\r\nHost: x\r\n';

// What, the bytes, the status, and what the detail speaks of. Each closes the connection.
const HEADS = [
  ['32 KiB of one letter', many('x'), 414, /URL/],
  ['32 KiB of spaces', many(' '), 414, /URL/],
  ['32 KiB of bytes above 127', many('\xff'), 414, /URL/],
  ['32 KiB of NULs', many('\0'), 400, /control/],
  ['32 KiB of CRs', many('\r'), 400, /CRLF/],
  ['32 KiB of LFs', many('\n'), 400, /CRLF/],
  ['32 KiB of empty lines', many('\r\n'), 400, /empty lines/],
  ['32 KiB of path', `GET /${many('a')}`, 414, /URL/],
  ['32 KiB of path, and the rest', `GET /${many('a')} HTTP/1.1\r\nHost: x\r\n\r\n`, 414, /URL/],
  ['32 KiB of slashes', `GET ${many('/')}`, 414, /URL/],
  ['32 KiB of query', `GET /events?${many('channel=a&')}`, 414, /URL/],
  ['32 KiB of escapes', `GET /events/${many('%41')}`, 414, /URL/],
  ['32 KiB of method', `${many('GET')} / HTTP/1.1\r\n\r\n`, 414, /URL/],
  ['32 KiB of version', `GET / HTTP/1.${many('1')}`, 414, /URL/],
  ['32 KiB of one header', `${HEAD}X: ${many('y')}`, 431, /head/],
  ['32 KiB of one header\'s name', `${HEAD}${many('X')}`, 431, /head/],
  ['32 KiB of blanks in a header', `${HEAD}X:${many(' \t')}`, 431, /head/],
  ['32 KiB of headers', HEAD + many('X: y\r\n'), 431, /head/],
  ['32 KiB of hosts', `GET /health HTTP/1.1\r\n${many('Host: x\r\n')}`, 431, /head/],
  ['32 KiB of a position', `GET /events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: ${many('1')}`, 431, /head/],
  ['32 KiB of cookies', `${HEAD}Cookie: ${many('a=b; ')}\r\n\r\n`, 431, /head/],

  ['how TLS begins', '\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03' + many('\x8f\x1a'), 400, /TLS/],
  ['how TLS 1.0 ended', '\x15\x03\x01\x00\x02\x02\x28', 400, /TLS/],
  ['how SSL 2 began', '\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10', 400, /control/],
  ['HTTP/2, with its first frames', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64', 505, /HTTP\/1\.1/],
  ['SOCKS 5', '\x05\x02\x00\x01', 400, /control/],
  ['SOCKS 4', '\x04\x01\x00\x50\x7f\x00\x00\x01\x00', 400, /control/],
  ['MQTT', '\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00', 400, /control/],
  ['PostgreSQL', '\0\0\0\x08\x04\xd2\x16\x2f', 400, /control/],
  ['a remote desktop', '\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0', 400, /control/],
  ['a name server\'s question', '\0\x1d\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01x\0\0\x01\0\x01', 400, /control/],
  ['a request in UTF-16', 'G\0E\0T\0 \0/\0 \0H\0T\0T\0P\0/\x001\0.\x001\0', 400, /control/],
  ['a request in UTF-16 with its mark', '\xff\xfeG\0E\0T\0', 400, /control/],
  ['a byte order mark in front', `\xef\xbb\xbf${HEAD}\r\n`, 400, /method/],
  ['something packed', '\x1f\x8b\x08\0\0\0\0\0\0\x03', 400, /control/],
  ['a picture', '\x89PNG\r\n\x1a\n', 400, /control/],
  ['a program', '\x7fELF\x02\x01\x01\0', 400, /control/],
  ['an answer instead of a request', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 400, /request line|method/],
  ['a command of a shell', '() { :; }; /bin/sh\r\n\r\n', 400, /method/],
  ['a mail', 'MAIL FROM:<x@x>\r\nRCPT TO:<y@y>\r\n\r\n', 400, /request line/],
];

test('each of these heads is refused in words, and the hub is well', async (t) => {
  const hub = await startHub(t);
  for (const [what, bytes, status, words] of HEADS)
    await t.test(`${status} for ${what}`, async () => {
      const connection = new Connection(hub).send(bytes);
      assertProblem(await connection.answer(), status, words, what);
      await connection.closed();
    });
  await assertWell(hub);
});

test('a head without an end is 431, and the answer arrives while it is still being sent', async (t) => {
  const hub = await startHub(t);
  const connection = new Connection(hub).send(HEAD);
  const line = `X: ${'y'.repeat(1000)}\r\n`.repeat(64);
  let lines = 0;
  const flood = () => { // as fast as they are taken, until the hub has closed
    if (connection.ended || lines++ > 200) return;
    connection.socket.write(line, flood);
  };
  flood();
  assertProblem(await connection.answer(), 431, /head/, 'endless');
  await connection.closed();
  const { freshet_bytes_in_total: taken } = await metrics(hub);
  t.diagnostic(`${taken} bytes were read`);
  await assertWell(hub);
});

// What comes, and what is answered; the client says nothing more. A connection without a request is
// closed without a word.
const LATE = [
  ['nothing', ''],
  ['an empty line', '\r\n', 408],
  ['half a request line', 'GET /hea', 408],
  ['a request line', 'GET /health HTTP/1.1\r\n', 408],
  ['all but the end', HEAD, 408],
  ['all but an LF', `${HEAD}\r`, 408],
  ['a whole request, and half of the next', `${HEAD}\r\n${HEAD}`, 200, 408],
];

test('a head or body that does not come in time is 408, one byte a second or more', async (t) => {
  const hub = await startHub(t, ['--head-timeout', '2500ms', '--body-timeout', '2500ms']);
  const rows = LATE.map(async ([what, bytes, ...wanted]) => {
    const connection = new Connection(hub);
    if (bytes) connection.send(bytes);
    for (const status of wanted) {
      if (status === 408) assertProblem(await connection.answer(), 408, /too long/, what);
      else assert.equal((await connection.answer()).status, status, what);
    }
    await connection.closed();
  });
  const dripping = ['GET /', `${HEAD}X: `].map(async (bytes) => { // never silent, never done
    const connection = new Connection(hub).send(bytes);
    await until(() => {
      if (!connection.ended && connection.bytes.length === 0) connection.send('y');
      return connection.bytes.includes('\r\n\r\n');
    }, 'an answer to a head that drips');
    assertProblem(await connection.answer(), 408, /too long/, bytes);
    await connection.closed();
  });
  const BODY = 'POST /publish/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n';
  const slow = ['GET /', `${HEAD}X: `, BODY].map(async (bytes) => {
    const connection = new Connection(hub).send(bytes);
    const drip = setInterval(() => connection.send('y'), 1000);
    await connection.wait(() => (connection.ended || connection.bytes.length ? true : undefined), 'an answer to a byte a second');
    clearInterval(drip);
    assertProblem(await connection.answer(), 408, /too long/, bytes);
    await connection.closed();
  });
  await Promise.all([...rows, ...dripping, ...slow]);
  await assertWell(hub);
});

test('whatever bytes come, each answer is a whole one and the hub is well', async (t) => {
  const hub = await startHub(t);
  const { below, pick } = chance(t);
  const whole = [
    latin(`${HEAD}X-Long: ${'y'.repeat(200)}\r\n\r\n`), requestBytes('POST', '/publish/a', { body: 'hello' }),
    latin('POST /publish/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n'),
  ];
  const odd = ['\0', '\r', '\n', '\r\n', ' ', '\t', ':', ';', ',', '%', '#', '\x7f', '\x80', '\xff', '0', '-'].map(latin);
  const noise = () => Buffer.from(Array.from({ length: 1 + below(400) }, () => below(256)));
  const spoiled = () => { // a request of which some bytes are another, missing, or new
    let bytes = pick(whole);
    for (let n = 1 + below(4); n > 0; n--) {
      const at = below(bytes.length);
      const insert = [pick(odd), Buffer.from([below(256)]), Buffer.alloc(0)][below(3)];
      bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + below(2))]);
    }
    return bytes;
  };
  const one = async (bytes) => {
    const connection = new Connection(hub).send(bytes).finish();
    await connection.wait(() => connection.ended ?? undefined, `the end after ${JSON.stringify(bytes.toString('latin1'))}`);
    while (connection.bytes.length) { // all of it is answers, without a byte too many
      const answer = await connection.answer();
      if (answer.status !== 200) assertProblem(answer, answer.status, /./, JSON.stringify(bytes.toString('latin1')));
      assert.ok([200, 400, 404, 405, 408, 411, 413, 414, 415, 417, 431, 501, 505].includes(answer.status), answer.text);
    }
    connection.destroy();
  };
  for (let round = 0; round < (LIGHT ? 10 : 60); round++)
    await Promise.all(Array.from({ length: 50 }, () => one(below(4) ? spoiled() : noise())));
  await assertWell(hub);
});
