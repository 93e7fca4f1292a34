// What every verb prints arrives, or that is said and the status tells; and where a standard descriptor is closed,
// nothing else takes its number.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { FRESHET, metrics, publish, startHub, until } from './hub.mjs';

const VERBS = {
  '--help': '--help',
  '--version': '--version',
  'serve --help': 'serve --help',
  'serve --print-settings': 'serve --print-settings',
  pub: 'pub news two --print-id',
  sub: 'sub news --from earliest --count 1',
  bench: 'bench --subscribers 1 --events 1 --settle 0s "$FRESHET_URL"',
  'bench --json': 'bench --subscribers 1 --events 1 --settle 0s --json "$FRESHET_URL"',
};

function shell(hub, command) {
  const env = { ...process.env, FRESHET_URL: hub.url };
  return new Promise((resolve) => {
    execFile('bash', ['-c', `exec '${FRESHET}' ${command}`], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code ?? error.signal : 0, stdout, stderr });
    });
  });
}

for (const [name, command] of Object.entries(VERBS)) {
  test(`${name}: output that cannot be written is a failure and told`, { skip: !existsSync('/dev/full') }, async (t) => {
    const hub = await startHub(t);
    await publish(hub, 'news', 'one');
    assert.deepEqual(await shell(hub, `${command} >/dev/full`),
      { code: 1, stdout: '', stderr: 'freshet: cannot write the output: No space left on device\n' });
    assert.deepEqual(await shell(hub, `${command} >&-`),
      { code: 1, stdout: '', stderr: 'freshet: cannot write the output: Bad file descriptor\n' });
  });
}

test('where standard input and error are closed, what is said there reaches nobody else', async (t) => {
  const hub = await startHub(t);
  const reader = shell(hub, 'sub news --position none --count 1 2>&- <&-');
  await until(async () => (await metrics(hub)).freshet_subscribers === 1, 'sub subscribes, and was told of a gap');
  await publish(hub, 'news', 'one');
  assert.deepEqual(await reader, { code: 0, stdout: 'one\n', stderr: '' });
});
