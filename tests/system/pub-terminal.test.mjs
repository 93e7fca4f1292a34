// `freshet pub` on a terminal: the line of progress, what is left of it in the end, and lines that are typed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHub, until } from './hub.mjs';
import { makeFile, pubOnTerminal, startServer } from './pub.mjs';
import { subscribe } from './sse.mjs';

// What stands on the screen, as a terminal makes it of what it is sent.
function screen(out) {
  const rows = [''];
  let column = 0;
  for (const [, control, letter] of out.matchAll(/(\r|\n|\u001b\[K|\u001b\[[\d;]*m)|(.)/gsu)) {
    const row = [...rows.at(-1)];
    if (control === '\r') column = 0;
    else if (control === '\n') rows.push('');
    else if (control === '\u001b[K') rows[rows.length - 1] = row.slice(0, column).join('');
    else if (letter !== undefined) {
      assert.ok(letter >= ' ', `a control character: ${JSON.stringify(out)}`);
      row[column++] = letter;
      rows[rows.length - 1] = row.join('');
    }
  }
  return rows.map((row) => row.trimEnd()).filter((row, i, all) => row || i < all.length - 1);
}

// A server that answers the next request when step() is called, and a file for so many requests.
async function stepwise(t, requests) {
  const waiting = [];
  const server = await startServer(t, () => new Promise((resolve) => { waiting.push(resolve); }));
  server.step = async (answer) => {
    await until(() => waiting.length, 'a request');
    waiting.shift()(answer);
  };
  const lines = Array.from({ length: 2000 * requests }, (_, i) => `line ${String(i).padStart(8, '0')}`);
  return { server, file: makeFile(t, `${lines.join('\n')}\n`) };
}

const shows = (one, pattern) => until(() => pattern.exec(screen(one.out).at(-1)), () => `${pattern} on the screen: ${JSON.stringify(screen(one.out))}`);

for (const way of ['--file', 'standard input'])
  test(`a file by ${way}: percent, events, rate and the time that is left; in the end one line`, async (t) => {
    const { server, file } = await stepwise(t, 4);
    const one = pubOnTerminal(t, server, way === '--file' ? ['a', '--file', file] : ['a'], way === '--file' ? {} : { file });
    await shows(one, /^ {2}0 % {2}0 events {2}0 a second$/);
    await server.step();
    await shows(one, /^ 25 % {2}2,000 events {2}[\d,]+ a second {2}\d+:\d\d left$/);
    await server.step();
    await shows(one, /^ 50 % {2}4,000 events {2}[\d,]+ a second {2}\d+:\d\d left$/);
    await server.step();
    await shows(one, /^ 75 % {2}6,000 events/);
    await server.step();
    const [last, ...rest] = screen(await one.end());
    assert.match(last, /^freshet: published 8,000 events in \d+\.\d s \([\d,]+ a second\)$/);
    assert.deepEqual(rest, []);
  });

test('a pipe: events and rate, and nothing that nobody can know', async (t) => {
  const { server, file } = await stepwise(t, 2);
  const one = pubOnTerminal(t, server, ['a'], { pipe: `cat ${file}` });
  await shows(one, /^0 events {2}0 a second$/);
  await server.step();
  await shows(one, /^[\d,]{3,} events {2}[\d,]+ a second$/);
  while (one.child.exitCode === null && !/published/.test(one.out)) await Promise.race([server.step(), one.ended]);
  assert.match(screen(await one.end())[0], /^freshet: published 4,000 events in/);
});

test('on a narrow terminal the line is cut, so that it never wraps', async (t) => {
  const { server, file } = await stepwise(t, 2);
  const one = pubOnTerminal(t, server, ['a', '--file', file], { columns: 16 });
  await server.step();
  await shows(one, /^ 50 % {2}2,000 ev$/);
  await server.step();
  await one.end();
});

test('what has to be said stands on lines of its own, and progress goes on below', async (t) => {
  const { server, file } = await stepwise(t, 2);
  const one = pubOnTerminal(t, server, ['a', '--file', file], { columns: 200 });
  await server.step();
  await shows(one, /^ 50 %/);
  await server.step({ status: 503, text: 'busy' });
  await shows(one, /^ 50 % {2}2,000 events {2}waiting for 127\.0\.0\.1:\d+$/);
  await server.step();
  const rows = screen(await one.end());
  assert.equal(rows.length, 3, JSON.stringify(rows));
  assert.match(rows[0], /^freshet: 127\.0\.0\.1:\d+ answers 503: busy; trying again$/);
  assert.match(rows[1], /^freshet: 127\.0\.0\.1:\d+ answers again, after \d+\.\d s$/);
  assert.match(rows[2], /^freshet: published 4,000 events/);
});

test('Ctrl-C ends it, and says how far it came', async (t) => {
  const { server, file } = await stepwise(t, 3);
  const one = pubOnTerminal(t, server, ['a', '--file', file]);
  await server.step();
  await until(() => server.requests.length === 2, 'the second request');
  await shows(one, /^ 33 %/);
  one.write('\u0003');
  await shows(one, /\^C/); // the terminal has taken it, and sent the signal
  await server.step();
  const rows = screen(await one.end(130));
  assert.deepEqual(rows.slice(-2), ['freshet: published 4,000 events, up to line 4000', 'freshet: go on with --from-line 4001']);
});

test('lines that are typed leave one by one; Ctrl-D ends', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, '/events/a');
  const one = pubOnTerminal(t, hub, ['a']);
  await until(() => one.out.includes('Ctrl-D'), 'it says how it ends');
  for (let i = 1; i < 4; i++) {
    one.write(`typed ${i}\n`);
    assert.equal((await stream.data(i)).at(-1), `typed ${i}`);
  }
  one.write('\u0004');
  const out = await one.end();
  assert.doesNotMatch(out, /a second/, 'no progress between what is typed');
});

test('one event, a dumb terminal, and standard error elsewhere: no progress', async (t) => {
  const { server, file } = await stepwise(t, 1);
  for (const [args, more] of [[['a', 'x'], {}], [['a', '--file', file], { env: { TERM: 'dumb' } }]]) {
    const one = pubOnTerminal(t, server, args, more);
    await until(() => server.requests.length > 0, 'a request');
    await server.step();
    assert.equal(await one.end(), '');
    server.requests.length = 0;
  }
});
