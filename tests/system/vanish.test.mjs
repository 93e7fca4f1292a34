// A reader whose machine is gone, without a word: no FIN and no reset ever comes. For that it needs a host of its
// own, in a network namespace; where this user may not make one, the test says so and is skipped.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { test } from 'node:test';

import { figure, publish, startHub, until } from './hub.mjs';

const host = `fv${process.pid}`; // its namespace; the names of network devices have 15 bytes at most
const [here, there] = ['10.217.7.1', '10.217.7.2'];

const ip = (...args) => execFileSync('ip', args, { stdio: 'pipe' });
const inside = (...args) => ['netns', 'exec', host, ...args];

function makeHost(t) {
  try {
    ip('netns', 'add', host);
  } catch (error) {
    t.skip(`no network namespace can be made here: ${error.message}`);
    return false;
  }
  t.after(() => ip('netns', 'delete', host));
  ip('link', 'add', `${host}a`, 'type', 'veth', 'peer', 'name', `${host}b`, 'netns', host);
  t.after(() => ip('link', 'delete', `${host}a`)); // the namespace may outlive its name for a while
  ip('address', 'add', `${here}/24`, 'dev', `${host}a`);
  ip('link', 'set', `${host}a`, 'up');
  ip(...inside('ip', 'address', 'add', `${there}/24`, 'dev', `${host}b`));
  ip(...inside('ip', 'link', 'set', `${host}b`, 'up'));
  return true;
}

test('a reader that vanished without a word is noticed and counted off', async (t) => {
  if (!makeHost(t)) return;
  const hub = await startHub(t, ['--keepalive', '200ms', '--stall-timeout', '300ms'], `${here}:0`);
  const reader = spawn('ip', inside('curl', '-sN', `${hub.url}/events/demo`), { detached: true });
  let out = '';
  reader.stdout.on('data', (bytes) => { out += bytes; });
  t.after(() => process.kill(-reader.pid, 'SIGKILL'));
  await until(() => out.includes(': connected'), 'the reader does not connect');
  await publish(hub, 'demo', 'hello');
  await until(() => out.includes('data: hello'), 'the reader gets nothing');

  ip(...inside('ip', 'address', 'delete', `${there}/24`, 'dev', `${host}b`)); // what is sent there is now for nobody
  await figure(hub, 'freshet_subscribers', 0);
  await figure(hub, 'freshet_closed_streams_total{reason="vanished"}', 1);
  assert.equal(hub.lines('stream.closed').at(-1).reason, 'vanished');
});
