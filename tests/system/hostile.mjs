// What the hostile tests share: what a refusal must be, and that the hub is as well as ever behind it.
import assert from 'node:assert/strict';
import { ask, figure, publish } from './hub.mjs';
import { subscribe } from './sse.mjs';

export const latin = (text) => Buffer.from(text, 'latin1');

// The answer is a problem with this status, and its detail says what to change, in these words.
export function assertProblem(answer, status, words, what) {
  assert.equal(answer.status, status, `${what}: ${answer.text}`);
  assert.equal(answer.headers['content-type'], 'application/problem+json', what);
  assert.deepEqual(Object.keys(answer.json).sort(), ['detail', 'status', 'title', 'type'], what);
  assert.equal(answer.json.status, status, what);
  assert.match(answer.json.detail, words, what);
}

// Healthy, one event goes through, and no connection is left but the one that asks.
export async function assertWell(hub) {
  assert.deepEqual((await ask(hub, 'GET', '/health')).json, { status: 'ok' });
  const stream = await subscribe(hub, '/events/well');
  await publish(hub, 'well', 'is it?');
  assert.deepEqual(await stream.data(1), ['is it?']);
  stream.close();
  await figure(hub, 'freshet_connections', 1);
  await figure(hub, 'freshet_subscribers', 0);
}
