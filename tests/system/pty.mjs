// A program in a pseudo-terminal: what somebody would see who looks at it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

// Both outputs go to one terminal of this width; what was written comes out at the end.
const RUN = `
import fcntl, os, pty, struct, sys, termios
columns = int(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

// Runs it to its end: { code, bytes }.
export async function inTerminal(program, args, { columns = 80, env = {} } = {}) {
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', 'python3', '-c', RUN, String(columns), program, ...args],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, TERM: 'xterm', ...env } });
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
