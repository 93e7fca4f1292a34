// While somebody storms the hub, a hundred honest readers get every event; how late is printed beside how late it
// was on the quiet hub. What is asserted is that nobody lost anything, and that the storm took place.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { figure, LIGHT, metrics, publish, within } from './hub.mjs';
import { besides, tenth } from './honest.mjs';
import { startStorm } from './storms.mjs';

const HOLD = tenth(2000); // ms for which what is held is held

const PATIENT = ['--head-timeout', '5m', '--body-timeout', '5m', '--idle-timeout', '5m']; // nobody is ended meanwhile

const nothing = async () => {};

// A full history of `count` KiB.
const full = (count) => async (hub) => {
  for (let i = 1; i < count; i++) await publish(hub, 'full', `${i} ${'x'.repeat(1000)}`);
  await publish(hub, 'full', 'last');
};

test('half-open requests, 5,000 at once, do not harm honest readers', async (t) => {
  const count = tenth(5000);
  const hub = await besides(t, `${count} half-open requests`, PATIENT, nothing, async (hub) => {
    const storm = startStorm(t, hub, 'half-open', count);
    await storm.begun();
    await figure(hub, 'freshet_connections', (open) => open >= count);
    await delay(HOLD);
    assert.ok((await metrics(hub)).freshet_connections >= count, 'they are open still');
    assert.equal((await storm.end()).again, 0);
  });
  await figure(hub, 'freshet_connections', (open) => open < 110);
});

test('half-open requests that are ended and come again at once do not harm honest readers', async (t) => {
  const count = tenth(2000);
  await besides(t, `${count} half-open requests, ended after a second each`, ['--head-timeout', '1s', '--body-timeout', '1s', '--idle-timeout', '1s'], nothing, async (hub) => {
    const storm = startStorm(t, hub, 'half-open', count);
    await storm.begun();
    await figure(hub, 'freshet_connections_total', (all) => all >= 3 * count);
    const { again } = await storm.end();
    assert.ok(again >= count);
    return `${again} were sent away and came again`;
  });
});

test('connections that come and go, 2,000 a second, do not harm honest readers', async (t) => {
  const count = tenth(6000);
  await besides(t, `${count} connections that come and go`, [], nothing, async (hub) => {
    const before = await metrics(hub);
    const { rate, ...counts } = await startStorm(t, hub, 'come-and-go', count).ended;
    assert.equal(Object.values(counts).reduce((a, b) => a + b), count);
    const after = await metrics(hub);
    assert.ok(after.freshet_connections_total - before.freshet_connections_total >= count - counts.nothing);
    assert.equal(after.freshet_subscribers_total - before.freshet_subscribers_total, counts.subscribed);
    await figure(hub, 'freshet_subscribers', 100);
    return `${rate} a second`;
  });
});

test('a publisher of 1 MiB events at full speed does not harm honest readers', async (t) => {
  const count = tenth(2000);
  await besides(t, `${count} events of 1 MiB`, [], nothing, async (hub) => {
    const before = await metrics(hub);
    const { read } = await startStorm(t, hub, 'big-events', count).ended;
    const after = await metrics(hub);
    assert.ok(after.freshet_bytes_in_total - before.freshet_bytes_in_total >= count << 20);
    return `its two readers read ${read >> 20} MiB`;
  });
});

test('a reader who asks for a full history a thousand times does not harm honest readers', async (t) => {
  const count = tenth(1000), history = 1000;
  await besides(t, `${count} times a history of ${history} KiB`, ['--history', `${history}`], full(history), async (hub) => {
    const before = await metrics(hub);
    await startStorm(t, hub, 'replays', count).ended;
    const after = await metrics(hub);
    assert.equal(after.freshet_replayed_events_total - before.freshet_replayed_events_total, count * history);
  });
});

// slowhttptest opens up to 1,000 connections a second, keeps them, and a little is sent or read on each every second.
async function slowhttptest(t, hub, count, options, target) {
  const folder = mkdtempSync(path.join(tmpdir(), 'freshet-storm-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const args = [...options, '-c', count, '-r', 1000, '-i', 1, '-l', LIGHT ? 2 : 3, '-p', 30, '-g', '-o', path.join(folder, 'out'), '-u', hub.url + target];
  const tool = spawn('slowhttptest', args.map(String), { stdio: ['ignore', 'ignore', 'inherit'] });
  t.after(() => tool.kill('SIGKILL'));
  const ended = once(tool, 'close');
  await figure(hub, 'freshet_connections', (open) => open >= count);
  assert.equal((await within(ended, 'slowhttptest to end'))[0], 0);
  const rows = readFileSync(path.join(folder, 'out.csv'), 'utf8').trim().split('\n');
  assert.match(rows[0], /^Seconds,Closed,Pending,Connected/);
  assert.match(rows.at(-1), new RegExp(`^\\d+,0,0,${count},`), 'none is closed, none waits, all are connected');
  await figure(hub, 'freshet_connections', (open) => open < 110);
}

for (const [what, options, target] of [
  ['slow heads (slowhttptest -H)', ['-H'], '/events/a'],
  ['slow bodies (slowhttptest -B)', ['-B', '-s', 8192], '/publish/a'],
  ['slow readers of a full history (slowhttptest -X)', ['-X', '-w', 10, '-y', 20, '-z', 5], '/events/full?from=earliest'],
])
  test(`${what} do not harm honest readers`, async (t) => {
    const count = tenth(1000);
    await besides(t, `${count} ${what}`, PATIENT, options[0] === '-X' ? full(1000) : nothing, async (hub) => {
      const before = await metrics(hub);
      await slowhttptest(t, hub, count, options, target);
      const after = await metrics(hub);
      const streams = after.freshet_subscribers_total - before.freshet_subscribers_total;
      if (options[0] === '-X') assert.ok(streams >= count, `${streams} streams`);
      else assert.ok(streams < count, 'no head was ever whole');
    });
  });
