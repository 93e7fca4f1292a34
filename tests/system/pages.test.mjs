// What is made from the tables besides the program's help: the manual and what shells complete.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chapters } from './examples.mjs';
import { FRESHET } from './hub.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const made = path.join(path.dirname(FRESHET), 'src/cli/pages');
const MANUAL = path.join(made, 'freshet.1');

const help = (...args) => execFileSync(FRESHET, [...args, '--help'], { encoding: 'utf8' });
const flags = (verb) => [...help(verb).matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag);
const VERBS = [...help().matchAll(/^ {2}([a-z]+) /gm)].map(([, verb]) => verb);

function folder(t) {
  const name = mkdtempSync(path.join(tmpdir(), 'freshet-pages-'));
  t.after(() => rmSync(name, { recursive: true }));
  return name;
}

// --- the manual ---

test('the manual is one that groff, man and mandoc have nothing to say about', () => {
  for (const [command, ...args] of [['groff', '-man', '-Tutf8', '-ww', '-z', MANUAL], ['man', '--warnings', '-l', MANUAL],
    ['mandoc', '-T', 'lint', '-W', 'style,stop', MANUAL]]) {
    const { status, stderr, stdout, error } = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } });
    assert.equal(error, undefined);
    assert.deepEqual([status, stderr], [0, ''], `${command}: ${stdout.slice(0, 1000)}`);
  }
});

test('the manual has every verb, flag, example and exit status that the help has', () => {
  const page = execFileSync('mandoc', ['-T', 'utf8', '-O', 'width=1000', MANUAL], { encoding: 'utf8' }).replace(/.\x08/g, '');
  assert.ok(VERBS.length > 1, 'there are verbs');
  for (const verb of VERBS) {
    assert.match(page, new RegExp(`^FRESHET ${verb.toUpperCase()}$`, 'm'));
    for (const [, flag, value] of help(verb).matchAll(/^ {2}(--[a-z-]+)( '[^']+'| [^ ]+)? {2}/gm)) assert.ok(page.includes(`\n       ${flag}${value ?? ''}`), `${verb} ${flag}`);
    for (const [, example] of help(verb).matchAll(/^ {2}# .*\n {2}(.*)\n/gm)) assert.ok(page.includes(`    ${example}\n`), example);
  }
  for (const section of ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'SETTINGS FILE', 'ENVIRONMENT', 'SIGNALS', 'EXIT STATUS', 'FILES', 'EXAMPLES', 'SEE ALSO'])
    assert.match(page, new RegExp(`^${section}$`, 'm'));
  for (const name of ['FRESHET_HISTORY_BYTES', 'FRESHET_CORS_ORIGIN', 'NOTIFY_SOCKET']) assert.ok(page.includes(name), name);
});

// --- the settings ---

// Each key that a file names, in force and from that file.
function load(t, text) {
  const file = path.join(folder(t), 'freshet.yaml');
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(FRESHET, ['serve', '--config', file, '--print-settings'], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  const from = Object.fromEntries([...stdout.matchAll(/^([a-z-]+):.* # (\S+)$/gm)].map(([, key, origin]) => [key, origin]));
  const keys = [...text.matchAll(/^([a-z-]+):/gm)].map(([, key]) => key).filter((key) => key !== 'channels');
  assert.ok(keys.length > 1);
  for (const key of keys) assert.match(from[key] ?? '', new RegExp(`^${file}:\\d+$`), key);
  assert.equal([...stdout.matchAll(/^ +(?:- )?match:/gm)].length, [...text.matchAll(/match:/g)].length, stdout);
  assert.match(text, /match:/);
}

test('the files that docs/settings.md and the manual show are read as they stand', (t) => {
  const blocks = chapters(path.join(here, '../../docs/settings.md')).flatMap((chapter) => chapter.blocks);
  const files = blocks.filter(({ language }) => language === 'yaml');
  assert.equal(files.length, 1);
  load(t, files[0].code);
  load(t, /^listen:[^]*?(?=^\.fi)/m.exec(readFileSync(MANUAL, 'utf8'))[0].replaceAll('\\-', '-'));
});

test('what docs/settings.md shows of mistakes is what is said of them', (t) => {
  const file = path.join(folder(t), 'freshet.yaml');
  const page = readFileSync(path.join(here, '../../docs/settings.md'), 'utf8');
  const told = [...page.matchAll(/^freshet: \/etc\/freshet\.yaml:(\d+): (\S+): .*$/gm)];
  assert.ok(told.length > 1);
  const text = Array(30).fill('#');
  for (const [, line, key] of told) text[line - 1] = `${key}: 5`;
  writeFileSync(file, text.join('\n'));
  const { status, stderr } = spawnSync(FRESHET, ['serve', '--config', file, '--print-settings'], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [2, told.map(([row]) => `${row.replace('/etc/freshet.yaml', file)}\n`).join('')]);
});

// --- completions ---

const lines = (command, args, options) => execFileSync(command, args, { encoding: 'utf8', ...options }).split('\n').filter(Boolean);

const SHELLS = {
  bash: (line, cwd) => { // as bash cuts a line, an equals sign is a word
    const words = line.split(' ').flatMap((word) => word.split(/(=)/)).filter((word, i, all) => word || i === all.length - 1);
    return lines('bash', ['--norc', '-c', 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); $(complete -p freshet | sed "s/.*-F \\([^ ]*\\).*/\\1/"); printf "%s\\n" "${COMPREPLY[@]}"',
      path.join(made, 'freshet'), ...words], { cwd });
  },
  zsh: (line, cwd) => lines('zsh', ['-f', path.join(here, 'complete.zsh'), path.join(made, '_freshet'), line], { cwd }),
  fish: (line, cwd) => lines('fish', ['-N', '-c', 'source $argv[1]; complete -C $argv[2]', path.join(made, 'freshet.fish'), line], { cwd })
    .map((found) => found.split('\t')[0].replace(/^--[a-z-]+=/, '')),
};

for (const [shell, complete] of Object.entries(SHELLS))
  test(`${shell} completes verbs, flags, choices and files`, (t) => {
    const cwd = folder(t);
    writeFileSync(path.join(cwd, 'settings.yaml'), '');
    const found = (line) => complete(line, cwd).sort();
    const verbs = found('freshet ');
    for (const verb of VERBS) assert.ok(verbs.includes(verb), `${verb} is not among ${verbs}`);
    for (const verb of VERBS) assert.deepEqual(found(`freshet ${verb} --`), [...flags(verb), '--help'].sort());
    assert.deepEqual(found('freshet serve --log-'), ['--log-format', '--log-level']);
    assert.deepEqual(found('freshet serve --log-level '), ['debug', 'error', 'info', 'warn']);
    assert.deepEqual(found('freshet serve --log-level=d'), ['debug']);
    assert.deepEqual(found('freshet serve --workers 1 --log-format js'), ['json']);
    assert.deepEqual(found('freshet serve --config set'), ['settings.yaml']);
    assert.deepEqual(found('freshet serve --history '), []);
    if (shell !== 'fish') assert.deepEqual(found('freshet serve --history -'), [], 'a value is due; fish offers flags all the same');
    assert.deepEqual(found('freshet sub serve --print-s'), [], 'a flag of another verb');
  });
