// `freshet sub` on a terminal: columns, colours, and nothing of a stranger's that the terminal would obey.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSON_TYPE, metrics, publish, startHub, until } from './hub.mjs';
import { inTurn, OVER, startServer, STREAM, sub, subOnTerminal } from './sub.mjs';

const COLOURS = /\u001b\[\d*m/g;
const lines = (out) => out.split('\r\n').slice(0, -1);
const plain = (out) => lines(out.replaceAll(COLOURS, '').replaceAll(/^\d\d:\d\d:\d\d/gm, 'hh:mm:ss'));

test('one channel: the time, then the data, further lines below the first', async (t) => {
  const hub = await startHub(t);
  for (const data of ['a', 'two\nlines', '', 'é€🌊']) await publish(hub, 'news', data);
  const one = subOnTerminal(t, hub, ['news', '--from', 'earliest', '--count', '4']);
  const out = await one.end();
  assert.deepEqual(plain(out), ['hh:mm:ss  a', 'hh:mm:ss  two', '          lines', 'hh:mm:ss  ', 'hh:mm:ss  é€🌊']);
  assert.match(lines(out)[0], /^\u001b\[2m\d\d:\d\d:\d\d\u001b\[0m {2}a$/);
});

test('several channels and types stand in columns, out of the envelope, numbers as they were sent', async (t) => {
  const hub = await startHub(t);
  await publish(hub, 'stocks:a', '{"n": 1.0}', { event: 'tick', headers: JSON_TYPE });
  await publish(hub, 'news', '"quoted" text');
  await publish(hub, 'news', '"quoted JSON"', { event: 'é', headers: JSON_TYPE });
  await publish(hub, 'stocks:long-name', 'a\nb');
  const args = ['news', 'stocks:*', '--from', 'earliest', '--count', '4'];
  const out = await subOnTerminal(t, hub, args).end();
  assert.deepEqual(plain(out), [
    'hh:mm:ss  stocks:a  tick  {"n": 1.0}',
    'hh:mm:ss  news            "quoted" text',
    'hh:mm:ss  news      é     quoted JSON',
    'hh:mm:ss  stocks:long-name        a',
    '                                  b',
  ]);
  const [first, , third] = lines(out);
  assert.match(first, /\u001b\[36mstocks:a\u001b\[0m/);
  assert.notEqual(/\u001b\[(\d+)mtick/.exec(first)[1], /\u001b\[(\d+)mé/.exec(third)[1], 'each type has its colour');
});

test('a wide terminal has room for ids', async (t) => {
  const hub = await startHub(t);
  const id = await publish(hub, 'news', 'a');
  const args = ['news', '--from', 'earliest', '--count', '1'];
  assert.deepEqual(plain(await subOnTerminal(t, hub, args, { columns: 100 }).end()), [`hh:mm:ss  ${id}  a`]);
  assert.deepEqual(plain(await subOnTerminal(t, hub, args, { columns: 99 }).end()), ['hh:mm:ss  a']);
});

test('NO_COLOR and a dumb terminal have no colours, but columns', async (t) => {
  const hub = await startHub(t);
  await publish(hub, 'news', 'a', { event: 'x' });
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    const out = await subOnTerminal(t, hub, ['news', '--from', 'earliest', '--count', '1'], { env }).end();
    assert.match(out, /^\d\d:\d\d:\d\d {2}x {2}a\r\n$/);
  }
});

// Everything that a terminal may obey: C0, DEL, C1 (in UTF-8), what turns text around.
const EVIL = `\u001b]0;title\u0007\u001b[2J\r\u0000\u007f\u009b31m\u202e${'\b'.repeat(3)}`;
const OBEYED = /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\r(?!\n)/; // eslint-disable-line no-control-regex

test('control characters of strangers are shown, in every form', async (t) => {
  const answer = `${STREAM}: ${EVIL.replace('\r', '')}\n\nid: ${EVIL.replace(/[\r\0]/g, '')}\nevent: ${EVIL.replace('\r', '')}\ndata: ${EVIL.replace('\r', '')}\n\n`;
  for (const form of [[], ['--json'], ['--raw']]) {
    const server = await startServer(t, inTurn(answer, OVER));
    const out = (await subOnTerminal(t, null, [server.url, '--once', '--quiet', ...form], { columns: 120 }).end()).replaceAll(COLOURS, '');
    assert.doesNotMatch(out, OBEYED, form.join(' '));
    if (form[0] === '--json') assert.equal(JSON.parse(out).data, EVIL.replace('\r', ''), 'JSON means the same');
    else assert.match(out, /\^\[\[2J\^@\^\?<U\+009B>31m<U\+202E>\^H\^H\^H/);
    const piped = sub(t, null, [(await startServer(t, inTurn(answer))).url, '--once', '--quiet', ...form]);
    if (!form.length) assert.equal(await piped.end(), `${EVIL.replace('\r', '')}\n`, 'a pipe gets what was sent');
    else assert.ok((await piped.end()).includes('\u202e'));
  }
  const refusal = await startServer(t, inTurn(`HTTP/1.1 404 No\r\nContent-Type: text/plain\r\n\r\n${EVIL}`));
  assert.doesNotMatch(await subOnTerminal(t, null, [refusal.url]).end(1), OBEYED);
});

test('Ctrl-C ends it, and what it says stands between events', async (t) => {
  const hub = await startHub(t, ['--retry', '1ms', '--stop-spread', '10ms']);
  const one = subOnTerminal(t, hub, ['news']);
  await until(async () => (await metrics(hub)).freshet_subscribers === 1, 'it follows');
  await publish(hub, 'news', 'before');
  await one.printed('before\r\n');
  await hub.stop();
  await one.printed('trying again');
  const again = await startHub(t, [], hub.address);
  await until(async () => (await metrics(again)).freshet_subscribers === 1, 'it follows again');
  await publish(again, 'news', 'after');
  await one.printed('after\r\n');
  one.child.stdin.write('\u0003');
  const out = plain(await one.end());
  assert.equal(out[0], 'hh:mm:ss  before');
  assert.match(out[1], /^freshet: the stream ended; trying again in \d+\.\d s$/);
  assert.match(out.at(-2), /^freshet: gap: /);
  assert.match(out.at(-1), /^(\^C)?hh:mm:ss {2}after$|^\^C$/);
});
