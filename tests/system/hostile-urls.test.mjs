// Paths, names and query parameters that mean harm or make no sense, at every endpoint.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chance, metrics, startHub } from './hub.mjs';
import { assertProblem, assertWell } from './hostile.mjs';
import { Connection, requestBytes } from './http.mjs';

const long = (n, text = 'x') => text.repeat(n);

// One request on a connection of its own: { status, headers, json }; of a stream the head alone.
async function request(hub, method, target) {
  const connection = new Connection(hub).send(requestBytes(method, target, { body: method === 'POST' ? 'x' : undefined }));
  const head = await connection.head();
  if (head.headers['content-type'] === 'text/event-stream') {
    connection.destroy();
    return { ...head, stream: true };
  }
  const text = (await connection.exactly(Number(head.headers['content-length']))).toString();
  connection.destroy();
  return { ...head, text, json: /json/.test(head.headers['content-type']) ? JSON.parse(text) : undefined };
}

// --- paths ---

// What, the method, the target, the status, and what the detail speaks of.
const PATHS = [
  ['a NUL for a path', 'GET', '/%00', 404, /path/],
  ['a NUL behind a path', 'GET', '/health%00', 404, /path/],
  ['a NUL behind a path, and more', 'GET', '/health%00/x', 404, /path/],
  ['a slash that is escaped', 'GET', '/%2Fhealth', 404, /path/],
  ['a slash that is escaped, behind', 'GET', '/health%2F', 404, /path/],
  ['a slash that is escaped between', 'GET', '/events%2Fa', 404, /path/],
  ['a slash that is escaped twice', 'GET', '/events%252Fa', 404, /path/],
  ['a slash behind', 'GET', '/health/', 404, /path/],
  ['a slash in front', 'GET', '//health', 404, /path/],
  ['slashes between', 'GET', '/events//a', 404, /path/],
  ['slashes alone', 'GET', '////', 404, /path/],
  ['4000 slashes', 'GET', long(4000, '/'), 404, /path/],
  ['dots', 'GET', '/..', 404, /path/],
  ['dots between', 'GET', '/events/../metrics', 404, /path/],
  ['dots that are escaped', 'GET', '/%2e%2e/metrics', 404, /path/],
  ['dots to a file', 'GET', '/../../../../etc/passwd', 404, /path/],
  ['dots and backslashes', 'GET', '/..\\..\\etc\\passwd', 404, /path/],
  ['dots in UTF-8 of two bytes', 'GET', '/%c0%ae%c0%ae/etc/passwd', 404, /path/],
  ['2000 times dots', 'GET', long(2000, '/..'), 404, /path/],
  ['a file', 'GET', '/index.html', 404, /path/],
  ['a hidden file', 'GET', '/.git/config', 404, /path/],
  ['a script', 'GET', '/cgi-bin/test.cgi', 404, /path/],
  ['a path in capitals', 'GET', '/EVENTS/a', 404, /path/],
  ['a path with more behind', 'GET', '/eventsx', 404, /path/],
  ['a path with less', 'GET', '/event', 404, /path/],
  ['an escape that none needs', 'GET', '/%65vents/a', 404, /path/],
  ['a path parameter', 'GET', '/health;v=1', 404, /path/],
  ['a broken escape', 'GET', '/%', 404, /path/],
  ['a broken escape in a path that is none', 'GET', '/x/%zz', 404, /path/],
  ['a third part', 'GET', '/events/a/b/c', 404, /path/],
  ['a third part to publish to', 'POST', '/publish/a/b', 404, /path/],
  ['a client without a name and slash', 'POST', '/clients', 404, /path/],
  ['a third part to a client', 'POST', '/clients/a/b', 404, /path/],
  ['publishing to where one subscribes', 'POST', '/events/a', 405, /Allow/],
  ['publishing to nothing', 'POST', '/', 405, /Allow/],
  ['publishing to the figures', 'POST', '/metrics', 405, /Allow/],
  ['subscribing where one publishes', 'GET', '/publish/a', 405, /Allow/],
];

test('each of these paths has its one answer', async (t) => {
  const hub = await startHub(t);
  for (const [what, method, target, status, words] of PATHS)
    await t.test(`${status} for ${what}`, async () => assertProblem(await request(hub, method, target), status, words, target));
  assert.equal((await metrics(hub)).freshet_events_in_total, 0);
  await assertWell(hub);
});

// --- names ---

// What, the name as it stands in the URL, and whether it is one: to subscribe to, to publish to, of a
// client. A prefix is only to be subscribed to.
const YES = true;
const NO = false;
const NAMES = [
  ['nothing', '', NO, NO, NO],
  ['one letter', 'a', YES, YES, YES],
  ['a space', '%20', YES, YES, NO],
  ['a plus', '%2B', YES, YES, NO],
  ['a percent sign', '%25', YES, YES, NO],
  ['an escape that is escaped', '%2541', YES, YES, NO],
  ['a slash', '%2F', YES, YES, NO],
  ['a slash within', 'a%2Fb', YES, YES, NO],
  ['a backslash', 'a%5Cb', YES, YES, NO],
  ['dots', '..', YES, YES, YES],
  ['dots that are escaped', '%2e%2E', YES, YES, YES],
  ['a way out', '..%2F..%2Fetc%2Fpasswd', YES, YES, NO],
  ['a question and a fragment', '%3F%23', YES, YES, NO],
  ['quotes', '%22%27%60', YES, YES, NO],
  ['brackets', '%3Cscript%3E', YES, YES, NO],
  ['other letters', '%E6%B0%B4', YES, YES, NO],
  ['an emoji', '%F0%9F%98%80', YES, YES, NO],
  ['letters from right to left', '%E2%80%AEabc', YES, YES, NO],
  ['a byte order mark', '%EF%BB%BFa', YES, YES, NO],
  ['no character', '%EF%BF%BF', YES, YES, NO],
  ['a line separator', 'a%E2%80%A8b', YES, YES, NO],
  ['255 bytes', long(255), YES, YES, NO],
  ['255 bytes, escaped', long(255, '%78'), YES, YES, NO],
  ['256 bytes', long(256), NO, NO, NO],
  ['256 bytes, escaped', long(256, '%78'), NO, NO, NO],
  ['85 characters of three bytes', long(85, '%E6%B0%B4'), YES, YES, NO],
  ['86 characters of three bytes', long(86, '%E6%B0%B4'), NO, NO, NO],
  ['128 bytes', long(128), YES, YES, YES],
  ['129 bytes', long(129), YES, YES, NO],
  ['5000 bytes', long(5000), NO, NO, NO],
  ['NUL', '%00', NO, NO, NO],
  ['NUL in front', '%00a', NO, NO, NO],
  ['NUL behind', 'a%00', NO, NO, NO],
  ['NUL within', 'a%00b', NO, NO, NO],
  ['a line feed', 'a%0Ab', NO, NO, NO],
  ['a carriage return', 'a%0Db', NO, NO, NO],
  ['a line of a stream', 'a%0A%0Adata:%20x', NO, NO, NO],
  ['a tab', 'a%09b', NO, NO, NO],
  ['an ESC', 'a%1Bb', NO, NO, NO],
  ['a DEL', 'a%7Fb', NO, NO, NO],
  ['a control character of two bytes', 'a%C2%85b', NO, NO, NO],
  ['the last of these', '%C2%9F', NO, NO, NO],
  ['a space that does not break', '%C2%A0', YES, YES, NO],
  ['FF', '%FF', NO, NO, NO],
  ['a byte of two', '%C3', NO, NO, NO],
  ['a continuation', 'a%80', NO, NO, NO],
  ['Latin-1', '%E4', NO, NO, NO],
  ['NUL in two bytes', '%C0%80', NO, NO, NO],
  ['a slash in two bytes', '%C0%AF', NO, NO, NO],
  ['a surrogate', '%ED%A0%80', NO, NO, NO],
  ['beyond the last character', '%F4%90%80%80', NO, NO, NO],
  ['a client\'s channel', '@x', NO, NO, YES],
  ['a client\'s channel, escaped', '%40x', NO, NO, YES],
  ['the sign of a client alone', '@', NO, NO, YES],
  ['the sign of a client within', 'a@b', YES, YES, YES],
  ['every channel', '*', YES, NO, NO],
  ['a prefix', 'a*', YES, NO, NO],
  ['a prefix, escaped', 'a%2A', YES, NO, NO],
  ['two stars', '**', NO, NO, NO],
  ['a star in front', '*a', NO, NO, NO],
  ['a star within', 'a*b', NO, NO, NO],
  ['a prefix of clients', '@*', NO, NO, NO],
  ['a prefix of clients, with a letter', '@x*', NO, NO, NO],
  ['a prefix that is no UTF-8', '%FF*', NO, NO, NO],
  ['a prefix cut within a character', '%C3*', NO, NO, NO],
  ['a prefix with NUL', '%00*', NO, NO, NO],
  ['a prefix of 255 bytes', `${long(255)}*`, YES, NO, NO],
  ['a prefix of 256 bytes', `${long(256)}*`, NO, NO, NO],
  ['a percent sign alone', '%', NO, NO, NO],
  ['a percent sign at the end', 'a%', NO, NO, NO],
  ['half an escape', 'a%4', NO, NO, NO],
  ['an escape of other letters', '%zz', NO, NO, NO],
  ['an escape with a sign', '%+4', NO, NO, NO],
  ['an escape with a space', '%%20', NO, NO, NO],
  ['an escape of scripts', '%u0041', NO, NO, NO],
];

test('a name is one or it is 400, at every place where one is asked for', async (t) => {
  const hub = await startHub(t);
  let published = 0;
  const is = async (yes, method, target, what) => {
    const answer = await request(hub, method, target);
    if (!yes) return assertProblem(answer, 400, /name|prefix|client_id|escape/, `${what}: ${target}`);
    assert.equal(answer.status, 200, `${what}: ${target}: ${answer.text}`);
    assert.equal(Boolean(answer.stream), method === 'GET');
    published += method === 'POST';
  };
  for (const [what, name, subscribe, publish, client] of NAMES) {
    await is(subscribe, 'GET', `/events/${name}`, what);
    await is(subscribe, 'GET', `/events?channel=${name}`, what);
    await is(subscribe, 'GET', `/events/ok?channel=fine&channel=${name}&channel=well`, what);
    await is(publish, 'POST', `/publish/${name}`, what);
    await is(publish, 'POST', `/publish?channel=${name}`, what);
    await is(client, 'POST', `/clients/${name}`, what);
    await is(client, 'GET', `/events?client_id=${name}`, what);
  }
  assert.equal((await metrics(hub)).freshet_events_in_total, published);
  await assertWell(hub);
});

// --- the other parameters ---

const TYPES = [
  ['nothing', '', NO], ['a letter', 'a', YES], ['a space', '%20', YES], ['a plus, which is a space', '+', YES], ['a colon', 'a:b', YES], ['a tab', '%09', YES], ['a star', '*', YES],
  ['other letters', '%E6%B0%B4', YES], ['128 bytes', long(128), YES], ['129 bytes', long(129), NO], ['43 characters of three bytes', long(43, '%E6%B0%B4'), NO], ['5000 bytes', long(5000), NO],
  ['NUL', '%00', NO], ['NUL behind', 'a%00', NO], ['a line feed', 'a%0Ab', NO], ['a carriage return', 'a%0Db', NO], ['a line of a stream', 'a%0Adata:x', NO], ['FF', '%FF', NO], ['a surrogate', '%ED%A0%80', NO],
  ['ours', 'freshet.', NO], ['ours, with a word', 'freshet.gap', NO], ['ours, escaped', '%66reshet%2Egap', NO], ['ours, but for the dot', 'freshet', YES], ['ours, in capitals', 'Freshet.gap', YES], ['what EventSource has itself', 'error', YES],
  ['half an escape', 'a%4', NO], ['an escape of other letters', '%zz', NO],
];

test('an event\'s type is one or it is 400', async (t) => {
  const hub = await startHub(t);
  for (const [what, type, yes] of TYPES)
    for (const path of ['/publish', '/publish/a', '/clients/a']) {
      const answer = await request(hub, 'POST', `${path}?event=${type}`);
      if (yes) assert.equal(answer.status, 200, `${what}: ${answer.text}`);
      else assertProblem(answer, 400, /type|escape/, what);
    }
  assert.equal((await metrics(hub)).freshet_events_in_total, 3 * TYPES.filter(([, , yes]) => yes).length);
  await assertWell(hub);
});

// What, the query, and the status at /events and at /publish.
const QUERIES = [
  ['nothing', '', 200, 200], ['question marks', '??', 200, 200], ['ampersands', '&&&', 200, 200], ['equals signs', '===', 200, 200], ['a name alone', 'x', 200, 200], ['a value alone', '=x', 200, 200],
  ['a parameter that nobody knows', 'utm_source=x&_=1', 200, 200], ['a broken escape in one that nobody knows', 'x=%zz&y=%', 200, 200], ['a broken escape in its name', '%zz=x&%=y&chan%6=z', 200, 200],
  ['bytes that are no UTF-8 in one that nobody knows', 'x=%FF&%FF=x', 200, 200], ['a channel without an equals sign', 'channel', 400, 400], ['a channel that is empty', 'channel=', 400, 400],
  ['a channel with an equals sign', 'channel==a', 200, 200], ['a name that is escaped', '%63hannel=', 400, 400], ['a name that is escaped, and a value', '%63hanne%6C=a', 200, 200], ['a name in capitals, which is another', 'Channel=', 200, 200],
  ['a name with a blank, which is another', '+channel=&channel+=', 200, 200], ['a name with brackets, which is another', 'channel[]=', 200, 200], ['semicolons, which part nothing', 'channel=a;channel=', 200, 200], ['a question mark within', 'channel=a?channel=', 200, 200],
  ['256 channels', Array.from({ length: 256 }, (_, i) => `channel=${i}`).join('&'), 200, 200], ['257 channels', Array.from({ length: 257 }, (_, i) => `channel=${i}`).join('&'), 400, 200],
  ['1500 times one channel', long(1500, '&channel=a'), 200, 200], ['1200 bad channels', long(1200, '&channel=*a'), 400, 400], ['a good channel, and a bad one', 'channel=a&channel=%00', 400, 200], ['a bad channel, and a good one', 'channel=%00&channel=a', 400, 400],
  ['7000 ampersands', long(7000, '&'), 200, 200], ['3000 parameters', long(3000, 'a=b&'), 200, 200], ['a value of 15 KB', `x=${long(15000)}`, 200, 200],
  ['a client twice: the first counts', 'client_id=a&client_id=%00', 200, 200], ['a client twice, the first bad', 'client_id=%00&client_id=a', 400, 200],
  ['a type where none is asked for, or a bad one', 'event=%00', 200, 400], ['a type twice: the first counts', 'event=a&event=%00', 200, 200], ['a type twice, the first bad', 'event=&event=a', 200, 400],
  ['a client where none is asked for, or a bad one', 'client_id=', 400, 200], ['a start that is none, where none is asked for or not', 'from=%00&last_event_id=%zz', 200, 200],
];

test('whatever a query is, there is one answer', async (t) => {
  const hub = await startHub(t);
  for (const [what, query, subscribing, publishing] of QUERIES) {
    for (const [method, path, status] of [['GET', '/events', subscribing], ['POST', '/publish', publishing]]) {
      const answer = await request(hub, method, `${path}?${query}`);
      if (status === 200) assert.equal(answer.status, 200, `${what} at ${path}: ${answer.text}`);
      else assertProblem(answer, status, /name|prefix|client_id|channels|type/, `${what} at ${path}`);
    }
    for (const path of ['/health', '/metrics', '/']) assert.equal((await request(hub, 'GET', `${path}?${query}`)).status, 200, `${what} at ${path}`);
  }
  assert.equal((await metrics(hub)).freshet_events_in_total, QUERIES.filter(([, , , status]) => status === 200).length);
  await assertWell(hub);
});

test('whatever a URL is, there is an answer and the hub is well', async (t) => {
  const hub = await startHub(t);
  const { below, pick } = chance(t);
  const pieces = ['/', '/', '/events', '/publish', '/clients', '/health', '/metrics', '?', '&', '=', ';', '*', '@', '%', '%2F', '%00', '%zz', '%FF', '%C3', '%E6%B0%B4', '..', '.', 'a', 'x'.repeat(200), '+', '-1', ':',
    'channel=', 'client_id=', 'event=', 'from=', 'last_event_id=', 'lastEventId=', 'earliest', '1795327500123-0', '~', '\\', '"', '[', '|'];
  for (let n = 0; n < 1500; n++) {
    const target = `/${Array.from({ length: below(12) }, () => pick(pieces)).join('')}`;
    const answer = await request(hub, pick(['GET', 'POST']), target);
    if (answer.status !== 200) assertProblem(answer, answer.status, /./, target);
    assert.ok([200, 400, 404, 405].includes(answer.status), `${target}: ${answer.status}`);
  }
  await assertWell(hub);
});
