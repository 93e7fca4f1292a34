// application/x-ndjson: many events in one request, all or none, byte for byte.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, metrics, publish, startHub } from './hub.mjs';
import { Connection, chunked, requestBytes } from './http.mjs';
import { assertProblem, assertWell } from './hostile.mjs';
import { compareIds, subscribe } from './sse.mjs';

const NDJSON = { 'Content-Type': 'application/x-ndjson' };
const MIB = 1 << 20;

const batch = (hub, body, { target = '/publish', headers = {} } = {}) => ask(hub, 'POST', target, { body, headers: { ...NDJSON, ...headers } });

async function accepted(hub, body, count, options) {
  const answer = await batch(hub, body, options);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.deepEqual(answer.json, { status: 'published', count, last_id: answer.json.last_id });
  assert.match(answer.json.last_id, /^\d{13}-\d+$/);
  return answer.json.last_id;
}

const published = async (hub) => (await metrics(hub)).freshet_events_in_total;
const numbered = (count) => Array.from({ length: count }, (_, i) => `{"data":${i}}`);

// --- what a line may be ---

// A line, and what a subscriber of an EventSource sees of it.
const lines = [
  ['{"data":"text"}', 'text'],
  ['{"data":""}', ''],
  ['{"data":"a\\nb\\rc\\r\\nd"}', 'a\nb\nc\nd'],
  ['{"data":"\\u0000\\u0001\\u001f"}', '\0\u0001\u001f'],
  ['{"data":"\\ud83d\\ude00 \\u00e4 \\u2028 \\ufeff \\/ \\\\ \\" \\b\\f\\t"}', '😀 ä \u2028 \ufeff / \\ " \b\f\t'],
  ['{"data":"ä水😀"}', 'ä水😀'],
  ['{"data":"id: 7\\n\\nevent: forged"}', 'id: 7\n\nevent: forged'],
  ['{"data":1.0}', '1.0'], ['{"data":1e400}', '1e400'], ['{"data":12345678901234567890}', '12345678901234567890'],
  ['{"data":-0}', '-0'], ['{"data":0.1000E+02}', '0.1000E+02'],
  ['{"data":null}', 'null'], ['{"data":true}', 'true'], ['{"data":[]}', '[]'], ['{"data":{}}', '{}'],
  ['{"data":{"b":1,"a":2,"b":1.0}}', '{"b":1,"a":2,"b":1.0}'],
  ['{"data" \t: \t{ "a" :\t[ 1 , 2 ] }  }', '{ "a" :\t[ 1 , 2 ] }'],
  ['{"data":{"a":"\\u00e4\\n\\/\\ud83d\\ude00ä"}}', '{"a":"\\u00e4\\n\\/\\ud83d\\ude00ä"}'],
  ['{"data":{"_event":"stays","channel":"x","data":1}}', '{"_event":"stays","channel":"x","data":1}'],
  ['{"data":[\r1\r]}', '[\n1\n]'], // a CR within a line is white space; the stream's lines end there
  ['{"d\\u0061ta":7}', '7'],
  ['{"data":"1","channel":null,"event":null,"idempotency_key":null}', '1'],
  [' \t{"data":2} \t', '2'],
];

test('data arrives byte for byte, strings as text', async (t) => {
  const hub = await startHub(t);
  const live = await subscribe(hub, '/events');
  const last = await accepted(hub, lines.map(([line]) => line).join('\n'), lines.length);
  for (const stream of [live, await subscribe(hub, '/events?from=earliest')]) {
    const events = await stream.first(lines.length);
    lines.forEach(([line, data], i) => assert.deepEqual(events[i], { id: events[i].id, type: undefined, data }, line));
    assert.equal(events.at(-1).id, last);
  }
});

test('blank lines, CRLF and a missing last line end do not matter', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events');
  for (const body of ['{"data":1}\n{"data":2}', '{"data":1}\n{"data":2}\n', '{"data":1}\r\n{"data":2}\r\n', '\n\r\n{"data":1}\n \t\n\n{"data":2}\n\n', '{"data":1}\r\n\r\n{"data":2}\r'])
    await accepted(hub, body, 2);
  assert.deepEqual(await stream.data(10), Array(5).fill(['1', '2']).flat());
});

test('a line names its channel, type and key; the URL names what it leaves out', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/*');
  const body = [
    '{"data":1}', '{"data":2,"channel":"b"}', '{"event":"kind","data":3}', '{"channel":"ä/?%","data":"4","event":"k\\u00efnd"}',
    '{"data":5,"idempotency_key":"k"}', '{"data":5,"idempotency_key":"k"}', '{"data":5,"idempotency_key":"k","channel":"b"}',
  ];
  const last = await accepted(hub, body.join('\n'), 7, { target: '/publish/a?event=usual' });
  const events = await stream.first(6);
  assert.deepEqual(events.map(({ type, data }) => [type, data]), [['usual', '1'], ['usual', '2'], ['kind', '3'], ['kïnd', '4'], ['usual', '5'], ['usual', '5']]);
  assert.equal(events.at(-1).id, last);
  assert.equal(await published(hub), 6, 'the key said twice on one channel is one event');
  for (const [channel, data] of [['a', ['1', '3', '5']], ['b', ['2', '5']], ['%C3%A4%2F%3F%25', ['4']]])
    assert.deepEqual(await (await subscribe(hub, `/events/${channel}?from=earliest`)).data(data.length), data, channel);
  assert.equal(await accepted(hub, '{"data":5,"idempotency_key":"k"}', 1, { target: '/publish/a?event=usual' }), events[4].id, 'last_id is the first event\'s');
});

test('a batch to a client reaches it alone, and its lines have no channel', async (t) => {
  const hub = await startHub(t);
  const [me, you] = await Promise.all(['me', 'you'].map((id) => subscribe(hub, `/events?client_id=${id}`)));
  await accepted(hub, '{"data":1}\n{"data":2,"event":"x"}', 2, { target: '/clients/me' });
  assert.deepEqual(await me.data(2), ['1', '2']);
  assertProblem(await batch(hub, '{"data":1}\n{"data":1,"channel":"a"}', { target: '/clients/me' }), 400, /line 2.*channel/, 'a channel');
  await publish(hub, 'broadcast', 'end');
  assert.deepEqual(await you.data(1), ['end']);
});

// --- what is refused: nothing of it is published ---

const refused = [ // line, what the detail says behind its number
  ['{"data":}', /JSON.*byte 8/], ['x', /JSON/], ['{"data":1', /JSON/], ['{"data":1}{"data":2}', /JSON/], ['{"data":1},', /JSON/],
  ['[{"data":1}]', /object/], ['1', /object/], ['"data"', /object/], ['null', /object/],
  ['{}', /data/], ['{"event":"x"}', /data/], ['{"Data":1}', /member/], ['{"data":1,"id":"1-0"}', /member/], ['{"data":1,"":1}', /member/],
  ['{"data":1,"data":1}', /once/], ['{"channel":"a","data":1,"channel":"a"}', /once/], ['{"data":1,"d\\u0061ta":1}', /once/],
  ['{"data":1,"channel":7}', /string/], ['{"data":1,"event":{}}', /string/], ['{"data":1,"idempotency_key":1}', /string/], ['{"data":1,"event":false}', /string/],
  ['{"data":1,"channel":""}', /name/], ['{"data":1,"channel":"@me"}', /name/], ['{"data":1,"channel":"a*"}', /name/], ['{"data":1,"channel":"a\\u0000"}', /name/],
  [`{"data":1,"channel":"${'x'.repeat(256)}"}`, /name/],
  ['{"data":1,"event":""}', /type/], ['{"data":1,"event":"freshet.gap"}', /type/], ['{"data":1,"event":"a\\nb"}', /type/], [`{"data":1,"event":"${'x'.repeat(129)}"}`, /type/],
  ['{"data":1,"idempotency_key":""}', /key/], ['{"data":1,"idempotency_key":"a\\n"}', /key/], [`{"data":1,"idempotency_key":"${'x'.repeat(129)}"}`, /key/],
  ['{"data":"\\ud800"}', /JSON/], ['{"data":"\u0001"}', /JSON/], ['{"data":"\xff"}', /UTF-8|JSON/], ['{"data":[01]}', /JSON/], ['\ufeff{"data":1}', /JSON/],
  [`{"data":${'['.repeat(64)}${']'.repeat(64)}}`, /64/],
];

test('one bad line among many: nothing is published, and the detail names the line', async (t) => {
  const hub = await startHub(t);
  const good = numbered(20);
  for (const [line, words] of refused) {
    const body = Buffer.from([...good.slice(0, 10), line, ...good.slice(10)].join('\n'), line.includes('\xff') ? 'latin1' : 'utf8');
    const answer = await batch(hub, body);
    assertProblem(answer, 400, words, line.slice(0, 60));
    assert.match(answer.json.detail, /^line 11: /, line.slice(0, 60));
  }
  for (const body of ['', '\n', ' \r\n\t\n']) assertProblem(await batch(hub, body), 400, /no event/, JSON.stringify(body));
  assertProblem(await batch(hub, `${numbered(9999).join('\n')}\n{"data":}`), 400, /^line 10000: /, 'the last of 10,000');
  assertProblem(await batch(hub, '{"data":1}\n{"data":1,"idempotency_key":"k"}\n{"data":2,"idempotency_key":"k"}'), 422, /another body/, 'one key for two');
  assertProblem(await batch(hub, '{"data":1}', { headers: { 'Idempotency-Key': 'k' } }), 400, /idempotency_key/, 'the key as a header');
  assert.equal(await published(hub), 0);
  await publish(hub, 'broadcast', 'first');
  const stream = await subscribe(hub, '/events?from=earliest');
  assert.deepEqual(await stream.data(1), ['first']);
  stream.close();
  await assertWell(hub);
});

test('a line with a key that came with another body refuses the batch; its other keys stay free', async (t) => {
  const hub = await startHub(t);
  const first = await accepted(hub, '{"data":1,"idempotency_key":"taken"}', 1);
  assertProblem(await batch(hub, '{"data":7,"idempotency_key":"free"}\n{"data":2,"idempotency_key":"taken"}'), 422, /key/, 'taken');
  assert.equal(await published(hub), 1);
  await accepted(hub, '{"data":8,"idempotency_key":"free"}', 1);
  assert.equal(await accepted(hub, '{"data":9}\n{"data":1,"idempotency_key":"taken"}', 2), first, 'last_id is the last line\'s');
  assert.equal(await published(hub), 3);
});

// --- limits ---

test('10,000 events are taken, 10,001 are 413', async (t) => {
  const hub = await startHub(t, ['--history', '20000']);
  assertProblem(await batch(hub, numbered(10001).join('\n')), 413, /10,000/, '10,001');
  assert.equal(await published(hub), 0);
  const last = await accepted(hub, `\n${numbered(10000).join('\n\n')}\n`, 10000);
  const stream = await subscribe(hub, '/events?from=earliest');
  assert.deepEqual(await stream.data(10000), Array.from({ length: 10000 }, (_, i) => `${i}`));
  assert.equal(stream.events.at(-1).id, last);
});

test('8 MiB are taken, one byte more is 413, said at once or in chunks', async (t) => {
  const hub = await startHub(t);
  const line = `{"data":"${'x'.repeat(MIB - 13)}"}\n`; // a MiB - 1
  const body = Buffer.from(line.repeat(8) + '\n'.repeat(8));
  assert.equal(body.length, 8 * MIB);
  const more = Buffer.concat([body, Buffer.from('\n')]);
  const send = (bytes, inChunks) => new Connection(hub).send(inChunks
    ? Buffer.concat([requestBytes('POST', '/publish', { headers: ['Content-Type: application/x-ndjson', 'Transfer-Encoding: chunked'] }), chunked(bytes.subarray(0, 5 * MIB), bytes.subarray(5 * MIB))])
    : requestBytes('POST', '/publish', { headers: ['Content-Type: Application/X-NDJSON; charset=utf-8'], body: bytes }));
  for (const inChunks of [false, true]) {
    const answer = await send(body, inChunks).answer();
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.count, 8);
    const connection = send(more, inChunks);
    assertProblem(await connection.answer(), 413, /8 MiB/, `in chunks: ${inChunks}`);
    await connection.closed();
  }
  assert.equal(await published(hub), 16);
});

test('--max-event holds for each line, and for text decoded', async (t) => {
  const hub = await startHub(t, ['--max-event', '100']);
  const line = (n) => `{"data":"${'\\u0061'.repeat(n)}"}`;
  const json = (n) => `{"data":"x"}\n{"data":[${' '.repeat(n - 2)}]}`;
  await accepted(hub, line(100), 1);
  await accepted(hub, json(100), 2);
  assertProblem(await batch(hub, `{"data":1}\n${line(101)}`), 413, /line 2.*max-event/, 'text');
  assertProblem(await batch(hub, json(101)), 413, /line 2.*max-event/, 'JSON');
  await accepted(hub, numbered(1000).join('\n'), 1000);
  assert.equal(await published(hub), 1003);
});

// --- order, and readers beside it ---

test('lines over several channels keep their order on one stream', async (t) => {
  const hub = await startHub(t, ['--history', '10000']);
  const streams = await Promise.all(['/events?channel=c0&channel=c1&channel=c2', '/events/c*'].map((target) => subscribe(hub, target)));
  await accepted(hub, Array.from({ length: 3000 }, (_, i) => `{"channel":"c${i * 7 % 3}","data":${i}}`).join('\n'), 3000);
  streams.push(await subscribe(hub, '/events/c2?channel=c*&from=earliest'));
  for (const stream of streams) assert.deepEqual(await stream.data(3000), Array.from({ length: 3000 }, (_, i) => `${i}`));
});

// Readers on these streams while one batch of 10,000 goes by; some stop every other moment.
async function besideBatch(t, flags) {
  const hub = await startHub(t, flags);
  const names = ['a', 'b', 'c', 'd'];
  const targets = [['/events/a?channel=b&channel=c&channel=d', names], ['/events/*', names], ...names.map((name) => [`/events/${name}`, [name]])];
  const streams = await Promise.all(Array.from({ length: 24 }, (_, i) => subscribe(hub, targets[i % targets.length][0])));
  const beat = setInterval(() => {
    for (const { socket } of streams.filter((_, i) => i % 4 === 0)) socket.isPaused() ? socket.resume() : socket.pause();
  }, 1);
  t.after(() => clearInterval(beat));
  const lines = Array.from({ length: 10000 }, (_, i) => ({ channel: names[i % 40 ? 0 : i / 40 % 4], data: `${i} ${'x'.repeat(200)}` }));
  const last = await accepted(hub, lines.map((line) => JSON.stringify(line)).join('\n'), 10000);
  for (const name of names) await publish(hub, name, 'end');
  return { last, readers: streams.map((stream, i) => {
    const wanted = lines.filter(({ channel }) => targets[i % targets.length][1].includes(channel)).map(({ data }) => data);
    return { stream, wanted, ends: targets[i % targets.length][1].length };
  }) };
}

test('readers beside a batch of 10,000 that the history keeps get all of it without a gap, the fast and the slow', async (t) => {
  const { readers, last } = await besideBatch(t, ['--history', '10001']);
  for (const { stream, wanted, ends } of readers) {
    const events = await stream.first(wanted.length + ends);
    assert.deepEqual(stream.gaps, []);
    assert.deepEqual(events.slice(0, wanted.length).map(({ data }) => data), wanted);
    assert.ok(compareIds(events[wanted.length - 1].id, last) <= 0);
  }
});

test('beside a batch larger than the history, what a reader does not get lies within the gaps that it is told', async (t) => {
  const { readers, last } = await besideBatch(t, []);
  const [, ms, counter] = /^(\d+)-(\d+)$/.exec(last);
  const idOf = (data) => `${ms}-${Number(counter) - 9999 + Number(data.split(' ')[0])}`; // one turn makes all ids
  for (const { stream, wanted, ends } of readers) {
    await stream.until(() => stream.events.filter(({ data }) => data === 'end').length === ends, 'the ends');
    const got = new Map(stream.events.map((event) => [event.data, event.id]));
    for (const data of wanted) {
      const id = idOf(data);
      if (got.has(data)) assert.equal(got.get(data), id);
      else assert.ok(stream.gaps.some(({ after, until, reason }) => reason === 'slow' && compareIds(after, id) < 0 && compareIds(id, until) <= 0), `${id} is missing, and no gap says so: ${JSON.stringify(stream.gaps)}`);
    }
    assert.ok(wanted.slice(-900).every((data) => got.has(data)), 'what is kept arrives');
  }
});
