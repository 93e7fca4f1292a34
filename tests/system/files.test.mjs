// At the limit of open files: the hub says so once, keeps serving what it has, and accepts again when there is room.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';

import { figure, publish, startHub, until } from './hub.mjs';
import { Connection, requestBytes } from './http.mjs';
import { subscribe } from './sse.mjs';

const ROOM = 20; // connections that the limit leaves room for

const files = (hub) => readdirSync(`/proc/${hub.pid}/fd`).length;

// From now on the hub can open `room` files more, and no more.
function leaveRoom(hub, room) {
  const used = new Set(readdirSync(`/proc/${hub.pid}/fd`).map(Number));
  let count = 0; // the limit is one of numbers: what stands above it does not matter
  for (let free = 0; free < room; count++) if (!used.has(count)) free++;
  execFileSync('prlimit', ['--pid', `${hub.pid}`, `--nofile=${count}:${count}`]);
}

const open = (connection) => connection.to(': connected');

// A hub that can hold so many connections beyond one over which it is asked.
async function smallHub(t) {
  const hub = await startHub(t);
  await publish(hub, 'a', 'over a connection that stays');
  leaveRoom(hub, ROOM);
  return hub;
}

// Whoever comes now is served, and the hub has said that it is over, so many times.
async function over(hub, times) {
  await until(async () => {
    const connection = new Connection(hub).send(requestBytes('GET', '/health'));
    assert.equal((await connection.answer()).status, 200);
    connection.destroy();
    return hub.lines('server.accepting-again').length >= times;
  }, 'nothing is said of its end');
  assert.equal(hub.lines('server.accepting-again').length, times);
  assert.equal(hub.lines('server.files-exhausted').length, times);
}

const crowd = (hub, count) => Array.from({ length: count }, () => new Connection(hub).send(requestBytes('GET', '/events/a')));

test('at the limit of open files the hub says so once and serves what it has', async (t) => {
  const hub = await smallHub(t);
  const readers = await Promise.all(Array.from({ length: ROOM }, () => subscribe(hub, '/events/a')));
  const waiting = crowd(hub, ROOM - 5); // connected by the kernel, and waiting behind the door
  await until(() => hub.lines('server.files-exhausted').length, 'nothing is said');
  for (let i = 0; i < 100; i++) await publish(hub, 'a', `${i}`);
  for (const reader of readers) {
    assert.deepEqual(await reader.data(100), Array.from({ length: 100 }, (_, i) => `${i}`));
    assert.deepEqual(reader.gaps, []);
  }
  assert.ok(waiting.every(({ bytes, ended }) => bytes.length === 0 && ended === null), 'who waits is not sent away');
  assert.match(hub.log, / warn server\.files-exhausted\b/);

  readers.splice(0, ROOM / 2).forEach((reader) => reader.close());
  const coming = waiting.map(open);
  await Promise.race(coming); // some come in, and it is full again
  await figure(hub, 'freshet_subscribers', ROOM);
  assert.equal(hub.lines('server.accepting-again').length, 0, 'others wait still');
  readers.forEach((reader) => reader.close());
  await Promise.all(coming);
  await over(hub, 1);
  assert.match(hub.log, / info server\.accepting-again\b/);

  await publish(hub, 'a', 'to those who waited');
  await Promise.all(waiting.map((connection) => connection.to('data: to those who waited')));
});

test('each time that open files run out is told anew', async (t) => {
  const hub = await smallHub(t);
  for (let time = 1; time <= 3; time++) {
    const all = crowd(hub, ROOM + 5);
    await until(() => hub.lines('server.files-exhausted').length === time, 'nothing is said');
    await figure(hub, 'freshet_subscribers', ROOM);
    await Promise.all(all.map((connection) => open(connection).then(() => connection.destroy()))); // who goes makes room
    await over(hub, time);
    await figure(hub, 'freshet_subscribers', 0);
  }
});

test('those who gave up waiting for the limit leave nothing behind', async (t) => {
  const hub = await smallHub(t);
  const readers = await Promise.all(Array.from({ length: ROOM }, () => subscribe(hub, '/events/a')));
  const before = files(hub);
  const waiting = crowd(hub, 5 * ROOM);
  await until(() => hub.lines('server.files-exhausted').length, 'nothing is said');
  for (const connection of waiting) connection.reset();
  await publish(hub, 'a', 'still here');
  for (const reader of readers) assert.deepEqual(await reader.data(1), ['still here']);
  readers.forEach((reader) => reader.close());
  await over(hub, 1);
  await figure(hub, 'freshet_connections', 1);
  assert.equal(files(hub), before - ROOM);
});

test('a hub at the limit of open files stops as always', async (t) => {
  const hub = await smallHub(t);
  const readers = await Promise.all(Array.from({ length: ROOM }, () => subscribe(hub, '/events/a')));
  const waiting = crowd(hub, 5);
  await until(() => hub.lines('server.files-exhausted').length, 'nothing is said');
  assert.deepEqual(await hub.signal(), { code: 0, signal: null });
  for (const reader of readers) assert.equal(await reader.ending(), 'complete');
  for (const connection of waiting) await connection.wait(() => connection.ended ?? undefined, 'the end');
});

test('the end of the limit of open files is told though nobody new comes', async (t) => {
  const hub = await smallHub(t);
  const readers = await Promise.all(Array.from({ length: ROOM }, () => subscribe(hub, '/events/a')));
  await until(() => hub.lines('server.files-exhausted').length, 'nothing is said');
  readers.forEach((reader) => reader.close());
  await until(() => hub.lines('server.accepting-again').length, 'nothing is said of its end');
  await over(hub, 1);
});
