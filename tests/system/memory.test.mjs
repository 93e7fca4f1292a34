// A hub that gets no more memory from the system: it says so to whoever asks, drops what is oldest,
// and goes on. Not under a sanitizer, whose own memory is mapped beforehand.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { LIGHT, ask, figure, publish, startHub, until } from './hub.mjs';
import { Connection } from './http.mjs';
import { compareIds, subscribe } from './sse.mjs';

const MIB = 1 << 20;
const skip = LIGHT && 'a sanitizer maps its memory beforehand';

// From now on the hub may map that many bytes more than it has.
async function limit(hub, bytes) {
  const { pid } = hub.program.child;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const size = Number(/^VmSize:\s+(\d+) kB/m.exec(status)[1]) * 1024;
  await promisify(execFile)('prlimit', ['--pid', String(pid), `--as=${size + bytes}`]);
}

async function goesOn(hub) {
  const stream = await subscribe(hub, '/events/after');
  await publish(hub, 'after', 'hello');
  assert.deepEqual(await stream.data(1), ['hello']);
  stream.close();
}

test('bodies beyond the memory there is are 503 or cut, streams go on, and then all is well', { skip }, async (t) => {
  const hub = await startHub(t, ['--memory', '8G', '--max-event', '4M']);
  const reader = await subscribe(hub, '/events/calm');
  await limit(hub, 96 * MIB);
  const half = Buffer.alloc(3 * MIB, 'x');
  const crowd = Array.from({ length: 100 }, () => {
    const connection = new Connection(hub).send(`POST /publish/a HTTP/1.1\r\nHost: x\r\nContent-Length: ${4 * MIB}\r\n\r\n`);
    return connection.send(half);
  });
  const refused = () => crowd.filter((connection) => connection.ended || connection.bytes.length).length;
  await until(() => refused() > 20, () => `${refused()} of the crowd were refused`);
  for (const connection of crowd) {
    const first = connection.bytes.toString('latin1').split('\r\n')[0];
    assert.ok(first === '' || first === 'HTTP/1.1 503 Service Unavailable', first);
  }
  crowd.forEach((connection) => connection.destroy());
  await figure(hub, 'freshet_connections', (count) => count <= 2);
  const answer = await ask(hub, 'POST', '/publish/calm', { body: 'still here' });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(await reader.data(1), ['still here']);
  await goesOn(hub);
});

test('history beyond the memory there is: a publish is kept or 503, and what was answered is there or told as gone', { skip }, async (t) => {
  const hub = await startHub(t, ['--memory', '8G', '--history', '1000000', '--history-bytes', '8G']);
  const first = await publish(hub, 'a', 'first');
  await limit(hub, 64 * MIB);
  const data = 'x'.repeat(100_000), answered = [];
  let refused = 0;
  for (let i = 0; refused < 100; i++) {
    assert.ok(i < 20_000, 'memory has no end');
    const answer = await ask(hub, 'POST', '/publish/a', { body: data });
    if (answer.status === 200) answered.push(answer.json.id);
    else assert.equal(answer.status, 503, answer.text);
    refused += answer.status === 503;
  }
  t.diagnostic(`${answered.length} kept, ${refused} refused`);
  const stream = await subscribe(hub, '/events/a', { position: first });
  await stream.until(() => stream.events.at(-1)?.id === answered.at(-1), 'the newest event');
  const ids = new Set(stream.events.map((event) => event.id));
  const lost = answered.filter((id) => !ids.has(id) && !stream.gaps.some((gap) => compareIds(id, gap.after) > 0 && compareIds(id, gap.until) <= 0));
  assert.deepEqual(lost, []);
  stream.close();
  assert.equal((await ask(hub, 'DELETE', '/channels/a')).status, 204);
  await figure(hub, 'freshet_history_bytes', (bytes) => bytes < MIB);
  await goesOn(hub);
});
