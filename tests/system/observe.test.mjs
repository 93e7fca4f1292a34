// What the hub says of itself: /health, /metrics against what was done, and the log.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, figure, metrics, publish, startHub, until } from './hub.mjs';
import { Connection, requestBytes } from './http.mjs';
import { subscribe } from './sse.mjs';

const block = 'x'.repeat(64 << 10);

test('/health says ok', async (t) => {
  const hub = await startHub(t);
  const { status, headers, json } = await ask(hub, 'GET', '/health');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['cache-control'], 'no-store');
  assert.deepEqual(json, { status: 'ok' });
});

// What Prometheus wants of its text format (version 0.0.4).
test('/metrics is text that Prometheus reads: each name once described, typed and with a value', async (t) => {
  const hub = await startHub(t);
  const { headers, text } = await ask(hub, 'GET', '/metrics');
  assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
  const seen = {};
  let current;
  for (const line of text.split('\n').slice(0, -1)) {
    const described = /^# (HELP|TYPE) (freshet_[a-z_]+) (.+)$/.exec(line);
    if (described) {
      const [, what, name, words] = described;
      if (what === 'HELP') {
        assert.ok(!(name in seen), `${name} stands together`);
        seen[name] = { rows: new Set() };
        current = name;
      } else {
        assert.equal(name, current);
        assert.match(words, name.endsWith('_total') ? /^counter$/ : /^gauge$/, name);
        seen[name].type = words;
      }
      continue;
    }
    const row = /^(freshet_[a-z_]+)(\{[a-z]+="[^"\\]*"(,[a-z]+="[^"\\]*")*\})? (\d+)$/.exec(line);
    assert.ok(row, line);
    assert.equal(row[1], current, 'behind its HELP and TYPE');
    assert.ok(!seen[current].rows.has(line.split(' ')[0]), `${line} once`);
    seen[current].rows.add(line.split(' ')[0]);
  }
  for (const [name, { type, rows }] of Object.entries(seen)) assert.ok(type && rows.size, name);
  assert.ok(text.endsWith('\n'));
});

test('a hub where nothing was done counts nothing', async (t) => {
  const all = await metrics(await startHub(t));
  for (const [name, value] of Object.entries(all)) {
    if (/^freshet_(connections|connections_total|info.*)$/.test(name)) assert.equal(value, 1, name);
    else if (!/bytes_in|workers|start|uptime/.test(name)) assert.equal(value, 0, name);
  }
});

test('connections and subscribers are counted on and off', async (t) => {
  const hub = await startHub(t);
  const idle = new Connection(hub);
  const streams = await Promise.all(['/events/a', '/events/b*', '/events'].map((target) => subscribe(hub, target)));
  await figure(hub, 'freshet_connections', 5);
  assert.equal((await metrics(hub)).freshet_subscribers, 3);
  streams[0].close();
  idle.destroy();
  await figure(hub, 'freshet_subscribers', 2);
  await figure(hub, 'freshet_connections', 3);
  const all = await metrics(hub);
  assert.equal(all.freshet_subscribers_total, 3);
  assert.equal(all.freshet_connections_total, 5);
});

test('events and bytes in and out, and deliveries, are what was published and read', async (t) => {
  const hub = await startHub(t, ['--workers', '1']);
  const start = await publish(hub, 'a', 'first');
  const streams = await Promise.all(['/events/a', '/events/a*', '/events/b'].map((target) => subscribe(hub, target)));
  const before = await metrics(hub);
  const raw = new Connection(hub);
  const request = requestBytes('POST', '/publish/a', { body: block });
  for (let i = 0; i < 10; i++) {
    raw.send(request);
    assert.equal((await raw.answer()).status, 200);
  }
  await publish(hub, 'nobody', 'x');
  assert.equal((await ask(hub, 'POST', '/publish/a', { body: Buffer.from([0xff]) })).status, 400);
  for (const stream of streams.slice(0, 2)) await stream.first(10);
  const after = await metrics(hub);
  const grown = (name) => after[name] - before[name];
  assert.equal(grown('freshet_events_in_total'), 11);
  assert.equal(grown('freshet_deliveries_total'), 20);
  assert.equal(grown('freshet_events_out_total'), 10, 'each once');
  const within = (name, least) => assert.ok(grown(name) >= least && grown(name) < least + 8192, `${name} grew by ${grown(name)}, not ${least}`);
  within('freshet_bytes_in_total', 10 * request.length);
  within('freshet_bytes_out_total', 20 * streams[0].blocks.at(-1).text.length);
  assert.equal(grown('freshet_replayed_events_total'), 0);
  for (const stream of streams) stream.close();
  await figure(hub, 'freshet_subscribers', 0); // so that nothing but the history has them
  const back = await subscribe(hub, '/events/a', { position: start });
  await back.first(10);
  await figure(hub, 'freshet_replayed_events_total', before.freshet_replayed_events_total + 10);
  assert.equal((await metrics(hub)).freshet_deliveries_total - after.freshet_deliveries_total, 10);
});

test('gaps are counted by reason, each as often as told', async (t) => {
  const hub = await startHub(t, ['--history', '5']);
  const gaps = async () => {
    const all = await metrics(hub);
    return ['trimmed', 'slow', 'unknown'].map((reason) => all[`freshet_gaps_total{reason="${reason}"}`]);
  };
  const position = await publish(hub, 'a', 'x');
  for (let i = 0; i < 10; i++) await publish(hub, 'a', `${i}`);
  for (let i = 0; i < 2; i++) await (await subscribe(hub, '/events/a', { position })).until(({ gaps: { length } }) => length === 1, 'the gap');
  assert.deepEqual(await gaps(), [2, 0, 0]);
  for (let i = 0; i < 3; i++) await subscribe(hub, '/events/a', { position: 'garbage' });
  assert.deepEqual(await gaps(), [2, 0, 3]);
  const slow = await subscribe(hub, '/events/b');
  slow.pause();
  for (let i = 0; i < 100; i++) await publish(hub, 'b', `${i} ${block}`);
  slow.resume();
  await slow.last(`99 ${block}`);
  assert.ok(slow.gaps.length >= 1);
  assert.deepEqual(await gaps(), [2, slow.gaps.length, 3]);
});

test('closes are counted by reason', async (t) => {
  const hub = await startHub(t, ['--stall-timeout', '300ms']);
  const closes = async () => Object.fromEntries(Object.entries(await metrics(hub))
    .filter(([name]) => name.startsWith('freshet_closed_streams_total')).map(([name, value]) => [/"(.*)"/.exec(name)[1], value]));
  assert.deepEqual(Object.keys(await closes()).filter((reason) => ['left', 'stalled', 'vanished', 'stopped'].includes(reason)).length, 4);
  (await subscribe(hub, '/events/a')).close();
  await until(async () => (await closes()).left === 1, 'one left');
  const stuck = await subscribe(hub, '/events/a');
  stuck.pause();
  for (let i = 0; i < 60; i++) await publish(hub, 'a', block + block);
  await until(async () => (await closes()).stalled === 1, 'one stalled');
  const all = await closes();
  assert.deepEqual([all.left, all.stalled, all.vanished, all.stopped], [1, 1, 0, 0]);
});

test('the memory held by the history grows with it, within its limits, and shrinks', async (t) => {
  const hub = await startHub(t, ['--ttl', '1500ms', '--memory', '2M']);
  await publish(hub, 'a', 'x'.repeat(100_000));
  const one = (await metrics(hub)).freshet_history_bytes;
  assert.ok(one >= 100_000 && one < 101_000, `${one}`);
  for (let i = 0; i < 30; i++) await publish(hub, `c${i}`, 'x'.repeat(100_000));
  const full = (await metrics(hub)).freshet_history_bytes;
  assert.ok(full > 1.5 * (1 << 20) && full <= 2 * (1 << 20), `${full}`);
  assert.equal((await metrics(hub)).freshet_channels, 31);
  await figure(hub, 'freshet_history_bytes', 0);
});

test('answers are counted by class of status', async (t) => {
  const hub = await startHub(t);
  const before = await metrics(hub);
  await publish(hub, 'a', 'x');
  await ask(hub, 'GET', '/nowhere');
  await ask(hub, 'PUT', '/publish');
  const after = await metrics(hub);
  const grown = ['2xx', '4xx', '5xx'].map((status) => after[`freshet_answers_total{status="${status}"}`] - before[`freshet_answers_total{status="${status}"}`]);
  assert.deepEqual(grown, [2, 2, 0]); // the first /metrics itself is counted in the second
});

// --- the log ---

test('each line of the log is a time, a level, a name and pairs; each stream has one closing line', async (t) => {
  const hub = await startHub(t);
  const ids = [await publish(hub, 'ch/ä', '1')];
  const stream = await subscribe(hub, '/events/ch%2F%C3%A4?client_id=me&channel=b*', { position: ids[0] });
  ids.push(await publish(hub, 'ch/ä', '2'), await publish(hub, 'b1', '3'));
  await stream.first(2);
  const peer = `127.0.0.1:${stream.socket.localPort}`;
  stream.close();
  await figure(hub, 'freshet_subscribers', 0);
  await hub.stop();
  for (const line of hub.log.split('\n').slice(0, -1))
    assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warn|error) [a-z]+\.[a-z-]+( [a-z_]+=[^ ]*)*$/, line);
  assert.equal(hub.lines('stream.closed').length, 1);
  const { age_ms: age, ...line } = hub.lines('stream.closed')[0];
  assert.deepEqual(line, { reason: 'left', channel: 'ch/ä', channels: '2', client: 'me', peer, position: ids[2], events: '2' });
  assert.ok(Number(age) >= 0 && Number(age) < 60000);
  assert.deepEqual(hub.log.match(/server\.\w+/g), ['server.listening', 'server.stopping', 'server.stopped']);
});

test('a name that a stranger chose forges no line and no pair', async (t) => {
  const hub = await startHub(t);
  const stream = await subscribe(hub, `/events/${encodeURIComponent('x reason=stalled client=admin')}`);
  stream.close();
  await figure(hub, 'freshet_subscribers', 0);
  const text = hub.log.split('\n').find((line) => line.includes('stream.closed'));
  assert.equal(text.match(/ reason=/g).length, 1, text);
  assert.equal(text.match(/ client=/g).length, 1, text);
});

test('publishing says nothing in the log: it would be a line an event', async (t) => {
  const hub = await startHub(t);
  const before = hub.log;
  for (let i = 0; i < 20; i++) await publish(hub, 'a', 'x');
  await ask(hub, 'POST', '/publish/a', { body: '{', headers: { 'Content-Type': 'application/json' } });
  assert.equal(hub.log, before);
});
