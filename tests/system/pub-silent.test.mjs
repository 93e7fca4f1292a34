// `freshet pub` and a hub that takes what is published, keeps the connection and never answers.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { run, within } from './hub.mjs';

async function startSilent(t) {
  const sockets = new Set();
  const server = net.createServer((socket) => sockets.add(socket.on('error', () => {}).resume()));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => { server.close(); sockets.forEach((socket) => socket.destroy()); });
  return `http://127.0.0.1:${server.address().port}`;
}

test('--give-up holds for an answer that never comes, too', async (t) => {
  const program = run(['pub', 'news', 'one', '--give-up', '300ms', '--url', await startSilent(t)]);
  t.after(() => program.child.kill('SIGKILL'));
  const { code } = await within(program.ended, () => `the end of pub, which says: ${program.log}`);
  assert.equal(code, 1);
  assert.match(program.log, /Timeout was reached; gave up$/m);
  assert.match(program.log, /^freshet: nobody knows whether it was published$/m);
});
