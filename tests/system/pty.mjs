// A program in a pseudo-terminal: what somebody would see who looks at it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

// Runs it to its end on a terminal of this width, to which both outputs go: { code, bytes }.
export async function inTerminal(program, args, { columns = 80, env = {} } = {}) {
  const quoted = [program, ...args].map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(' ');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'script', '-qefc', `stty cols ${columns} && exec ${quoted}`, '/dev/null'],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TERM: 'xterm', SHELL: '/bin/sh', ...env } });
  let bytes = '';
  child.stdout.setEncoding('utf8').on('data', (more) => { bytes += more; });
  const [code] = await once(child, 'close');
  return { code, bytes };
}

// What is left on a screen that knows carriage return, line feed and "clear to the end of the line".
export function screen(bytes) {
  const lines = [''];
  let column = 0;
  for (const [piece] of bytes.matchAll(/\x1b\[[0-9;]*[A-Za-z]|\r|\n|[^\r\n\x1b]/gu)) {
    const line = lines.length - 1;
    if (piece === '\r') column = 0;
    else if (piece === '\n') lines.push('');
    else if (piece === '\x1b[K') lines[line] = [...lines[line]].slice(0, column).join('');
    else if (!piece.startsWith('\x1b')) {
      const letters = [...lines[line].padEnd(column)];
      letters[column++] = piece;
      lines[line] = letters.join('');
    }
  }
  return lines;
}
