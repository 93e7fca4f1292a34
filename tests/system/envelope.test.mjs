// envelope=1 and open=1: the same events for clients that need to be told more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventSource } from 'eventsource';
import { JSON_TYPE, ask, metrics, publish, startHub, until, within } from './hub.mjs';
import { compareIds, subscribe } from './sse.mjs';

// What is published, and what the envelope's data must be, as it stands there.
const rows = [ // body, JSON or not, embedded
  ['hello', false, '"hello"'], ['', false, '""'],
  ['{"a":1}', false, '"{\\"a\\":1}"'], ['7', false, '"7"'], // text stays text
  ['a\nb\rc\r\nd', false, '"a\\nb\\nc\\nd"'], ['\n\r\r\n\n', false, '"\\n\\n\\n\\n"'], ['a\n', false, '"a\\n"'],
  ['tab\t quote" back\\slash /', false, undefined], ['aä水😀\0\u0001\u001f\u007f\u0085\u2028\u2029\ufeff\uffff', false, undefined], ['\ufeffx', false, undefined],
  [' x ', false, '" x "'], ['id: 7\n\nevent: x', false, undefined],
  ['{ "a" : 1.0,\t"b":[ ] }', true, '{ "a" : 1.0,\t"b":[ ] }'],
  ['[1.0,1e400,12345678901234567890,-0,0.1000,1E+2]', true, '[1.0,1e400,12345678901234567890,-0,0.1000,1E+2]'],
  ['{\n "a":\r\n 1\r}', true, '{  "a":  1 }'], ['\n1\n', true, ' 1 '],
  ['"x\\n\\u00e4\\ud83d\\ude00ä"', true, '"x\\n\\u00e4\\ud83d\\ude00ä"'], ['"\\u0000"', true, '"\\u0000"'],
  ['null', true, 'null'], ['true', true, 'true'], ['{"b":1,"a":2,"b":3}', true, '{"b":1,"a":2,"b":3}'],
  [`${'['.repeat(64)}${']'.repeat(64)}`, true, `${'['.repeat(64)}${']'.repeat(64)}`],
];

// The envelope must be this line exactly, but for how a string is escaped.
function assertEnvelope(event, { channel, id, type, body, json, embedded }) {
  assert.equal(event.id, id);
  assert.equal(event.type, type);
  const head = `{"channel":${JSON.stringify(channel)},"id":"${id}","event":${type === undefined ? 'null' : JSON.stringify(type)},"data":`;
  assert.doesNotMatch(event.data, /[\r\n]/, 'one line');
  assert.ok(event.data.startsWith(head), `${event.data} begins with ${head}`);
  if (embedded !== undefined) assert.equal(event.data, `${head}${embedded}}`);
  const whole = JSON.parse(event.data);
  assert.deepEqual(Object.keys(whole), ['channel', 'id', 'event', 'data']);
  assert.deepEqual(whole.data, json ? JSON.parse(body) : body.replaceAll(/\r\n|\r/g, '\n'));
}

test('an envelope holds channel, id, type and data: JSON as it was published, text as a string', async (t) => {
  const hub = await startHub(t);
  const streams = await Promise.all(['1.1', '1.0'].map((version) => subscribe(hub, '/events/a?envelope=1', { version })));
  const plain = await Promise.all(['/events/a', '/events/a?envelope=0'].map((target) => subscribe(hub, target)));
  const wanted = [];
  for (const [body, json, embedded] of rows) wanted.push({ channel: 'a', id: await publish(hub, 'a', body, { headers: json ? JSON_TYPE : {} }), body, json, embedded });
  for (const target of ['/events/a?envelope=1&from=earliest', '/events/a?from=earliest&%65nvelope=1', '/events/*?envelope=1&from=earliest', '/events/b?channel=a*&envelope=1&from=-100'])
    for (const version of ['1.1', '1.0']) streams.push(await subscribe(hub, target, { version }));
  for (const stream of streams) (await stream.first(rows.length)).forEach((event, i) => assertEnvelope(event, wanted[i]));
  for (const stream of plain)
    (await stream.data(rows.length)).forEach((data, i) => assert.equal(data, rows[i][0].replaceAll(/\r\n|\r/g, '\n')));
});

test('the type stands on its own line and in the envelope, the channel as it is named', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/*?envelope=1&client_id=me');
  const named = ['broadcast', 'ä"\\/?&', '😀', 'x'.repeat(255), ' a b ', '</script>', '\u2028'];
  const sent = [];
  for (const channel of named) sent.push({ channel, type: undefined, id: await publish(hub, channel, 'x'), body: 'x' });
  for (const type of ['kind', 'a"\\b', 'ä 😀', 'x'.repeat(128), '\u0001\t', ' a ']) sent.push({ channel: 'a', type, id: await publish(hub, 'a', 'x', { event: type }), body: 'x' });
  sent.push({ channel: 'a', type: 'inside', id: await publish(hub, 'a', '{"_event":"inside","a":1.0}', { headers: JSON_TYPE }), body: '{"a":1.0}', json: true, embedded: '{"a":1.0}' });
  sent.push({ channel: '@me', type: undefined, id: await publish(hub, '@me', 'to you'), body: 'to you' });
  (await stream.first(sent.length)).forEach((event, i) => assertEnvelope(event, sent[i]));
});

test('a batch\'s strings are strings, its JSON is JSON', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events?envelope=1');
  const lines = [['"a\\nb\\u0000\\"{}"', undefined], ['"7"', '"7"'], ['7', '7'], ['{"a" : 1.0}', '{"a" : 1.0}'], ['[1,\t"\\u00e4"]', '[1,\t"\\u00e4"]'], ['null', 'null'], ['[\r1\r]', '[ 1 ]']];
  const body = lines.map(([data]) => `{"data":${data}}`).join('\n');
  assert.equal((await ask(hub, 'POST', '/publish', { body, headers: { 'Content-Type': 'application/x-ndjson' } })).status, 200);
  (await stream.first(lines.length)).forEach((event, i) => {
    assert.deepEqual(JSON.parse(event.data).data, JSON.parse(lines[i][0]));
    if (lines[i][1]) assert.ok(event.data.endsWith(`"data":${lines[i][1]}}`), event.data);
  });
});

test('many readers, with and without, live, replayed and from a position, see the same events', async (t) => {
  const hub = await startHub(t, ['--workers', '3']);
  const count = 300;
  const targets = ['/events/a?channel=b', '/events/*', '/events/b?channel=a*'].flatMap((target) => [target, `${target}${target.includes('?') ? '&' : '?'}envelope=1`]);
  const streams = await Promise.all([...targets, ...targets].map((target) => subscribe(hub, target)));
  const ids = [];
  for (let i = 0; i < count; i++) {
    ids.push(await publish(hub, 'ab'[i % 2], `${i}`, { event: i % 3 ? `t${i % 3}` : undefined, headers: i % 5 ? JSON_TYPE : {} }));
    if (i % 50 === 0) for (const target of targets) streams.push(await subscribe(hub, target, { position: ids[Math.floor(i / 2)] }));
  }
  for (const target of targets) streams.push(await subscribe(hub, target, { position: ids[0] }));
  for (const stream of streams) {
    await stream.until(() => stream.events.at(-1)?.id === ids.at(-1), 'the last');
    const from = ids.indexOf(stream.events[0].id); // checked by what must come behind its opening block
    assert.ok(from === 0 || compareIds(ids[from - 1], stream.blocks.find(({ id }) => id).id) <= 0);
    assert.deepEqual(stream.events.map(({ id }) => id), ids.slice(from));
    assert.deepEqual(stream.gaps, []);
    for (const [i, { id, type, data }] of stream.events.entries()) {
      const n = from + i;
      assert.equal(type, n % 3 ? `t${n % 3}` : undefined);
      if (data.startsWith('{')) assert.equal(data, `{"channel":"${'ab'[n % 2]}","id":"${id}","event":${type ? `"${type}"` : null},"data":${n % 5 ? n : `"${n}"`}}`);
      else assert.equal(data, `${n}`);
    }
    assert.equal(new Set(stream.events.map(({ data }) => data.startsWith('{'))).size, 1, 'all or none');
  }
});

test('an event of which each byte is escaped arrives in its envelope', async (t) => {
  const hub = await startHub(t);
  const streams = await Promise.all([0, 1].map((i) => subscribe(hub, `/events?envelope=${i}`)));
  const body = '\u0001'.repeat(1 << 20);
  await publish(hub, 'broadcast', body);
  await publish(hub, 'broadcast', 'end');
  assert.deepEqual(await streams[0].data(2), [body, 'end']);
  assert.deepEqual((await streams[1].data(2)).map((data) => JSON.parse(data).data), [body, 'end']);
});

test('more envelopes than the hub holds at a time are all right', async (t) => {
  const hub = await startHub(t, ['--memory', '4M', '--history', '100000']);
  const streams = await Promise.all([0, 1].map((i) => subscribe(hub, `/events?envelope=${i}`)));
  for (let i = 0; i < 100; i++) {
    await publish(hub, 'broadcast', `${i} ${'x'.repeat(50_000)}`);
    await Promise.all(streams.map((stream) => stream.until(() => stream.events.length > i, 'the event')));
  }
  assert.deepEqual(await streams[1].data(100), streams[0].events.map(({ id, data }) => `{"channel":"broadcast","id":"${id}","event":null,"data":"${data}"}`));
  const back = await subscribe(hub, '/events?envelope=1&from=earliest');
  await back.until(() => back.position === streams[0].position, 'the last');
  assert.deepEqual(back.events, streams[1].events.slice(-back.events.length));
  assert.ok((await metrics(hub)).freshet_envelope_bytes <= 4 << 20);
});

test('notices, keepalives and the opening block are the same with an envelope', async (t) => {
  const hub = await startHub(t, ['--history', '1', '--keepalive', '100ms']);
  const ids = [];
  for (let i = 0; i < 4; i++) ids.push(await publish(hub, 'a', `${i}`));
  const [plain, enveloped] = await Promise.all([0, 1].map((i) => subscribe(hub, `/events/a?envelope=${i}`, { position: ids[0] })));
  for (const stream of [plain, enveloped]) {
    await stream.until(() => stream.blocks.some(({ comments }) => comments.includes('keepalive')), 'a keepalive');
    assert.deepEqual(stream.gaps, [{ after: ids[0], until: ids[2], reason: 'trimmed', channels: ['a'], before: 0 }]);
  }
  const position = await publish(hub, 'b', 'elsewhere');
  for (const stream of [plain, enveloped]) await stream.until(() => stream.position === position, 'the keepalive with the position');
  const bare = (stream) => stream.blocks.filter(({ data, event }) => data === undefined || event === 'freshet.gap').map(({ text }) => text);
  assert.deepEqual([...new Set(bare(enveloped))], [...new Set(bare(plain))]);
});

test('envelope and open are 1 or 0, else 400', async (t) => {
  const hub = await startHub(t);
  for (const name of ['envelope', 'open']) {
    for (const value of ['', '2', 'true', '10', '01', '-1', '%31%00', 'x'.repeat(1000), '%FF']) {
      const answer = await ask(hub, 'GET', `/events?${name}=${value}`);
      assert.equal(answer.status, 400, `${name}=${value}`);
      assert.match(answer.json.detail, /open and envelope are 1 or 0/);
    }
    for (const value of ['0', '1', '%31']) (await subscribe(hub, `/events?${name}=${value}`)).close();
  }
});

// --- open=1 ---

test('open=1: the opening block is an event that tells the client_id, once, before all others', async (t) => {
  const hub = await startHub(t);
  for (const version of ['1.1', '1.0']) {
    const start = await publish(hub, 'a', 'old');
    const stream = await subscribe(hub, '/events/a?open=1&envelope=1', { version, position: start });
    const id = await publish(hub, 'a', 'x');
    await stream.first(2);
    const client = stream.head.headers['freshet-client-id'];
    assert.deepEqual(stream.events[0], { id: start, type: 'freshet.open', data: `{"client_id":"${client}"}` });
    assert.equal(stream.events[1].id, id);
    assert.deepEqual(stream.blocks[2], { text: `id: ${start}\nevent: freshet.open\ndata: {"client_id":"${client}"}`, comments: [], id: start, event: 'freshet.open', data: `{"client_id":"${client}"}` });
    stream.close();
  }
  const named = await subscribe(hub, '/events?open=1&client_id=a.b_c-d:e@f');
  assert.deepEqual(JSON.parse(named.events[0].data), { client_id: 'a.b_c-d:e@f' });
  const lost = await subscribe(hub, '/events?open=1', { position: 'nonsense' });
  assert.deepEqual([lost.gaps.length, lost.gaps[0].before, lost.events[0].type], [1, 0, 'freshet.open'], 'unknown stands before the opening block');
});

test('with open=1 npm\'s eventsource resumes exactly though it saw no event before the cut', async (t) => {
  const hub = await startHub(t, ['--retry', '100ms']);
  const heard = [];
  const source = new EventSource(`${hub.url}/events/a?open=1&envelope=1&client_id=me`);
  t.after(() => source.close());
  source.addEventListener('freshet.open', ({ data, lastEventId }) => heard.push(['open', data, lastEventId]));
  source.addEventListener('freshet.gap', ({ data }) => heard.push(['gap', data]));
  source.onmessage = ({ data, lastEventId }) => heard.push(['message', data, lastEventId]);
  await until(() => heard.length === 1, 'the opening block');
  const [, data, position] = heard[0];
  assert.deepEqual(JSON.parse(data), { client_id: 'me' });
  const gone = within(new Promise((resolve) => { source.onerror = resolve; }), 'the cut');
  assert.equal((await ask(hub, 'DELETE', '/clients/me')).status, 204);
  const id = await publish(hub, 'a', 'while it was away');
  await gone;
  await until(() => heard.some(([kind]) => kind === 'message'), 'the event');
  const message = heard.find(([kind]) => kind === 'message');
  assert.equal(message[2], id);
  assert.equal(JSON.parse(message[1]).data, 'while it was away');
  assert.ok(compareIds(position, id) < 0);
  assert.deepEqual(heard.filter(([kind]) => kind === 'gap'), []);
});
