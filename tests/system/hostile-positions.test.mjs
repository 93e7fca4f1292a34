// Positions of every kind of nonsense, wherever a position may stand. A browser that gets a 4xx stops
// for good, so each is answered 200, and told as unknown; the stream then starts as if it had none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIGHT, chance, publish, startHub } from './hub.mjs';
import { assertProblem, assertWell, latin } from './hostile.mjs';
import { Connection, requestBytes } from './http.mjs';
import { subscribe } from './sse.mjs';

const long = (n, text = 'x') => text.repeat(n);
const utf8 = (text) => Buffer.from(text).toString('latin1');

// What, and the bytes. Those of the first table are no place to start either, as `from`.
const NONSENSE = [
  // nearly ids
  ['an id without a counter', '1795327500123-'], ['an id without a time', '-0-'], ['an id with two dashes', '1795327500123--0'], ['an id with a third part', '1795327500123-0-0'],
  ['an id with a comma', '1795327500123,0'], ['an id with a dot', '1795327500123.0'], ['an id with a colon', '1795327500123:0'], ['an id with an underscore', '1795327500123_0'], ['an id with another dash', utf8('1795327500123–0')],
  ['an id with a plus', '+1795327500123-0'], ['a counter with a plus', '1795327500123-+0'], ['an id with a space within', '1795327500123 -0'], ['an id with a letter behind', '1795327500123-0x'], ['an id with a letter in front', 'x1795327500123-0'],
  ['an id with zeros in front', '01795327500123-0'], ['a counter with zeros in front', '1795327500123-00'], ['an id in quotes', '"1795327500123-0"'], ['an id in brackets', '[1795327500123-0]'], ['an id in an entity tag', 'W/"1795327500123-0"'],
  ['two ids', '1795327500123-0,1795327500123-1'], ['two ids with a space', '1795327500123-0 1795327500123-1'], ['an id with its field', 'id: 1795327500123-0'], ['an id with a channel', 'a:1795327500123-0'], ['an id as JSON', '{"id":"1795327500123-0"}'],
  ['a counter of 65536', '1795327500123-65536'], ['a counter of 32 bits', '1795327500123-4294967296'], ['a counter of 64 bits', '1795327500123-18446744073709551616'], ['a counter below nothing', '1795327500123--1'], ['a time below nothing', '-1795327500123-0'],
  ['a time of 49 bits', '281474976710656-0'], ['a time of 64 bits', '18446744073709551616-0'], ['a time of 64 bits and a little', '18446744073709551617-0'], ['a time of 300 digits', `${long(300, '9')}-0`], ['a time of 15000 digits', `${long(15000, '9')}-0`],
  ['the largest id', '281474976710655-65535'], ['an id of the year 2500', '16725225600000-0'], ['an id in hexadecimal', '0x1a20b1c2d3-0'], ['an id with an exponent', '1e12-0'], ['an id with a fraction', '1795327500123.5-0'], ['an id in seconds and parts', '1795327500.123-0'],
  ['an id in digits of another script', utf8('١٧٩٥٣٢٧٥٠٠١٢٣-٠')], ['an id in wide digits', utf8('１７９５-０')], ['an id with a mark in front', utf8('\ufeff1795327500123-0')], ['an id with a space of no width', utf8('1795327500123\u200b-0')], ['an id from right to left', utf8('\u202e0-1795327500123')],
  // ids of others
  ['a UUID', 'urn:uuid:5e94c686-2c0b-4f9b-958c-92ccc3bbb4eb'], ['nothing but a UUID', '5e94c686-2c0b-4f9b-958c-92ccc3bbb4eb'], ['nchan\'s', '1795327500:0,[1],0'], ['Kafka\'s', '[{"topic":"a","partition":0,"offset":1}]'], ['the earliest of others', '$'], ['a Redis range', '(1795327500123-0'], ['base64', 'MTc5NTMyNzUwMDEyMy0w'],
  // words and numbers
  ['null', 'null'], ['undefined', 'undefined'], ['NaN', 'NaN'], ['Infinity', 'Infinity'], ['true', 'true'], ['an object', '[object Object]'], ['a letter', 'x'], ['a dash', '-'], ['dashes', '---'], ['a dot', '.'], ['a fraction', '1.5'], ['an exponent', '1e3'], ['a hexadecimal', '0x10'], ['a plus', '+5'], ['digits of 64 bits', '18446744073709551616'], ['15000 digits', long(15000, '1')],
  ['now, with a capital', 'Now'], ['now, and more', 'now-1'], ['earliest, and a space within', 'ear liest'], ['latest', 'latest'], ['yesterday', 'yesterday'], ['minus a word', '-x'], ['minus a minus', '--1'], ['minus a fraction', '-1.5'], ['minus a plus', '-+1'], ['minus 64 bits', '-18446744073709551616'],
  // nearly times
  ['a day', '2026-01-01'], ['a time without a zone', '2026-01-01T00:00:00'], ['a month that is none', '2026-13-01T00:00:00Z'], ['a month of nothing', '2026-00-01T00:00:00Z'], ['a day that is none', '2026-02-29T00:00:00Z'], ['a day of nothing', '2026-01-00T00:00:00Z'], ['an hour that is none', '2026-01-01T24:00:00Z'], ['a minute that is none', '2026-01-01T00:60:00Z'], ['a second that is none', '2026-01-01T00:00:61Z'],
  ['a fraction of nothing', '2026-01-01T00:00:00.Z'], ['a zone that is none', '2026-01-01T00:00:00+24:00'], ['a zone without minutes', '2026-01-01T00:00:00+01'], ['a zone in words', '2026-01-01T00:00:00CET'], ['something behind the zone', '2026-01-01T00:00:00Zx'], ['a year of five digits', '12026-01-01T00:00:00Z'], ['a year below nothing', '-2026-01-01T00:00:00Z'], ['a year of two digits', '26-01-01T00:00:00Z'], ['a time for people', 'Thu, 01 Jan 2026 00:00:00 GMT'],
  // what is tried on others
  ['a quote', '\''], ['SQL', '1\' OR \'1\'=\'1\' --'], ['a table that shall go', '\'; DROP TABLE events; --'], ['a script', '<script>alert(1)</script>'], ['a way out', '../../../../etc/passwd'], ['formats', '%s%s%s%n%n'], ['a look-up', '${jndi:ldap://x/a}'], ['a command', '$(id)'], ['another', '`id`'], ['a shell', '() { :; }; /bin/true'], ['a template', '{{7*7}}'], ['LDAP', '*)(uid=*'], ['a star', '*'], ['XML', '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>'],
  // bytes
  ['FF', '\xff'], ['Latin-1', '\xe4'], ['a character', utf8('é')], ['an emoji', utf8('😀')], ['half a character', '\xc3'], ['NUL in two bytes', '\xc0\x80'], ['a surrogate', '\xed\xa0\x80'], ['all bytes above 127', String.fromCharCode(...Array.from({ length: 128 }, (_, i) => 128 + i))], ['a tab within', 'a\tb'], ['15000 letters', long(15000)], ['4000 bytes above 127', long(4000, '\xff')], ['7000 spaces within', `a${long(7000, ' ')}b`],
];

// These no header may hold; in a parameter they are nonsense like any other.
const CONTROLS = [
  ['NUL', '\0'], ['NUL behind an id', '1795327500123-0\0'], ['a line feed', '\n'], ['a line feed behind an id', '1795327500123-0\n'], ['a carriage return behind an id', '1795327500123-0\r'], ['another header', 'x\r\nX: y'], ['a line of a stream', '1\n\ndata: x\n\n'], ['an ESC', '\x1b[2J'], ['a DEL', '\x7f'], ['a bell', 'a\x07b'], ['all of them', String.fromCharCode(...Array(32).keys())],
];

// In a header the blanks around are none of the value's; in a parameter they are.
const BLANKS = [['a space', ' '], ['a tab', '\t'], ['an id behind a space', ' 1795327500123-0'], ['an id before a space', '1795327500123-0 ']];

// These are no ids, but say where to start.
const STARTS = ['now', 'earliest', '-1', '-0', '-1000000', '0', '17', '1795327500123', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.5+01:00'];

const PARAMETERS = ['last_event_id', 'lastEventId', 'lastEventID'];
const escaped = (bytes) => Array.from(latin(bytes), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

// Subscribes there; the notice stands before the opening block's id, and nothing else does.
async function assertUnknown(hub, { query = '', headers = [] }, what) {
  const stream = await subscribe(hub, `/events?channel=a&channel=b*${query}`, { headers });
  assert.deepEqual(stream.blocks.map(({ text }) => text.split(':')[0]), ['retry', '', 'event', 'id'], what);
  assert.deepEqual(stream.gaps, [{ after: null, until: stream.position, reason: 'unknown', channels: ['a', 'b*'], before: 0 }], what);
  stream.close();
}

test('whatever a position is, in the header, a parameter or from, it is told as unknown', async (t) => {
  const hub = await startHub(t);
  await publish(hub, 'a', 'before');
  for (const [what, bytes] of [...NONSENSE, ...CONTROLS, ...BLANKS]) {
    const written = bytes.length > 5000 && !/[^\w-]/.test(bytes) ? bytes : escaped(bytes);
    if (written.length > 16000) continue; // a URL has no room for it
    for (const name of [...PARAMETERS, 'from']) await assertUnknown(hub, { query: `&${name}=${written}` }, `${name}: ${what}`);
  }
  for (const [what, bytes] of NONSENSE) await assertUnknown(hub, { headers: [`Last-Event-ID: ${bytes}`] }, `the header: ${what}`);
  for (const start of STARTS) {
    await assertUnknown(hub, { headers: [`Last-Event-ID: ${start}`] }, `the header: ${start}`);
    for (const name of PARAMETERS) await assertUnknown(hub, { query: `&${name}=${escaped(start)}` }, `${name}: ${start}`);
  }
  await assertWell(hub);
});

test('a control byte in the header makes the head a bad one', async (t) => {
  const hub = await startHub(t);
  for (const [what, bytes] of CONTROLS) {
    if (bytes === 'x\r\nX: y') continue; // that is another header indeed
    const connection = new Connection(hub).send(requestBytes('GET', '/events', { headers: [`Last-Event-ID: x${bytes}x`] }));
    assertProblem(await connection.answer(), 400, /CR or LF|control/, what);
    await connection.closed();
  }
  await assertWell(hub);
});

test('blanks around a position in the header are none of it, and an empty one is none', async (t) => {
  const hub = await startHub(t);
  const id = await publish(hub, 'a', 'before');
  await publish(hub, 'a', 'behind');
  for (const value of [`${id} `, ` \t ${id}\t`, id]) {
    const stream = await subscribe(hub, '/events/a', { headers: [`Last-Event-ID:${value}`] });
    assert.deepEqual(await stream.data(1), ['behind']);
    stream.close();
  }
  for (const [headers, query] of [[['Last-Event-ID:'], ''], [['Last-Event-ID: \t '], ''], [[], PARAMETERS.map((name) => `&${name}=`).join('')], [[], '&from='], [[], '&from&last_event_id']]) {
    const stream = await subscribe(hub, `/events?channel=a${query}`, { headers });
    assert.deepEqual(stream.blocks.map(({ text }) => text.split(':')[0]), ['retry', '', 'id'], `${headers}${query}`);
    stream.close();
  }
  await assertWell(hub);
});

test('nonsense in every place at once is told once', async (t) => {
  const hub = await startHub(t);
  const everywhere = [...PARAMETERS, 'from', ...PARAMETERS, 'from'].map((name) => `&${name}=%zz%00`).join('');
  await assertUnknown(hub, { query: everywhere }, 'in all parameters');
  await assertUnknown(hub, { query: everywhere, headers: ['Last-Event-ID: x'] }, 'and in the header');
  await assertUnknown(hub, { query: everywhere, headers: ['Last-Event-ID: x', 'Last-Event-ID: y', 'last-event-id: z'] }, 'and in three headers');
  await assertWell(hub);
});

test('behind nonsense a stream is like any other', async (t) => {
  const hub = await startHub(t);
  await publish(hub, 'a', 'before');
  for (const version of ['1.1', '1.0']) {
    const streams = await Promise.all([['&from=earliest', 'x'], ['&from=-1', '\xff'], ['', 'x'], ['&from=x', undefined], ['&lastEventId=%00', undefined]]
      .map(([query, position]) => subscribe(hub, `/events?channel=a&channel=b*${query}`, { position, version })));
    await publish(hub, 'a', version);
    for (const [i, stream] of streams.entries()) {
      await stream.last(version);
      assert.equal(stream.gaps.length, 1);
      assert.equal(stream.events.length > 1, i < 2, 'from counts where the position is nonsense');
      stream.close();
    }
  }
  await assertWell(hub);
});

test('no random position is answered with a 4xx', async (t) => {
  const hub = await startHub(t);
  const { below, pick } = chance(t);
  const letters = [...'0123456789012345678901234567890123456789-----TZ:.+ nowearlist%'].map((letter) => letter.charCodeAt(0));
  for (let n = 0; n < (LIGHT ? 200 : 1000); n++) {
    const bytes = String.fromCharCode(...Array.from({ length: 1 + below(30) }, () => (below(8) ? pick(letters) : below(256))));
    const name = pick([...PARAMETERS, 'from']);
    for (const target of [`/events?${name}=${escaped(bytes)}`, `/events?${name}=${bytes.replace(/[^\x21\x24-\x7e]/g, '')}`]) {
      const connection = new Connection(hub).send(requestBytes('GET', target));
      assert.equal((await connection.head()).status, 200, target);
      connection.destroy();
    }
    const header = new Connection(hub).send(requestBytes('GET', '/events', { headers: [`Last-Event-ID: ${bytes.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, '')}`] }));
    assert.equal((await header.head()).status, 200, bytes);
    header.destroy();
  }
  await assertWell(hub);
});
