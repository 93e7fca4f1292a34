// `freshet sub` while its connections are cut and its hub is restarted: what it prints is, byte for byte, what was
// answered to the publisher, but for the gaps that it told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, chance, LIGHT, metrics, publish, startHub, until } from './hub.mjs';
import { compareIds } from './sse.mjs';
import { startCutter, sub } from './sub.mjs';

// Data of all kinds: lines, letters of all lengths, controls, nothing.
const PARTS = ['a', 'é', '€', '🌊', '\n', '\n', ' ', ': ', 'data: ', '\u0000', '\u001b[31m', '\u2028', '\ufeff', '\ufffd'];
const randomText = ({ below, pick }) => Array.from({ length: below(60) }, () => pick(PARTS)).join('');

const jsonLines = (out) => out.split('\n').slice(0, -1).map((line) => JSON.parse(line));

test('connections cut at any byte lose, repeat and change nothing', async (t) => {
  const random = chance(t);
  const hub = await startHub(t, ['--retry', '1ms', '--history', '100000', '--ttl', '1h']);
  const count = LIGHT ? 200 : 1000;
  let open = false;
  // The opening block must come through once in a while, else nothing ever does.
  const way = await startCutter(t, hub.port, { least: 200, cutAfter: () => random.below(3000), uncut: () => open });
  const args = ['a', 'b*', '--from', 'earliest', '--count', `${count}`, '--quiet'];
  const there = { url: way.url };
  const [plain, lines] = [sub(t, there, args), sub(t, there, [...args, '--json'])];
  const sent = [];
  for (let i = 0; i < count; i++) {
    const data = randomText(random);
    sent.push({ id: await publish(hub, random.pick(['a', 'b1', 'b2']), data, { event: i % 3 ? undefined : 'x' }), event: i % 3 ? 'message' : 'x', data });
  }
  const expected = sent.map(({ data }) => `${data}\n`).join('');
  assert.equal(await plain.end(), expected);
  assert.deepEqual(jsonLines(await lines.end()), sent);
  assert.equal(plain.log + lines.log, '');
  t.diagnostic(`${way.cuts} cuts`);
  assert.ok(way.cuts > count / 50, `${way.cuts} cuts`);
});

// The gaps that were told: [{ after, until }]
const gapsOf = (log) => [...log.matchAll(/gap: events (?:between (\S+) and|up to) (\S+) on (\S+) may be missing/g)].map(([, after, until]) => ({ after, until }));

const isIn = (gap, id) => (gap.after === undefined || compareIds(id, gap.after) > 0) && compareIds(id, gap.until) <= 0;

const FLAGS = ['--retry', '10ms', '--stop-spread', '20ms'];

// Publishes to `news` without pause, `rounds` hubs one after the other on the same port, each ended by end(hub).
// Between two of them lives one that nobody follows, whose events are lost.
async function restartUnderSub(t, rounds, end) {
  const random = chance(t);
  let hub = await startHub(t, FLAGS);
  const { address } = hub;
  const answered = [], unanswered = new Set();
  const [plain, lines] = [sub(t, hub, ['news']), sub(t, hub, ['news', '--json'])];
  const caughtUp = (one, last) => one.out.includes(last);
  const followed = () => until(async () => (await metrics(hub)).freshet_subscribers === 2, () => `both follow: ${plain.log} ${lines.log}`);
  await followed();
  for (let round = 0; ; round++) {
    const count = 100 + random.below(200);
    let publishing = true;
    const loop = (async () => {
      for (let i = 0; publishing; i++) {
        const data = `${round}:${i} ${randomText(random)}`;
        try {
          answered.push({ id: await publish(hub, 'news', data), event: 'message', data });
        } catch { // the hub has gone; it may have accepted this one, or not
          unanswered.add(data);
          break;
        }
      }
    })();
    const before = answered.length;
    await until(() => answered.length >= before + count, 'events are published');
    if (round === rounds) {
      publishing = false;
      await loop;
      break;
    }
    await end(hub);
    await loop;
    for (const one of [plain, lines]) one.child.kill('SIGSTOP');
    hub = await startHub(t, FLAGS, address);
    for (let i = 0; i < 10; i++) answered.push({ id: await publish(hub, 'news', `lost ${i}`), event: 'message', data: `lost ${i}` });
    await end(hub);
    hub = await startHub(t, FLAGS, address);
    for (const one of [plain, lines]) one.child.kill('SIGCONT');
    await followed();
  }
  const last = answered.at(-1);
  await until(() => caughtUp(plain, last.data) && caughtUp(lines, last.id), () => `the last event comes: ${plain.log}`);
  await Promise.all([plain.stop(), lines.stop()]);

  // With ids: everything answered is printed in order, or lies in a gap that was told; what was not answered may
  // have been printed.
  const printed = jsonLines(lines.out), gaps = gapsOf(lines.log);
  const known = new Map(answered.map((event) => [event.id, event]));
  for (const [i, event] of printed.entries()) {
    if (i) assert.ok(compareIds(printed[i - 1].id, event.id) < 0, `in order: ${event.id}`);
    if (known.has(event.id)) assert.deepEqual(event, known.get(event.id));
    else assert.ok(unanswered.has(event.data), `nobody published ${JSON.stringify(event)}`);
  }
  const had = new Set(printed.map(({ id }) => id));
  const missing = answered.filter(({ id }) => !had.has(id));
  assert.ok(missing.length >= 10 * rounds, 'the events that nobody followed are lost');
  for (const { id } of missing) assert.ok(gaps.some((gap) => isIn(gap, id)), `${id} is missing and no gap tells it: ${lines.log}`);
  assert.ok(gaps.length >= rounds, `a memory engine forgets, and each time that is told: ${lines.log}`);

  // In the plain pipe: the same bytes, without what its own gaps took.
  const plainGaps = gapsOf(plain.log);
  assert.ok(plainGaps.length >= rounds, plain.log);
  let rest = plain.out, lost = 0;
  const take = (data) => {
    const found = rest.startsWith(`${data}\n`);
    if (found) rest = rest.slice(data.length + 1);
    return found;
  };
  for (const { id, data } of answered) {
    for (const other of unanswered) take(other);
    if (take(data)) continue;
    assert.ok(plainGaps.some((gap) => isIn(gap, id)), `${id} is missing and no gap tells it`);
    lost++;
  }
  assert.equal(rest, '');
  t.diagnostic(`${answered.length} answered, ${missing.length} and ${lost} of them lost and told, ${unanswered.size} not answered`);
}

test('a hub that is killed and started again under it', (t) => restartUnderSub(t, LIGHT ? 2 : 5, (hub) => hub.kill()));

test('a hub that is told to stop and started again under it', (t) => restartUnderSub(t, LIGHT ? 2 : 5, (hub) => hub.stop()));

test('what was published before it first came is not told as missing', async (t) => {
  const hub = await startHub(t, ['--retry', '1ms']);
  await publish(hub, 'news', 'before');
  const one = sub(t, hub, ['news', '--count', '1']);
  await until(async () => (await metrics(hub)).freshet_subscribers === 1, 'it follows');
  assert.equal((await ask(hub, 'GET', '/channels/news')).json.events, 1);
  await publish(hub, 'news', 'after');
  assert.equal(await one.end(), 'after\n');
  assert.equal(one.log, '');
});
