// A reader whose machine is gone, without a word: no FIN and no reset ever comes. For that it needs a host of its
// own, in a network namespace; where this user may not make one, the test says so and is skipped.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { test } from 'node:test';

import { figure, publish, startHub, until } from './hub.mjs';

const cable = `fv${process.pid}`; // names of network devices have 15 bytes at most
const [here, there] = ['10.217.7.1', '10.217.7.2'];

const run = (program, ...args) => execFileSync(program, args, { stdio: 'pipe' });

// A process that holds a network of its own, joined to ours by a cable; gives back how to run something there.
// Nothing if this user may not.
async function makeHost(t) {
  const network = (pid) => readlinkSync(`/proc/${pid}/ns/net`);
  const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
  t.after(() => holder.kill());
  await until(() => holder.exitCode !== null || network(holder.pid) !== network('self'), 'no network is made');
  if (holder.exitCode !== null) {
    t.skip('this user may not make a network');
    return undefined;
  }
  const inside = (...args) => ['nsenter', '-t', `${holder.pid}`, '-n', ...args];
  run('ip', 'link', 'add', `${cable}a`, 'type', 'veth', 'peer', 'name', `${cable}b`, 'netns', `${holder.pid}`);
  t.after(() => run('ip', 'link', 'delete', `${cable}a`));
  run('ip', 'address', 'add', `${here}/24`, 'dev', `${cable}a`);
  run('ip', 'link', 'set', `${cable}a`, 'up');
  run(...inside('ip', 'address', 'add', `${there}/24`, 'dev', `${cable}b`));
  run(...inside('ip', 'link', 'set', `${cable}b`, 'up'));
  return inside;
}

test('a reader that vanished without a word is noticed and counted off', async (t) => {
  const inside = await makeHost(t);
  if (!inside) return;
  const hub = await startHub(t, ['--keepalive', '200ms', '--stall-timeout', '300ms'], `${here}:0`);
  const [program, ...args] = inside('curl', '-sN', `${hub.url}/events/demo`);
  const reader = spawn(program, args);
  let out = '';
  reader.stdout.on('data', (bytes) => { out += bytes; });
  t.after(() => reader.kill('SIGKILL'));
  await until(() => out.includes(': connected'), 'the reader does not connect');
  await publish(hub, 'demo', 'hello');
  await until(() => out.includes('data: hello'), 'the reader gets nothing');

  run(...inside('ip', 'address', 'delete', `${there}/24`, 'dev', `${cable}b`)); // what is sent there is now for nobody
  await figure(hub, 'freshet_subscribers', 0);
  await figure(hub, 'freshet_closed_streams_total{reason="vanished"}', 1);
  assert.equal(hub.lines('stream.closed').at(-1).reason, 'vanished');
});
