// What a service manager is told: a small one listens here, and can make single threads stand still.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { ask, LIGHT, startHub, until } from './hub.mjs';
import { Connection, requestBytes } from './http.mjs';

const WATCHDOG = LIGHT ? 2000 : 400; // ms

class Manager {
  constructor(t, socket) {
    Object.assign(this, { socket, told: [], answers: [] });
    this.child = spawn('python3', [path.join(path.dirname(fileURLToPath(import.meta.url)), 'notify.py'), socket], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => this.child.stdin.end());
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const value = JSON.parse(line);
      if (value === '') this.listens = true;
      else if (typeof value === 'string') this.told.push(value);
      else this.answers.push(value);
    });
  }

  async command(verb, tid) {
    this.child.stdin.write(`${verb} ${tid}\n`);
    await until(() => this.answers.length, `${verb} is not answered`);
    return this.answers.shift();
  }

  count(what) { return this.told.filter((text) => text.split('\n').includes(what)).length; }
}

async function managed(t, { socket, watchdog, flags = [] } = {}) {
  const directory = mkdtempSync(path.join(tmpdir(), 'freshet-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const manager = new Manager(t, socket ?? path.join(directory, 'socket'));
  await until(() => manager.listens, 'the manager does not listen');
  const env = { ...process.env, NOTIFY_SOCKET: manager.socket, ...(watchdog ? { WATCHDOG_USEC: `${watchdog * 1000}` } : {}) };
  const hub = await startHub(t, flags, '127.0.0.1:0', env);
  await until(() => manager.told.length, 'nothing is told');
  return { hub, manager };
}

test('ready when it serves, stopping when it stops, and nothing else without a watchdog', async (t) => {
  for (const socket of [undefined, `@freshet-test-${process.pid}`]) {
    const { hub, manager } = await managed(t, { socket });
    assert.equal((await ask(hub, 'GET', '/health')).status, 200);
    await hub.stop();
    await until(() => manager.count('STOPPING=1'), () => `told: ${manager.told}`);
    assert.deepEqual(manager.told, ['READY=1\nSTATUS=0 streams', 'STOPPING=1\nSTATUS=Sending the streams away']);
  }
});

test('reloading and ready again around SIGHUP, whether the settings are taken or refused', async (t) => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'freshet-')), 'freshet.yaml');
  t.after(() => rmSync(path.dirname(file), { recursive: true }));
  writeFileSync(file, 'history: 5\n');
  const { hub, manager } = await managed(t, { flags: ['--config', file] });
  for (const [text, event] of [['history: 6\n', 'settings.reloaded'], ['histroy: 6\n', 'settings.refused']]) {
    writeFileSync(file, text);
    const before = process.hrtime.bigint() / 1000n; // the same clock
    manager.told = [];
    process.kill(hub.pid, 'SIGHUP');
    await until(() => manager.count('READY=1'), () => `told: ${manager.told}`);
    const [, at] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=Reading the settings$/.exec(manager.told[0]);
    assert.ok(BigInt(at) >= before && BigInt(at) <= process.hrtime.bigint() / 1000n, at);
    assert.deepEqual(manager.told.slice(1), ['READY=1\nSTATUS=0 streams']);
    assert.equal(hub.lines(event).length, 1, hub.log);
  }
  await hub.stop();
});

test('a socket that nobody listens on harms nothing', async (t) => {
  const hub = await startHub(t, [], '127.0.0.1:0', { ...process.env, NOTIFY_SOCKET: '/nonexistent/socket', WATCHDOG_USEC: '100000' });
  assert.equal((await ask(hub, 'GET', '/health')).status, 200);
  await hub.stop();
});

test('the number of streams is told in words', async (t) => {
  const { hub, manager } = await managed(t);
  const count = LIGHT ? 21 : 1021;
  const crowd = Array.from({ length: count }, () => new Connection(hub).send(requestBytes('GET', '/events/a')));
  const words = `STATUS=${count.toLocaleString('en')} streams`;
  await until(() => manager.count(words), () => `told: ${manager.told}`);
  crowd.slice(1).forEach((connection) => connection.destroy());
  await until(() => manager.count('STATUS=1 stream'), () => `told: ${manager.told}`);
});

test('the watchdog is fed while all threads turn, and no longer when one of them stands', async (t) => {
  const { hub, manager } = await managed(t, { watchdog: WATCHDOG, flags: ['--workers', '2'] });
  const fed = () => manager.count('WATCHDOG=1');
  const threads = readdirSync(`/proc/${hub.pid}/task`).map(Number).filter((tid) => tid !== hub.pid).slice(-3); // a sanitizer's own is older
  assert.equal(threads.length, 3, 'the engine and two workers');
  await until(() => fed() >= 4, 'it is not fed');
  for (const tid of threads) {
    const { held } = await manager.command('hold', tid);
    if (!held) return t.skip('this system lets nobody hold a thread');
    const before = fed();
    await delay(2 * WATCHDOG); // eight times it could have been
    assert.ok(fed() <= before + 1, 'only for what was answered before');
    assert.deepEqual(await manager.command('release', tid), { released: true });
    const held_at = fed();
    await until(() => fed() >= held_at + 3, 'it is not fed again');
  }
  await hub.stop();
});

test('a hub without descriptors is still heard', async (t) => {
  const { hub, manager } = await managed(t, { watchdog: WATCHDOG });
  const highest = Math.max(...readdirSync(`/proc/${hub.pid}/fd`).map(Number));
  execFileSync('prlimit', ['--pid', `${hub.pid}`, `--nofile=${highest + 1}:${highest + 1}`]);
  const crowd = Array.from({ length: highest + 1 }, () => new Connection(hub).send(requestBytes('GET', '/events/a')));
  await until(() => hub.lines('server.files-exhausted').length, 'there are descriptors');
  const before = manager.count('WATCHDOG=1');
  await until(() => manager.count('WATCHDOG=1') >= before + 4, () => `told: ${manager.told}`);
  crowd.forEach((connection) => connection.destroy());
});
