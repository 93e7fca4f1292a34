// Settings from a file, the environment and flags; what SIGHUP changes in a hub that runs, and what
// it leaves alone.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ask, figure, metrics, publish, run, startHubWith, until, within } from './hub.mjs';
import { Connection, requestBytes } from './http.mjs';
import { subscribe } from './sse.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const ORIGIN = 'https://app.example.com';

// --- files ---

function folder(t) {
  const name = mkdtempSync(path.join(tmpdir(), 'freshet-settings-'));
  t.after(() => rmSync(name, { recursive: true }));
  return name;
}

function file(t, text) {
  const name = path.join(folder(t), 'freshet.yaml');
  writeFileSync(name, text);
  return name;
}

const yaml = (settings) => Object.entries(settings).map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}\n`).join('');

async function runs(args, env) {
  const program = run(['serve', ...args], env);
  const { code } = await within(program.ended, `serve ${args} ends`);
  return { code, out: program.out, log: program.log };
}

// { key: [value, where it comes from] }
const printed = (out) => Object.fromEntries([...out.matchAll(/^([a-z][a-z-]*): (.*?) +# (\S+)$/gm)].map(([, key, value, from]) => [key, [value, from]]));

// --- where settings come from ---

test('a flag wins over a variable, that over the file, and that over the default; --print-settings tells', async (t) => {
  const config = file(t, 'history: 1\nttl: 1s\nretry: 1s\ncors-origin:\n  - http://a.example\n  - http://b.example\n');
  const { code, out, log } = await runs(['--config', config, '--ttl', '3s', '--print-settings'], { FRESHET_TTL: '2s', FRESHET_RETRY: '2s' });
  assert.deepEqual([code, log], [0, '']);
  const settings = printed(out);
  assert.deepEqual(settings.keepalive, ['30s', 'default']);
  assert.deepEqual(settings.history, ['1', `${config}:1`]);
  assert.deepEqual(settings.retry, ['2s', 'FRESHET_RETRY']);
  assert.deepEqual(settings.ttl, ['3s', '--ttl']);
  assert.deepEqual(settings['cors-origin'], ['[http://a.example, http://b.example]', `${config}:4`]);
  assert.match(out, new RegExp(`^# config: ${config} +# --config$`, 'm'));
  assert.equal((await runs(['--print-settings'], { FRESHET_CONFIG: config })).out.match(/^# config: .*# (\S+)$/m)[1], 'FRESHET_CONFIG');
});

test('what --print-settings prints is a file that says the same', async (t) => {
  const config = file(t, `channels: [{match: "stocks:*", history: 100, ttl: 1m}, {match: '*', history-bytes: 2K}, {match: a b}]\nlisten: ['[::1]:0', 127.0.0.1:0]\n`);
  const flags = ['--cors-origin', '*', '--log-level=warn', '--print-settings'];
  const once = await runs(['--config', config, ...flags]);
  assert.equal(once.code, 0, once.log);
  const again = await runs(['--config', file(t, once.out), '--print-settings']);
  assert.equal(again.code, 0, again.log);
  const values = (out) => out.split('\n').map((line) => line.replace(/ *# .*/, '')).filter(Boolean);
  assert.deepEqual(values(again.out), values(once.out));
  assert.ok(values(once.out).includes('  - match: "stocks:*"'), once.out);
});

test('a file that is wrong: exit 2, and a line for each thing with its place', async (t) => {
  const config = file(t, 'history: 5\nhistroy: 5\nttl: 5\nchannels:\n  - {match: a, match: b}\n');
  for (const flags of [[], ['--print-settings']]) {
    const { code, out, log } = await runs(['--config', config, ...flags]);
    assert.deepEqual([code, out], [2, '']);
    assert.deepEqual(log.split('\n'), [
      `freshet: ${config}:2: histroy: no such key; did you mean history?`,
      `freshet: ${config}:3: ttl: not a duration; write a whole number and ms, s, m, h or d, such as 30s, 10000d at most`,
      `freshet: ${config}:5: match: stands on line 5 already`, '']);
  }
  const none = await runs(['--config', `${config}.none`]);
  assert.deepEqual([none.code, none.log], [2, `freshet: ${config}.none: there is no such file\n`]);
});

test('a hub is started by its file alone', async (t) => {
  const hub = await startHubWith(t, ['--config', file(t, yaml({ listen: '127.0.0.1:0', history: 2, channels: [{ match: 'long:*', history: 4 }, { match: 'long:er', history: 3 }] }))]);
  for (const [channel, kept] of [['a', 2], ['long:', 4], ['long:er', 3], ['long:ers', 4]]) {
    for (let i = 0; i < 6; i++) await publish(hub, channel, `${i}`);
    assert.equal((await ask(hub, 'GET', `/channels/${channel}`)).json.events, kept, channel);
  }
});

// --- SIGHUP ---

// A hub by a file of these settings; hub.set(others) writes it anew and has the hub read it.
async function startBy(t, settings, flags = [], env = {}) {
  const own = { listen: '127.0.0.1:0', 'stop-spread': '100ms', 'stop-timeout': '5s', ...settings };
  const config = file(t, yaml(own));
  const hub = await startHubWith(t, ['--config', config, ...flags], env);
  Object.assign(hub, { config, write: (text) => writeFileSync(config, text) });
  const answers = () => hub.log.split('\n').filter((line) => /settings\.(reloaded|refused)\b/.test(line));
  hub.reload = async () => {
    const before = answers().length;
    process.kill(hub.pid, 'SIGHUP');
    await until(() => answers().length > before, 'the hub reads its settings');
    return answers().slice(before);
  };
  hub.set = async (others) => {
    hub.write(yaml({ ...own, ...others }));
    const [line] = await hub.reload();
    assert.match(line, /settings\.reloaded/);
  };
  return hub;
}

const many = (hub, channel, count, data = 'x') => Promise.all(Array.from({ length: count }, () => publish(hub, channel, data)));
const kept = async (hub, channel) => (await ask(hub, 'GET', `/channels/${channel}`)).json.events ?? 0;
const status = async (hub, method, target, options) => (await ask(hub, method, target, options)).status;
const block = 'x'.repeat(64 << 10);

async function stuckReader(hub) {
  const stream = await subscribe(hub, '/events/a');
  stream.pause();
  let rounds = 0; // in which nothing moved: the kernel makes some room now and then
  await until(async () => {
    const before = (await metrics(hub)).freshet_deliveries_total;
    await publish(hub, 'a', block);
    rounds = (await metrics(hub)).freshet_deliveries_total === before ? rounds + 1 : 0;
    return rounds === 300;
  }, 'the reader is stuck');
  return stream;
}

// Each setting that SIGHUP changes: from, to, how it was before, and what must come true then.
const CHANGES = {
  'cors-origin': [[], ORIGIN, async (hub) => {
    const granted = async () => (await ask(hub, 'GET', '/channels', { headers: { Origin: ORIGIN } })).headers['access-control-allow-origin'];
    assert.equal(await granted(), undefined);
    return async () => await granted() === ORIGIN;
  }],
  history: [5, 2, async (hub) => {
    await many(hub, 'a', 9);
    assert.equal(await kept(hub, 'a'), 5);
    return async () => await kept(hub, 'a') === 2;
  }],
  ttl: ['1h', '100ms', async (hub) => {
    await publish(hub, 'a', 'x');
    return async () => (await metrics(hub)).freshet_history_bytes === 0;
  }],
  'history-bytes': ['1M', '150K', async (hub) => {
    await many(hub, 'a', 9, block);
    assert.equal(await kept(hub, 'a'), 9);
    return async () => await kept(hub, 'a') === 2;
  }],
  memory: ['16M', '1M', async (hub) => {
    for (const channel of ['a', 'b', 'c']) await many(hub, channel, 15, block);
    await figure(hub, 'freshet_history_bytes', (bytes) => bytes > 2 << 20);
    return async () => (await metrics(hub)).freshet_history_bytes <= 1 << 20;
  }],
  'max-channels': [1, 9, async (hub) => {
    await publish(hub, 'a', 'x');
    assert.equal(await status(hub, 'POST', '/publish/b', { body: 'x' }), 503);
    return async () => await status(hub, 'POST', '/publish/b', { body: 'x' }) === 200;
  }],
  'max-event': [10, '2M', async (hub) => {
    const body = 'x'.repeat(1 << 20);
    assert.equal(await status(hub, 'POST', '/publish/a', { body }), 413);
    return async () => await status(hub, 'POST', '/publish/a', { body }) === 200;
  }],
  'max-head': ['1K', '1M', async (hub) => {
    const long = requestBytes('GET', '/health', { headers: [`X-Long: ${'x'.repeat(200 << 10)}`] }); // more than an old connection reads ahead
    const old = new Connection(hub).send(requestBytes('GET', '/health'));
    assert.equal((await old.answer()).status, 200);
    const early = new Connection(hub).send(long);
    assert.equal((await early.head()).status, 431);
    early.destroy();
    return async () => {
      const fresh = new Connection(hub).send(long);
      const good = (await fresh.head()).status === 200;
      fresh.destroy();
      if (good) assert.equal((await old.send(long).answer()).status, 200);
      old.destroy();
      return good;
    };
  }],
  keepalive: ['1h', '100ms', async (hub) => {
    const stream = await subscribe(hub, '/events/a');
    const heard = () => stream.blocks.some(({ comments }) => comments.includes('keepalive'));
    assert.ok(!heard());
    return heard;
  }],
  retry: ['1s', '7s', async (hub) => {
    const told = async () => {
      const stream = await subscribe(hub, '/events/a');
      stream.close();
      return stream.blocks.find(({ retry }) => retry).retry;
    };
    assert.equal(await told(), '1000');
    return async () => await told() === '7000';
  }],
  'stall-timeout': ['1h', '200ms', async (hub) => {
    await stuckReader(hub);
    return () => hub.lines('stream.closed').some(({ reason }) => reason === 'stalled');
  }],
  'head-timeout': ['1h', '100ms', async (hub) => {
    return async () => {
      const connection = new Connection(hub);
      await connection.wait(() => connection.ended ?? undefined, 'the end');
      return true;
    };
  }],
  'body-timeout': ['1h', '100ms', async (hub) => {
    return async () => {
      const connection = new Connection(hub).send('POST /publish HTTP/1.1\r\nHost: hub\r\nContent-Length: 2\r\n\r\nx');
      assert.equal((await connection.answer()).status, 408);
      return true;
    };
  }],
  'idle-timeout': ['1h', '100ms', async (hub) => {
    return async () => {
      const connection = new Connection(hub).send(requestBytes('GET', '/health'));
      await connection.answer();
      await connection.closed();
      return true;
    };
  }],
  'stop-spread': ['1ms', '1h', async (hub) => {
    const stream = await subscribe(hub, '/events/a');
    return async () => {
      hub.signal();
      await stream.ending();
      return Number(stream.blocks.at(-1).retry) > 1;
    };
  }],
  'stop-timeout': ['1h', '100ms', async (hub) => {
    await stuckReader(hub);
    return async () => {
      await within(hub.signal(), 'the hub ends');
      return true;
    };
  }, { 'stall-timeout': '1h', 'history-bytes': '64M' }],
  'log-level': ['info', 'error', async (hub) => {
    const isLogged = async () => {
      const before = hub.lines('stream.closed').length;
      (await subscribe(hub, '/events/a')).close();
      await figure(hub, 'freshet_subscribers', 0); // the line is written before
      return hub.lines('stream.closed').length > before;
    };
    await until(isLogged, 'a stream that closed is in the log');
    return async () => !await isLogged();
  }],
  'log-format': ['text', 'json', async (hub) => {
    const last = () => hub.log.trim().split('\n').at(-1);
    return async () => {
      (await subscribe(hub, '/events/a')).close();
      await figure(hub, 'freshet_subscribers', 0);
      return last().startsWith('{') && JSON.parse(last()).event === 'stream.closed';
    };
  }],
  channels: [[], [{ match: 'a*', history: 2 }], async (hub) => {
    for (const channel of ['a', 'b']) await many(hub, channel, 5);
    assert.deepEqual([await kept(hub, 'a'), await kept(hub, 'b')], [5, 5]);
    return async () => await kept(hub, 'a') === 2 && await kept(hub, 'b') === 5;
  }],
};

test('the settings that SIGHUP changes are all tested here', () => {
  const source = readFileSync(path.join(here, '../../src/server/settings_rows.c'), 'utf8');
  const rows = source.slice(0, source.indexOf('#undef AT')).split(/\n {4}\{/).slice(1);
  const names = rows.filter((row) => row.includes('.reload = true')).map((row) => /"([a-z-]+)"/.exec(row)[1]);
  assert.ok(names.length > 10);
  assert.deepEqual(Object.keys(CHANGES).sort(), [...names, 'channels'].sort());
});

for (const [key, [from, to, before, others]] of Object.entries(CHANGES)) {
  test(`SIGHUP changes ${key}`, async (t) => {
    const hub = await startBy(t, { [key]: from, ...others });
    const after = await before(hub);
    await hub.set({ ...others, [key]: to });
    await until(after, `${key} is in force`);
    const changes = hub.log.split('\n').filter((line) => /settings\.changed/.test(line));
    assert.equal(changes.length, 1, hub.log);
    assert.ok(changes[0].includes(key), changes[0]);
  });
}

test('what only a restart changes is said, and stays', async (t) => {
  const hub = await startBy(t, { workers: 2 });
  await hub.set({ listen: ['127.0.0.1:0', '[::1]:0'], workers: 3, history: 7 });
  assert.deepEqual(hub.lines('settings.needs-restart'), [
    { key: 'listen', is: '127.0.0.1:0', asked: '127.0.0.1:0,[::1]:0' }, { key: 'workers', is: '2', asked: '3' }]);
  assert.deepEqual(hub.lines('settings.changed'), [{ key: 'history', from: '1000', to: '7' }]);
  assert.deepEqual(hub.lines('settings.reloaded'), [{ changed: '1' }]);
  await hub.set({ listen: ['127.0.0.1:0', '[::1]:0'], workers: 3, history: 7 }); // it is still not so
  assert.equal(hub.lines('settings.needs-restart').length, 4);
  assert.equal(await status(hub, 'GET', '/health'), 200);
});

test('variables and flags win over the file on SIGHUP too; without a file nothing changes', async (t) => {
  const hub = await startBy(t, {}, ['--history', '3'], { FRESHET_RETRY: '5s' });
  await hub.set({ history: 9, retry: '9s', ttl: '9s' });
  assert.deepEqual(hub.lines('settings.changed'), [{ key: 'ttl', from: '5m', to: '9s' }]);
  const bare = await startHubWith(t, ['--listen', '127.0.0.1:0']);
  const stream = await subscribe(bare, '/events/a');
  process.kill(bare.pid, 'SIGHUP');
  await until(() => bare.lines('settings.reloaded').length, 'it is told');
  assert.deepEqual(bare.lines('settings.reloaded'), [{ changed: '0' }]);
  await publish(bare, 'a', 'x');
  assert.deepEqual(await stream.data(1), ['x']);
});

test('a bad file is refused whole: what is right in it changes nothing either', async (t) => {
  const hub = await startBy(t, { history: 5 });
  hub.write('listen: 127.0.0.1:0\nhistory: 2\nttl: soon\n');
  const lines = await hub.reload();
  assert.equal(lines.length, 1);
  assert.match(lines[0], /error settings\.refused error="\S+freshet\.yaml:3: ttl: not a duration; write [^"]*"$/);
  rmSync(hub.config);
  assert.match((await hub.reload())[0], /settings\.refused error="\S+freshet\.yaml: there is no such file"$/);
  await many(hub, 'a', 9);
  assert.equal(await kept(hub, 'a'), 5);
  assert.equal(hub.lines('settings.changed').length, 0);
  await hub.set({ history: 2 });
  await until(async () => await kept(hub, 'a') === 2, 'the mended file is in force');
});

// --- under load ---

test('readers lose nothing and stay while settings are read again and again, good and bad', async (t) => {
  const hub = await startBy(t, { history: 5000, workers: 2, keepalive: '150ms' });
  const readers = await Promise.all(Array.from({ length: 40 }, (_, i) => subscribe(hub, i % 2 ? '/events/a' : '/events/a*')));
  const sent = [];
  let over = false;
  const publisher = async (name) => {
    for (let i = 0; !over; i++) {
      const data = `${name} ${i}`;
      await publish(hub, 'a', data);
      sent.push(data);
    }
  };
  const publishers = ['x', 'y', 'z'].map(publisher);
  for (let i = 0; i < 30; i++) {
    await until(() => sent.length >= 20 * i, 'events are published meanwhile');
    if (i % 3 === 2) {
      hub.write('history: none of your business\n');
      assert.match((await hub.reload())[0], /settings\.refused/);
    } else {
      await hub.set({ history: 5000 + i, keepalive: i % 2 ? '100ms' : '1h', 'stall-timeout': `${10 + i}s`, 'max-event': `${1 + i}M`, channels: [{ match: 'a', history: 6000 + i }] });
    }
  }
  over = true;
  await Promise.all(publishers);
  await publish(hub, 'a', 'end');
  for (const reader of readers) {
    const events = await reader.last('end');
    assert.deepEqual(events.map(({ data }) => data).sort(), [...sent, 'end'].sort());
    assert.deepEqual([reader.gaps, reader.done, reader.error], [[], null, null]);
  }
  assert.equal(hub.lines('stream.closed').length, 0);
});
