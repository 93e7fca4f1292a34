// The examples of a page of docs/: what stands in it, and whether what an example prints is what the
// page shows. Ids, made client_ids and dates differ from run to run: an id of the page stands for one
// real id wherever the page has it, and in the same order. Running the examples is left to the test.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { within } from './hub.mjs';
import { compareIds } from './sse.mjs';

// --- the page ---

// [{ title, blocks: [{ language, code, line }], text }], a chapter each.
export function chapters(file) {
  let line = 1;
  return readFileSync(file, 'utf8').split(/^(?=## )/m).map((text) => {
    const chapter = { title: /^#+ (.*)/.exec(text)[1], blocks: [], text };
    let block;
    for (const row of text.split('\n').slice(0, -1)) {
      const fence = /^```(.*)$/.exec(row);
      if (fence && !block) block = { language: fence[1], code: '', line };
      else if (fence) {
        chapter.blocks.push(block);
        block = undefined;
      } else if (block) block.code += `${row}\n`;
      line++;
    }
    assert.ok(!block, `the block of line ${block?.line} does not end`);
    return chapter;
  });
}

// The blocks of a chapter as [{ language, code, line, expected }]. An example is `sh` or `js`; the `text`
// behind it is what it prints, nothing where there is none. There are no other blocks.
export function examples(chapter) {
  const found = [];
  let last;
  for (const { language, code, line } of chapter.blocks) {
    if (['sh', 'js'].includes(language)) found.push(last = { language, code, line, expected: '' });
    else {
      assert.equal(language, 'text', `line ${line}: a block of an unknown kind`);
      assert.ok(last, `line ${line}: what prints that?`);
      last.expected = code.trim();
      last = undefined;
    }
  }
  return found;
}

// The tables of a text, [{ head: [cell], rows: [[cell]] }].
export function tables(text) {
  return [...text.matchAll(/^\|.*\n\| ?-.*\n(?:\|.*\n)*/gm)].map(([table]) => {
    const [head, , ...rows] = table.trim().split('\n')
      .map((row) => row.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')));
    return { head, rows };
  });
}

// The one table that begins with this column.
export function table(text, first) {
  const found = tables(text).filter(({ head }) => head[0] === first);
  assert.equal(found.length, 1, `tables that begin with ${first}`);
  return found[0].rows;
}

// What stands in backticks.
export const quoted = (cell) => [...cell.matchAll(/`([^`]*)`/g)].map(([, text]) => text);

// --- what differs from run to run ---

const ID = /\b\d{13}-\d{1,5}\b/;
const VARIES = [ // in both texts such a thing must stand in the same place; the first two must be the same one
  { name: 'id', pattern: ID.source, bound: true },
  { name: 'client', pattern: '\\b[0-9a-f]{24}\\b', bound: true },
  { name: 'date', pattern: '\\w{3}, \\d\\d \\w{3} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT' },
  { name: 'random retry', pattern: '(?<=^retry: )(?!3000$)\\d+$' },
];
const ANY = new RegExp(VARIES.map(({ name, pattern }) => `(?<${name.replace(' ', '_')}>${pattern})`).join('|'), 'g');

// A line `…` of the page is a stream's first lines.
const ANY_ID = '0000000000000-0';
const OPENING = `retry: 3000\n\n: connected\n\nid: ${ANY_ID}`;

const kindOf = (groups) => VARIES.find(({ name }) => groups[name.replace(' ', '_')] !== undefined);

// Which id or client_id of the page is which real one.
export class Names {
  constructor() { this.real = new Map(); }

  // The page's code as it can be run. An id in it must have stood in an output before.
  code(text) {
    return text.replaceAll(/\b\d{13}-\d{1,5}\b|\b[0-9a-f]{24}\b/g, (name) => {
      const real = this.real.get(name);
      assert.ok(real, `${name} is in an example, but nothing has printed it`);
      return real;
    });
  }

  bind(kind, name, real) {
    if (!kind.bound || name === ANY_ID) return;
    for (const [otherName, otherReal] of this.real) {
      if (otherName === name || otherReal === real)
        assert.deepEqual([otherName, otherReal], [name, real], 'not the same one as before');
      if (kind.name === 'id' && ID.test(otherName))
        assert.equal(Math.sign(compareIds(otherReal, real)), Math.sign(compareIds(otherName, name)), `${name} and ${otherName} are in another order`);
    }
    this.real.set(name, real);
  }

  // Compares line by line as far as `actual` goes; true when it is all that was expected.
  compare(expected, actual) {
    const wanted = expected.replaceAll(/^…$/gm, OPENING).split('\n');
    const lines = actual.split('\n');
    for (const [i, line] of lines.entries()) {
      const here = `line ${i + 1} of\n${actual}\n`;
      assert.ok(i < wanted.length, `${here}is too much`);
      const found = [line, wanted[i]].map((text) => [...text.matchAll(ANY)]);
      const [skeleton, wantedSkeleton] = [line, wanted[i]].map((text) => text.replaceAll(ANY, (...all) => `<${kindOf(all.at(-1)).name}>`));
      assert.equal(skeleton, wantedSkeleton, `${here}is not as the page has it`);
      found[0].forEach(({ 0: real, groups }, j) => this.bind(kindOf(groups), found[1][j][0], real));
    }
    return lines.length === wanted.length;
  }
}

// --- running ---

// An answer of curl's ends without a line break; the page has one.
const settled = (out) => out.replaceAll('\r', '').replaceAll(/\}(?=\{"|HTTP\/|retry:)/g, '}\n').trim();

// Watches what is printed until it is what was expected. `ended` settles when nothing more will come;
// `leave` ends what goes on by itself (a stream).
export class Watch {
  constructor(names, expected) {
    Object.assign(this, { names, expected, out: '' });
    this.done = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
  }

  // Whole lines alone are judged, unless it is over.
  take(text, over = false) {
    this.out += text;
    const whole = settled(over ? this.out : this.out.slice(0, this.out.lastIndexOf('\n') + 1));
    try {
      if (whole !== '' && this.names.compare(this.expected, whole)) this.complete = true;
      if (over) {
        assert.ok(this.complete || this.expected === whole, `it ends with\n${whole}\ninstead of\n${this.expected}`);
        this.resolve();
      }
    } catch (error) {
      this.reject(error);
    }
    return this.complete;
  }
}

// Runs commands in bash, as pasted, until they end; a stream is left, as with Ctrl-C, when all is there.
export async function runShell(t, names, code, expected) {
  const watch = new Watch(names, expected);
  const child = spawn('bash', ['-c', code], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  };
  t.after(() => kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (bytes) => { errors += bytes; });
  child.stdout.setEncoding('utf8').on('data', (text) => {
    if (watch.take(text) && code.includes('curl -N')) kill('SIGINT');
  });
  child.on('error', watch.reject).on('close', () => watch.take('', true));
  await within(watch.done, () => `\n${code}\nprints\n${watch.out}\n${errors}\ninstead of\n${expected}`);
}
