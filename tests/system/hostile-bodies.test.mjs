// Request bodies that mean harm or make no sense: cut off, too long, no UTF-8, no JSON, too deep. A
// body that is refused publishes nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSON_TYPE, LIGHT, ask, chance, metrics, publish, startHub } from './hub.mjs';
import { assertProblem, assertWell, latin } from './hostile.mjs';
import { Connection, chunked, requestBytes } from './http.mjs';
import { subscribe } from './sse.mjs';

async function assertPublished(hub, count) {
  assert.equal((await metrics(hub)).freshet_events_in_total, count);
}

// --- where it ends ---

test('a body that is cut off anywhere publishes nothing', async (t) => {
  const hub = await startHub(t);
  const sized = requestBytes('POST', '/publish/a', { body: 'hello' });
  const head = requestBytes('POST', '/publish/a', { headers: ['Transfer-Encoding: chunked'] });
  const whole = [[sized, sized.length - 5], [Buffer.concat([head, latin('3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n')]), head.length]];
  for (const [bytes, from] of whole)
    for (let cut = from; cut < bytes.length; cut++) {
      const connection = new Connection(hub).send(bytes.subarray(0, cut)).finish();
      await connection.closed(); // without an answer: nobody knows what was meant
    }
  await assertPublished(hub, 0);
  await assertWell(hub);
});

test('what is sent beyond a body is the next request, and refused as one', async (t) => {
  const hub = await startHub(t);
  for (const more of ['x', 'hello', '\0', '{"a":1}', '\r\n\r\n\r\n\r\n\r\n\r\n']) {
    const connection = new Connection(hub).send(Buffer.concat([requestBytes('POST', '/publish/a', { body: 'hello' }), latin(`${more}\r\n\r\n`)]));
    assert.equal((await connection.answer()).status, 200);
    assertProblem(await connection.answer(), 400, /./, more);
    await connection.closed();
  }
  await assertPublished(hub, 5);
  await assertWell(hub);
});

test('a body over 1 MiB is 413, however it comes', async (t) => {
  const hub = await startHub(t);
  const head = requestBytes('POST', '/publish/a', { headers: ['Transfer-Encoding: chunked'] });
  const mib = Buffer.alloc(1 << 20, 'x');
  const rows = [
    ['a byte too many, sized', requestBytes('POST', '/publish/a', { body: Buffer.concat([mib, latin('x')]) })],
    ['a byte too many, in chunks', Buffer.concat([head, chunked(mib, 'x')])],
    ['one chunk of 16 MiB', Buffer.concat([head, latin('1000000\r\n'), mib])],
    ['many small chunks', Buffer.concat([head, latin('f\r\nxxxxxxxxxxxxxxx\r\n'.repeat(70000))])],
    ['the largest chunk that can be named', Buffer.concat([head, latin('ffffffff\r\n'), mib])],
    ['a body to a GET', requestBytes('GET', '/health', { body: Buffer.concat([mib, latin('x')]) })],
  ];
  for (const [what, bytes] of rows) {
    const connection = new Connection(hub).send(bytes);
    assertProblem(await connection.answer(), 413, /larger/, what);
    await connection.closed();
  }
  await assertPublished(hub, 0);
  await assertWell(hub);
});

// --- UTF-8 ---

const BAD_UTF8 = [
  ['a continuation alone', [0x80]], ['the last continuation alone', [0xbf]], ['two continuations', [0x80, 0xbf]],
  ['one byte of two', [0xc3]], ['one byte of three', [0xe4]], ['two bytes of three', [0xe4, 0xb8]], ['one byte of four', [0xf0]],
  ['two bytes of four', [0xf0, 0x9f]], ['three bytes of four', [0xf0, 0x9f, 0x98]],
  ['two bytes where the second is a letter', [0xc3, 0x61]], ['three where the third is a letter', [0xe4, 0xb8, 0x61]], ['four where the fourth is a letter', [0xf0, 0x9f, 0x98, 0x61]],
  ['two beginnings', [0xc3, 0xc3, 0xa4]], ['a continuation too many', [0xc3, 0xa4, 0xa4]], ['a line end within', [0xe4, 0x0a, 0xb8]],
  ['NUL in two bytes', [0xc0, 0x80]], ['a slash in two bytes', [0xc0, 0xaf]], ['DEL in two bytes', [0xc1, 0xbf]],
  ['NUL in three bytes', [0xe0, 0x80, 0x80]], ['a slash in three bytes', [0xe0, 0x80, 0xaf]], ['U+07FF in three bytes', [0xe0, 0x9f, 0xbf]],
  ['NUL in four bytes', [0xf0, 0x80, 0x80, 0x80]], ['a slash in four bytes', [0xf0, 0x80, 0x80, 0xaf]], ['U+FFFF in four bytes', [0xf0, 0x8f, 0xbf, 0xbf]],
  ['the first surrogate', [0xed, 0xa0, 0x80]], ['the last surrogate', [0xed, 0xbf, 0xbf]], ['a pair of surrogates', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]], ['U+140000', [0xf5, 0x80, 0x80, 0x80]], ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ['six bytes', [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]], ['FE', [0xfe]], ['FF', [0xff]], ['UTF-16 with its mark', [0xff, 0xfe, 0x61, 0x00]],
  ['Latin-1', [0x61, 0xe4, 0x62]], ['the 256 bytes', Array.from({ length: 256 }, (_, i) => i)],
];
const GOOD_UTF8 = ['\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\ufdd0', '\ufffd', '\uffff', '\u{10000}', '\u{10fffe}', '\u{10ffff}', '\ufeff', '\u202e'];

test('what is no UTF-8 is 400, wherever it stands', async (t) => {
  const hub = await startHub(t);
  for (const [what, list] of BAD_UTF8)
    for (const before of [0, 1, 7, 8, 15, 16, 31, 63, 64, 4096, 65535])
      for (const after of [0, 1, 40]) {
        const text = Buffer.concat([Buffer.alloc(before, 'x'), Buffer.from(list), Buffer.alloc(after, 'y')]);
        const quoted = Buffer.concat([latin('{"a":"'), text, latin('"}')]);
        assertProblem(await ask(hub, 'POST', '/publish/a', { body: text }), 400, /UTF-8/, `${what} behind ${before}, before ${after}`);
        const json = await ask(hub, 'POST', '/publish/a', { body: quoted, headers: JSON_TYPE });
        assertProblem(json, 400, what === 'the 256 bytes' || what === 'a line end within' ? /JSON|UTF-8/ : /UTF-8/, `${what} in JSON`);
      }
  await assertPublished(hub, 0);
  await assertWell(hub);
});

test('a character may be cut by a chunk, and its end must come', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a');
  const head = requestBytes('POST', '/publish/a', { headers: ['Transfer-Encoding: chunked'] });
  const connection = new Connection(hub).send(Buffer.concat([head, chunked(Buffer.from([0xf0, 0x9f]), Buffer.from([0x98]), Buffer.from([0x80]))]));
  assert.equal((await connection.answer()).status, 200);
  assert.deepEqual(await stream.data(1), ['😀']);
  connection.send(Buffer.concat([head, chunked(Buffer.from([0xf0, 0x9f]), Buffer.from([0x98]))]));
  assertProblem(await connection.answer(), 400, /UTF-8/, 'three of four bytes');
});

test('what is UTF-8 arrives, however odd', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a');
  for (const text of GOOD_UTF8) {
    await publish(hub, 'a', text);
    await publish(hub, 'a', JSON.stringify(text), { headers: JSON_TYPE });
  }
  assert.deepEqual(await stream.data(2 * GOOD_UTF8.length), GOOD_UTF8.flatMap((text) => [text, JSON.stringify(text)]));
});

// --- JSON ---

const BAD_JSON = [
  '', ' ', '\n', '\0', '\ufeff1', '\ufeff', '\u00a01', '\u20281', '\x0b1', '\x0c1', '1\0', '1 \0', '//1', '/**/1', '1//', '#1',
  '[', ']', '{', '}', '[[', ']]', '[}', '{]', '[1}', '{"a":1]', '[]]', '{}}', '[][]', '{}{}', '[]{}', '1 1', '1,1', ',', ':', '"a":1', '[1 2]', '[1;2]',
  '[,]', '[,1]', '[1,]', '[1,,2]', '[1,', '[1', '["a"', '["a",', '[:1]', '[1:2]', '["a":1]', '{,}', '{,"a":1}', '{"a":1,}', '{"a":1,,"b":2}', '{"a"}', '{"a",1}',
  '{"a":}', '{"a":,}', '{"a"::1}', '{"a":1:2}', '{"a" 1}', '{"a":1 "b":2}', '{"a', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{a:1}', "{'a':1}", '{1:1}', '{null:1}', '{[]:1}', '{:1}', '{"a":1,"b"}', '{"a":1,b:2}',
  '"', '"a', '"a\\', '"a\\"', '"\\', '"\\x"', '"\\a"', '"\\\'"', '"\\0"', '"\\u"', '"\\u1"', '"\\u12"', '"\\u123"', '"\\u123', '"\\u123g"', '"\\U0041"', '"\\u 041"', '"\\u-041"', '"\\u+041"', '"\\u{41}"', '"\\x41"',
  '"\\ud800"', '"\\udc00"', '"\\ud800\\ud800"', '"\\ud800a"', '"\\ud800\\n"', '"\\ud800\\u0041"', '"\\udc00\\ud800"', '"\\ud800\\u"', '"\\ud800\\udc0"', '"\\ud800\\',
  '"\0"', '"\n"', '"\r"', '"\t"', '"\b"', '"\x1f"', '"a\nb"', "'a'", '`a`', '“a”', '"a" "b"', '"a"b', 'a', 'a"b"',
  '01', '00', '-01', '-', '--1', '+1', '+', '.1', '-.1', '1.', '-1.', '1.e1', '1e', '1e+', '1e-', '1E', '1e1.5', '1e1e1', '1.2.3', '1..2', '1 .2', '- 1', '1a', '1_000', '1,000', '0x1', '0b1', '0o1', '1f', '1L', '1n', '١', '１', '½', '-a', '1ee2', '0.e1', '0e', '00.1',
  'NaN', '-NaN', 'nan', 'Infinity', '-Infinity', 'inf', 'undefined', 'None', 'True', 'TRUE', 'tru', 'truee', 'true1', 'true true', 'fals', 'False', 'falsey', 'nul', 'nulll', 'Null', 'NULL', 'n', 't', 'f', 'null null',
  '[nul]', '[truefalse]', '[1true]', '{"a":nul}', '["a\\"]', '[1,2', '[[],', '{"a":[}', '{"a":{]}', '[{"a":1},]', '[1]x', '{"a":1}x', '{"a":1}{', '{"a":1}"', '[\0]', '{\0}', '{"a"\0:1}', '<a/>', 'a=1', '*', '$', '---\na: 1', '(1)', '{"a":function(){}}', '{"a":new Date()}', '[1,...]', '{...a}',
];
const GOOD_JSON = [
  '0', '-0', '0.0', '-0.0e-0', '1E400', '1e-400', '123456789012345678901234567890', '0.1000', '1e+5', '""', '"\\u0000"', '"\\/\\b\\f\\n\\r\\t\\"\\\\"', '"\\ud83d\\ude00"', '"\\uDBFF\\uDFFF"', '"\\uffff"', '"/"', '"\x7f"', '"\u2028"',
  '[]', '{}', '[[]]', '{"":""}', '{"a":1,"a":1}', '{"\\u0000":0}', '{"__proto__":1}', '[null,true,false]', ' [ ] ', '\t{\n"a"\r:\n1 }\r\n', ' 1 ', '[1,\n2]', 'true', 'false', 'null',
];

test('what is no JSON is 400, and the detail says where', async (t) => {
  const hub = await startHub(t);
  for (const body of BAD_JSON) {
    const answer = await ask(hub, 'POST', '/publish/a', { body, headers: JSON_TYPE });
    assertProblem(answer, 400, /JSON.*byte \d+/, JSON.stringify(body));
    const at = Number(/byte (\d+)/.exec(answer.json.detail)[1]);
    assert.ok(at <= Buffer.byteLength(body), `${JSON.stringify(body)}: ${answer.json.detail}`);
  }
  await assertPublished(hub, 0);
  for (const body of GOOD_JSON) assert.equal((await ask(hub, 'POST', '/publish/a', { body, headers: JSON_TYPE })).status, 200, JSON.stringify(body));
  await assertPublished(hub, GOOD_JSON.length);
  await assertWell(hub);
});

// What this language takes for JSON, but for lone surrogates.
function isJson(text) {
  try {
    JSON.parse(text);
    let high = false; // half a pair came just before
    for (const [, hex = '0'] of text.matchAll(/\\u([0-9a-f]{4})|\\.|[^\\]/gis)) {
      const unit = parseInt(hex, 16);
      if (high !== (unit >= 0xdc00 && unit < 0xe000)) return false;
      high = unit >= 0xd800 && unit < 0xdc00;
    }
    return !high;
  } catch {
    return false;
  }
}

test('the hub and this language agree on what JSON is', async (t) => {
  const hub = await startHub(t);
  const { below, pick } = chance(t);
  const whole = [...GOOD_JSON, '{"a":[1,{"b":"c\\n"},-0.5e+3],"d":null,"_event":"x"}'];
  const letters = [...'{}[]",:\\/.+-0123456789eEutrfalsn \n\t\0x'];
  for (let n = 0; n < (LIGHT ? 300 : 3000); n++) {
    let body = pick(whole);
    for (let changes = 1 + below(3); changes > 0; changes--) {
      const at = below(body.length + 1);
      body = body.slice(0, at) + pick(['', pick(letters)]) + body.slice(at + below(2));
    }
    const json = isJson(body);
    const { status, text } = await ask(hub, 'POST', '/publish/a', { body, headers: JSON_TYPE });
    if (/event type|twice/.test(text)) continue; // JSON, but no event
    assert.equal(status, json ? 200 : 400, `${JSON.stringify(body)}: ${text}`);
  }
  await assertWell(hub);
});

const DEEP = 100_000;
const nested = (open, close, inner = '') => open.repeat(DEEP) + inner + close.repeat(DEEP);

test('JSON nested 100,000 deep is 400 in words', async (t) => {
  const hub = await startHub(t);
  const rows = [
    ['arrays', nested('[', ']')], ['arrays without an end', '['.repeat(DEEP)], ['objects', nested('{"a":', '}', '1')], ['objects without an end', '{"a":'.repeat(DEEP)],
    ['both in turn', nested('[{"":', '}]', '0')], ['arrays behind a member', `{"a":1,"b":${nested('[', ']')}}`], ['the type itself', `{"_event":${nested('[', ']')}}`],
    ['arrays of two', nested('[0,', ']', '0')], ['65 with blanks between', `${'[ \n'.repeat(65)}${']'.repeat(65)}`], ['1 MiB of arrays', '['.repeat(1 << 20)],
  ];
  for (const [what, body] of rows) assertProblem(await ask(hub, 'POST', '/publish/a', { body, headers: JSON_TYPE }), 400, /64 deep/, what);
  await assertPublished(hub, 0);
  const flat = [`[${'[],'.repeat(DEEP)}0]`, JSON.stringify('['.repeat(DEEP)), JSON.stringify('\\"'.repeat(DEEP)), '['.repeat(64) + ']'.repeat(64), `{${'"a":1,'.repeat(DEEP)}"b":2}`];
  for (const body of flat) assert.equal((await ask(hub, 'POST', '/publish/a', { body, headers: JSON_TYPE })).status, 200, body.slice(0, 40));
  await assertWell(hub);
});

// --- what it says that it is ---

const UNNAMED = 200; // text
const TYPES = [
  ['nothing', '', UNNAMED], ['a semicolon', ';', UNNAMED], ['a slash', '/', UNNAMED], ['a word', 'json', UNNAMED], ['a parameter alone', 'charset=utf-8', UNNAMED],
  ['a parameter without value', 'text/plain; charset', 415], ['a charset that is empty', 'text/plain; charset=', 415], ['a charset in broken quotes', 'text/plain; charset="utf-8', 415],
  ['two charsets', 'text/plain; charset=utf-8; charset=latin1', 415], ['a charset among others', 'text/plain;a;b=;;CHARSET = "UTF-8" ;', UNNAMED],
  ['UTF-7', 'text/plain; charset=utf-7', 415], ['UTF-16', 'text/plain; charset=utf-16', 415], ['a form of files', 'multipart/form-data', 415], ['a form', 'application/x-www-form-urlencoded', UNNAMED],
  ['JSON that is broken', 'application/json', 400], ['JSON in capitals', 'APPLICATION/JSON', 400], ['JSON with a parameter', 'application/json;v=1', 400], ['JSON with a blank', ' application/json ', 400],
  ['something that ends in JSON', 'application/geo+json', UNNAMED], ['bytes above 127', 'text/\xff', UNNAMED], ['8000 bytes', `text/${'x'.repeat(8000)}`, UNNAMED], ['4000 parameters', `text/plain${';a=b'.repeat(2000)}`, UNNAMED],
];
const ENCODINGS = [
  ['gzip', 415], ['br', 415], ['deflate', 415], ['zstd', 415], ['x', 415], ['gzip, identity', 415], ['identity, gzip', 415], ['', 415], [',', 415], ['"identity"', 415], ['identity', 200], ['IDENTITY', 200],
];

test('whatever Content-Type and Content-Encoding say, there is one answer', async (t) => {
  const hub = await startHub(t);
  const post = async (header) => {
    const connection = new Connection(hub); // a refusal before the body closes it
    const answer = await connection.send(requestBytes('POST', '/publish/a', { headers: [header], body: '{' })).answer();
    connection.destroy();
    return answer;
  };
  for (const [what, type, status] of TYPES) {
    const answer = await post(`Content-Type: ${type}`);
    if (status === 200) assert.equal(answer.status, 200, `${what}: ${answer.text}`);
    else assertProblem(answer, status, /JSON|UTF-8|multipart/, what);
  }
  for (const [coding, status] of ENCODINGS) {
    const answer = await post(`Content-Encoding: ${coding}`);
    if (status === 200) assert.equal(answer.status, 200, `${coding}: ${answer.text}`);
    else assertProblem(answer, status, /Content-Encoding/, coding);
  }
  await assertWell(hub);
});
