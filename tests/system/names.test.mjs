// Names made to hurt: those that collide, a great many of them, and a great many on each stream. What each costs is
// printed; what it may hold of memory is bounded.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { besides, tenth } from './honest.mjs';
import { chained, counted, djb2, fnv1a, jenkins, scattered, sifted } from './collide.mjs';
import { flood } from './flood.mjs';
import { figure, LIGHT, metrics, startHub } from './hub.mjs';
import { startStorm } from './storms.mjs';
import { subscribe } from './sse.mjs';

const MIB = 1 << 20;
const CHANNEL_MEMORY = 2048; // bytes at most for a channel with a short name and one short event
const STREAM_MEMORY = 64 << 10; // bytes at most for a stream with 256 channels that others watch too; a sanitizer's own memory is no measure
const ON_ONE = 64; // channels on a stream whose names are long

// CPU time that the hub has used, in ms, and its memory in bytes: now, and at most so far.
const cpu = (hub) => readFileSync(`/proc/${hub.pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).reduce((a, b) => a + Number(b), 0) * 10;
const kib = (hub, file, field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${hub.pid}/${file}`, 'utf8'))[1]);
const memory = (hub) => kib(hub, 'smaps_rollup', 'Pss') * 1024;
const peak = (hub) => kib(hub, 'status', 'VmHWM') * 1024;
const mib = (bytes) => `${(bytes / MIB).toFixed(0)} MiB`;

// Publishes to all of these channels, subscribes to them and publishes again. CPU of the hub for
// each channel, in µs.
async function useAll(t, names) {
  const hub = await startHub(t);
  const before = cpu(hub);
  await flood(hub.port, names.length, (i) => names[i]);
  const streams = [];
  for (let i = 0; i < names.length; i += ON_ONE)
    streams.push(await subscribe(hub, `/events?${names.slice(i, i + ON_ONE).map((name) => `channel=${name}`).join('&')}`));
  await flood(hub.port, names.length, (i) => names[i]);
  await figure(hub, 'freshet_deliveries_total', names.length);
  await Promise.all(streams.map((stream, i) => stream.first(Math.min(ON_ONE, names.length - i * ON_ONE))));
  const used = cpu(hub) - before;
  await hub.stop();
  return used * 1000 / names.length;
}

test('names that collide under hashes without a key cost what others cost', async (t) => {
  const count = tenth(20000);
  const ordinary = Array.from({ length: count }, (_, i) => `${(i * 7919).toString(36)}-ordinary-name-${i}`);
  const groups = {
    'djb2': chained(djb2, count, counted),
    'FNV-1a': chained(fnv1a, count, scattered),
    'Jenkins': sifted(jenkins, count, 512),
  };
  assert.equal(new Set(groups.djb2.map((name) => djb2(name))).size, 1);
  assert.equal(new Set(groups['FNV-1a'].map((name) => fnv1a(name))).size, 1);
  assert.equal(new Set(groups.Jenkins.map((name) => jenkins(name) & 511)).size, 1);
  const each = await useAll(t, ordinary);
  const again = await useAll(t, ordinary);
  t.diagnostic(`${count} ordinary names: ${each.toFixed(1)} and ${again.toFixed(1)} µs of CPU a channel`);
  for (const [what, names] of Object.entries(groups)) {
    assert.equal(new Set(names).size, count);
    const cost = await useAll(t, names);
    t.diagnostic(`${count} names that collide under ${what}: ${cost.toFixed(1)} µs, ${(cost * 2 / (each + again)).toFixed(2)} times as much`);
  }
});

test('a channel for each event: memory is bounded, and honest readers are not harmed', async (t) => {
  const count = tenth(1_000_000);
  let before;
  const look = async (hub) => { before = memory(hub); };
  const hub = await besides(t, `${count} channels with an event each`, ['--memory', '512M', '--max-channels', '1100000'], look, async (hub) => {
    const accepted = (await metrics(hub)).freshet_events_in_total;
    await startStorm(t, hub, 'channels', count).ended;
    assert.ok((await metrics(hub)).freshet_events_in_total - accepted >= count);
    const each = (memory(hub) - before) / count;
    t.diagnostic(`${mib(memory(hub))} after ${count} channels, ${each.toFixed(0)} bytes each; at most ${mib(peak(hub))}`);
    assert.ok(LIGHT || each < CHANNEL_MEMORY, `${each} bytes each`);
  });
  const last = await subscribe(hub, `/events/c-${count - 1}?from=earliest`);
  assert.deepEqual(await last.data(1), ['x'], 'they were channels');
});

test('streams with 256 channels each: memory is bounded, and honest readers are not harmed', async (t) => {
  const count = tenth(10_000), channels = 1000;
  let before;
  const look = async (hub) => { before = memory(hub); };
  await besides(t, `${count} streams with 256 of ${channels} channels each, an event to each channel`, [], look, async (hub) => {
    const storm = startStorm(t, hub, 'wide', count);
    await storm.begun();
    await figure(hub, 'freshet_subscribers', 100 + count);
    const each = (memory(hub) - before) / count;
    t.diagnostic(`${(each / 1024).toFixed(1)} KiB a stream`);
    assert.ok(LIGHT || each < STREAM_MEMORY, `${each} bytes each`);
    await flood(hub.port, channels, (i) => `w-${i}`, 'wide');
    await storm.until(({ events }) => events === count * 256);
    t.diagnostic(`at most ${mib(peak(hub))}`);
    await storm.end();
    await figure(hub, 'freshet_subscribers', 100);
  });
});
